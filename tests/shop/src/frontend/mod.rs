//! frontend: the shop's web pages.

mod assistant;
mod cart;
mod files;
mod form;
mod home;
mod iso4217;
mod order;
mod page;
mod peers;
mod problem;
mod product;
mod session;
mod settings;
mod visit;

use crate::{
    env::StartError,
    grpc,
    log::Log,
    service::Start,
    trace::{self, Tracing},
};
use axum::{
    Router,
    routing::{get, post},
};
use http::StatusCode;
use peers::Peers;
use settings::Settings;
use std::{net::SocketAddr, sync::Arc};

const METADATA_SERVER: &str = "metadata.google.internal.:80";

/// What all requests share.
#[derive(Debug)]
struct Shop {
    settings: Settings,
    peers: Peers,
    log: Log,
    /// The pod's name, for the footer.
    host: String,
}

/// Runs the service. Like upstream's it has no timeouts and no graceful stop.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let port = start.env.port(Some(8080))?;
    let tracing = Tracing::of(start)?;
    let (peers, settings) = (Peers::of(&start.env)?, Settings::of(&start.env));
    let address = start.env.get("LISTEN_ADDR").unwrap_or_default();
    let listener =
        if address.is_empty() { grpc::listen(port).await? } else { grpc::bind(&format!("{address}:{port}")).await? };
    let shop = Arc::new(Shop { settings, peers, log: start.log.clone(), host: crate::log::hostname() });
    tokio::spawn(report_place(start.log.clone()));
    start.log.info(format!("starting server on {}", grpc::address(&listener)));
    // Outside of everything else, as in upstream's chain of handlers.
    let pages = routes(shop).layer(axum::middleware::from_fn_with_state(tracing, trace::receive));
    let served = axum::serve(listener, pages.into_make_service_with_connect_info::<SocketAddr>()).await;
    served.map_err(|error| StartError::Serve(error.to_string()))
}

fn routes(shop: Arc<Shop>) -> Router {
    let base = shop.settings.base_url.clone();
    let at = |path: &str| format!("{base}{path}");
    Router::new()
        .route(&at("/"), get(home::show))
        .route(&at("/product/{id}"), get(product::show))
        .route(&at("/cart"), get(cart::show).post(cart::add))
        .route(&at("/cart/empty"), post(cart::empty))
        .route(&at("/cart/checkout"), post(order::place))
        .route(&at("/setCurrency"), post(session::set_currency))
        .route(&at("/logout"), get(session::log_out))
        .route(&at("/assistant"), get(assistant::show))
        .route(&at("/bot"), post(assistant::ask))
        .route(&at("/product-meta/{ids}"), get(product::meta))
        .route(&at("/static/{*path}"), get(files::file))
        .route(&at("/robots.txt"), get(|| async { "User-agent: *\nDisallow: /" }))
        .route(&at("/_healthz"), get(|| async { "ok" }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "404 page not found\n") })
        .layer(axum::middleware::from_fn_with_state(shop.clone(), visit::receive))
        .with_state(shop)
}

/// Looks once for Google's metadata server, to name cluster and zone. Where there is none that is said twice, which is
/// harmless and known from upstream's logs.
async fn report_place(log: Log) {
    if tokio::net::lookup_host(METADATA_SERVER).await.is_err() {
        log.error("Failed to fetch the name of the cluster in which the pod is running: no metadata server");
        log.error("Failed to fetch the Zone of the node where the pod is scheduled: no metadata server");
    }
}
