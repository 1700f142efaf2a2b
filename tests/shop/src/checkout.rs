//! checkoutservice: turns a cart into an order. One step after the other, and no step is ever taken back: a parcel that
//! cannot be shipped has been paid for.

use crate::{
    backend::{Backend, rpc_error},
    env::StartError,
    grpc, health,
    log::Log,
    money,
    service::Start,
    trace::{self, Tracing},
};
use hipstershop_proto::hipstershop::{
    Address, CartItem, ChargeRequest, CreditCardInfo, CurrencyConversionRequest, EmptyCartRequest, GetCartRequest,
    GetProductRequest, GetQuoteRequest, Money, OrderItem, OrderResult, PlaceOrderRequest, PlaceOrderResponse,
    SendOrderConfirmationRequest, ShipOrderRequest,
    cart_service_client::CartServiceClient,
    checkout_service_server::{CheckoutService, CheckoutServiceServer},
    currency_service_client::CurrencyServiceClient,
    email_service_client::EmailServiceClient,
    payment_service_client::PaymentServiceClient,
    product_catalog_service_client::ProductCatalogServiceClient,
    shipping_service_client::ShippingServiceClient,
};
use tonic::{Request, Response, Status, service::Routes};

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let port = start.env.port(Some(5050))?;
    let tracing = Tracing::of(start)?;
    let backend = |name: &str| start.env.required(name).map(Backend::new);
    let checkout = Checkout {
        shipping: ShippingServiceClient::new(backend("SHIPPING_SERVICE_ADDR")?),
        catalog: ProductCatalogServiceClient::new(backend("PRODUCT_CATALOG_SERVICE_ADDR")?),
        cart: CartServiceClient::new(backend("CART_SERVICE_ADDR")?),
        currency: CurrencyServiceClient::new(backend("CURRENCY_SERVICE_ADDR")?),
        email: EmailServiceClient::new(backend("EMAIL_SERVICE_ADDR")?),
        payment: PaymentServiceClient::new(backend("PAYMENT_SERVICE_ADDR")?),
        log: start.log.clone(),
    };
    start.log.info(format!("starting to listen on tcp: \":{port}\""));
    let routes = Routes::new(CheckoutServiceServer::new(checkout))
        .add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &tracing, port).await
}

#[derive(Debug)]
struct Checkout {
    shipping: ShippingServiceClient<Backend>,
    catalog: ProductCatalogServiceClient<Backend>,
    cart: CartServiceClient<Backend>,
    currency: CurrencyServiceClient<Backend>,
    email: EmailServiceClient<Backend>,
    payment: PaymentServiceClient<Backend>,
    log: Log,
}

/// What is known about an order before it is paid.
struct Preparation {
    cart: Vec<CartItem>,
    items: Vec<OrderItem>,
    shipping: Money,
}

#[tonic::async_trait]
impl CheckoutService for Checkout {
    async fn place_order(&self, request: Request<PlaceOrderRequest>) -> Result<Response<PlaceOrderResponse>, Status> {
        let request = request.into_inner();
        let (user, currency) = (&request.user_id, &request.user_currency);
        self.log.info(format!("[PlaceOrder] user_id={user:?} user_currency={currency:?}"));
        let address = request.address.unwrap_or_default();

        let prepared = self.prepare(user, currency, &address).await.map_err(Status::internal)?;
        let total = total(&prepared).map_err(|error| Status::internal(error.to_string()))?;

        let paid = self.charge(total, request.credit_card.unwrap_or_default()).await;
        let transaction = paid.map_err(|error| Status::internal(format!("failed to charge card: {error}")))?;
        self.log.info(format!("payment went through (transaction_id: {transaction})"));

        let shipped = self.ship(address.clone(), prepared.cart).await;
        let shipping_tracking_id = shipped.map_err(|error| Status::unavailable(format!("shipping error: {error}")))?;
        // A cart that stays full does not undo the order.
        self.cart.clone().empty_cart(EmptyCartRequest { user_id: user.clone() }).await.ok();

        let order = OrderResult {
            order_id: uuid::Uuid::new_v4().to_string(),
            shipping_tracking_id,
            shipping_cost: Some(prepared.shipping),
            shipping_address: Some(address),
            items: prepared.items,
        };
        self.confirm(&request.email, &order).await;
        Ok(Response::new(PlaceOrderResponse { order: Some(order) }))
    }
}

impl Checkout {
    async fn prepare(&self, user: &str, currency: &str, address: &Address) -> Result<Preparation, String> {
        let cart = self.cart.clone().get_cart(GetCartRequest { user_id: user.to_owned() }).await;
        let cart = cart
            .map_err(|e| format!("cart failure: failed to get user cart during checkout: {}", rpc_error(&e)))?
            .into_inner()
            .items;
        let mut items = Vec::new();
        for item in &cart {
            let ordered = self.order_item(item, currency).await;
            items.push(ordered.map_err(|error| format!("failed to prepare order: {error}"))?);
        }
        let request = GetQuoteRequest { address: Some(address.clone()), items: cart.clone() };
        let quote = self.shipping.clone().get_quote(request).await;
        let quote = quote
            .map_err(|e| format!("shipping quote failure: failed to get shipping quote: {}", rpc_error(&e)))?
            .into_inner();
        let shipping = self.convert(quote.cost_usd.unwrap_or_default(), currency).await;
        let shipping = shipping.map_err(|error| format!("failed to convert shipping cost to currency: {error}"))?;
        Ok(Preparation { cart, items, shipping })
    }

    async fn order_item(&self, item: &CartItem, currency: &str) -> Result<OrderItem, String> {
        let id = &item.product_id;
        let product = self.catalog.clone().get_product(GetProductRequest { id: id.clone() }).await;
        let product = product.map_err(|e| format!("failed to get product #{id:?}: {}", rpc_error(&e)))?.into_inner();
        let cost = self.convert(product.price_usd.unwrap_or_default(), currency).await;
        let cost = cost.map_err(|error| format!("failed to convert price of {id:?} to {currency}: {error}"))?;
        Ok(OrderItem { item: Some(item.clone()), cost: Some(cost) })
    }

    async fn convert(&self, from: Money, to_code: &str) -> Result<Money, String> {
        let request = CurrencyConversionRequest { from: Some(from), to_code: to_code.to_owned() };
        // Upstream makes these calls outside of the order's context.
        let mut currency = self.currency.clone();
        let converted = trace::apart(currency.convert(request)).await;
        converted.map(Response::into_inner).map_err(|e| format!("failed to convert currency: {}", rpc_error(&e)))
    }

    async fn charge(&self, amount: Money, card: CreditCardInfo) -> Result<String, String> {
        let request = ChargeRequest { amount: Some(amount), credit_card: Some(card) };
        let charged = self.payment.clone().charge(request).await;
        let charged = charged.map_err(|e| format!("could not charge the card: {}", rpc_error(&e)))?;
        Ok(charged.into_inner().transaction_id)
    }

    async fn ship(&self, address: Address, items: Vec<CartItem>) -> Result<String, String> {
        let shipped = self.shipping.clone().ship_order(ShipOrderRequest { address: Some(address), items }).await;
        let shipped = shipped.map_err(|e| format!("shipment failed: {}", rpc_error(&e)))?;
        Ok(shipped.into_inner().tracking_id)
    }

    /// Sends the confirmation. Without a deadline: a silent emailservice holds the order up, a dead one does not.
    async fn confirm(&self, email: &str, order: &OrderResult) {
        let request = SendOrderConfirmationRequest { email: email.to_owned(), order: Some(order.clone()) };
        match self.email.clone().send_order_confirmation(request).await {
            Ok(_) => self.log.info(format!("order confirmation email sent to {email:?}")),
            Err(e) => {
                self.log.warning(format!("failed to send order confirmation to {email:?}: {}", rpc_error(&e)));
            }
        }
    }
}

fn total(order: &Preparation) -> Result<Money, money::MoneyError> {
    let mut total = order.shipping.clone();
    for OrderItem { item, cost } in &order.items {
        let quantity = item.as_ref().map_or(0, |item| item.quantity);
        let cost = cost.clone().unwrap_or_default();
        total = money::sum(&total, &money::multiply(&cost, quantity)?)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::money;

    #[test]
    fn the_total_is_shipping_and_each_price_times_its_quantity() {
        let item = |quantity, units| OrderItem {
            item: Some(CartItem { product_id: "a".into(), quantity }),
            cost: Some(money("USD", units, 990_000_000)),
        };
        let order = Preparation {
            cart: Vec::new(),
            items: vec![item(2, 19), item(1, 5)],
            shipping: money("USD", 8, 990_000_000),
        };
        assert_eq!(total(&order).unwrap(), money("USD", 54, 960_000_000));
    }
}
