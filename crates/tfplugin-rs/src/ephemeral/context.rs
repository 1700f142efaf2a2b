use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Ephemeral;
use crate::resource::{Cancel, Private, Reason};

/// What the functions of an ephemeral resource have beside their values.
pub struct EphemeralContext<E: Ephemeral> {
    pub(crate) data: Arc<E::Data>,
    pub(crate) cancel: Cancel,
    pub(crate) deadline: Instant,
    pub(crate) private: Arc<Private>,
}

impl<E: Ephemeral> EphemeralContext<E> {
    /// A context outside of any server, for tests: never cancelled, an hour of time.
    pub fn detached(data: E::Data) -> Self {
        Self {
            data: Arc::new(data),
            cancel: Cancel::default(),
            deadline: Instant::now() + Duration::from_secs(3600),
            private: Arc::new(Private::default()),
        }
    }

    /// What the provider's `configure` made.
    pub fn data(&self) -> &E::Data {
        &self.data
    }

    /// Whether and why the function should end.
    pub fn reason(&self) -> Option<Reason> {
        self.cancel.reason()
    }

    /// Waits until the function should end, and says why.
    pub async fn cancelled(&self) -> Reason {
        self.cancel.cancelled().await
    }

    /// The cancellation as a token, for libraries that take one.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.cancel.token()
    }

    /// When the function's time is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What `open` wants `renew` and `close` to find again. Terraform keeps it for one run.
    pub fn private(&self) -> &Private {
        &self.private
    }
}
