//! The shop's objects before and after, compared one by one.

use boutique_cluster::connect::Cluster;
use boutique_core::contract::{RECORD, Record};
use boutique_core::fault::proof::{Snapshot, differences, snapshot};
use boutique_core::object::Kind;
use serde_json::Value;

use super::order::Proof;

/// Kinds of which a fault may leave a trace. Pods are not among them: they are replaced, which is what Kubernetes is for.
const KINDS: [Kind; 11] = [
    Kind::DEPLOYMENT,
    Kind::SERVICE,
    Kind::SERVICE_ACCOUNT,
    Kind::CONFIG_MAP,
    Kind::NETWORK_POLICY,
    Kind::JOB,
    Kind::HORIZONTAL_POD_AUTOSCALER,
    Kind::POD_DISRUPTION_BUDGET,
    Kind::INGRESS,
    Kind::RESOURCE_QUOTA,
    Kind::PERSISTENT_VOLUME_CLAIM,
];

/// What was seen at one time.
pub(super) struct Seen {
    objects: usize,
    snapshot: Snapshot,
}

/// Looks at everything that this user may see. Kinds that are out of sight are left out both times.
pub(super) async fn look(cluster: &Cluster, namespace: &str) -> Seen {
    let kinds = KINDS.into_iter().map(|kind| (kind, Some(namespace))).chain([(Kind::NODE, None)]);
    let mut objects = Vec::new();
    for (kind, namespace) in kinds {
        objects.extend(cluster.list(kind, namespace, "").await.map(|list| list.items).unwrap_or_default());
    }
    objects.retain(|object| !is_record(object));
    Seen { objects: objects.len(), snapshot: snapshot(&objects) }
}

/// Records of faults are what is meant to be left of them.
fn is_record(object: &Value) -> bool {
    let label = object.pointer("/metadata/labels").and_then(|labels| labels.get(RECORD)).and_then(Value::as_str);
    label == Some(Record::Fault.label())
}

/// What became of what was seen.
pub(super) fn compare(before: &Seen, after: &Seen) -> Proof {
    let differences = differences(&before.snapshot, &after.snapshot);
    let unknown = (before.objects == 0).then(|| "none of the shop's objects could be seen".to_owned());
    Proof { equal: before.objects.saturating_sub(differences.len()), differences, unknown }
}
