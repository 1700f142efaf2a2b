//! From what was observed to findings: why a shop does not come up, and what ends it.
//!
//! Works on every Online Boutique: services are recognised by upstream's `app` label. Nothing here asks a cluster.

mod containers;
mod logs;
mod ownership;
mod pull;
mod rollouts;
mod scheduling;
mod services;

use jiff::Timestamp;
use serde_json::Value;

use crate::finding::{Code, Finding};
use crate::object::ObjectRef;
use crate::service::Service;

/// What was observed, as plain data.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Live objects with `apiVersion` and `kind`: Deployments, ReplicaSets, Pods, Services, EndpointSlices, the
    /// Namespace. What is missing is not judged.
    pub objects: Vec<Value>,
    /// Events of the same namespace, with `apiVersion: v1`.
    pub events: Vec<Value>,
    /// The last lines of containers that are in trouble.
    pub logs: Vec<LogTail>,
    /// When it was observed; some troubles are only believed when they have lasted. None believes at once.
    pub at: Option<Timestamp>,
}

/// The last lines a container wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogTail {
    /// Name of the pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// Oldest first. Of the instance before, if the present one has written nothing.
    pub lines: Vec<String>,
}

/// A container whose last log lines would help to judge an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsWanted {
    /// Name of the pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// Whether the instance before the present one has them.
    pub previous: bool,
}

/// Everything wrong that can be seen, errors first, then in the order of the services; nothing is said twice.
#[must_use]
pub fn judge(observation: &Observation) -> Vec<Finding> {
    let mut findings = rollouts::namespace(observation);
    for deployment in observation.of_kind("Deployment") {
        findings.extend(rollouts::judge(observation, deployment));
    }
    for pod in observation.of_kind("Pod") {
        findings.extend(scheduling::judge(observation, pod));
        findings.extend(containers::judge(observation, pod));
    }
    findings.extend(services::judge(observation));
    merge(without_consequences(findings))
}

/// For people: one trouble of many services, such as a quota that is used up or a registry that does not answer, is said
/// once, with the names of the others.
#[must_use]
pub fn condense(findings: Vec<Finding>) -> Vec<Finding> {
    let mut groups: Vec<(Finding, Vec<String>)> = Vec::new();
    for finding in findings {
        let same = |first: &Finding| {
            let reason = !first.cause.is_empty() && first.cause == finding.cause;
            first.code == finding.code && (reason || first.evidence == finding.evidence)
        };
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, others)) => others.extend(finding.service),
            None => groups.push((finding, Vec::new())),
        }
    }
    groups
        .into_iter()
        .map(|(mut finding, others)| {
            if !others.is_empty() {
                finding.evidence.push(format!("the same for {}", others.join(", ")));
            }
            finding
        })
        .collect()
}

/// Containers in trouble whose last log lines [`judge`] would show.
#[must_use]
pub fn logs_wanted(observation: &Observation) -> Vec<LogsWanted> {
    observation.of_kind("Pod").flat_map(containers::logs_wanted).collect()
}

impl Observation {
    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    /// Events about an object, newest last.
    fn events_of<'a>(&'a self, object: &'a Value, reason: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        self.events.iter().filter(move |event| {
            let about = &event["involvedObject"];
            event["reason"] == reason
                && about["kind"] == object["kind"]
                && about["name"] == object["metadata"]["name"]
                && (about["uid"].is_null() || about["uid"] == object["metadata"]["uid"])
        })
    }

    /// Whether something that began then has lasted this long.
    fn lasted(&self, since: Option<&str>, seconds: i64) -> bool {
        let began = since.and_then(|since| since.parse::<Timestamp>().ok());
        match (self.at, began) {
            (Some(now), Some(began)) => now.duration_since(began).as_secs() >= seconds,
            _ => true,
        }
    }
}

/// The service an object belongs to, by its `app` label, or its name where it has none.
fn app(object: &Value) -> &str {
    let labels = &object["metadata"]["labels"];
    labels["app"].as_str().or_else(|| object["metadata"]["name"].as_str()).unwrap_or("?")
}

fn known(app: &str) -> Option<Service> {
    app.parse().ok()
}

fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or("default")
}

/// Whether a pod is ending or has ended: it is nobody's trouble any more.
fn is_gone(pod: &Value) -> bool {
    let phase = &pod["status"]["phase"];
    pod["metadata"]["deletionTimestamp"].is_string() || phase == "Succeeded" || phase == "Failed"
}

fn reference(object: &Value) -> Option<ObjectRef> {
    ObjectRef::of(object)
}

fn string<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(object, "/status/conditions").find(|condition| condition["type"] == kind)
}

/// Leaves out what only repeats another finding of the same service: of course its rollout makes no progress and its
/// Service has no endpoints when its image cannot be pulled.
fn without_consequences(mut findings: Vec<Finding>) -> Vec<Finding> {
    let is_consequence = |finding: &Finding| matches!(finding.code, Code::PROGRESS_DEADLINE | Code::NO_ENDPOINTS);
    let explained: Vec<Option<String>> =
        findings.iter().filter(|finding| !is_consequence(finding)).map(|finding| finding.service.clone()).collect();
    // The deadline that has passed is still a reason not to wait any longer.
    let expired: Vec<Option<String>> = findings
        .iter()
        .filter(|finding| finding.code == Code::PROGRESS_DEADLINE)
        .map(|finding| finding.service.clone())
        .collect();
    findings.retain(|finding| !is_consequence(finding) || !explained.contains(&finding.service));
    for finding in &mut findings {
        finding.settled |= finding.code != Code::NO_ENDPOINTS && expired.contains(&finding.service);
    }
    findings
}

/// Same trouble, same service: one finding that names the first object and counts the others.
fn merge(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<(Finding, usize)> = Vec::new();
    for finding in findings {
        let same = |other: &Finding| other.code == finding.code && other.summary == finding.summary;
        match merged.iter_mut().find(|(other, _)| same(other)) {
            Some((other, more)) => {
                *more += 1;
                other.settled |= finding.settled;
            }
            None => merged.push((finding, 0)),
        }
    }
    let mut findings: Vec<Finding> = merged
        .into_iter()
        .map(|(mut finding, more)| {
            if more > 0 {
                finding.evidence.push(format!("the same on {more} more"));
            }
            finding
        })
        .collect();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.code.cmp(&b.code)).then(a.summary.cmp(&b.summary)));
    findings
}
