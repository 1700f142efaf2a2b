//! What is known about a request before its handler runs (who asks, in which currency), and its lines in the log.

use super::{
    Shop,
    problem::{self, Problem},
    settings::SHARED_SESSION,
};
use crate::log::{Field, Severity};
use axum::{
    body::HttpBody,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};
use uuid::Uuid;

pub(super) const SESSION_COOKIE: &str = "shop_session-id";
pub(super) const CURRENCY_COOKIE: &str = "shop_currency";
const DEFAULT_CURRENCY: &str = "USD";

/// How long cookies are kept: two days, in seconds.
pub(super) const COOKIE_AGE: u32 = 172_800;

/// One request's visitor.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) session: String,
    pub(super) currency: String,
    pub(super) request_id: String,
    method: String,
    path: String,
}

/// Makes sure of a session, runs the handler, renders what went wrong, and logs both ends.
pub(super) async fn receive(State(shop): State<Arc<Shop>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let known = cookie(request.headers(), SESSION_COOKIE);
    let session = known.clone().unwrap_or_else(|| {
        if shop.settings.single_shared_session { SHARED_SESSION.to_owned() } else { Uuid::new_v4().to_string() }
    });
    let visit = Visit {
        session,
        currency: cookie(request.headers(), CURRENCY_COOKIE).unwrap_or_else(|| DEFAULT_CURRENCY.to_owned()),
        request_id: Uuid::new_v4().to_string(),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
    };
    visit.log(&shop, Severity::Debug, "request started", &[]);
    request.extensions_mut().insert(visit.clone());

    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        visit.log(&shop, Severity::Error, "request error", &[("error", json!(problem.text))]);
        response = problem::page(&shop, &visit, &problem);
    }
    if known.is_none() {
        // Without a path, as upstream sets it: a visit that begins on a product page gets a cookie for /product.
        set_cookie(&mut response, SESSION_COOKIE, &visit.session);
    }
    let fields = [
        ("http.resp.took_ms", json!(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX))),
        ("http.resp.status", json!(response.status().as_u16())),
        ("http.resp.bytes", json!(response.body().size_hint().exact())),
    ];
    visit.log(&shop, Severity::Debug, "request complete", &fields);
    response
}

impl Visit {
    /// A line that says whose request it is about.
    pub(super) fn log(&self, shop: &Shop, severity: Severity, message: &str, fields: &[Field<'_>]) {
        let mut all: Vec<(&str, Value)> = vec![
            ("http.req.path", json!(self.path)),
            ("http.req.method", json!(self.method)),
            ("http.req.id", json!(self.request_id)),
            ("session", json!(self.session)),
        ];
        all.extend_from_slice(fields);
        shop.log.line(severity, message, &all);
    }
}

/// The value of a cookie, if it was sent and is not empty.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    cookies(headers)
        .find(|(sent, _)| *sent == name)
        .map(|(_, value)| value.to_owned())
        .filter(|value| !value.is_empty())
}

/// All cookies of a request.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let sent = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = sent.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim(), value.trim()))
}

/// Adds a cookie to an answer. A value that cannot be in a header is left out.
pub(super) fn set_cookie(response: &mut Response, name: &str, value: &str) {
    if let Ok(cookie) = HeaderValue::from_str(&format!("{name}={value}; Max-Age={COOKIE_AGE}")) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_in_any_place_and_empty_ones_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; shop_currency=EUR"));
        headers.append(header::COOKIE, HeaderValue::from_static("shop_session-id=x-y; b="));
        assert_eq!(cookie(&headers, CURRENCY_COOKIE).as_deref(), Some("EUR"));
        assert_eq!(cookie(&headers, SESSION_COOKIE).as_deref(), Some("x-y"));
        assert_eq!(cookie(&headers, "b"), None);
    }
}
