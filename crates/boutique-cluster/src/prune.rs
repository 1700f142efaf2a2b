//! Deleting members of a set that are desired no more.

use std::collections::HashSet;

use boutique_core::{
    contract::{self, FIELD_MANAGER, SetId},
    object::{Kind, Manifest, ObjectRef},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::{
    connect::Cluster,
    delete::Gone,
    event::{Action, Change, Event, Events},
    request::{ApiError, Propagation},
};

/// Whether a live object is a member of the set: it carries both labels and is no record.
pub(crate) fn is_member(id: &SetId, live: &Value) -> bool {
    let is_record = live.pointer("/metadata/labels").is_some_and(|labels| labels.get(contract::RECORD).is_some());
    id.owns(live) && !is_record
}

/// Whether a live object is one that the provider has applied, whatever became of its labels since.
pub(crate) fn is_ours(live: &Value) -> bool {
    our_fields(live).is_some()
}

/// The fields that the provider owns by server-side apply.
pub(crate) fn our_fields(live: &Value) -> Option<&Value> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let is = |entry: &&Value, key: &str, value: &str| entry.get(key).and_then(Value::as_str) == Some(value);
    let ours = entries.iter().find(|entry| is(entry, "manager", FIELD_MANAGER) && is(entry, "operation", "Apply"));
    ours?.get("fieldsV1")
}

/// Members that are no longer desired, workloads first. An object of the newest revision counts as one though it has lost
/// its labels, if it is still the one we applied. Volume claims hold data and are never pruned.
pub(crate) fn orphans<'a>(
    id: &SetId,
    live: impl IntoIterator<Item = &'a Value>,
    desired: &[Manifest],
    applied: &[Manifest],
) -> Vec<&'a Value> {
    let desired: HashSet<ObjectRef> = desired.iter().map(Manifest::reference).collect();
    let applied: HashSet<ObjectRef> = applied.iter().map(Manifest::reference).collect();
    let mut orphans: Vec<(bool, &Value)> = live
        .into_iter()
        .filter_map(|live| {
            let object = ObjectRef::of(live)?;
            let kind = object.known_kind()?;
            let ours = is_member(id, live) || (applied.contains(&object) && is_ours(live));
            let kept = kind == Kind::PERSISTENT_VOLUME_CLAIM || desired.contains(&object);
            (ours && !kept).then_some((!kind.is_workload(), live))
        })
        .collect();
    orphans.sort_by_key(|(later, _)| *later);
    orphans.into_iter().map(|(_, live)| live).collect()
}

/// Deletes these objects by UID and tells each.
pub(crate) async fn prune(
    cluster: &Cluster,
    orphans: &[&Value],
    events: &Events,
    mut done: impl FnMut(Change),
) -> Result<(), ApiError> {
    let deletes = orphans.iter().map(|live| async move {
        let gone = cluster.delete_live(live, Propagation::Background).await?;
        Ok::<_, ApiError>((gone, *live))
    });
    let mut deletes = stream::iter(deletes.collect::<Vec<_>>()).buffered(4);
    while let Some((gone, live)) = deletes.try_next().await? {
        let Some(object) = ObjectRef::of(live) else { continue };
        if gone == Gone::Deleted {
            events.tell(Event::Deleted { object: object.clone() });
            let uid = live.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
            done(Change { object, action: Action::Deleted, uid, generation: 0 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(kind: Kind, name: &str) -> Manifest {
        let mut manifest = Manifest::new(kind, "shop", name, json!({}));
        for (key, value) in SetId::stack("shop", "shop").labels() {
            manifest.set_label(key, value);
        }
        manifest
    }

    #[test]
    fn only_members_that_are_desired_no_more_are_orphans_and_workloads_go_first() {
        let id = SetId::stack("shop", "shop");
        let mut record = member(Kind::CONFIG_MAP, "record");
        record.set_label(contract::RECORD, "revision");
        let foreign = Manifest::new(Kind::SERVICE, "shop", "foreign", json!({}));
        let live: Vec<Value> = [
            member(Kind::SERVICE, "adservice"),
            member(Kind::DEPLOYMENT, "adservice"),
            member(Kind::DEPLOYMENT, "frontend"),
            member(Kind::PERSISTENT_VOLUME_CLAIM, "redis-cart"),
            record,
            foreign,
        ]
        .map(Manifest::into_value)
        .to_vec();
        let names: Vec<String> = orphans(&id, &live, &[member(Kind::DEPLOYMENT, "frontend")], &[])
            .into_iter()
            .map(|live| ObjectRef::of(live).unwrap().to_string())
            .collect();
        assert_eq!(names, ["Deployment shop/adservice", "Service shop/adservice"]);
    }

    #[test]
    fn an_object_of_ours_that_lost_its_labels_is_an_orphan_and_one_made_anew_by_others_is_not() {
        let id = SetId::stack("shop", "shop");
        let applied = [member(Kind::SERVICE, "adservice")];
        let mut live = Manifest::new(Kind::SERVICE, "shop", "adservice", json!({})).into_value();
        assert!(orphans(&id, [&live], &[], &applied).is_empty());
        live["metadata"]["managedFields"] =
            json!([{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {}}}]);
        assert_eq!(orphans(&id, [&live], &[], &applied).len(), 1);
        assert!(orphans(&id, [&live], &[], &[]).is_empty());
    }
}
