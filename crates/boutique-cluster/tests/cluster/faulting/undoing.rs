//! Undoing: by nobody, by somebody else, and beside people who went on working.

use boutique_cluster::fault::{self, Found};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_goes_though_nobody_is_left_to_remove_it() {
    let shop = running("fuse").await;
    let bound = Duration::from_secs(3);
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), bound);
    begin(&shop.cluster, &mut fault, &adds(&scene(&shop).await)).await;
    assert!(shop.live(Kind::NETWORK_POLICY, "boutique-test").await.is_some());
    // Bound + 15 s, and what a loaded machine's garbage collector needs.
    until_no_residue(&shop, bound + PATIENCE).await;
    assert!(shop.live(Kind::NETWORK_POLICY, "boutique-test").await.is_none());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_is_gone_when_the_undo_says_so() {
    let shop = running("put-out").await;
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), MINUTE);
    begin(&shop.cluster, &mut fault, &adds(&scene(&shop).await)).await;
    let undone = fault::undo(&shop.cluster, &fault, Timestamp::now()).await.unwrap();
    assert!(shop.live(Kind::NETWORK_POLICY, "boutique-test").await.is_none(), "{undone:?}");
    assert_eq!((undone.done.len(), undone.kept.len()), (2, 0), "{undone:?}");
    let again = fault::undo(&shop.cluster, &fault, Timestamp::now()).await.unwrap();
    assert_eq!(again.kept, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_is_removed_by_us_where_its_fuse_was_taken_away_alone() {
    let shop = running("orphaned").await;
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), MINUTE);
    begin(&shop.cluster, &mut fault, &adds(&scene(&shop).await)).await;
    let fuse = shop.object(Kind::JOB, fault.fuse.as_deref().unwrap());
    let orphan = boutique_cluster::request::Propagation::Orphan;
    shop.cluster.delete(&fuse, Kind::JOB, orphan, None).await.unwrap();
    fault::undo(&shop.cluster, &fault, Timestamp::now()).await.unwrap();
    assert!(shop.live(Kind::NETWORK_POLICY, "boutique-test").await.is_none());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_put_back_by_the_next_who_writes() {
    let shop = running("put-back").await;
    let before = specs(&shop).await;
    let now = Timestamp::now();
    let mut fault = mk_fault(shop.namespace(), "ann", now, MINUTE);
    begin(&shop.cluster, &mut fault, &changes(&scene(&shop).await)).await;
    let later = fault.until;
    assert_eq!(fault::heal_expired(&shop.cluster, shop.namespace(), now).await.unwrap(), Vec::new(), "it still runs");
    let found = fault::list(&shop.cluster, shop.namespace(), later).await.unwrap();
    assert!(matches!(found.as_slice(), [Found::Expired(one)] if one.id == fault.id), "{found:?}");
    let healed = fault::heal_expired(&shop.cluster, shop.namespace(), later).await.unwrap();
    assert_eq!(healed.len(), 1);
    assert_eq!((healed[0].done.len(), healed[0].kept.len()), (2, 0), "{healed:?}");
    assert_eq!(specs(&shop).await, before);
    let found = fault::list(&shop.cluster, shop.namespace(), later).await.unwrap();
    assert!(matches!(found.as_slice(), [Found::Ended(one)] if one.stage == Stage::Healed), "{found:?}");
    assert_eq!(fault::heal_expired(&shop.cluster, shop.namespace(), later).await.unwrap(), Vec::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_put_there_meanwhile_stays_and_ours_goes() {
    let shop = running("edited").await;
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), MINUTE);
    begin(&shop.cluster, &mut fault, &changes(&scene(&shop).await)).await;
    shop.scale("cartservice", 3).await;
    let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.invalid/new:v2"}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl", image).await;
    let undone = fault::undo(&shop.cluster, &fault, Timestamp::now()).await.unwrap();
    assert_eq!(undone.kept.len(), 1, "{undone:?}");
    assert!(undone.kept[0].contains("cartservice: 3 stays, which somebody has put there since"), "{undone:?}");
    let cart = shop.live(Kind::DEPLOYMENT, "cartservice").await.unwrap();
    assert_eq!(cart["spec"]["replicas"], 3);
    let front = shop.live(Kind::DEPLOYMENT, "frontend").await.unwrap();
    let container = &front["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.invalid/new:v2", "theirs is kept");
    assert_eq!(container["env"][0], json!({"name": "PORT", "value": "8080"}), "ours is gone");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_was_made_anew_is_left_alone() {
    let shop = running("made-anew").await;
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), MINUTE);
    begin(&shop.cluster, &mut fault, &changes(&scene(&shop).await)).await;
    shop.remove(Kind::DEPLOYMENT, "cartservice").await;
    let undone = fault::undo(&shop.cluster, &fault, Timestamp::now()).await.unwrap();
    assert!(undone.kept[0].contains("is gone"), "{undone:?}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_was_touched_has_a_deadline_and_is_replaced() {
    let shop = running("touched").await;
    let seen = scene(&shop).await;
    // Two minutes pass between the look and the act.
    let now = Timestamp::now() + SignedDuration::from_mins(2);
    let mut fault = mk_fault(shop.namespace(), "ann", now, MINUTE);
    let wanted = Injection { comes_back: Duration::from_secs(20), ..touches(&seen, &fault, MINUTE) };
    begin(&shop.cluster, &mut fault, &wanted).await;
    let touched = &fault.pods[0];
    let pod = shop.live(Kind::POD, &touched.name).await.unwrap();
    let started: Timestamp = pod["status"]["startTime"].as_str().unwrap().parse().unwrap();
    let deadline = started + SignedDuration::from_secs(pod["spec"]["activeDeadlineSeconds"].as_i64().unwrap());
    let early = fault.until.duration_since(deadline);
    assert!((19..=23).contains(&early.as_secs()), "ends {early} before the fault");
    let undone = fault::undo(&shop.cluster, &fault, now).await.unwrap();
    assert_eq!(undone.done.len(), 1, "{undone:?}");
    until_no_residue(&shop, PATIENCE).await;
    until_running(&shop).await;
    let image = &scene(&shop).await.living_pods(Service::Cartservice)[0]["spec"]["containers"][0]["image"].clone();
    assert_eq!(image, "registry.invalid/cartservice:v1");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_record_knows_is_found_by_its_label_and_removed() {
    let shop = running("residue").await;
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), MINUTE);
    begin(&shop.cluster, &mut fault, &adds(&scene(&shop).await)).await;
    let now = Timestamp::now();
    assert_eq!(fault::heal_expired(&shop.cluster, shop.namespace(), now).await.unwrap(), Vec::new(), "it runs");
    for name in names(&shop).await {
        shop.remove(Kind::CONFIG_MAP, &name).await;
    }
    let found = fault::list(&shop.cluster, shop.namespace(), now).await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|found| matches!(found, Found::Residue { .. })), "{found:?}");
    let healed = fault::heal_expired(&shop.cluster, shop.namespace(), now).await.unwrap();
    assert_eq!(healed.len(), 1, "{healed:?}");
    until_no_residue(&shop, PATIENCE).await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_its_deadline_has_ended_is_listed_and_removed() {
    let shop = running("failed-pod").await;
    let now = Timestamp::now();
    let mut fault = mk_fault(shop.namespace(), "ann", now, MINUTE);
    let wanted = touches(&scene(&shop).await, &fault, MINUTE);
    begin(&shop.cluster, &mut fault, &wanted).await;
    // What a kubelet does at the deadline.
    let ops = [
        json!({"op": "replace", "path": "/status/phase", "value": "Failed"}),
        json!({"op": "add", "path": "/status/reason", "value": "DeadlineExceeded"}),
    ];
    let pod = shop.object(Kind::POD, &fault.pods[0].name);
    shop.cluster.json_patch(&pod, Kind::POD, Some("status"), &ops, "kubelet").await.unwrap();
    fault::finish(&shop.cluster, &Fault { stage: Stage::Finished, ..fault.clone() }).await.unwrap();
    let found = fault::list(&shop.cluster, shop.namespace(), now).await.unwrap();
    assert!(matches!(&found[0], Found::FailedPod { fault: of, .. } if *of == fault.id), "{found:?}");
    let healed = fault::heal_expired(&shop.cluster, shop.namespace(), now).await.unwrap();
    assert!(healed[0].done[0].ends_with("which its deadline had ended"), "{healed:?}");
    until_no_residue(&shop, PATIENCE).await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_ends_a_fault_under_its_lease_and_says_so() {
    let shop = running("applied").await;
    let before = specs(&shop).await;
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), MINUTE);
    begin(&shop.cluster, &mut fault, &changes(&scene(&shop).await)).await;
    let pending = shop.pending().await;
    assert!(
        pending.iter().any(|line| line.contains(&fault.id) && line.ends_with("the next apply ends it")),
        "{pending:?}"
    );
    let applied = shop.plan_and_apply().await;
    assert!(applied.warnings.iter().any(|warning| warning.contains("ended by this apply")), "{applied:?}");
    assert_eq!(shop.pending().await, Vec::<String>::new());
    assert_eq!(specs(&shop).await, before);
    assert!(matches!(
        fault::list(&shop.cluster, shop.namespace(), Timestamp::now()).await.unwrap().as_slice(),
        [Found::Ended(one)] if one.stage == Stage::Healed
    ));
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fault_has_put_back_may_be_changed_by_the_next_apply() {
    let mut shop = running("owned").await;
    let now = Timestamp::now();
    let mut fault = mk_fault(shop.namespace(), "ann", now, MINUTE);
    begin(&shop.cluster, &mut fault, &changes(&scene(&shop).await)).await;
    fault::heal(&shop.cluster, &mut fault, now).await.unwrap();
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.replicas.insert("cartservice", 2);
    shop.plan_and_apply().await;
    assert_eq!(shop.live(Kind::DEPLOYMENT, "cartservice").await.unwrap()["spec"]["replicas"], 2);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_takes_the_fault_along() {
    let shop = running("destroyed").await;
    let seen = scene(&shop).await;
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), Duration::from_secs(600));
    let wanted = injection(&seen, [adds(&seen).acts, changes(&seen).acts].concat());
    begin(&shop.cluster, &mut fault, &wanted).await;
    shop.destroy().await;
    assert_eq!(names(&shop).await, Vec::<String>::new());
    until_no_residue(&shop, PATIENCE).await;
    assert!(shop.live(Kind::NETWORK_POLICY, "boutique-test").await.is_none());
    shop.finish().await;
}
