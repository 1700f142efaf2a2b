//! Listening and serving gRPC, as all services but the frontend do.

use crate::{env::StartError, trace::Tracing};
use std::{future::Future, net::SocketAddr};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{service::Routes, transport::Server};

/// Listens on all addresses: of both families where the machine has IPv6, else of IPv4.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, StartError> {
    let any = |host: &str| format!("{host}:{port}");
    match TcpListener::bind(any("[::]")).await {
        Err(error) if error.kind() != std::io::ErrorKind::AddrInUse => bind(&any("0.0.0.0")).await,
        Err(error) => Err(StartError::Listen { address: any("[::]"), problem: error.to_string() }),
        Ok(listener) => Ok(listener),
    }
}

/// Listens on one address.
pub(crate) async fn bind(address: &str) -> Result<TcpListener, StartError> {
    let failed = |error: std::io::Error| StartError::Listen { address: address.to_owned(), problem: error.to_string() };
    TcpListener::bind(address).await.map_err(failed)
}

/// Serves until `stop` resolves, then lets open calls end.
pub(crate) async fn serve(
    routes: Routes,
    tracing: &Tracing,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    use tokio_stream::StreamExt;
    // tonic sets no option on connections that it did not accept itself.
    let incoming = TcpListenerStream::new(listener).map(|connection| {
        connection.inspect(|stream| {
            stream.set_nodelay(true).ok();
        })
    });
    let service = tracing.serve(routes.prepare());
    let served = Server::builder().serve_with_incoming_shutdown(service, incoming, stop).await;
    served.map_err(|error| StartError::Serve(error.to_string()))
}

/// Serves until the process ends.
pub(crate) async fn serve_forever(routes: Routes, tracing: &Tracing, port: u16) -> Result<(), StartError> {
    serve(routes, tracing, listen(port).await?, std::future::pending()).await
}

/// The address a listener got, for log lines.
pub(crate) fn address(listener: &TcpListener) -> String {
    listener.local_addr().map_or_else(|_| "?".to_owned(), |address: SocketAddr| address.to_string())
}
