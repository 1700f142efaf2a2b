//! A chart repository and an OCI registry, as small as helm takes them, behind a password.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

/// `ann:hunter22`
const AUTH: &str = "Basic YW5uOmh1bnRlcjIy";

pub(crate) struct Registry {
    pub(crate) address: String,
    asked: Arc<AtomicUsize>,
}

struct Content {
    index: String,
    archive: Vec<u8>,
    config: Vec<u8>,
    manifest: Vec<u8>,
    asked: Arc<AtomicUsize>,
}

pub(crate) fn digest(content: &[u8]) -> String {
    use sha2::Digest as _;
    let hex: String = sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

impl Registry {
    /// Serves this chart, web 1.0.0, both ways. Answers the digest of its manifest too.
    pub(crate) async fn start(archive: Vec<u8>) -> (Self, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let config = json!({"name": "web", "version": "1.0.0", "apiVersion": "v2"}).to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest(&config), "size": config.len()},
            "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digest(&archive), "size": archive.len()}],
        })
        .to_string()
        .into_bytes();
        let index = json!({"apiVersion": "v1", "entries": {"web": [
            {"apiVersion": "v2", "name": "web", "version": "1.0.0", "urls": ["web-1.0.0.tgz"]}]}});
        let asked = Arc::new(AtomicUsize::new(0));
        let name = digest(&manifest);
        let content = Content { index: index.to_string(), archive, config, manifest, asked: Arc::clone(&asked) };
        let router =
            Router::new()
                .route("/charts/index.yaml", get(serve_index))
                .route("/charts/web-1.0.0.tgz", get(serve_archive))
                .route(
                    "/v2/",
                    get(|headers: HeaderMap| async move {
                        refusal(&headers).unwrap_or_else(|| StatusCode::OK.into_response())
                    }),
                )
                .route("/v2/charts/web/manifests/{reference}", get(serve_manifest))
                .route("/v2/charts/web/blobs/{digest}", get(serve_blob))
                .with_state(Arc::new(content));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (Self { address, asked }, name)
    }

    /// How many requests with the right password there were.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// What a request without the password is answered.
fn refusal(headers: &HeaderMap) -> Option<Response> {
    if headers.get(header::AUTHORIZATION).is_some_and(|value| value == AUTH) {
        return None;
    }
    Some((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"charts\"")], "no").into_response())
}

fn typed(kind: &'static str, content: &[u8]) -> Response {
    let mut response = Response::new(Body::from(content.to_vec()));
    response.headers_mut().insert(header::CONTENT_TYPE, kind.parse().expect("a media type"));
    let digest = digest(content).parse().expect("a digest");
    response.headers_mut().insert("docker-content-digest", digest);
    response
}

type Shared = State<Arc<Content>>;

async fn serve_index(State(content): Shared, headers: HeaderMap) -> Response {
    if let Some(no) = refusal(&headers) {
        return no;
    }
    content.asked.fetch_add(1, Ordering::Relaxed);
    content.index.clone().into_response()
}

async fn serve_archive(State(content): Shared, headers: HeaderMap) -> Response {
    if let Some(no) = refusal(&headers) {
        return no;
    }
    content.asked.fetch_add(1, Ordering::Relaxed);
    typed("application/gzip", &content.archive)
}

async fn serve_manifest(State(content): Shared, Path(reference): Path<String>, headers: HeaderMap) -> Response {
    if let Some(no) = refusal(&headers) {
        return no;
    }
    content.asked.fetch_add(1, Ordering::Relaxed);
    if reference != "1.0.0" && reference != digest(&content.manifest) {
        let error = json!({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}).to_string();
        return (StatusCode::NOT_FOUND, error).into_response();
    }
    typed("application/vnd.oci.image.manifest.v1+json", &content.manifest)
}

async fn serve_blob(State(content): Shared, Path(wanted): Path<String>, headers: HeaderMap) -> Response {
    if let Some(no) = refusal(&headers) {
        return no;
    }
    let blobs = [&content.config, &content.archive];
    match blobs.into_iter().find(|blob| digest(blob) == wanted) {
        Some(blob) => typed("application/octet-stream", blob),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
