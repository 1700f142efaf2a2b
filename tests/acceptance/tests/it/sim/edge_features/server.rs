//! What a browser meets at the address of a controller: a page over HTTP, and over HTTPS with the certificate of a Secret.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::project;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Certificate and key, PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A Secret of the cluster in which a certificate may be.
#[derive(Clone)]
pub(crate) struct SecretPlace {
    kubeconfig: PathBuf,
    namespace: String,
    name: String,
}

impl SecretPlace {
    /// The Secret of this name.
    pub(crate) fn of(namespace: &Namespace, name: &str) -> Self {
        let (kubeconfig, name) = (namespace.kubeconfig().to_owned(), name.to_owned());
        Self { kubeconfig, namespace: namespace.name.clone(), name }
    }

    /// What is in it now; none if it is not there.
    pub(crate) fn read(&self) -> Option<Pair> {
        let part = |key: &str| {
            let template = format!("--output=go-template={{{{index .data {key:?} | base64decode}}}}");
            let mut command = Command::new(project::kubectl());
            command.arg("--kubeconfig").arg(&self.kubeconfig).args(["--namespace", &self.namespace]);
            let output = command.args(["get", "secret", &self.name, &template]).stdin(Stdio::null()).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        };
        Some(Pair { certificate: part("tls.crt")?, key: part("tls.key")? })
    }
}

/// Serves requests of one kind until the process ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    asked: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request with what `answer` says to its head.
    pub(crate) fn http(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start(move |mut stream| exchange(&mut stream, &answer))
    }

    /// The same over TLS. Without a certificate the handshake is not begun.
    pub(crate) fn https(
        pair: impl Fn() -> Option<Pair> + Send + Sync + 'static,
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |stream| {
            let config = pair().and_then(|pair| config(&pair)).ok_or(io::ErrorKind::NotFound)?;
            let connection = ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            exchange(&mut stream, &answer)?;
            stream.conn.send_close_notify();
            stream.flush()
        })
    }

    fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let asked = Arc::new(AtomicUsize::new(0));
        let (serve, count) = (Arc::new(serve), Arc::clone(&asked));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let serve = Arc::clone(&serve);
                // A client that goes away is no trouble of the server's.
                std::thread::spawn(move || drop(serve(client)));
            }
        });
        Self { port, asked }
    }

    /// How many connections there were.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn config(pair: &Pair) -> Option<ServerConfig> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).collect::<Result<_, _>>().ok()?;
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).ok()?;
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    builder.with_safe_default_protocol_versions().ok()?.with_no_client_auth().with_single_cert(chain, key).ok()
}

/// Reads the head of one request and answers it.
fn exchange(stream: &mut (impl Read + Write), answer: impl Fn(&str) -> Vec<u8>) -> io::Result<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(&buffer[..read]);
    }
    stream.write_all(&answer(&String::from_utf8_lossy(&head)))?;
    stream.flush()
}

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The home page of a shop, as far as anybody looks.
pub(crate) fn home(_: &str) -> Vec<u8> {
    answer("200 OK", "Content-Type: text/html\r\n", b"<title>Online Boutique</title>")
}

/// A file that is served as it is.
pub(crate) fn file(path: &Path) -> impl Fn(&str) -> Vec<u8> + use<> {
    let content = std::fs::read(path).expect("the file is there");
    move |_: &str| answer("200 OK", "Content-Type: application/octet-stream\r\n", &content)
}
