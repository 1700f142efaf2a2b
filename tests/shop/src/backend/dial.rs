//! One attempt to connect: name, TCP, and the server's first HTTP/2 frame.

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::oneshot,
};
use tonic::body::Body;

/// Sends requests over one HTTP/2 connection.
pub(super) type Sender = http2::SendRequest<Body>;

/// A connection and what is known of it.
pub(super) struct Connection {
    pub(super) sender: Sender,
    pub(super) peer: SocketAddr,
    /// Resolves when the connection ends.
    pub(super) ended: oneshot::Receiver<()>,
}

/// Connects within the limit; or says why not, in the words Go's dialer uses.
pub(super) async fn connect(address: &str, limit: Duration) -> Result<Connection, String> {
    match tokio::time::timeout(limit, attempt(address)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("Error while dialing: dial tcp {address}: i/o timeout")),
    }
}

async fn attempt(address: &str) -> Result<Connection, String> {
    let stream = dial(address).await.map_err(|reason| format!("Error while dialing: {reason}"))?;
    let peer = stream.peer_addr().map_err(|error| format!("Error while dialing: {error}"))?;
    let (greeted_tx, greeted_rx) = oneshot::channel();
    let io = Greeted { stream, greeted: Some(greeted_tx) };
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io))
        .await
        .map_err(|error| format!("http2 handshake with {address} failed: {error}"))?;
    let (ended_tx, ended_rx) = oneshot::channel();
    tokio::spawn(async move {
        // How it ended reaches each call by itself.
        connection.await.ok();
        ended_tx.send(()).ok();
    });
    // A peer that accepts and then says nothing (a stopped process, say) is no connection yet.
    greeted_rx.await.map_err(|_| "error reading server preface: EOF".to_owned())?;
    Ok(Connection { sender, peer, ended: ended_rx })
}

/// Resolves and connects, trying the addresses of the name in turn.
pub(crate) async fn dial(address: &str) -> Result<TcpStream, String> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let candidates = tokio::net::lookup_host(address).await.map_err(|error| lookup_error(host, &error))?;
    let mut outcome = Err(format!("dial tcp: lookup {host}: no such host"));
    for candidate in candidates {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                // Small messages in both directions: waiting to fill packets only adds delay.
                stream.set_nodelay(true).ok();
                return Ok(stream);
            }
            Err(error) => outcome = Err(format!("dial tcp {candidate}: {}", connect_error(&error))),
        }
    }
    outcome
}

fn lookup_error(host: &str, error: &io::Error) -> String {
    let text = error.to_string();
    if text.contains("Temporary failure") {
        // No server answered in time, or the one that did had trouble of its own.
        return format!("dial tcp: lookup {host}: i/o timeout");
    }
    if error.kind() == io::ErrorKind::InvalidInput {
        return format!("dial tcp: address {host}: missing port in address");
    }
    format!("dial tcp: lookup {host}: no such host")
}

fn connect_error(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
        io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        io::ErrorKind::HostUnreachable => "connect: no route to host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "connect: network is unreachable".to_owned(),
        _ => format!("connect: {error}"),
    }
}

/// A stream that reports its first byte from the peer, which in HTTP/2 is the server's settings.
#[derive(Debug)]
struct Greeted {
    stream: TcpStream,
    greeted: Option<oneshot::Sender<()>>,
}

impl AsyncRead for Greeted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before
            && let Some(greeted) = self.greeted.take()
        {
            greeted.send(()).ok();
        }
        outcome
    }
}

impl AsyncWrite for Greeted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
