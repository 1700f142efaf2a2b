//! Fault records in the cluster: announcing, keeping others out, finishing, looking.

use boutique_core::contract::{FAULT_MANAGER, PLUGIN_MANAGER, RECORD, Record};
use boutique_core::fault::{Fault, GUARD, UnreadableFault, event, surplus};
use boutique_core::object::{Kind, ObjectRef};
use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use crate::connect::Cluster;
use crate::request::{ApiError, Operation, Propagation, delete_request};

/// Why a fault was not announced, and therefore must not be injected.
#[derive(Debug, Error)]
pub enum AnnounceError {
    /// Another fault runs here.
    #[error("another fault runs in namespace {namespace}: {0}", namespace = .0.namespace)]
    Busy(Box<Fault>),
    /// Something stands in the guard's place that cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableFault),
    /// The API server refused.
    #[error(transparent)]
    Api(#[from] Box<ApiError>),
}

impl From<ApiError> for AnnounceError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

/// Announces a fault: takes the namespace's one guard, then writes the record. A guard whose time is over is taken over.
/// Answers with the fault that was taken over, if there was one.
///
/// # Errors
///
/// [`AnnounceError::Busy`] names the fault that runs; nothing has been written then.
pub async fn announce(cluster: &Cluster, fault: &Fault, now: Timestamp) -> Result<Option<Fault>, AnnounceError> {
    let guard = fault.to_guard();
    let mut taken_over = None;
    if let Err(error) = cluster.create(&guard, FAULT_MANAGER).await {
        if !error.is_already_exists() {
            return Err(error.into());
        }
        let standing = cluster.get(Kind::CONFIG_MAP, Some(&fault.namespace), GUARD).await?;
        if let Some(standing) = standing {
            let other = Fault::from_config_map(&standing)?;
            if !other.is_expired(now) {
                return Err(AnnounceError::Busy(Box::new(other)));
            }
            // Only this very object: somebody else may be taking it over at this moment, and then has a new one.
            remove(cluster, &fault.namespace, GUARD, uid(&standing)).await?;
            taken_over = Some(other);
        }
        cluster.create(&guard, FAULT_MANAGER).await?;
    }
    if let Err(error) = cluster.create(&fault.to_record(), FAULT_MANAGER).await {
        // The guard of a fault that will not happen must not keep others out until it expires.
        release(cluster, fault).await?;
        return Err(error.into());
    }
    Ok(taken_over)
}

/// Writes how a fault ended, gives the guard back, and drops the oldest records beyond the history's length.
///
/// # Errors
///
/// The first refusal. Giving the guard back is tried in any case.
pub async fn finish(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    let recorded = cluster.replace(&fault.to_record(), FAULT_MANAGER).await.map(drop);
    let released = release(cluster, fault).await;
    recorded.and(released)?;
    for name in surplus(&records(cluster, &fault.namespace).await?) {
        remove(cluster, &fault.namespace, &name, None).await?;
    }
    Ok(())
}

async fn release(cluster: &Cluster, fault: &Fault) -> Result<(), ApiError> {
    let Some(standing) = cluster.get(Kind::CONFIG_MAP, Some(&fault.namespace), GUARD).await? else { return Ok(()) };
    match Fault::from_config_map(&standing) {
        Ok(other) if other.id == fault.id => remove(cluster, &fault.namespace, GUARD, uid(&standing)).await,
        // Taken over meanwhile, or not ours to judge.
        _ => Ok(()),
    }
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

async fn remove(cluster: &Cluster, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), ApiError> {
    let object = ObjectRef::new(Kind::CONFIG_MAP, namespace, name);
    let request = delete_request(&object, Kind::CONFIG_MAP, Propagation::Background, uid);
    match cluster.send(Operation::on("delete", Kind::CONFIG_MAP, Some(namespace), Some(name)), request).await {
        Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
        _ => Ok(()),
    }
}

fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid").and_then(Value::as_str)
}

/// A short id that no other fault of the namespace has.
pub fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect()
}
