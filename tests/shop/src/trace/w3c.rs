//! The headers that carry a trace from caller to callee: W3C Trace Context, and Baggage, which is only handed on.

use http::{HeaderMap, HeaderValue};
use std::fmt::Write;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// A place in a trace: that of the span which everything from here on belongs below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    /// What other vendors keep in the trace, as it came.
    pub(super) state: Option<HeaderValue>,
}

impl Position {
    /// The caller's, if there is a valid one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(TRACEPARENT)?.to_str().ok()?;
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version: [u8; 1] = bytes(version)?;
        let _: [u8; 1] = bytes(flags)?;
        // Later versions may add parts; 255 is none.
        if version == [255] || version == [0] && parts.next().is_some() {
            return None;
        }
        let position = Self { trace: bytes(trace)?, span: bytes(span)?, state: headers.get(TRACESTATE).cloned() };
        (position.trace != [0; 16] && position.span != [0; 8]).then_some(position)
    }

    /// Tells a callee.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let mut text = "00-".to_owned();
        hex(&mut text, &self.trace);
        text.push('-');
        hex(&mut text, &self.span);
        text.push_str("-01");
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(TRACEPARENT, value);
        }
        if let Some(state) = &self.state {
            headers.insert(TRACESTATE, state.clone());
        }
    }
}

/// What the caller wants every callee further down to know.
pub(super) fn baggage(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(BAGGAGE).cloned()
}

/// Hands it on.
pub(super) fn write_baggage(baggage: &HeaderValue, headers: &mut HeaderMap) {
    headers.insert(BAGGAGE, baggage.clone());
}

fn hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
    }
}

/// Lower-case hexadecimal digits of exactly that many bytes.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 2 * N || !text.bytes().all(is_digit) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(traceparent: &str) -> Option<Position> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(traceparent).unwrap());
        Position::of(&headers)
    }

    #[test]
    fn what_is_no_traceparent_starts_a_trace_of_its_own() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for valid in
            [format!("00-{trace}-{span}-01"), format!("00-{trace}-{span}-00"), format!("cc-{trace}-{span}-01-x")]
        {
            assert!(read(&valid).is_some(), "{valid}");
        }
        for invalid in [
            String::new(),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-x"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}1-{span}-01"),
            format!("00-{}-{span}-01", "ä".repeat(16)),
        ] {
            let Ok(value) = HeaderValue::from_bytes(invalid.as_bytes()) else { continue };
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(TRACEPARENT), value)]);
            assert_eq!(Position::of(&headers), None, "{invalid}");
        }
    }

    proptest! {
        #[test]
        fn a_position_reads_back_as_it_was_written(trace: [u8; 16], span: [u8; 8]) {
            prop_assume!(trace != [0; 16] && span != [0; 8]);
            let position = Position { trace, span, state: Some(HeaderValue::from_static("a=b")) };
            let mut headers = HeaderMap::new();
            position.write(&mut headers);
            prop_assert_eq!(Position::of(&headers), Some(position));
        }

        #[test]
        fn no_header_is_too_wild(value in "[ -~]{0,80}") {
            read(&value);
        }
    }
}
