//! What `status` shows: live objects of a shop to a tree of edge, workloads and pods.
//!
//! Pure, so that a scenario of objects in a folder is a test. Works on every Online Boutique, whoever installed it: shops
//! are found by upstream's `app` labels.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::catalogue::{Hardness, calls, pages};
use crate::fault::{Fault, GUARD};
use crate::service::Service;
use crate::status::{Phase, status};

mod find;
mod pod;
mod route;

pub use find::{SELECTOR, namespaces_with_shops};
pub use pod::{PodView, Sign};
pub use route::{RouteView, routes};

/// Live objects of one namespace, as lists.
#[derive(Debug, Clone, Default)]
pub struct ShopObjects {
    /// Namespace that they come from.
    pub namespace: String,
    /// Deployments.
    pub deployments: Vec<Value>,
    /// Pods.
    pub pods: Vec<Value>,
    /// Services.
    pub services: Vec<Value>,
    /// EndpointSlices.
    pub endpoint_slices: Vec<Value>,
    /// Fault records and the guard (ConfigMaps).
    pub faults: Vec<Value>,
    /// What one request for the home page got.
    pub front_page: Option<FrontPage>,
    /// Ways in from outside, and what the home page answered there.
    pub routes: Vec<RouteView>,
    /// What is known of the stack, if it is one of ours.
    pub stack: Option<StackView>,
}

/// Result of asking for the home page once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontPage {
    /// Whether it is the page that a healthy shop gives.
    pub good: bool,
    /// `200`, `500`, `timeout`, or why it could not be asked for.
    pub answer: String,
    /// Milliseconds to the answer.
    pub millis: u64,
    /// The way: `service-proxy`, `port-forward` or `url`.
    pub way: String,
    /// Who is to blame, in the page's own words.
    pub blame: Option<String>,
}

/// What is known of a stack of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackView {
    /// Its name.
    pub name: String,
    /// Number of the newest revision, absent when none is recorded.
    pub revision: Option<u64>,
    /// Differences between the live objects and that revision, as sentences.
    pub drift: Vec<String>,
    /// Why revision and drift could not be read: a missing right, a damaged record.
    pub unread: Option<String>,
}

/// State of the shop or of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Health {
    /// As it should be.
    Healthy,
    /// On its way there.
    Progressing,
    /// Not as it should be, and not on its way.
    Degraded,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Healthy => "Healthy",
            Self::Progressing => "Progressing",
            Self::Degraded => "Degraded",
        })
    }
}

/// The way into the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EdgeView {
    /// Name of the Service.
    pub service: String,
    /// Its port; absent when there is no such Service.
    pub port: Option<u64>,
    /// Endpoints that take traffic.
    pub ready: usize,
    /// All endpoints.
    pub endpoints: usize,
    /// What the home page answered, if it was asked for.
    pub front_page: Option<FrontPage>,
    /// Ways to it from outside.
    pub routes: Vec<RouteView>,
}

/// One Deployment of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadView {
    /// Which one.
    pub service: Service,
    /// Whether a Deployment exists.
    pub deployed: bool,
    /// Its state.
    pub health: Health,
    /// The state in words.
    pub word: String,
    /// Pods that take traffic.
    pub ready: u64,
    /// Pods that should exist.
    pub desired: u64,
    /// Image of its main container.
    pub image: Option<String>,
    /// Its pods, oldest first.
    pub pods: Vec<PodView>,
}

impl WorkloadView {
    /// The tag of the image, or the beginning of its digest.
    pub fn tag(&self) -> Option<&str> {
        let image = self.image.as_deref()?;
        if let Some((_, digest)) = image.split_once("@sha256:") {
            return Some(digest.get(..12).unwrap_or(digest));
        }
        let name = image.rsplit('/').next().unwrap_or(image);
        Some(name.split_once(':').map_or("latest", |(_, tag)| tag))
    }
}

/// A whole shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShopView {
    /// Where it runs.
    pub namespace: String,
    /// What is known of the stack; absent for a shop that somebody else installed.
    pub stack: Option<StackView>,
    /// The worst of all.
    pub health: Health,
    /// The way in.
    pub edge: EdgeView,
    /// Every service of the catalogue.
    pub workloads: Vec<WorkloadView>,
    /// Faults that are running, as sentences.
    pub faults: Vec<String>,
}

/// Builds the view.
pub fn view(objects: &ShopObjects, now: Timestamp) -> ShopView {
    let mut pods = pods_by_app(objects, now);
    let workloads: Vec<WorkloadView> = Service::ALL
        .into_iter()
        .map(|service| workload(service, objects, pods.remove(service.name()).unwrap_or_default()))
        .collect();
    let edge = edge(objects);
    let worst = workloads.iter().map(|workload| workload.health).max().unwrap_or(Health::Degraded);
    ShopView {
        namespace: objects.namespace.clone(),
        stack: objects.stack.clone(),
        health: worst.max(edge_health(&edge)),
        edge,
        workloads,
        faults: running_faults(&objects.faults),
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

fn number(object: &Value, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

fn pods_by_app(objects: &ShopObjects, now: Timestamp) -> BTreeMap<String, Vec<PodView>> {
    let mut by_app: BTreeMap<String, Vec<(String, PodView)>> = BTreeMap::new();
    for pod in &objects.pods {
        if let Some(app) = text(pod, "/metadata/labels/app") {
            let born = text(pod, "/metadata/creationTimestamp").unwrap_or_default().to_owned();
            by_app.entry(app.to_owned()).or_default().push((born, pod::pod_view(pod, now)));
        }
    }
    let oldest_first = |mut pods: Vec<(String, PodView)>| {
        pods.sort_by(|(born, pod), (other_born, other)| (born, &pod.name).cmp(&(other_born, &other.name)));
        pods.into_iter().map(|(_, pod)| pod).collect()
    };
    by_app.into_iter().map(|(app, pods)| (app, oldest_first(pods))).collect()
}

fn workload(service: Service, objects: &ShopObjects, pods: Vec<PodView>) -> WorkloadView {
    let deployment = objects.deployments.iter().find(|object| text(object, "/metadata/name") == Some(service.name()));
    let Some(deployment) = deployment else {
        let (health, word) = match is_indispensable(service) {
            true => (Health::Degraded, "missing".to_owned()),
            false => (Health::Healthy, "not deployed".to_owned()),
        };
        return WorkloadView { service, deployed: false, health, word, ready: 0, desired: 0, image: None, pods };
    };
    let desired = deployment.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    let ready = number(deployment, "/status/readyReplicas");
    let (health, word) = state(service, deployment, desired, &pods);
    let image = text(deployment, "/spec/template/spec/containers/0/image").map(str::to_owned);
    WorkloadView { service, deployed: true, health, word, ready, desired, image, pods }
}

fn state(service: Service, deployment: &Value, desired: u64, pods: &[PodView]) -> (Health, String) {
    let said = |health, word: &str| (health, word.to_owned());
    if desired == 0 {
        let health = if service == Service::Loadgenerator { Health::Healthy } else { Health::Degraded };
        return said(health, "scaled to 0");
    }
    if let Some(bad) = pods.iter().find(|pod| pod.sign == Sign::Bad) {
        return (Health::Degraded, bad.word.clone());
    }
    let status = status(deployment);
    match status.phase {
        Phase::Current => said(Health::Healthy, "Healthy"),
        Phase::InProgress => (Health::Progressing, status.reason),
        Phase::Terminating => said(Health::Progressing, "Terminating"),
        Phase::Failed | Phase::NotFound | Phase::Unknown => (Health::Degraded, status.reason),
    }
}

fn condition(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|conditions| {
        conditions.iter().any(|one| text(one, "/type") == Some(kind) && text(one, "/status") == Some(status))
    })
}

/// Whether some page fails without the service. redis-cart is not: a shop may keep its carts elsewhere.
fn is_indispensable(service: Service) -> bool {
    let hard = |dependencies: &[crate::catalogue::Dependency]| {
        dependencies.iter().any(|call| call.service == service && call.hardness == Hardness::Hard)
    };
    service == Service::Frontend
        || service != Service::RedisCart
            && (pages().iter().any(|page| hard(page.dependencies)) || hard(calls(Service::Checkoutservice)))
}

fn edge(objects: &ShopObjects) -> EdgeView {
    let name = Service::Frontend.name();
    let service = objects.services.iter().find(|service| text(service, "/metadata/name") == Some(name));
    let slices = objects
        .endpoint_slices
        .iter()
        .filter(|slice| text(slice, "/metadata/labels/kubernetes.io~1service-name") == Some(name));
    let endpoints: Vec<&Value> =
        slices.filter_map(|slice| slice.get("endpoints").and_then(Value::as_array)).flatten().collect();
    // An absent condition means ready, says the API.
    let ready = |endpoint: &&&Value| endpoint.pointer("/conditions/ready").and_then(Value::as_bool).unwrap_or(true);
    EdgeView {
        service: name.to_owned(),
        port: service.map(|service| number(service, "/spec/ports/0/port")),
        ready: endpoints.iter().filter(ready).count(),
        endpoints: endpoints.len(),
        front_page: objects.front_page.clone(),
        routes: objects.routes.clone(),
    }
}

fn edge_health(edge: &EdgeView) -> Health {
    match &edge.front_page {
        _ if edge.port.is_none() || edge.ready == 0 => Health::Degraded,
        Some(page) if !page.good => Health::Degraded,
        // Who is not reached from here may be reached by others; who answers wrongly does so to everybody.
        _ if edge.routes.iter().any(|route| route.front_page.as_ref().is_some_and(|page| !page.good)) => {
            Health::Degraded
        }
        _ => Health::Healthy,
    }
}

fn running_faults(records: &[Value]) -> Vec<String> {
    let guards = records.iter().filter(|record| text(record, "/metadata/name") == Some(GUARD));
    guards.filter_map(|guard| Fault::from_config_map(guard).ok()).map(|fault| fault.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk_workload(image: &str) -> WorkloadView {
        WorkloadView {
            service: Service::Adservice,
            deployed: true,
            health: Health::Healthy,
            word: String::new(),
            ready: 1,
            desired: 1,
            image: Some(image.into()),
            pods: Vec::new(),
        }
    }

    #[test]
    fn a_tag_is_found_behind_a_registry_with_a_port() {
        assert_eq!(mk_workload("registry:5000/shop/adservice").tag(), Some("latest"));
        assert_eq!(mk_workload("registry:5000/shop/adservice:v0.10.6").tag(), Some("v0.10.6"));
        assert_eq!(mk_workload("redis:alpine@sha256:9d317178eceac8454a22").tag(), Some("9d317178ecea"));
    }

    #[test]
    fn a_service_that_no_page_needs_may_be_absent() {
        let view = view(&ShopObjects::default(), Timestamp::UNIX_EPOCH);
        let health = |service| view.workloads.iter().find(|w| w.service == service).map(|w| w.health);
        for service in [Service::Adservice, Service::Emailservice, Service::Loadgenerator, Service::RedisCart] {
            assert_eq!(health(service), Some(Health::Healthy), "{service}");
        }
        for service in [Service::Frontend, Service::Cartservice, Service::Paymentservice] {
            assert_eq!(health(service), Some(Health::Degraded), "{service}");
        }
    }

    #[test]
    fn endpoints_count_as_ready_unless_they_say_otherwise() {
        let objects = ShopObjects {
            endpoint_slices: vec![json!({
                "metadata": {"labels": {"kubernetes.io/service-name": "frontend"}},
                "endpoints": [{"addresses": ["10.0.0.1"]}, {"conditions": {"ready": false}}],
            })],
            ..ShopObjects::default()
        };
        let edge = view(&objects, Timestamp::UNIX_EPOCH).edge;
        assert_eq!((edge.ready, edge.endpoints), (1, 2));
    }

    #[test]
    fn a_rollout_that_the_controller_has_not_seen_is_progressing() {
        let deployment = json!({"kind": "Deployment", "metadata": {"name": "adservice", "generation": 2}, "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "readyReplicas": 1, "updatedReplicas": 1, "replicas": 1}});
        assert_eq!(state(Service::Adservice, &deployment, 1, &[]).0, Health::Progressing);
    }
}
