//! `POST /setCurrency` and `GET /logout`

use super::{
    Shop,
    form::Form,
    problem::{Outcome, Problem},
    visit::{CURRENCY_COOKIE, Visit, cookies, set_cookie},
};
use crate::log::Severity;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use std::sync::Arc;

/// Keeps the currency in a cookie and goes back to where the visitor was.
pub(super) async fn set_currency(
    State(shop): State<Arc<Shop>>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let currency = Form::of(&body).currency().map_err(Problem::of_form)?;
    let fields = [("curr.new", json!(currency)), ("curr.old", json!(visit.currency))];
    visit.log(&shop, Severity::Debug, "setting currency", &fields);
    let home = format!("{}/", shop.settings.base_url);
    let back = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok()).unwrap_or(&home);
    let mut response = found(back);
    set_cookie(&mut response, CURRENCY_COOKIE, &currency);
    Ok(response)
}

/// Lets the browser forget all cookies it sent.
pub(super) async fn log_out(
    State(shop): State<Arc<Shop>>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
) -> Response {
    visit.log(&shop, Severity::Debug, "logging out", &[]);
    let mut response = found(&format!("{}/", shop.settings.base_url));
    for (name, value) in cookies(&headers) {
        if let Ok(cookie) = HeaderValue::from_str(&format!("{name}={value}; Max-Age=0")) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// 302: the next page is fetched with GET.
pub(super) fn found(to: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}
