//! What faults leave behind where nobody cleared up: found by their label, whatever has become of the record.

use std::collections::BTreeSet;

use boutique_core::{
    contract::{FAULT, RECORD},
    object::{Kind, ObjectRef},
};
use serde_json::Value;

use super::{heal::standing, patience::label, scene::if_allowed, undo::removal};
use crate::{
    connect::Cluster,
    delete::Gone,
    request::{ApiError, Propagation},
};

/// Kinds of objects that faults add or touch.
const KINDS: [Kind; 7] = [
    Kind::JOB,
    Kind::NETWORK_POLICY,
    Kind::POD,
    Kind::DEPLOYMENT,
    Kind::SERVICE,
    Kind::POD_DISRUPTION_BUDGET,
    Kind::RESOURCE_QUOTA,
];

/// Every object of a namespace that carries the label of a fault, as far as this user may see them.
pub(super) async fn look(cluster: &Cluster, namespace: &str) -> Result<Vec<Value>, ApiError> {
    let lists = KINDS.map(|kind| if_allowed(cluster, kind, Some(namespace), FAULT));
    Ok(futures::future::try_join_all(lists).await?.into_iter().flatten().collect())
}

/// Those whose fault does not stand any more, and that are not on their way out.
pub(super) fn of<'a>(objects: &'a [Value], records: &[Value]) -> Vec<&'a Value> {
    let standing: BTreeSet<String> = standing(records).into_iter().map(|fault| fault.id).collect();
    objects
        .iter()
        .filter(|object| label(object).is_some_and(|fault| !standing.contains(fault)))
        .filter(|object| object.pointer("/metadata/deletionTimestamp").is_none())
        .filter(|object| object.pointer("/metadata/labels").is_some_and(|labels| labels.get(RECORD).is_none()))
        .collect()
}

/// Removes one of them; none where somebody else did.
pub(super) async fn remove(cluster: &Cluster, object: &Value) -> Result<Option<String>, ApiError> {
    let Some(reference) = ObjectRef::of(object) else { return Ok(None) };
    let (propagation, line) = match reference.known_kind() {
        Some(Kind::JOB) => (Propagation::Foreground, format!("deleted the fuse, {reference}")),
        Some(Kind::POD) => (Propagation::Background, removal(object)),
        _ => (Propagation::Background, format!("deleted {reference}")),
    };
    Ok((cluster.delete_live(object, propagation).await? == Gone::Deleted).then_some(line))
}
