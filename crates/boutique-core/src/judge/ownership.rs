//! Which pods a verdict about a rollout may rest on.

use serde_json::Value;

use super::{Observation, string};

/// Whether a pod is of its Deployment's newest template. Pods of an older one are about to go: their troubles are no
/// reason to give up waiting for their successors. Where the owners are not in the observation, the answer is yes.
pub(super) fn is_current(observation: &Observation, pod: &Value) -> bool {
    let Some(owner) = controller(pod) else { return true };
    let Some(replica_set) =
        observation.of_kind("ReplicaSet").find(|replica_set| replica_set["metadata"]["name"] == owner)
    else {
        return true;
    };
    let Some(deployment) = controller(replica_set)
        .and_then(|name| observation.of_kind("Deployment").find(|deployment| deployment["metadata"]["name"] == name))
    else {
        return true;
    };
    if !is_observed(deployment) {
        return false;
    }
    match (revision(replica_set), revision(deployment)) {
        (Some(own), Some(newest)) => own == newest,
        _ => true,
    }
}

/// Whether the controller has seen the newest specification.
pub(super) fn is_observed(deployment: &Value) -> bool {
    let seen = deployment.pointer("/status/observedGeneration").and_then(Value::as_i64).unwrap_or_default();
    seen >= deployment.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default()
}

/// The ReplicaSet of a Deployment's newest template.
pub(super) fn newest_replica_set<'a>(observation: &'a Observation, deployment: &'a Value) -> Option<&'a Value> {
    observation.of_kind("ReplicaSet").find(|replica_set| {
        controller(replica_set) == string(deployment, "/metadata/name") && revision(replica_set) == revision(deployment)
    })
}

fn controller(object: &Value) -> Option<&str> {
    super::items(object, "/metadata/ownerReferences")
        .find(|owner| owner["controller"] == true)
        .and_then(|owner| owner["name"].as_str())
}

fn revision(object: &Value) -> Option<&str> {
    string(object, "/metadata/annotations/deployment.kubernetes.io~1revision")
}
