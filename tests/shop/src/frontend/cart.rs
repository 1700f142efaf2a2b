//! `GET /cart`, `POST /cart` and `POST /cart/empty`

use super::{
    Shop,
    form::Form,
    page::{self, Line},
    problem::{Outcome, Problem, Step},
    session::found,
    visit::Visit,
};
use crate::{log::Severity, money};
use axum::{Extension, extract::State, response::IntoResponse};
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn add(State(shop): State<Arc<Shop>>, Extension(visit): Extension<Visit>, body: Bytes) -> Outcome {
    let addition = Form::of(&body).addition().map_err(Problem::of_form)?;
    let fields = [("product", json!(addition.product_id)), ("quantity", json!(addition.quantity))];
    visit.log(&shop, Severity::Debug, "adding to cart", &fields);
    let product = shop.peers.product(&addition.product_id).await.step("could not retrieve product")?;
    let added = shop.peers.add_to_cart(&visit.session, product.id, addition.quantity).await;
    added.step("failed to add to cart")?;
    Ok(found(&format!("{}/cart", shop.settings.base_url)))
}

pub(super) async fn empty(State(shop): State<Arc<Shop>>, Extension(visit): Extension<Visit>) -> Outcome {
    visit.log(&shop, Severity::Debug, "emptying cart", &[]);
    shop.peers.empty_cart(&visit.session).await.step("failed to empty cart")?;
    Ok(found(&format!("{}/", shop.settings.base_url)))
}

pub(super) async fn show(State(shop): State<Arc<Shop>>, Extension(visit): Extension<Visit>) -> Outcome {
    visit.log(&shop, Severity::Debug, "view user cart", &[]);
    let currencies = shop.peers.currencies().await.step("could not retrieve currencies")?;
    let cart = shop.peers.cart(&visit.session).await.step("could not retrieve cart")?;
    let ids = cart.iter().map(|item| item.product_id.clone()).collect();
    let suggestions = super::product::suggestions(&shop, &visit, ids).await;
    let quoted = shop.peers.shipping_quote(&cart, &visit.currency).await;
    let shipping = quoted.step("failed to get shipping quote")?;

    let mut lines = Vec::new();
    let mut total = shipping.clone();
    for item in &cart {
        let id = &item.product_id;
        let product = shop.peers.product(id).await.step(format_args!("could not retrieve product #{id}"))?;
        let price = shop.peers.convert(product.price_usd.clone(), &visit.currency).await;
        let price = price.step(format_args!("could not convert currency for product #{id}"))?;
        let reckoned = money::multiply(&price, item.quantity).and_then(|cost| Ok((money::sum(&total, &cost)?, cost)));
        let (sum, cost) = reckoned.map_err(|error| error.to_string()).step("could not add up the cart")?;
        total = sum;
        lines.push(Line { product, quantity: item.quantity, cost });
    }
    let frame = page::Frame { shop: &shop, visit: &visit, currencies: &currencies, cart_size: page::pieces(&cart) };
    Ok(page::cart(&frame, &lines, &shipping, &total, &suggestions).into_response())
}
