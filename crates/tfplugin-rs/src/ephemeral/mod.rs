//! Ephemeral resources: values that exist for one run and are kept in no state and no plan.

mod context;
mod erased;

pub use context::EphemeralContext;

pub(crate) use erased::{AnyEphemeral, EphemeralJob, Opened as ErasedOpened, TypedEphemeral};

use std::future::{Future, ready};
use std::time::{Duration, SystemTime};

use crate::{Answer, Diagnostics, Model};

/// A kind of value that exists for one run: a model and one function, with two more for values that must be renewed or
/// given back. Terraform asks for it during plan and during apply, each time anew.
///
/// What the functions want to find again goes into [`EphemeralContext::private`]: `open` writes it, `renew` may change it,
/// `close` reads it.
pub trait Ephemeral: Sized + Send + Sync + 'static {
    /// The shape of configuration and result.
    type Model: Model + Clone;
    /// What the provider's `configure` makes and each function gets.
    type Data: Send + Sync + 'static;

    /// The full name of the type, which begins with the provider's: `boutique_grafana_credentials`.
    const TYPE: &'static str;

    /// Checks a configuration beyond what the schema says. Any value may be unknown, and the provider may not be
    /// configured.
    fn validate(&self, config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// How long each function may take until it is cancelled.
    fn timeout(&self) -> Duration {
        Duration::from_secs(2 * 60)
    }

    /// Answers the value. The configuration is wholly known; what it sets must be in the answer as it is.
    fn open(
        &self,
        ctx: &EphemeralContext<Self>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Answer<Opened<Self::Model>>, Diagnostics>> + Send;

    /// Keeps the value from ending, and says when to be asked again. Called near the time that the last answer named.
    fn renew(
        &self,
        ctx: &EphemeralContext<Self>,
    ) -> impl Future<Output = Result<Answer<Option<SystemTime>>, Diagnostics>> + Send {
        let _ = ctx;
        ready(Ok(None.into()))
    }

    /// Gives the value back. Always called, also when what used it failed.
    fn close(&self, ctx: &EphemeralContext<Self>) -> impl Future<Output = Result<Answer<()>, Diagnostics>> + Send {
        let _ = ctx;
        ready(Ok(().into()))
    }
}

/// A value that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<M> {
    /// The value: the configuration with what is computed filled in.
    pub value: M,
    /// When it must be renewed; none for one that lasts as long as a run.
    pub renew_at: Option<SystemTime>,
}

impl<M> Opened<M> {
    /// A value that lasts as long as a run.
    pub fn lasting(value: M) -> Self {
        Self { value, renew_at: None }
    }

    /// A value that must be renewed at this time.
    pub fn until(value: M, renew_at: SystemTime) -> Self {
        Self { value, renew_at: Some(renew_at) }
    }
}
