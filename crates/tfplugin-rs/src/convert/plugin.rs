use futures::StreamExt as _;
use tfplugin_proto::plugin as proto;
use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

/// Ends the process when the host says so.
pub(crate) struct Controller {
    pub(crate) shutdown: CancellationToken,
}

#[tonic::async_trait]
impl proto::grpc_controller_server::GrpcController for Controller {
    async fn shutdown(&self, _: Request<proto::Empty>) -> Result<Response<proto::Empty>, Status> {
        // The server drains what is under way, this answer included, before it stops.
        self.shutdown.cancel();
        Ok(Response::new(proto::Empty {}))
    }
}

/// A stream on which nothing is ever sent: the host logs all that arrives there as unexpected. Staying open until the
/// end spares it a retry.
pub(crate) struct Stdio {
    pub(crate) shutdown: CancellationToken,
}

#[tonic::async_trait]
impl proto::grpc_stdio_server::GrpcStdio for Stdio {
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<BoxStream<proto::StdioData>>, Status> {
        let end = self.shutdown.clone().cancelled_owned();
        Ok(Response::new(futures::stream::pending().take_until(end).boxed()))
    }
}
