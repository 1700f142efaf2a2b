//! managedFields: who wrote a place last. Only for naming the writer; never for deciding what is drift.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::path::{Path, Step};
use crate::contract::FIELD_MANAGER;

/// Who wrote a field, as its managedFields entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// Name of the field manager.
    pub manager: String,
    /// Subresource it wrote through, such as `scale`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl Writer {
    /// Whether it is the provider itself.
    pub fn is_ours(&self) -> bool {
        self.manager == FIELD_MANAGER
    }

    /// Whether it is a controller that will write again, so that taking the field from it starts a fight.
    pub fn is_controller(&self) -> bool {
        is_controller(&self.manager)
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subresource {
            Some(subresource) => write!(f, "{:?} ({subresource})", self.manager),
            None => write!(f, "{:?}", self.manager),
        }
    }
}

/// Whether a field manager of this name belongs to a controller: Kubernetes' own (the horizontal autoscaler among them),
/// the vertical autoscaler, KEDA, Argo, Flux, Helm.
pub fn is_controller(manager: &str) -> bool {
    const NAMES: [&str; 7] =
        ["helm", "helm-controller", "kustomize-controller", "flux", "argocd", "keda", "keda-operator"];
    const STARTS: [&str; 6] = ["argocd-", "argo-", "vpa-", "kube-", "cluster-autoscaler", "flux-"];
    NAMES.contains(&manager) || STARTS.iter().any(|start| manager.starts_with(start))
}

/// Who wrote this place of a live object last; none if nobody is recorded, for example when the field was removed.
pub fn last_writer(live: &Value, path: &Path) -> Option<Writer> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    entries
        .iter()
        .filter(|entry| entry.get("fieldsV1").is_some_and(|fields| owns(fields, path.steps())))
        .filter_map(|entry| {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            Some(Writer {
                manager: text("manager")?.to_owned(),
                subresource: text("subresource").map(str::to_owned),
                time: text("time").map(str::to_owned),
            })
        })
        // RFC 3339 in UTC: the newest is the greatest. At the same second, another's write followed ours.
        .max_by(|a, b| (&a.time, !a.is_ours()).cmp(&(&b.time, !b.is_ours())))
}

/// Whether a `fieldsV1` tree owns a place, or something in it, or the whole of which it is a part.
pub fn owns(fields: &Value, steps: &[Step]) -> bool {
    let Value::Object(mut fields) = fields.clone() else { return false };
    for (position, step) in steps.iter().enumerate() {
        let Some(next) = find(&fields, step) else {
            // An entry without children owns all below it: an atomic list or map, or a scalar.
            return position > 0 && fields.is_empty();
        };
        let Value::Object(next) = next else { return false };
        fields = next.clone();
    }
    true
}

fn find<'a>(fields: &'a Map<String, Value>, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Field(name) => fields.get(&format!("f:{name}")),
        Step::Value(value) => fields.iter().find_map(|(key, below)| {
            let found: Value = serde_json::from_str(key.strip_prefix("v:")?).ok()?;
            (found == *value).then_some(below)
        }),
        Step::Key(keys) => fields.iter().find_map(|(key, below)| {
            let found: Map<String, Value> = serde_json::from_str(key.strip_prefix("k:")?).ok()?;
            let same = found.len() == keys.len() && keys.iter().all(|(key, value)| found.get(key) == Some(value));
            same.then_some(below)
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn live(entries: &Value) -> Value {
        json!({"metadata": {"managedFields": entries}})
    }

    fn image() -> Path {
        Path::default().field("spec").field("containers").key("name", "server").field("image")
    }

    #[test]
    fn the_newest_owner_of_the_path_is_its_writer() {
        let owns = json!({"f:spec": {"f:containers": {"k:{\"name\":\"server\"}": {".": {}, "f:image": {}}}}});
        let live = live(&json!([
            {"manager": "boutique-provider", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": owns},
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-01T00:00:09Z", "fieldsV1": owns},
            {"manager": "later", "operation": "Update", "time": "2026-01-02T00:00:00Z",
             "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        ]));
        assert_eq!(last_writer(&live, &image()).unwrap().to_string(), r#""kubectl-edit""#);
        assert_eq!(last_writer(&live, &Path::default().field("data")), None);
    }

    #[test]
    fn the_subresource_is_named() {
        let live =
            live(&json!([{"manager": "kubectl", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]));
        let writer = last_writer(&live, &Path::default().field("spec").field("replicas")).unwrap();
        assert_eq!(writer.to_string(), r#""kubectl" (scale)"#);
    }

    #[test]
    fn keys_in_another_order_are_the_same_element() {
        let fields = json!({"f:ports": {"k:{\"protocol\":\"TCP\",\"port\":80}": {"f:name": {}}}});
        let key = Map::from_iter([("port".to_owned(), json!(80)), ("protocol".to_owned(), json!("TCP"))]);
        let path = Path::default().field("ports").then(Step::Key(key));
        assert!(owns(&fields, path.field("name").steps()));
        assert!(!owns(&fields, path.field("nodePort").steps()));
    }

    #[test]
    fn the_owner_of_an_atomic_whole_owns_its_parts() {
        let fields = json!({"f:spec": {"f:selector": {}}});
        assert!(owns(&fields, Path::default().field("spec").field("selector").field("app").steps()));
        assert!(!owns(&fields, Path::default().field("status").steps()));
    }

    #[test]
    fn controllers_are_told_from_people() {
        for controller in
            ["kube-controller-manager", "argocd-application-controller", "helm", "vpa-updater", "keda-operator"]
        {
            assert!(is_controller(controller), "{controller}");
        }
        for person in ["kubectl", "kubectl-edit", "kubectl-client-side-apply", "boutique-fault", "k9s", "Terraform"] {
            assert!(!is_controller(person), "{person}");
        }
    }

    proptest! {
        #[test]
        fn no_fields_tree_makes_the_reader_panic(key in "[fkvi.]:?\\PC{0,20}", inner in "[fkv]:\\PC{0,8}") {
            let fields = json!({key: {inner: {}}});
            let _ = owns(&fields, image().steps());
        }

        #[test]
        fn an_element_is_found_by_its_key_whatever_its_name(name in "\\PC{0,20}", other in "\\PC{0,20}") {
            let mut list = Map::new();
            list.insert(format!("k:{}", json!({"name": name})), json!({"f:value": {}}));
            let fields = json!({"f:env": Value::Object(list)});
            let value = |name: &str| Path::default().field("env").key("name", name).field("value");
            prop_assert!(owns(&fields, value(&name).steps()));
            prop_assert_eq!(owns(&fields, value(&other).steps()), name == other);
        }
    }
}
