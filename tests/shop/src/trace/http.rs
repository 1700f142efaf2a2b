//! The spans of the frontend's pages, as `otelhttp` makes them: named by the method alone, whatever the page.

use super::{
    CURRENT, Context, Tracing,
    span::{Open, number, text},
    w3c::{self, Position},
};
use axum::{
    body::HttpBody,
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use hipstershop_proto::otlp::{KeyValue, Status, span::SpanKind, status::StatusCode};
use http::{HeaderMap, StatusCode as HttpStatus, header, request::Parts};
use std::net::SocketAddr;

const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Puts a request into a span.
pub(crate) async fn receive(State(tracing): State<Tracing>, request: Request, next: Next) -> Response {
    let parent = Position::of(request.headers());
    let baggage = w3c::baggage(request.headers());
    let Some(tracer) = &tracing.tracer else {
        return CURRENT.scope(Context { tracer: None, position: parent, baggage }, next.run(request)).await;
    };
    let (head, body) = request.into_parts();
    let (name, attributes) = at_begin(&head);
    let span = Open::begin(tracer, parent.as_ref(), SpanKind::Server, name, attributes);
    let context = Context { tracer: Some(tracer.clone()), position: Some(span.position().clone()), baggage };
    let mut page = Page { span: Some(span), sent: content_length(&head.headers) };

    let response = CURRENT.scope(context, next.run(Request::from_parts(head, body))).await;
    page.end(response.status(), response.body().size_hint().exact().unwrap_or_default());
    response
}

/// A page in the making.
struct Page {
    span: Option<Open>,
    /// Bytes that came with the request.
    sent: i64,
}

impl Page {
    fn end(&mut self, status: HttpStatus, bytes: u64) {
        let Some(span) = self.span.take() else { return };
        let mut attributes = Vec::new();
        if self.sent > 0 {
            attributes.push(number("http.request.body.size", self.sent));
        }
        if bytes > 0 {
            attributes.push(number("http.response.body.size", i64::try_from(bytes).unwrap_or(i64::MAX)));
        }
        attributes.push(number("http.response.status_code", i64::from(status.as_u16())));
        let failed = Status { code: StatusCode::Error.into(), message: String::new() };
        span.end(attributes, status.is_server_error().then_some(failed));
    }
}

impl Drop for Page {
    /// A visitor who leaves ends the calls for the page. A Go handler then answers 500 to nobody.
    fn drop(&mut self) {
        self.end(HttpStatus::INTERNAL_SERVER_ERROR, 0);
    }
}

/// The span's name, and what is known before the page is made.
fn at_begin(head: &Parts) -> (String, Vec<KeyValue>) {
    let method = head.method.as_str();
    let known = METHODS.contains(&method.to_uppercase().as_str());
    let (host, port) = host(&head.headers);
    let mut attributes = vec![text("server.address", host)];
    attributes.push(text("http.request.method", if known { method.to_uppercase() } else { "_OTHER".to_owned() }));
    if !METHODS.contains(&method) {
        attributes.push(text("http.request.method_original", method));
    }
    attributes.push(text("url.scheme", "http"));
    attributes.extend(port.filter(|port| *port != 80).map(|port| number("server.port", i64::from(port))));
    let forwarded = value(&head.headers, "x-forwarded-for").and_then(|line| line.split(',').next());
    let mut client = forwarded.map(str::to_owned);
    if let Some(ConnectInfo(peer)) = head.extensions.get::<ConnectInfo<SocketAddr>>() {
        let ip = peer.ip().to_canonical().to_string();
        attributes.push(text("network.peer.address", ip.clone()));
        attributes.push(number("network.peer.port", i64::from(peer.port())));
        client = client.or(Some(ip));
    }
    attributes.extend(value(&head.headers, "user-agent").map(|agent| text("user_agent.original", agent)));
    attributes.extend(client.map(|client| text("client.address", client)));
    attributes.push(text("url.path", head.uri.path()));
    attributes
        .push(text("network.protocol.version", if head.version == http::Version::HTTP_10 { "1.0" } else { "1.1" }));
    (if known { method.to_uppercase() } else { "HTTP".to_owned() }, attributes)
}

/// Host and port that the visitor asked for.
fn host(headers: &HeaderMap) -> (&str, Option<u16>) {
    let host = value(headers, header::HOST.as_str()).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host.trim_matches(['[', ']']), port.parse().ok()),
        _ => (host.trim_matches(['[', ']']), None),
    }
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn content_length(headers: &HeaderMap) -> i64 {
    value(headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(method: &str, host: &str) -> (String, Vec<KeyValue>) {
        let request = http::Request::builder().method(method).uri("/product/1?a=b").header("host", host);
        at_begin(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_span_has_the_methods_name_and_the_path_without_its_query() {
        let (name, attributes) = begin("GET", "shop.local");
        assert_eq!(name, "GET");
        assert!(attributes.contains(&text("url.path", "/product/1")), "{attributes:?}");
        assert!(attributes.contains(&text("server.address", "shop.local")), "{attributes:?}");
        assert!(attributes.iter().all(|attribute| attribute.key != "server.port"), "{attributes:?}");
    }

    #[test]
    fn unusual_ports_and_methods_are_said() {
        let (name, attributes) = begin("BREW", "[::1]:8080");
        assert_eq!(name, "HTTP");
        for expected in [
            text("http.request.method", "_OTHER"),
            text("http.request.method_original", "BREW"),
            text("server.address", "::1"),
            number("server.port", 8080),
        ] {
            assert!(attributes.contains(&expected), "{attributes:?}");
        }
    }
}
