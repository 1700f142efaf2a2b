//! What must be so before the first object is written.

use std::collections::{BTreeSet, HashSet};

use boutique_core::{
    contract::{self, Owner, SetId},
    object::{Kind, Manifest, ObjectRef},
    revision::Revision,
};
use serde_json::Value;

use super::{Cause, ForeignObject};
use crate::{
    connect::Cluster,
    event::{Event, Events},
    prune::is_member,
    watch::{Follow, Followed},
};

/// Whether the objects can be members of the set; nothing is asked.
pub(super) fn well_formed(id: &SetId, manifests: &[Manifest]) -> Result<(), Cause> {
    let malformed = |reason: String| Cause::Malformed { id: id.clone(), reason };
    if !contract::is_dns_label(&id.namespace) || !contract::is_dns_label(&id.name) {
        return Err(malformed("name and namespace must be DNS labels: lower-case letters, digits and dashes".into()));
    }
    let mut seen = HashSet::new();
    for manifest in manifests {
        let object = manifest.reference();
        if !super::member_kinds(id.owner).contains(&manifest.kind()) {
            return Err(malformed(format!("{object} is of a kind that no member may have")));
        }
        if manifest.namespace() != Some(&id.namespace) {
            return Err(malformed(format!("{object} is not in namespace {}", id.namespace)));
        }
        if !seen.insert(object.clone()) {
            return Err(malformed(format!("{object} is there twice")));
        }
    }
    Ok(())
}

/// What is in the namespace of these kinds. Objects of our names that are being deleted are waited for: applied, they
/// would vanish afterwards.
pub(super) async fn there(
    cluster: &Cluster,
    id: &SetId,
    kinds: &BTreeSet<Kind>,
    manifests: &[Manifest],
    events: &Events,
) -> Result<Vec<Value>, Cause> {
    let namespace = &id.namespace;
    let desired: HashSet<ObjectRef> = manifests.iter().map(Manifest::reference).collect();
    let live = cluster.list_all(kinds.iter().copied(), namespace, "").await?;
    let leaving: Vec<ObjectRef> = live
        .iter()
        .filter(|live| live.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()))
        .filter_map(ObjectRef::of)
        .filter(|object| desired.contains(object))
        .collect();
    if leaving.is_empty() {
        return Ok(live);
    }
    events.tell(Event::Leaving { count: leaving.len() });
    let follows = leaving.iter().filter_map(ObjectRef::known_kind).collect::<BTreeSet<Kind>>();
    let follows = follows.into_iter().map(|kind| Follow::labelled(kind, "")).collect();
    let mut followed = Followed::start(cluster, namespace, follows);
    let stays = |followed: &Followed, object: &ObjectRef| {
        followed.get(object).is_some_and(|live| live.pointer("/metadata/deletionTimestamp").is_some())
    };
    loop {
        followed.changed().await?;
        if !leaving.iter().any(|object| stays(&followed, object)) {
            break;
        }
    }
    Ok(cluster.list_all(kinds.iter().copied(), namespace, "").await?)
}

/// Objects of our names that are not ours: they carry other labels or none, and no revision of ours has them.
pub(super) fn foreign(
    id: &SetId,
    manifests: &[Manifest],
    live: &[Value],
    newest: Option<&Revision>,
) -> Vec<ForeignObject> {
    let desired: HashSet<ObjectRef> = manifests.iter().map(Manifest::reference).collect();
    let known: HashSet<ObjectRef> =
        newest.map(|revision| revision.objects.iter().map(Manifest::reference).collect()).unwrap_or_default();
    live.iter()
        .filter(|live| !is_member(id, live))
        .filter_map(|live| Some((ObjectRef::of(live)?, live)))
        .filter(|(object, _)| desired.contains(object) && !known.contains(object))
        .map(|(object, live)| ForeignObject { object, owner: owner(live) })
        .collect()
}

/// Whose an object is, as far as it tells.
fn owner(live: &Value) -> String {
    let map =
        |pointer: &str, key: &str| live.pointer(pointer).and_then(|map| map.get(key)?.as_str()).map(str::to_owned);
    let mut said = Vec::new();
    for owner in Owner::ALL {
        if let Some(name) = map("/metadata/labels", owner.label()) {
            let namespace = map("/metadata/labels", owner.namespace_label()).unwrap_or_default();
            said.push(format!("{owner} {namespace}/{name}"));
        }
    }
    if let Some(release) = map("/metadata/annotations", "meta.helm.sh/release-name") {
        said.push(format!("Helm release {release:?}"));
    } else if let Some(tool) = map("/metadata/labels", "app.kubernetes.io/managed-by") {
        said.push(format!("{tool:?}"));
    }
    let managers = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let mut managers: Vec<&str> = managers
        .filter(|entry| entry.get("subresource").and_then(Value::as_str) != Some("status"))
        .filter_map(|entry| entry.get("manager")?.as_str())
        .filter(|manager| *manager != "kube-controller-manager")
        .collect();
    managers.dedup();
    if !managers.is_empty() {
        said.push(format!("written by {}", managers.join(", ")));
    }
    if said.is_empty() { "another tool".to_owned() } else { said.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_elsewhere_twice_or_of_other_kinds_are_refused() {
        let id = SetId::stack("shop", "shop");
        let service = |namespace: &str| Manifest::new(Kind::SERVICE, namespace, "frontend", json!({}));
        let reason = |manifests: &[Manifest]| well_formed(&id, manifests).unwrap_err().to_string();
        assert!(reason(&[service("other")]).contains("not in namespace shop"));
        assert!(reason(&[service("shop"), service("shop")]).contains("twice"));
        assert!(reason(&[Manifest::new(Kind::NAMESPACE, "", "shop", json!({}))]).contains("no member"));
        assert!(well_formed(&id, &[service("shop")]).is_ok());
        assert!(well_formed(&SetId::stack("Shop", "shop"), &[]).is_err());
    }

    #[test]
    fn an_owner_is_named_as_well_as_the_object_tells() {
        let helm = json!({"metadata": {
            "annotations": {"meta.helm.sh/release-name": "boutique"},
            "managedFields": [{"manager": "helm"}, {"manager": "kube-controller-manager", "subresource": "status"}],
        }});
        assert_eq!(owner(&helm), r#"Helm release "boutique", written by helm"#);
        assert_eq!(owner(&json!({"metadata": {}})), "another tool");
    }
}
