//! Objects of the cluster as raw JSON, and the words to name them.
//!
//! Manifests and live objects are never typed: a typed struct drops the fields it does not know.

mod kind;
mod manifest;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use kind::Kind;
pub use manifest::{BadManifest, Manifest};

use serde_json::Value;

/// Identity of an object without its API version, because the same object is served under several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// API group; empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Namespace; none for objects of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// The identity of an object of a kind we know.
    pub fn new(kind: Kind, namespace: &str, name: impl Into<String>) -> Self {
        Self {
            group: kind.group.to_owned(),
            kind: kind.kind.to_owned(),
            namespace: kind.namespaced.then(|| namespace.to_owned()),
            name: name.into(),
        }
    }

    /// The identity of a live object, if it has a kind and a name.
    pub fn of(object: &Value) -> Option<Self> {
        let api_version = object.get("apiVersion")?.as_str()?;
        Some(Self {
            group: api_version.split_once('/').map_or("", |(group, _)| group).to_owned(),
            kind: object.get("kind")?.as_str()?.to_owned(),
            namespace: object.pointer("/metadata/namespace").and_then(Value::as_str).map(str::to_owned),
            name: object.pointer("/metadata/name")?.as_str()?.to_owned(),
        })
    }

    /// The kind, if the project knows it.
    pub fn known_kind(&self) -> Option<Kind> {
        Kind::find(&self.group, &self.kind)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
