use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Operation, Private, Resource};
use crate::model;
use crate::{Diagnostic, Dynamic};

/// Why an operation should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The practitioner interrupted Terraform.
    Stop,
    /// The operation's time is over.
    Deadline,
    /// Terraform is gone.
    HostGone,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stop => "it was interrupted",
            Self::Deadline => "its time is over",
            Self::HostGone => "Terraform is gone",
        })
    }
}

/// One cancellation with its reason. The first reason stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancel {
    token: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
}

impl Cancel {
    pub(crate) fn cancel(&self, reason: Reason) {
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    pub(crate) async fn cancelled(&self) -> Reason {
        self.token.cancelled().await;
        self.reason().unwrap_or(Reason::Stop)
    }

    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Whether both are the same cancellation.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.reason, &other.reason)
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.token.is_cancelled().then(|| self.reason.get().copied().unwrap_or(Reason::Stop))
    }
}

/// What saves the last checkpoint for the server.
pub(crate) type Checkpoint = Arc<Mutex<Option<Dynamic>>>;

/// What an operation has beside its values.
pub struct Context<R: Resource> {
    pub(crate) data: Arc<R::Data>,
    pub(crate) cancel: Cancel,
    pub(crate) deadline: Instant,
    pub(crate) private: Arc<Private>,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) operation: Operation,
}

impl<R: Resource> Context<R> {
    /// A context outside of any server, for tests of a resource: never cancelled, an hour of time.
    pub fn detached(operation: Operation, data: R::Data) -> Self {
        Self {
            data: Arc::new(data),
            cancel: Cancel::default(),
            deadline: Instant::now() + Duration::from_secs(3600),
            private: Arc::new(Private::default()),
            checkpoint: Checkpoint::default(),
            operation,
        }
    }

    /// What the provider's `configure` made.
    pub fn data(&self) -> &R::Data {
        &self.data
    }

    /// Which operation runs.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Saves what exists so far. It is the state that Terraform keeps when the operation fails without a state of its
    /// own, panics, or does not end in time after it was cancelled. Call it as soon as something exists.
    pub fn checkpoint(&self, state: &R::Model) {
        *self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(model::to_dynamic(state));
    }

    /// Waits until the operation should end, and says why. It should then end soon, with the state that exists; after a
    /// grace period the last checkpoint is answered for it.
    pub async fn cancelled(&self) -> Reason {
        self.cancel.cancelled().await
    }

    /// Whether and why the operation should end.
    pub fn reason(&self) -> Option<Reason> {
        self.cancel.reason()
    }

    /// The cancellation as a token, for libraries that take one.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.cancel.token()
    }

    /// When the operation's time is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time that is left.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The provider's own notes on the object; what is written here is kept.
    pub fn private(&self) -> &Private {
        &self.private
    }

    /// The error to answer when an operation ends early because it should.
    pub fn interrupted(&self) -> Diagnostic {
        let why = self.reason().map_or_else(|| "it was given up".to_owned(), |reason| reason.to_string());
        Diagnostic::error(
            format!("Interrupted: {}", self.operation.verb()),
            format!("The operation ended early because {why}. Run terraform apply again to go on."),
        )
    }
}
