//! CRDs of a chart: what an upgrade would change in them, and what it must not.

use std::fmt;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::manifest::canonical;
use crate::{
    diff::differences,
    object::{Kind, Manifest, ObjectRef},
};

/// Annotation on a CRD that we applied: digest of it as it was sent. A field that a newer chart leaves out shows by it.
const DIGEST: &str = "boutique.dev/crd-digest";

/// What an upgrade would do to one CRD. `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrdChange {
    /// The CRD.
    pub object: ObjectRef,
    /// What changes in it; none if it is new.
    pub changes: Option<Vec<String>>,
}

impl fmt::Display for CrdChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.changes {
            None => write!(f, "{}: new", self.object),
            Some(changes) => write!(f, "{}: {}", self.object, changes.join(", ")),
        }
    }
}

/// A CRD as it is sent: with its digest.
///
/// # Errors
/// When it is no CRD, or has no name.
pub fn with_digest(crd: &Value) -> Result<Manifest, crate::object::BadManifest> {
    let mut manifest = Manifest::of_kind(Kind::CUSTOM_RESOURCE_DEFINITION, crd.clone())?;
    let hash: String = Sha256::digest(canonical(crd).to_string()).iter().take(8).map(|b| format!("{b:02x}")).collect();
    manifest.set_annotation(DIGEST, hash);
    Ok(manifest)
}

impl CrdChange {
    /// What applying this CRD would do; none if nothing.
    pub fn between(crd: &Manifest, live: Option<&Value>) -> Option<Self> {
        let object = crd.reference();
        let Some(live) = live else { return Some(Self { object, changes: None }) };
        let mut changes = Vec::new();
        let (ours, theirs) = (versions(crd.value()), versions(live));
        changes
            .extend(ours.iter().filter(|v| !theirs.contains(v)).map(|version| format!("version {version} is added")));
        changes.extend(theirs.iter().filter(|v| !ours.contains(v)).map(|version| format!("version {version} goes")));
        for version in ours.iter().filter(|version| theirs.contains(version)) {
            if differs(crd, live, version) {
                changes.push(format!("the schema of {version} changes"));
            }
        }
        // The digest is looked at last: one that Helm installed is not written for our annotation's sake.
        let mut plain = crd.clone();
        if let Some(annotations) = plain.get_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            annotations.shift_remove(DIGEST);
        }
        let elsewhere = differences(&plain, live).into_iter();
        let elsewhere = elsewhere.filter(|difference| difference.path.to_string() != "spec.versions");
        changes.extend(elsewhere.map(|difference| format!("{} changes", difference.path)));
        let digest = |value: &Value| {
            let annotations = value.pointer("/metadata/annotations");
            annotations.and_then(|annotations| annotations.get(DIGEST)?.as_str()).map(str::to_owned)
        };
        let (sent, stands) = (digest(crd.value()), digest(live));
        if changes.is_empty() && stands.is_some() && sent != stands {
            changes.push("fields are left out".to_owned());
        }
        (!changes.is_empty()).then_some(Self { object, changes: Some(changes) })
    }
}

/// Versions in which objects are stored and that this CRD no longer has. Applying it would make those objects
/// unreadable, and the API server refuses it.
pub fn lost_versions(crd: &Manifest, live: &Value) -> Vec<String> {
    let ours = versions(crd.value());
    let stored = live.pointer("/status/storedVersions").and_then(Value::as_array).into_iter().flatten();
    stored.filter_map(Value::as_str).filter(|stored| !ours.iter().any(|v| v == stored)).map(str::to_owned).collect()
}

fn versions(crd: &Value) -> Vec<String> {
    let list = crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|version| version.get("name")?.as_str()).map(str::to_owned).collect()
}

fn version<'a>(crd: &'a Value, name: &str) -> Option<&'a Value> {
    crd.pointer("/spec/versions")?.as_array()?.iter().find(|version| version["name"] == name)
}

/// Whether what a version says here is not what it says there. The server adds nothing to a schema, so only what we say
/// is looked at, and the digest finds what we no longer say.
fn differs(crd: &Manifest, live: &Value, name: &str) -> bool {
    let one = |value: &Value| {
        let mut only = serde_json::json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "x"}, "spec": {}});
        if let Some(version) = version(value, name) {
            only["spec"]["version"] = version.clone();
        }
        only
    };
    let ours = Manifest::of_kind(Kind::CUSTOM_RESOURCE_DEFINITION, one(crd.value()));
    ours.is_ok_and(|ours| !differences(&ours, &one(live)).is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn crd(versions: &[(&str, Value)]) -> Value {
        let versions: Vec<Value> = versions
            .iter()
            .map(|(name, schema)| json!({"name": name, "served": true, "schema": {"openAPIV3Schema": schema}}))
            .collect();
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "probes.example.com"}, "spec": {"group": "example.com", "versions": versions}})
    }

    fn change(new: &Value, live: &Value) -> Option<String> {
        CrdChange::between(&with_digest(new).unwrap(), Some(live)).map(|change| change.to_string())
    }

    fn live(crd: &Value) -> Value {
        let mut live = with_digest(crd).unwrap().into_value();
        live["spec"]["conversion"] = json!({"strategy": "None"});
        live["status"] = json!({"storedVersions": ["v1"]});
        live
    }

    #[test]
    fn a_crd_that_stands_as_it_would_be_applied_does_not_change() {
        let same = crd(&[("v1", json!({"type": "object"}))]);
        assert_eq!(change(&same, &live(&same)), None);
        let mut without = live(&same);
        without["metadata"].as_object_mut().unwrap().shift_remove("annotations");
        assert_eq!(change(&same, &without), None, "one that Helm installed is not touched for our annotation's sake");
    }

    #[test]
    fn every_change_is_said() {
        let old = crd(&[("v1", json!({"type": "object", "properties": {"a": {"type": "string"}}}))]);
        let name = "CustomResourceDefinition probes.example.com";
        for (new, expected) in [
            (
                crd(&[("v1", json!({"type": "object", "properties": {"a": {"type": "integer"}}}))]),
                "the schema of v1 changes",
            ),
            (crd(&[("v1", json!({"type": "object"}))]), "fields are left out"),
            (crd(&[("v2", json!({"type": "object"}))]), "version v2 is added, version v1 goes"),
        ] {
            assert_eq!(change(&new, &live(&old)), Some(format!("{name}: {expected}")));
        }
        let new = CrdChange::between(&with_digest(&old).unwrap(), None).unwrap();
        assert_eq!(new.to_string(), format!("{name}: new"));
    }

    #[test]
    fn a_version_in_which_objects_are_stored_must_stay() {
        let live = live(&crd(&[("v1", json!({}))]));
        let manifest = |versions: &[(&str, Value)]| with_digest(&crd(versions)).unwrap();
        assert_eq!(lost_versions(&manifest(&[("v2", json!({}))]), &live), ["v1"]);
        assert!(lost_versions(&manifest(&[("v1", json!({})), ("v2", json!({}))]), &live).is_empty());
    }
}
