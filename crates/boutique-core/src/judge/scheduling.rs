//! Pods without a node.

use serde_json::Value;

use super::{Observation, app, condition, is_gone, known, namespace, ownership, reference};
use crate::finding::{Code, Finding, Severity};

/// Seconds in which ending pods may still make room.
const PATIENCE: i64 = 30;

/// What keeps a pod from being scheduled, in the scheduler's words.
pub(super) fn judge(observation: &Observation, pod: &Value) -> Option<Finding> {
    let scheduled = condition(pod, "PodScheduled")?;
    if is_gone(pod) || scheduled["status"] != "False" || scheduled["reason"] != "Unschedulable" {
        return None;
    }
    let app = app(pod);
    let said = scheduled["message"].as_str().unwrap_or_default();
    let mut cause = Vec::new();
    for (word, reason) in [
        ("Insufficient cpu", "no node has enough CPU left for its request"),
        ("Insufficient memory", "no node has enough memory left for its request"),
        ("Too many pods", "every node runs as many pods as it may"),
        ("no nodes available", "the cluster has no node"),
        ("not-ready", "nodes are not ready"),
        ("were unschedulable", "nodes are cordoned (kubectl uncordon NODE takes that back)"),
        ("untolerated taint", "nodes have taints that it does not tolerate"),
    ] {
        if said.contains(word) {
            cause.push(reason.to_owned());
        }
    }
    // A node that is starting, or is being ordered, will take it.
    let node_comes = said.contains("not-ready") || observation.events_of(pod, "TriggeredScaleUp").next().is_some();
    let lasted = observation.lasted(scheduled["lastTransitionTime"].as_str(), PATIENCE);
    let fix = match known(app) {
        Some(service) => format!(
            "use profile = \"small\", lower services.{service}.resources.requests, or add a node; what nodes have left: \
             kubectl describe nodes"
        ),
        None => {
            format!("kubectl -n {} describe pod {}", namespace(pod), pod["metadata"]["name"].as_str().unwrap_or("?"))
        }
    };
    Some(Finding {
        code: Code::UNSCHEDULABLE,
        severity: Severity::Error,
        service: Some(app.to_owned()),
        object: reference(pod),
        summary: format!("{app}: the pod fits on no node"),
        cause,
        evidence: vec![format!("scheduler: {said}")],
        fix,
        settled: lasted && !node_comes && ownership::is_current(observation, pod),
    })
}
