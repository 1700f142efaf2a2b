//! Taking down leaves nothing of ours, and all of others'.

use boutique_core::object::{Kind, Manifest, ObjectRef};
use serde_json::json;

use crate::harness::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_ours_is_left_and_the_namespace_we_made_is_gone() {
    let shop = Shop::without_namespace("gone").await;
    shop.apply().await;
    let destroyed = shop.destroy().await;
    assert_eq!(destroyed.deleted.len(), 6, "{:?}", destroyed.deleted);
    assert!(destroyed.namespace_deleted, "{:?}", destroyed.kept);
    assert_eq!(shop.cluster.get(Kind::NAMESPACE, None, shop.namespace()).await.unwrap(), None);
    assert!(!shop.read().await.exists);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_of_others_stays_without_a_trace_of_us() {
    let shop = Shop::new("theirs").await;
    shop.apply().await;
    let fault = json!({"metadata": {"labels": {"boutique.dev/contract": "1", "boutique.dev/record": "fault"}}});
    shop.cluster
        .create(&Manifest::new(Kind::CONFIG_MAP, shop.namespace(), "boutique-fault-x", fault), "x")
        .await
        .unwrap();
    let destroyed = shop.destroy().await;
    assert!(!destroyed.namespace_deleted);
    assert!(shop.cluster.get(Kind::NAMESPACE, None, shop.namespace()).await.unwrap().is_some());
    for kind in [Kind::CONFIG_MAP, Kind::LEASE, Kind::DEPLOYMENT, Kind::REPLICA_SET, Kind::POD, Kind::SERVICE] {
        let left = shop.cluster.list(kind, Some(shop.namespace()), "").await.unwrap().items;
        let left: Vec<String> = left
            .iter()
            .filter_map(ObjectRef::of)
            .filter(|object| object.name != "kube-root-ca.crt")
            .map(|object| object.to_string())
            .collect();
        assert_eq!(left, Vec::<String>::new());
    }
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_not_there_is_destroyed_already() {
    let shop = Shop::without_namespace("never").await;
    assert!(shop.destroy().await.deleted.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_we_made_stays_when_others_have_moved_in() {
    let shop = Shop::without_namespace("shared").await;
    shop.apply().await;
    let theirs = Manifest::new(Kind::CONFIG_MAP, shop.namespace(), "theirs", json!({"data": {"a": "b"}}));
    shop.cluster.create(&theirs, "someone").await.unwrap();
    let destroyed = shop.destroy().await;
    assert!(!destroyed.namespace_deleted);
    assert!(destroyed.kept[0].contains(r#"still holds configmaps "theirs""#), "{:?}", destroyed.kept);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_lost_its_labels_goes_too() {
    let shop = Shop::new("unlabelled").await;
    shop.apply().await;
    let ops = json!([{"op": "remove", "path": "/metadata/labels"}]);
    shop.meddle(Kind::SERVICE, "frontend", "kubectl-label", ops).await;
    let destroyed = shop.destroy().await;
    assert_eq!(destroyed.deleted.len(), 6, "{:?}", destroyed.deleted);
    assert_eq!(shop.live(Kind::SERVICE, "frontend").await, None);
    shop.finish().await;
}
