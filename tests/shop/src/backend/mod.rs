//! A client's one connection to another service, with the life that grpc-go gives it.
//!
//! Nothing is dialled before the first call. While the first attempt is under way calls wait for it. After a failed
//! attempt calls fail at once with the last error, until one of the attempts made in the background, further and
//! further apart, succeeds. So a caller goes on failing for a while after its peer is back, which is what people see
//! with the real shop. A connection that breaks makes its calls fail and is dialled again by the next one, at once.
//!
//! tonic's own channel has no back-off and cannot be told to have one, so this drives hyper's HTTP/2 client directly.

mod dial;

use crate::{backoff, trace};
pub(crate) use dial::dial;
use dial::{Connection, Sender};
use http::{HeaderValue, Request, Response, header, uri};
use http_body_util::BodyExt;
use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::watch;
use tonic::{
    Status,
    body::Body,
    codegen::{BoxFuture, Service},
};

/// What servers are told of this client.
const USER_AGENT: &str = "grpc-go/1.80.0 (boutique-lite)";

/// A lazily connected peer. Clones share the connection. Serves as the transport of generated clients.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    address: Arc<str>,
    state: watch::Sender<State>,
}

/// Where an answer came from; an extension of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddress(pub(crate) SocketAddr);

#[derive(Clone, Debug)]
enum State {
    /// No connection, and no attempt at one.
    Idle,
    /// The first attempt since the last connection; calls wait for its outcome.
    Connecting,
    Ready(Sender, SocketAddr),
    /// The last attempt failed, for this reason; the next is waited for or under way.
    Failing(Arc<str>),
}

impl Backend {
    /// A peer at `host:port`. Does not connect.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.into(), state: watch::Sender::new(State::Idle) }
    }

    /// A usable connection, or why there is none.
    async fn connection(&self) -> Result<(Sender, SocketAddr), Status> {
        let mut changes = self.state.subscribe();
        loop {
            let state = changes.borrow_and_update().clone();
            match state {
                State::Ready(sender, peer) if !sender.is_closed() => return Ok((sender, peer)),
                // Its keeper is about to notice.
                State::Ready(..) | State::Connecting => {}
                State::Failing(reason) => return Err(Status::unavailable(&*reason)),
                State::Idle => {
                    self.start();
                    continue;
                }
            }
            if changes.changed().await.is_err() {
                return Err(Status::unavailable("the client is closing"));
            }
        }
    }

    /// Starts an attempt unless another call has just done so.
    fn start(&self) {
        let begun = self.state.send_if_modified(|state| {
            let idle = matches!(state, State::Idle);
            if idle {
                *state = State::Connecting;
            }
            idle
        });
        if begun {
            tokio::spawn(keep(self.address.clone(), self.state.clone()));
        }
    }

    async fn send(self, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let (scheme, authority) = (uri::Scheme::HTTP, self.address.parse::<uri::Authority>());
        let mut parts = request.uri().clone().into_parts();
        parts.scheme = Some(scheme);
        parts.authority = Some(authority.map_err(|e| Status::unavailable(format!("address {}: {e}", self.address)))?);
        *request.uri_mut() = uri::Uri::from_parts(parts).map_err(|e| Status::internal(e.to_string()))?;
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        loop {
            let (mut sender, peer) = self.connection().await?;
            match sender.try_send_request(request).await {
                Ok(mut response) => {
                    response.extensions_mut().insert(PeerAddress(peer));
                    return Ok(response.map(|body| Body::new(body.map_err(|e| broken(&e)))));
                }
                // It never left this process, so it may go out again over the next connection.
                Err(mut unsent) => match unsent.take_message() {
                    Some(message) => request = message,
                    None => return Err(broken(unsent.error())),
                },
            }
        }
    }
}

/// Connects, and connects again after failures, until a connection has been made and has ended.
async fn keep(address: Arc<str>, state: watch::Sender<State>) {
    let mut failures = 0;
    loop {
        let pause = backoff::pause(failures, rand::random_range(-1.0..=1.0));
        match dial::connect(&address, backoff::attempt_limit(pause)).await {
            Ok(Connection { sender, peer, ended }) => {
                state.send_replace(State::Ready(sender, peer));
                ended.await.ok();
                state.send_replace(State::Idle);
                return;
            }
            Err(reason) => {
                let reason = format!("connection error: desc = \"transport: {reason}\"");
                state.send_replace(State::Failing(reason.into()));
                tokio::time::sleep(pause).await;
                failures += 1;
            }
        }
    }
}

/// What a call says whose connection broke under it.
fn broken(error: &hyper::Error) -> Status {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match cause.downcast_ref::<std::io::Error>() {
        Some(io) if io.kind() == std::io::ErrorKind::ConnectionReset => {
            Status::unavailable("error reading from server: read: connection reset by peer")
        }
        _ => Status::unavailable("error reading from server: EOF"),
    }
}

/// A status as grpc-go prints an error that came over a connection.
pub(crate) fn rpc_error(status: &Status) -> String {
    format!("rpc error: code = {:?} desc = {}", status.code(), status.message())
}

impl Service<Request<Body>> for Backend {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<Response<Body>, Status>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let departure = trace::depart(&mut request);
        let backend = self.clone();
        Box::pin(async move { departure.arrived(backend.send(request).await) })
    }
}

#[cfg(test)]
mod tests;
