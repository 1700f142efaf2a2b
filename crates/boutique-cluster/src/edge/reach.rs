//! Requests for the shop's host, as a customer's browser would send them: from inside the cluster over a port-forward to a
//! controller pod, and from here to the address of the controller.
//!
//! The API server's service proxy is no way for them: it puts its own `Host` header on every request.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use boutique_core::{
    edge::probe::{Answer, CertificateFacts, Probe, Via},
    url::bracketed,
};
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, LOCATION, SERVER};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
        client::{
            WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    },
};

use super::x509;
use crate::{
    connect::Cluster,
    port_forward::{NoTunnel, tunnel},
};

/// How long one request may take: a page that is slower is no page that a customer sees.
const LIMIT: Duration = Duration::from_secs(8);
/// How much of an answer is looked at.
const BODY: usize = 256 << 10;

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// Host name, as it stands in the browser.
    pub(super) host: String,
    /// Path of the shop's home page.
    pub(super) path: String,
    /// Whether over TLS.
    pub(super) tls: bool,
    /// Certificate of the authority that must have signed the server's, PEM. Without it any certificate is taken and
    /// only looked at.
    pub(super) authority: Option<String>,
}

impl Ask {
    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    fn probe(&self, via: Via, (answer, certificate): (Answer, Option<CertificateFacts>)) -> Probe {
        Probe {
            host: self.host.clone(),
            scheme: self.scheme().to_owned(),
            path: self.path.clone(),
            via,
            answer,
            certificate,
        }
    }
}

/// Asks a controller pod over the API server. An error says that the API server was in the way, nothing about the edge.
pub(super) async fn from_inside(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    port: u16,
    ask: &Ask,
) -> Result<Probe, String> {
    let asked = async {
        match tunnel(cluster, namespace, pod, port).await {
            Ok((stream, _forward)) => Ok(send(stream, ask, &authority(ask, None)).await),
            Err(NoTunnel::Gone) => Ok((Answer::Refused(format!("pod {pod} is gone")), None)),
            Err(NoTunnel::Failed(why)) => Err(why),
        }
    };
    let answer = tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| Ok((late(), None)))?;
    Ok(ask.probe(Via::Inside, answer))
}

/// Asks the address of the controller from this machine.
pub(super) async fn from_outside(address: &str, port: u16, ask: &Ask) -> Probe {
    let asked = async {
        match TcpStream::connect((address, port)).await {
            Ok(stream) => send(stream, ask, &authority(ask, Some(port))).await,
            Err(error) => (Answer::Refused(error.to_string()), None),
        }
    };
    let answer = tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| (late(), None));
    ask.probe(Via::Outside(format!("{}:{port}", bracketed(address))), answer)
}

fn late() -> Answer {
    Answer::TimedOut(format!("no answer within {} s", LIMIT.as_secs()))
}

/// The header `Host`: with the port where it is not the scheme's own, as browsers send it. Redirects depend on it.
fn authority(ask: &Ask, port: Option<u16>) -> String {
    let usual = if ask.tls { 443 } else { 80 };
    match port {
        Some(port) if port != usual => format!("{}:{port}", ask.host),
        _ => ask.host.clone(),
    }
}

async fn send<S>(stream: S, ask: &Ask, host: &str) -> (Answer, Option<CertificateFacts>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if !ask.tls {
        return (exchange(stream, ask, host).await, None);
    }
    let (connector, witness) = match connector(ask.authority.as_deref()) {
        Ok(connector) => connector,
        Err(why) => return (Answer::TlsFailed(why), None),
    };
    let Ok(name) = ServerName::try_from(ask.host.clone()) else {
        return (Answer::TlsFailed(format!("{:?} is no host name", ask.host)), None);
    };
    let connected = connector.connect(name, stream).await;
    let certificate = witness.seen();
    match connected {
        Ok(stream) => (exchange(stream, ask, host).await, certificate),
        Err(error) => (Answer::TlsFailed(error.to_string()), certificate),
    }
}

async fn exchange<S>(stream: S, ask: &Ask, host: &str) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = http::Request::builder()
        .uri(&ask.path)
        .header(HOST, host)
        .header(ACCEPT, "text/html")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new());
    let request = match request {
        Ok(request) => request,
        Err(error) => return Answer::Refused(format!("{} is no path to ask for: {error}", ask.path)),
    };
    let (mut sender, driver) = match handshake(TokioIo::new(stream)).await {
        Ok(connection) => connection,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    let driver = tokio::spawn(driver);
    let answered = sender.send_request(request).await;
    let answer = match answered {
        Ok(response) => read(response).await,
        Err(error) => Answer::Refused(format!("the connection broke: {error}")),
    };
    driver.abort();
    answer
}

async fn read(response: http::Response<hyper::body::Incoming>) -> Answer {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (status, server, location) = (response.status().as_u16(), text(SERVER), text(LOCATION));
    // What came before the limit or a break is enough to tell whose answer it is.
    let body = match Limited::new(response.into_body(), BODY).collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(error) => format!("(the body cannot be read: {error})"),
    };
    Answer::Http { status, server, location, body }
}

/// A connector that takes any certificate.
pub(crate) fn any_certificate() -> Result<(TlsConnector, Arc<Witness>), String> {
    connector(None)
}

/// A connector, and the witness that remembers which certificate was shown.
fn connector(authority: Option<&str>) -> Result<(TlsConnector, Arc<Witness>), String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let judge = match authority {
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()).flatten() {
                roots.add(certificate).map_err(|error| error.to_string())?;
            }
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
            Some(verifier.map_err(|error| error.to_string())?)
        }
        None => None,
    };
    let witness = Arc::new(Witness { provider: Arc::clone(&provider), judge, shown: Mutex::new(None) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    Ok((TlsConnector::from(Arc::new(config)), witness))
}

/// Remembers the certificate that was shown, and lets a judge decide about it where there is one. Without one, the request
/// carries nothing worth stealing: it asks for a public page.
#[derive(Debug)]
pub(crate) struct Witness {
    provider: Arc<CryptoProvider>,
    judge: Option<Arc<WebPkiServerVerifier>>,
    shown: Mutex<Option<Vec<u8>>>,
}

impl Witness {
    fn seen(&self) -> Option<CertificateFacts> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref().and_then(|der| x509::read(der).ok())
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        match &self.judge {
            Some(judge) => judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_has_a_port_only_where_a_browser_sends_one() {
        let ask = |tls| Ask { host: "shop.local".to_owned(), path: "/".to_owned(), tls, authority: None };
        assert_eq!(authority(&ask(true), Some(443)), "shop.local");
        assert_eq!(authority(&ask(true), Some(31_109)), "shop.local:31109");
        assert_eq!(authority(&ask(false), Some(80)), "shop.local");
        assert_eq!(authority(&ask(false), None), "shop.local");
    }
}
