//! Our record beside a release: what Helm itself does not keep.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{release::ReleaseId, values::ValuePath};
use crate::{
    contract::{self, CONTRACT_VERSION, NewerContract, check_writable},
    object::{Kind, Manifest},
    revision::Admitted,
};

const CONTENT: &str = "release.json";

/// What is remembered of the last upgrade. A ConfigMap beside the release; it holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReleaseRecord {
    /// Where the chart came from, for people; Helm stores the chart and not its source.
    pub chart: String,
    /// Digest of the chart: of the archive, or of a folder's content.
    pub digest: String,
    /// Revision that this was written with.
    pub revision: u64,
    /// The write-only values' version and places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_only: Option<WriteOnlyRecord>,
    /// What admission made of paths that the manifest sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admitted: Vec<Admitted>,
    /// Names of the CRDs that came with the chart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crds: Vec<String>,
    /// UID of the namespace if it was made for the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_uid: Option<String>,
}

/// Version and places of write-only values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteOnlyRecord {
    /// Their version.
    pub version: i64,
    /// Where they stand in the stored values.
    pub paths: Vec<ValuePath>,
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the record of release {id} (ConfigMap {}/{}) is damaged: delete it and apply again; write-only values must then be \
     given again", id.namespace, id.record_name()
)]
pub struct BadRecord {
    /// The release.
    pub id: ReleaseId,
    /// What the reader said.
    pub source: serde_json::Error,
}

impl ReleaseRecord {
    /// The record as a manifest for server-side apply.
    pub fn manifest(&self, id: &ReleaseId) -> Manifest {
        let content = serde_json::to_string(self).unwrap_or_default();
        let mut manifest =
            Manifest::new(Kind::CONFIG_MAP, &id.namespace, &id.record_name(), json!({"data": {CONTENT: content}}));
        manifest.set_label(contract::CONTRACT, CONTRACT_VERSION.to_string());
        manifest.set_label(contract::RECORD, "release");
        manifest
    }

    /// Reads a live record; none if the object is one that holds nothing of ours.
    ///
    /// # Errors
    /// When its content is damaged.
    pub fn read(id: &ReleaseId, record: &Value) -> Result<Option<Self>, BadRecord> {
        let Some(content) = record.pointer("/data").and_then(|data| data.get(CONTENT)?.as_str()) else {
            return Ok(None);
        };
        serde_json::from_str(content).map(Some).map_err(|source| BadRecord { id: id.clone(), source })
    }

    /// Whether this build may write over a live record.
    ///
    /// # Errors
    /// When a newer release wrote it.
    pub fn check(id: &ReleaseId, record: &Value) -> Result<(), NewerContract> {
        let version = record.pointer("/metadata/labels").and_then(|labels| labels.get(contract::CONTRACT)?.as_str());
        check_writable(&format!("the record of Helm release {id}"), version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let id = ReleaseId::new("ingress", "traefik");
        let record = ReleaseRecord {
            chart: "traefik 41.3.0 from https://traefik.github.io/charts".into(),
            digest: "sha256:1".into(),
            revision: 3,
            write_only: Some(WriteOnlyRecord { version: 2, paths: vec![ValuePath::of_keys(["a", "b.c"])] }),
            ..ReleaseRecord::default()
        };
        let manifest = record.manifest(&id);
        assert_eq!(manifest.reference().to_string(), "ConfigMap ingress/boutique-release-traefik");
        assert_eq!(ReleaseRecord::read(&id, manifest.value()).unwrap(), Some(record));
        assert_eq!(ReleaseRecord::read(&id, &json!({"data": {"users": "x"}})).unwrap(), None);
    }

    #[test]
    fn a_damaged_record_names_its_object_and_a_newer_one_is_left_alone() {
        let id = ReleaseId::new("ingress", "traefik");
        let error = ReleaseRecord::read(&id, &json!({"data": {CONTENT: "{"}})).unwrap_err().to_string();
        assert!(error.contains("ConfigMap ingress/boutique-release-traefik"), "{error}");
        let newer = json!({"metadata": {"labels": {contract::CONTRACT: "2"}}});
        assert!(ReleaseRecord::check(&id, &newer).is_err());
        assert!(ReleaseRecord::check(&id, &json!({})).is_ok());
    }
}
