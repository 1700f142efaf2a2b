//! Streams to pods over the API server's port-forward (WebSocket), without opening a local port, and HTTP to a frontend
//! pod over such a stream.

use boutique_core::object::Kind;
use boutique_core::service::Service;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::api::Portforwarder;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connect::Cluster;
use crate::kept::{Connection, Kept};
use crate::storefront::Reply;

/// A way to one port of whichever frontend pod is ready.
#[derive(Clone)]
pub(crate) struct PortForward {
    cluster: Cluster,
    namespace: String,
    port: u16,
    kept: Kept,
}

impl PortForward {
    pub(crate) fn new(cluster: Cluster, namespace: &str, port: u16) -> Self {
        Self { cluster, namespace: namespace.to_owned(), port, kept: Kept::default() }
    }

    /// Sends a request to a ready pod.
    pub(crate) async fn send(&self, mut request: http::Request<Vec<u8>>) -> Reply {
        request.headers_mut().insert(http::header::HOST, http::HeaderValue::from_static("frontend"));
        self.kept.send(request, "the frontend pod", self.dial()).await
    }

    async fn dial(&self) -> Result<Connection, Reply> {
        let pod = self.ready_pod().await?;
        let (stream, forward) = match tunnel(&self.cluster, &self.namespace, &pod, self.port).await {
            Ok(tunnel) => tunnel,
            Err(NoTunnel::Gone) => return Err(Reply::Nobody(format!("pod {pod} is gone"))),
            Err(NoTunnel::Failed(why)) => return Err(Reply::Unknown(why)),
        };
        let refused = |error: hyper::Error| Reply::Nobody(format!("pod {pod} does not answer: {error}"));
        let (connection, driver) = handshake(TokioIo::new(stream)).await.map_err(refused)?;
        // The driver ends when the connection is dropped; the forward lives as long as the driver.
        tokio::spawn(async move {
            let _ = driver.await;
            drop(forward);
        });
        Ok(connection)
    }

    async fn ready_pod(&self) -> Result<String, Reply> {
        let selector = format!("app={}", Service::Frontend);
        let pods = self
            .cluster
            .list(Kind::POD, Some(&self.namespace), &selector)
            .await
            .map_err(|error| Reply::Unknown(error.to_string()))?;
        let name = |pod: &&Value| pod.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
        pods.items
            .iter()
            .find(|pod| is_ready(pod))
            .and_then(|pod| name(&pod))
            .ok_or_else(|| Reply::Nobody("no frontend pod is ready".to_owned()))
    }
}

/// Why there is no stream to a pod.
#[derive(Debug)]
pub(crate) enum NoTunnel {
    /// The pod is not there.
    Gone,
    /// The API server refused or failed; says nothing about the pod. Whole text.
    Failed(String),
}

/// A stream to one port of a pod. It lives as long as the forwarder beside it.
pub(crate) async fn tunnel(
    cluster: &Cluster,
    namespace: &str,
    pod: &str,
    port: u16,
) -> Result<(impl AsyncRead + AsyncWrite + Unpin + Send + use<>, Portforwarder), NoTunnel> {
    let pods: kube::Api<Pod> = kube::Api::namespaced(cluster.kube().clone(), namespace);
    let mut forward = match pods.portforward(pod, &[port]).await {
        Ok(forward) => forward,
        Err(kube::Error::Api(status)) if status.code == 404 => return Err(NoTunnel::Gone),
        // Its own text for this one would show all its fields.
        Err(kube::Error::Api(status)) => {
            return Err(NoTunnel::Failed(format!("port-forward to pod {pod} failed: {}", status.message)));
        }
        Err(error) => return Err(NoTunnel::Failed(format!("port-forward to pod {pod} failed: {error}"))),
    };
    match forward.take_stream(port) {
        Some(stream) => Ok((stream, forward)),
        None => Err(NoTunnel::Failed(format!("port-forward to pod {pod} gave no stream"))),
    }
}

/// Whether a pod takes requests and is not on its way out.
pub(crate) fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.is_some_and(|conditions| {
        conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    });
    ready && pod.pointer("/metadata/deletionTimestamp").is_none()
}
