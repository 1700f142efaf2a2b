use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use tfplugin_proto::tfplugin6 as proto;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use super::requests::raw;
use super::responses::{self, Refusal, capabilities, diagnostics};
use crate::resource::Reason;
use crate::server::{
    ApplyRequest, ConfigureRequest, ImportRequest, OpenRequest, OpenedRequest, PlanRequest, ReadRequest, Server,
    UpgradeRequest, ValidateResourceRequest, guarded,
};
use crate::{Diagnostic, Provider};

/// The provider's service: each call converts, runs in a task of its own, and converts back.
pub(crate) struct Rpc<P: Provider>(pub(crate) Arc<Server<P>>);

type Answer<T> = Result<Response<T>, Status>;

impl<P: Provider> Rpc<P> {
    /// Runs one call so that it neither dies with its caller nor takes the connection with it when it panics.
    async fn call<T, F>(&self, name: &'static str, about: &str, work: impl FnOnce(Arc<Server<P>>) -> F) -> Answer<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Refusal + Send + 'static,
    {
        let span = tracing::debug_span!("rpc", tf_rpc = name, tf_resource_type = about, tf_provider_addr = P::ADDRESS);
        let work = work(self.0.clone());
        let answered = tokio::spawn(
            async move {
                let started = Instant::now();
                tracing::trace!("received request");
                let answer = guarded(name, work).await;
                let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::trace!(tf_req_duration_ms = milliseconds, "served request");
                answer
            }
            .instrument(span),
        );
        let refused = |diagnostic: Diagnostic| T::refusal(diagnostic.into());
        let answer = match answered.await {
            Ok(answer) => answer.unwrap_or_else(refused),
            Err(error) => refused(Diagnostic::provider_bug("The call was lost", format!("{name} ended: {error}."))),
        };
        Ok(Response::new(answer))
    }
}

#[tonic::async_trait]
impl<P: Provider> proto::provider_server::Provider for Rpc<P> {
    async fn get_metadata(&self, _: Request<proto::get_metadata::Request>) -> Answer<proto::get_metadata::Response> {
        use proto::get_metadata::{EphemeralMetadata, ResourceMetadata};
        let schemas = self.0.get_provider_schema();
        let (resources, ephemerals) = (schemas.resources.iter(), schemas.ephemerals.iter());
        Ok(Response::new(proto::get_metadata::Response {
            server_capabilities: Some(capabilities()),
            diagnostics: diagnostics(schemas.diagnostics.iter().cloned()),
            resources: resources.map(|(name, _)| ResourceMetadata { type_name: (*name).to_owned() }).collect(),
            ephemeral_resources: ephemerals
                .map(|(name, _)| EphemeralMetadata { type_name: (*name).to_owned() })
                .collect(),
            ..Default::default()
        }))
    }

    async fn get_provider_schema(
        &self,
        _: Request<proto::get_provider_schema::Request>,
    ) -> Answer<proto::get_provider_schema::Response> {
        Ok(Response::new(responses::schemas(&self.0.get_provider_schema())))
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::validate_provider_config::Request>,
    ) -> Answer<proto::validate_provider_config::Response> {
        let config = raw(request.into_inner().config);
        self.call("ValidateProviderConfig", "", |server| async move {
            Refusal::refusal(server.validate_provider_config(&config))
        })
        .await
    }

    async fn configure_provider(
        &self,
        request: Request<proto::configure_provider::Request>,
    ) -> Answer<proto::configure_provider::Response> {
        let request = ConfigureRequest::from(request.into_inner());
        self.call("ConfigureProvider", "", |server| async move {
            Refusal::refusal(server.configure_provider(request).await)
        })
        .await
    }

    async fn validate_resource_config(
        &self,
        request: Request<proto::validate_resource_config::Request>,
    ) -> Answer<proto::validate_resource_config::Response> {
        let request = ValidateResourceRequest::from(request.into_inner());
        self.call("ValidateResourceConfig", &request.type_name.clone(), |server| async move {
            Refusal::refusal(server.validate_resource_config(&request))
        })
        .await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<proto::upgrade_resource_state::Request>,
    ) -> Answer<proto::upgrade_resource_state::Response> {
        let request = UpgradeRequest::from(request.into_inner());
        self.call("UpgradeResourceState", &request.type_name.clone(), |server| async move {
            server.upgrade_resource_state(&request).into()
        })
        .await
    }

    async fn read_resource(
        &self,
        request: Request<proto::read_resource::Request>,
    ) -> Answer<proto::read_resource::Response> {
        let request = ReadRequest::from(request.into_inner());
        self.call("ReadResource", &request.type_name.clone(), |server| async move {
            server.read_resource(request).await.into()
        })
        .await
    }

    async fn plan_resource_change(
        &self,
        request: Request<proto::plan_resource_change::Request>,
    ) -> Answer<proto::plan_resource_change::Response> {
        let request = PlanRequest::from(request.into_inner());
        self.call("PlanResourceChange", &request.type_name.clone(), |server| async move {
            server.plan_resource_change(request).await.into()
        })
        .await
    }

    async fn apply_resource_change(
        &self,
        request: Request<proto::apply_resource_change::Request>,
    ) -> Answer<proto::apply_resource_change::Response> {
        let request = ApplyRequest::from(request.into_inner());
        self.call("ApplyResourceChange", &request.type_name.clone(), |server| async move {
            server.apply_resource_change(request).await.into()
        })
        .await
    }

    async fn import_resource_state(
        &self,
        request: Request<proto::import_resource_state::Request>,
    ) -> Answer<proto::import_resource_state::Response> {
        let request = ImportRequest::from(request.into_inner());
        self.call("ImportResourceState", &request.type_name.clone(), |server| async move {
            server.import_resource_state(request).await.into()
        })
        .await
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<proto::validate_ephemeral_resource_config::Request>,
    ) -> Answer<proto::validate_ephemeral_resource_config::Response> {
        let request = OpenRequest::from(request.into_inner());
        self.call("ValidateEphemeralResourceConfig", &request.type_name.clone(), |server| async move {
            Refusal::refusal(server.validate_ephemeral_resource_config(&request))
        })
        .await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<proto::open_ephemeral_resource::Request>,
    ) -> Answer<proto::open_ephemeral_resource::Response> {
        let request = OpenRequest::from(request.into_inner());
        self.call("OpenEphemeralResource", &request.type_name.clone(), |server| async move {
            server.open_ephemeral_resource(request).await.into()
        })
        .await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<proto::renew_ephemeral_resource::Request>,
    ) -> Answer<proto::renew_ephemeral_resource::Response> {
        let request = OpenedRequest::from(request.into_inner());
        self.call("RenewEphemeralResource", &request.type_name.clone(), |server| async move {
            server.renew_ephemeral_resource(request).await.into()
        })
        .await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<proto::close_ephemeral_resource::Request>,
    ) -> Answer<proto::close_ephemeral_resource::Response> {
        let request = OpenedRequest::from(request.into_inner());
        self.call("CloseEphemeralResource", &request.type_name.clone(), |server| async move {
            Refusal::refusal(server.close_ephemeral_resource(request).await)
        })
        .await
    }

    async fn stop_provider(&self, _: Request<proto::stop_provider::Request>) -> Answer<proto::stop_provider::Response> {
        tracing::debug!("asked to stop");
        self.0.stop(Reason::Stop);
        Ok(Response::new(proto::stop_provider::Response::default()))
    }
}
