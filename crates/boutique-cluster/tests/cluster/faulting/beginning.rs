//! The guard and the record, and beginnings that are refused half-way.

use boutique_cluster::fault::{self, BeginError, Found};
use boutique_core::fault::{GUARD, HISTORY};
use jiff::Span;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn ended(fault: &Fault) -> Fault {
    Fault { stage: Stage::Finished, ..fault.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_begin_at_the_same_moment_one_is_told_who_the_other_is() {
    let shop = running("two-faults").await;
    let now = Timestamp::now();
    let wanted = adds(&scene(&shop).await);
    let mut ann = mk_fault(shop.namespace(), "ann", now, MINUTE);
    let mut bob = mk_fault(shop.namespace(), "bob", now, MINUTE);
    let (first, second) = tokio::join!(
        fault::begin(&shop.cluster, &mut ann, &wanted, now),
        fault::begin(&shop.cluster, &mut bob, &wanted, now)
    );
    let (won, refused) = if first.is_ok() { (&ann, second) } else { (&bob, first) };
    match refused.unwrap_err() {
        BeginError::Busy(other) => assert_eq!(other.who, won.who),
        error => panic!("{error}"),
    }
    assert_eq!(names(&shop).await.len(), 2, "the guard and one record");
    fault::undo(&shop.cluster, won, now).await.unwrap();
    fault::finish(&shop.cluster, &ended(won)).await.unwrap();
    assert_eq!(names(&shop).await, [won.record_name()]);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_fault_is_healed_before_the_next_begins() {
    let shop = running("stale-fault").await;
    let (before, nothing) = (specs(&shop).await, injection(&scene(&shop).await, Vec::new()));
    let long_ago = Timestamp::now() - Span::new().hours(1);
    let mut left = mk_fault(shop.namespace(), "ann", long_ago, MINUTE);
    begin(&shop.cluster, &mut left, &changes(&scene(&shop).await)).await;
    assert_ne!(specs(&shop).await, before);

    let now = Timestamp::now();
    let mut next = mk_fault(shop.namespace(), "bob", now, MINUTE);
    let begun = begin(&shop.cluster, &mut next, &nothing).await;
    assert_eq!(begun.healed.len(), 1, "{begun:?}");
    assert_eq!(begun.healed[0].id, left.id);
    assert_eq!(begun.healed[0].done.len(), 2, "{begun:?}");
    assert_eq!(specs(&shop).await, before);
    // The first one comes back to life: what it finishes is its own record, and not the other's guard.
    fault::finish(&shop.cluster, &ended(&left)).await.unwrap();
    assert!(names(&shop).await.contains(&GUARD.to_owned()));
    fault::finish(&shop.cluster, &ended(&next)).await.unwrap();
    assert!(!names(&shop).await.contains(&GUARD.to_owned()));
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_stays_short() {
    let shop = running("many-faults").await;
    let begin_at = Timestamp::now() - Span::new().hours(2);
    let nothing = injection(&scene(&shop).await, Vec::new());
    for n in 0..HISTORY + 2 {
        let since = begin_at + SignedDuration::from_mins(i64::try_from(n).unwrap());
        let mut one = mk_fault(shop.namespace(), "ann", since, MINUTE);
        begin(&shop.cluster, &mut one, &nothing).await;
        fault::finish(&shop.cluster, &ended(&one)).await.unwrap();
    }
    assert_eq!(names(&shop).await.len(), HISTORY);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_is_refused_half_way_leaves_nothing() {
    let shop = running("half-way").await;
    let before = specs(&shop).await;
    let seen = scene(&shop).await;
    let now = Timestamp::now();
    let mut fault = mk_fault(shop.namespace(), "ann", now, MINUTE);
    // The last change is of a value that is not there.
    let mut wanted = injection(&seen, [adds(&seen).acts, changes(&seen).acts].concat());
    wanted.acts.push(change(&seen, "frontend", Field::Replicas, Some(json!(5)), Some(json!(0))));
    let error = fault::begin(&shop.cluster, &mut fault, &wanted, now).await.unwrap_err();
    assert!(matches!(error, BeginError::Refused(_)), "{error}");
    assert!(error.to_string().contains("is not what it was when the shop was looked at"), "{error}");
    assert_eq!(specs(&shop).await, before);
    assert_eq!(names(&shop).await, Vec::<String>::new());
    until_no_residue(&shop, PATIENCE).await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_came_later_under_the_same_name_is_not_killed() {
    let shop = running("victims").await;
    let seen = scene(&shop).await;
    let kill = |uid: Option<&str>| {
        let mut pod = PodRef::of(seen.living_pods(Service::Cartservice)[0]).unwrap();
        pod.uid = uid.map_or(pod.uid, str::to_owned);
        injection(&seen, vec![Act::Delete { pod, grace: None }])
    };
    let now = Timestamp::now();
    let mut fault = mk_fault(shop.namespace(), "ann", now, MINUTE);
    let other = kill(Some("00000000-0000-0000-0000-000000000000"));
    let error = fault::begin(&shop.cluster, &mut fault, &other, now).await.unwrap_err();
    assert!(error.to_string().contains("gone already"), "{error}");
    assert_eq!(names(&shop).await, Vec::<String>::new());

    let rehearsed = fault::rehearse(&shop.cluster, &fault, &kill(None)).await.unwrap();
    assert!(rehearsed.iter().all(|request| request.refused.is_none()), "{rehearsed:?}");
    assert_eq!(names(&shop).await, Vec::<String>::new(), "a rehearsal writes no record");
    let pods = scene(&shop).await.pods;
    assert!(pods.iter().all(|pod| pod["metadata"]["deletionTimestamp"] == Value::Null), "a rehearsal kills nobody");

    let begun = begin(&shop.cluster, &mut fault, &kill(None)).await;
    assert!(begun.lines[0].starts_with("killed pod cartservice-"), "{begun:?}");
    fault::finish(&shop.cluster, &ended(&fault)).await.unwrap();
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_rehearsed_and_nothing_is_done() {
    let shop = running("rehearsal").await;
    let (seen, before) = (scene(&shop).await, specs(&shop).await);
    let fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), MINUTE);
    let acts = [adds(&seen).acts, changes(&seen).acts, touches(&seen, &fault, MINUTE).acts].concat();
    let wanted = injection(&seen, acts);
    let rehearsed = fault::rehearse(&shop.cluster, &fault, &wanted).await.unwrap();
    let said: Vec<&str> = rehearsed.iter().map(|request| request.what.as_str()).collect();
    assert_eq!(rehearsed.len(), 7, "guard, record, fuse and four acts: {said:?}");
    assert!(rehearsed.iter().all(|request| request.refused.is_none()), "{rehearsed:?}");
    assert_eq!(fault::requests(&fault, &wanted, &seen).len(), 7);
    assert_eq!(specs(&shop).await, before);
    let found = fault::list(&shop.cluster, shop.namespace(), Timestamp::now()).await.unwrap();
    assert_eq!(found, Vec::<Found>::new());
    shop.finish().await;
}
