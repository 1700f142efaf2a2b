//! Healing: undoing what its author did not.

use boutique_core::fault::{Fault, GUARD, Stage};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    patience::name,
    record::{finish, records, release},
    residue,
    undo::{Undone, undo},
};
use crate::{connect::Cluster, request::ApiError};

/// Undoes a fault, whether or not its time is over, and writes down that it was healed.
///
/// # Errors
///
/// The first failure. The record then stands as it was, and the next healer goes on.
pub async fn heal(cluster: &Cluster, fault: &mut Fault, now: Timestamp) -> Result<Undone, ApiError> {
    let undone = undo(cluster, fault, now).await?;
    fault.stage = Stage::Healed;
    finish(cluster, fault).await?;
    Ok(undone)
}

/// Heals every fault of a namespace whose time is over and that nobody undid; removes what is left of others: pods that a
/// deadline has ended, guards that nobody gave back, and objects whose fault no record knows. Every verb that writes calls
/// it first.
///
/// # Errors
///
/// When records cannot be listed; else the first failure, after all else was tried.
pub async fn heal_expired(cluster: &Cluster, namespace: &str, now: Timestamp) -> Result<Vec<Undone>, ApiError> {
    // Objects before records: a fault that begins in between has its guard before its first object.
    let objects = residue::look(cluster, namespace).await?;
    let records = records(cluster, namespace).await?;
    let mut healed = heal_all(cluster, &records, now, |fault| fault.is_expired(now)).await?;
    healed.extend(clear(cluster, namespace, &objects, &records).await?);
    Ok(healed)
}

/// Ends every fault that stands in a namespace, given its records, also before its time, and removes what is left of others.
///
/// # Errors
///
/// The first failure, after all else was tried.
pub(crate) async fn end_all(cluster: &Cluster, namespace: &str, records: &[Value]) -> Result<Vec<Undone>, ApiError> {
    let mut ended = heal_all(cluster, records, Timestamp::now(), |_| true).await?;
    let objects = residue::look(cluster, namespace).await?;
    ended.extend(clear(cluster, namespace, &objects, &super::records(cluster, namespace).await?).await?);
    Ok(ended)
}

/// Undoes what the faults of a shop that is being taken down have done outside of its namespace, and puts their fuses out.
///
/// # Errors
///
/// The first failure.
pub(crate) async fn undo_outside(cluster: &Cluster, records: &[Value]) -> Result<Vec<Undone>, ApiError> {
    let mut undone = Vec::new();
    for mut fault in standing(records) {
        // The shop's own objects are gone by now, and its pods with them.
        fault.changes.retain(|change| change.object.namespace.as_ref() != Some(&fault.namespace));
        fault.pods.clear();
        undone.push(undo(cluster, &fault, Timestamp::now()).await?);
    }
    Ok(undone)
}

/// Heals the faults of these records that are to be healed.
async fn heal_all(
    cluster: &Cluster,
    records: &[Value],
    now: Timestamp,
    is_due: impl Fn(&Fault) -> bool,
) -> Result<Vec<Undone>, ApiError> {
    let (mut healed, mut failure) = (Vec::new(), None);
    for mut fault in standing(records) {
        if !is_due(&fault) {
            continue;
        }
        match heal(cluster, &mut fault, now).await {
            Ok(undone) => healed.push(undone),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    for fault in stale_guards(records) {
        if let Err(error) = release(cluster, &fault).await {
            failure = failure.or(Some(error));
        }
    }
    failure.map_or(Ok(healed), Err)
}

/// Removes objects whose fault is over or unknown.
async fn clear(
    cluster: &Cluster,
    namespace: &str,
    objects: &[Value],
    records: &[Value],
) -> Result<Option<Undone>, ApiError> {
    let residue = residue::of(objects, records);
    if residue.is_empty() {
        return Ok(None);
    }
    let mut undone = Undone { fault: format!("what was left of faults in namespace {namespace}"), ..Undone::default() };
    for object in residue {
        undone.done.extend(residue::remove(cluster, object).await?);
    }
    Ok(Some(undone))
}

/// The faults that stand, each once. The guard repeats a record; alone it means that the record was not written any more.
pub(crate) fn standing(records: &[Value]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let (guards, records): (Vec<&Value>, Vec<&Value>) = records.iter().partition(|record| name(record) == GUARD);
    let known: Vec<Fault> = records.iter().filter_map(|record| Fault::from_config_map(record).ok()).collect();
    let guarded = guards.iter().filter_map(|guard| Fault::from_config_map(guard).ok());
    let alone = guarded.filter(|guard| known.iter().all(|fault| fault.id != guard.id));
    faults.extend(alone);
    faults.extend(known.iter().filter(|fault| fault.stage == Stage::Active).cloned());
    faults.sort_by(|a, b| a.since.cmp(&b.since).then_with(|| a.id.cmp(&b.id)));
    faults
}

/// Guards of faults whose record says that they are over: their author died between the two.
fn stale_guards(records: &[Value]) -> Vec<Fault> {
    let read = |record: &&Value| Fault::from_config_map(record).ok();
    let ended: Vec<Fault> = records
        .iter()
        .filter(|record| name(record) != GUARD)
        .filter_map(|record| read(&record))
        .filter(|fault| fault.stage != Stage::Active)
        .collect();
    let guards = records.iter().filter(|record| name(record) == GUARD).filter_map(|record| read(&record));
    guards.filter(|guard| ended.iter().any(|fault| fault.id == guard.id)).collect()
}
