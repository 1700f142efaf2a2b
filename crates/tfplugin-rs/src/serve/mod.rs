//! Meeting the host: cookie, handshake, listener, TLS, logs, and the end of the process.

mod connection;
mod environment;
mod handshake;
mod listener;
mod logs;
mod panics;
mod signals;
mod tls;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use self::connection::Incoming;
use self::environment::{Environment, Mode};
use self::listener::Listener;
use crate::Provider;
use crate::convert::routes;
use crate::resource::Reason;
use crate::server::Server;

/// How long answers that are under way may take after the host asked for the end. It kills after two seconds.
const DRAIN: Duration = Duration::from_millis(800);

/// How long the provider may take to end what goes on in the background.
const CLOSE: Duration = Duration::from_secs(1);

/// How often to look whether the host is gone while it has no connection.
const UNCONNECTED: Duration = Duration::from_secs(2);

/// Why a provider cannot be served.
#[derive(Debug, Error)]
enum ServeError {
    #[error("open a socket for Terraform{0}")]
    Listen(String, #[source] io::Error),
    #[error("prepare TLS with Terraform: {0}")]
    Tls(String),
    #[error("write the handshake to standard output")]
    Handshake(#[source] io::Error),
    #[error("handle signals")]
    Signal(#[source] io::Error),
    #[error("serve Terraform")]
    Serve(#[source] tonic::transport::Error),
    #[error("start the asynchronous runtime")]
    Runtime(#[source] io::Error),
}

/// Serves a provider until Terraform ends it; a provider's `main` is nothing but this call.
///
/// Terraform starts the program with a cookie in its environment; a person who starts it gets one sentence and exit
/// code 1. With the argument `--debug` it runs without Terraform, prints the value of `TF_REATTACH_PROVIDERS` that makes
/// Terraform use this very process, and ends on Ctrl-C.
pub fn serve<P: Provider>(provider: P) -> ExitCode {
    let environment = Environment::read(|name| std::env::var(name).ok());
    let mode = environment.mode(std::env::args_os().skip(1), P::ADDRESS);
    let mode = match mode {
        Ok(mode) => mode,
        Err(text) => {
            say(&text);
            return ExitCode::FAILURE;
        }
    };
    panics::install();
    logs::install(P::ADDRESS, mode);
    match start(provider, &environment, mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            say(&format!("The provider {} could not {error}{source}.", P::ADDRESS));
            ExitCode::FAILURE
        }
    }
}

/// One line for whoever reads standard error. Standard output belongs to the handshake.
fn say(text: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(io::stderr(), "{text}");
}

fn start<P: Provider>(provider: P, environment: &Environment, mode: Mode) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // More than one, so that author code that blocks keeps neither Stop nor Shutdown from being served.
        .worker_threads(std::thread::available_parallelism().map_or(4, |count| count.get().clamp(4, 16)))
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    let result = runtime.block_on(host(provider, environment, mode));
    // Operations that ignore their cancellation do not hold the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    result
}

async fn host<P: Provider>(provider: P, environment: &Environment, mode: Mode) -> Result<(), ServeError> {
    let orphaned = orphaned();
    let shutdown = CancellationToken::new();
    signals::handle(mode, &shutdown).map_err(ServeError::Signal)?;
    let listener = Listener::bind(environment)?;
    let (certificate, acceptor) = match (&environment.client_certificate, mode) {
        (Some(pem), Mode::Plugin) => {
            let (certificate, acceptor) = tls::acceptor(pem).map_err(ServeError::Tls)?;
            (Some(certificate), Some(acceptor))
        }
        _ => (None, None),
    };
    let address = listener.address();
    let (incoming, mut connected) = Incoming::start(listener, acceptor, shutdown.clone());
    let grace = provider.grace();
    let server = Arc::new(Server::new(provider));
    let line = match mode {
        Mode::Plugin => handshake::line(&address, certificate.as_deref(), environment.multiplex),
        Mode::Debug => handshake::reattach(P::ADDRESS, &address),
    };
    print(&line).map_err(ServeError::Handshake)?;

    if mode == Mode::Plugin {
        let (server, shutdown) = (server.clone(), shutdown.clone());
        tokio::spawn(async move {
            connected.gone(UNCONNECTED, orphaned).await;
            tracing::warn!("Terraform is gone");
            server.stop(Reason::HostGone);
            shutdown.cancel();
        });
    }
    let serving = tonic::transport::Server::builder()
        .add_routes(routes(server.clone(), &shutdown))
        .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let drained = async {
        shutdown.cancelled().await;
        // Terraform waits for its operations before it asks for the end; after a signal some may run.
        server.stop(Reason::Stop);
        server.idle(grace).await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = serving => {
            result.map_err(ServeError::Serve)?;
            server.stop(Reason::Stop);
            server.idle(grace).await;
        }
        () = drained => {}
    }
    server.close(CLOSE).await;
    Ok(())
}

/// Tells whether the process that started this one is gone, so that some other became the parent.
#[cfg(unix)]
fn orphaned() -> impl Fn() -> bool + Send + 'static {
    let parent = std::os::unix::process::parent_id();
    move || std::os::unix::process::parent_id() != parent
}

/// There is no way to tell.
#[cfg(not(unix))]
fn orphaned() -> impl Fn() -> bool + Send + 'static {
    || false
}

/// The one thing that is ever written to standard output.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}
