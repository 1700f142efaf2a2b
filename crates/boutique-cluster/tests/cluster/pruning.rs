//! What is desired no more goes, and nothing else.

use boutique_cluster::event::Action;
use boutique_core::{
    contract,
    object::{Kind, Manifest},
};
use serde_json::json;

use crate::harness::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_switched_off_is_pruned_with_all_its_objects() {
    let mut shop = Shop::new("prune").await;
    shop.apply().await;
    shop.replicas.remove("cartservice");
    let applied = shop.apply().await;
    let mut deleted: Vec<String> = applied
        .changes
        .iter()
        .filter(|change| change.action == Action::Deleted)
        .map(|change| change.object.to_string())
        .collect();
    deleted.sort();
    let namespace = shop.namespace();
    assert_eq!(deleted, [format!("Deployment {namespace}/cartservice"), format!("Service {namespace}/cartservice")]);
    assert_eq!(shop.live(Kind::DEPLOYMENT, "cartservice").await, None);
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_desired_no_more_is_still_found() {
    let shop = Shop::new("prune-kind").await;
    shop.apply().await;
    let mut request = shop.request();
    request.manifests.retain(|manifest| manifest.kind() != Kind::SERVICE);
    let applied = shop.try_apply(request).await.unwrap();
    assert_eq!(applied.count(Action::Deleted), 2);
    assert_eq!(shop.live(Kind::SERVICE, "frontend").await, None);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_others_and_claims_are_never_pruned() {
    let shop = Shop::new("prune-not").await;
    let mut request = shop.request();
    let size = json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    request.manifests.push(Manifest::new(Kind::PERSISTENT_VOLUME_CLAIM, shop.namespace(), "redis-cart", size));
    shop.try_apply(request).await.unwrap();
    let claim = shop.live(Kind::PERSISTENT_VOLUME_CLAIM, "redis-cart").await.unwrap();
    assert_eq!(claim["metadata"]["labels"].get(contract::APPLYSET_PART_OF), None);
    let theirs = Manifest::new(Kind::CONFIG_MAP, shop.namespace(), "theirs", json!({"data": {"a": "b"}}));
    shop.cluster.create(&theirs, "someone").await.unwrap();

    let applied = shop.apply().await;
    assert_eq!(applied.count(Action::Deleted), 0);
    assert!(shop.live(Kind::CONFIG_MAP, "theirs").await.is_some());
    let destroyed = shop.destroy().await;
    assert_eq!(destroyed.kept.len(), 1, "{:?}", destroyed.kept);
    assert!(destroyed.kept[0].contains("PersistentVolumeClaim"), "{:?}", destroyed.kept);
    assert!(shop.live(Kind::PERSISTENT_VOLUME_CLAIM, "redis-cart").await.is_some());
    shop.finish().await;
}
