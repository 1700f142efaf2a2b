use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Ephemeral, EphemeralContext};
use crate::model;
use crate::resource::{Cancel, Private, misfit};
use crate::schema::Schema;
use crate::{Answer, Diagnostics, Dynamic};

/// One function under way, without the types.
pub(crate) struct EphemeralJob<D> {
    pub(crate) data: Arc<D>,
    pub(crate) cancel: Cancel,
    pub(crate) deadline: Instant,
    pub(crate) private: Arc<Private>,
}

/// What came of opening or renewing.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The value; none of a renewal, and where opening failed.
    pub(crate) value: Option<Dynamic>,
    pub(crate) renew_at: Option<SystemTime>,
    pub(crate) diagnostics: Diagnostics,
}

impl Opened {
    fn failed(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, ..Self::default() }
    }
}

/// An ephemeral resource without its types: what the server works with.
pub(crate) trait AnyEphemeral<D>: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn schema(&self) -> &Schema;
    fn timeout(&self) -> Duration;
    fn validate(&self, config: Dynamic) -> Diagnostics;
    fn open(self: Arc<Self>, job: EphemeralJob<D>, config: Dynamic) -> BoxFuture<'static, Opened>;
    fn renew(self: Arc<Self>, job: EphemeralJob<D>) -> BoxFuture<'static, Opened>;
    fn close(self: Arc<Self>, job: EphemeralJob<D>) -> BoxFuture<'static, Diagnostics>;
}

/// An ephemeral resource with its schema, ready to be served.
pub(crate) struct TypedEphemeral<E> {
    ephemeral: E,
    schema: Schema,
}

impl<E: Ephemeral> TypedEphemeral<E> {
    pub(crate) fn new(ephemeral: E) -> Self {
        Self { ephemeral, schema: Schema { version: 0, block: <E::Model as model::Model>::block() } }
    }

    fn context(job: EphemeralJob<E::Data>) -> EphemeralContext<E> {
        let EphemeralJob { data, cancel, deadline, private } = job;
        EphemeralContext { data, cancel, deadline, private }
    }
}

impl<E: Ephemeral> AnyEphemeral<E::Data> for TypedEphemeral<E> {
    fn type_name(&self) -> &'static str {
        E::TYPE
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn timeout(&self) -> Duration {
        self.ephemeral.timeout()
    }

    fn validate(&self, config: Dynamic) -> Diagnostics {
        match model::from_dynamic::<E::Model>(config) {
            Ok(config) => self.ephemeral.validate(&config),
            Err(error) => misfit(error).into(),
        }
    }

    fn open(self: Arc<Self>, job: EphemeralJob<E::Data>, config: Dynamic) -> BoxFuture<'static, Opened> {
        async move {
            let config = match model::from_dynamic::<E::Model>(config) {
                Ok(config) => config,
                Err(error) => return Opened::failed(misfit(error).into()),
            };
            match self.ephemeral.open(&Self::context(job), config).await {
                Ok(Answer { value, diagnostics }) => {
                    Opened { value: Some(model::to_dynamic(&value.value)), renew_at: value.renew_at, diagnostics }
                }
                Err(diagnostics) => Opened::failed(diagnostics),
            }
        }
        .boxed()
    }

    fn renew(self: Arc<Self>, job: EphemeralJob<E::Data>) -> BoxFuture<'static, Opened> {
        async move {
            match self.ephemeral.renew(&Self::context(job)).await {
                Ok(Answer { value, diagnostics }) => Opened { value: None, renew_at: value, diagnostics },
                Err(diagnostics) => Opened::failed(diagnostics),
            }
        }
        .boxed()
    }

    fn close(self: Arc<Self>, job: EphemeralJob<E::Data>) -> BoxFuture<'static, Diagnostics> {
        async move {
            match self.ephemeral.close(&Self::context(job)).await {
                Ok(Answer { diagnostics, .. }) | Err(diagnostics) => diagnostics,
            }
        }
        .boxed()
    }
}
