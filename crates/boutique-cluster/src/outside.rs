//! The shop's pages as a customer gets them: by URL, from this machine, through whatever stands before the shop.

use std::{io, sync::Arc};

use boutique_core::url::{OtherHost, Resolve, ShopUrl, bracketed};
use http::header::{HOST, HeaderValue};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs},
};

use crate::{
    edge::reach::any_certificate,
    kept::{Connection, Kept},
    storefront::Reply,
};

/// Who must have signed the certificate of an `https` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// An authority that this machine trusts.
    Machine,
    /// One of these authorities (PEM).
    Authorities(String),
    /// Anybody. What is asked for is public and what is sent belongs to nobody, so this is enough to see whether pages work.
    Anybody,
}

/// A URL cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unaskable {
    /// An address was given for another host.
    #[error("{0}")]
    OtherHost(#[from] OtherHost),
    /// The host cannot stand in a certificate.
    #[error("{0:?} is no host name that a certificate can bear")]
    Host(String),
    /// Authorities cannot be read.
    #[error("no certificate of an authority was found {place}{reason}")]
    Authorities {
        /// Where they were looked for.
        place: &'static str,
        /// What was wrong, with a colon before it; may be empty.
        reason: String,
    },
    /// This build cannot speak TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// A shop by its URL.
#[derive(Clone)]
pub(crate) struct Outside {
    url: ShopUrl,
    host: HeaderValue,
    address: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    kept: Kept,
}

impl Outside {
    pub(crate) fn new(url: ShopUrl, resolve: Option<&Resolve>, trust: &Trust) -> Result<Self, Unaskable> {
        let address = url.address(resolve)?;
        let bad_host = |_| Unaskable::Host(url.host.clone());
        let host = HeaderValue::try_from(url.authority()).map_err(|_| Unaskable::Host(url.host.clone()))?;
        let tls = match url.secure {
            true => Some((connector(trust)?, ServerName::try_from(url.host.clone()).map_err(bad_host)?)),
            false => None,
        };
        Ok(Self { url, host, address, tls, kept: Kept::default() })
    }

    pub(crate) fn url(&self) -> &ShopUrl {
        &self.url
    }

    /// URL and, where it is not the host itself, the address; for people.
    pub(crate) fn describe(&self) -> String {
        match self.address == self.url.host {
            true => self.url.to_string(),
            false => format!("{} ({})", self.url, self.place()),
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", bracketed(&self.address), self.url.port)
    }

    /// Sends a request; its URI is a path.
    pub(crate) async fn send(&self, mut request: http::Request<Vec<u8>>) -> Reply {
        request.headers_mut().insert(HOST, self.host.clone());
        let place = self.place();
        self.kept.send(request, &place, self.dial(&place)).await
    }

    async fn dial(&self, place: &str) -> Result<Connection, Reply> {
        let nobody = |error: &dyn std::fmt::Display| Reply::Nobody(format!("{place}: {error}"));
        let stream = match TcpStream::connect((self.address.as_str(), self.url.port)).await {
            Ok(stream) => stream,
            Err(error) if self.address.parse::<std::net::IpAddr>().is_err() => {
                let resolve = format!("{}:{}:ADDRESS", self.url.host, self.url.port);
                return Err(Reply::Nobody(format!("{place}: {error} (--resolve {resolve} names another place)")));
            }
            Err(error) if is_ours(&error) => return Err(Reply::Unknown(format!("{place}: this machine: {error}"))),
            Err(error) => return Err(nobody(&error)),
        };
        stream.set_nodelay(true).map_err(|error| nobody(&error))?;
        // A connection that is given up closes at once. Thousands that linger would leave this machine without ports.
        stream.set_zero_linger().map_err(|error| nobody(&error))?;
        match &self.tls {
            None => talk(stream).await.map_err(|error| nobody(&error)),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(|error| nobody(&error))?;
                talk(stream).await.map_err(|error| nobody(&error))
            }
        }
    }
}

/// Whether this machine itself is out of ports or open files, which says nothing about the shop.
fn is_ours(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || is_out_of_files(error)
}

#[cfg(unix)]
fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_out_of_files(error: &io::Error) -> bool {
    // WSAEMFILE
    error.raw_os_error() == Some(10_024)
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> hyper::Result<Connection> {
    let (connection, driver) = handshake(TokioIo::new(stream)).await?;
    // It ends when the connection is dropped, and who uses that learns of its errors.
    tokio::spawn(driver);
    Ok(connection)
}

fn connector(trust: &Trust) -> Result<TlsConnector, Unaskable> {
    let (certificates, place, mut reason) = match trust {
        Trust::Machine => {
            let found = rustls_native_certs::load_native_certs();
            let reason = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
            (found.certs, "on this machine", reason)
        }
        Trust::Anybody => return any_certificate().map(|(connector, _)| connector).map_err(Unaskable::Tls),
        Trust::Authorities(pem) => {
            let found = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten().collect();
            (found, "in the file", String::new())
        }
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        // Machines keep certificates that no library reads any more; the others still count.
        if let Err(error) = roots.add(certificate) {
            reason = format!(": {error}");
        }
    }
    if roots.is_empty() {
        return Err(Unaskable::Authorities { place, reason });
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Unaskable::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
