//! How long something may take, and how it is called off.

use std::{fmt, future::Future, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The limits of one long call: a deadline, and a token that calls it off.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Calls the work off.
    pub cancel: CancellationToken,
    /// When the work must be over.
    pub deadline: Instant,
}

/// Work that was not finished because of its [`Bounds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// It was called off.
    Cancelled,
    /// Its time was over.
    Deadline,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "it was called off",
            Self::Deadline => "its time was over (raise the timeout if the cluster is slow)",
        })
    }
}

impl Bounds {
    /// Limits of this length from now, not to be called off.
    pub fn within(time: Duration) -> Self {
        Self { cancel: CancellationToken::new(), deadline: Instant::now() + time }
    }

    /// Does the work unless it is called off or its time is over first. Unfinished work is dropped.
    ///
    /// # Errors
    /// What ended it.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Interrupted::Cancelled),
            done = work => Ok(done),
            () = tokio::time::sleep_until(self.deadline) => Err(Interrupted::Deadline),
        }
    }

    /// Whether the work is to end, and why.
    pub fn interrupted(&self) -> Option<Interrupted> {
        if self.cancel.is_cancelled() {
            Some(Interrupted::Cancelled)
        } else if Instant::now() >= self.deadline {
            Some(Interrupted::Deadline)
        } else {
            None
        }
    }
}
