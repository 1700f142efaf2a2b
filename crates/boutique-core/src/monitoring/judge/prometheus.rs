//! Whether the Prometheus that is used answers.

use serde_json::Value;

use super::selection::chosen;
use super::{MonitoringObservation, error, full_name, items, name, namespace, string};
use crate::finding::{Code, Finding};
use crate::object::ObjectRef;

/// How long a Prometheus may take to come up; it may have a log to replay.
const PATIENCE: i64 = 120;

pub(super) fn judge(seen: &MonitoringObservation) -> Option<Finding> {
    let prometheuses = seen.prometheuses.as_ref()?;
    let prometheus = chosen(&seen.spec, prometheuses, &seen.namespaces)?;
    if is_ready(prometheus) != Some(false) {
        return None;
    }
    let mut finding = error(Code::PROMETHEUS_NOT_READY, format!("Prometheus {} is not ready", full_name(prometheus)));
    finding.object = ObjectRef::of(prometheus);
    for condition in items(prometheus, "/status/conditions").filter(|one| one["status"] != "True") {
        if let Some(message) = string(condition, "/message").filter(|message| !message.is_empty()) {
            let kind = string(condition, "/type").unwrap_or_default();
            finding.evidence.push(format!("{kind}: {}", message.trim()));
        }
    }
    let of_it = |pod: &&Value| {
        namespace(pod) == namespace(prometheus)
            && string(pod, "/metadata/labels/operator.prometheus.io~1name") == Some(name(prometheus))
    };
    let pods: Vec<&Value> = seen.pods.iter().flatten().filter(of_it).collect();
    for status in pods
        .iter()
        .flat_map(|pod| items(pod, "/status/initContainerStatuses").chain(items(pod, "/status/containerStatuses")))
    {
        let waiting = status.pointer("/state/waiting").or_else(|| status.pointer("/lastState/terminated"));
        if let Some(waiting) = waiting.filter(|_| status["ready"] != true) {
            let text = |key: &str| string(waiting, key).unwrap_or_default().trim();
            let line = format!(
                "container {}: {} {}",
                status["name"].as_str().unwrap_or_default(),
                text("/reason"),
                text("/message")
            );
            finding.evidence.push(line.trim().to_owned());
        }
    }
    if pods.is_empty() && seen.pods.is_some() {
        finding.cause.push("it has no pod".to_owned());
    }
    finding.settled = seen.lasted(string(prometheus, "/metadata/creationTimestamp"), PATIENCE);
    finding.fix = match pods.first() {
        Some(pod) => format!("kubectl -n {} describe pod {}", namespace(pod), name(pod)),
        None => format!("kubectl -n {} describe prometheus {}", namespace(prometheus), name(prometheus)),
    };
    Some(finding)
}

/// Whether a Prometheus is available; none if nobody has said anything about it yet.
#[must_use]
pub fn is_ready(prometheus: &Value) -> Option<bool> {
    let mut conditions = items(prometheus, "/status/conditions");
    let available = conditions.find(|one| one["type"] == "Available")?;
    Some(available["status"] == "True")
}
