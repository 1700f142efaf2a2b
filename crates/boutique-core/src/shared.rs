//! Who uses a Helm release that several resources share, and what follows for those who come and go.
//!
//! What is shared belongs to nobody: the first resource that wants it installed installs it, others join, and whoever leaves
//! last uninstalls it. The record is a ConfigMap beside the Helm release.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::contract::{self, CONTRACT_VERSION, Record as RecordKind, SetId};
use crate::object::{Kind, Manifest};

/// Everything that decides what a shared release is.
pub trait Shape: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// What is shared, as a word: it stands in the names of records and in sentences.
    const THING: &'static str;
    /// Attributes by which users may differ in values, as words.
    const SETTINGS: &'static str;
    /// What to do about a release of that name which others installed, as the end of a sentence.
    const FOREIGN: &'static str;

    /// What people call it.
    fn title(&self) -> String;

    /// What must be the same for all users, by name.
    fn identity(&self) -> Vec<(&'static str, &str)>;

    /// Digest of the chart's values: `sha256:…`. They may hold what is nobody else's business.
    fn values(&self) -> &str;

    /// What to do when identities differ.
    fn way_out(&self, wanted: &Self) -> &'static str;
}

/// A shared release with its users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "S: Serialize", deserialize = "S: DeserializeOwned"))]
pub struct UsersRecord<S> {
    /// Name of the Helm release.
    pub release: String,
    /// Namespace of the release.
    pub namespace: String,
    /// What the release is.
    pub shape: S,
    /// Who uses it: ids of resources, `namespace/name`.
    pub users: BTreeMap<String, User>,
}

/// One user of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Whether it wants the release installed, and so may be the one that uninstalls it.
    pub install: bool,
    /// Since when.
    pub since: Timestamp,
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadRecord {
    /// It is damaged.
    #[error(
        "the record {name} of who uses the {thing} is damaged; delete its key {thing:?} to go on, which forgets its users"
    )]
    Damaged {
        /// The record, `namespace/name`.
        name: String,
        /// What is shared.
        thing: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A newer release wrote it.
    #[error(transparent)]
    Newer(#[from] contract::NewerContract),
}

impl<S: Shape> UsersRecord<S> {
    /// A release that nobody uses yet.
    #[must_use]
    pub fn new(wanted: &Wanted<S>) -> Self {
        Self {
            release: wanted.release.clone(),
            namespace: wanted.namespace.clone(),
            shape: wanted.shape.clone(),
            users: BTreeMap::new(),
        }
    }

    /// Name of the record of a release's users, in the release's namespace.
    #[must_use]
    pub fn name_of(release: &str) -> String {
        format!("boutique-{}-{release}", S::THING)
    }

    /// Notes a user; one that is there keeps its date.
    pub fn add(&mut self, id: &SetId, install: bool, now: Timestamp) {
        let user = self.users.entry(id.to_string()).or_insert(User { install, since: now });
        user.install = install;
    }

    /// Forgets a user and says whether it was one.
    pub fn remove(&mut self, id: &SetId) -> bool {
        self.users.remove(&id.to_string()).is_some()
    }

    /// Whether this user may uninstall the release: only when no other one is left.
    ///
    /// # Errors
    ///
    /// [`InUse`] with the others.
    pub fn can_uninstall(&self, id: &SetId) -> Result<(), InUse> {
        let others = self.others(id);
        if others.is_empty() {
            return Ok(());
        }
        Err(InUse { thing: self.described(), others: others.into_iter().map(str::to_owned).collect() })
    }

    /// All users but one.
    #[must_use]
    pub fn others(&self, id: &SetId) -> Vec<&str> {
        let id = id.to_string();
        self.users.keys().filter(|user| **user != id).map(String::as_str).collect()
    }

    /// All users but one that want it installed, and so have a say in what it is. Who only uses it takes it as it is.
    #[must_use]
    pub fn other_installers(&self, id: &SetId) -> Vec<&str> {
        self.others(id).into_iter().filter(|user| self.users.get(*user).is_some_and(|user| user.install)).collect()
    }

    fn described(&self) -> String {
        format!("{} {} (release {}/{})", S::THING, self.shape.title(), self.namespace, self.release)
    }

    /// The record as an object of the cluster.
    ///
    /// # Errors
    ///
    /// Never in practice: a record is plain data.
    pub fn to_manifest(&self) -> Result<Manifest, serde_json::Error> {
        let body = json!({"data": {S::THING: serde_json::to_string(self)?}});
        let mut manifest = Manifest::new(Kind::CONFIG_MAP, &self.namespace, &Self::name_of(&self.release), body);
        manifest.set_label(contract::CONTRACT, CONTRACT_VERSION.to_string());
        manifest.set_label(contract::RECORD, RecordKind::Users.label());
        Ok(manifest)
    }

    /// Reads a live record.
    ///
    /// # Errors
    ///
    /// [`BadRecord`] if it is damaged, or if a newer release wrote it.
    pub fn from_config_map(live: &Value) -> Result<Self, BadRecord> {
        let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str);
        let place = |pointer: &str| text(pointer).unwrap_or_default();
        let name = format!("{}/{}", place("/metadata/namespace"), place("/metadata/name"));
        contract::check_writable(
            &format!("record {name}"),
            text(&format!("/metadata/labels/{}", contract::CONTRACT.replace('/', "~1"))),
        )?;
        let stored = text(&format!("/data/{}", S::THING)).unwrap_or_default();
        serde_json::from_str(stored).map_err(|source| BadRecord::Damaged { name, thing: S::THING, source })
    }
}

/// Why a release is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {thing} stays: {} still {} it", others.join(", "), if others.len() == 1 { "uses" } else { "use" })]
pub struct InUse {
    /// What is shared.
    pub thing: String,
    /// Ids of the other users.
    pub others: Vec<String>,
}

/// A release as one resource wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<S> {
    /// Who wants it.
    pub id: SetId,
    /// Name of the Helm release.
    pub release: String,
    /// Namespace of the release.
    pub namespace: String,
    /// What the release is to be.
    pub shape: S,
    /// Whether the person says anything that goes into its values.
    pub has_settings: bool,
}

/// What a resource that wants a release installed is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joining {
    /// Nobody has installed it through us: install it.
    Install,
    /// Nobody else installs it: install or change it as wanted.
    Manage,
    /// Others use the same: use it, too, and change nothing.
    Join,
    /// It is another one than the one that is wanted.
    Refuse(NoJoin),
}

/// Why a resource cannot use the release that is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {thing} is shared with {} and differs from what is wanted here: {}. {way_out}", others.join(", "), differences.join("; "))]
pub struct NoJoin {
    /// What is shared.
    pub thing: String,
    /// Its other users.
    pub others: Vec<String>,
    /// What differs, in words.
    pub differences: Vec<String>,
    /// What to do.
    pub way_out: String,
}

/// Whether a resource installs, manages or joins a release, or why it cannot.
///
/// As the only one that installs it, it decides everything. With others it joins a release of the same identity; settings
/// of its own must be the ones that are there, and where it has none, those of the others are as good.
#[must_use]
pub fn joining<S: Shape>(found: Option<&UsersRecord<S>>, wanted: &Wanted<S>) -> Joining {
    let Some(found) = found else { return Joining::Install };
    let others = found.other_installers(&wanted.id);
    if others.is_empty() {
        return if found.users.is_empty() { Joining::Install } else { Joining::Manage };
    }
    let (there, here) = (&found.shape, &wanted.shape);
    let pairs = there.identity().into_iter().zip(here.identity());
    let mut differences: Vec<String> = pairs
        .filter(|((_, there), (_, here))| there != here)
        .map(|((what, there), (_, here))| format!("{what} is {there}, wanted is {here}"))
        .collect();
    let same_release = differences.is_empty();
    if same_release && wanted.has_settings && there.values() != here.values() {
        differences.push(format!("its {} are others", S::SETTINGS));
    }
    if differences.is_empty() {
        return Joining::Join;
    }
    let way_out = if same_release {
        format!("Leave {} out to use it as it is, or set them alike in every resource that installs it", S::SETTINGS)
    } else {
        there.way_out(here).to_owned()
    };
    Joining::Refuse(NoJoin {
        thing: found.described(),
        others: others.into_iter().map(str::to_owned).collect(),
        differences,
        way_out,
    })
}

/// `sha256:<hex>` over values, whatever the order of their keys.
#[must_use]
pub fn values_digest(values: &Value) -> String {
    let hash = Sha256::digest(sorted(values).to_string().as_bytes());
    hash.iter().fold("sha256:".to_owned(), |mut hex, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Keys in order, whether or not the JSON library keeps theirs.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let keys: BTreeSet<&String> = map.keys().collect();
            keys.into_iter().map(|key| (key.clone(), sorted(&map[key]))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_change_values() {
        assert_eq!(
            values_digest(&json!({"a": 1, "b": {"c": [1], "d": 2}})),
            values_digest(&json!({"b": {"d": 2, "c": [1]}, "a": 1}))
        );
        assert_ne!(values_digest(&json!({"a": 1})), values_digest(&json!({"a": "1"})));
    }
}
