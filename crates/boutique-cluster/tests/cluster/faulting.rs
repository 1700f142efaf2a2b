//! Fault records: one fault at a time, whoever comes, and nothing left behind.

use std::time::Duration;

use boutique_cluster::{
    faults::{self, AnnounceError},
    inject::{Victim, kill},
};
use boutique_core::{
    fault::{Fault, GUARD, HISTORY, Stage, Undo},
    object::{Kind, Manifest},
    service::Service,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::Shop;

fn fault(shop: &Shop, who: &str, since: Timestamp) -> Fault {
    Fault {
        id: faults::new_id(),
        kind: "kill-pods".to_owned(),
        service: Service::Cartservice,
        peer: None,
        namespace: shop.namespace().to_owned(),
        stack: None,
        who: who.to_owned(),
        since,
        until: since + SignedDuration::from_secs(90),
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

fn finished(fault: &Fault) -> Fault {
    Fault { stage: Stage::Finished, ..fault.clone() }
}

async fn names(shop: &Shop) -> Vec<String> {
    let records = faults::records(&shop.cluster, shop.namespace()).await.expect("records can be listed");
    records.iter().map(|record| record["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_start_at_the_same_moment_one_is_told_who_the_other_is() {
    let shop = Shop::new("two-faults").await;
    let now = Timestamp::now();
    let (ann, bob) = (fault(&shop, "ann", now), fault(&shop, "bob", now));
    let (first, second) =
        tokio::join!(faults::announce(&shop.cluster, &ann, now), faults::announce(&shop.cluster, &bob, now));
    let (won, refused) = if first.is_ok() { (&ann, second) } else { (&bob, first) };
    match refused.unwrap_err() {
        AnnounceError::Busy(other) => assert_eq!(other.who, won.who),
        error => panic!("{error}"),
    }
    assert_eq!(names(&shop).await.len(), 2, "the guard and one record");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_whose_author_went_away_is_taken_over_when_its_time_is_up() {
    let shop = Shop::new("stale-fault").await;
    let long_ago = Timestamp::now() - SignedDuration::from_hours(1);
    let left = fault(&shop, "ann", long_ago);
    faults::announce(&shop.cluster, &left, long_ago).await.unwrap();
    let now = Timestamp::now();
    let next = fault(&shop, "bob", now);
    let taken_over = faults::announce(&shop.cluster, &next, now).await.unwrap();
    assert_eq!(taken_over.map(|fault| fault.who).as_deref(), Some("ann"));
    // The first one comes back to life: what it finishes is its own record, and not the other's guard.
    faults::finish(&shop.cluster, &finished(&left)).await.unwrap();
    assert!(names(&shop).await.contains(&GUARD.to_owned()));
    faults::finish(&shop.cluster, &finished(&next)).await.unwrap();
    assert!(!names(&shop).await.contains(&GUARD.to_owned()));
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_stays_short() {
    let shop = Shop::new("many-faults").await;
    let begin = Timestamp::now() - SignedDuration::from_hours(2);
    for n in 0..HISTORY + 2 {
        let since = begin + SignedDuration::from_mins(i64::try_from(n).unwrap());
        let one = fault(&shop, "ann", since);
        faults::announce(&shop.cluster, &one, since).await.unwrap();
        faults::finish(&shop.cluster, &finished(&one)).await.unwrap();
    }
    assert_eq!(names(&shop).await.len(), HISTORY);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_came_later_under_the_same_name_is_not_killed() {
    let shop = Shop::new("victims").await;
    let container = json!({"name": "server", "image": "registry.invalid/x:v1"});
    let pod = Manifest::new(Kind::POD, shop.namespace(), "cartservice-1", json!({"spec": {"containers": [container]}}));
    let live = shop.cluster.create(&pod, "x").await.unwrap();
    let victim = Victim::of(&live).unwrap();
    let other = Victim { uid: "00000000-0000-0000-0000-000000000000".to_owned(), ..victim.clone() };
    let quick = Some(Duration::from_secs(1));
    let killed = kill(&shop.cluster, shop.namespace(), &[other], quick, false).await.unwrap();
    assert_eq!(killed, Vec::<String>::new());
    let rehearsed = kill(&shop.cluster, shop.namespace(), std::slice::from_ref(&victim), quick, true).await.unwrap();
    assert_eq!(rehearsed, ["cartservice-1"]);
    let standing = shop.cluster.get(Kind::POD, Some(shop.namespace()), "cartservice-1").await.unwrap().unwrap();
    assert_eq!(standing.pointer("/metadata/deletionTimestamp"), None::<&Value>, "a rehearsal kills nobody");
    let killed = kill(&shop.cluster, shop.namespace(), &[victim], quick, false).await.unwrap();
    assert_eq!(killed, ["cartservice-1"]);
    shop.finish().await;
}
