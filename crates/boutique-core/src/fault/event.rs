//! Kubernetes Events of faults, so that `kubectl describe` and `kubectl events` show who shook the shop.

use jiff::Timestamp;
use serde_json::json;

use super::Fault;
use crate::contract::{FAULT, PLUGIN_MANAGER};
use crate::object::{Kind, Manifest};

/// An Event on the target's Deployment. `uid` is the Deployment's; `reason` is a CamelCase word such as `FaultInjected`.
pub fn event(fault: &Fault, uid: &str, reason: &str, message: &str, at: Timestamp) -> Manifest {
    let Fault { id, service, namespace, .. } = fault;
    let time = format!("{at:.0}");
    let name = format!("{service}.fault-{id}.{}", reason.to_ascii_lowercase());
    let body = json!({
        "metadata": {"labels": {FAULT: id}},
        "involvedObject": {
            "apiVersion": "apps/v1", "kind": "Deployment", "name": service, "namespace": namespace, "uid": uid,
        },
        "type": if reason == "FaultInjected" { "Warning" } else { "Normal" },
        "reason": reason,
        "message": message,
        "source": {"component": PLUGIN_MANAGER},
        "reportingComponent": PLUGIN_MANAGER,
        "reportingInstance": id,
        "action": fault.kind.to_string(),
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    });
    Manifest::new(Kind::EVENT, namespace, &name, body)
}
