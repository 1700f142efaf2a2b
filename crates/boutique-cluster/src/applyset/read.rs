//! Reading a set: its records, its live objects, and what is pending.

use std::collections::{BTreeSet, HashSet};

use boutique_core::{
    contract::{Owner, SetId},
    diff::{Drift, diff},
    fault::{Change, Fault, Revert},
    inventory::{Inventory, Progress},
    object::{Kind, Manifest, ObjectRef},
    revision::Revision,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde_json::Value;

use super::{ReadError, member_kinds};
use crate::{connect::Cluster, fault::standing, prune::is_member, request::ApiError, revisions::Records};

/// A set as it stands in the cluster.
#[derive(Debug, Clone, Default)]
pub struct SetReading {
    /// Whether anything of it exists. A set of which only a damaged or half-deleted part is left exists.
    pub exists: bool,
    /// Its inventory; none if somebody removed it.
    pub inventory: Option<Inventory>,
    /// Its newest revision; none if its first apply did not come to its end.
    pub revision: Option<Revision>,
    /// Its live members.
    pub live: Vec<Value>,
    /// Where they are not as applied.
    pub drift: Vec<Drift>,
    /// Fault records of the namespace.
    pub faults: Vec<Value>,
    /// What an apply would put right or go on with, as sentences. Empty when there is nothing.
    pub pending: Vec<String>,
}

/// Reads a set with one LIST of its records and one LIST per kind of its members: at most nine requests, and one more for
/// each object that seems to be missing. The kinds that every such set has are asked for while the records, which name the
/// others, are on their way.
///
/// # Errors
/// Any failure: only an empty answer means that a set is not there, never an error.
pub async fn read(cluster: &Cluster, id: &SetId) -> Result<SetReading, ReadError> {
    let selector = id.selector();
    let ahead = cluster.list_all(usual_kinds(id.owner).iter().copied(), &id.namespace, &selector);
    let (records, ahead) = tokio::join!(Records::read(cluster, id), ahead);
    let records = records?;
    let inventory = records.inventory()?;
    let revision = records.newest()?;
    let live = members(cluster, id, inventory.as_ref(), revision.as_ref(), ahead).await?;
    let mut reading = SetReading {
        exists: records.any() || !live.is_empty(),
        drift: Vec::new(),
        pending: Vec::new(),
        faults: records.faults,
        inventory,
        revision,
        live,
    };
    if reading.exists {
        reading.drift = drift(&reading);
        reading.pending = pending(id, &reading, Timestamp::now());
    }
    Ok(reading)
}

/// Kinds that every set of the resource has.
fn usual_kinds(owner: Owner) -> &'static [Kind] {
    match owner {
        Owner::Stack | Owner::Monitoring => &[Kind::DEPLOYMENT, Kind::SERVICE, Kind::SERVICE_ACCOUNT],
        Owner::Ingress => &[Kind::INGRESS],
    }
}

/// The live members. `ahead` is what was found of the usual kinds; where it failed, those that matter are asked for again.
async fn members(
    cluster: &Cluster,
    id: &SetId,
    inventory: Option<&Inventory>,
    revision: Option<&Revision>,
    ahead: Result<Vec<Value>, ApiError>,
) -> Result<Vec<Value>, ReadError> {
    let usual = usual_kinds(id.owner);
    let mut kinds: BTreeSet<Kind> = match (inventory, revision) {
        (None, None) => usual.iter().copied().collect(),
        (None, Some(_)) => member_kinds(id.owner).iter().copied().collect(),
        (Some(inventory), revision) => {
            let applied = revision.map(|revision| revision.objects.as_slice()).unwrap_or_default();
            inventory.kinds.iter().copied().chain(applied.iter().map(Manifest::kind)).collect()
        }
    };
    let mut live = ahead.inspect(|_| kinds.retain(|kind| !usual.contains(kind))).unwrap_or_default();
    live.extend(cluster.list_all(kinds, &id.namespace, &id.selector()).await?);
    live.retain(|object| is_member(id, object));
    // An object that lost its labels is not missing: ask for it by name.
    let found: HashSet<ObjectRef> = live.iter().filter_map(ObjectRef::of).collect();
    let applied = revision.map(|revision| revision.objects.as_slice()).unwrap_or_default();
    let unseen = applied.iter().filter(|manifest| !found.contains(&manifest.reference()));
    let asked = unseen.map(|manifest| cluster.get(manifest.kind(), manifest.namespace(), manifest.name()));
    let unlabelled: Vec<Option<Value>> = stream::iter(asked.collect::<Vec<_>>()).buffered(8).try_collect().await?;
    live.extend(unlabelled.into_iter().flatten());
    Ok(live)
}

fn drift(reading: &SetReading) -> Vec<Drift> {
    let Some(revision) = &reading.revision else { return Vec::new() };
    let mut drift = diff(&revision.expected(), &reading.live);
    let unfinished = reading.inventory.as_ref().is_some_and(|inventory| {
        matches!(inventory.state.progress, Progress::Applying { .. } | Progress::Destroying { .. })
    });
    if unfinished {
        // What our own unfinished apply wrote is newer than the revision, not drift; the sentence about it says so.
        drift.retain(|drift| !drift.writer.as_ref().is_some_and(boutique_core::diff::Writer::is_ours));
    }
    drift
}

fn pending(id: &SetId, reading: &SetReading, now: Timestamp) -> Vec<String> {
    let mut pending = Vec::new();
    match &reading.inventory {
        Some(inventory) => pending.extend(inventory.state.progress.pending()),
        None => pending.push(format!("the inventory of the {} is missing; the next apply writes it again", id.owner)),
    }
    if reading.revision.is_none() {
        pending.push(format!("no apply of this {} has come to its end yet; the next apply completes it", id.owner));
    }
    pending.extend(reading.drift.iter().map(ToString::to_string));
    if id.owner != Owner::Stack {
        // Faults are done to shops.
        return pending;
    }
    // A record that cannot be read is the plugin's to complain about, not a reason to apply.
    pending.extend(standing(&reading.faults).iter().map(|fault| fault_sentence(fault, &reading.live, now)));
    pending
}

/// A fault that stands, and what of the shop it has changed.
fn fault_sentence(fault: &Fault, live: &[Value], now: Timestamp) -> String {
    let of = |object: &ObjectRef| live.iter().find(|live| ObjectRef::of(live).as_ref() == Some(object));
    let stands = |change: &&Change| matches!(change.revert(of(&change.object)), Revert::Patch(_));
    let changes: Vec<String> = fault.changes.iter().filter(stands).map(ToString::to_string).collect();
    let over = if fault.is_expired(now) { "; its time is over and nobody has undone it" } else { "" };
    let changed = if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) };
    format!("{fault}{over}{changed}; the next apply ends it")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reading(progress: Progress, live_replicas: u64, manager: &str) -> SetReading {
        let manifest = Manifest::new(Kind::DEPLOYMENT, "shop", "frontend", json!({"spec": {"replicas": 1}}));
        let mut live = manifest.value().clone();
        live["spec"]["replicas"] = json!(live_replicas);
        live["metadata"]["managedFields"] = json!([{"manager": manager, "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        let mut inventory = Inventory::default();
        inventory.state.progress = progress;
        SetReading {
            exists: true,
            inventory: Some(inventory),
            revision: Some(Revision {
                number: 1,
                spec: json!({}),
                objects: vec![manifest],
                admitted: Vec::new(),
                created_at: Timestamp::UNIX_EPOCH,
                created_by: "ann".into(),
                versions: std::collections::BTreeMap::new(),
            }),
            live: vec![live],
            ..SetReading::default()
        }
    }

    fn sentences(mut reading: SetReading) -> Vec<String> {
        reading.drift = drift(&reading);
        pending(&SetId::stack("shop", "shop"), &reading, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_stack_as_applied_has_nothing_pending() {
        assert_eq!(sentences(reading(Progress::Complete, 1, "boutique-provider")), Vec::<String>::new());
    }

    #[test]
    fn drift_is_pending() {
        assert_eq!(
            sentences(reading(Progress::Complete, 5, "kubectl")),
            [r#"Deployment shop/frontend: spec.replicas is 5, applied 1; last written by "kubectl""#]
        );
    }

    #[test]
    fn what_an_unfinished_apply_of_ours_wrote_is_told_once() {
        let applying = || Progress::Applying { by: "ann".into(), since: Timestamp::UNIX_EPOCH };
        let ours = sentences(reading(applying(), 5, "boutique-provider"));
        assert_eq!(ours.len(), 1, "{ours:?}");
        assert!(ours[0].contains("has not come to its end"), "{ours:?}");
        assert_eq!(sentences(reading(applying(), 5, "kubectl")).len(), 2);
    }

    #[test]
    fn a_fault_is_pending_once_with_what_it_has_changed_until_somebody_undoes_it() {
        let mut reading = reading(Progress::Complete, 0, "boutique-fault");
        reading.live[0]["metadata"]["uid"] = json!("u1");
        let fault: Fault = serde_json::from_value(json!({
            "id": "a1b2", "kind": "scale-to-zero", "service": "frontend", "namespace": "shop", "stack": "shop", "who": "bob",
            "since": "2027-01-15T08:00:00Z", "until": "2027-01-15T08:01:00Z", "stage": "active", "undo": "changed",
            "changes": [{"object": {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "frontend"},
                "uid": "u1", "field": "replicas", "before": 1, "after": 0}],
            "prediction": {}, "result": null,
        }))
        .unwrap();
        reading.faults = vec![fault.to_guard().into_value(), fault.to_record().into_value()];
        let told =
            |reading: &SetReading, now: &str| pending(&SetId::stack("shop", "shop"), reading, now.parse().unwrap());
        let during = told(&reading, "2027-01-15T08:00:30Z");
        assert_eq!(during.len(), 1);
        assert!(during[0].starts_with("fault a1b2: scale-to-zero of frontend by bob"), "{during:?}");
        assert!(during[0].ends_with("Deployment shop/frontend: replicas 1 → 0; the next apply ends it"), "{during:?}");
        let after = told(&reading, "2027-01-15T09:00:00Z");
        assert!(after[0].contains("its time is over and nobody has undone it"), "{after:?}");
        let ended = Fault { stage: boutique_core::fault::Stage::Healed, ..fault };
        reading.faults = vec![ended.to_record().into_value()];
        assert_eq!(told(&reading, "2027-01-15T09:00:00Z"), Vec::<String>::new());
    }

    #[test]
    fn a_missing_inventory_or_revision_is_pending() {
        let mut lost = reading(Progress::Complete, 1, "x");
        lost.inventory = None;
        lost.revision = None;
        assert_eq!(sentences(lost).len(), 2);
    }
}
