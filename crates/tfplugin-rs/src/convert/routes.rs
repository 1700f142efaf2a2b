use std::sync::Arc;

use tfplugin_proto::plugin::grpc_controller_server::GrpcControllerServer;
use tfplugin_proto::plugin::grpc_stdio_server::GrpcStdioServer;
use tfplugin_proto::tfplugin6::provider_server::ProviderServer;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use super::plugin::{Controller, Stdio};
use super::service::Rpc;
use crate::Provider;
use crate::server::Server;

/// What Go's side of the protocol allows; tonic's own limit of 4 MiB is too small for big states.
const LARGEST_MESSAGE: usize = 256 << 20;

/// Everything that is served on one connection. A shutdown that the host asks for cancels the token.
pub(crate) fn routes<P: Provider>(server: Arc<Server<P>>, shutdown: &CancellationToken) -> Routes {
    let provider = ProviderServer::new(Rpc(server)).max_decoding_message_size(LARGEST_MESSAGE);
    Routes::new(provider)
        .add_service(GrpcControllerServer::new(Controller { shutdown: shutdown.clone() }))
        .add_service(GrpcStdioServer::new(Stdio { shutdown: shutdown.clone() }))
        .prepare()
}
