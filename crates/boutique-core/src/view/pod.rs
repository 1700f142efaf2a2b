//! One pod in a word: the reason that a person would look for.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{condition, number, text};

/// How a pod is doing, for glyph and colour; the word says the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Takes traffic.
    Good,
    /// Starting or stopping.
    Waiting,
    /// Broken, and will not mend by waiting.
    Bad,
}

/// A pod as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodView {
    /// Its name.
    pub name: String,
    /// How it is doing.
    pub sign: Sign,
    /// The same in a word: `Running`, `CrashLoopBackOff`, `OOMKilled`, …
    pub word: String,
    /// Containers that are ready.
    pub ready: usize,
    /// All containers.
    pub containers: usize,
    /// Restarts of all containers.
    pub restarts: u64,
    /// Seconds since it was created.
    pub age_seconds: i64,
    /// Node that it runs on.
    pub node: Option<String>,
    /// What happened last, when that is worth a line: `OOMKilled 40 s ago`.
    pub note: Option<String>,
}

/// Waiting reasons that do not go away by waiting.
const STUCK: &[&str] = &[
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// A restart is worth mentioning for this long.
const RECENT_SECONDS: i64 = 600;

pub(super) fn pod_view(pod: &Value, now: Timestamp) -> PodView {
    let statuses = list(pod, "/status/containerStatuses");
    let containers = list(pod, "/spec/containers").len().max(statuses.len());
    let ready = statuses.iter().filter(|status| is_true(status, "/ready")).count();
    let (sign, word) = sign_and_word(pod, statuses);
    // What a pod that goes has to say is of no use to anybody.
    let going = text(pod, "/metadata/deletionTimestamp").is_some();
    PodView {
        name: text(pod, "/metadata/name").unwrap_or_default().to_owned(),
        sign,
        word,
        ready,
        containers,
        restarts: statuses.iter().map(|status| number(status, "/restartCount")).sum(),
        age_seconds: text(pod, "/metadata/creationTimestamp").map_or(0, |born| seconds_since(born, now)),
        node: text(pod, "/spec/nodeName").map(str::to_owned),
        note: if going { None } else { note(pod, statuses, now) },
    }
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_true(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

fn seconds_since(time: &str, now: Timestamp) -> i64 {
    time.parse::<Timestamp>().map_or(0, |time| (now.as_second() - time.as_second()).max(0))
}

fn sign_and_word(pod: &Value, statuses: &[Value]) -> (Sign, String) {
    let said = |sign, word: &str| (sign, word.to_owned());
    if text(pod, "/metadata/deletionTimestamp").is_some() {
        return said(Sign::Waiting, "Terminating");
    }
    match text(pod, "/status/phase") {
        Some("Failed") => return said(Sign::Bad, text(pod, "/status/reason").unwrap_or("Failed")),
        Some("Succeeded") => return said(Sign::Bad, "Completed"),
        _ => {}
    }
    if let Some(found) = init(pod) {
        return found;
    }
    for status in statuses {
        if let Some(reason) = text(status, "/state/waiting/reason") {
            let sign = if STUCK.contains(&reason) { Sign::Bad } else { Sign::Waiting };
            return said(sign, reason);
        }
        if let Some(reason) = text(status, "/state/terminated/reason") {
            return said(Sign::Bad, reason);
        }
    }
    if condition(pod, "PodScheduled", "False") {
        return said(Sign::Bad, "Unschedulable");
    }
    match (condition(pod, "Ready", "True"), text(pod, "/status/phase")) {
        (true, _) => said(Sign::Good, "Running"),
        (false, Some("Running")) => said(Sign::Waiting, "NotReady"),
        (false, phase) => said(Sign::Waiting, phase.unwrap_or("Pending")),
    }
}

/// Init containers that have not succeeded yet.
fn init(pod: &Value) -> Option<(Sign, String)> {
    let statuses = list(pod, "/status/initContainerStatuses");
    let done = statuses
        .iter()
        .filter(|status| {
            number(status, "/state/terminated/exitCode") == 0 && status.pointer("/state/terminated").is_some()
        })
        .count();
    if done == statuses.len() {
        return None;
    }
    let current = &statuses[done];
    let reason = text(current, "/state/waiting/reason").or_else(|| text(current, "/state/terminated/reason"));
    match reason {
        Some(reason) if reason != "PodInitializing" => {
            let stuck = STUCK.contains(&reason) || current.pointer("/state/terminated").is_some();
            Some((if stuck { Sign::Bad } else { Sign::Waiting }, format!("Init:{reason}")))
        }
        _ => Some((Sign::Waiting, format!("Init:{done}/{}", statuses.len()))),
    }
}

/// The last violent end of a container, or why the pod cannot start.
fn note(pod: &Value, statuses: &[Value], now: Timestamp) -> Option<String> {
    for status in statuses {
        let terminated = [status.pointer("/lastState/terminated"), status.pointer("/state/terminated")];
        for end in terminated.into_iter().flatten() {
            let ago = text(end, "/finishedAt").map_or(0, |time| seconds_since(time, now));
            if ago > RECENT_SECONDS {
                continue;
            }
            let (reason, code) = (text(end, "/reason").unwrap_or("Error"), number(end, "/exitCode"));
            return Some(match reason {
                "OOMKilled" => format!("OOMKilled {ago} s ago{}", limit(pod, text(status, "/name"))),
                reason => format!("{reason}, exit code {code}, {ago} s ago"),
            });
        }
        if let Some(message) = text(status, "/state/waiting/message").filter(|message| !message.contains("back-off")) {
            return Some(message.lines().next().unwrap_or_default().to_owned());
        }
    }
    let conditions = list(pod, "/status/conditions");
    let unscheduled = conditions
        .iter()
        .find(|one| text(one, "/type") == Some("PodScheduled") && text(one, "/status") == Some("False"))?;
    text(unscheduled, "/message").map(str::to_owned)
}

fn limit(pod: &Value, container: Option<&str>) -> String {
    let containers = list(pod, "/spec/containers");
    let found = containers.iter().find(|one| text(one, "/name") == container);
    found
        .and_then(|one| text(one, "/resources/limits/memory"))
        .map(|limit| format!(", memory limit {limit}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk_pod(status: &Value) -> Value {
        json!({"metadata": {"name": "cartservice-1", "creationTimestamp": "2026-08-01T10:00:00Z"},
               "spec": {"containers": [{"name": "server", "resources": {"limits": {"memory": "64Mi"}}}]},
               "status": status})
    }

    fn now() -> Timestamp {
        "2026-08-01T10:05:00Z".parse().unwrap()
    }

    #[test]
    fn a_ready_pod_is_running() {
        let pod = mk_pod(&json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                                "containerStatuses": [{"ready": true, "restartCount": 0, "state": {"running": {}}}]}));
        let view = pod_view(&pod, now());
        assert_eq!((view.sign, view.word.as_str(), view.age_seconds), (Sign::Good, "Running", 300));
    }

    #[test]
    fn a_pod_killed_for_memory_says_so_with_its_limit() {
        let pod = mk_pod(
            &json!({"phase": "Running", "containerStatuses": [{"name": "server", "ready": false, "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-08-01T10:04:20Z"}}}]}),
        );
        let view = pod_view(&pod, now());
        assert_eq!((view.sign, view.word.as_str(), view.restarts), (Sign::Bad, "CrashLoopBackOff", 4));
        assert_eq!(view.note.as_deref(), Some("OOMKilled 40 s ago, memory limit 64Mi"));
    }

    #[test]
    fn an_exit_of_137_is_not_called_out_of_memory() {
        let pod = mk_pod(&json!({"phase": "Running", "containerStatuses": [{"name": "server", "ready": true,
            "state": {"running": {}},
            "lastState": {"terminated": {"reason": "Error", "exitCode": 137, "finishedAt": "2026-08-01T10:04:20Z"}}}]}));
        assert_eq!(pod_view(&pod, now()).note.as_deref(), Some("Error, exit code 137, 40 s ago"));
    }

    #[test]
    fn waiting_for_an_init_container_is_counted() {
        let pod = mk_pod(&json!({"phase": "Pending", "initContainerStatuses": [{"state": {"running": {}}}],
            "containerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}}]}));
        assert_eq!(pod_view(&pod, now()).word, "Init:0/1");
        let pod = mk_pod(&json!({"phase": "Pending",
            "initContainerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}));
        assert_eq!(
            (pod_view(&pod, now()).sign, pod_view(&pod, now()).word.as_str()),
            (Sign::Bad, "Init:CrashLoopBackOff")
        );
    }

    #[test]
    fn a_pod_that_goes_is_terminating_whatever_else_it_says() {
        let mut pod = mk_pod(&json!({"phase": "Running", "containerStatuses": []}));
        pod["metadata"]["deletionTimestamp"] = json!("2026-08-01T10:04:59Z");
        assert_eq!(pod_view(&pod, now()).word, "Terminating");
    }

    #[test]
    fn a_pod_without_a_node_says_why() {
        let pod = mk_pod(&json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available: 1 Insufficient cpu."}]}));
        let view = pod_view(&pod, now());
        assert_eq!(view.word, "Unschedulable");
        assert_eq!(view.note.as_deref(), Some("0/1 nodes are available: 1 Insufficient cpu."));
    }
}
