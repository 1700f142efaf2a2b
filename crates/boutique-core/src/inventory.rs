//! The inventory of a set: one ConfigMap that is an ApplySet parent as kubectl writes it.
//!
//! It names the group-kinds of the members, so that one LIST per kind finds all of them by label, and it remembers what
//! no member can tell: whether we made the namespace, and whether the last apply or wait came to its end. It is written
//! *before* the first object (with the union of old and new kinds) and again after the last.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    contract::{self, CONTRACT_VERSION, Record, SetId},
    helm::ReleaseId,
    object::{Kind, Manifest},
};

const STATE: &str = "state";

/// What the inventory of a set records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    /// Kinds that members may have.
    pub kinds: BTreeSet<Kind>,
    /// What the group-kinds annotation names and this build does not know; kept as it is.
    pub foreign_group_kinds: BTreeSet<String>,
    /// The rest.
    pub state: State,
}

/// The part of the inventory that no ApplySet tool reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// UID of the namespace if the set created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_uid: Option<String>,
    /// Helm releases that were installed for the set. They are named before they are installed and until they are gone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub releases: BTreeSet<ReleaseId>,
    /// How far the last apply came.
    #[serde(default)]
    pub progress: Progress,
}

/// How far the last apply came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "lowercase")]
pub enum Progress {
    /// All objects are written, and whatever was to be waited for has come.
    #[default]
    Complete,
    /// Objects are being written, or their writer died.
    Applying {
        /// Who writes.
        by: String,
        /// Since when.
        since: Timestamp,
    },
    /// All objects are written; their writer waits for them, or died.
    Waiting {
        /// Who waits.
        by: String,
        /// Since when.
        since: Timestamp,
    },
    /// Members are being deleted, or their deleter died.
    Destroying {
        /// Who deletes.
        by: String,
        /// Since when.
        since: Timestamp,
    },
}

impl Progress {
    /// What is left to do, as a sentence; none when nothing is.
    pub fn pending(&self) -> Option<String> {
        match self {
            Self::Complete => None,
            Self::Applying { by, since } => Some(format!(
                "the apply that {by} began at {since} has not come to its end; the next apply completes it"
            )),
            Self::Waiting { by, since } => {
                Some(format!("the wait that {by} began at {since} has not come to its end; the next apply waits again"))
            }
            Self::Destroying { by, since } => Some(format!(
                "the destroy that {by} began at {since} has not come to its end; destroy again, or apply to restore"
            )),
        }
    }
}

/// An inventory that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the state of inventory {name} is damaged; delete its data key {STATE:?} to go on")]
pub struct BadInventory {
    name: String,
    source: serde_json::Error,
}

/// Id of the ApplySet whose parent is this ConfigMap, computed as kubectl does:
/// `applyset-<base64url(sha256("<name>.<namespace>.<kind>.<group>"))>-v1`.
pub fn applyset_id(name: &str, namespace: &str) -> String {
    let hash = Sha256::digest(format!("{name}.{namespace}.ConfigMap."));
    format!("applyset-{}-v1", BASE64_URL_SAFE_NO_PAD.encode(hash))
}

impl Inventory {
    /// The record as a manifest for server-side apply.
    pub fn record(&self, id: &SetId, tool_version: &str) -> Manifest {
        let name = id.parent_name();
        let group_kinds: BTreeSet<String> =
            self.kinds.iter().map(Kind::group_kind).chain(self.foreign_group_kinds.iter().cloned()).collect();
        let mut manifest = Manifest::new(
            Kind::CONFIG_MAP,
            &id.namespace,
            &name,
            json!({"data": {STATE: serde_json::to_string(&self.state).unwrap_or_default()}}),
        );
        for (key, value) in id.labels() {
            manifest.set_label(key, value);
        }
        manifest.set_label(contract::CONTRACT, CONTRACT_VERSION.to_string());
        manifest.set_label(contract::RECORD, Record::Inventory.label());
        manifest.set_label(contract::APPLYSET_ID, applyset_id(&name, &id.namespace));
        manifest.set_annotation(contract::APPLYSET_TOOLING, format!("boutique/v{tool_version}"));
        manifest.set_annotation(contract::APPLYSET_GROUP_KINDS, group_kinds.into_iter().collect::<Vec<_>>().join(","));
        manifest.set_annotation(contract::APPLYSET_NAMESPACES, "");
        manifest
    }

    /// Reads a live record.
    ///
    /// # Errors
    /// When its state is no JSON of ours.
    pub fn read(record: &Value) -> Result<Self, BadInventory> {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let mut inventory = Self::default();
        let annotation = format!("/metadata/annotations/{}", contract::APPLYSET_GROUP_KINDS.replace('/', "~1"));
        for group_kind in text(&annotation).unwrap_or_default().split(',').map(str::trim).filter(|s| !s.is_empty()) {
            let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
            match Kind::find(group, kind) {
                Some(kind) => {
                    inventory.kinds.insert(kind);
                }
                None => {
                    inventory.foreign_group_kinds.insert(group_kind.to_owned());
                }
            }
        }
        if let Some(state) = text("/data/state") {
            inventory.state = serde_json::from_str(state).map_err(|source| BadInventory {
                name: text("/metadata/name").unwrap_or_default().to_owned(),
                source,
            })?;
        }
        Ok(inventory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_one_kubectl_computes() {
        // printf 'boutique-stack-shop.shop.ConfigMap.' | openssl dgst -sha256 -binary | basenc --base64url
        assert_eq!(
            applyset_id("boutique-stack-shop", "shop"),
            "applyset-39QxJ4NZtgD8lM3co9hPL7A-7RDzbCivY7FcqqWOwEo-v1"
        );
    }

    #[test]
    fn the_id_fits_a_label() {
        assert!(applyset_id(&"n".repeat(200), &"s".repeat(63)).len() <= 63);
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let inventory = Inventory {
            kinds: [Kind::DEPLOYMENT, Kind::SERVICE].into(),
            foreign_group_kinds: ["Widget.example.com".to_owned()].into(),
            state: State {
                releases: BTreeSet::new(),
                namespace_uid: Some("u".into()),
                progress: Progress::Applying { by: "me@here".into(), since: Timestamp::UNIX_EPOCH },
            },
        };
        let record = inventory.record(&SetId::stack("shop", "shop"), "0.1.0");
        assert_eq!(
            record.get("/metadata/annotations/applyset.kubernetes.io~1contains-group-kinds"),
            Some(&json!("Deployment.apps,Service,Widget.example.com"))
        );
        assert_eq!(Inventory::read(record.value()).unwrap(), inventory);
    }

    #[test]
    fn a_damaged_state_is_an_error_that_says_what_to_delete() {
        let record = json!({"metadata": {"name": "boutique-stack-shop"}, "data": {"state": "{"}});
        let error = Inventory::read(&record).unwrap_err().to_string();
        assert!(error.contains("boutique-stack-shop") && error.contains("delete"), "{error}");
    }

    #[test]
    fn an_unfinished_apply_is_pending_and_a_complete_one_is_not() {
        assert_eq!(Progress::Complete.pending(), None);
        let unfinished = Progress::Applying { by: "ann@laptop".into(), since: Timestamp::UNIX_EPOCH };
        assert!(unfinished.pending().unwrap().contains("ann@laptop"));
    }
}
