//! `GET /`

use super::{
    METADATA_SERVER, Shop,
    page::{self, Tile},
    problem::{Outcome, Step},
    visit::Visit,
};
use crate::log::{Severity, write_line};
use axum::{Extension, extract::State, response::IntoResponse};
use serde_json::json;
use std::sync::Arc;

const PLATFORMS: [&str; 6] = ["local", "gcp", "azure", "aws", "onprem", "alibaba"];

pub(super) async fn show(State(shop): State<Arc<Shop>>, Extension(visit): Extension<Visit>) -> Outcome {
    visit.log(&shop, Severity::Info, "home", &[("currency", json!(visit.currency))]);
    let currencies = shop.peers.currencies().await.step("could not retrieve currencies")?;
    let products = shop.peers.products().await.step("could not retrieve products")?;
    let cart = shop.peers.cart(&visit.session).await.step("could not retrieve cart")?;
    let mut tiles = Vec::new();
    for product in products {
        let price = shop.peers.convert(product.price_usd.clone(), &visit.currency).await;
        let price = price.step(format_args!("failed to do currency conversion for product {}", product.id))?;
        tiles.push(Tile { product, price: Some(price) });
    }
    let platform = platform(&shop).await;
    let ad = super::product::ad(&shop, &visit, Vec::new()).await;
    let frame = page::Frame { shop: &shop, visit: &visit, currencies: &currencies, cart_size: page::pieces(&cart) };
    Ok(page::home(&frame, &tiles, ad.as_ref(), &platform).into_response())
}

/// Where the shop says it runs. The lookup is made for every view, on its way: where unknown names resolve slowly, this
/// is the page that shows it.
async fn platform(shop: &Shop) -> String {
    let told = shop.settings.platform.as_deref().filter(|platform| PLATFORMS.contains(platform));
    if told.is_none() {
        write_line("env platform is either empty or invalid");
    }
    match tokio::net::lookup_host(METADATA_SERVER).await {
        Ok(_) => "gcp".to_owned(),
        Err(_) => told.unwrap_or("local").to_owned(),
    }
}
