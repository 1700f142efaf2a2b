//! Sending one request: count, log, time limit, careful repetition.

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::error::{ApiError, Failure, Operation, Refusal};
use crate::connect::Cluster;

/// What the API server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked.
    pub operation: Operation,
    /// Code, below 400.
    pub code: u16,
    /// Warnings of the server: deprecations, fields it does not know.
    pub warnings: Vec<String>,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn object(&self) -> Result<Value, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| ApiError {
            operation: Box::new(self.operation.clone()),
            failure: Failure::Unreadable { said: error.to_string() },
            hint: Some("check that the URL is that of a Kubernetes API server".into()),
        })
    }
}

/// Tries in all, for requests that may be repeated.
const TRIES: u32 = 4;

/// An error and its sources in one line, without saying anything twice.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = error.source();
    }
    text
}

impl Cluster {
    /// Sends any request and returns the answer whatever its code, once: for the service proxy, whose answers are the
    /// application's and not the API server's.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn raw(&self, request: Request<Vec<u8>>) -> Result<Response<Bytes>, ApiError> {
        let operation = Operation {
            verb: verb_of(request.method()),
            kind: None,
            subresource: None,
            namespace: None,
            name: Some(request.uri().path().to_owned()),
        };
        Box::pin(self.exchange(&operation, request)).await
    }

    pub(crate) async fn send(&self, operation: Operation, request: Request<Vec<u8>>) -> Result<Answer, ApiError> {
        // A POST that was not answered may have been done, so it is repeated only when the server said that it was not.
        let repeatable = request.method() != Method::POST;
        let mut attempt = 1;
        loop {
            // What the HTTP client keeps while it waits is large, and every future that sends anything would be as large.
            let error = match Box::pin(self.send_once(operation.clone(), request.clone())).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match pause(&error, repeatable, attempt) {
                Some(pause) if attempt < TRIES => tokio::time::sleep(pause).await,
                _ => return Err(error),
            }
            attempt += 1;
        }
    }

    /// Sends a request once, whatever becomes of it.
    pub(crate) async fn send_once(&self, operation: Operation, request: Request<Vec<u8>>) -> Result<Answer, ApiError> {
        let response = self.exchange(&operation, request).await?;
        let code = response.status().as_u16();
        if code >= 400 {
            return Err(self.refusal(&operation, &response));
        }
        let warnings = warnings(&response);
        Ok(Answer { operation, code, warnings, body: response.into_body() })
    }

    fn refusal(&self, operation: &Operation, response: &Response<Bytes>) -> ApiError {
        let retry_after = response.headers().get(http::header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let body = String::from_utf8_lossy(response.body());
        ApiError {
            operation: Box::new(operation.clone()),
            failure: Failure::Refused(Box::new(Refusal::read(response.status().as_u16(), &body, retry_after))),
            hint: None,
        }
        .with_hint(self.identity())
    }

    async fn exchange(&self, operation: &Operation, request: Request<Vec<u8>>) -> Result<Response<Bytes>, ApiError> {
        self.count_request();
        let (method, uri, began) = (request.method().clone(), request.uri().clone(), Instant::now());
        let limit = self.request_timeout();
        let exchange = async {
            let response = self.kube().send(request.map(kube::client::Body::from)).await?;
            let (parts, body) = response.into_parts();
            Ok::<_, kube::Error>(Response::from_parts(parts, body.collect().await?.to_bytes()))
        };
        let outcome = tokio::time::timeout(limit, exchange).await;
        let ms = began.elapsed().as_millis();
        let code = match &outcome {
            Ok(Ok(response)) => response.status().as_u16(),
            _ => 0,
        };
        tracing::debug!(target: "boutique::request", %method, %uri, code, ms, "request");
        let failure = match outcome {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => Failure::Unreachable { server: self.server().to_owned(), said: said(&error) },
            Err(_) => Failure::Timeout { server: self.server().to_owned(), after: limit },
        };
        Err(ApiError { operation: Box::new(operation.clone()), failure, hint: None }.with_hint(self.identity()))
    }

    /// Opens a stream of lines: a watch, or a log that is followed. There is no time limit on it.
    pub(crate) async fn lines(
        &self,
        operation: Operation,
        mut request: Request<Vec<u8>>,
    ) -> Result<impl futures::Stream<Item = std::io::Result<String>> + Send + use<>, ApiError> {
        use futures::AsyncBufReadExt as _;
        self.count_request();
        // Compressed streams arrive late and, one gzip member per event, not at all.
        request.headers_mut().insert(http::header::ACCEPT_ENCODING, http::HeaderValue::from_static("identity"));
        let (method, uri, began) = (request.method().clone(), request.uri().clone(), Instant::now());
        let limit = self.request_timeout();
        let outcome = tokio::time::timeout(limit, self.kube().request_stream(request)).await;
        let ms = began.elapsed().as_millis();
        tracing::debug!(target: "boutique::request", %method, %uri, ms, "stream");
        let failure = match outcome {
            Ok(Ok(stream)) => return Ok(stream.lines()),
            Ok(Err(kube::Error::Api(status))) => {
                let body = serde_json::to_string(&status).unwrap_or_default();
                Failure::Refused(Box::new(Refusal::read(status.code, &body, None)))
            }
            Ok(Err(error)) => Failure::Unreachable { server: self.server().to_owned(), said: said(&error) },
            Err(_) => Failure::Timeout { server: self.server().to_owned(), after: limit },
        };
        Err(ApiError { operation: Box::new(operation), failure, hint: None }.with_hint(self.identity()))
    }
}

fn said(error: &kube::Error) -> String {
    // kube's own words repeat those of the source.
    match error {
        kube::Error::Service(inner) => chain(inner.as_ref()),
        kube::Error::Auth(inner) => format!("credentials: {}", chain(inner)),
        other => other.source().map_or_else(|| other.to_string(), chain),
    }
}

fn verb_of(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "get",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "create",
    }
}

fn warnings(response: &Response<Bytes>) -> Vec<String> {
    let headers = response.headers().get_all(http::header::WARNING);
    // `299 - "text"`
    let text = |value: &str| Some(value.split_once('"')?.1.rsplit_once('"')?.0.replace("\\\"", "\""));
    headers.iter().filter_map(|value| text(value.to_str().ok()?)).collect()
}

/// How long to wait before the next try; none if there must be none.
fn pause(error: &ApiError, repeatable: bool, attempt: u32) -> Option<Duration> {
    let backoff = Duration::from_millis(200 * u64::from(attempt.pow(2)));
    match &error.failure {
        Failure::Refused(refusal) => {
            let code = StatusCode::from_u16(refusal.code).ok()?;
            // 429 and a 503 with Retry-After say that nothing was done. Other 5xx may have been done.
            let undone = code == StatusCode::TOO_MANY_REQUESTS
                || (code == StatusCode::SERVICE_UNAVAILABLE && refusal.retry_after.is_some());
            let passing = matches!(refusal.code, 500 | 502 | 503 | 504) && repeatable;
            let longest = Duration::from_secs(10);
            (undone || passing).then(|| refusal.retry_after.unwrap_or(backoff).clamp(backoff, longest))
        }
        // A connection that broke may do so again at once; one that was refused tells that nobody listens.
        Failure::Unreachable { said, .. } => {
            // The last one is a GOAWAY: the API server closes a connection when it has answered one of its requests with 401
            // (`UnauthenticatedHTTP2DOSMitigation`), or to spread its clients (`--goaway-chance`).
            let broke = ["reset", "closed", "broken pipe", "incomplete", "EOF", "canceled", "not a result of an error"];
            let broke = broke.iter().any(|word| said.contains(word)) && !said.contains("certificate");
            (broke && repeatable).then_some(backoff)
        }
        Failure::Timeout { .. } | Failure::Unreadable { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::object::Kind;

    use super::*;

    fn refused(code: u16, retry_after: Option<u64>) -> ApiError {
        ApiError {
            operation: Box::new(Operation::on("get", Kind::POD, None, None)),
            failure: Failure::Refused(Box::new(Refusal::read(code, "", retry_after.map(Duration::from_secs)))),
            hint: None,
        }
    }

    #[test]
    fn only_what_may_be_repeated_is() {
        for (code, retry_after, repeatable, expected) in [
            (429, None, false, true),
            (503, Some(1), false, true),
            (503, None, false, false),
            (503, None, true, true),
            (500, None, true, true),
            (500, None, false, false),
            (403, None, true, false),
            (404, None, true, false),
            (409, None, true, false),
        ] {
            assert_eq!(pause(&refused(code, retry_after), repeatable, 1).is_some(), expected, "{code} {repeatable}");
        }
    }

    #[test]
    fn a_server_that_asks_for_an_hour_is_not_given_it() {
        assert_eq!(pause(&refused(429, Some(3600)), true, 1), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_refused_connection_is_not_tried_again() {
        let error = |said: &str| ApiError {
            operation: Box::new(Operation::on("get", Kind::POD, None, None)),
            failure: Failure::Unreachable { server: "https://x".into(), said: said.into() },
            hint: None,
        };
        assert_eq!(pause(&error("tcp connect error: Connection refused"), true, 1), None);
        assert!(pause(&error("connection reset by peer"), true, 1).is_some());
        let goaway = "http2 error: connection error received: not a result of an error";
        assert!(pause(&error(goaway), true, 1).is_some());
        assert_eq!(pause(&error(goaway), false, 1), None, "a POST may have been done");
    }

    #[test]
    fn warnings_of_the_server_are_read() {
        let mut response = Response::new(Bytes::new());
        response.headers_mut().insert("warning", r#"299 - "unknown field \"spec.x\"""#.parse().unwrap());
        assert_eq!(warnings(&response), [r#"unknown field "spec.x""#]);
    }
}
