//! Managed resources: what their authors write.

mod answer;
mod context;
mod erased;
mod plan;
mod private;

pub use answer::{Answer, Failure, Outcome};
pub use context::{Context, Reason};
pub use plan::{Change, Plan};
pub use private::Private;

pub(crate) use context::Cancel;
pub(crate) use erased::{AnyResource, Applied, Job, PlanAnswer, TypedResource, misfit};

use std::future::{Future, ready};
use std::time::Duration;

use crate::{Diagnostic, Diagnostics, Model};

/// The operations on a resource that take time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Planning a change.
    Plan,
    /// Making a new object.
    Create,
    /// Reading the object as it is.
    Read,
    /// Changing the object in place.
    Update,
    /// Removing the object.
    Delete,
    /// Finding an object by its id.
    Import,
    /// Answering a value that exists for one run.
    Open,
    /// Keeping such a value from ending.
    Renew,
    /// Giving such a value back.
    Close,
}

impl Operation {
    /// The operation as a verb, for messages.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Open => "open",
            Self::Renew => "renew",
            Self::Close => "close",
        }
    }
}

/// What `create` is given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Create<M> {
    /// What was promised. Configured values are known; computed ones may be unknown and are decided by `create`.
    pub plan: M,
    /// What the practitioner wrote, wholly known. Only here do write-only values stand.
    pub config: M,
}

/// What `update` is given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Update<M> {
    /// The object as it was last read.
    pub prior: M,
    /// What was promised. Configured values are known; computed ones may be unknown and are decided by `update`.
    pub plan: M,
    /// What the practitioner wrote, wholly known. Only here do write-only values stand.
    pub config: M,
}

/// What `upgrade` is given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Upgrade {
    /// The schema version that wrote the state.
    pub version: i64,
    /// The state as stored. Numbers keep all their digits.
    pub state: serde_json::Value,
}

/// A kind of managed object: a model and four functions.
///
/// The functions are `async`, run in tasks of their own and may be called for many objects at once. Each gets a
/// [`Context`]: provider data, cancellation, deadline, private state, and [`Context::checkpoint`], which saves what
/// exists so far so that neither an error, a panic nor an interruption loses it.
pub trait Resource: Sized + Send + Sync + 'static {
    /// The shape of configuration, plan and state.
    type Model: Model + Clone;
    /// What the provider's `configure` makes and each function gets.
    type Data: Send + Sync + 'static;

    /// The full name of the type, which begins with the provider's: `boutique_stack`.
    const TYPE: &'static str;

    /// The version of the schema; raise it when stored state needs [`Resource::upgrade`].
    const VERSION: i64 = 0;

    /// Checks a configuration beyond what the schema says. Any value may be unknown, and the provider may not be
    /// configured.
    fn validate(&self, config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// How long an operation may take until it is cancelled; 20 minutes unless the author says.
    fn timeout(&self, operation: Operation, values: &Self::Model) -> Duration {
        let _ = (operation, values);
        Duration::from_secs(20 * 60)
    }

    /// Changes the plan of a create or update, after defaults and unknown computed values are in it. It must depend on
    /// nothing but its arguments, because it is called again during apply and must answer the same.
    fn modify_plan(
        &self,
        ctx: &Context<Self>,
        change: &Change<Self::Model>,
        plan: &mut Plan<Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send {
        let _ = (ctx, change, plan);
        ready(Ok(()))
    }

    /// Looks at a delete before it is promised: an error keeps the object, warnings are shown. Terraform calls it for
    /// `terraform destroy` and for removed blocks, not for replacements.
    fn plan_delete(
        &self,
        ctx: &Context<Self>,
        prior: &Self::Model,
    ) -> impl Future<Output = Result<Diagnostics, Diagnostics>> + Send {
        let _ = (ctx, prior);
        ready(Ok(Diagnostics::none()))
    }

    /// Makes the object and answers its state.
    fn create(
        &self,
        ctx: &Context<Self>,
        request: Create<Self::Model>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;

    /// Reads the object; `None` when it is gone.
    fn read(
        &self,
        ctx: &Context<Self>,
        state: Self::Model,
    ) -> impl Future<Output = Outcome<Self::Model, Option<Self::Model>>> + Send;

    /// Changes the object in place and answers its state.
    fn update(
        &self,
        ctx: &Context<Self>,
        request: Update<Self::Model>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;

    /// Removes the object. An object that is already gone is a success.
    fn delete(&self, ctx: &Context<Self>, state: Self::Model) -> impl Future<Output = Outcome<Self::Model, ()>> + Send;

    /// Finds an existing object by the id that the practitioner gives. A partial state is enough: `read` follows.
    fn import(&self, ctx: &Context<Self>, id: &str) -> impl Future<Output = Outcome<Self::Model>> + Send {
        let _ = (ctx, id);
        ready(Err(Diagnostic::error(
            format!("{} cannot be imported", Self::TYPE),
            "The provider does not know how to find an existing object of this type.",
        )
        .into()))
    }

    /// Turns state of an older schema version into state of the current one, as JSON of the current shape.
    ///
    /// # Errors
    /// When the version is unknown or the state does not read.
    fn upgrade(&self, request: Upgrade) -> Result<serde_json::Value, Diagnostics> {
        Err(Diagnostic::error(
            format!("State of {} cannot be upgraded", Self::TYPE),
            format!(
                "The state was written by schema version {}; this provider has version {} and knows no way between them. \
                 Use the provider version that wrote it, or remove the object from state and import it.",
                request.version,
                Self::VERSION
            ),
        )
        .into())
    }
}
