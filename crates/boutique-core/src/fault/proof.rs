//! Whether everything is as before: object by object, but for what Kubernetes itself moves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::contract::{RECORD, Record};
use crate::object::ObjectRef;

/// Objects as they were at a moment, without what Kubernetes itself moves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    objects: BTreeMap<String, Value>,
}

impl Snapshot {
    /// How many objects are compared; pods of one service that are alike count as one.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether nothing is compared.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// What is compared of these objects, given as the API server shows them.
///
/// Not compared: status, and what counts or dates writes (`resourceVersion`, `generation`, `managedFields`); the revision
/// that a Deployment counts; ReplicaSets without pods, which are a Deployment's history; endpoints, events and leases,
/// which follow pods and clocks; records of faults, which are meant to stay. Pods are compared by what they run, not by
/// name, UID or node, since replacing them is how most faults end. Everything else keeps its UID: an object that was
/// deleted and made again is not the same.
pub fn snapshot(objects: &[Value]) -> Snapshot {
    let mut compared: BTreeMap<String, Value> = BTreeMap::new();
    let mut pods: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in objects {
        let Some(reference) = ObjectRef::of(object) else { continue };
        if moves_by_itself(&reference, object) {
            continue;
        }
        if reference.kind == "Pod" && reference.group.is_empty() {
            if is_living(object) {
                pods.entry(pod_group(&reference, object)).or_default().push(pod(object));
            }
            continue;
        }
        compared.insert(reference.to_string(), still(&reference, object));
    }
    for (name, mut alike) in pods {
        alike.sort_by_key(Value::to_string);
        compared.insert(name, Value::Array(alike));
    }
    Snapshot { objects: compared }
}

/// What is different, a line each, which begins with the object; nothing where all is as before.
pub fn differences(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let names: BTreeSet<&String> = before.objects.keys().chain(after.objects.keys()).collect();
    let mut lines = Vec::new();
    for name in names {
        match (before.objects.get(name), after.objects.get(name)) {
            (Some(_), None) => lines.push(format!("{name}: is gone")),
            (None, Some(_)) => lines.push(format!("{name}: was not there before")),
            (Some(then), Some(now)) => compare(name, "", then, now, &mut lines),
            (None, None) => {}
        }
    }
    lines
}

fn moves_by_itself(reference: &ObjectRef, object: &Value) -> bool {
    let record = object.pointer("/metadata/labels").and_then(|labels| labels.get(RECORD)).and_then(Value::as_str);
    match reference.kind.as_str() {
        "Endpoints" | "EndpointSlice" | "Event" | "Lease" => true,
        "ConfigMap" => record == Some(Record::Fault.label()),
        "ReplicaSet" => object.pointer("/spec/replicas").and_then(Value::as_u64) == Some(0),
        _ => false,
    }
}

/// An object without what moves by itself.
fn still(reference: &ObjectRef, object: &Value) -> Value {
    let mut object = object.clone();
    let Some(fields) = object.as_object_mut() else { return object };
    fields.remove("status");
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        for moved in ["resourceVersion", "generation", "managedFields", "creationTimestamp", "selfLink"] {
            metadata.remove(moved);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|key, _| !key.starts_with("deployment.kubernetes.io/"));
        }
        if reference.kind == "Node" {
            // The kubelet and controllers write there whenever they like.
            metadata.remove("annotations");
        }
    }
    if reference.kind == "Node"
        && let Some(taints) = object.pointer_mut("/spec/taints").and_then(Value::as_array_mut)
    {
        // Follows `unschedulable`, a moment later.
        taints.retain(|taint| taint["key"] != "node.kubernetes.io/unschedulable");
    }
    without_nothing(object)
}

/// Absent, null and empty are the same to the API.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept: Map<String, Value> = fields
                .into_iter()
                .map(|(key, value)| (key, without_nothing(value)))
                .filter(|(_, value)| !is_nothing(value))
                .collect();
            Value::Object(kept)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nothing).collect()),
        other => other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn is_living(pod: &Value) -> bool {
    pod.pointer("/metadata/deletionTimestamp").is_none()
        && !matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Failed" | "Succeeded"))
}

/// Pods of one service; a pod without the label of one stands for itself.
fn pod_group(reference: &ObjectRef, pod: &Value) -> String {
    let app = pod.pointer("/metadata/labels/app").and_then(Value::as_str);
    let namespace = reference.namespace.as_deref().unwrap_or_default();
    match app {
        Some(app) => format!("Pod {namespace}/{app}-*"),
        None => reference.to_string(),
    }
}

/// What a pod runs: its labels and its specification, without what is made up for each pod.
fn pod(object: &Value) -> Value {
    let mut spec = object.get("spec").cloned().unwrap_or_default();
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("nodeName");
        fields.remove("hostname");
    }
    let token = |entry: &Value| entry["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"));
    if let Some(volumes) = spec.pointer_mut("/volumes").and_then(Value::as_array_mut) {
        volumes.retain(|volume| !token(volume));
    }
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(mounts) = container.get_mut("volumeMounts").and_then(Value::as_array_mut) {
                mounts.retain(|mount| !token(mount));
            }
        }
    }
    let labels = object.pointer("/metadata/labels").cloned().unwrap_or_default();
    without_nothing(serde_json::json!({"labels": labels, "spec": spec}))
}

fn compare(name: &str, path: &str, then: &Value, now: &Value, lines: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                compare(name, &path, a, b, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(name, &format!("{path}[{at}]"), a, b, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let path = if path.is_empty() { "number" } else { path };
            lines.push(format!("{name}: {path}: {} → {} entries", a.len(), b.len()));
        }
        (a, b) if a == b => {}
        (a, b) => lines.push(format!("{name}: {path} {} → {}", word(a), word(b))),
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "unset".to_owned(),
        Value::String(text) => text.clone(),
        other => {
            let text = other.to_string();
            // A whole template on one line helps nobody.
            if text.chars().count() > 80 { text.chars().take(80).chain(['…']).collect() } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn mk_deployment(replicas: u64) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "frontend", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 3,
                "annotations": {"deployment.kubernetes.io/revision": "4"}},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "server", "env": []}]}}},
            "status": {"readyReplicas": replicas},
        })
    }

    fn mk_pod(name: &str, labels: &Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": labels},
            "spec": {"nodeName": "n1", "containers": [{"name": "server",
                "volumeMounts": [{"name": format!("kube-api-access-{name}")}]}],
                "volumes": [{"name": format!("kube-api-access-{name}")}]},
            "status": {"phase": "Running"},
        })
    }

    fn said(before: &[Value], after: &[Value]) -> Vec<String> {
        differences(&snapshot(before), &snapshot(after))
    }

    #[test]
    fn a_field_that_did_not_come_back_is_named_with_its_object() {
        let lines = said(&[mk_deployment(2)], &[mk_deployment(0)]);
        assert_eq!(lines, ["Deployment shop/frontend: spec.replicas 2 → 0"]);
    }

    #[test]
    fn what_kubernetes_moves_is_no_difference() {
        let mut later = mk_deployment(2);
        later["metadata"]["resourceVersion"] = json!("99");
        later["metadata"]["generation"] = json!(5);
        later["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("6");
        later["status"] = json!({"readyReplicas": 1});
        // An empty list and none are the same.
        later["spec"]["template"]["spec"]["containers"][0] = json!({"name": "server"});
        assert_eq!(said(&[mk_deployment(2)], &[later]), [""; 0]);
    }

    #[test]
    fn an_object_that_was_made_again_is_another_one() {
        let mut again = mk_deployment(2);
        again["metadata"]["uid"] = json!("u2");
        assert_eq!(said(&[mk_deployment(2)], &[again]), ["Deployment shop/frontend: metadata.uid u1 → u2"]);
        assert_eq!(said(&[mk_deployment(2)], &[]), ["Deployment shop/frontend: is gone"]);
    }

    #[test]
    fn a_replaced_pod_is_as_good_as_the_old_one_and_a_marked_one_is_not() {
        let labels = json!({"app": "frontend"});
        let (old, new) = (mk_pod("a", &labels), mk_pod("b", &labels));
        assert_eq!(said(std::slice::from_ref(&old), std::slice::from_ref(&new)), [""; 0]);
        let mut marked = mk_pod("c", &json!({"app": "frontend", "boutique.dev/fault": "a1"}));
        marked["spec"]["activeDeadlineSeconds"] = json!(90);
        assert_eq!(
            said(std::slice::from_ref(&old), &[marked]),
            [
                "Pod shop/frontend-*: [0].labels.boutique.dev/fault unset → a1",
                "Pod shop/frontend-*: [0].spec.activeDeadlineSeconds unset → 90"
            ]
        );
        assert_eq!(said(&[old.clone(), new], &[old]), ["Pod shop/frontend-*: number: 2 → 1 entries"]);
    }

    #[test]
    fn history_stays_without_being_a_difference() {
        let record = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "boutique-fault-a1",
            "namespace": "shop", "labels": {RECORD: "fault"}}});
        let old_set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "frontend-7",
            "namespace": "shop"}, "spec": {"replicas": 0}});
        let dead = {
            let mut pod = mk_pod("a", &json!({"app": "frontend"}));
            pod["status"]["phase"] = json!("Failed");
            pod
        };
        assert_eq!(said(&[], &[record, old_set, dead]), [""; 0]);
    }

    #[test]
    fn an_opened_node_is_as_before_though_its_taint_goes_later() {
        let node = |spec: Value| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "n"}, "spec": spec});
        let tainted = node(json!({"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]}));
        assert_eq!(said(&[node(json!({}))], &[tainted]), [""; 0]);
        let closed = node(json!({"unschedulable": true}));
        assert_eq!(said(&[node(json!({}))], &[closed]), ["Node n1: spec unset → {\"unschedulable\":true}"]);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0_u32..9).prop_map(Value::from),
            "[a-c]{1,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 1..4).prop_map(|map| json!(map)),
            ]
        })
    }

    fn mk_object(n: usize, spec: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{n}"), "namespace": "shop", "uid": "u"}, "spec": spec})
    }

    proptest! {
        #[test]
        fn equal_objects_have_no_differences_in_any_order(specs in prop::collection::vec(values(), 0..6)) {
            let mut objects: Vec<Value> = specs.iter().enumerate().map(|(n, spec)| mk_object(n, spec)).collect();
            let before = snapshot(&objects);
            objects.reverse();
            prop_assert_eq!(differences(&before, &snapshot(&objects)), Vec::<String>::new());
            prop_assert_eq!(before, snapshot(&objects));
        }

        #[test]
        fn unequal_specifications_always_show(then in values(), now in values()) {
            let (before, after) = (snapshot(&[mk_object(0, &then)]), snapshot(&[mk_object(0, &now)]));
            let lines = differences(&before, &after);
            prop_assert_eq!(lines.is_empty(), then == now, "{:?}", lines);
            prop_assert!(lines.iter().all(|line| line.starts_with("Service shop/s0: ")));
        }
    }
}
