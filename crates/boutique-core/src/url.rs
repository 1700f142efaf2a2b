//! Where a customer outside the cluster finds the shop: its URL, and an address for its host as curl's `--resolve` says it.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// URL of a shop's home page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopUrl {
    /// Whether over TLS.
    pub secure: bool,
    /// Host name or address; an IPv6 address without its brackets.
    pub host: String,
    /// Port: the one in the URL, else the scheme's.
    pub port: u16,
    /// Path of the home page without its last slash: empty for most shops, else such as `/online-boutique`.
    pub base_path: String,
}

/// An address to use for a host and port, whatever DNS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// The host as it stands in the URL.
    pub host: String,
    /// The port of the URL.
    pub port: u16,
    /// IP address or name to connect to.
    pub address: String,
}

/// Not the URL of a shop.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no URL of a shop: {reason}; write for example http://shop.local or https://shop.local:8443")]
pub struct BadUrl {
    text: String,
    reason: &'static str,
}

/// Not `HOST:PORT:ADDRESS`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is not HOST:PORT:ADDRESS; write for example shop.local:80:192.0.2.1")]
pub struct BadResolve {
    text: String,
}

/// An address was given for another host or port than the URL's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{resolve} is not about {url}: it must begin with {}:{}:", .url.bracketed(), .url.port)]
pub struct OtherHost {
    url: ShopUrl,
    resolve: Resolve,
}

impl ShopUrl {
    /// Value of the header `Host`: with the port where it is not the scheme's own, as browsers send it.
    #[must_use]
    pub fn authority(&self) -> String {
        let port = if self.port == usual(self.secure) { String::new() } else { format!(":{}", self.port) };
        format!("{}{port}", self.bracketed())
    }

    /// The address to connect to: that of `resolve`, else the host.
    ///
    /// # Errors
    /// When `resolve` is about another host or port.
    pub fn address(&self, resolve: Option<&Resolve>) -> Result<String, OtherHost> {
        match resolve {
            None => Ok(self.host.clone()),
            Some(it) if it.host.eq_ignore_ascii_case(&self.host) && it.port == self.port => Ok(it.address.clone()),
            Some(it) => Err(OtherHost { url: self.clone(), resolve: it.clone() }),
        }
    }

    fn bracketed(&self) -> String {
        bracketed(&self.host)
    }
}

impl fmt::Display for ShopUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        let slash = if self.base_path.is_empty() { "" } else { "/" };
        write!(f, "{scheme}://{}{}{slash}", self.authority(), self.base_path)
    }
}

impl fmt::Display for Resolve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", bracketed(&self.host), self.port, self.address)
    }
}

impl FromStr for ShopUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        let bad = |reason| BadUrl { text: text.to_owned(), reason };
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| bad("it begins with neither http:// nor https://"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(bad("it begins with neither http:// nor https://")),
        };
        if rest.contains(['?', '#', '@']) {
            return Err(bad("it holds more than host, port and path"));
        }
        if rest.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(bad("it holds a blank"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_host(authority).ok_or_else(|| bad("its host or port cannot be read"))?;
        let port = match port {
            None => usual(secure),
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(|| bad("its port is no port"))?,
        };
        let base_path = match path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        Ok(Self { secure, host, port, base_path })
    }
}

impl FromStr for Resolve {
    type Err = BadResolve;

    fn from_str(text: &str) -> Result<Self, BadResolve> {
        let read = || {
            let (host, rest) = match text.strip_prefix('[') {
                Some(bracketed) => bracketed.split_once("]:")?,
                None => text.split_once(':')?,
            };
            let (port, address) = rest.split_once(':')?;
            let address = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
            let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
            let usable = |name: &str| !name.is_empty() && !name.contains(['/', ',', ' ']);
            (usable(host) && usable(address)).then(|| Self { host: host.to_owned(), port, address: address.to_owned() })
        };
        read().ok_or_else(|| BadResolve { text: text.to_owned() })
    }
}

fn usual(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// A host as it stands before a port: an IPv6 address in brackets.
pub fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Host and port of `host`, `host:port`, `[::1]` or `[::1]:port`.
fn split_host(authority: &str) -> Option<(String, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
        return host.contains(':').then(|| (host.to_owned(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let usable = !host.is_empty() && !port.is_some_and(|port| port.contains(':'));
    usable.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mk_url(text: &str) -> ShopUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_has_the_port_of_its_scheme_unless_it_says_another() {
        assert_eq!((mk_url("http://shop.local").port, mk_url("https://shop.local/").port), (80, 443));
        let url = mk_url("HTTPS://shop.local:8443/online-boutique/");
        assert_eq!((url.secure, url.port, url.base_path.as_str()), (true, 8443, "/online-boutique"));
        assert_eq!(url.to_string(), "https://shop.local:8443/online-boutique/");
        assert_eq!(url.authority(), "shop.local:8443");
        assert_eq!(mk_url("http://[::1]:80/").authority(), "[::1]");
    }

    #[test]
    fn what_is_no_url_of_a_shop_is_refused_with_an_example() {
        for wrong in [
            "",
            "shop.local",
            "ftp://shop.local",
            "http://",
            "http://:80",
            "http://shop.local:0",
            "http://shop.local:99999",
            "http://user@shop.local",
            "http://shop.local/?a=b",
            "http://shop local",
            "http://a:1:2",
            "http://[::1",
        ] {
            let said = wrong.parse::<ShopUrl>().unwrap_err().to_string();
            assert!(said.contains("http://shop.local"), "{said}");
        }
    }

    #[test]
    fn an_address_is_for_the_host_and_port_of_the_url_only() {
        let resolve: Resolve = "shop.local:80:192.0.2.1".parse().unwrap();
        assert_eq!(mk_url("http://Shop.local").address(Some(&resolve)), Ok("192.0.2.1".to_owned()));
        assert_eq!(mk_url("http://shop.local").address(None), Ok("shop.local".to_owned()));
        let said = mk_url("https://shop.local").address(Some(&resolve)).unwrap_err().to_string();
        assert_eq!(said, "shop.local:80:192.0.2.1 is not about https://shop.local: it must begin with shop.local:443:");
    }

    #[test]
    fn addresses_of_six_are_read_with_and_without_brackets() {
        for text in ["shop.local:80:::1", "shop.local:80:[::1]"] {
            assert_eq!(text.parse::<Resolve>().unwrap().address, "::1", "{text}");
        }
        assert_eq!("[::1]:80:192.0.2.1".parse::<Resolve>().unwrap().host, "::1");
        for wrong in ["", "shop.local", "shop.local:80", "shop.local:80:", ":80:192.0.2.1", "shop.local:x:192.0.2.1"] {
            assert!(wrong.parse::<Resolve>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic_and_what_is_read_reads_the_same_again(text in ".{0,40}") {
            if let Ok(url) = text.parse::<ShopUrl>() {
                prop_assert_eq!(url.to_string().parse::<ShopUrl>(), Ok(url));
            }
            let _ = text.parse::<Resolve>();
        }

        #[test]
        fn urls_of_all_forms_read_the_same_again(
            secure: bool, host in "[a-z0-9.-]{1,20}|([0-9a-f]{1,4}:){7}[0-9a-f]", port in 1_u16.., path in "(/[a-z0-9-]{1,8}){0,3}"
        ) {
            let url = ShopUrl { secure, host, port, base_path: path };
            prop_assert_eq!(url.to_string().parse::<ShopUrl>(), Ok(url));
        }
    }
}
