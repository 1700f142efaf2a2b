//! cartservice: carts in Redis, or in memory where none is named.

mod redis;
mod resp;
mod store;

use crate::{
    env::{self, StartError},
    grpc, health,
    log::Log,
    platform,
    service::Start,
    trace::Tracing,
};
use hipstershop_proto::hipstershop::{
    AddItemRequest, Cart, CartItem, Empty, EmptyCartRequest, GetCartRequest,
    cart_service_server::{CartService, CartServiceServer},
};
use store::Store;
use tonic::{Request, Response, Status, service::Routes};

/// The port that upstream's image sets; `PORT` means nothing to this service.
const DEFAULT_PORT: u16 = 7070;

/// Runs the service until SIGTERM, then lets open calls end.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let name = "ASPNETCORE_HTTP_PORTS";
    let port = match start.env.get(name).and_then(|ports| ports.split(';').next()) {
        Some(first) => env::port(name, first)?,
        None => DEFAULT_PORT,
    };
    let store = Store::of(&start.env, &start.log)?;
    let listener = grpc::listen(port).await?;
    start.log.info(format!(
        "info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://{}",
        grpc::address(&listener)
    ));
    let routes = Routes::new(CartServiceServer::new(Carts { store, log: start.log.clone() }))
        .add_service(health::server(start.platform, start.log.clone()));
    let log = start.log.clone();
    let stop = async move {
        platform::told().await;
        log.info("info: Microsoft.Hosting.Lifetime[0]\n      Application is shutting down...");
    };
    grpc::serve(routes, &Tracing::default(), listener, stop).await
}

#[derive(Debug)]
struct Carts {
    store: Store,
    log: Log,
}

#[tonic::async_trait]
impl CartService for Carts {
    async fn add_item(&self, request: Request<AddItemRequest>) -> Result<Response<Empty>, Status> {
        let AddItemRequest { user_id, item } = request.into_inner();
        let item = item.unwrap_or_default();
        self.log.info(format!(
            "AddItemAsync called with userId={user_id}, productId={}, quantity={}",
            item.product_id, item.quantity
        ));
        let mut cart = self.store.cart(&user_id).await?.unwrap_or_default();
        cart.user_id.clone_from(&user_id);
        add(&mut cart, item);
        self.store.put(&user_id, cart).await?;
        Ok(Response::new(Empty {}))
    }

    async fn get_cart(&self, request: Request<GetCartRequest>) -> Result<Response<Cart>, Status> {
        let user_id = request.into_inner().user_id;
        self.log.info(format!("GetCartAsync called with userId={user_id}"));
        // A user without a cart gets one without an id, as from upstream.
        Ok(Response::new(self.store.cart(&user_id).await?.unwrap_or_default()))
    }

    async fn empty_cart(&self, request: Request<EmptyCartRequest>) -> Result<Response<Empty>, Status> {
        let user_id = request.into_inner().user_id;
        self.log.info(format!("EmptyCartAsync called with userId={user_id}"));
        // Overwritten and not deleted: upstream's redis grows with every session, and so does this.
        self.store.put(&user_id, Cart::default()).await?;
        Ok(Response::new(Empty {}))
    }
}

/// Adds to the quantity of a product that is in the cart already.
fn add(cart: &mut Cart, item: CartItem) {
    match cart.items.iter_mut().find(|present| present.product_id == item.product_id) {
        Some(present) => present.quantity = present.quantity.saturating_add(item.quantity),
        None => cart.items.push(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{env::Env, log::Format};

    fn item(product_id: &str, quantity: i32) -> CartItem {
        CartItem { product_id: product_id.to_owned(), quantity }
    }

    #[tokio::test]
    async fn carts_are_kept_per_user_and_quantities_add_up() {
        let log = Log::new(Format::Plain, "test");
        let carts = Carts { store: Store::of(&Env::default(), &log).unwrap(), log };
        for (user, added) in
            [("ann", item("a", 1)), ("ann", item("b", 2)), ("ann", item("a", 3)), ("bob", item("c", 1))]
        {
            let request = AddItemRequest { user_id: user.to_owned(), item: Some(added) };
            carts.add_item(Request::new(request)).await.unwrap();
        }
        let of = async |user: &str| {
            let request = GetCartRequest { user_id: user.to_owned() };
            carts.get_cart(Request::new(request)).await.unwrap().into_inner()
        };
        assert_eq!(of("ann").await, Cart { user_id: "ann".into(), items: vec![item("a", 4), item("b", 2)] });
        carts.empty_cart(Request::new(EmptyCartRequest { user_id: "ann".into() })).await.unwrap();
        assert_eq!(of("ann").await, Cart::default());
        assert_eq!(of("bob").await.items, [item("c", 1)]);
    }
}
