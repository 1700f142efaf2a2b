use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

use super::listener::Listener;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// One connection of the host, with TLS or without.
pub(super) struct Connection {
    io: Box<dyn Io>,
    /// Counts the connection until it is dropped.
    _alive: Alive,
}

/// The connections, as they come.
pub(super) struct Incoming(mpsc::Receiver<Connection>);

/// How many connections there are, and whether there ever was one.
pub(super) struct Count(watch::Receiver<usize>);

struct Alive(watch::Sender<usize>);

impl Alive {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Incoming {
    /// Accepts until `shutdown`. Each TLS handshake has a task of its own, so that a slow one delays no other.
    pub(super) fn start(
        listener: Listener,
        acceptor: Option<TlsAcceptor>,
        shutdown: CancellationToken,
    ) -> (Self, Count) {
        let (connection_tx, connection_rx) = mpsc::channel(16);
        let (count_tx, count_rx) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = shutdown.cancelled() => return,
                    stream = listener.accept() => stream,
                };
                let stream = match stream {
                    Ok(stream) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        // Typically too many open files; a moment later some may be closed.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                };
                let (acceptor, connection_tx, alive) = (acceptor.clone(), connection_tx.clone(), Alive::new(&count_tx));
                tokio::spawn(async move {
                    let io: Box<dyn Io> = match acceptor {
                        None => Box::new(stream),
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(error) => {
                                tracing::warn!(%error, "refused a connection");
                                return;
                            }
                        },
                    };
                    // Without a receiver the server is ending.
                    let _ = connection_tx.send(Connection { io, _alive: alive }).await;
                });
            }
        });
        (Self(connection_rx), Count(count_rx))
    }
}

impl Count {
    /// Waits until no connection was there for `pause` and `orphaned` says that nobody will make one; forever when the
    /// listener ends before.
    ///
    /// A closed connection alone says little: the host closes one that is idle for half an hour, and comes back.
    pub(super) async fn gone(&mut self, pause: Duration, orphaned: impl Fn() -> bool) {
        loop {
            self.until(|count| count == 0).await;
            if tokio::time::timeout(pause, self.until(|count| count > 0)).await.is_err() && orphaned() {
                return;
            }
        }
    }

    async fn until(&mut self, holds: impl Fn(usize) -> bool) {
        loop {
            if holds(*self.0.borrow_and_update()) {
                return;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|connection| connection.map(Ok))
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
