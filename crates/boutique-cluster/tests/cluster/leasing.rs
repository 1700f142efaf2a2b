//! Two writers.

use std::sync::{Arc, Mutex};

use boutique_cluster::{
    applyset::{self, ApplyRequest, Cause, Expected},
    event::{Event, Events},
};
use boutique_core::object::{Kind, Manifest};
use serde_json::{Value, json};

use crate::harness::{QUICK, Shop, bounds};

/// A lease held by someone on another machine.
fn lease(shop: &Shop, renewed: &str) -> Manifest {
    let lease = json!({"spec": {
        "holderIdentity": "ann@elsewhere", "leaseDurationSeconds": 5, "leaseTransitions": 0,
        "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": renewed,
    }});
    Manifest::new(Kind::LEASE, shop.namespace(), "boutique-stack-shop", lease)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lease_of_a_silent_holder_is_taken_over_with_evidence() {
    let shop = Shop::new("silent").await;
    shop.cluster.create(&lease(&shop, "2026-01-01T00:00:00.000000Z"), "x").await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = Events::new({
        let told = Arc::clone(&told);
        move |event| told.lock().unwrap().push(event)
    });
    applyset::apply(&shop.cluster, shop.request(), &bounds(), &events).await.unwrap();
    let told = told.lock().unwrap().clone();
    let evidence = told.iter().find_map(|event| match event {
        Event::LeaseTaken { evidence } => Some(evidence.clone()),
        _ => None,
    });
    assert!(evidence.is_some_and(|evidence| evidence.contains("ann@elsewhere")), "{told:?}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_renews_is_named_after_a_patient_wait() {
    let shop = Shop::new("busy").await;
    shop.cluster.create(&lease(&shop, "2026-01-01T00:00:00.000000Z"), "x").await.unwrap();
    let renewing = tokio::spawn({
        let (cluster, object) = (shop.cluster.clone(), shop.object(Kind::LEASE, "boutique-stack-shop"));
        async move {
            for second in 0_u32.. {
                let time = format!("2026-01-01T00:00:{:02}.000000Z", second % 60);
                let ops = [json!({"op": "replace", "path": "/spec/renewTime", "value": time})];
                cluster.json_patch(&object, Kind::LEASE, None, &ops, "x").await.unwrap();
                tokio::time::sleep(QUICK.duration / 4).await;
            }
        }
    });
    let mut request = shop.request();
    request.lease.patience = QUICK.duration * 2;
    let error = shop.try_apply(request).await.unwrap_err();
    renewing.abort();
    assert!(matches!(error.cause, Cause::Lease(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("ann@elsewhere is writing to stack") && text.contains("kubectl delete lease"), "{text}");
    assert!(shop.versions().await.is_empty());
    shop.remove(Kind::LEASE, "boutique-stack-shop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_applies_at_once_come_one_after_the_other() {
    let shop = Shop::new("both").await;
    let (one, two) = tokio::join!(shop.try_apply(shop.request()), shop.try_apply(shop.request()));
    one.unwrap();
    two.unwrap();
    let lease = shop.live(Kind::LEASE, "boutique-stack-shop").await.unwrap();
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
    assert_eq!(lease.pointer("/spec/holderIdentity").and_then(Value::as_str).unwrap_or_default(), "");
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_expect_nothing_the_second_sees_what_the_first_has_done() {
    let shop = Shop::new("hasty").await;
    let hasty = || ApplyRequest { expected: Expected::Namespace, ..shop.request() };
    let (one, two) = tokio::join!(shop.try_apply(hasty()), shop.try_apply(hasty()));
    let revisions = [one.unwrap().revision, two.unwrap().revision];
    assert_eq!(revisions, [Some(1), Some(1)], "the second wrote the same");
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_goes_back_afterwards_is_back_when_the_cluster_is_settled() {
    let shop = Shop::new("later").await;
    let request = ApplyRequest { release_afterwards: true, expected: Expected::Namespace, ..shop.request() };
    shop.try_apply(request).await.unwrap();
    shop.cluster.settled().await;
    let lease = shop.live(Kind::LEASE, "boutique-stack-shop").await.unwrap();
    assert_eq!(lease.pointer("/spec/holderIdentity").and_then(Value::as_str).unwrap_or_default(), "");
    shop.finish().await;
}
