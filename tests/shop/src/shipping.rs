//! shippingservice: what delivery costs, and tracking ids.

use crate::{env::StartError, grpc, health, log::Log, money::money, service::Start, trace::Tracing};
use hipstershop_proto::hipstershop::{
    Address, CartItem, GetQuoteRequest, GetQuoteResponse, Money, ShipOrderRequest, ShipOrderResponse,
    shipping_service_server::{ShippingService, ShippingServiceServer},
};
use tonic::{Request, Response, Status, service::Routes};

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let port = start.env.port(Some(50051))?;
    // The variable only changes this line: there is nothing to be turned off.
    start.log.info(match start.env.get("DISABLE_TRACING") {
        None => "Tracing enabled, but temporarily unavailable",
        Some(_) => "Tracing disabled.",
    });
    start.log.info(format!("Shipping Service listening on port :{port}"));
    let routes = Routes::new(ShippingServiceServer::new(Shipping { log: start.log.clone() }))
        .add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &Tracing::default(), port).await
}

#[derive(Debug)]
struct Shipping {
    log: Log,
}

#[tonic::async_trait]
impl ShippingService for Shipping {
    async fn get_quote(&self, request: Request<GetQuoteRequest>) -> Result<Response<GetQuoteResponse>, Status> {
        self.log.info("[GetQuote] received request");
        let cost_usd = Some(quote(&request.get_ref().items));
        self.log.info("[GetQuote] completed request");
        Ok(Response::new(GetQuoteResponse { cost_usd }))
    }

    async fn ship_order(&self, request: Request<ShipOrderRequest>) -> Result<Response<ShipOrderResponse>, Status> {
        self.log.info("[ShipOrder] received request");
        let tracking_id = tracking_id(&request.into_inner().address.unwrap_or_default());
        self.log.info("[ShipOrder] completed request");
        Ok(Response::new(ShipOrderResponse { tracking_id }))
    }
}

/// A flat rate; nothing for nothing.
fn quote(items: &[CartItem]) -> Money {
    if items.iter().any(|item| item.quantity > 0) { money("USD", 8, 990_000_000) } else { money("USD", 0, 0) }
}

/// Two letters and two groups of digits, each led by a length taken from the address.
fn tracking_id(address: &Address) -> String {
    let letter = || char::from(rand::random_range(b'A'..=b'Z'));
    let line = format!("{}, {}, {}", address.street_address, address.city, address.state);
    let (near, far) = (rand::random_range(0..1000), rand::random_range(0..10_000_000));
    format!("{}{}-{}{near:03}-{}{far:07}", letter(), letter(), line.len(), line.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_is_a_flat_rate_and_free_for_an_empty_cart() {
        assert_eq!(quote(&[]), money("USD", 0, 0));
        let items =
            [CartItem { product_id: "a".into(), quantity: 3 }, CartItem { product_id: "b".into(), quantity: 1 }];
        assert_eq!(quote(&items), money("USD", 8, 990_000_000));
    }

    #[test]
    fn tracking_ids_have_three_groups() {
        let id = tracking_id(&Address { street_address: "1600 Amphitheatre Parkway".into(), ..Address::default() });
        let groups: Vec<&str> = id.split('-').collect();
        assert_eq!(groups.len(), 3, "{id}");
        assert!(groups[0].chars().all(|c| c.is_ascii_uppercase()) && groups[0].len() == 2, "{id}");
        assert!(groups[1..].iter().all(|group| group.chars().all(|c| c.is_ascii_digit())), "{id}");
    }
}
