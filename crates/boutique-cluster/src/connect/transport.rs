//! The HTTP below a connection: kube's own stack, but for sockets that send at once and HTTP/2 where the server has it.
//!
//! kube's client lets the kernel hold small packets back until earlier ones are acknowledged, which costs up to 40 ms a
//! request, and speaks HTTP/1.1 only, which costs a TLS handshake for every request that runs beside another.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, header};
use hyper::body::Incoming;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use kube::client::{Body, ConfigExt as _};
use rustls_pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto};
use tower::{BoxError, Service, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

/// How long an HTTP/2 connection with requests under way may be silent before it is asked for a sign of life, and how
/// long that may take; client-go's values. Without, a watch on a dead connection would wait for ever.
const SILENCE: Duration = Duration::from_secs(30);
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

type Https = TimeoutConnector<HttpsConnector<HttpConnector>>;

/// The client of a configuration. Behind a proxy it is kube's own.
pub(super) fn client(mut config: kube::Config) -> Result<kube::Client, kube::Error> {
    if config.proxy_url.is_some() {
        return kube::Client::try_from(config);
    }
    if crypto::CryptoProvider::get_default().is_none() {
        // It fails only when somebody was quicker, with the same provider.
        let _ = crypto::aws_lc_rs::default_provider().install_default();
    }
    let auth = config.auth_layer()?;
    if auth.is_some() {
        // The command has answered with a token. Asked for the certificate too, kube would run it again.
        config.auth_info.exec = None;
    }
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(auth)
        .layer(config.extra_headers_layer()?)
        .service(Http::new(&config)?);
    Ok(kube::Client::new(service, config.default_namespace))
}

/// Sends requests, those that turn into another protocol over connections of HTTP/1.1, which alone can.
#[derive(Clone)]
struct Http {
    requests: Client<Https, Body>,
    upgrades: Client<Https, Body>,
}

impl Http {
    fn new(config: &kube::Config) -> Result<Self, kube::Error> {
        let tls = config.rustls_client_config()?;
        let mut requests = Client::builder(TokioExecutor::new());
        requests.timer(TokioTimer::new()).http2_keep_alive_interval(SILENCE).http2_keep_alive_timeout(SIGN_OF_LIFE);
        let upgrades = Client::builder(TokioExecutor::new());
        Ok(Self {
            requests: requests.build(https(config, tls.clone(), Versions::All)?),
            upgrades: upgrades.build(https(config, tls, Versions::Http1)?),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Versions {
    All,
    Http1,
}

fn https(config: &kube::Config, tls: ClientConfig, versions: Versions) -> Result<Https, kube::Error> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = ServerName::try_from(name.clone()).map_err(|error| kube::Error::Service(error.into()))?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let https = match versions {
        Versions::All => builder.enable_all_versions().wrap_connector(http),
        Versions::Http1 => builder.enable_http1().wrap_connector(http),
    };
    let mut https = TimeoutConnector::new(https);
    https.set_connect_timeout(config.connect_timeout);
    https.set_read_timeout(config.read_timeout);
    https.set_write_timeout(config.write_timeout);
    Ok(https)
}

impl Service<Request<Body>> for Http {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let upgrade = request.headers().contains_key(header::UPGRADE);
        let answer = if upgrade { &self.upgrades } else { &self.requests }.request(request);
        Box::pin(async move { answer.await.map_err(BoxError::from) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{net::TcpListener, sync::mpsc};
    use tokio_rustls::{TlsAcceptor, rustls};

    use crate::connect::{Cluster, ConnectSpec};

    /// A server that speaks both versions and hangs up once it knows which one is wanted.
    async fn server() -> (Cluster, mpsc::UnboundedReceiver<Option<String>>) {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("https://{}", listener.local_addr().unwrap());
        let (version_tx, version_rx) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stream = acceptor.accept(stream).await.unwrap();
                let version = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap());
                version_tx.send(version).unwrap();
            }
        });
        let spec = ConnectSpec { host: Some(host), insecure: Some(true), ..ConnectSpec::default() };
        (Cluster::connect(&spec).await.unwrap(), version_rx)
    }

    fn version() -> http::Request<Vec<u8>> {
        http::Request::get("/version").body(Vec::new()).unwrap()
    }

    #[tokio::test]
    async fn requests_go_over_http_2() {
        let (cluster, mut version_rx) = server().await;
        cluster.raw(version()).await.unwrap_err();
        assert_eq!(version_rx.recv().await.unwrap().as_deref(), Some("h2"));
    }

    #[tokio::test]
    async fn what_becomes_another_protocol_goes_over_http_1() {
        let (cluster, mut version_rx) = server().await;
        cluster.kube().connect(version()).await.map(drop).unwrap_err();
        assert_ne!(version_rx.recv().await.unwrap().as_deref(), Some("h2"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_command_that_prints_a_token_runs_once() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (command, runs) = (folder.path().join("token"), folder.path().join("runs"));
        let answer =
            r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}"#;
        std::fs::write(&command, format!("#!/bin/sh\necho run >> {}\necho '{answer}'\n", runs.display())).unwrap();
        std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
        let exec = crate::connect::Exec {
            api_version: "client.authentication.k8s.io/v1".into(),
            command: command.display().to_string(),
            ..Default::default()
        };
        let host = Some("https://127.0.0.1:1".to_owned());
        Cluster::connect(&ConnectSpec { host, exec: Some(exec), ..ConnectSpec::default() }).await.unwrap();
        assert_eq!(std::fs::read_to_string(runs).unwrap().lines().count(), 1);
    }
}
