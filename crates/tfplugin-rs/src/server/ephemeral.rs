use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::run::{Limits, guarded_call, run};
use super::wire::encode;
use super::{RawValue, Server};
use crate::checks::check_config;
use crate::ephemeral::{AnyEphemeral, EphemeralJob, ErasedOpened};
use crate::planning::tidy;
use crate::resource::{Operation, Private};
use crate::{Diagnostic, Diagnostics, Provider};

/// An ephemeral resource as the server holds it.
pub(crate) type ErasedEphemeral<P> = Arc<dyn AnyEphemeral<<P as Provider>::Data>>;

/// A configuration of an ephemeral resource, to be validated or opened.
pub(crate) struct OpenRequest {
    pub(crate) type_name: String,
    pub(crate) config: RawValue,
}

#[derive(Default)]
pub(crate) struct OpenResponse {
    pub(crate) result: Option<Vec<u8>>,
    pub(crate) renew_at: Option<SystemTime>,
    pub(crate) private: Vec<u8>,
    pub(crate) diagnostics: Diagnostics,
}

/// An opened value, to be renewed or closed.
pub(crate) struct OpenedRequest {
    pub(crate) type_name: String,
    pub(crate) private: Vec<u8>,
}

impl<P: Provider> Server<P> {
    fn ephemeral(&self, name: &str) -> Result<ErasedEphemeral<P>, Diagnostic> {
        self.ephemerals.get(name).cloned().ok_or_else(|| {
            Diagnostic::error(
                "Unknown ephemeral resource type",
                format!("The provider {} has no ephemeral resource type {name:?}.", P::ADDRESS),
            )
        })
    }

    pub(crate) fn validate_ephemeral_resource_config(&self, request: &OpenRequest) -> Diagnostics {
        let read = || -> Result<_, Diagnostic> {
            let ephemeral = self.ephemeral(&request.type_name)?;
            let config = request.config.read(ephemeral.schema(), "configuration")?;
            Ok((ephemeral, config))
        };
        let (ephemeral, config) = match read() {
            Ok(read) => read,
            Err(error) => return error.into(),
        };
        let mut diagnostics = check_config(&ephemeral.schema().block, &config, false);
        if !diagnostics.has_errors() {
            match guarded_call("validate", || ephemeral.validate(config)) {
                Ok(more) => diagnostics.extend(more),
                Err(panic) => diagnostics.push(panic),
            }
        }
        diagnostics
    }

    pub(crate) async fn open_ephemeral_resource(self: Arc<Self>, request: OpenRequest) -> OpenResponse {
        let opened = self.open(request).await;
        opened.unwrap_or_else(|error| OpenResponse { diagnostics: error.into(), ..OpenResponse::default() })
    }

    async fn open(self: Arc<Self>, request: OpenRequest) -> Result<OpenResponse, Diagnostic> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let schema = ephemeral.schema();
        let config = request.config.read(schema, "configuration")?;
        let private = Arc::new(Private::default());
        let job = |job| ephemeral.clone().open(job, config);
        let ErasedOpened { value, renew_at, mut diagnostics } =
            self.clone().carry_out(&ephemeral, Operation::Open, private.clone(), job).await?;
        let private = private.to_bytes();
        let Some(mut value) = value.filter(|_| !diagnostics.has_errors()) else {
            return Ok(OpenResponse { private, diagnostics, ..OpenResponse::default() });
        };
        if !value.is_wholly_known() {
            diagnostics.push(Diagnostic::provider_bug(
                format!("Unknown values after opening {}", request.type_name),
                "An open answered values that are unknown; what it cannot know must be null.",
            ));
            return Ok(OpenResponse { private, diagnostics, ..OpenResponse::default() });
        }
        tidy(&schema.block, &mut value);
        let result = Some(encode(&value, schema, "opened value")?);
        Ok(OpenResponse { result, renew_at, private, diagnostics })
    }

    pub(crate) async fn renew_ephemeral_resource(self: Arc<Self>, request: OpenedRequest) -> OpenResponse {
        let renewed = async {
            let ephemeral = self.ephemeral(&request.type_name)?;
            let private = Arc::new(Private::from_bytes(&request.private)?);
            let job = |job| ephemeral.clone().renew(job);
            let renewed = self.clone().carry_out(&ephemeral, Operation::Renew, private.clone(), job).await?;
            let ErasedOpened { renew_at, diagnostics, .. } = renewed;
            Ok(OpenResponse { result: None, renew_at, private: private.to_bytes(), diagnostics })
        };
        let failed = |error: Diagnostic| OpenResponse {
            private: request.private.clone(),
            diagnostics: error.into(),
            ..OpenResponse::default()
        };
        renewed.await.unwrap_or_else(failed)
    }

    pub(crate) async fn close_ephemeral_resource(self: Arc<Self>, request: OpenedRequest) -> Diagnostics {
        let closed = async {
            let ephemeral = self.ephemeral(&request.type_name)?;
            let private = Arc::new(Private::from_bytes(&request.private)?);
            let job = |job| ephemeral.clone().close(job);
            self.clone().carry_out(&ephemeral, Operation::Close, private, job).await
        };
        closed.await.unwrap_or_else(|error: Diagnostic| error.into())
    }

    async fn carry_out<T: Send + 'static>(
        self: Arc<Self>,
        ephemeral: &ErasedEphemeral<P>,
        operation: Operation,
        private: Arc<Private>,
        work: impl FnOnce(EphemeralJob<P::Data>) -> futures::future::BoxFuture<'static, T>,
    ) -> Result<T, Diagnostic> {
        let running = self.cancellable();
        let time = ephemeral.timeout();
        let (data, cancel, deadline) = (self.data()?, running.cancel.clone(), Instant::now() + time);
        let limits = Limits { operation, cancel: &running.cancel, time, grace: self.provider.grace() };
        run(limits, work(EphemeralJob { data, cancel, deadline, private })).await
    }
}
