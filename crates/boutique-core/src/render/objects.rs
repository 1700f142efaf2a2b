//! The objects beside the Deployments, and the labels of all.

use serde_json::{Value, json};

use crate::catalogue::Workload;
use crate::spec::StackSpec;

/// Upstream's name of the Service that opens the shop to the outside.
pub(super) const FRONTEND_EXTERNAL: &str = "frontend-external";

/// What the label `app.kubernetes.io/part-of` says on every object.
pub(crate) const PART_OF: &str = "online-boutique";
/// What the label `app.kubernetes.io/managed-by` says on every object.
pub(crate) const MANAGED_BY: &str = "boutique";

/// The labels of a shop's objects; only ever on the objects' own metadata.
pub(super) struct Labels {
    stack: [(&'static str, String); 2],
    instance: String,
    version: String,
}

impl Labels {
    pub(super) fn of(spec: &StackSpec) -> Self {
        Self { stack: spec.id().labels(), instance: spec.name.clone(), version: spec.version.clone() }
    }

    pub(super) fn for_app(&self, app: &str) -> Vec<(&'static str, String)> {
        let mut labels = vec![
            ("app", app.to_owned()),
            ("app.kubernetes.io/name", app.to_owned()),
            ("app.kubernetes.io/instance", self.instance.clone()),
            ("app.kubernetes.io/version", self.version.clone()),
            ("app.kubernetes.io/part-of", PART_OF.to_owned()),
            ("app.kubernetes.io/managed-by", MANAGED_BY.to_owned()),
        ];
        labels.extend(self.stack.iter().cloned());
        labels
    }
}

pub(super) fn service_account() -> Value {
    // No service talks to the Kubernetes API.
    json!({"automountServiceAccountToken": false})
}

/// The cluster-internal Service; none for the load generator.
pub(super) fn service(workload: &Workload) -> Option<Value> {
    service_of_type(workload, "ClusterIP")
}

/// The same ports under another type.
pub(super) fn external_service(workload: &Workload, service_type: &str) -> Option<Value> {
    service_of_type(workload, service_type)
}

fn service_of_type(workload: &Workload, service_type: &str) -> Option<Value> {
    let target = workload.listen?;
    let ports: Vec<Value> = workload
        .service_ports
        .iter()
        .map(|port| json!({"name": port.name, "port": port.port, "targetPort": target}))
        .collect();
    if ports.is_empty() {
        return None;
    }
    Some(json!({"spec": {"type": service_type, "selector": {"app": workload.service.name()}, "ports": ports}}))
}

pub(super) fn disruption_budget(app: &str) -> Value {
    json!({"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": app}}}})
}
