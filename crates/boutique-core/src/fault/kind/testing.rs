//! A shop to break in tests, made of what the renderer makes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::scene::{Scene, Wish};
use crate::object::{Kind, Manifest};
use crate::render::stack;
use crate::service::Service;

/// A shop on two nodes: as upstream's, or with two pods of each server.
pub(super) fn mk_scene(replicas: u64) -> Scene {
    let profile = if replicas == 1 { "standard" } else { "ha" };
    let spec = json!({"name": "shop", "namespace": "shop", "profile": profile});
    let manifests = stack(&serde_json::from_value(spec).unwrap()).unwrap();
    let all = |kind: Kind| manifests.iter().filter(move |manifest| manifest.kind() == kind).map(live);
    let deployments: Vec<Value> = all(Kind::DEPLOYMENT).collect();
    Scene {
        namespace: "shop".into(),
        minor: 36,
        now: "2027-01-15T08:00:00Z".parse().unwrap(),
        pods: deployments.iter().flat_map(pods).collect(),
        deployments,
        services: all(Kind::SERVICE).collect(),
        autoscalers: Vec::new(),
        budgets: all(Kind::POD_DISRUPTION_BUDGET).collect(),
        policies: Vec::new(),
        nodes: vec![mk_node("node-a"), mk_node("node-b")],
    }
}

/// What somebody wants who only names a service.
pub(super) fn mk_wish(service: Service) -> Wish {
    Wish {
        id: "a1b2".into(),
        service,
        peer: None,
        count: None,
        grace: None,
        bound: Duration::from_secs(60),
        delay: Duration::from_millis(200),
        image: None,
    }
}

pub(super) fn mk_node(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": format!("uid-{name}")}, "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
}

fn live(manifest: &Manifest) -> Value {
    let mut value = manifest.value().clone();
    value["metadata"]["uid"] = json!(format!("uid-{}", manifest.name()));
    match manifest.kind() {
        Kind::DEPLOYMENT if value["spec"]["replicas"].is_null() => value["spec"]["replicas"] = json!(1),
        Kind::POD_DISRUPTION_BUDGET => value["status"] = json!({"disruptionsAllowed": 1}),
        _ => {}
    }
    value
}

/// The pods of a Deployment, an hour old, spread over both nodes.
fn pods(deployment: &Value) -> Vec<Value> {
    let replicas = deployment["spec"]["replicas"].as_u64().unwrap();
    let name = deployment["metadata"]["name"].as_str().unwrap();
    (0..replicas)
        .map(|n| {
            let mut pod = deployment["spec"]["template"].clone();
            pod["metadata"]["name"] = json!(format!("{name}-{n}"));
            pod["metadata"]["uid"] = json!(format!("uid-{name}-{n}"));
            pod["spec"]["nodeName"] = json!(if n == 0 { "node-a" } else { "node-b" });
            pod["status"] = json!({
                "phase": "Running", "startTime": "2027-01-15T07:00:00Z", "qosClass": "Burstable",
                "conditions": [{"type": "Ready", "status": "True"}],
            });
            pod
        })
        .collect()
}
