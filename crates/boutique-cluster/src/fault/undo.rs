//! Undoing a fault from its record alone: the code of its kind is not asked.
//!
//! Changes go back only where the fault's value still stands. What was added goes with the fuse. Pods that were touched are
//! replaced. All of it may be repeated, and two may do it at the same time.

use std::{fmt, time::Duration};

use boutique_core::{
    contract::{FAULT, FAULT_MANAGER},
    fault::{Change, Fault, Revert},
    object::{Kind, ObjectRef},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    act::of_this_very,
    patience::{label, patiently},
};
use crate::{
    connect::Cluster,
    delete::Gone,
    request::{ApiError, Propagation},
    watch::{Follow, Followed},
};

/// How often a change is taken back against others who change the same object.
const TRIES: u32 = 6;

/// How long Kubernetes gets to remove what the fuse owned.
const COLLECTED: Duration = Duration::from_secs(20);

/// What undoing a fault came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undone {
    /// Id of the fault; empty for residue that no record knows.
    pub id: String,
    /// The fault, for people.
    pub fault: String,
    /// What was put back or removed, one line each.
    pub done: Vec<String>,
    /// What was left as it is, and why, one line each.
    pub kept: Vec<String>,
}

/// Undoes a fault. Neither its record nor the guard is touched: see [`super::finish`] and [`super::heal`].
///
/// # Errors
///
/// The first failure. Everything else was tried nevertheless.
pub async fn undo(cluster: &Cluster, fault: &Fault, now: Timestamp) -> Result<Undone, ApiError> {
    let mut undone = Undone { id: fault.id.clone(), fault: fault.to_string(), ..Undone::default() };
    tracing::debug!(%now, fault = %fault.id, "undo");
    let mut failures = Vec::new();
    // Last changed first, as with every undo.
    for change in fault.changes.iter().rev() {
        failures.extend(Box::pin(take_back(cluster, change, &mut undone)).await.err());
    }
    failures.extend(Box::pin(put_out(cluster, fault, &mut undone)).await.err());
    failures.extend(Box::pin(replace_pods(cluster, fault, &mut undone)).await.err());
    match failures.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(undone),
    }
}

/// One sentence.
impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault)?;
        if !self.done.is_empty() {
            write!(f, ": {}", self.done.join(", "))?;
        }
        if !self.kept.is_empty() {
            write!(f, "; kept: {}", self.kept.join(", "))?;
        }
        Ok(())
    }
}

async fn take_back(cluster: &Cluster, change: &Change, undone: &mut Undone) -> Result<(), ApiError> {
    let object = &change.object;
    let Some(kind) = object.known_kind() else {
        undone.kept.push(format!("{change}: this release does not know the kind"));
        return Ok(());
    };
    let mut tried = 0;
    loop {
        let live = patiently(|| cluster.get(kind, object.namespace.as_deref(), &object.name)).await?;
        let patch = match change.revert(live.as_ref()) {
            Revert::Patch(patch) => of_this_very(&change.uid, patch),
            Revert::IsBack if tried == 0 => return Ok(()),
            Revert::IsBack => {
                undone.done.push(back(change));
                return Ok(());
            }
            Revert::Gone => {
                undone.kept.push(format!("{object} is gone, or another one has its name: nothing to put back"));
                return Ok(());
            }
            Revert::TakenOver { now } => {
                let now = now.map_or_else(|| "nothing".to_owned(), |now| now.to_string());
                undone
                    .kept
                    .push(format!("{object}: {now} stays, which somebody has put there since; the fault was {change}"));
                return Ok(());
            }
        };
        tried += 1;
        match patiently(|| cluster.json_patch(object, kind, None, &patch, FAULT_MANAGER)).await {
            Ok(_) => {
                undone.done.push(back(change));
                return Ok(());
            }
            Err(error) if (error.is_conflict() || error.is_invalid()) && tried < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

fn back(change: &Change) -> String {
    let reversed = Change { before: change.after.clone(), after: change.before.clone(), ..change.clone() };
    format!("put back {reversed}")
}

/// Deletes the fuse, and waits until what it owned is gone.
async fn put_out(cluster: &Cluster, fault: &Fault, undone: &mut Undone) -> Result<(), ApiError> {
    if fault.fuse.is_none() && fault.added.is_empty() {
        return Ok(());
    }
    let selector = format!("{FAULT}={}", fault.id);
    let fuses = patiently(|| cluster.list(Kind::JOB, Some(&fault.namespace), &selector)).await?;
    for fuse in &fuses.items {
        let gone = patiently(|| cluster.delete_live(fuse, Propagation::Foreground)).await?;
        if gone == Gone::Deleted {
            undone.done.push(format!("deleted the fuse, Job {}", super::patience::name(fuse)));
        }
    }
    for object in &fault.added {
        collected(cluster, fault, object, undone).await?;
    }
    Ok(())
}

/// Waits until the garbage collector has removed an object; what it does not remove, we do.
async fn collected(cluster: &Cluster, fault: &Fault, object: &ObjectRef, undone: &mut Undone) -> Result<(), ApiError> {
    let Some(kind) = object.known_kind() else { return Ok(()) };
    let follow = Follow { optional: true, ..Follow::labelled(kind, format!("{FAULT}={}", fault.id)) };
    let mut followed = Followed::start(cluster, &fault.namespace, vec![follow]);
    let gone = async {
        loop {
            followed.changed().await?;
            if !followed.denied().is_empty() || followed.get(object).is_none() {
                return Ok::<_, ApiError>(followed.denied().is_empty());
            }
        }
    };
    match tokio::time::timeout(COLLECTED, gone).await {
        Ok(Ok(true)) => undone.done.push(format!("{object} is gone")),
        Ok(Ok(false)) => undone.done.push(format!("{object} goes with the fuse (this user may not watch it go)")),
        Ok(Err(error)) => return Err(error),
        Err(_) => {
            let live = cluster.get(kind, object.namespace.as_deref(), &object.name).await?;
            if let Some(live) = live.filter(|live| label(live) == Some(&fault.id)) {
                cluster.delete_live(&live, Propagation::Background).await?;
                undone.done.push(format!("deleted {object}, which had outlived its fuse"));
            }
        }
    }
    Ok(())
}

/// Deletes the pods that carry the fault's label: those that were touched, and those that their deadline has ended.
async fn replace_pods(cluster: &Cluster, fault: &Fault, undone: &mut Undone) -> Result<(), ApiError> {
    if fault.pods.is_empty() {
        return Ok(());
    }
    let selector = format!("{FAULT}={}", fault.id);
    for pod in patiently(|| cluster.list(Kind::POD, Some(&fault.namespace), &selector)).await?.items {
        let line = removal(&pod);
        if patiently(|| cluster.delete_live(&pod, Propagation::Background)).await? == Gone::Deleted {
            undone.done.push(line);
        }
    }
    Ok(())
}

/// What deleting a pod of a fault means.
pub(super) fn removal(pod: &Value) -> String {
    let name = super::patience::name(pod);
    match pod.pointer("/status/phase").and_then(Value::as_str) {
        Some("Failed" | "Succeeded") => format!("removed pod {name}, which its deadline had ended"),
        _ => format!("deleted pod {name}; its controller makes a new one"),
    }
}
