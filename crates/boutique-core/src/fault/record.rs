//! A fault as the cluster remembers it. The record alone is enough to undo the fault: whoever reads it needs to know
//! nothing of the kind of fault.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::act::PodRef;
use super::change::Change;
use super::kind::Undo;
use crate::contract::{CONTRACT, CONTRACT_VERSION, FAULT, RECORD, Record, STACK, STACK_NAMESPACE};
use crate::object::{Kind, Manifest, ObjectRef};
use crate::service::Service;

/// Name of the one object whose existence says that a fault runs in a namespace. Made by POST, so that of two people who
/// start at the same moment one is refused.
pub const GUARD: &str = "boutique-fault-active";

/// Finished records that are kept in a namespace.
pub const HISTORY: usize = 10;

/// Where a fault stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Injected or about to be, and watched by its author.
    Active,
    /// Undone, and measured to its end.
    Finished,
    /// Its author stopped early, and it was undone.
    Interrupted,
    /// Its author went away, and somebody else undid it.
    Healed,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Short and unique in the namespace; part of the record's name.
    pub id: String,
    /// Name of its kind, such as `kill-pods`. A reader need not know it.
    pub kind: String,
    /// To whom.
    pub service: Service,
    /// The other end, for faults between two services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Service>,
    /// Where.
    pub namespace: String,
    /// Stack of ours that the shop belongs to, if it does; labels the record, so that destroy finds it.
    pub stack: Option<String>,
    /// The user who asked for it, as the API server names them.
    pub who: String,
    /// When it was announced.
    pub since: Timestamp,
    /// When it is over at the latest; later than that the guard may be taken over.
    pub until: Timestamp,
    /// Where it stands.
    pub stage: Stage,
    /// How it is undone.
    #[serde(default)]
    pub undo: Undo,
    /// Fields of objects that stay, with what to put back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Running pods that were touched and have to be replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<PodRef>,
    /// Objects that were added, without the fuse that owns them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<ObjectRef>,
    /// Name of the Job that Kubernetes deletes at the end together with what it owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuse: Option<String>,
    /// What was predicted, as JSON.
    pub prediction: Value,
    /// What was measured and how it was graded, as JSON, once it is over.
    pub result: Option<Value>,
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "ConfigMap {name} is no fault record of contract {CONTRACT_VERSION}: {reason}; if nobody needs it: kubectl delete configmap {name}"
)]
pub struct UnreadableFault {
    /// Name of the ConfigMap.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Fault {
    /// Name of the record.
    pub fn record_name(&self) -> String {
        format!("boutique-fault-{}", self.id)
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.until
    }

    /// The record as a ConfigMap.
    pub fn to_record(&self) -> Manifest {
        self.config_map(&self.record_name())
    }

    /// The guard as a ConfigMap: the same content under the one fixed name.
    pub fn to_guard(&self) -> Manifest {
        self.config_map(GUARD)
    }

    fn config_map(&self, name: &str) -> Manifest {
        let mut labels = json!({
            CONTRACT: CONTRACT_VERSION.to_string(),
            RECORD: Record::Fault.label(),
            FAULT: self.id,
            "app.kubernetes.io/managed-by": "kubectl-boutique",
        });
        if let Some(stack) = &self.stack {
            labels[STACK] = json!(stack);
            labels[STACK_NAMESPACE] = json!(self.namespace);
        }
        // The single fields are for people who look with kubectl; `fault.json` is what is read back.
        let mut data = json!({
            "kind": self.kind,
            "target": format!("Deployment/{}", self.service),
            "who": self.who,
            "since": self.since.to_string(),
            "until": self.until.to_string(),
            "undo": self.undo.to_string(),
        });
        data["fault.json"] = json!(json!(self).to_string());
        let body = json!({"metadata": {"labels": labels}, "data": data});
        Manifest::new(Kind::CONFIG_MAP, &self.namespace, name, body)
    }

    /// Reads a record or a guard.
    ///
    /// # Errors
    ///
    /// When the object holds no fault that this build understands.
    pub fn from_config_map(object: &Value) -> Result<Self, UnreadableFault> {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("(without a name)");
        let unreadable = |reason: String| UnreadableFault { name: name.to_owned(), reason };
        let text = object
            .pointer("/data/fault.json")
            .and_then(Value::as_str)
            .ok_or_else(|| unreadable("it has no fault.json".into()))?;
        serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))
    }
}

/// One line for people who want to break something themselves, or wonder who did.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, service, who, since, until, .. } = self;
        write!(f, "fault {id}: {kind} of {service} by {who}, since {since:.0}, until {until:.0} at the latest")
    }
}

/// Names of the finished records that are too many, oldest first; active ones and the guard are never among them.
pub fn surplus(records: &[Value]) -> Vec<String> {
    let mut over: Vec<(Timestamp, String)> = records
        .iter()
        .filter(|record| record.pointer("/metadata/name").and_then(Value::as_str) != Some(GUARD))
        .filter_map(|record| Fault::from_config_map(record).ok())
        .filter(|fault| fault.stage != Stage::Active)
        .map(|fault| (fault.since, fault.record_name()))
        .collect();
    over.sort();
    let keep_from = over.len().saturating_sub(HISTORY);
    over.into_iter().take(keep_from).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_fault(id: &str, since: i64) -> Fault {
        Fault {
            id: id.into(),
            kind: "kill-pods".into(),
            service: Service::Cartservice,
            peer: None,
            namespace: "shop".into(),
            stack: Some("main".into()),
            who: "alice".into(),
            since: Timestamp::from_second(since).unwrap(),
            until: Timestamp::from_second(since + 90).unwrap(),
            stage: Stage::Finished,
            undo: Undo::Live,
            changes: Vec::new(),
            pods: Vec::new(),
            added: Vec::new(),
            fuse: None,
            prediction: json!({"pages": []}),
            result: None,
        }
    }

    #[test]
    fn a_fault_is_read_as_it_is_recorded() {
        let fault = mk_fault("a1b2", 1_800_000_000);
        assert_eq!(Fault::from_config_map(fault.to_record().value()), Ok(fault.clone()));
        assert_eq!(Fault::from_config_map(fault.to_guard().value()), Ok(fault));
    }

    #[test]
    fn a_record_of_an_earlier_build_is_read() {
        let text = r#"{"id":"a1b2","kind":"kill-pods","service":"cartservice","namespace":"shop","stack":"main","who":"alice",
            "since":"2027-01-15T08:00:00Z","until":"2027-01-15T08:01:30Z","stage":"finished","prediction":{"pages":[]},"result":null}"#;
        let record = json!({"metadata": {"name": "boutique-fault-a1b2"}, "data": {"fault.json": text}});
        assert_eq!(Fault::from_config_map(&record), Ok(mk_fault("a1b2", 1_800_000_000)));
    }

    #[test]
    fn the_record_carries_the_contract_and_its_stack() {
        insta::assert_json_snapshot!(mk_fault("a1b2", 1_800_000_000).to_record().value());
    }

    #[test]
    fn a_foreign_config_map_is_refused_with_a_way_out() {
        let error = Fault::from_config_map(&json!({"metadata": {"name": GUARD}, "data": {}})).unwrap_err();
        assert!(error.to_string().ends_with("kubectl delete configmap boutique-fault-active"), "{error}");
    }

    #[test]
    fn a_fault_expires_at_its_end() {
        let fault = mk_fault("a", 100);
        assert!(!fault.is_expired(Timestamp::from_second(189).unwrap()));
        assert!(fault.is_expired(Timestamp::from_second(190).unwrap()));
    }

    #[test]
    fn the_oldest_finished_records_beyond_ten_are_surplus() {
        let mut records: Vec<Value> =
            (0..13).map(|n| mk_fault(&format!("f{n}"), 1000 - n).to_record().into_value()).collect();
        records.push(Fault { stage: Stage::Active, ..mk_fault("running", 1) }.to_record().into_value());
        records.push(mk_fault("f5", 1).to_guard().into_value());
        assert_eq!(surplus(&records), ["boutique-fault-f12", "boutique-fault-f11", "boutique-fault-f10"]);
    }

    #[test]
    fn a_line_says_what_by_whom_and_until_when() {
        let line = mk_fault("a1b2", 1_800_000_000).to_string();
        assert_eq!(
            line,
            "fault a1b2: kill-pods of cartservice by alice, since 2027-01-15T08:00:00Z, until 2027-01-15T08:01:30Z at the latest"
        );
    }
}
