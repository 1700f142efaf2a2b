//! The span of one gRPC call, which ends when the call's status is known: with an error in the first headers of an
//! answer, with everything else in the trailers at its end.

use super::{
    library::{End, Ends, Library, Side},
    span::Open,
};
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tonic::{Status, body::Body};

/// A call under way. Nobody waiting for it any more ends it, too.
#[derive(Debug)]
pub(super) struct Call {
    span: Option<Open>,
    library: Library,
    side: Side,
    ends: Ends,
    /// When it began, and how long its caller wants to wait.
    deadline: Option<(Instant, Duration)>,
}

impl Call {
    pub(super) fn new(span: Open, library: Library, side: Side, headers: &HeaderMap) -> Self {
        let deadline = timeout(headers).map(|timeout| (Instant::now(), timeout));
        Self { span: Some(span), library, side, ends: Ends::default(), deadline }
    }

    /// Notes where the call went.
    pub(super) fn went_to(&mut self, ends: Ends) {
        self.ends = ends;
    }

    /// Ends the span, the first time.
    pub(super) fn end(&mut self, status: &Status) {
        self.end_with(status.into());
    }

    fn end_with(&mut self, end: End<'_>) {
        if let Some(span) = self.span.take() {
            let (attributes, status) = self.library.at_end(self.side, end, self.ends);
            span.end(attributes, status);
        }
    }

    /// Ends the span if there is a status in these headers or trailers.
    fn end_by(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            // The status itself knows no number but those that have a name.
            let number = headers.get("grpc-status").and_then(|number| number.to_str().ok()?.parse().ok());
            self.end_with(End { number: number.unwrap_or_else(|| status.code().into()), message: status.message() });
        }
    }

    /// Follows an answer to its end.
    pub(super) fn follow(mut self, answer: http::Response<Body>) -> http::Response<Body> {
        self.end_by(answer.headers());
        if self.span.is_none() {
            return answer;
        }
        answer.map(|body| Body::new(Followed { body, call: self }))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let is_late = self.deadline.is_some_and(|(begun, timeout)| begun.elapsed() >= timeout);
        self.end(&if is_late {
            Status::deadline_exceeded("context deadline exceeded")
        } else {
            Status::cancelled("context canceled")
        });
    }
}

/// How long the caller waits, in gRPC's notation: digits and a unit.
fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount.checked_mul(3600)?),
        "M" => Duration::from_secs(amount.checked_mul(60)?),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// The body of an answer on its way.
struct Followed {
    body: Body,
    call: Call,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.call.end_by(trailers);
                }
            }
            Some(Err(status)) => self.call.end(status),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn timeouts_have_a_unit() {
        let read = |text: &'static str| {
            timeout(&HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-timeout"),
                HeaderValue::from_static(text),
            )]))
        };
        assert_eq!(read("100m"), Some(Duration::from_millis(100)));
        assert_eq!(read("100000u"), Some(Duration::from_millis(100)));
        assert_eq!(read("2S"), Some(Duration::from_secs(2)));
        assert_eq!([read(""), read("S"), read("5"), read("99999999999999999999S")], [None; 4]);
    }
}
