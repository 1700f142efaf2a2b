//! What stands in a shop's namespace, seen with kubectl.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kubectl::Namespace;

/// Kinds of which a fault may leave a trace.
const KINDS: &str = "deployments,services,serviceaccounts,configmaps,secrets,networkpolicies,jobs,\
horizontalpodautoscalers,poddisruptionbudgets,ingresses,resourcequotas,persistentvolumeclaims,roles,rolebindings";
/// Label of everything that belongs to a fault.
const FAULT: &str = "boutique.dev/fault";

/// Every object of a namespace without what Kubernetes itself moves, by `Kind/name`.
pub struct Look(BTreeMap<String, Value>);

impl Look {
    /// Looks now. Records of faults are what is meant to be left of them, and are left out.
    pub fn at(namespace: &Namespace) -> Self {
        let objects = namespace.list(KINDS).into_iter().filter(|object| !is_record(object));
        Self(objects.map(|object| (name(&object), still(object))).collect())
    }

    /// The same, and the nodes. Only for a test that has the nodes for itself.
    pub fn with_nodes(namespace: &Namespace) -> Self {
        let mut look = Self::at(namespace);
        let nodes = namespace.list("nodes").into_iter();
        look.0.extend(nodes.map(|node| (name(&node), node["spec"].clone())));
        look
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is not as it was, one sentence for each object.
    pub fn differences(&self, later: &Self) -> Vec<String> {
        let gone = self.0.keys().filter(|name| !later.0.contains_key(*name)).map(|name| format!("{name} is gone"));
        let new = later.0.keys().filter(|name| !self.0.contains_key(*name)).map(|name| format!("{name} is new"));
        let other = self.0.iter().filter_map(|(name, was)| {
            let is = later.0.get(name)?;
            (is != was).then(|| format!("{name} was {was} and is {is}"))
        });
        gone.chain(new).chain(other).collect()
    }
}

fn is_record(object: &Value) -> bool {
    object["metadata"]["labels"]["boutique.dev/record"] == "fault"
}

fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// The object without its status and without what counts or times its changes.
fn still(mut object: Value) -> Value {
    object["status"].take();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for moving in ["resourceVersion", "generation", "managedFields"] {
            metadata.remove(moving);
        }
    }
    if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
        annotations.remove("deployment.kubernetes.io/revision");
    }
    object
}

/// What faults have left in a namespace beside their records: everything that carries their label, or one of their names.
/// Failed pods are not among it ([`failed_pods`]).
pub fn residue(namespace: &Namespace) -> Vec<String> {
    let objects = namespace.list("pods,jobs,networkpolicies,configmaps,deployments,services,endpointslices");
    let is_left = |object: &Value| {
        let named = object["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("boutique-fuse-"));
        named || object["metadata"]["labels"][FAULT].is_string()
    };
    let left = objects.iter().filter(|object| is_left(object) && !is_record(object) && !is_failed(object));
    left.map(name).collect()
}

/// Names of pods whose deadline has passed, which stay until somebody removes them.
pub fn failed_pods(namespace: &Namespace) -> Vec<String> {
    namespace.list("pods").iter().filter(|pod| is_failed(pod)).map(name).collect()
}

fn is_failed(object: &Value) -> bool {
    object["kind"] == "Pod" && object["status"]["phase"] == "Failed"
}

/// Deployments whose pods are not all there, up to date and ready.
pub fn unhealthy(namespace: &Namespace) -> Vec<String> {
    let deployments = namespace.list("deployments");
    let sick = deployments.iter().filter(|deployment| {
        let (wanted, status) = (&deployment["spec"]["replicas"], &deployment["status"]);
        let all = |field: &str| status[field] == *wanted;
        let seen = status["observedGeneration"] == deployment["metadata"]["generation"];
        !(seen && all("replicas") && all("updatedReplicas") && all("readyReplicas") && all("availableReplicas"))
            || *wanted == 0
    });
    sick.map(name).collect()
}
