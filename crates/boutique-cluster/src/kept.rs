//! Connections of HTTP/1.1 that are kept for the next request, as browsers keep them.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use boutique_core::purchase::Answer;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;

use crate::storefront::Reply;

/// Connections kept: as many as a fast prober has in flight while all is well.
const IDLE: usize = 64;

/// A connection that takes one request after another.
pub(crate) type Connection = SendRequest<Full<Bytes>>;

/// Connections to one place.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<Connection>>>);

impl Kept {
    /// Sends a request over a kept connection, or over the one that `dial` makes. `place` is who stands at its other end.
    pub(crate) async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        place: &str,
        dial: impl Future<Output = Result<Connection, Reply>>,
    ) -> Reply {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        // A kept connection may have died meanwhile. That is only noticed by using it, so one stale connection costs a
        // second try and not the answer.
        if let Some(connection) = self.take()
            && let Ok(reply) = self.exchange(connection, request.clone()).await
        {
            return reply;
        }
        match dial.await {
            Err(reply) => reply,
            Ok(connection) => match self.exchange(connection, request).await {
                Ok(reply) => reply,
                Err(error) => Reply::Nobody(format!("the connection to {place} broke: {error}")),
            },
        }
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    async fn exchange(&self, mut connection: Connection, request: http::Request<Full<Bytes>>) -> hyper::Result<Reply> {
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(Reply::Shop(Answer { status, body: String::from_utf8_lossy(&body).into_owned() }))
    }
}
