//! Who uses a controller that several shops share, and what follows for those who come and go.
//!
//! A controller belongs to nobody: the first ingress with `install = true` installs it, others join, and whoever leaves
//! last uninstalls it. The record is a ConfigMap beside the Helm release.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::controller::ControllerKind;
use super::spec::IngressSpec;
use super::{chart, string, values};
use crate::contract::{self, CONTRACT_VERSION, Record, SetId};
use crate::object::{Kind, Manifest};

/// Key of the record's data.
const KEY: &str = "controller";

/// Name of the record of a release's users, in the release's namespace.
#[must_use]
pub fn record_name(release: &str) -> String {
    format!("boutique-controller-{release}")
}

/// Everything that decides what a release is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The kind of controller.
    pub kind: ControllerKind,
    /// Name of its IngressClass.
    pub class: String,
    /// The chart, as people read it.
    pub chart: String,
    /// The chart's values, as a digest: `sha256:…`. They may hold what is nobody else's business.
    pub values: String,
}

/// A controller with its users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControllerRecord {
    /// Name of the Helm release.
    pub release: String,
    /// Namespace of the release.
    pub namespace: String,
    /// What the release is.
    pub shape: Shape,
    /// Who uses it: ids of ingresses, `namespace/name`.
    pub users: BTreeMap<String, User>,
}

/// One user of a controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Whether it wants the controller installed, and so may be the one that uninstalls it.
    pub install: bool,
    /// Since when.
    pub since: Timestamp,
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadRecord {
    /// It is damaged.
    #[error(
        "the record {name} of who uses the controller is damaged; delete its key {KEY:?} to go on, which forgets its users"
    )]
    Damaged {
        /// The record, `namespace/name`.
        name: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A newer release wrote it.
    #[error(transparent)]
    Newer(#[from] contract::NewerContract),
}

impl ControllerRecord {
    /// A controller that nobody uses yet.
    #[must_use]
    pub fn new(wanted: &Wanted) -> Self {
        Self {
            release: wanted.release.clone(),
            namespace: wanted.namespace.clone(),
            shape: wanted.shape.clone(),
            users: BTreeMap::new(),
        }
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

    /// Whether this user may uninstall the controller: only when no other one is left.
    ///
    /// # Errors
    ///
    /// [`InUse`] with the others.
    pub fn can_uninstall(&self, id: &SetId) -> Result<(), InUse> {
        let others = self.others(id);
        if others.is_empty() {
            return Ok(());
        }
        Err(InUse { controller: self.described(), others: others.into_iter().map(str::to_owned).collect() })
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
        format!("{} (release {}/{})", self.shape.kind, self.namespace, self.release)
    }

    /// The record as an object of the cluster.
    ///
    /// # Errors
    ///
    /// Never in practice: a record is plain data.
    pub fn to_manifest(&self) -> Result<Manifest, serde_json::Error> {
        let body = json!({"data": {KEY: serde_json::to_string(self)?}});
        let mut manifest = Manifest::new(Kind::CONFIG_MAP, &self.namespace, &record_name(&self.release), body);
        manifest.set_label(contract::CONTRACT, CONTRACT_VERSION.to_string());
        manifest.set_label(contract::RECORD, Record::Users.label());
        Ok(manifest)
    }

    /// Reads a live record.
    ///
    /// # Errors
    ///
    /// [`BadRecord`] if it is damaged, or if a newer release wrote it.
    pub fn from_config_map(live: &Value) -> Result<Self, BadRecord> {
        let name = format!("{}/{}", super::namespace(live), super::name(live));
        contract::check_writable(
            &format!("record {name}"),
            string(live, &format!("/metadata/labels/{}", contract::CONTRACT.replace('/', "~1"))),
        )?;
        let text = live.pointer(&format!("/data/{KEY}")).and_then(Value::as_str).unwrap_or_default();
        serde_json::from_str(text).map_err(|source| BadRecord::Damaged { name, source })
    }
}

/// Why a controller is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the controller {controller} stays: {} still {} it", others.join(", "), if others.len() == 1 { "uses" } else { "use" })]
pub struct InUse {
    /// The controller.
    pub controller: String,
    /// Ids of the other users.
    pub others: Vec<String>,
}

/// A controller as one ingress wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Who wants it.
    pub id: SetId,
    /// Name of the Helm release.
    pub release: String,
    /// Namespace of the release.
    pub namespace: String,
    /// What the release is to be.
    pub shape: Shape,
    /// Whether the person says anything about values, type or replicas.
    pub has_settings: bool,
}

/// The controller that an ingress wants installed; none if it wants none.
#[must_use]
pub fn wanted(spec: &IngressSpec) -> Option<Wanted> {
    let controller = &spec.controller;
    if !controller.install {
        return None;
    }
    Some(Wanted {
        id: spec.id(),
        release: spec.release().to_owned(),
        namespace: spec.controller_namespace().to_owned(),
        shape: Shape {
            kind: controller.kind,
            class: spec.class().to_owned(),
            chart: chart(spec)?.to_string(),
            values: digest(&values(spec)),
        },
        has_settings: controller.replicas.is_some()
            || controller.service_type.is_some()
            || !controller.values.is_empty(),
    })
}

/// What an ingress with `install = true` is to do.
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

/// Why an ingress cannot use the controller that is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the controller {controller} is shared with {} and differs from what is wanted here: {}. {way_out}", others.join(", "), differences.join("; "))]
pub struct NoJoin {
    /// The controller.
    pub controller: String,
    /// Its other users.
    pub others: Vec<String>,
    /// What differs, in words.
    pub differences: Vec<String>,
    /// What to do.
    pub way_out: String,
}

/// Whether an ingress installs, manages or joins a controller, or why it cannot.
///
/// As the only one that installs it, it decides everything. With others it joins a release of the same kind, class and chart; settings of its own must
/// be the ones that are there, and where it has none, those of the others are as good.
#[must_use]
pub fn joining(found: Option<&ControllerRecord>, wanted: &Wanted) -> Joining {
    let Some(found) = found else { return Joining::Install };
    let others = found.other_installers(&wanted.id);
    if others.is_empty() {
        return if found.users.is_empty() { Joining::Install } else { Joining::Manage };
    }
    let (there, here) = (&found.shape, &wanted.shape);
    let mut differences = Vec::new();
    let mut differ = |what: &str, there: &str, here: &str| {
        if there != here {
            differences.push(format!("{what} is {there}, wanted is {here}"));
        }
    };
    differ("kind", there.kind.name(), here.kind.name());
    differ("class", &there.class, &here.class);
    differ("chart", &there.chart, &here.chart);
    let same_release = differences.is_empty();
    if same_release && wanted.has_settings && there.values != here.values {
        differences.push("its values, replicas or service_type are others".to_owned());
    }
    if differences.is_empty() {
        return Joining::Join;
    }
    let way_out = if same_release {
        "Leave values, replicas and service_type out to use it as it is, or set them alike in every ingress that installs it"
    } else if there.kind == here.kind && there.class == here.class {
        "Set controller.chart as the others do, or set install = false to use it as it is"
    } else {
        "Name a release and a class of your own (controller.release, controller.namespace, controller.class)"
    };
    Joining::Refuse(NoJoin {
        controller: found.described(),
        others: others.into_iter().map(str::to_owned).collect(),
        differences,
        way_out: way_out.to_owned(),
    })
}

impl fmt::Display for Joining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Install => f.write_str("the controller is installed"),
            Self::Manage => f.write_str("the controller is ours alone"),
            Self::Join => f.write_str("the controller is there and is shared"),
            Self::Refuse(why) => write!(f, "{why}"),
        }
    }
}

/// `sha256:<hex>` over values, whatever the order of their keys.
fn digest(values: &Value) -> String {
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

    fn mk_spec(namespace: &str) -> IngressSpec {
        let mut spec = IngressSpec::new(namespace, "shop", "shop.local", ControllerKind::Traefik);
        spec.controller.install = true;
        spec
    }

    fn mk_record(users: &[&str]) -> ControllerRecord {
        let mut record = ControllerRecord::new(&wanted(&mk_spec("one")).expect("installs"));
        for user in users {
            record.add(&SetId::ingress(*user, "shop"), true, Timestamp::UNIX_EPOCH);
        }
        record
    }

    fn refusal(spec: &IngressSpec) -> String {
        match joining(Some(&mk_record(&["one"])), &wanted(spec).expect("installs")) {
            Joining::Refuse(why) => why.to_string(),
            other => panic!("{other:?} is no refusal"),
        }
    }

    #[test]
    fn the_first_installs_the_only_one_manages_and_the_second_joins() {
        let second = wanted(&mk_spec("two")).expect("installs");
        assert_eq!(joining(None, &second), Joining::Install);
        assert_eq!(joining(Some(&mk_record(&[])), &second), Joining::Install);
        assert_eq!(joining(Some(&mk_record(&["two"])), &second), Joining::Manage);
        assert_eq!(joining(Some(&mk_record(&["one"])), &second), Joining::Join);
        let mut spec = mk_spec("two");
        spec.controller.install = false;
        assert_eq!(wanted(&spec), None);
    }

    #[test]
    fn alone_it_may_change_everything() {
        let mut spec = mk_spec("one");
        spec.controller.chart.version = Some("42.0.0".to_owned());
        assert_eq!(joining(Some(&mk_record(&["one"])), &wanted(&spec).expect("installs")), Joining::Manage);
    }

    #[test]
    fn who_only_uses_it_has_no_say_and_keeps_it_all_the_same() {
        let mut record = mk_record(&["one"]);
        record.add(&SetId::ingress("two", "shop"), false, Timestamp::UNIX_EPOCH);
        let mut spec = mk_spec("one");
        spec.controller.replicas = Some(3);
        assert_eq!(joining(Some(&record), &wanted(&spec).expect("installs")), Joining::Manage);
        assert!(record.can_uninstall(&spec.id()).is_err());
    }

    #[test]
    fn another_chart_is_refused_with_both_versions_and_a_way_out() {
        let mut spec = mk_spec("two");
        spec.controller.chart.version = Some("42.0.0".to_owned());
        insta::assert_snapshot!(refusal(&spec), @"the controller traefik (release traefik/traefik) is shared with one/shop and differs from what is wanted here: chart is oci://ghcr.io/traefik/helm/traefik 41.3.0, wanted is oci://ghcr.io/traefik/helm/traefik 42.0.0. Set controller.chart as the others do, or set install = false to use it as it is");
    }

    #[test]
    fn settings_of_ones_own_must_be_those_that_are_there() {
        let mut spec = mk_spec("two");
        spec.controller.replicas = Some(3);
        assert!(refusal(&spec).contains("Leave values, replicas and service_type out"));
        let mut record = mk_record(&["one"]);
        let same = wanted(&spec).expect("installs");
        record.shape = same.shape.clone();
        assert_eq!(joining(Some(&record), &same), Joining::Join);
        // Who says nothing takes what is there.
        assert_eq!(joining(Some(&record), &wanted(&mk_spec("two")).expect("installs")), Joining::Join);
    }

    #[test]
    fn another_class_needs_a_release_of_its_own() {
        let mut spec = mk_spec("two");
        spec.controller.class = Some("edge".to_owned());
        assert!(refusal(&spec).contains("controller.release"), "{}", refusal(&spec));
    }

    #[test]
    fn the_last_one_turns_off_the_light() {
        let mut record = mk_record(&["one", "two", "three"]);
        let (one, two, three) =
            (SetId::ingress("one", "shop"), SetId::ingress("two", "shop"), SetId::ingress("three", "shop"));
        assert_eq!(
            record.can_uninstall(&one).expect_err("is in use").to_string(),
            "the controller traefik (release traefik/traefik) stays: three/shop, two/shop still use it"
        );
        assert!(record.remove(&one) && record.remove(&two) && !record.remove(&two));
        assert_eq!(record.can_uninstall(&three), Ok(()));
        assert!(record.can_uninstall(&one).expect_err("is in use").to_string().ends_with("three/shop still uses it"));
    }

    #[test]
    fn a_record_reads_back_and_a_newer_one_is_refused() {
        let record = mk_record(&["one"]);
        let mut live = record.to_manifest().expect("is JSON").into_value();
        assert_eq!(ControllerRecord::from_config_map(&live).expect("reads back"), record);
        live["metadata"]["labels"][contract::CONTRACT] = json!("2");
        assert!(matches!(ControllerRecord::from_config_map(&live), Err(BadRecord::Newer(_))));
        let damaged = json!({"metadata": {"namespace": "traefik", "name": "boutique-controller-traefik"}, "data": {}});
        let error = ControllerRecord::from_config_map(&damaged).expect_err("is damaged").to_string();
        assert!(error.contains("traefik/boutique-controller-traefik"), "{error}");
    }

    #[test]
    fn the_order_of_keys_does_not_change_values() {
        assert_eq!(
            digest(&json!({"a": 1, "b": {"c": [1], "d": 2}})),
            digest(&json!({"b": {"d": 2, "c": [1]}, "a": 1}))
        );
        assert_ne!(digest(&json!({"a": 1})), digest(&json!({"a": "1"})));
    }
}
