//! What a kind of fault is given: what is seen of the shop, and what the user wishes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::service::Service;

/// The shop as it was seen before the fault. Objects as the API server gave them.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Namespace of the shop.
    pub namespace: String,
    /// The server's minor version, such as 36; 0 where it is not known.
    pub minor: u32,
    /// When it was seen.
    pub now: Timestamp,
    /// Deployments of the shop.
    pub deployments: Vec<Value>,
    /// Pods of the shop.
    pub pods: Vec<Value>,
    /// Services of the namespace.
    pub services: Vec<Value>,
    /// HorizontalPodAutoscalers of the namespace.
    pub autoscalers: Vec<Value>,
    /// PodDisruptionBudgets of the namespace.
    pub budgets: Vec<Value>,
    /// NetworkPolicies of the namespace; empty where this user may not see them.
    pub policies: Vec<Value>,
    /// Nodes; empty where this user may not see them.
    pub nodes: Vec<Value>,
}

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Id of the fault.
    pub id: String,
    /// To whom.
    pub service: Service,
    /// The other end, for faults between two services.
    pub peer: Option<Service>,
    /// How many pods; none for all.
    pub count: Option<usize>,
    /// Grace period of killed pods; none for the pods' own.
    pub grace: Option<Duration>,
    /// How long the fault lasts.
    pub bound: Duration,
    /// By how much each call gets slower.
    pub delay: Duration,
    /// Image that takes the container's place, or of the helper that the fault needs.
    pub image: Option<String>,
}

/// Why a fault cannot be done here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What is in the way.
    pub reason: String,
    /// What to do instead.
    pub remedy: String,
}

impl Refusal {
    /// A refusal with a way out.
    pub fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into() }
    }
}

impl Scene {
    /// The Deployment of a service.
    ///
    /// # Errors
    ///
    /// When the shop has none.
    pub fn deployment(&self, service: Service) -> Result<&Value, Refusal> {
        let named = |object: &&Value| text(object, "/metadata/name") == Some(service.name());
        self.deployments.iter().find(named).ok_or_else(|| {
            Refusal::new(
                format!("Deployment {service} does not exist in namespace {}; nothing was changed", self.namespace),
                format!("see kubectl boutique status -n {}", self.namespace),
            )
        })
    }

    /// Pods of a service that are not on their way out already.
    pub fn living_pods(&self, service: Service) -> Vec<&Value> {
        let going = |pod: &Value| {
            pod.pointer("/metadata/deletionTimestamp").is_some()
                || matches!(text(pod, "/status/phase"), Some("Failed" | "Succeeded"))
        };
        self.pods
            .iter()
            .filter(|pod| text(pod, "/metadata/labels/app") == Some(service.name()) && !going(pod))
            .collect()
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}
