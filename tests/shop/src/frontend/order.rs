//! `POST /cart/checkout`

use super::{
    Shop,
    form::Form,
    page,
    problem::{Outcome, Problem, Step},
    visit::Visit,
};
use crate::{log::Severity, money};
use axum::{Extension, extract::State, response::IntoResponse};
use bytes::Bytes;
use hipstershop_proto::hipstershop::{Money, OrderResult, PlaceOrderRequest};
use serde_json::json;
use std::sync::Arc;

pub(super) async fn place(State(shop): State<Arc<Shop>>, Extension(visit): Extension<Visit>, body: Bytes) -> Outcome {
    visit.log(&shop, Severity::Debug, "placing order", &[]);
    let form = Form::of(&body).order().map_err(Problem::of_form)?;
    let request = PlaceOrderRequest {
        user_id: visit.session.clone(),
        user_currency: visit.currency.clone(),
        address: Some(form.address),
        email: form.email.clone(),
        credit_card: Some(form.card),
    };
    let order = shop.peers.place_order(request).await.step("failed to complete the order")?;
    visit.log(&shop, Severity::Info, "order placed", &[("order", json!(order.order_id))]);

    let suggestions = shop.peers.recommendations(&visit.session, Vec::new()).await.unwrap_or_default();
    let paid = total(&order).map_err(|error| error.to_string()).step("could not add up the order")?;
    // After the order has been placed: when this fails, the visitor sees an error for goods that are on their way.
    let currencies = shop.peers.currencies().await.step("could not retrieve currencies")?;
    let frame = page::Frame { shop: &shop, visit: &visit, currencies: &currencies, cart_size: 0 };
    Ok(page::order(&frame, &order, &form.email, &paid, &suggestions).into_response())
}

fn total(order: &OrderResult) -> Result<Money, money::MoneyError> {
    let shipping = order.shipping_cost.clone().unwrap_or_default();
    order.items.iter().try_fold(shipping, |total, line| {
        let quantity = line.item.as_ref().map_or(0, |item| item.quantity);
        let cost = line.cost.clone().unwrap_or_default();
        money::sum(&total, &money::multiply(&cost, quantity)?)
    })
}
