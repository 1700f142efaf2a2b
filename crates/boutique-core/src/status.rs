//! Status: how far a live object has come to what its specification asks for.
//!
//! One function from an object to a phase and a reason. An object whose controller has not yet seen the current
//! generation is never current, whatever its conditions say.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Phase of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// On its way to its specification.
    InProgress,
    /// As specified.
    Current,
    /// It will not get there by itself.
    Failed,
    /// Being deleted.
    Terminating,
    /// Not there.
    NotFound,
    /// Nothing that we can read.
    Unknown,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InProgress => "InProgress",
            Self::Current => "Current",
            Self::Failed => "Failed",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Unknown => "Unknown",
        })
    }
}

/// Phase and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Phase.
    pub phase: Phase,
    /// Why, as a fragment a person reads.
    pub reason: String,
}

impl Status {
    fn new(phase: Phase, reason: impl Into<String>) -> Self {
        Self { phase, reason: reason.into() }
    }

    /// The status of an object that is not there.
    pub fn not_found() -> Self {
        Self::new(Phase::NotFound, "not found")
    }

    /// Whether the object is as specified.
    pub fn is_current(&self) -> bool {
        self.phase == Phase::Current
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.phase, self.reason)
    }
}

/// The status of a live object. Kinds without a status of their own are current once they exist.
pub fn status(live: &Value) -> Status {
    let object = Object(live);
    let Some(kind) = live.get("kind").and_then(Value::as_str) else {
        return Status::new(Phase::Unknown, "an object without a kind");
    };
    if live.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()) {
        return Status::new(Phase::Terminating, "being deleted");
    }
    let generation = object.number("/metadata/generation").unwrap_or(0);
    let observed = object.number("/status/observedGeneration");
    let controlled = matches!(kind, "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet");
    if observed.map_or(controlled, |observed| observed < generation) {
        return Status::new(Phase::InProgress, "its controller has not seen the newest specification yet");
    }
    match kind {
        "Deployment" => deployment(&object),
        "ReplicaSet" => replica_set(&object),
        "StatefulSet" => stateful_set(&object),
        "DaemonSet" => daemon_set(&object),
        "Pod" => pod(&object),
        "Job" => job(&object),
        "PersistentVolumeClaim" => claim(&object),
        "Service" => service(&object),
        _ => by_conditions(&object),
    }
}

struct Object<'a>(&'a Value);

impl<'a> Object<'a> {
    fn number(&self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer).and_then(Value::as_i64)
    }

    fn count(&self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or(0)
    }

    fn text(&self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer).and_then(Value::as_str)
    }

    fn condition(&self, wanted: &str) -> Option<Condition<'a>> {
        let conditions = self.0.pointer("/status/conditions")?.as_array()?;
        conditions.iter().map(Condition).find(|condition| condition.text("type") == wanted)
    }
}

struct Condition<'a>(&'a Value);

impl<'a> Condition<'a> {
    fn text(&self, key: &str) -> &'a str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn is_true(&self) -> bool {
        self.text("status") == "True"
    }

    fn said(&self) -> String {
        match (self.text("reason"), self.text("message")) {
            ("", "") => self.text("type").to_owned(),
            (reason, "") => reason.to_owned(),
            ("", message) => message.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }
}

fn deployment(object: &Object<'_>) -> Status {
    if let Some(progressing) = object.condition("Progressing")
        && progressing.text("reason") == "ProgressDeadlineExceeded"
    {
        return Status::new(Phase::Failed, progressing.said());
    }
    if let Some(failure) = object.condition("ReplicaFailure").filter(Condition::is_true) {
        return Status::new(Phase::InProgress, failure.said());
    }
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let updated = object.count("/status/updatedReplicas");
    let total = object.count("/status/replicas");
    let available = object.count("/status/availableReplicas");
    if object.0.pointer("/spec/paused").and_then(Value::as_bool) == Some(true) && updated < wanted {
        return Status::new(Phase::InProgress, "its rollout is paused");
    }
    if updated < wanted {
        return Status::new(Phase::InProgress, format!("{updated} of {wanted} pods updated"));
    }
    if total > updated {
        return Status::new(Phase::InProgress, format!("{} old pods still to end", total - updated));
    }
    if available < wanted {
        return Status::new(Phase::InProgress, format!("{available} of {wanted} pods available"));
    }
    Status::new(Phase::Current, format!("{available} of {wanted} pods available"))
}

fn replica_set(object: &Object<'_>) -> Status {
    if let Some(failure) = object.condition("ReplicaFailure").filter(Condition::is_true) {
        return Status::new(Phase::InProgress, failure.said());
    }
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let total = object.count("/status/replicas");
    let available = object.count("/status/availableReplicas");
    let phase = if available >= wanted && total <= wanted { Phase::Current } else { Phase::InProgress };
    Status::new(phase, format!("{available} of {wanted} pods available"))
}

fn stateful_set(object: &Object<'_>) -> Status {
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let ready = object.count("/status/readyReplicas");
    let updated = object.count("/status/updatedReplicas");
    let rolled = object.text("/status/currentRevision") == object.text("/status/updateRevision") || updated >= wanted;
    let phase = if ready >= wanted && rolled { Phase::Current } else { Phase::InProgress };
    Status::new(phase, format!("{ready} of {wanted} pods ready"))
}

fn daemon_set(object: &Object<'_>) -> Status {
    let wanted = object.count("/status/desiredNumberScheduled");
    let updated = object.count("/status/updatedNumberScheduled");
    let available = object.count("/status/numberAvailable");
    let phase = if updated >= wanted && available >= wanted { Phase::Current } else { Phase::InProgress };
    Status::new(phase, format!("{available} of {wanted} pods available"))
}

fn pod(object: &Object<'_>) -> Status {
    match object.text("/status/phase").unwrap_or_default() {
        "Succeeded" => return Status::new(Phase::Current, "ended well"),
        "Failed" => {
            let said = [object.text("/status/reason"), object.text("/status/message")];
            let said: Vec<&str> = said.into_iter().flatten().collect();
            let reason = if said.is_empty() { "failed".to_owned() } else { said.join(": ") };
            return Status::new(Phase::Failed, reason);
        }
        _ => {}
    }
    if let Some(ready) = object.condition("Ready")
        && ready.is_true()
    {
        return Status::new(Phase::Current, "ready");
    }
    if let Some(scheduled) = object.condition("PodScheduled")
        && !scheduled.is_true()
    {
        return Status::new(Phase::InProgress, scheduled.said());
    }
    for list in ["/status/initContainerStatuses", "/status/containerStatuses"] {
        for container in object.0.pointer(list).and_then(Value::as_array).into_iter().flatten() {
            if let Some(waiting) = container.pointer("/state/waiting") {
                let text = |key: &str| waiting.get(key).and_then(Value::as_str).unwrap_or_default();
                let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
                let message = if text("message").is_empty() { String::new() } else { format!(": {}", text("message")) };
                return Status::new(Phase::InProgress, format!("container {name} {}{message}", text("reason")));
            }
        }
    }
    Status::new(Phase::InProgress, object.condition("Ready").map_or_else(|| "starting".into(), |ready| ready.said()))
}

fn job(object: &Object<'_>) -> Status {
    if let Some(failed) = object.condition("Failed").filter(Condition::is_true) {
        return Status::new(Phase::Failed, failed.said());
    }
    if object.condition("Complete").is_some_and(|complete| complete.is_true()) {
        return Status::new(Phase::Current, "complete");
    }
    Status::new(Phase::InProgress, format!("{} active", object.count("/status/active")))
}

fn claim(object: &Object<'_>) -> Status {
    match object.text("/status/phase") {
        Some("Bound") => Status::new(Phase::Current, "bound"),
        Some("Lost") => Status::new(Phase::Failed, "its volume is lost"),
        _ => Status::new(Phase::InProgress, "not bound to a volume yet"),
    }
}

fn service(object: &Object<'_>) -> Status {
    if object.text("/spec/type") != Some("LoadBalancer") {
        return Status::new(Phase::Current, "exists");
    }
    let ingress = object.0.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    if ingress.is_some_and(|ingress| !ingress.is_empty()) {
        return Status::new(Phase::Current, "has an address");
    }
    Status::new(Phase::InProgress, "its load balancer has no address yet")
}

fn by_conditions(object: &Object<'_>) -> Status {
    if let Some(stalled) = object.condition("Stalled").filter(Condition::is_true) {
        return Status::new(Phase::Failed, stalled.said());
    }
    if let Some(reconciling) = object.condition("Reconciling").filter(Condition::is_true) {
        return Status::new(Phase::InProgress, reconciling.said());
    }
    match object.condition("Ready") {
        Some(ready) if !ready.is_true() => Status::new(Phase::InProgress, ready.said()),
        Some(_) => Status::new(Phase::Current, "ready"),
        None => Status::new(Phase::Current, "exists"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(yaml: &str) -> Status {
        status(&serde_yaml_ng::from_str(yaml).unwrap())
    }

    fn phase(yaml: &str) -> Phase {
        of(yaml).phase
    }

    const READY: &str = "
kind: Deployment
metadata: {generation: 2}
spec: {replicas: 2}
status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2}";

    #[test]
    fn a_deployment_with_all_pods_available_is_current() {
        assert_eq!(of(READY).to_string(), "Current: 2 of 2 pods available");
    }

    #[test]
    fn a_deployment_whose_newest_specification_nobody_saw_is_in_progress() {
        assert_eq!(phase(&READY.replace("observedGeneration: 2", "observedGeneration: 1")), Phase::InProgress);
        assert_eq!(phase("{kind: Deployment, metadata: {generation: 1}, spec: {replicas: 0}}"), Phase::InProgress);
    }

    #[test]
    fn old_pods_that_still_run_keep_a_rollout_in_progress() {
        let status = of(&READY.replace("{observedGeneration: 2, replicas: 2", "{observedGeneration: 2, replicas: 3"));
        assert_eq!(status.to_string(), "InProgress: 1 old pods still to end");
    }

    #[test]
    fn an_exceeded_deadline_is_a_failure_with_the_controllers_words() {
        let status = of("
kind: Deployment
metadata: {generation: 1}
status:
  observedGeneration: 1
  conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded, message: timed out}]");
        assert_eq!(status.to_string(), "Failed: ProgressDeadlineExceeded: timed out");
    }

    #[test]
    fn a_quota_is_told_as_the_reason() {
        let status = of("
kind: Deployment
metadata: {generation: 1}
status:
  observedGeneration: 1
  conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'exceeded quota: pods'}]");
        assert_eq!(status.to_string(), "InProgress: FailedCreate: exceeded quota: pods");
    }

    #[test]
    fn whatever_is_being_deleted_is_terminating() {
        assert_eq!(phase("{kind: Pod, metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}}"), Phase::Terminating);
    }

    #[test]
    fn a_pod_tells_what_its_container_waits_for() {
        let status = of("
kind: Pod
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: 'True'}, {type: Ready, status: 'False'}]
  containerStatuses: [{name: server, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}]");
        assert_eq!(status.to_string(), "InProgress: container server ImagePullBackOff: no such image");
    }

    #[test]
    fn a_pod_that_no_node_takes_tells_why() {
        let status = of("
kind: Pod
status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: no cpu}]}");
        assert_eq!(status.to_string(), "InProgress: Unschedulable: no cpu");
    }

    #[test]
    fn other_kinds_follow_their_own_signs() {
        for (yaml, expected) in [
            ("{kind: Service, spec: {type: ClusterIP}}", Phase::Current),
            ("{kind: Service, spec: {type: LoadBalancer}}", Phase::InProgress),
            ("{kind: PersistentVolumeClaim, status: {phase: Bound}}", Phase::Current),
            ("{kind: PersistentVolumeClaim, status: {phase: Pending}}", Phase::InProgress),
            ("{kind: PersistentVolumeClaim, status: {phase: Lost}}", Phase::Failed),
            ("{kind: Job, status: {conditions: [{type: Complete, status: 'True'}]}}", Phase::Current),
            ("{kind: Job, status: {conditions: [{type: Failed, status: 'True'}]}}", Phase::Failed),
            ("{kind: Pod, status: {phase: Failed, reason: Evicted}}", Phase::Failed),
            ("{kind: ConfigMap}", Phase::Current),
            ("{kind: Widget, status: {conditions: [{type: Ready, status: 'False'}]}}", Phase::InProgress),
            ("{kind: Widget, metadata: {generation: 2}, status: {observedGeneration: 1}}", Phase::InProgress),
            ("{metadata: {}}", Phase::Unknown),
        ] {
            assert_eq!(phase(yaml), expected, "{yaml}");
        }
    }
}
