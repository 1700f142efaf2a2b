//! The way to the shop's pages: through the API server's service proxy, by port-forward where that is forbidden, or by the
//! shop's URL.
//!
//! The first two need no ingress and no open port, and both end at a frontend pod. The proxy is preferred: it is one plain
//! HTTP request, and it goes by the Service's endpoints, as a customer's request would. The URL is a customer's own way.

use std::fmt;
use std::time::{Duration, Instant};

use boutique_core::catalogue::workload;
use boutique_core::fault::Need;
use boutique_core::object::Kind;
use boutique_core::purchase::{Answer, Shopper, Step};
use boutique_core::service::Service;
use boutique_core::url::{Resolve, ShopUrl};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE};
use serde_json::Value;

use crate::access;
use crate::connect::Cluster;
use crate::outside::{Outside, Trust, Unaskable};
use crate::port_forward::PortForward;
use crate::request::ApiError;

mod choose;
mod pulse;

pub use choose::{Chosen, choose};

use pulse::Pulse;

/// How pages are reached.
#[derive(Clone)]
pub struct Storefront {
    way: Way,
    base_path: String,
    pulse: Option<Pulse>,
}

#[derive(Clone)]
enum Way {
    Proxy { cluster: Cluster, path: String },
    PortForward(PortForward),
    Outside(Outside),
}

/// What became of a request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The shop answered.
    Shop(Answer),
    /// Nobody is there to answer for the shop: no ready endpoint, connection refused.
    Nobody(String),
    /// The API server refused or failed; says nothing about the shop.
    Unknown(String),
    /// No answer in time.
    Timeout,
}

const PROXY_RIGHTS: [Need; 2] = [
    Need { verb: "get", group: "", resource: "services/proxy", purpose: "look at pages", required: true },
    Need { verb: "create", group: "", resource: "services/proxy", purpose: "put into the cart", required: true },
];

impl Storefront {
    /// Finds a way to the shop in `namespace`. Asks for no page yet. Who may not see the Service or the Deployment is
    /// taken to upstream's ports.
    ///
    /// # Errors
    ///
    /// When the API server does not answer the questions that this takes.
    pub async fn open(cluster: &Cluster, namespace: &str) -> Result<Self, ApiError> {
        let name = Service::Frontend.name();
        let (get, post, service, deployment) = tokio::try_join!(
            access::is_allowed(cluster, &PROXY_RIGHTS[0], Some(namespace)),
            access::is_allowed(cluster, &PROXY_RIGHTS[1], Some(namespace)),
            visible(cluster, Kind::SERVICE, namespace, name),
            visible(cluster, Kind::DEPLOYMENT, namespace, name),
        )?;
        let template =
            deployment.as_ref().and_then(|deployment| deployment.pointer("/spec/template/spec/containers/0"));
        let way = if get && post {
            let port =
                service.as_ref().and_then(|service| service.pointer("/spec/ports/0/port")).and_then(Value::as_u64);
            let service_path = Kind::SERVICE.object_path(Some(namespace), &format!("{name}:{}", port.unwrap_or(80)));
            Way::Proxy { cluster: cluster.clone(), path: format!("{service_path}/proxy") }
        } else {
            let port =
                template.and_then(|container| container.pointer("/ports/0/containerPort")).and_then(Value::as_u64);
            let port = port.and_then(|port| u16::try_from(port).ok()).or_else(|| workload(Service::Frontend).listen);
            Way::PortForward(PortForward::new(cluster.clone(), namespace, port.unwrap_or(8080)))
        };
        let base_path = template.map(base_path).unwrap_or_default();
        Ok(Self { way, base_path, pulse: Some(Pulse::of(cluster)) })
    }

    /// The shop by its URL, as a customer's browser finds it: through the ingress controller, the load balancer and whatever
    /// else stands before it. `resolve` names an address for the host. Asks for no page yet, and no API server at all.
    ///
    /// # Errors
    ///
    /// When `resolve` is about another host, or TLS cannot be set up.
    pub fn at(url: ShopUrl, resolve: Option<&Resolve>, trust: &Trust) -> Result<Self, Unaskable> {
        let base_path = url.base_path.clone();
        Ok(Self { way: Way::Outside(Outside::new(url, resolve, trust)?), base_path, pulse: None })
    }

    /// A customer who knows where this shop's pages begin.
    pub fn shopper(&self, session: impl Into<String>) -> Shopper {
        Shopper::new(session, jiff::Zoned::now().year()).below(&self.base_path)
    }

    /// Sends one request of `shopper`, and says how long the answer took.
    pub async fn send(&self, shopper: &Shopper, step: &Step, limit: Duration) -> (Reply, Duration) {
        let started = Instant::now();
        let prefix = if let Way::Proxy { path, .. } = &self.way { path.as_str() } else { "" };
        let sent = async {
            let request = match page_request(prefix, shopper, step) {
                Ok(request) => request,
                Err(error) => return Reply::Unknown(error.to_string()),
            };
            match &self.way {
                Way::Proxy { cluster, .. } => through_proxy(cluster, request).await,
                Way::PortForward(forward) => forward.send(request).await,
                Way::Outside(outside) => outside.send(request).await,
            }
        };
        let reply = tokio::time::timeout(limit, sent).await.unwrap_or(Reply::Timeout);
        (reply, started.elapsed())
    }
}

async fn through_proxy(cluster: &Cluster, request: http::Request<Vec<u8>>) -> Reply {
    match cluster.raw(request).await {
        Err(error) => Reply::Unknown(error.to_string()),
        Ok(response) => sort(response.status().as_u16(), &String::from_utf8_lossy(response.body())),
    }
}

/// The way, for people.
impl fmt::Display for Storefront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Proxy { .. } => f.write_str("the API server's service proxy"),
            Way::PortForward(_) => f.write_str("port-forward (this user may not use the service proxy)"),
            Way::Outside(outside) => f.write_str(&outside.describe()),
        }
    }
}

impl Storefront {
    /// The same in one word, for data.
    pub fn way(&self) -> &'static str {
        match self.way {
            Way::Proxy { .. } => "service-proxy",
            Way::PortForward(_) => "port-forward",
            Way::Outside(_) => "url",
        }
    }

    /// Whether requests go straight to the shop, past the API server: then whatever is wrong with them is a customer's
    /// trouble, too.
    pub fn is_direct(&self) -> bool {
        matches!(self.way, Way::Outside(_))
    }

    /// Whether the API server, where it stands between here and the shop, answers as quickly as ever. If it does not, the
    /// silence of a page says nothing about the shop.
    pub(crate) async fn is_way_open(&self) -> bool {
        match &self.pulse {
            Some(pulse) => pulse.beats().await,
            None => true,
        }
    }

    /// The URL, where the shop is asked by one.
    pub fn url(&self) -> Option<&ShopUrl> {
        match &self.way {
            Way::Outside(outside) => Some(outside.url()),
            Way::Proxy { .. } | Way::PortForward(_) => None,
        }
    }
}

/// An object, if it is there and this user may see it.
async fn visible(cluster: &Cluster, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, ApiError> {
    match cluster.get(kind, Some(namespace), name).await {
        Err(error) if error.missing_verb().is_some() => Ok(None),
        found => found,
    }
}

fn page_request(prefix: &str, shopper: &Shopper, step: &Step) -> Result<http::Request<Vec<u8>>, http::Error> {
    let mut request = http::Request::builder()
        .method(step.method.as_str())
        .uri(format!("{prefix}{}", step.path))
        .header(ACCEPT, "text/html")
        .header(COOKIE, shopper.cookie());
    if !step.form.is_empty() {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request.body(step.body().into_bytes())
}

pub(crate) fn base_path(container: &Value) -> String {
    let env = container.get("env").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let base = env.iter().find(|variable| variable.get("name").and_then(Value::as_str) == Some("BASE_URL"));
    base.and_then(|base| base.get("value")).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Tells the shop's answer from the API server's own. The proxy passes status and body of the shop through; its own
/// failures are a `Status` object, which the shop never sends, or the plain refusal of an overloaded server.
fn sort(status: u16, body: &str) -> Reply {
    let own = serde_json::from_str::<Value>(body)
        .ok()
        .filter(|object| object.get("kind").and_then(Value::as_str) == Some("Status"));
    match own {
        Some(own) => {
            let message = own.get("message").and_then(Value::as_str).unwrap_or("no message");
            let backend = ["no endpoints available", "error trying to reach service", "not found"];
            match backend.iter().any(|text| message.contains(text)) {
                true => Reply::Nobody(message.to_owned()),
                false => Reply::Unknown(format!("the API server answered {status}: {message}")),
            }
        }
        None if status == 429 => Reply::Unknown("the API server is overloaded (429)".to_owned()),
        // Without a backend some versions answer in plain text.
        None if status >= 502 && body.contains("error trying to reach service") => {
            Reply::Nobody(body.trim().to_owned())
        }
        None => Reply::Shop(Answer { status, body: body.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_status(code: u16, message: &str) -> String {
        format!(r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{message}","code":{code}}}"#)
    }

    #[test]
    fn a_page_of_the_shop_is_the_shops_whatever_its_status() {
        let page = "<html>could not retrieve cart</html>";
        assert_eq!(sort(500, page), Reply::Shop(Answer { status: 500, body: page.into() }));
        assert_eq!(
            sort(503, "<html>upstream</html>"),
            Reply::Shop(Answer { status: 503, body: "<html>upstream</html>".into() })
        );
    }

    #[test]
    fn a_service_without_endpoints_means_that_nobody_answers_for_the_shop() {
        let message = "no endpoints available for service frontend:80";
        assert_eq!(sort(503, &mk_status(503, message)), Reply::Nobody(message.into()));
        let message = "error trying to reach service: dial tcp 10.88.0.7:8080: connect: connection refused";
        assert_eq!(sort(503, &mk_status(503, message)), Reply::Nobody(message.into()));
    }

    #[test]
    fn trouble_of_the_api_server_says_nothing_about_the_shop() {
        for (code, message) in [(500, "etcdserver: request timed out"), (401, "Unauthorized"), (504, "request timeout")]
        {
            assert!(matches!(sort(code, &mk_status(code, message)), Reply::Unknown(_)), "{message}");
        }
        assert!(matches!(sort(429, "Too many requests, please try again later."), Reply::Unknown(_)));
    }

    #[test]
    fn the_request_carries_session_and_form() {
        let shopper = Shopper::new("boutique-buy-1", 2026);
        let step = shopper.step(boutique_core::catalogue::Page::AddToCart);
        let request = page_request("/proxy", &shopper, &step).unwrap();
        assert_eq!(request.uri(), "/proxy/cart");
        assert_eq!(request.headers()[COOKIE], "shop_session-id=boutique-buy-1; shop_currency=USD");
        assert_eq!(request.body(), b"product_id=OLJCESPC7Z&quantity=1");
    }
}
