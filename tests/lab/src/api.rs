//! A small client of the lab's API server: enough to see that it is ready and to apply the lab's own objects.
//!
//! It speaks HTTP/1.0, so that an answer is simply what comes until the server hangs up. It does not watch, retry or
//! keep connections; the project's real client is `boutique-cluster`, which the lab must not need.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::pki::Pair;

/// A client of one API server.
#[derive(Clone, Debug)]
pub struct Api {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Api {
    /// A client that trusts `authority` and shows `client`.
    pub(crate) fn new(address: SocketAddr, authority: &str, client: &Pair) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(
            CertificateDer::from_pem_slice(authority.as_bytes()).map_err(|error| anyhow!("authority: {error}"))?,
        )?;
        let certificate = CertificateDer::from_pem_slice(client.certificate.as_bytes())
            .map_err(|error| anyhow!("client certificate: {error}"))?;
        let key =
            PrivateKeyDer::from_pem_slice(client.key.as_bytes()).map_err(|error| anyhow!("client key: {error}"))?;
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)?;
        Ok(Self { address, tls: Arc::new(tls) })
    }

    /// Status code and body of a GET.
    ///
    /// # Errors
    /// When there is no answer; an answer of any status is none.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        self.request("GET", path, "application/json", "")
    }

    /// The object or list at a path.
    ///
    /// # Errors
    /// When there is no answer, or another status than 200.
    pub fn read(&self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path)?;
        if status != 200 {
            bail!("GET {path}: {status} {}", said(&body));
        }
        serde_json::from_str(&body).with_context(|| format!("answer of GET {path}"))
    }

    /// Creates an object.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn create(&self, path: &str, object: &Value) -> Result<()> {
        let (status, body) = self.request("POST", path, "application/json", &object.to_string())?;
        if !matches!(status, 200..=299) {
            bail!("POST {path}: {status} {}", said(&body));
        }
        Ok(())
    }

    /// Applies an object on the server's side; the path names it.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn apply(&self, path: &str, object: &Value) -> Result<()> {
        let path = format!("{path}?fieldManager=boutique-lab&force=true");
        let (status, body) = self.request("PATCH", &path, "application/apply-patch+yaml", &object.to_string())?;
        if !matches!(status, 200..=299) {
            bail!("apply {path}: {status} {}", said(&body));
        }
        Ok(())
    }

    fn request(&self, method: &str, path: &str, content: &str, body: &str) -> Result<(u16, String)> {
        let asked = || format!("{method} {path} of https://{}", self.address);
        let limit = Some(Duration::from_secs(15));
        let socket = TcpStream::connect_timeout(&self.address, Duration::from_secs(5)).with_context(asked)?;
        socket.set_read_timeout(limit)?;
        socket.set_write_timeout(limit)?;
        let name = match self.address.ip() {
            IpAddr::V4(ip) => ServerName::from(IpAddr::from(ip)),
            IpAddr::V6(ip) => ServerName::from(IpAddr::from(ip)),
        };
        let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(&self.tls), name)?, socket);
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nUser-Agent: boutique-lab\r\nAccept: application/json\r\nContent-Type: {content}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .with_context(asked)?;
        let mut answer = Vec::new();
        // A server that hangs up without TLS's goodbye is no failure once the answer is there.
        if let Err(error) = stream.read_to_end(&mut answer)
            && answer.is_empty()
        {
            return Err(error).with_context(asked);
        }
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{}: no complete answer", asked()))?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.with_context(|| format!("{}: no status in {head:?}", asked()))?, body.to_owned()))
    }
}

/// What a Kubernetes Status says, or the body as it is.
fn said(body: &str) -> String {
    let message =
        serde_json::from_str::<Value>(body).ok().and_then(|status| Some(status.get("message")?.as_str()?.to_owned()));
    message.unwrap_or_else(|| body.trim().chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_servers_own_words() {
        assert_eq!(said(r#"{"kind":"Status","message":"nodes \"a\" already exists"}"#), "nodes \"a\" already exists");
        assert_eq!(said("nope\n"), "nope");
    }
}
