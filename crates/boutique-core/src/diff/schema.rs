//! What the API's schema says about lists, maps and scalars of the kinds we apply: merge keys, atomic parts, quantities.
//!
//! Source: the `x-kubernetes-list-type`, `-list-map-keys` and `-map-type` extensions of the published OpenAPI schema.

use serde_json::{Map, Value};

use super::path::{Path, Step};
use crate::{object::Kind, quantity::Quantity};

/// How server-side apply merges a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListType {
    /// Elements are told apart by these fields; others may add their own elements.
    Map(&'static [&'static str]),
    /// Elements are told apart by their value; others may add their own.
    Set,
    /// The list has one owner as a whole.
    Atomic,
}

/// How the list at this path merges.
pub(super) fn list_type(kind: Kind, path: &Path) -> ListType {
    match path.last_field() {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "resourceClaims" => ListType::Map(&["name"]),
        "secrets" if kind == Kind::SERVICE_ACCOUNT => ListType::Map(&["name"]),
        "volumeMounts" => ListType::Map(&["mountPath"]),
        "volumeDevices" => ListType::Map(&["devicePath"]),
        "hostAliases" => ListType::Map(&["ip"]),
        "topologySpreadConstraints" => ListType::Map(&["topologyKey", "whenUnsatisfiable"]),
        "ports" if kind == Kind::SERVICE => ListType::Map(&["port", "protocol"]),
        "ports" if path.fields().any(|field| matches!(field, "containers" | "initContainers")) => {
            ListType::Map(&["containerPort", "protocol"])
        }
        "groups" if kind == Kind::PROMETHEUS_RULE => ListType::Map(&["name"]),
        "ownerReferences" => ListType::Map(&["uid"]),
        "finalizers" => ListType::Set,
        _ => ListType::Atomic,
    }
}

/// Whether the map at this path has one owner as a whole.
pub(super) fn is_atomic_map(path: &Path) -> bool {
    matches!(path.steps().last(), Some(Step::Field(_)))
        && (is_selector(path)
            || matches!(
                path.last_field(),
                "configMapKeyRef" | "secretKeyRef" | "fieldRef" | "resourceFieldRef" | "fileKeyRef" | "scaleTargetRef"
            ))
}

/// Whether the map at this path selects objects, so that an entry more than ours changes its meaning.
pub(super) fn is_selector(path: &Path) -> bool {
    matches!(path.last_field(), "selector" | "labelSelector" | "podSelector" | "namespaceSelector" | "nodeSelector")
        && matches!(path.steps().last(), Some(Step::Field(_)))
}

/// Whether an empty map at this path says something (it is one of several choices).
pub(super) fn empty_map_speaks(path: &Path) -> bool {
    matches!(path.last_field(), "emptyDir" | "podSelector" | "namespaceSelector")
}

/// The value of a merge key in a list element, with the API's default where it is left out.
pub(super) fn key_value(element: &Value, key: &str) -> Option<Value> {
    match element.get(key) {
        None | Some(Value::Null) if key == "protocol" => Some(Value::from("TCP")),
        found => found.cloned(),
    }
}

/// The step into this element of a list with these merge keys; none if it lacks one.
pub(super) fn key_step(element: &Value, keys: &[&str]) -> Option<Step> {
    let mut step = Map::new();
    for key in keys {
        step.insert((*key).to_owned(), key_value(element, key)?);
    }
    Some(Step::Key(step))
}

/// Whether two scalars at this path mean the same.
pub(super) fn same_scalar(path: &Path, a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    if is_quantity(path) {
        let quantity = |value: &Value| scalar_text(value).and_then(|text| text.parse::<Quantity>().ok());
        return quantity(a).is_some_and(|a| quantity(b) == Some(a));
    }
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Number(_), Value::String(_)) | (Value::String(_), Value::Number(_)) => {
            is_int_or_string(path) && scalar_text(a) == scalar_text(b)
        }
        _ => false,
    }
}

fn is_quantity(path: &Path) -> bool {
    let field = path.last_field();
    matches!(field, "sizeLimit" | "divisor" | "averageValue" | "memory" | "cpu" | "storage" | "ephemeral-storage")
        || path.fields().any(|field| matches!(field, "limits" | "requests" | "hard" | "capacity"))
        || (field == "value" && path.fields().any(|field| field == "metrics"))
}

fn is_int_or_string(path: &Path) -> bool {
    matches!(path.last_field(), "targetPort" | "port" | "maxSurge" | "maxUnavailable" | "minAvailable")
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
