//! Why parts of the chart do not come up, where more can be said than of any pod.

use serde_json::Value;

use super::{MonitoringObservation, error, full_name, items, name, namespace, string, warning};
use crate::finding::{Code, Finding};
use crate::object::ObjectRef;

/// How long a volume may take to be made.
const VOLUME_PATIENCE: i64 = 60;
/// How long the webhook's certificate may take.
const JOB_PATIENCE: i64 = 60;

pub(super) fn judge(seen: &MonitoringObservation) -> Vec<Finding> {
    let mut findings: Vec<Finding> = seen.pods.iter().flatten().filter_map(|pod| node_exporter(seen, pod)).collect();
    // One for all nodes.
    findings.dedup_by_key(|finding| finding.code);
    findings.extend(seen.jobs.iter().flatten().filter_map(|job| admission(seen, job)));
    findings.extend(seen.claims.iter().flatten().filter_map(|claim| volume(seen, claim)));
    findings
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str())
}

fn node_exporter(seen: &MonitoringObservation, pod: &Value) -> Option<Finding> {
    if label(pod, "app.kubernetes.io/name") != Some("prometheus-node-exporter") {
        return None;
    }
    let unscheduled = items(pod, "/status/conditions")
        .find(|one| one["type"] == "PodScheduled" && one["status"] == "False")
        .and_then(|condition| string(condition, "/message"))
        .filter(|message| message.contains("free ports"));
    if let Some(message) = unscheduled {
        let mut finding =
            warning(Code::NODE_EXPORTER_PORT, "the node exporter does not start: port 9100 of a node is taken");
        finding.object = ObjectRef::of(pod);
        finding.evidence.push(message.to_owned());
        finding.fix =
            "set chart.values = { nodeExporter = { enabled = false } } if another node exporter runs there, or \
                       give it another port: prometheus-node-exporter.service.port and .targetPort"
                .to_owned();
        return Some(finding);
    }
    let said = |pointer: &str| {
        let statuses = items(pod, "/status/containerStatuses");
        statuses.filter_map(|status| string(status, pointer)).find(|message| message.contains("shared or slave mount"))
    };
    let message = said("/state/waiting/message").or_else(|| said("/lastState/terminated/message")).or_else(|| {
        let of_pod = |event: &&Value| string(event, "/involvedObject/name") == Some(name(pod));
        let messages = seen.events.iter().filter(of_pod).filter_map(|event| string(event, "/message"));
        messages.into_iter().find(|message| message.contains("shared or slave mount"))
    })?;
    let mut finding =
        warning(Code::NODE_EXPORTER_MOUNT, "the node exporter does not start: the node does not share its mounts");
    finding.object = ObjectRef::of(pod);
    finding.evidence.push(message.trim().to_owned());
    finding.fix = "set platform = \"kind\", or chart.values = { nodeExporter = { enabled = false } }".to_owned();
    Some(finding)
}

/// The jobs of the chart that make the certificate of the operator's webhook.
fn admission(seen: &MonitoringObservation, job: &Value) -> Option<Finding> {
    let is_admission = name(job).contains("admission-create") || name(job).contains("admission-patch");
    let done = items(job, "/status/conditions").any(|one| one["type"] == "Complete" && one["status"] == "True");
    if !is_admission || done || !seen.lasted(string(job, "/metadata/creationTimestamp"), JOB_PATIENCE) {
        return None;
    }
    let mut finding = error(Code::ADMISSION_JOB_STUCK, format!("the Job {} does not come to its end", full_name(job)));
    finding.object = ObjectRef::of(job);
    finding.cause.push("the release waits for the certificate of the operator's webhook".to_owned());
    for pod in seen.pods.iter().flatten().filter(|pod| label(pod, "job-name") == Some(name(job))) {
        for status in items(pod, "/status/containerStatuses") {
            if let Some(waiting) = status.pointer("/state/waiting") {
                let message = string(waiting, "/message").unwrap_or_default();
                let reason = string(waiting, "/reason").unwrap_or("waiting");
                finding.evidence.push(format!("pod {}: {reason} {message}", name(pod)).trim().to_owned());
            }
        }
    }
    let of_job = |event: &&Value| string(event, "/involvedObject/name") == Some(name(job));
    let refused = seen.events.iter().filter(of_job).filter_map(|event| string(event, "/message"));
    finding.evidence.extend(refused.map(str::to_owned));
    finding.evidence.dedup();
    finding.fix = format!(
        "see kubectl -n {} describe job {}; chart.values = {{ prometheusOperator = {{ admissionWebhooks = {{ enabled = \
         false }}, tls = {{ enabled = false }} }} }} does without the webhook",
        namespace(job),
        name(job)
    );
    Some(finding)
}

fn volume(seen: &MonitoringObservation, claim: &Value) -> Option<Finding> {
    let is_prometheus = name(claim).starts_with("prometheus-");
    let pending = string(claim, "/status/phase") == Some("Pending");
    if !is_prometheus || !pending || !seen.lasted(string(claim, "/metadata/creationTimestamp"), VOLUME_PATIENCE) {
        return None;
    }
    let class = string(claim, "/spec/storageClassName");
    let mut finding = error(Code::STORAGE_PENDING, format!("the volume claim {} gets no volume", full_name(claim)));
    finding.object = ObjectRef::of(claim);
    let of_claim = |event: &&Value| string(event, "/involvedObject/name") == Some(name(claim));
    finding.evidence.extend(
        seen.events
            .iter()
            .filter(of_claim)
            .filter_map(|event| string(event, "/message"))
            .map(str::to_owned)
            .next_back(),
    );
    finding.cause.push(match class {
        Some(class) => format!("its StorageClass is {class:?}"),
        None => "it names no StorageClass, and the cluster has no default one".to_owned(),
    });
    finding.fix =
        "set storage.class to one of those that kubectl get storageclasses shows, or leave storage out".to_owned();
    Some(finding)
}
