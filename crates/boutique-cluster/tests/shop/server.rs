//! An API server as far as the storefront needs one, with a shop behind its service proxy that can be told to misbehave.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use boutique_cluster::connect::{Cluster, ConnectSpec};
use serde_json::{Value, json};
use tokio::sync::watch;

const PROXY: &str = "/api/v1/namespaces/shop/services/frontend:80/proxy";

/// How the shop is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Well.
    Well,
    /// Answers 500 with this text on pages whose path ends like this.
    Failing(&'static str, &'static str),
    /// Nobody stands behind the Service.
    NoEndpoints,
    /// The API server itself is overloaded.
    Overloaded,
    /// Answers nothing for so long.
    Silent(Duration),
    /// The API server itself answers nothing at all.
    Hung,
}

/// One request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) cookie: String,
    pub(crate) body: String,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    mode: Arc<Mutex<Mode>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// While this is true the shop keeps every request waiting.
    stalled: watch::Sender<bool>,
    base: &'static str,
}

impl Server {
    /// Starts with a shop that is well, whose pages begin at `base`.
    pub(crate) async fn start(base: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let (mode, stalled) = (Arc::new(Mutex::new(Mode::Well)), watch::Sender::new(false));
        let server = Self { url, mode, seen: Arc::default(), stalled, base };
        let app = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    /// The port on which it listens.
    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("its URL has a port")
    }

    pub(crate) async fn connect(&self) -> Cluster {
        let spec = ConnectSpec { host: Some(self.url.clone()), ..ConnectSpec::default() };
        Cluster::connect(&spec).await.expect("the settings are good")
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().expect("no test panics with it") = mode;
    }

    /// From now on the shop keeps requests waiting, or answers all that wait.
    pub(crate) fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    /// Every request for a page so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics with it").clone()
    }
}

async fn answer(State(server): State<Server>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path();
    let mode = server.mode.lock().expect("no test panics with it").clone();
    if mode == Mode::Hung {
        return std::future::pending().await;
    }
    if path == "/version" {
        return json_of(&json!({"gitVersion": "v1.33.0"}));
    }
    if path.ends_with("/ingresses") {
        return json_of(&json!({"kind": "IngressList", "items": [ingress()]}));
    }
    if path.ends_with("/selfsubjectaccessreviews") {
        return json_of(&json!({"kind": "SelfSubjectAccessReview", "status": {"allowed": true}}));
    }
    if path.ends_with("/services/frontend") {
        return json_of(&json!({"kind": "Service", "spec": {"ports": [{"port": 80}]}}));
    }
    if path.ends_with("/deployments/frontend") {
        let env = json!([{"name": "BASE_URL", "value": server.base}]);
        return json_of(&json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"env": env}]}}}}));
    }
    let header = |name| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    };
    let (host, cookie) = (header("host"), header("cookie"));
    // The same shop also answers under its own name, as an ingress controller makes it.
    let Some(page) = path.strip_prefix(PROXY).or_else(|| host.starts_with("shop.local").then_some(path)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = String::from_utf8_lossy(&body).into();
    let seen = Seen { method: method.to_string(), path: page.into(), host, cookie, body };
    server.seen.lock().expect("no test panics with it").push(seen);
    // Who is dropped with the server waits no longer.
    let _ = server.stalled.subscribe().wait_for(|stalled| !stalled).await;
    match mode {
        Mode::Failing(end, text) if page.ends_with(end) => (StatusCode::INTERNAL_SERVER_ERROR, text).into_response(),
        Mode::NoEndpoints => refusal(503, "no endpoints available for service \"frontend:80\""),
        Mode::Overloaded => refusal(500, "etcdserver: request timed out"),
        Mode::Silent(time) => {
            tokio::time::sleep(time).await;
            StatusCode::OK.into_response()
        }
        Mode::Well | Mode::Hung | Mode::Failing(..) => {
            shop(&method, page.strip_prefix(server.base).unwrap_or("/nowhere"))
        }
    }
}

/// A way in whose address nobody has said yet.
fn ingress() -> Value {
    let backend = json!({"service": {"name": "frontend", "port": {"number": 80}}});
    let paths = json!([{"path": "/", "backend": backend}]);
    json!({"metadata": {"name": "shop"}, "spec": {"rules": [{"host": "shop.local", "http": {"paths": paths}}]}})
}

fn shop(method: &Method, page: &str) -> Response {
    match (method.as_str(), page) {
        ("GET", "/") => "<h3>Hot Products</h3>".into_response(),
        ("GET", "/product/OLJCESPC7Z") => "<h2>Sunglasses</h2>".into_response(),
        ("GET", "/cart") => "<h4>Sunglasses</h4>".into_response(),
        ("POST", "/cart" | "/cart/empty") => (StatusCode::FOUND, [("location", "/cart")]).into_response(),
        ("POST", "/cart/checkout") => {
            "<h3>Your order is complete!</h3><p>Confirmation #</p><p>o-1</p><p>Total Paid</p><p>$28.98</p>"
                .into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn refusal(code: u16, message: &str) -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code});
    (StatusCode::from_u16(code).unwrap_or_default(), json_of(&status)).into_response()
}

fn json_of(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}
