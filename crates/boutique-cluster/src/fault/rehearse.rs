//! Asking the API server whether it would accept a fault, without doing it.

use std::time::Duration;

use boutique_core::{
    contract::{FAULT, FAULT_MANAGER},
    fault::{Act, Change, Fault, Injection, Request, Scene, fuse},
    object::Manifest,
};
use serde_json::Value;

use super::{
    act::{of_this_very, retimed, send},
    begin::{lasts, write_down},
    patience::uid,
};
use crate::{connect::Cluster, request::ApiError};

/// One request as the API server judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// What it would do.
    pub what: String,
    /// Why the server would refuse it; none where it would not.
    pub refused: Option<String>,
}

/// Sends every request of a fault as a dry run: the API server checks and admits, and does nothing. What a canary would show
/// and what goes on while a fault lasts is not rehearsed.
///
/// # Errors
///
/// When the server does not answer.
pub async fn rehearse(cluster: &Cluster, fault: &Fault, injection: &Injection) -> Result<Vec<Rehearsed>, ApiError> {
    let mut fault = fault.clone();
    write_down(&mut fault, injection);
    let mut rehearsed = Vec::new();
    for manifest in prelude(&fault) {
        let what = format!("create {}", manifest.reference());
        rehearsed.push(judged(what, create(cluster, manifest).await)?);
    }
    for act in &injection.acts {
        rehearsed.push(judged(described(act), rehearse_one(cluster, &fault.namespace, act).await)?);
    }
    Ok(rehearsed)
}

/// What is written before the first act.
fn prelude(fault: &Fault) -> Vec<Manifest> {
    let fuse = fault.fuse.as_ref().map(|_| fuse(fault, bound(fault)));
    [fault.to_guard(), fault.to_record()].into_iter().chain(fuse).collect()
}

fn bound(fault: &Fault) -> Duration {
    Duration::try_from(fault.until.duration_since(fault.since)).unwrap_or_default()
}

/// The requests of a fault in their order, as [`super::begin`] would send them at `since` to the shop as it was seen. What
/// only the server knows is not in them: the UID of the fuse, which the objects that it owns name. A canary's requests are
/// not among them.
pub fn requests(fault: &Fault, injection: &Injection, scene: &Scene) -> Vec<Request> {
    let mut fault = fault.clone();
    write_down(&mut fault, injection);
    let namespace = &fault.namespace;
    let lasts = lasts(bound(&fault), injection);
    let made = |act: &Act| match act {
        Act::PatchPod { pod, patch } => {
            let patch = retimed(&scene.pods, pod, patch, &fault.id, fault.since, lasts);
            Act::PatchPod { pod: pod.clone(), patch }.request(namespace)
        }
        Act::Add(manifest) => {
            let mut manifest = manifest.clone();
            manifest.set_label(FAULT, &fault.id);
            Act::Add(manifest).request(namespace)
        }
        Act::Change(change) => change_request(change, scene),
        act => act.request(namespace),
    };
    let prelude = prelude(&fault);
    let prelude = prelude.into_iter().filter_map(|manifest| Act::Add(manifest).request(namespace));
    prelude.chain(injection.acts.iter().filter_map(made)).collect()
}

fn change_request(change: &Change, scene: &Scene) -> Option<Request> {
    let kind = change.object.known_kind()?;
    let mut seen = scene.deployments.iter().chain(&scene.nodes);
    let live = seen.find(|live| uid(live) == Some(&change.uid))?;
    Some(Request {
        method: "PATCH",
        path: kind.object_path(change.object.namespace.as_deref(), &change.object.name),
        content_type: Some("application/json-patch+json"),
        body: Value::Array(of_this_very(&change.uid, change.apply(live)?)),
    })
}

async fn create(cluster: &Cluster, manifest: Manifest) -> Result<Value, ApiError> {
    let namespace = manifest.namespace().unwrap_or_default().to_owned();
    send(cluster, &namespace, &Act::Add(manifest), true).await
}

async fn rehearse_one(cluster: &Cluster, namespace: &str, act: &Act) -> Result<Value, ApiError> {
    let Act::Change(change) = act else { return send(cluster, namespace, act, true).await };
    let Some(kind) = change.object.known_kind() else { return Ok(Value::Null) };
    let live = cluster.get(kind, change.object.namespace.as_deref(), &change.object.name).await?;
    let Some(patch) = live.as_ref().and_then(|live| change.apply(live)) else { return Ok(Value::Null) };
    let patch = of_this_very(&change.uid, patch);
    cluster.dry_run_patch(&change.object, kind, &patch, FAULT_MANAGER).await
}

/// A refusal is a result; no answer is none.
fn judged(what: String, outcome: Result<Value, ApiError>) -> Result<Rehearsed, ApiError> {
    match outcome {
        Ok(_) => Ok(Rehearsed { what, refused: None }),
        Err(error) if error.refusal().is_some_and(|refusal| refusal.code < 500) => {
            Ok(Rehearsed { what, refused: Some(error.to_string()) })
        }
        Err(error) => Err(error),
    }
}

fn described(act: &Act) -> String {
    match act {
        Act::Delete { pod, .. } => format!("delete pod {pod}"),
        Act::Evict { pod } => format!("evict pod {pod}"),
        Act::PatchPod { pod, .. } => format!("patch pod {pod}"),
        Act::Resize { pod, container, .. } => format!("resize container {container} of pod {pod}"),
        Act::Add(manifest) => format!("create {}", manifest.reference()),
        Act::Change(change) => format!("patch {change}"),
    }
}
