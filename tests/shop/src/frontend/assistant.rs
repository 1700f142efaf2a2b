//! `GET /assistant` and `POST /bot`: the optional shopping assistant, which is somebody else's service.

use super::{
    Shop, page,
    problem::{Outcome, Step},
    visit::Visit,
};
use crate::http1::Client;
use axum::{Extension, extract::State, response::IntoResponse};
use bytes::Bytes;
use http::header;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn show(State(shop): State<Arc<Shop>>, Extension(visit): Extension<Visit>) -> Outcome {
    let currencies = shop.peers.currencies().await.step("could not retrieve currencies")?;
    let frame = page::Frame { shop: &shop, visit: &visit, currencies: &currencies, cart_size: 0 };
    Ok(page::assistant(&frame).into_response())
}

/// Hands a question on and the answer back.
pub(super) async fn ask(State(shop): State<Arc<Shop>>, body: Bytes) -> Outcome {
    let headers = [("content-type", "application/json")];
    let answer = Client::new(&shop.peers.assistant).send("POST", "/", &headers, body).await;
    let answer = answer.step("failed to send request to the shopping assistant")?;
    let said: Result<Value, String> = serde_json::from_slice(&answer.body).map_err(|error| error.to_string());
    let said = said.step("failed to read the shopping assistant's answer")?;
    let reply = json!({"message": said["content"]});
    Ok(([(header::CONTENT_TYPE, "application/json")], reply.to_string()).into_response())
}
