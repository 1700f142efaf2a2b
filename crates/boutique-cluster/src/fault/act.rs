//! Carrying out one act.

use std::time::Duration;

use boutique_core::{
    contract::FAULT_MANAGER,
    fault::{Act, Change, PodRef, Refusal, Request, Revert},
    object::Kind,
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    begin::BeginError,
    patience::{self, patiently},
    record::owned,
    safeguards,
};
use crate::{
    connect::Cluster,
    request::{ApiError, Operation, body, build, encode},
};

/// How often a change is tried against others who change the same object.
const TRIES: u32 = 6;

/// What an act needs to know beyond itself.
pub(super) struct Stage<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) namespace: &'a str,
    /// Id of the fault.
    pub(super) fault: &'a str,
    /// The live fuse; acts that add need one.
    pub(super) fuse: Option<&'a Value>,
    /// Pods of the shop as they are now, for their age.
    pub(super) pods: &'a [Value],
    /// When the acts begin.
    pub(super) now: Timestamp,
    /// How long the pods that are touched live on.
    pub(super) lasts: Duration,
}

impl Stage<'_> {
    /// Carries out one act and says what was done; none where there was nothing left to do.
    pub(super) async fn carry_out(&self, act: &Act) -> Result<Option<String>, BeginError> {
        match act {
            Act::Delete { pod, .. } => Ok(self.delete(act, pod).await?),
            Act::Evict { pod } => Ok(self.evict(act, pod).await?),
            Act::PatchPod { pod, patch } => {
                let timed = safeguards::patch(retimed(self.pods, pod, patch, self.fault, self.now, self.lasts));
                let timed = Act::PatchPod { pod: pod.clone(), patch: timed };
                let image = |operation: &Value| operation["path"].as_str().is_some_and(|path| path.ends_with("/image"));
                let what = match patch.iter().any(image) {
                    true => "got another image, and a deadline",
                    false => "got a deadline: it is replaced at the end",
                };
                self.change_pod(&timed, pod, what).await
            }
            Act::Resize { pod, container, .. } => {
                self.change_pod(act, pod, &format!("resources of container {container} changed in place")).await
            }
            Act::Add(manifest) => {
                let added = match self.fuse {
                    Some(fuse) => owned(manifest, self.fault, fuse),
                    None => manifest.clone(),
                };
                patience::create(self.cluster, &added, self.fault).await?;
                Ok(Some(format!("added {}", added.reference())))
            }
            Act::Change(change) => Ok(Some(apply(self.cluster, change).await?)),
        }
    }

    async fn delete(&self, act: &Act, pod: &PodRef) -> Result<Option<String>, ApiError> {
        match patiently(|| send(self.cluster, self.namespace, act, false)).await {
            Ok(_) => Ok(Some(format!("killed pod {pod}"))),
            // Gone, or another pod has the name by now.
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn evict(&self, act: &Act, pod: &PodRef) -> Result<Option<String>, ApiError> {
        match send(self.cluster, self.namespace, act, false).await {
            Ok(_) => Ok(Some(format!("evicted pod {pod}"))),
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(None),
            // A result, and no failure: this is what a disruption budget is for.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.code == 429) => {
                let said = error.refusal().map(|refusal| refusal.message.clone()).unwrap_or_default();
                Ok(Some(format!("pod {pod} stays, protected by a PodDisruptionBudget: {said}")))
            }
            Err(error) => Err(error),
        }
    }

    async fn change_pod(&self, act: &Act, pod: &PodRef, done: &str) -> Result<Option<String>, BeginError> {
        match retried(|| send(self.cluster, self.namespace, act, false)).await {
            Ok(_) => Ok(Some(format!("pod {pod}: {done}"))),
            Err(error) if error.is_not_found() || is_of_another(&error) => Err(gone(pod).into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The same patch with a deadline that counts from now: it was made when the shop was looked at, and somebody may have
/// thought about it since.
pub(super) fn retimed(
    pods: &[Value],
    pod: &PodRef,
    patch: &[Value],
    fault: &str,
    now: Timestamp,
    lasts: Duration,
) -> Vec<Value> {
    let live = pods.iter().find(|live| patience::uid(live) == Some(&pod.uid));
    let fresh = live.and_then(|live| Act::live_patch(live, fault, now, lasts)).unwrap_or_default();
    let is_deadline = |op: &&Value| op["path"] == "/spec/activeDeadlineSeconds";
    let deadline = fresh.iter().find(is_deadline);
    patch.iter().map(|op| deadline.filter(|_| is_deadline(&op)).unwrap_or(op).clone()).collect()
}

/// Sends the request of an act. A dry run lets the server check and admit it, but not do it.
pub(super) async fn send(cluster: &Cluster, namespace: &str, act: &Act, dry_run: bool) -> Result<Value, ApiError> {
    let (kind, name, verb, subresource) = match act {
        Act::Delete { pod, .. } => (Kind::POD, pod.name.as_str(), "delete", None),
        Act::Evict { pod } => (Kind::POD, pod.name.as_str(), "create", Some("eviction")),
        Act::PatchPod { pod, .. } => (Kind::POD, pod.name.as_str(), "patch", None),
        Act::Resize { pod, .. } => (Kind::POD, pod.name.as_str(), "patch", Some("resize")),
        Act::Add(manifest) => (manifest.kind(), manifest.name(), "create", None),
        Act::Change(_) => return Ok(Value::Null),
    };
    let Some(Request { method, path, content_type, body: mut content }) = act.request(namespace) else {
        return Ok(Value::Null);
    };
    let mut query = format!("fieldManager={}", encode(FAULT_MANAGER));
    if dry_run {
        // Options in a body stand for those of the query.
        match act {
            Act::Delete { .. } => content["dryRun"] = json!(["All"]),
            Act::Evict { .. } => content["deleteOptions"]["dryRun"] = json!(["All"]),
            _ => query.push_str("&dryRun=All"),
        }
    }
    let uri = match act {
        Act::Delete { .. } | Act::Evict { .. } => path,
        _ => format!("{path}?{query}"),
    };
    let mut operation = Operation::on(verb, kind, Some(namespace), Some(name));
    operation.subresource = subresource;
    let method = method.parse().unwrap_or(Method::POST);
    let request = build(method, &uri, content_type, body(&content));
    match act {
        // To ask again would only wait: a budget that protects a pod now will do so in a second.
        Act::Evict { .. } => cluster.send_once(operation, request).await?.object(),
        _ => cluster.send(operation, request).await?.object(),
    }
}

/// Asks again when somebody else wrote to the object at the same moment.
async fn retried<T, F>(mut ask: impl FnMut() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let mut tries = 1;
    loop {
        match patiently(&mut ask).await {
            // A UID that is another's is also a conflict, and stays one.
            Err(error) if error.is_conflict() && tries < TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

/// Whether a request was refused because the pod of that name is not the one that was meant. The server does not say which
/// operation of a JSON Patch failed; all that ours test is the UID.
fn is_of_another(error: &ApiError) -> bool {
    let said = error.refusal().map(|refusal| refusal.message.as_str()).unwrap_or_default();
    (error.is_invalid() && said.contains("rejected our request"))
        || (error.is_conflict() && said.contains("UID in precondition"))
}

fn gone(pod: &PodRef) -> Refusal {
    Refusal::new(
        format!("pod {pod} is gone or was replaced since the shop was looked at"),
        "try again: the shop is looked at anew",
    )
}

/// Makes a change on the object as it is now, tested, and again as long as others get in between.
async fn apply(cluster: &Cluster, change: &Change) -> Result<String, BeginError> {
    let Some(kind) = change.object.known_kind() else { return Err(moved(change, "is of an unknown kind").into()) };
    let namespace = change.object.namespace.as_deref();
    let mut tried = 0;
    loop {
        let live = patiently(|| cluster.get(kind, namespace, &change.object.name)).await?;
        let Some(live) = live else { return Err(moved(change, "is gone").into()) };
        let Some(patch) = change.apply(&live) else {
            // Done by a request whose answer was lost.
            let done = matches!(change.revert(Some(&live)), Revert::Patch(_)) && tried > 0;
            return if done {
                Ok(change.to_string())
            } else {
                Err(moved(change, "is not what it was when the shop was looked at").into())
            };
        };
        tried += 1;
        let patch = of_this_very(&change.uid, patch);
        match patiently(|| cluster.json_patch(&change.object, kind, None, &patch, FAULT_MANAGER)).await {
            Ok(_) => return Ok(change.to_string()),
            Err(error) if (error.is_conflict() || error.is_invalid()) && tried < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The patch, of the object of this UID only.
pub(super) fn of_this_very(uid: &str, patch: Vec<Value>) -> Vec<Value> {
    let mut ops = vec![crate::request::test_op("/metadata/uid", &json!(uid))];
    ops.extend(patch);
    ops
}

fn moved(change: &Change, how: &str) -> Refusal {
    Refusal::new(format!("{} {how}; wanted: {change}", change.object), "try again: the shop is looked at anew")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_counts_from_the_moment_of_the_act() {
        let pod = json!({"metadata": {"uid": "u1", "name": "a"}, "status": {"startTime": "2027-01-15T08:00:00Z"}});
        let seen: Timestamp = "2027-01-15T08:10:00Z".parse().unwrap();
        let mut patch = Act::live_patch(&pod, "f1", seen, Duration::from_secs(60)).unwrap();
        assert_eq!(patch[2]["value"], 660);
        patch.push(json!({"op": "replace", "path": "/spec/containers/0/image", "value": "busybox"}));
        let reference = PodRef { name: "a".into(), uid: "u1".into() };
        let later = seen + jiff::SignedDuration::from_mins(2);
        let timed = retimed(&[pod], &reference, &patch, "f1", later, Duration::from_secs(60));
        assert_eq!((timed[2]["value"].clone(), timed.len()), (json!(780), 4));
    }
}
