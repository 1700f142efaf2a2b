//! The same again, and a little different.

use boutique_cluster::event::Action;
use boutique_core::object::{Kind, Manifest};
use serde_json::json;

use crate::harness::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_apply_writes_nothing_and_nothing_is_pending() {
    let shop = Shop::without_namespace("again").await;
    let first = shop.apply().await;
    assert_eq!(first.count(Action::Created), 6, "{:?}", first.changes);
    assert!(first.namespace_created);
    assert_eq!(first.revision, Some(1));
    assert_eq!(shop.pending().await, Vec::<String>::new());

    let before = shop.versions().await;
    let second = shop.apply().await;
    assert_eq!(second.count(Action::Unchanged), 6, "{:?}", second.changes);
    assert_eq!(second.revision, Some(1), "the same content is the same revision");
    assert_eq!(shop.versions().await, before);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_setting_is_one_configured_object() {
    let mut shop = Shop::new("change").await;
    shop.apply().await;
    shop.replicas.insert("frontend", 3);
    let applied = shop.apply().await;
    let configured: Vec<String> = applied
        .changes
        .iter()
        .filter(|change| change.action == Action::Configured)
        .map(|change| change.object.to_string())
        .collect();
    assert_eq!(configured, [format!("Deployment {}/frontend", shop.namespace())]);
    assert_eq!(applied.count(Action::Unchanged), 5);
    assert_eq!(applied.revision, Some(2));
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_is_an_applyset_parent_and_members_say_so() {
    let shop = Shop::new("applyset").await;
    shop.apply().await;
    let parent = shop.live(Kind::CONFIG_MAP, "boutique-stack-shop").await.unwrap();
    let id = parent["metadata"]["labels"]["applyset.kubernetes.io/id"].as_str().unwrap();
    assert_eq!(
        parent["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"],
        "ConfigMap,Deployment.apps,Service,ServiceAccount"
    );
    let selector = format!("applyset.kubernetes.io/part-of={id}");
    let members = shop.cluster.list(Kind::DEPLOYMENT, Some(shop.namespace()), &selector).await.unwrap();
    assert_eq!(members.items.len(), 2);
    let deployment = shop.live(Kind::DEPLOYMENT, "frontend").await.unwrap();
    let template = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(*template, serde_json::json!({"app": "frontend"}), "pod labels stay upstream's");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_stack_takes_few_requests() {
    let shop = Shop::new("requests").await;
    shop.apply().await;
    let before = shop.cluster.requests();
    shop.read().await;
    // One for the records and one for each of the four kinds.
    assert_eq!(shop.cluster.requests() - before, 5);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_bounded() {
    let mut shop = Shop::new("history").await;
    for replicas in 1..=12 {
        shop.replicas.insert("frontend", replicas);
        shop.apply().await;
    }
    let records = boutique_cluster::revisions::Records::read(&shop.cluster, &shop.id).await.unwrap();
    let numbers: Vec<u64> = records.history().iter().map(|revision| revision.number).collect();
    assert_eq!(numbers, (3..=12).rev().collect::<Vec<u64>>());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_member_is_applied_read_and_taken_down() {
    let shop = Shop::new("kinds").await;
    let namespace = shop.namespace();
    let selector = json!({"matchLabels": {"app": "frontend"}});
    let scaled = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "cartservice"});
    let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}});
    let bodies = [
        (
            Kind::PERSISTENT_VOLUME_CLAIM,
            json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}),
        ),
        (Kind::POD_DISRUPTION_BUDGET, json!({"maxUnavailable": 1, "selector": selector})),
        (
            Kind::HORIZONTAL_POD_AUTOSCALER,
            json!({"scaleTargetRef": scaled, "minReplicas": 1, "maxReplicas": 2, "metrics": [cpu]}),
        ),
        (Kind::NETWORK_POLICY, json!({"podSelector": selector, "ingress": [{"ports": [{"port": 8080}]}]})),
    ];
    let mut request = shop.request();
    request
        .manifests
        .extend(bodies.map(|(kind, spec)| Manifest::new(kind, namespace, "frontend", json!({"spec": spec}))));
    shop.try_apply(request.clone()).await.unwrap_or_else(|error| panic!("{error}"));
    let before = shop.cluster.requests();
    let reading = shop.read().await;
    assert_eq!(shop.cluster.requests() - before, 9, "one for the records and one for each of eight kinds");
    assert_eq!((reading.live.len(), reading.pending), (10, Vec::new()));
    let again = shop.try_apply(request).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.count(Action::Unchanged), 10, "{:?}", again.changes);
    let destroyed = shop.destroy().await;
    assert_eq!((destroyed.deleted.len(), destroyed.kept.len()), (9, 1), "the claim is kept: {:?}", destroyed.kept);
    shop.finish().await;
}
