//! paymentservice: pretends to charge a card, after looking at it.

mod card;
mod declined;

use crate::{
    env::StartError,
    grpc, health,
    log::{Log, Severity},
    service::Start,
    trace::Tracing,
};
use hipstershop_proto::hipstershop::{
    ChargeRequest, ChargeResponse,
    payment_service_server::{PaymentService, PaymentServiceServer},
};
use serde_json::json;
use tonic::{Request, Response, Status, service::Routes};

pub(crate) use card::luhn;

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let tracing = Tracing::of(start)?;
    let port = start.env.port(None)?;
    start.log.info(format!("PaymentService gRPC server started on port {port}"));
    let routes = Routes::new(declined::Numbered(PaymentServiceServer::new(Payment { log: start.log.clone() })))
        .add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &tracing, port).await
}

#[derive(Debug)]
struct Payment {
    log: Log,
}

#[tonic::async_trait]
impl PaymentService for Payment {
    async fn charge(&self, request: Request<ChargeRequest>) -> Result<Response<ChargeResponse>, Status> {
        let ChargeRequest { amount, credit_card } = request.into_inner();
        let (amount, card) = (amount.unwrap_or_default(), credit_card.unwrap_or_default());
        // Upstream logs the whole request. So does this: who shows logs has to mask them, and can test it here.
        let said = json!({
            "amount": {"currency_code": amount.currency_code, "units": amount.units.to_string(), "nanos": amount.nanos},
            "credit_card": {
                "credit_card_number": card.credit_card_number,
                "credit_card_cvv": card.credit_card_cvv,
                "credit_card_expiration_year": card.credit_card_expiration_year,
                "credit_card_expiration_month": card.credit_card_expiration_month,
            },
        });
        self.log.info(format!("PaymentService#Charge invoked with request {said}"));

        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let network = card::check(&card, today.year().into(), today.month().into()).map_err(|error| {
            self.log.line(Severity::Warning, &error, &[]);
            Status::unknown(error.to_string())
        })?;
        let transaction_id = uuid::Uuid::new_v4().to_string();
        self.log.info(format!(
            "Transaction processed: {network} ending {} Amount: {}{}.{}",
            card::last_four(&card.credit_card_number),
            amount.currency_code,
            amount.units,
            amount.nanos
        ));
        Ok(Response::new(ChargeResponse { transaction_id }))
    }
}
