//! The guard, which keeps others out, and the record, from which a fault is undone.

use boutique_core::{
    contract::{FAULT_MANAGER, PLUGIN_MANAGER, RECORD, Record},
    fault::{Fault, GUARD, event, surplus},
    object::{Kind, Manifest, ObjectRef},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    begin::BeginError,
    heal::heal,
    patience::{create, label, patiently, uid},
    undo::Undone,
};
use crate::{
    connect::Cluster,
    request::{ApiError, Propagation},
};

/// A short id that no other fault of the namespace has.
pub fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect()
}

/// Every fault record of a namespace and the guard, as ConfigMaps.
///
/// # Errors
///
/// When ConfigMaps cannot be listed.
pub async fn records(cluster: &Cluster, namespace: &str) -> Result<Vec<Value>, ApiError> {
    let selector = format!("{RECORD}={}", Record::Fault.label());
    Ok(cluster.list(Kind::CONFIG_MAP, Some(namespace), &selector).await?.items)
}

/// Writes how a fault ended, gives the guard back, and drops the oldest records beyond the history's length.
///
/// # Errors
///
/// The first refusal. Giving the guard back is tried in any case.
pub async fn finish(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    let recorded = write(cluster, fault).await;
    let released = release(cluster, fault).await;
    recorded.and(released)?;
    for name in surplus(&patiently(|| records(cluster, &fault.namespace)).await?) {
        remove(cluster, &fault.namespace, &name, None).await?;
    }
    Ok(())
}

/// Leaves a note about a fault on the Deployment of its target, where `kubectl describe` shows it.
///
/// # Errors
///
/// When Events may not be created; a fault does not depend on it.
pub async fn note(
    cluster: &Cluster,
    fault: &Fault,
    uid: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> Result<(), ApiError> {
    cluster.create(&event(fault, uid, reason, message, now), PLUGIN_MANAGER).await.map(drop)
}

/// Takes the namespace's one guard. One whose time is over is taken over, after its fault has been healed; answers what was
/// done for that.
pub(super) async fn take_guard(cluster: &Cluster, fault: &Fault, now: Timestamp) -> Result<Vec<Undone>, BeginError> {
    let mut healed = Vec::new();
    loop {
        match create(cluster, &fault.to_guard(), &fault.id).await {
            Ok(_) => return Ok(healed),
            Err(error) if !error.is_already_exists() => return Err(error.into()),
            Err(_) => {}
        }
        let standing = patiently(|| cluster.get(Kind::CONFIG_MAP, Some(&fault.namespace), GUARD)).await?;
        // Gone in between: whoever is quicker now has it.
        let Some(standing) = standing else { continue };
        let mut other = Fault::from_config_map(&standing)?;
        if !other.is_expired(now) || !healed.is_empty() {
            return Err(BeginError::Busy(Box::new(other)));
        }
        healed.push(heal(cluster, &mut other, now).await?);
    }
}

/// Writes the record for the first time.
pub(super) async fn announce(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    create(cluster, &fault.to_record(), &fault.id).await.map(drop)
}

/// Writes guard and record anew: the fault begins later than was thought.
pub(super) async fn postpone(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    let guard = fault.to_guard();
    patiently(|| cluster.replace(&guard, FAULT_MANAGER)).await?;
    write(cluster, fault).await
}

/// Removes the record of a fault that did not happen, and gives the guard back.
pub(super) async fn withdraw(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    remove(cluster, &fault.namespace, &fault.record_name(), None).await?;
    release(cluster, fault).await
}

async fn write(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    let record = fault.to_record();
    match patiently(|| cluster.replace(&record, FAULT_MANAGER)).await {
        // Somebody removed it.
        Err(error) if error.is_not_found() => create(cluster, &record, &fault.id).await.map(drop),
        written => written.map(drop),
    }
}

/// Gives the guard back, if it is this fault's.
pub(super) async fn release(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    let standing = patiently(|| cluster.get(Kind::CONFIG_MAP, Some(&fault.namespace), GUARD)).await?;
    match standing.filter(|standing| label(standing) == Some(&fault.id)) {
        // Only this very object: somebody else may have taken it over at this moment, and then has a new one.
        Some(guard) => remove(cluster, &fault.namespace, GUARD, uid(&guard)).await,
        None => Ok(()),
    }
}

async fn remove(cluster: &Cluster, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), ApiError> {
    let object = ObjectRef::new(Kind::CONFIG_MAP, namespace, name);
    let gone = patiently(|| cluster.delete(&object, Kind::CONFIG_MAP, Propagation::Background, uid)).await;
    gone.map(drop)
}

/// The manifest of something that the fuse owns: Kubernetes removes it together with the fuse.
pub(super) fn owned(manifest: &Manifest, fault: &str, fuse: &Value) -> Manifest {
    let mut owned = manifest.clone();
    owned.set_label(boutique_core::contract::FAULT, fault);
    if let Some(Value::Object(metadata)) = owned.get_mut("/metadata") {
        metadata.insert("ownerReferences".to_owned(), owner(fuse));
    }
    owned
}

/// Without `blockOwnerDeletion`: to set that takes the right to change the owner's finalizers, on clusters that check it.
fn owner(fuse: &Value) -> Value {
    serde_json::json!([{
        "apiVersion": Kind::JOB.api_version(),
        "kind": Kind::JOB.kind,
        "name": super::patience::name(fuse),
        "uid": uid(fuse),
    }])
}
