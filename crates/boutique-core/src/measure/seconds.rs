//! Spans of time in data: seconds with a fraction, as programs expect them.

use std::time::Duration;

use serde::Serializer;

/// To three digits behind the point.
fn rounded(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// For `#[serde(serialize_with)]`.
pub(crate) fn span<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*duration))
}

/// The same for a span that may be absent.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
pub(crate) fn maybe<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.serialize_some(&rounded(*duration)),
        None => serializer.serialize_none(),
    }
}
