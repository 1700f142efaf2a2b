//! Faults: one at a time, undone whoever is left, and nothing left behind.

mod beginning;
mod killed;
mod restarting;
mod rights;
mod undoing;

use std::time::Duration;

use boutique_cluster::{
    connect::Cluster,
    fault::{self, Begun},
    observe::ShopWatch,
    watch::{Follow, Followed},
};
use boutique_core::{
    contract::FAULT,
    fault::{Act, Change, Fault, Field, Injection, PodRef, Scene, Stage, Undo, Wish, kind},
    object::{Kind, Manifest, ObjectRef},
    service::Service,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::Shop;

/// How long Kubernetes may take for what it does by itself.
const PATIENCE: Duration = Duration::from_secs(90);

/// A shop whose pods run.
async fn running(name: &str) -> Shop {
    let shop = Shop::new(name).await;
    shop.apply().await;
    until_running(&shop).await;
    shop
}

async fn until_running(shop: &Shop) {
    let mut watch = ShopWatch::start(&shop.cluster, shop.namespace());
    let all = async {
        loop {
            watch.changed().await.expect("the shop can be watched");
            let ready = |live: &Value| live["status"]["readyReplicas"] == live["spec"]["replicas"];
            let deployments = &watch.objects().deployments;
            if deployments.len() == shop.replicas.len() && deployments.iter().all(ready) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the pods come up");
}

async fn scene(shop: &Shop) -> Scene {
    fault::scene(&shop.cluster, shop.namespace()).await.expect("the shop can be looked at")
}

fn mk_fault(namespace: &str, who: &str, since: Timestamp, bound: Duration) -> Fault {
    Fault {
        id: fault::new_id(),
        kind: "a-test".to_owned(),
        service: Service::Cartservice,
        peer: None,
        namespace: namespace.to_owned(),
        stack: None,
        who: who.to_owned(),
        since,
        until: since + SignedDuration::try_from(bound).expect("a bound is short"),
        stage: Stage::Active,
        undo: Undo::Live,
        changes: Vec::new(),
        pods: Vec::new(),
        added: Vec::new(),
        fuse: None,
        prediction: json!({}),
        result: None,
    }
}

/// An injection of these acts; what else there is to one is that of a kill.
fn injection(scene: &Scene, acts: Vec<Act>) -> Injection {
    let wish = Wish {
        id: "x".to_owned(),
        service: Service::Cartservice,
        peer: None,
        count: None,
        grace: None,
        bound: Duration::from_secs(60),
        delay: Duration::ZERO,
        image: None,
    };
    let kill = kind::by_name("kill-pods").expect("is a kind").inject(scene, &wish).expect("there are pods");
    Injection { acts, comes_back: Duration::ZERO, canary: false, activity: None, ..kill }
}

/// A policy that keeps everybody from a service.
fn adds(scene: &Scene) -> Injection {
    let spec = json!({"spec": {"podSelector": {"matchLabels": {"app": "cartservice"}}, "policyTypes": ["Ingress"]}});
    let policy = Manifest::new(Kind::NETWORK_POLICY, &scene.namespace, "boutique-test", spec);
    injection(scene, vec![Act::Add(policy)])
}

fn change(scene: &Scene, service: &str, field: Field, before: Option<Value>, after: Option<Value>) -> Act {
    let named = |live: &&Value| live["metadata"]["name"] == service;
    let live = scene.deployments.iter().find(named).expect("the service is there");
    Act::Change(Change {
        object: ObjectRef::of(live).expect("is an object"),
        uid: live["metadata"]["uid"].as_str().expect("is alive").to_owned(),
        field,
        before,
        after,
    })
}

fn port() -> Field {
    Field::Env { container: "server".to_owned(), name: "PORT".to_owned() }
}

/// No pods of one service, and a wrong variable in another.
fn changes(scene: &Scene) -> Injection {
    let scaled = change(scene, "cartservice", Field::Replicas, Some(json!(1)), Some(json!(0)));
    let mistaken = change(scene, "frontend", port(), Some(json!("8080")), Some(json!("1")));
    injection(scene, vec![scaled, mistaken])
}

/// Another image in a running pod.
fn touches(scene: &Scene, fault: &Fault, bound: Duration) -> Injection {
    let pod = scene.living_pods(Service::Cartservice)[0].clone();
    let mut patch = Act::live_patch(&pod, &fault.id, scene.now, bound).expect("the pod has started");
    patch.push(json!({"op": "replace", "path": "/spec/containers/0/image", "value": "registry.invalid/broken:v1"}));
    injection(scene, vec![Act::PatchPod { pod: PodRef::of(&pod).expect("is a pod"), patch }])
}

async fn begin(cluster: &Cluster, fault: &mut Fault, injection: &Injection) -> Begun {
    fault::begin(cluster, fault, injection, fault.since).await.unwrap_or_else(|error| panic!("begin: {error}"))
}

/// Names of the records and the guard.
async fn names(shop: &Shop) -> Vec<String> {
    let records = fault::records(&shop.cluster, shop.namespace()).await.expect("records can be listed");
    records.iter().map(|record| record["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until nothing but records carries the label of a fault.
async fn until_no_residue(shop: &Shop, within: Duration) {
    let follows = [Kind::JOB, Kind::NETWORK_POLICY, Kind::POD].map(|kind| Follow::labelled(kind, FAULT));
    let mut followed = Followed::start(&shop.cluster, shop.namespace(), follows.into());
    let gone = async {
        loop {
            followed.changed().await.expect("what is left can be watched");
            if followed.objects().next().is_none() {
                return;
            }
        }
    };
    if tokio::time::timeout(within, gone).await.is_err() {
        panic!("left: {:?}", followed.objects().map(|(object, _)| object.to_string()).collect::<Vec<_>>());
    }
}

/// What a shop's Deployments say of themselves.
async fn specs(shop: &Shop) -> Vec<Value> {
    scene(shop).await.deployments.iter().map(|live| live["spec"].clone()).collect()
}
