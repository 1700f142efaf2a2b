//! What kinds of fault ask of their target.

use std::time::Duration;

use serde_json::Value;

use super::LEEWAY;
use crate::catalogue::workload;
use crate::fault::act::{Act, PodRef};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::predict::{Gap, Kill, Readiness, comes_back, serves_on};
use crate::service::Service;

/// A service of the shop as it was seen.
pub(super) struct Target<'a> {
    pub(super) service: Service,
    pub(super) deployment: &'a Value,
    /// Pods that are not on their way out, Ready ones first.
    pub(super) pods: Vec<&'a Value>,
}

impl<'a> Target<'a> {
    pub(super) fn of(scene: &'a Scene, service: Service) -> Result<Self, Refusal> {
        let mut pods = scene.living_pods(service);
        pods.sort_by_key(|pod| !is_ready(pod));
        Ok(Self { service, deployment: scene.deployment(service)?, pods })
    }

    fn template(&self) -> &Value {
        self.deployment.pointer("/spec/template").unwrap_or(&Value::Null)
    }

    /// The pods that are meant, with those that are started only.
    pub(super) fn chosen(&self, scene: &Scene, count: Option<usize>) -> Result<Vec<&'a Value>, Refusal> {
        let chosen: Vec<&Value> = self
            .pods
            .iter()
            .copied()
            .filter(|pod| pod.pointer("/status/startTime").is_some())
            .take(count.unwrap_or(usize::MAX))
            .collect();
        if chosen.is_empty() {
            return Err(Refusal::new(
                format!("{} has no pod to break", self.service),
                format!("see kubectl boutique status -n {}", scene.namespace),
            ));
        }
        Ok(chosen)
    }

    /// Ready pods that are left alone.
    pub(super) fn survivors(&self, chosen: &[&Value]) -> usize {
        let spared = |pod: &&&Value| !chosen.iter().any(|victim| std::ptr::eq(*victim, **pod));
        self.pods.iter().filter(spared).filter(|pod| is_ready(pod)).count()
    }

    pub(super) fn readiness(&self) -> Readiness {
        Readiness::of_template(self.template())
    }

    /// How long a pod may take to stop.
    pub(super) fn grace(&self) -> Duration {
        let stated = self.template().pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64);
        Duration::from_secs(stated.unwrap_or(30))
    }

    /// How long replaced pods take at most until they serve.
    pub(super) fn comes_back(&self) -> Duration {
        self.grace() + comes_back(self.readiness()).longest
    }

    pub(super) fn kill(&self, chosen: &[&Value], grace: Duration) -> Kill {
        Kill {
            service: self.service,
            killed: chosen.len(),
            survivors: self.survivors(chosen),
            grace,
            readiness: self.readiness(),
        }
    }

    /// Pods that the Deployment should have.
    pub(super) fn replicas(&self) -> u64 {
        self.deployment.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1)
    }

    /// How long it takes until all pods run another template: at best until a first new one is Ready, at worst they are
    /// exchanged one after the other.
    pub(super) fn rollout(&self) -> Gap {
        let ready = comes_back(self.readiness());
        let settles = self.deployment.pointer("/spec/minReadySeconds").and_then(Value::as_u64).unwrap_or_default();
        let one = ready.longest + Duration::from_secs(settles);
        let rounds = u32::try_from(self.replicas().max(1)).unwrap_or(u32::MAX);
        Gap { shortest: ready.shortest, longest: one.saturating_mul(rounds) + self.stops() }
    }

    /// How long a healthy pod takes to stop at most: whoever listens to SIGTERM does so within moments.
    fn stops(&self) -> Duration {
        let sleep = self.container().and_then(|container| container.pointer("/lifecycle/preStop/sleep/seconds"));
        let heard = Duration::from_secs(sleep.and_then(Value::as_u64).unwrap_or_default() + 2);
        if serves_on(self.service) { self.grace() } else { self.grace().min(heard) }
    }

    /// The container that serves: the one the catalogue names, or the first.
    pub(super) fn container(&self) -> Option<&Value> {
        let containers = self.template().pointer("/spec/containers")?.as_array()?;
        let wanted = workload(self.service).container;
        containers.iter().find(|container| name(container) == wanted).or_else(|| containers.first())
    }

    pub(super) fn container_name(&self) -> Result<&str, Refusal> {
        self.container().map(name).filter(|name| !name.is_empty()).ok_or_else(|| {
            Refusal::new(format!("Deployment {} has no containers", self.service), "look at it with kubectl describe")
        })
    }

    /// A template that is held back is not rolled out.
    pub(super) fn refuse_if_paused(&self, namespace: &str) -> Result<(), Refusal> {
        let service = self.service;
        match self.deployment.pointer("/spec/paused").and_then(Value::as_bool) {
            Some(true) => Err(Refusal::new(
                format!("the rollout of Deployment {service} is paused, so that a change of its template does nothing"),
                format!("kubectl rollout resume -n {namespace} deployment/{service}, or another --fault"),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn uid(&self) -> String {
        self.deployment.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// The act that marks a pod and ends its life after the fault, with further operations.
pub(super) fn patch(scene: &Scene, wish: &Wish, pod: &Value, more: impl IntoIterator<Item = Value>) -> Option<Act> {
    let mut patch = Act::live_patch(pod, &wish.id, scene.now, wish.bound + LEEWAY)?;
    patch.extend(more);
    Some(Act::PatchPod { pod: PodRef::of(pod)?, patch })
}

/// What a shell needs to replace pods.
pub(super) fn delete_by_hand(namespace: &str, pods: &[&Value]) -> Vec<String> {
    let names: Vec<&str> = pods.iter().map(|pod| name_of(pod)).collect();
    vec![format!("kubectl delete pod -n {namespace} {}", names.join(" "))]
}

/// What shoppers notice when pods that were broken are replaced.
pub(super) fn replaced(target: &Target<'_>, survivors: usize) -> String {
    if survivors > 0 {
        return "at the end the pods are replaced while the others serve: nobody notices".to_owned();
    }
    let ready = comes_back(target.readiness());
    format!(
        "at the end the pods are replaced: until a new one serves, {ready}, and until callers find it, it is missing"
    )
}

pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|conditions| {
        conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    })
}

pub(super) fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn name(entry: &Value) -> &str {
    entry.get("name").and_then(Value::as_str).unwrap_or_default()
}
