//! A desired object.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Kind, ObjectRef};

/// A desired object, as JSON that is never typed, so that no field is lost.
///
/// Holds at least `apiVersion`, `kind` and `metadata.name` of a kind that the project knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Manifest {
    value: Value,
    kind: Kind,
}

/// JSON that is no manifest we can apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// `apiVersion`, `kind` or `metadata.name` is missing.
    #[error("a manifest needs apiVersion, kind and metadata.name, got {0}")]
    Unnamed(String),
    /// A kind outside the project's table.
    #[error("{kind} of {api_version} ({name}) is no kind that this project applies")]
    UnknownKind {
        /// Its `apiVersion`.
        api_version: String,
        /// Its `kind`.
        kind: String,
        /// Its name.
        name: String,
    },
}

impl TryFrom<Value> for Manifest {
    type Error = BadManifest;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(api_version), Some(kind), Some(name)) = (text("/apiVersion"), text("/kind"), text("/metadata/name"))
        else {
            let start: String = value.to_string().chars().take(120).collect();
            return Err(BadManifest::Unnamed(start));
        };
        match Kind::of(api_version, kind) {
            Some(kind) => Ok(Self { kind, value }),
            None => Err(BadManifest::UnknownKind {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
            }),
        }
    }
}

impl From<Manifest> for Value {
    fn from(manifest: Manifest) -> Self {
        manifest.value
    }
}

impl Manifest {
    /// A manifest of a known kind. `body` holds the rest of the object (`spec`, `data`, …) and may hold more
    /// `metadata`; its `apiVersion` and `kind` are replaced.
    pub fn new(kind: Kind, namespace: &str, name: &str, body: Value) -> Self {
        let mut value = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": name}});
        if kind.namespaced {
            value["metadata"]["namespace"] = Value::from(namespace);
        }
        if let Value::Object(body) = body {
            for (key, part) in body {
                match (key.as_str(), part) {
                    ("apiVersion" | "kind", _) => {}
                    ("metadata", Value::Object(more)) => {
                        for (key, part) in more {
                            if key != "name" && key != "namespace" {
                                value["metadata"][key] = part;
                            }
                        }
                    }
                    (_, part) => value[key] = part,
                }
            }
        }
        Self { value, kind }
    }

    /// A manifest of a kind that need not be in the project's table, as discovery found it.
    ///
    /// # Errors
    /// When it has no name, or is of another kind.
    pub fn of_kind(kind: Kind, value: Value) -> Result<Self, BadManifest> {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text("/apiVersion"), text("/kind"), text("/metadata/name")) {
            (Some(api_version), Some(named), Some(name)) => {
                let group = api_version.split_once('/').map_or("", |(group, _)| group);
                if named == kind.kind && group == kind.group {
                    return Ok(Self { kind, value });
                }
                Err(BadManifest::UnknownKind {
                    api_version: api_version.to_owned(),
                    kind: named.to_owned(),
                    name: name.to_owned(),
                })
            }
            _ => Err(BadManifest::Unnamed(value.to_string().chars().take(120).collect())),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("/metadata/name").unwrap_or_default()
    }

    /// Its namespace, if it has one.
    pub fn namespace(&self) -> Option<&str> {
        self.text("/metadata/namespace")
    }

    /// Its identity.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            group: self.kind.group.to_owned(),
            kind: self.kind.kind.to_owned(),
            namespace: self.namespace().map(str::to_owned),
            name: self.name().to_owned(),
        }
    }

    /// Its own labels (not those of a pod template).
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.get("/metadata/labels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// Sets a label on the object's own metadata.
    pub fn set_label(&mut self, key: &str, label: impl Into<String>) {
        if let Some(labels) = self.metadata_map("labels") {
            labels.insert(key.to_owned(), Value::String(label.into()));
        }
    }

    /// Sets an annotation on the object's own metadata.
    pub fn set_annotation(&mut self, key: &str, annotation: impl Into<String>) {
        if let Some(annotations) = self.metadata_map("annotations") {
            annotations.insert(key.to_owned(), Value::String(annotation.into()));
        }
    }

    fn metadata_map(&mut self, field: &str) -> Option<&mut Map<String, Value>> {
        let map = &mut self.value["metadata"][field];
        if !map.is_object() {
            *map = json!({});
        }
        map.as_object_mut()
    }

    /// The value at a JSON pointer.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// The value at a JSON pointer, to change it. Kind and name must stay.
    pub fn get_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        self.value.pointer_mut(pointer)
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.get(pointer).and_then(Value::as_str)
    }

    /// The JSON.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The JSON, owned.
    pub fn into_value(self) -> Value {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_nobody_knows_survives() {
        let value = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"newField": 1}});
        assert_eq!(Manifest::try_from(value.clone()).unwrap().into_value(), value);
    }

    #[test]
    fn a_kind_outside_the_table_is_refused_by_name() {
        let value = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}});
        let error = Manifest::try_from(value).unwrap_err().to_string();
        assert!(error.contains("Widget of example.com/v1 (w)"), "{error}");
    }

    #[test]
    fn a_discovered_kind_takes_only_its_own_objects() {
        let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}});
        let kind = Kind::discovered("example.com", "v1", "Widget", "widgets", false);
        assert_eq!(Manifest::of_kind(kind, widget.clone()).unwrap().reference().to_string(), "Widget w");
        assert!(Manifest::of_kind(Kind::SERVICE, widget).is_err());
        assert!(Manifest::of_kind(kind, json!({"kind": "Widget"})).is_err());
    }

    #[test]
    fn a_body_cannot_rename_the_object() {
        let body = json!({"kind": "Pod", "metadata": {"name": "b", "labels": {"app": "a"}}, "spec": {"replicas": 1}});
        let manifest = Manifest::new(Kind::DEPLOYMENT, "shop", "a", body);
        assert_eq!(manifest.reference().to_string(), "Deployment shop/a");
        assert_eq!(manifest.get("/kind"), Some(&json!("Deployment")));
        assert_eq!(manifest.labels().collect::<Vec<_>>(), [("app", "a")]);
    }
}
