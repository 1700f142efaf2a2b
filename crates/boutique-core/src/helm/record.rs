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
    /// Further places that are not to be seen: of write-only values of earlier revisions, to which somebody may go back,
    /// and of one that has not come to its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub once_write_only: Vec<ValuePath>,
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
    /// All places in the release's values that are not to be seen.
    pub fn sensitive(&self) -> Vec<ValuePath> {
        let current = self.write_only.iter().flat_map(|write_only| &write_only.paths);
        let mut places: Vec<ValuePath> = current.chain(&self.once_write_only).cloned().collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The record to write before helm runs, so that an upgrade which is killed or fails leaves no secret to be seen; none
    /// if all places are recorded. The version stays, because it tells what the last upgrade that succeeded was given.
    pub fn begun(&self, places: &[ValuePath]) -> Option<Self> {
        let known = self.sensitive();
        let new: Vec<ValuePath> = places.iter().filter(|place| !known.contains(place)).cloned().collect();
        if new.is_empty() {
            return None;
        }
        let once_write_only = [self.once_write_only.as_slice(), &new].concat();
        Some(Self { once_write_only, ..self.clone() })
    }

    /// What of the places that were recorded is to be hidden further on, beside those of `write_only`: all but those at
    /// which plain values stand now.
    pub fn once(&self, write_only: Option<&WriteOnlyRecord>, plain: &Value) -> Vec<ValuePath> {
        let mut places = self.sensitive();
        let now = |place: &ValuePath| write_only.is_some_and(|write_only| write_only.paths.contains(place));
        places.retain(|place| !now(place) && place.get(plain).is_none());
        places
    }

    /// Whether an upgrade has come to its end since this was first written.
    pub fn is_complete(&self) -> bool {
        self.revision > 0
    }

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
    fn places_are_hidden_before_helm_runs_and_as_long_as_history_may_hold_them() {
        let place = |key| ValuePath::of_keys(["auth", key]);
        let fresh = ReleaseRecord::default();
        let begun = fresh.begun(&[place("password")]).unwrap();
        assert!(begun.write_only.is_none() && !begun.is_complete(), "nothing says that a version was installed");
        assert_eq!(begun.sensitive(), [place("password")]);
        assert_eq!(begun.begun(&[place("password")]), None);

        let now = WriteOnlyRecord { version: 2, paths: vec![place("token")] };
        let once = begun.once(Some(&now), &json!({}));
        assert_eq!(once, [place("password")], "a revision of before may come back");
        let done = ReleaseRecord { revision: 1, write_only: Some(now), once_write_only: once, ..fresh };
        assert_eq!(done.sensitive(), [place("password"), place("token")]);
        let plain = json!({"auth": {"password": "shown now"}});
        assert_eq!(done.once(None, &plain), [place("token")], "what is no secret any more is shown");
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
