//! emailservice: confirms orders. It sends nothing, as upstream's does outside Google's cloud.

use crate::{env::StartError, grpc, health, log::Log, service::Start, trace::Tracing};
use hipstershop_proto::hipstershop::{
    Empty, SendOrderConfirmationRequest,
    email_service_server::{EmailService, EmailServiceServer},
};
use tonic::{Request, Response, Status, service::Routes};

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let port = start.env.port(Some(8080))?;
    start.log.info("starting the email service in dummy mode.");
    let tracing = Tracing::of(start)?;
    start.log.info(format!("listening on port: {port}"));
    let routes = Routes::new(EmailServiceServer::new(Email { log: start.log.clone() }))
        .add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &tracing, port).await
}

#[derive(Debug)]
struct Email {
    log: Log,
}

#[tonic::async_trait]
impl EmailService for Email {
    async fn send_order_confirmation(
        &self,
        request: Request<SendOrderConfirmationRequest>,
    ) -> Result<Response<Empty>, Status> {
        let to = &request.get_ref().email;
        self.log.info(format!("A request to send order confirmation email to {to} has been received."));
        Ok(Response::new(Empty {}))
    }
}
