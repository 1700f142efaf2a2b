//! Applies that end in the middle. Dropping the future at any request is what `kill -9` does to the cluster: nothing is
//! tidied up, the lease is not given back.

use boutique_cluster::{
    applyset::{self, ApplyRequest, Cause, DestroyRequest, Safeguards},
    bounds::Bounds,
    event::{Event, Events},
};
use boutique_core::object::{Kind, Manifest};
use futures::future::join_all;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::{QUICK, Shop, VERSION, bounds};

/// Drops the work as soon as that many requests more were sent.
async fn killed_after<T>(shop: &Shop, requests: u64, work: impl Future<Output = T>) -> Option<T> {
    let stop = shop.cluster.requests() + requests;
    let reached = async {
        while shop.cluster.requests() < stop {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = reached => None,
        done = work => Some(done),
    }
}

async fn killed_apply(shop: &Shop, requests: u64) {
    let (bounds, events) = (bounds(), Events::none());
    killed_after(shop, requests, applyset::apply(&shop.cluster, shop.request(), &bounds, &events)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_killed_anywhere_is_completed_by_the_next() {
    join_all([2, 5, 7, 10, 13, 15, 18, 21].map(|requests| async move {
        let mut shop = Shop::new("killed").await;
        // What stood before the killed apply must survive it, or be pruned by the next.
        shop.apply().await;
        let before = shop.versions().await;
        shop.replicas.insert("adservice", 1);
        shop.replicas.remove("cartservice");
        shop.replicas.insert("frontend", 2);
        killed_apply(&shop, requests).await;

        shop.apply().await;
        let reading = shop.read().await;
        assert_eq!(reading.pending, Vec::<String>::new(), "killed after {requests} requests");
        let after = shop.versions().await;
        let names: Vec<&str> = after.keys().map(String::as_str).collect();
        let expected = [
            "ConfigMap/settings",
            "Deployment/adservice",
            "Deployment/frontend",
            "Service/adservice",
            "Service/frontend",
            "ServiceAccount/shop",
        ];
        assert_eq!(names, expected, "killed after {requests} requests");
        for name in ["Deployment/frontend", "Service/frontend"] {
            assert_eq!(after[name].1, before[name].1, "{name} was made anew after {requests} requests");
        }
        shop.finish().await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_apply_killed_anywhere_leaves_nothing_behind_a_destroy() {
    join_all([1, 2, 3, 6, 9, 12, 15].map(|requests| async move {
        let shop = Shop::without_namespace("stillborn").await;
        killed_apply(&shop, requests).await;
        let namespace = || shop.cluster.get(Kind::NAMESPACE, None, shop.namespace());
        let mut destroyed = shop.destroy().await;
        if destroyed.deleted.is_empty() && namespace().await.unwrap().is_some() {
            // The request that was under way at the kill landed after the destroy had looked.
            destroyed = shop.destroy().await;
        }
        let gone = namespace().await.unwrap().is_none();
        assert!(gone && destroyed.kept.is_empty(), "killed after {requests} requests: {destroyed:?}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_killed_anywhere_is_completed_by_the_next() {
    join_all([3, 6, 9, 14, 20, 60].map(|requests| async move {
        let shop = Shop::without_namespace("halfgone").await;
        shop.apply().await;
        let mut request = DestroyRequest::new(shop.id.clone(), VERSION);
        request.lease = QUICK;
        let (bounds, events) = (bounds(), Events::none());
        killed_after(&shop, requests, applyset::destroy(&shop.cluster, request, &bounds, &events)).await;
        shop.destroy().await;
        let gone = shop.cluster.get(Kind::NAMESPACE, None, shop.namespace()).await.unwrap();
        assert!(gone.is_none(), "killed after {requests} requests");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_apply_is_pending() {
    let shop = Shop::new("unfinished").await;
    // The inventory says "applying" before the first object is written.
    let (bounds, seen) = (bounds(), CancellationToken::new());
    let events = Events::new({
        let seen = seen.clone();
        move |event| {
            if matches!(event, Event::Applied(_)) {
                seen.cancel();
            }
        }
    });
    let apply = applyset::apply(&shop.cluster, shop.request(), &bounds, &events);
    tokio::select! {
        biased;
        () = seen.cancelled() => {}
        done = apply => panic!("it was to be killed at its first object, and ended with {done:?}"),
    }
    let reading = shop.read().await;
    assert!(reading.exists);
    assert!(reading.pending[0].contains("has not come to its end"), "{:?}", reading.pending);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_is_called_off_says_so_at_once_and_gives_the_lease_back() {
    let shop = Shop::new("cancelled").await;
    let cancel = CancellationToken::new();
    let off = Bounds { cancel: cancel.clone(), ..bounds() };
    let events = Events::new(move |event| {
        if matches!(event, Event::Applied(_)) {
            cancel.cancel();
        }
    });
    let error = applyset::apply(&shop.cluster, shop.request(), &off, &events).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Interrupted(_)), "{error}");
    assert!(!error.partial.changes.is_empty(), "what was done is told");
    let lease = shop.live(Kind::LEASE, "boutique-stack-shop").await.unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], "");
    shop.apply().await;
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

/// An apply that also makes a disruption budget is killed before its revision is stored; the next one wants none.
/// Returns whether the budget was left behind.
async fn leaves_an_orphan(safeguards: Safeguards) -> bool {
    let shop = Shop::new("orphan").await;
    let budget = json!({"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "frontend"}}}});
    let mut killed = ApplyRequest { safeguards, ..shop.request() };
    killed.manifests.push(Manifest::new(Kind::POD_DISRUPTION_BUDGET, shop.namespace(), "frontend", budget));
    let (bounds, written) = (bounds(), CancellationToken::new());
    let events = Events::new({
        let written = written.clone();
        move |event| {
            if matches!(event, Event::Applied(change) if change.object.kind == "PodDisruptionBudget") {
                written.cancel();
            }
        }
    });
    tokio::select! {
        biased;
        () = written.cancelled() => {}
        done = applyset::apply(&shop.cluster, killed, &bounds, &events) => panic!("it was to be killed, and ended: {done:?}"),
    }
    let next = shop.try_apply(ApplyRequest { safeguards, ..shop.request() }).await;
    next.unwrap_or_else(|error| panic!("{error}"));
    let left = shop.live(Kind::POD_DISRUPTION_BUDGET, "frontend").await.is_some();
    shop.finish().await;
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kind_is_orphaned_and_without_inventory_it_would_be() {
    assert!(!leaves_an_orphan(Safeguards::On).await);
    assert!(leaves_an_orphan(Safeguards::Off).await, "the control run finds nothing: this test is blind");
}
