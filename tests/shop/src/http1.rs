//! A small HTTP/1.1 client with one kept connection, for the load generator and the frontend's optional peers.

use crate::backend::dial;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A client for one host.
#[derive(Debug)]
pub(crate) struct Client {
    host: String,
    connection: Option<http1::SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client for `host` or `host:port`. Does not connect.
    pub(crate) fn new(host: &str) -> Self {
        Self { host: host.to_owned(), connection: None }
    }

    /// Sends a request and reads its answer. Says why there is none in one line.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).map_err(|error| error.to_string())?;
        let mut sender = match self.connection.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        let response = sender.send_request(request).await.map_err(|error| said(&error))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| said(&error))?.to_bytes();
        // A connection that is not ready now has been closed by the server after this answer.
        if sender.ready().await.is_ok() {
            self.connection = Some(sender);
        }
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    async fn connect(&self) -> Result<http1::SendRequest<Full<Bytes>>, String> {
        let address = if self.host.contains(':') { self.host.clone() } else { format!("{}:80", self.host) };
        let stream = dial(&address).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| said(&error))?;
        tokio::spawn(async move {
            // How it ended reaches the request by itself.
            connection.await.ok();
        });
        Ok(sender)
    }
}

fn said(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
