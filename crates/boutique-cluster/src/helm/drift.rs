//! Drift of a release: its live objects against its manifest as applied.

use std::collections::{BTreeMap, HashMap, HashSet};

use boutique_core::{
    diff::{Drift, Path, Step, diff, set_path},
    helm::{ReleaseId, StoredRelease, mask, normalise},
    object::{Kind, Manifest, ObjectRef},
    revision::Admitted,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::read::{ReadError, ReleaseReading};
use crate::{connect::Cluster, discovery::Kinds, request::ApiError};

/// Label that Helm puts on every object of a release.
const MANAGED: &str = "app.kubernetes.io/managed-by=Helm";

/// Requests that run at the same time.
const AT_ONCE: usize = 6;

/// Every deviation of the live objects from the release's manifest, on the paths that the manifest sets. Secrets are
/// compared and shown as `(sensitive)`.
///
/// # Errors
/// Any failure of a request, and a manifest that is no YAML.
pub async fn drift(cluster: &Cluster, reading: &ReleaseReading) -> Result<Vec<Drift>, Box<ReadError>> {
    let id = &reading.release.id;
    let (manifests, unknown) = manifests(cluster, reading).await?;
    let live = live(cluster, &manifests).await?;
    let admitted = reading.record.as_ref().map_or(&[][..], |record| &record.admitted);
    let mut drift = compare(&manifests, &live, admitted);
    // What the cluster does not even have a kind for is missing.
    drift.extend(unknown.into_iter().map(|object| Drift {
        object,
        path: Path::default(),
        old: None,
        new: None,
        writer: None,
    }));
    let secrets = reading.secrets();
    tracing::debug!(release = %id, objects = manifests.len(), found = drift.len(), "drift of a Helm release");
    Ok(drift.into_iter().map(|drift| mask(drift, &secrets)).collect())
}

/// The objects of a release's manifest, hooks excepted, and those of kinds that the cluster does not serve.
pub(super) async fn manifests(
    cluster: &Cluster,
    reading: &ReleaseReading,
) -> Result<(Vec<Manifest>, Vec<ObjectRef>), Box<ReadError>> {
    let id = &reading.release.id;
    let bad = |source| Box::new(ReadError::Manifest { id: id.clone(), source });
    let objects = reading.release.objects().map_err(bad)?;
    let kinds = cluster.find_kinds(&objects).await?;
    Ok(placed(id, objects, &kinds))
}

/// The hooks of a revision, as far as the cluster serves their kinds.
pub(super) async fn hooks(cluster: &Cluster, release: &StoredRelease) -> Result<Vec<Manifest>, ApiError> {
    let kinds = cluster.find_kinds(&release.hooks).await?;
    Ok(placed(&release.id, release.hooks.clone(), &kinds).0)
}

/// Objects with their kind and, where the chart leaves it out, the release's namespace.
fn placed(id: &ReleaseId, objects: Vec<Value>, kinds: &Kinds) -> (Vec<Manifest>, Vec<ObjectRef>) {
    let (mut manifests, mut unknown) = (Vec::new(), Vec::new());
    for mut object in objects {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = kinds.get(&(text("apiVersion"), text("kind"))).copied();
        if let Some(kind) = kind {
            let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
            if let Some(metadata) = metadata {
                if kind.namespaced {
                    metadata.entry("namespace").or_insert_with(|| Value::from(id.namespace.as_str()));
                } else {
                    metadata.shift_remove("namespace");
                }
            }
        }
        match (kind.and_then(|kind| Manifest::of_kind(kind, object.clone()).ok()), ObjectRef::of(&object)) {
            (Some(manifest), _) => manifests.push(manifest),
            (None, Some(reference)) => unknown.push(reference),
            // An object without a name is made by generateName, which releases do not support.
            (None, None) => {}
        }
    }
    (manifests, unknown)
}

/// The live objects of these manifests: one LIST for each kind and namespace of what bears Helm's label, and a GET for
/// each that does not, because somebody may have taken the label off.
pub(super) async fn live(cluster: &Cluster, manifests: &[Manifest]) -> Result<Vec<Value>, ApiError> {
    let mut groups: BTreeMap<(Kind, Option<String>), HashSet<&str>> = BTreeMap::new();
    for manifest in manifests {
        let group = (manifest.kind(), manifest.namespace().map(str::to_owned));
        groups.entry(group).or_default().insert(manifest.name());
    }
    let asked = groups.into_iter().map(|((kind, namespace), names)| async move {
        let mut found = match cluster.list(kind, namespace.as_deref(), MANAGED).await {
            Ok(list) => list.items,
            // The CRD has gone since discovery.
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let name = |object: &Value| object.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
        found.retain(|object| name(object).is_some_and(|name| names.contains(name.as_str())));
        let listed: HashSet<String> = found.iter().filter_map(name).collect();
        for missing in names.into_iter().filter(|name| !listed.contains(*name)) {
            if let Some(mut object) = cluster.get(kind, namespace.as_deref(), missing).await? {
                object["apiVersion"] = Value::from(kind.api_version());
                object["kind"] = Value::from(kind.kind);
                found.push(object);
            }
        }
        Ok::<_, ApiError>(found)
    });
    let found: Vec<Vec<Value>> = stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

fn compare(manifests: &[Manifest], live: &[Value], admitted: &[Admitted]) -> Vec<Drift> {
    let by_reference: HashMap<ObjectRef, &Value> =
        live.iter().filter_map(|object| Some((ObjectRef::of(object)?, object))).collect();
    let expected: Vec<Manifest> = manifests
        .iter()
        .map(|manifest| {
            let mut expected = manifest.clone();
            if let Some(live) = by_reference.get(&manifest.reference()) {
                let normal = normalise(manifest.value(), live);
                expected = Manifest::of_kind(manifest.kind(), normal).unwrap_or(expected);
            }
            for admitted in admitted.iter().filter(|admitted| admitted.object == manifest.reference()) {
                set_path(&mut expected, &admitted.path, admitted.value.clone());
            }
            expected
        })
        .collect();
    let scaled: HashSet<ObjectRef> = manifests.iter().filter_map(scaled_by).collect();
    let mut drift = diff(&expected, live);
    drift.retain(|drift| !is_controllers(drift, &scaled));
    drift
}

/// The workload that an autoscaler of the release scales.
fn scaled_by(manifest: &Manifest) -> Option<ObjectRef> {
    if manifest.kind().kind != Kind::HORIZONTAL_POD_AUTOSCALER.kind {
        return None;
    }
    let text = |key: &str| manifest.get("/spec/scaleTargetRef").and_then(|target| target.get(key)?.as_str());
    let group = text("apiVersion").and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
    Some(ObjectRef {
        group: group.to_owned(),
        kind: text("kind")?.to_owned(),
        namespace: manifest.namespace().map(str::to_owned),
        name: text("name")?.to_owned(),
    })
}

/// Whether it is a controller's business: replicas that an autoscaler sets, and what Kubernetes' own controllers write.
fn is_controllers(drift: &Drift, scaled: &HashSet<ObjectRef>) -> bool {
    let replicas = matches!(drift.path.steps(), [Step::Field(spec), Step::Field(replicas)] if spec == "spec" && replicas == "replicas");
    let autoscaled = replicas
        && (scaled.contains(&drift.object)
            || drift.writer.as_ref().is_some_and(|writer| writer.is_controller() && writer.manager != HELM));
    autoscaled || drift.writer.as_ref().is_some_and(|writer| writer.manager.starts_with("kube-controller"))
}

/// helm's own field manager.
pub(super) const HELM: &str = "helm";

/// Objects that others have changed and helm has not put right, each with the fields and who wrote them.
pub(super) fn left(manifests: &[Manifest], live: &[Value]) -> Vec<(Manifest, Vec<String>)> {
    let theirs = compare(manifests, live, &[]).into_iter().filter_map(|drift| {
        let writer = drift.writer.as_ref().filter(|writer| writer.manager != HELM && !writer.is_controller())?;
        let field = format!("{} from {writer}", drift.path);
        (!drift.is_whole_object()).then_some((drift.object, field))
    });
    let mut found: Vec<(Manifest, Vec<String>)> = Vec::new();
    for (object, field) in theirs {
        let Some(manifest) = manifests.iter().find(|manifest| manifest.reference() == object) else { continue };
        match found.iter_mut().find(|(found, _)| found.reference() == object) {
            Some((_, fields)) => fields.push(field),
            None => found.push((manifest.clone(), vec![field])),
        }
    }
    found
}

/// What admission made of the manifest, seen right after helm has written it: where the live object differs and helm
/// itself is named as the writer.
pub(super) fn admitted(manifests: &[Manifest], live: &[Value]) -> Vec<Admitted> {
    let drift = compare(manifests, live, &[])
        .into_iter()
        .filter(|drift| !drift.is_whole_object() && drift.writer.as_ref().is_none_or(|writer| writer.manager == HELM));
    // A Secret's content has no place in a ConfigMap.
    let shown = drift.filter(|drift| drift.object.kind != "Secret");
    shown
        .map(|drift| Admitted { object: drift.object, path: drift.path, value: drift.new.unwrap_or(Value::Null) })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id() -> ReleaseId {
        ReleaseId::new("shop", "web")
    }

    fn deployment(replicas: u64) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": replicas}})
    }

    fn place(objects: &[Value]) -> Vec<Manifest> {
        let mut kinds = Kinds::new();
        for kind in Kind::ALL {
            kinds.insert((kind.api_version(), kind.kind.to_owned()), *kind);
        }
        placed(&id(), objects.to_vec(), &kinds).0
    }

    fn live(replicas: u64, manager: &str) -> Value {
        let mut live = deployment(replicas);
        live["metadata"]["namespace"] = json!("shop");
        live["metadata"]["managedFields"] = json!([{"manager": manager, "operation": "Update", "time": "2026-01-01T00:00:00Z",
            "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        live
    }

    #[test]
    fn objects_get_the_namespace_of_the_release_where_the_chart_names_none() {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r", "namespace": "x"}});
        let placed = place(&[deployment(1), role]);
        assert_eq!(placed[0].reference().to_string(), "Deployment shop/web");
        assert_eq!(placed[1].reference().to_string(), "ClusterRole r");
        let (_, unknown) = super::placed(&id(), vec![deployment(1)], &Kinds::new());
        assert_eq!(unknown[0].to_string(), "Deployment web");
    }

    #[test]
    fn replicas_are_drift_unless_an_autoscaler_sets_them() {
        let hpa = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
        let mut live_hpa = hpa.clone();
        live_hpa["metadata"]["namespace"] = json!("shop");
        let (plain, scaled) = (place(&[deployment(1)]), place(&[deployment(1), hpa]));
        assert_eq!(compare(&plain, &[live(3, "kubectl")], &[]).len(), 1);
        assert_eq!(compare(&plain, &[live(3, "kube-controller-manager")], &[]), []);
        assert_eq!(compare(&scaled, &[live(3, "kubectl"), live_hpa], &[]), []);
    }

    #[test]
    fn what_admission_changed_when_helm_wrote_is_no_drift_later() {
        let manifests = place(&[deployment(1)]);
        let admitted = admitted(&manifests, &[live(2, "helm")]);
        assert_eq!(admitted.len(), 1);
        assert_eq!(compare(&manifests, &[live(2, "helm")], &admitted), []);
        assert_eq!(compare(&manifests, &[live(5, "kubectl")], &admitted).len(), 1);
        assert!(super::admitted(&manifests, &[live(5, "kubectl")]).is_empty());
    }
}
