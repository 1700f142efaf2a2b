//! Lowering a container's memory limit while it runs, until it is just above what is in use.
//!
//! A node refuses a limit below the use and says how much that is. <https://kep.k8s.io/1287>

use std::time::Duration;

use boutique_core::{
    fault::{Act, PodRef, with_memory_limit},
    object::{Kind, ObjectRef},
    quantity::Quantity,
};
use http::Method;
use serde_json::Value;

use super::{ActivityError, Work, load::load};
use crate::{
    fault::{
        act::send,
        patience::{patiently, uid},
    },
    request::build,
    watch::{Follow, Followed},
};

/// How long a node gets to take a limit or to refuse it.
const ANSWER: Duration = Duration::from_secs(15);

/// No container can live in less, whatever it does.
const LEAST: u64 = 512 * 1024;

/// Limits are whole pages.
const PAGE: u64 = 4096;

/// How often a limit just above the use is tried, while the use moves.
const FINE: u32 = 4;

/// What a node made of a new limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It is in force.
    InForce,
    /// It was refused, with the use in bytes where the node said it.
    Refused(Option<u64>),
    /// The container was killed over it.
    Killed,
    /// The pod is gone.
    Gone,
    /// Nothing was said in time.
    Silent,
}

/// One container under pressure.
struct Squeezed<'a> {
    work: &'a Work,
    pod: &'a PodRef,
    container: &'a str,
    /// The pod as it was before.
    before: Value,
    restarts: u64,
    followed: Followed,
}

pub(super) async fn squeeze(
    work: &Work,
    pod: &PodRef,
    container: &str,
    from: u64,
    in_flight: u16,
) -> Result<Vec<String>, ActivityError> {
    let follow = Follow { fields: format!("metadata.name={}", pod.name), ..Follow::labelled(Kind::POD, "") };
    let mut followed = Followed::start(&work.cluster, &work.fault.namespace, vec![follow]);
    followed.changed().await?;
    let mut squeezed = Squeezed { work, pod, container, before: Value::Null, restarts: 0, followed };
    if let Some(live) = squeezed.live() {
        squeezed.restarts = restarts(&live, container);
        squeezed.before = live;
    }
    let limit = tokio::select! {
        () = work.cancel.cancelled() => return Ok(vec!["the memory was not squeezed any more".to_owned()]),
        limit = squeezed.tighten(from) => limit?,
    };
    let told = match limit {
        Some(limit) => {
            format!("memory limit of {container} in pod {pod} lowered from {} to {}", size(from), size(limit))
        }
        None => format!("pod {pod} did not outlive the squeeze"),
    };
    work.say(told.clone());
    let mut done = vec![told];
    let (under_load, ()) = tokio::join!(load(work, in_flight), squeezed.tell_kills());
    done.extend(under_load?);
    Ok(done)
}

impl Squeezed<'_> {
    fn live(&self) -> Option<Value> {
        let object = ObjectRef::new(Kind::POD, &self.work.fault.namespace, &self.pod.name);
        self.followed.get(&object).filter(|live| uid(live) == Some(&self.pod.uid)).cloned()
    }

    /// Halves the limit until the node refuses, then takes what is just above the use. Answers the limit in force; none
    /// where the container was killed on the way.
    async fn tighten(&mut self, from: u64) -> Result<Option<u64>, ActivityError> {
        let mut limit = from;
        let mut usage = self.measured().await;
        while usage.is_none() && limit / 2 >= LEAST {
            let next = whole_pages(limit / 2);
            match self.limit_to(next).await? {
                Answer::InForce => limit = next,
                Answer::Refused(said) => usage = Some(said.unwrap_or(next)),
                Answer::Killed | Answer::Gone => return Ok(None),
                Answer::Silent => break,
            }
            self.work.say(format!("memory limit {}", size(limit)));
        }
        let mut headroom = 2;
        for _ in 0..FINE {
            let Some(used) = usage else { break };
            let next = whole_pages(used + used * headroom / 100).max(LEAST);
            if next >= limit {
                break;
            }
            match self.limit_to(next).await? {
                Answer::InForce => return Ok(Some(next)),
                Answer::Refused(said) => usage = Some(said.unwrap_or(next)),
                Answer::Killed | Answer::Gone => return Ok(None),
                Answer::Silent => break,
            }
            headroom *= 2;
        }
        // A refused limit stands in the specification until it is taken back.
        self.limit_to(limit).await?;
        Ok(Some(limit))
    }

    /// Memory in use, where the cluster has a metrics server and this user may ask it.
    async fn measured(&self) -> Option<u64> {
        let path =
            format!("/apis/metrics.k8s.io/v1beta1/namespaces/{}/pods/{}", self.work.fault.namespace, self.pod.name);
        let answer = self.work.cluster.raw(build(Method::GET, &path, None, Vec::new())).await.ok()?;
        let metrics: Value = serde_json::from_slice(answer.body()).ok().filter(|_| answer.status().is_success())?;
        let containers = metrics.get("containers")?.as_array()?;
        let ours = containers.iter().find(|found| found.get("name").and_then(Value::as_str) == Some(self.container))?;
        bytes(ours.pointer("/usage/memory")?)
    }

    async fn limit_to(&mut self, limit: u64) -> Result<Answer, ActivityError> {
        let resources = with_memory_limit(&self.before, self.container, limit)
            .map_err(|refusal| ActivityError::Other(refusal.to_string()))?;
        let act = Act::Resize { pod: self.pod.clone(), container: self.container.to_owned(), resources };
        let namespace = &self.work.fault.namespace;
        let resized = match patiently(|| send(&self.work.cluster, namespace, &act, false)).await {
            Err(error) if error.is_not_found() || error.is_conflict() => return Ok(Answer::Gone),
            // The API server itself refuses a limit below what the node reports.
            Err(error) if error.is_invalid() => return Ok(Answer::Refused(None)),
            resized => resized?,
        };
        let written = generation(&resized);
        let answered = async {
            loop {
                let Some(live) = self.live() else { return Ok(Answer::Gone) };
                if let Some(answer) = judge(&live, self.container, limit, written, self.restarts) {
                    self.restarts = restarts(&live, self.container);
                    return Ok(answer);
                }
                self.followed.changed().await?;
            }
        };
        tokio::time::timeout(ANSWER, answered).await.unwrap_or(Ok(Answer::Silent))
    }

    /// Says when the container is killed, until it is called off.
    async fn tell_kills(&mut self) {
        loop {
            if let Some(live) = self.live()
                && restarts(&live, self.container) > self.restarts
            {
                self.restarts = restarts(&live, self.container);
                let why = last_end(&live, self.container).unwrap_or_else(|| "killed".to_owned());
                self.work
                    .say(format!("{} in pod {} ended: {why} (restart {})", self.container, self.pod, self.restarts));
            }
            tokio::select! {
                () = self.work.cancel.cancelled() => return,
                changed = self.followed.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// What the node made of a limit that was written as this generation of the pod, as far as the pod shows it; none while it
/// shows nothing.
fn judge(live: &Value, container: &str, limit: u64, written: i64, restarts_before: u64) -> Option<Answer> {
    if restarts(live, container) > restarts_before {
        return Some(Answer::Killed);
    }
    let in_force = status(live, container)?.pointer("/resources/limits/memory").and_then(bytes);
    if in_force == Some(limit) {
        return Some(Answer::InForce);
    }
    // What was said to an earlier limit must not be taken for the answer to this one.
    if generation(live) < written {
        return None;
    }
    let conditions = live.pointer("/status/conditions")?.as_array()?;
    let resize = conditions.iter().find(|condition| {
        condition["type"] == "PodResizeInProgress" && condition["reason"] == "Error"
            || condition["type"] == "PodResizePending" && condition["reason"] == "Infeasible"
    })?;
    if resize.get("observedGeneration").and_then(Value::as_i64).is_some_and(|seen| seen < written) {
        return None;
    }
    Some(Answer::Refused(resize.get("message").and_then(Value::as_str).and_then(said_use)))
}

fn generation(pod: &Value) -> i64 {
    pod.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0)
}

/// The use in a node's refusal: `… below current usage (2551808)`.
fn said_use(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once("current usage")?;
    let digits: String = rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn status<'a>(live: &'a Value, container: &str) -> Option<&'a Value> {
    named(live.pointer("/status/containerStatuses"), container)
}

fn named<'a>(list: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    list?.as_array()?.iter().find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))
}

fn restarts(live: &Value, container: &str) -> u64 {
    status(live, container).and_then(|status| status.get("restartCount")?.as_u64()).unwrap_or(0)
}

/// Why the container ended last; a container that the kernel kills while it starts is a StartError.
fn last_end(live: &Value, container: &str) -> Option<String> {
    let status = status(live, container)?;
    let ended = status.pointer("/lastState/terminated").or_else(|| status.pointer("/state/terminated"))?;
    let reason = ended.get("reason").and_then(Value::as_str)?;
    match ended.get("message").and_then(Value::as_str) {
        Some(message) if message.contains("OOM") => Some(format!("{reason}, out of memory")),
        _ => Some(reason.to_owned()),
    }
}

fn bytes(quantity: &Value) -> Option<u64> {
    quantity.as_str()?.parse::<Quantity>().ok().and_then(|quantity| u64::try_from(quantity.ceil()).ok())
}

fn whole_pages(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE) * PAGE
}

fn size(bytes: u64) -> String {
    const MI: u64 = 1024 * 1024;
    if bytes >= 10 * MI { format!("{} MiB", bytes / MI) } else { format!("{} KiB", bytes / 1024) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk_pod(limit: &str, restarts: u64, condition: Option<Value>) -> Value {
        json!({"status": {
            "containerStatuses": [{"name": "server", "restartCount": restarts, "resources": {"limits": {"memory": limit}}}],
            "conditions": condition.map_or_else(|| json!([]), |condition| json!([condition])),
        }})
    }

    #[test]
    fn a_node_that_refuses_says_how_much_is_in_use() {
        let message =
            "cannot decrease memory limits: attempting to set pod memory limit (2097152) below current usage (2551808)";
        let condition =
            |reason: Option<&str>| Some(json!({"type": "PodResizeInProgress", "reason": reason, "message": message}));
        let pod = mk_pod("3Mi", 0, condition(Some("Error")));
        assert_eq!(judge(&pod, "server", 2_097_152, 0, 0), Some(Answer::Refused(Some(2_551_808))));
        assert_eq!(judge(&mk_pod("3Mi", 0, condition(None)), "server", 2_097_152, 0, 0), None);
        assert_eq!(judge(&mk_pod("2Mi", 0, None), "server", 2_097_152, 0, 0), Some(Answer::InForce));
        assert_eq!(judge(&mk_pod("2Mi", 1, None), "server", 2_097_152, 0, 0), Some(Answer::Killed));
    }

    #[test]
    fn an_earlier_refusal_is_no_answer_to_the_present_limit() {
        let mut pod =
            mk_pod("3Mi", 0, Some(json!({"type": "PodResizeInProgress", "reason": "Error", "observedGeneration": 4})));
        pod["metadata"]["generation"] = json!(4);
        assert_eq!(judge(&pod, "server", 2_097_152, 5, 0), None, "the pod as it was before");
        pod["metadata"]["generation"] = json!(5);
        assert_eq!(judge(&pod, "server", 2_097_152, 5, 0), None, "the answer of before");
        assert_eq!(judge(&pod, "server", 2_097_152, 4, 0), Some(Answer::Refused(None)));
    }

    #[test]
    fn limits_are_whole_pages_just_above_the_use() {
        assert_eq!(whole_pages(2_551_808 + 2_551_808 * 2 / 100), 2_605_056);
        assert_eq!(whole_pages(4096), 4096);
    }
}
