use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::context::{Cancel, Checkpoint};
use super::{Change, Context, Create, Operation, Outcome, Plan, Private, Resource, Update, Upgrade};
use crate::model::{self, ConversionError};
use crate::schema::Schema;
use crate::{Diagnostic, Diagnostics, Dynamic, Path};

/// One operation under way, without the resource's types.
pub(crate) struct Job<D> {
    pub(crate) data: Arc<D>,
    pub(crate) operation: Operation,
    pub(crate) cancel: Cancel,
    pub(crate) deadline: Instant,
    pub(crate) private: Arc<Private>,
    pub(crate) checkpoint: Checkpoint,
}

impl<D> Job<D> {
    pub(crate) fn new(data: Arc<D>, operation: Operation, time: Duration, private: Private, cancel: Cancel) -> Self {
        Self {
            data,
            operation,
            cancel,
            deadline: Instant::now() + time,
            private: Arc::new(private),
            checkpoint: Arc::new(Mutex::new(None)),
        }
    }
}

impl<D> Clone for Job<D> {
    fn clone(&self) -> Self {
        Self {
            data: self.data.clone(),
            operation: self.operation,
            cancel: self.cancel.clone(),
            deadline: self.deadline,
            private: self.private.clone(),
            checkpoint: self.checkpoint.clone(),
        }
    }
}

/// The state after an operation, and what was said. Without errors `None` means that the object is gone; with errors,
/// that the operation knows nothing better than the last checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) state: Option<Dynamic>,
    pub(crate) diagnostics: Diagnostics,
}

impl Applied {
    pub(crate) fn failed(diagnostics: impl Into<Diagnostics>) -> Self {
        Self { state: None, diagnostics: diagnostics.into() }
    }
}

/// The plan after the author changed it.
#[derive(Debug)]
pub(crate) struct PlanAnswer {
    pub(crate) plan: Dynamic,
    pub(crate) requires_replace: Vec<Path>,
    pub(crate) diagnostics: Diagnostics,
}

/// A resource without its types: what the server works with.
pub(crate) trait AnyResource<D>: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn schema(&self) -> &Schema;
    fn timeout(&self, operation: Operation, values: &Dynamic) -> Duration;
    fn validate(&self, config: Dynamic) -> Diagnostics;
    fn modify_plan(
        self: Arc<Self>,
        job: Job<D>,
        prior: Option<Dynamic>,
        config: Dynamic,
        plan: Dynamic,
    ) -> BoxFuture<'static, PlanAnswer>;
    fn plan_delete(self: Arc<Self>, job: Job<D>, prior: Dynamic) -> BoxFuture<'static, Diagnostics>;
    fn create(self: Arc<Self>, job: Job<D>, plan: Dynamic, config: Dynamic) -> BoxFuture<'static, Applied>;
    fn update(
        self: Arc<Self>,
        job: Job<D>,
        prior: Dynamic,
        plan: Dynamic,
        config: Dynamic,
    ) -> BoxFuture<'static, Applied>;
    fn read(self: Arc<Self>, job: Job<D>, state: Dynamic) -> BoxFuture<'static, Applied>;
    fn delete(self: Arc<Self>, job: Job<D>, state: Dynamic) -> BoxFuture<'static, Applied>;
    fn import(self: Arc<Self>, job: Job<D>, id: String) -> BoxFuture<'static, Applied>;
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics>;
}

/// A resource with its schema, ready to be served.
pub(crate) struct TypedResource<R> {
    resource: R,
    schema: Schema,
}

impl<R: Resource> TypedResource<R> {
    pub(crate) fn new(resource: R) -> Self {
        Self { resource, schema: Schema { version: R::VERSION, block: <R::Model as model::Model>::block() } }
    }

    fn context(job: Job<R::Data>) -> Context<R> {
        Context {
            data: job.data,
            cancel: job.cancel,
            deadline: job.deadline,
            private: job.private,
            checkpoint: job.checkpoint,
            operation: job.operation,
        }
    }

    fn read_model(value: Dynamic) -> Result<R::Model, Diagnostic> {
        model::from_dynamic(value).map_err(misfit)
    }
}

/// The error for a value that does not fit the Rust type of its field.
pub(crate) fn misfit(error: ConversionError) -> Diagnostic {
    let ConversionError { path, wanted, found } = error;
    Diagnostic::error(format!("Invalid value for {path}"), format!("{found} is not {wanted}.")).at(path)
}

fn applied<M: model::Model, T>(outcome: Outcome<M, T>, state: impl FnOnce(&T) -> Option<Dynamic>) -> Applied {
    match outcome {
        Ok(answer) => Applied { state: state(&answer.value), diagnostics: answer.diagnostics },
        Err(failure) => {
            let mut diagnostics = failure.diagnostics;
            if !diagnostics.has_errors() {
                diagnostics.push(Diagnostic::provider_bug(
                    "The provider failed without an error",
                    "An operation answered a failure that holds no error diagnostic.",
                ));
            }
            Applied { state: failure.state.as_deref().map(model::to_dynamic), diagnostics }
        }
    }
}

impl<R: Resource> AnyResource<R::Data> for TypedResource<R> {
    fn type_name(&self) -> &'static str {
        R::TYPE
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn timeout(&self, operation: Operation, values: &Dynamic) -> Duration {
        let values = Self::read_model(values.clone());
        values.map_or(Duration::from_secs(20 * 60), |values| self.resource.timeout(operation, &values))
    }

    fn validate(&self, config: Dynamic) -> Diagnostics {
        match Self::read_model(config) {
            Ok(config) => self.resource.validate(&config),
            Err(diagnostic) => diagnostic.into(),
        }
    }

    fn modify_plan(
        self: Arc<Self>,
        job: Job<R::Data>,
        prior: Option<Dynamic>,
        config: Dynamic,
        plan: Dynamic,
    ) -> BoxFuture<'static, PlanAnswer> {
        async move {
            let read = || -> Result<_, Diagnostic> {
                let prior = prior.map(Self::read_model).transpose()?;
                Ok((Change { prior, config: Self::read_model(config)? }, Self::read_model(plan.clone())?))
            };
            let (change, model) = match read() {
                Ok(read) => read,
                Err(error) => return PlanAnswer { plan, requires_replace: Vec::new(), diagnostics: error.into() },
            };
            let mut planned = Plan::new(model);
            let result = self.resource.modify_plan(&Self::context(job), &change, &mut planned).await;
            let mut diagnostics = planned.diagnostics;
            diagnostics.extend(result.err().into_iter().flatten());
            PlanAnswer {
                plan: model::to_dynamic(&planned.model),
                requires_replace: planned.requires_replace,
                diagnostics,
            }
        }
        .boxed()
    }

    fn plan_delete(self: Arc<Self>, job: Job<R::Data>, prior: Dynamic) -> BoxFuture<'static, Diagnostics> {
        async move {
            let prior = match Self::read_model(prior) {
                Ok(prior) => prior,
                Err(error) => return error.into(),
            };
            self.resource.plan_delete(&Self::context(job), &prior).await.unwrap_or_else(|errors| errors)
        }
        .boxed()
    }

    fn create(self: Arc<Self>, job: Job<R::Data>, plan: Dynamic, config: Dynamic) -> BoxFuture<'static, Applied> {
        async move {
            let read = || -> Result<_, Diagnostic> {
                Ok(Create { plan: Self::read_model(plan)?, config: Self::read_model(config)? })
            };
            match read() {
                Ok(request) => applied(self.resource.create(&Self::context(job), request).await, state),
                Err(error) => Applied::failed(error),
            }
        }
        .boxed()
    }

    fn update(
        self: Arc<Self>,
        job: Job<R::Data>,
        prior: Dynamic,
        plan: Dynamic,
        config: Dynamic,
    ) -> BoxFuture<'static, Applied> {
        async move {
            let read = || -> Result<_, Diagnostic> {
                let (prior, plan) = (Self::read_model(prior)?, Self::read_model(plan)?);
                Ok(Update { prior, plan, config: Self::read_model(config)? })
            };
            match read() {
                Ok(request) => applied(self.resource.update(&Self::context(job), request).await, state),
                Err(error) => Applied::failed(error),
            }
        }
        .boxed()
    }

    fn read(self: Arc<Self>, job: Job<R::Data>, state: Dynamic) -> BoxFuture<'static, Applied> {
        async move {
            match Self::read_model(state) {
                Ok(model) => applied(self.resource.read(&Self::context(job), model).await, |model| {
                    model.as_ref().map(model::to_dynamic)
                }),
                Err(error) => Applied::failed(error),
            }
        }
        .boxed()
    }

    fn delete(self: Arc<Self>, job: Job<R::Data>, state: Dynamic) -> BoxFuture<'static, Applied> {
        async move {
            match Self::read_model(state) {
                Ok(model) => applied(self.resource.delete(&Self::context(job), model).await, |()| None),
                Err(error) => Applied::failed(error),
            }
        }
        .boxed()
    }

    fn import(self: Arc<Self>, job: Job<R::Data>, id: String) -> BoxFuture<'static, Applied> {
        async move { applied(self.resource.import(&Self::context(job), &id).await, state) }.boxed()
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        self.resource.upgrade(Upgrade { version, state })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one of the forms that `applied` takes")]
fn state<M: model::Model>(model: &M) -> Option<Dynamic> {
    Some(model::to_dynamic(model))
}
