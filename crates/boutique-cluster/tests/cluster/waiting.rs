//! Waiting by watch.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use boutique_cluster::{
    applyset::{self, WaitError, WaitRequest},
    bounds::{Bounds, Interrupted},
    event::{Event, Events},
};
use boutique_core::object::{Kind, Manifest};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::{Shop, VERSION, bounds};

async fn mk_wait(shop: &Shop) -> WaitRequest {
    let mut request = shop.request();
    request.wait_follows = true;
    let targets = shop.try_apply(request).await.unwrap_or_else(|error| panic!("{error}")).targets();
    WaitRequest { id: shop.id.clone(), targets, tool_version: VERSION.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_when_all_deployments_are_available_and_clears_what_was_pending() {
    let shop = Shop::new("wait").await;
    let request = mk_wait(&shop).await;
    assert!(shop.pending().await[0].contains("wait"), "a wait that is to follow is pending");
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = Events::new({
        let told = Arc::clone(&told);
        move |event| told.lock().unwrap().push(event)
    });
    applyset::wait(&shop.cluster, &request, &bounds(), &events).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(shop.pending().await, Vec::<String>::new());
    let last = told.lock().unwrap().last().cloned();
    assert!(matches!(last, Some(Event::Waiting { ready: 2, total: 2, .. })), "{last:?}");
    for name in ["frontend", "cartservice"] {
        let live = shop.live(Kind::DEPLOYMENT, name).await.unwrap();
        assert_eq!(live["status"]["availableReplicas"], 1);
    }
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_on_pods_ends_the_wait_early_with_its_reason() {
    let shop = Shop::new("wait-quota").await;
    let quota = json!({"spec": {"hard": {"pods": "1"}}});
    shop.cluster.create(&Manifest::new(Kind::RESOURCE_QUOTA, shop.namespace(), "pods", quota), "x").await.unwrap();
    let request = mk_wait(&shop).await;
    let error = applyset::wait(&shop.cluster, &request, &bounds(), &Events::none()).await.unwrap_err();
    let WaitError::Failed { findings, .. } = &*error else { panic!("{error}") };
    assert!(!findings.is_empty());
    assert!(error.to_string().contains("quota"), "{error}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_called_off_returns_at_once_and_stays_pending() {
    let shop = Shop::new("wait-off").await;
    let mut request = mk_wait(&shop).await;
    // A generation that nobody will ever write.
    request.targets[0].generation = 99;
    let cancel = CancellationToken::new();
    let off = Bounds { cancel: cancel.clone(), ..bounds() };
    let events = Events::none();
    let waiting = applyset::wait(&shop.cluster, &request, &off, &events);
    let calling_off = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
        Instant::now()
    };
    let (error, called_off) = tokio::join!(waiting, calling_off);
    assert!(called_off.elapsed() < Duration::from_secs(1));
    let error = error.unwrap_err();
    assert!(matches!(&*error, WaitError::Ended { by: Interrupted::Cancelled, .. }), "{error}");
    assert!(shop.pending().await[0].contains("wait"));
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_whose_time_is_over_says_what_is_missing() {
    let shop = Shop::new("wait-late").await;
    let mut request = mk_wait(&shop).await;
    request.targets[0].generation = 99;
    let short = Bounds::within(Duration::from_secs(3));
    let error = applyset::wait(&shop.cluster, &request, &short, &Events::none()).await.unwrap_err();
    assert!(
        matches!(&*error, WaitError::Ended { by: Interrupted::Deadline, missing, .. } if missing.len() == 1),
        "{error}"
    );
    assert!(error.to_string().contains("raise the timeout"), "{error}");
    shop.finish().await;
}
