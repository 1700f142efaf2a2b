//! `GET /product/{id}` and `GET /product-meta/{ids}`

use super::{
    Shop,
    page::{self, Tile},
    problem::{Outcome, Step},
    visit::Visit,
};
use crate::{http1::Client, log::Severity};
use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use hipstershop_proto::hipstershop::{Ad, Product};
use http::header;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn show(
    State(shop): State<Arc<Shop>>,
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
) -> Outcome {
    let fields = [("id", json!(id)), ("currency", json!(visit.currency))];
    visit.log(&shop, Severity::Debug, "serving product page", &fields);
    let product = shop.peers.product(&id).await.step("could not retrieve product")?;
    let currencies = shop.peers.currencies().await.step("could not retrieve currencies")?;
    let cart = shop.peers.cart(&visit.session).await.step("could not retrieve cart")?;
    let price = shop.peers.convert(product.price_usd.clone(), &visit.currency).await;
    let price = price.step("failed to convert currency")?;
    let suggestions = suggestions(&shop, &visit, vec![id.clone()]).await;
    let packaging = packaging(&shop, &visit, &id).await;
    let ad = ad(&shop, &visit, product.categories.clone()).await;
    let frame = page::Frame { shop: &shop, visit: &visit, currencies: &currencies, cart_size: page::pieces(&cart) };
    let tile = Tile { product, price: Some(price) };
    Ok(page::product(&frame, &tile, packaging.as_ref(), &suggestions, ad.as_ref()).into_response())
}

/// The product as JSON, for whoever wants to show it elsewhere. An unknown one is an empty page, not an error.
pub(super) async fn meta(State(shop): State<Arc<Shop>>, Path(id): Path<String>) -> Response {
    let Ok(product) = shop.peers.product(&id).await else { return ().into_response() };
    let price = product.price_usd.unwrap_or_default();
    let body = json!({
        "id": product.id,
        "name": product.name,
        "description": product.description,
        "picture": product.picture,
        "price_usd": {"currency_code": price.currency_code, "units": price.units, "nanos": price.nanos},
        "categories": product.categories,
    });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Suggestions, or none and a warning: no page fails for want of them.
pub(super) async fn suggestions(shop: &Shop, visit: &Visit, beside: Vec<String>) -> Vec<Product> {
    shop.peers.recommendations(&visit.session, beside).await.unwrap_or_else(|error| {
        visit.log(shop, Severity::Warning, "failed to get product recommendations", &[("error", json!(error))]);
        Vec::new()
    })
}

/// An ad, or none and a warning.
pub(super) async fn ad(shop: &Shop, visit: &Visit, context: Vec<String>) -> Option<Ad> {
    shop.peers.ad(context).await.unwrap_or_else(|error| {
        visit.log(shop, Severity::Warning, "failed to retrieve ads", &[("error", json!(error))]);
        None
    })
}

/// Weight and size, where a packaging service is named.
async fn packaging(shop: &Shop, visit: &Visit, id: &str) -> Option<Value> {
    let url = shop.settings.packaging_url.as_deref()?;
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap_or((url, ""));
    let path = format!("/{path}/{id}").replace("//", "/");
    let answer = Client::new(host.trim_start_matches("http://")).send("GET", &path, &[], "").await;
    let parsed = answer.and_then(|answer| serde_json::from_slice(&answer.body).map_err(|error| error.to_string()));
    match parsed {
        Ok(packaging) => Some(packaging),
        Err(error) => {
            visit.log(shop, Severity::Warning, "failed to obtain product's packaging info", &[("error", json!(error))]);
            None
        }
    }
}
