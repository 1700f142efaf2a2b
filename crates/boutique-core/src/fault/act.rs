//! What is sent to the API server, as data: a dry run prints it, an injection sends it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::change::Change;
use crate::contract::FAULT;
use crate::object::{Kind, Manifest};
use crate::service::Service;

/// Largest deadline that Kubernetes takes (`ValidateNonnegativeField` and `math.MaxInt32` in its validation of pods).
const LATEST: u64 = 2_147_483_647;

/// A running pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodRef {
    /// Its name.
    pub name: String,
    /// Its UID: a pod of the same name that came later is not meant.
    pub uid: String,
}

impl PodRef {
    /// Reads a live pod.
    pub fn of(pod: &Value) -> Option<Self> {
        let text = |field| pod.pointer(field).and_then(Value::as_str).map(str::to_owned);
        Some(Self { name: text("/metadata/name")?, uid: text("/metadata/uid")? })
    }
}

impl fmt::Display for PodRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

/// One thing that is done to the cluster. Acts are carried out in order; the first refusal ends the injection, and what was
/// done until then is undone.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Deletes a pod.
    Delete {
        /// Which.
        pod: PodRef,
        /// Shortens the pod's own grace period.
        grace: Option<Duration>,
    },
    /// Evicts a pod: refused while a PodDisruptionBudget protects it.
    Evict {
        /// Which.
        pod: PodRef,
    },
    /// Changes a running pod. The patch also sets the pod's deadline and the fault's label ([`Act::live_patch`]), so that
    /// Kubernetes replaces the pod when its time is over, whoever is still alive then.
    PatchPod {
        /// Which.
        pod: PodRef,
        /// JSON Patch operations.
        patch: Vec<Value>,
    },
    /// Changes resources of a running pod's container in place (`pods/resize`, stable since Kubernetes 1.35).
    /// <https://kep.k8s.io/1287>
    Resize {
        /// Which.
        pod: PodRef,
        /// The container's name.
        container: String,
        /// `resources` as in a pod template; what is absent stays.
        resources: Value,
    },
    /// Adds an object. The fuse owns it.
    Add(Manifest),
    /// Changes one field of an object that stays.
    Change(Change),
}

/// A request of an [`Act`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with the query.
    pub path: String,
    /// `Content-Type`; none without a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<&'static str>,
    /// Body.
    pub body: Value,
}

/// What goes on while a fault lasts, beyond the acts at its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Requests for pages beside the prober's, so that a service has work to do.
    Load {
        /// Requests on their way at the same time.
        in_flight: u16,
    },
    /// Lowers a container's memory limit step by step until the node refuses: what is left is just above its use.
    Squeeze {
        /// Which pod.
        pod: PodRef,
        /// The container's name.
        container: String,
        /// Where to begin, in bytes.
        from: u64,
        /// Requests on their way at the same time, once it is tight.
        in_flight: u16,
    },
    /// Fills Redis with keys that expire by themselves.
    FillRedis {
        /// Which pod.
        pod: PodRef,
        /// Bytes to fill it with, in equal steps over `over`.
        bytes: u64,
        /// How long the filling takes.
        over: Duration,
        /// When all keys expire, counted from the beginning of the filling.
        expire: Duration,
    },
    /// Slows a service down by a toxiproxy that an act has put in front of it; it is told what to do through its HTTP API.
    Delay {
        /// The service that gets slower.
        service: Service,
        /// Name of the proxy's pod.
        pod: String,
        /// Port of the proxy's API.
        control: u16,
        /// Port on which it takes calls.
        listen: u16,
        /// Where it hands them on, `<host>:<port>`.
        upstream: String,
        /// By how much each answer is held up.
        by: Duration,
    },
}

impl Act {
    /// The operations that mark a running pod as a fault's and end its life `bound` from `now` on. A deadline counts from
    /// the pod's start and can be lowered, but never be taken back.
    pub fn live_patch(pod: &Value, fault: &str, now: jiff::Timestamp, bound: Duration) -> Option<Vec<Value>> {
        let text = |field| pod.pointer(field).and_then(Value::as_str);
        let started: jiff::Timestamp = text("/status/startTime")?.parse().ok()?;
        let age = u64::try_from(now.duration_since(started).as_secs()).unwrap_or_default();
        let label = format!("/metadata/labels/{}", FAULT.replace('/', "~1"));
        // One that is there already can be brought forward only.
        let standing = pod.pointer("/spec/activeDeadlineSeconds").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let deadline = (age + bound.as_secs()).clamp(1, LATEST).min(standing);
        Some(vec![
            json!({"op": "test", "path": "/metadata/uid", "value": text("/metadata/uid")?}),
            json!({"op": "add", "path": label, "value": fault}),
            json!({"op": "add", "path": "/spec/activeDeadlineSeconds", "value": deadline}),
        ])
    }

    /// The request, except for [`Act::Change`], whose patch needs the live object (see [`Change::apply`]).
    pub fn request(&self, namespace: &str) -> Option<Request> {
        let pod_path = |pod: &PodRef| Kind::POD.object_path(Some(namespace), &pod.name);
        Some(match self {
            Self::Delete { pod, grace } => {
                let mut options = delete_options(pod);
                if let Some(grace) = grace {
                    options["gracePeriodSeconds"] = json!(grace.as_secs());
                }
                Request { method: "DELETE", path: pod_path(pod), content_type: Some("application/json"), body: options }
            }
            Self::Evict { pod } => Request {
                method: "POST",
                path: format!("{}/eviction", pod_path(pod)),
                content_type: Some("application/json"),
                body: json!({
                    "apiVersion": "policy/v1",
                    "kind": "Eviction",
                    "metadata": {"name": pod.name, "namespace": namespace},
                    "deleteOptions": delete_options(pod),
                }),
            },
            Self::PatchPod { pod, patch } => Request {
                method: "PATCH",
                path: pod_path(pod),
                content_type: Some("application/json-patch+json"),
                body: json!(patch),
            },
            Self::Resize { pod, container, resources } => Request {
                method: "PATCH",
                path: format!("{}/resize", pod_path(pod)),
                // Merges by the container's name; a JSON merge patch would replace the list.
                content_type: Some("application/strategic-merge-patch+json"),
                body: json!({
                    "metadata": {"uid": pod.uid},
                    "spec": {"containers": [{"name": container, "resources": resources}]},
                }),
            },
            Self::Add(manifest) => Request {
                method: "POST",
                path: manifest.kind().path(Some(namespace)),
                content_type: Some("application/json"),
                body: manifest.value().clone(),
            },
            Self::Change(_) => return None,
        })
    }
}

fn delete_options(pod: &PodRef) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": pod.uid},
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mk_pod(standing: Option<u64>) -> Value {
        let mut pod = json!({"metadata": {"name": "cart-1", "uid": "u1", "labels": {"app": "cartservice"}}, "spec": {},
            "status": {"startTime": "2027-01-15T07:00:00Z"}});
        if let Some(standing) = standing {
            pod["spec"]["activeDeadlineSeconds"] = json!(standing);
        }
        pod
    }

    fn deadline(pod: &Value, after_start: i64, bound: Duration) -> u64 {
        let started: jiff::Timestamp = "2027-01-15T07:00:00Z".parse().unwrap();
        let now = started + jiff::SignedDuration::from_secs(after_start);
        let patch = Act::live_patch(pod, "a1b2", now, bound).unwrap();
        patch.last().unwrap()["value"].as_u64().unwrap()
    }

    #[test]
    fn a_deadline_counts_from_the_start_of_the_pod() {
        assert_eq!(deadline(&mk_pod(None), 3600, Duration::from_secs(60)), 3660);
        assert_eq!(
            Act::live_patch(&json!({"metadata": {"uid": "u"}}), "a", jiff::Timestamp::now(), Duration::ZERO),
            None
        );
    }

    #[test]
    fn the_patch_is_of_this_very_pod_and_marks_it() {
        let patch = Act::live_patch(&mk_pod(None), "a1b2", jiff::Timestamp::now(), Duration::ZERO).unwrap();
        assert_eq!(patch[0], json!({"op": "test", "path": "/metadata/uid", "value": "u1"}));
        assert_eq!(patch[1], json!({"op": "add", "path": "/metadata/labels/boutique.dev~1fault", "value": "a1b2"}));
    }

    proptest! {
        #[test]
        fn a_deadline_is_one_that_kubernetes_takes(
            age in -100_i64..3_000_000_000, bound in 0_u64..100_000, standing in prop::option::of(1_u64..2_147_483_647),
        ) {
            let deadline = deadline(&mk_pod(standing), age, Duration::from_secs(bound));
            prop_assert!((1..=2_147_483_647).contains(&deadline));
            // It may be brought forward, never put off.
            prop_assert!(standing.is_none_or(|standing| deadline <= standing));
            let due = u64::try_from(age).unwrap_or_default() + bound;
            prop_assert!(deadline <= due.max(1));
        }
    }
}
