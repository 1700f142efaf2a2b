//! A user who may do exactly what a kind of fault says that it takes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use boutique_core::fault::{kind, needs, role};
use boutique_lab::{Identity, Running, Validity};
use serde_json::{Value, json};

use crate::kubectl::Namespace;

/// The user.
pub struct Worker {
    /// Whose name it is.
    pub name: String,
    /// How they reach the cluster.
    pub kubeconfig: PathBuf,
    /// How many rights they have.
    pub rights: usize,
}

/// Makes a user with the role of a kind of fault in a namespace, and waits until the API server knows of it.
pub fn worker(lab: &Running, namespace: &Namespace, fault: &str) -> Worker {
    let kind = kind::by_name(fault).unwrap_or_else(|| panic!("there is no fault {fault}"));
    let name = format!("{fault}-{}", namespace.name);
    let identity = Identity { user: name.clone(), group: None, validity: Validity::Long };
    let kubeconfig = lab.mint(&name, &identity).expect("a kubeconfig can be made");
    let mut items = Vec::new();
    for manifest in role(kind, &namespace.name) {
        let role = manifest.value().clone();
        items.push(binding(&role, &name));
        items.push(role);
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    namespace.apply(&list.to_string(), &[]).expect_success("kubectl apply");

    let needed = needs(kind);
    let user = format!("--as={name}");
    // The authorizer reads new roles a moment after they are written, each of them as a whole.
    for need in needed.iter().take(1).chain(needed.iter().find(|need| need.resource == "nodes")) {
        let resource =
            if need.group.is_empty() { need.resource.to_owned() } else { format!("{}.{}", need.resource, need.group) };
        let deadline = Instant::now() + Duration::from_secs(30);
        while namespace.kubectl(&["auth", "can-i", need.verb, &resource, &user]).code != 0 {
            assert!(Instant::now() < deadline, "{name} may not {need}, which the role grants");
        }
    }
    Worker { name, kubeconfig, rights: needed.len() }
}

fn binding(role: &Value, user: &str) -> Value {
    let kind = role["kind"].as_str().expect("a kind");
    let mut metadata = json!({"name": user});
    if let Some(namespace) = role["metadata"]["namespace"].as_str() {
        metadata["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": format!("{kind}Binding"),
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role["metadata"]["name"]},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    })
}
