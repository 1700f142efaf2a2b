//! Until when a certificate holds.
//!
//! A server refuses an expired client certificate with no more than "Unauthorized". Reading one date from the file in
//! our hands tells the user what to renew, and does not deserve an X.509 library.

use jiff::Timestamp;
use k8s_openapi::ByteString;

const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The `notAfter` of the first certificate of a PEM text; none if there is no readable one.
pub(super) fn not_after(pem: &str) -> Option<Timestamp> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der: ByteString = serde_json::from_value(serde_json::Value::String(base64)).ok()?;
    // Certificate → TBSCertificate → [version] serial algorithm issuer validity
    let certificate = Element::first(&der.0, SEQUENCE)?;
    let mut rest = Element::first(certificate.content, SEQUENCE)?.content;
    let version = Element::read(rest)?;
    if version.tag == EXPLICIT_VERSION {
        rest = version.rest;
    }
    for _ in 0..3 {
        rest = Element::read(rest)?.rest;
    }
    let validity = Element::first(rest, SEQUENCE)?;
    let not_before = Element::read(validity.content)?;
    let not_after = Element::read(not_before.rest)?;
    time(not_after.tag, std::str::from_utf8(not_after.content).ok()?)
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&tag, bytes) = bytes.split_first()?;
        let (&first, bytes) = bytes.split_first()?;
        let (length, bytes) = if first < 0x80 {
            (usize::from(first), bytes)
        } else {
            let count = usize::from(first & 0x7f);
            if count > 4 || bytes.len() < count {
                return None;
            }
            let (digits, bytes) = bytes.split_at(count);
            (digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit)), bytes)
        };
        (bytes.len() >= length).then(|| Self { tag, content: &bytes[..length], rest: &bytes[length..] })
    }

    fn first(bytes: &'a [u8], tag: u8) -> Option<Self> {
        Self::read(bytes).filter(|element| element.tag == tag)
    }
}

fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let text = match tag {
        // Two digits of a year: below 50 is this century (RFC 5280 §4.1.2.5.1).
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| text.get(range);
    let rfc3339 = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    );
    rfc3339.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl ca -selfsign -startdate 20240101000000Z -enddate 20240201000000Z`; its key was thrown away.
    const EXPIRED: &str = include_str!("expired.pem");

    #[test]
    fn the_end_of_a_certificate_is_read() {
        assert_eq!(not_after(EXPIRED).unwrap().to_string(), "2024-02-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        assert_eq!(not_after(""), None);
        assert_eq!(not_after("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"), None);
        for length in (0..EXPIRED.len()).step_by(7) {
            let _ = not_after(&format!("{}\n-----END CERTIFICATE-----", &EXPIRED[..length]));
        }
    }
}
