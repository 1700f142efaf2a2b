//! What one request through the edge was answered, and whether it was the shop that did.

use jiff::Timestamp;

use super::controller::Controller;

/// A request for the shop's home page, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The host that was asked for.
    pub host: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Path, with the base path.
    pub path: String,
    /// Where it came from.
    pub via: Via,
    /// What came back.
    pub answer: Answer,
    /// The certificate that was shown, whether or not it was trusted.
    pub certificate: Option<CertificateFacts>,
}

/// The way a request took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// Through the API server to the controller's Service or to one of its pods.
    Inside,
    /// Straight to this address and port, as a browser does.
    Outside(String),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An answer in HTTP.
    Http {
        /// Status.
        status: u16,
        /// Where a redirect leads.
        location: Option<String>,
        /// The header `Server`.
        server: Option<String>,
        /// The body, or its beginning.
        body: String,
    },
    /// Nobody listens there, in the words of who tried.
    Refused(String),
    /// Nothing came within the time, in the words of who waited.
    TimedOut(String),
    /// The TLS handshake failed, in the words of who tried.
    TlsFailed(String),
}

/// What a certificate says, as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
    /// The names it is for: DNS names and addresses; the common name where there are none.
    pub names: Vec<String>,
    /// Common name of who it is for.
    pub subject: String,
    /// Common name of who signed it.
    pub issuer: String,
}

impl CertificateFacts {
    /// Whether it is for this host; an asterisk stands for exactly one part of a name.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| name_covers(name, host))
    }
}

fn name_covers(name: &str, host: &str) -> bool {
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((first, rest))) => first != "*" && !first.is_empty() && domain.eq_ignore_ascii_case(rest),
        _ => false,
    }
}

/// Whether an answer is the shop's home page.
///
/// The page of an error is the shop's, too: whoever asks for the way to the shop has found it, and the stack's own
/// findings say what is wrong with it.
#[must_use]
pub fn is_shop(status: u16, body: &str) -> bool {
    let is_page = body.contains("Online Boutique") || body.contains("Hot Products");
    let is_failure = status == 500 && (body.contains("rpc error") || body.contains("could not retrieve"));
    is_page || is_failure
}

/// Whether an answer is the controller's own for a host that it does not know.
#[must_use]
pub fn is_unknown_host(known: Option<&Controller>, status: u16, body: &str) -> bool {
    status == 404 && !is_shop(status, body) && known.is_none_or(|known| body.contains(known.not_found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::{ControllerKind, controller};

    #[test]
    fn an_asterisk_stands_for_one_part() {
        for (name, host, covers) in [
            ("shop.local", "shop.local", true),
            ("Shop.Local", "shop.local", true),
            ("*.shop.local", "grafana.shop.local", true),
            ("*.shop.local", "*.shop.local", true),
            ("*.shop.local", "a.b.shop.local", false),
            ("*.shop.local", "shop.local", false),
            ("*.local", "shop.local", true),
            ("shop.example", "shop.local", false),
        ] {
            assert_eq!(name_covers(name, host), covers, "{name} {host}");
        }
    }

    #[test]
    fn the_shop_is_known_by_its_pages_and_by_its_errors() {
        assert!(is_shop(200, "<title>Online Boutique</title>"));
        assert!(is_shop(500, "could not retrieve cart: rpc error: code = Unavailable"));
        assert!(!is_shop(200, "Welcome to nginx!"));
        assert!(!is_shop(502, "<center>nginx</center>"));
    }

    #[test]
    fn every_controller_is_known_by_what_it_says_to_strangers() {
        for (kind, body) in [
            (ControllerKind::F5Nginx, "<hr><center>nginx/1.29.0</center>"),
            (ControllerKind::IngressNginx, "<hr><center>nginx</center>"),
            (ControllerKind::Traefik, "404 page not found\n"),
        ] {
            assert!(is_unknown_host(controller(kind), 404, body), "{kind}");
            assert!(!is_unknown_host(controller(kind), 404, "no such blog post"), "{kind}");
        }
        assert!(is_unknown_host(None, 404, "whatever"));
    }
}
