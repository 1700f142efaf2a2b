//! Revisions: what each apply wrote, kept in the cluster.
//!
//! A revision holds the specification, the objects as they were sent, and, apart from them, what admission changed on
//! the paths that were sent. So *pending change* is a new rendering against [`Revision::objects`], and *drift* is the
//! live objects against [`Revision::expected`]; neither mistakes the other.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    contract::{self, CONTRACT_VERSION, Record, SetId},
    diff::{Path, set_path},
    object::{Kind, Manifest, ObjectRef},
};

/// Key of the compressed content in the record's `binaryData`.
const CONTENT: &str = "revision.json.gz";

/// A record never grows beyond what the API server stores; a text this long is no revision of ours.
const MAX_CONTENT: u64 = 64 << 20;

/// How many revisions of a set are kept.
pub const HISTORY: usize = 10;

/// One apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Number, counted from 1.
    pub number: u64,
    /// The specification that was rendered.
    pub spec: Value,
    /// The objects as they were sent.
    pub objects: Vec<Manifest>,
    /// What admission made of paths that were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admitted: Vec<Admitted>,
    /// When it was applied.
    pub created_at: Timestamp,
    /// Who applied it.
    pub created_by: String,
    /// Versions that took part, such as `provider` and `catalogue`.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
}

/// A path that we sent and that the API server answered with another value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Admitted {
    /// The object.
    pub object: ObjectRef,
    /// The path.
    pub path: Path,
    /// The value that stands in the cluster; null where admission removed ours.
    pub value: Value,
}

/// A record that is no readable revision.
#[derive(Debug, thiserror::Error)]
pub enum BadRevision {
    /// The content is missing.
    #[error("revision record {name} has no content under binaryData.{CONTENT:?}")]
    Missing {
        /// Name of the record.
        name: String,
    },
    /// The content is damaged.
    #[error("the content of revision record {name} is damaged; delete the record, the one before it then counts")]
    Damaged {
        /// Name of the record.
        name: String,
        /// What the decoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Revision {
    /// The objects as they should stand in the cluster: as sent, with what admission made of them.
    pub fn expected(&self) -> Vec<Manifest> {
        let mut objects = self.objects.clone();
        for admitted in &self.admitted {
            if let Some(manifest) = objects.iter_mut().find(|m| m.reference() == admitted.object) {
                set_path(manifest, &admitted.path, admitted.value.clone());
            }
        }
        objects
    }

    /// Whether this apply wrote the same as another one, apart from number, time and author.
    pub fn same_content(&self, other: &Self) -> bool {
        self.spec == other.spec
            && self.objects == other.objects
            && self.admitted == other.admitted
            && self.versions == other.versions
    }

    /// The record as a manifest to create. Revisions never change afterwards.
    pub fn record(&self, id: &SetId) -> Manifest {
        let content = serde_json::to_vec(self).unwrap_or_default();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to a Vec cannot fail.
        let packed = gzip.write_all(&content).and_then(|()| gzip.finish()).unwrap_or_default();
        let mut manifest = Manifest::new(
            Kind::CONFIG_MAP,
            &id.namespace,
            &id.revision_name(self.number),
            json!({"binaryData": {CONTENT: BASE64_STANDARD.encode(packed)}, "immutable": true}),
        );
        for (key, value) in id.labels() {
            manifest.set_label(key, value);
        }
        manifest.set_label(contract::CONTRACT, CONTRACT_VERSION.to_string());
        manifest.set_label(contract::RECORD, Record::Revision.label());
        manifest.set_label(contract::REVISION, self.number.to_string());
        manifest.set_annotation("boutique.dev/created-at", self.created_at.to_string());
        manifest.set_annotation("boutique.dev/created-by", self.created_by.clone());
        for (part, version) in &self.versions {
            manifest.set_annotation(&format!("boutique.dev/version-{part}"), version.clone());
        }
        manifest
    }

    /// Reads a live record.
    ///
    /// # Errors
    /// When it has no content or the content is damaged.
    pub fn read(record: &Value) -> Result<Self, BadRevision> {
        let name = record.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let Some(content) = record.get("binaryData").and_then(|data| data.get(CONTENT)).and_then(Value::as_str) else {
            return Err(BadRevision::Missing { name: name.to_owned() });
        };
        let damaged =
            |source: Box<dyn std::error::Error + Send + Sync>| BadRevision::Damaged { name: name.to_owned(), source };
        let packed = BASE64_STANDARD.decode(content).map_err(|error| damaged(error.into()))?;
        let mut text = Vec::new();
        GzDecoder::new(packed.as_slice())
            .take(MAX_CONTENT)
            .read_to_end(&mut text)
            .map_err(|error| damaged(error.into()))?;
        serde_json::from_slice(&text).map_err(|error| damaged(error.into()))
    }

    /// Number of a live record, read from its label without unpacking it; none if it records no revision.
    pub fn number_of(record: &Value) -> Option<u64> {
        let labels = record.pointer("/metadata/labels")?;
        if labels.get(contract::RECORD)?.as_str()? != Record::Revision.label() {
            return None;
        }
        labels.get(contract::REVISION)?.as_str()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn revision(number: u64, spec: Value, replicas: u64) -> Revision {
        Revision {
            number,
            spec,
            objects: vec![Manifest::new(
                Kind::DEPLOYMENT,
                "shop",
                "frontend",
                json!({"spec": {"replicas": replicas, "template": {"spec": {"containers": [
                    {"name": "server", "resources": {"limits": {"cpu": "1"}}}
                ]}}}}),
            )],
            admitted: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            created_by: "ann@laptop".into(),
            versions: [("provider".to_owned(), "0.1.0".to_owned())].into(),
        }
    }

    #[test]
    fn what_admission_changed_is_expected_and_what_was_sent_stays_known() {
        let mut revision = revision(1, json!({}), 1);
        let path =
            ["spec", "template", "spec", "containers"].iter().fold(Path::default(), |path, name| path.field(*name));
        let path = path.key("name", "server").field("resources").field("limits").field("cpu");
        revision.admitted.push(Admitted { object: revision.objects[0].reference(), path, value: json!("250m") });
        let cpu = "/spec/template/spec/containers/0/resources/limits/cpu";
        assert_eq!(revision.expected()[0].get(cpu), Some(&json!("250m")));
        assert_eq!(revision.objects[0].get(cpu), Some(&json!("1")));
    }

    #[test]
    fn a_damaged_record_says_which() {
        let mut record = revision(3, json!({}), 1).record(&SetId::stack("shop", "shop")).into_value();
        record["binaryData"][CONTENT] = json!("AAAA");
        let error = Revision::read(&record).unwrap_err().to_string();
        assert!(error.contains("boutique-stack-shop-revision-3"), "{error}");
        record["binaryData"] = json!({});
        assert!(matches!(Revision::read(&record), Err(BadRevision::Missing { .. })));
    }

    #[test]
    fn the_same_content_makes_the_same_record_again() {
        let id = SetId::stack("shop", "shop");
        assert_eq!(revision(1, json!({"a": 1}), 2).record(&id), revision(1, json!({"a": 1}), 2).record(&id));
    }

    proptest! {
        #[test]
        fn a_revision_reads_back_as_it_was_written(number in 1_u64.., text in "\\PC{0,40}", replicas in 0_u64..100) {
            let revision = revision(number, json!({"text": text, "exact": 0.1, "big": u64::MAX}), replicas);
            let record = revision.record(&SetId::stack("shop", "shop"));
            prop_assert_eq!(Revision::number_of(record.value()), Some(number));
            prop_assert_eq!(Revision::read(record.value()).unwrap(), revision);
        }
    }
}
