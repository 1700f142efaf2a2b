//! `kill -9` of the process that holds a fault, at any moment.
//!
//! The process is this test program again, told to begin one fault and to wait.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use boutique_cluster::fault;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::harness::cluster;

/// The moments at which the process dies differ from run to run; a failure names this.
fn seed() -> u64 {
    std::env::var("BOUTIQUE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random())
}

const ORDER: &str = "BOUTIQUE_TEST_FAULT";

const BOUND: Duration = Duration::from_secs(4);

/// Begins the fault that the environment names, and waits to be killed.
#[tokio::test]
#[ignore = "is started by the tests of this module, in a process of its own"]
async fn holds_a_fault() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let (class, namespace) = order.split_once(' ').expect("an order has two words");
    let cluster = cluster().await;
    eprintln!("ready");
    let seen = fault::scene(&cluster, namespace).await.expect("the shop can be looked at");
    let mut fault = mk_fault(namespace, "the killed", Timestamp::now(), BOUND);
    let wanted = match class {
        "added" => adds(&seen),
        "changed" => changes(&seen),
        _ => touches(&seen, &fault, BOUND),
    };
    begin(&cluster, &mut fault, &wanted).await;
    std::future::pending::<()>().await;
}

/// Starts the process, lets it get so far, and kills it.
fn hold_and_kill(shop: &Shop, class: &str, after: Duration) {
    let mut child = Command::new(std::env::current_exe().expect("this program has a file"))
        .args(["--exact", "faulting::killed::holds_a_fault", "--ignored", "--nocapture"])
        .env(ORDER, format!("{class} {}", shop.namespace()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program starts again");
    let said = BufReader::new(child.stderr.take().expect("is piped"));
    assert!(said.lines().map_while(Result::ok).any(|line| line == "ready"), "the process began nothing");
    // Not a wait for anything: the moment of death.
    std::thread::sleep(after);
    child.kill().expect("a process can be killed");
    child.wait().expect("it is dead");
}

/// Five processes that died, each with its shop as it was before, and how it came to be.
async fn die(class: &'static str) -> Vec<(Shop, Vec<Value>, String)> {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let mut dead = Vec::new();
    for _ in 0..5 {
        let shop = running(&format!("killed-{class}")).await;
        let before = specs(&shop).await;
        let after = Duration::from_millis(random.random_range(0..400));
        tokio::task::block_in_place(|| hold_and_kill(&shop, class, after));
        dead.push((shop, before, format!("seed {seed}, killed after {after:?}")));
    }
    dead
}

/// What the next who writes does, when the time of the fault is over.
async fn heal(shop: &Shop) {
    let later = Timestamp::now() + SignedDuration::from_mins(5);
    fault::heal_expired(&shop.cluster, shop.namespace(), later).await.expect("what has expired is healed");
    assert!(!names(shop).await.contains(&boutique_core::fault::GUARD.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_had_added_goes_without_any_command() {
    for (shop, before, story) in die("added").await {
        eprintln!("{story}");
        until_no_residue(&shop, BOUND + PATIENCE).await;
        heal(&shop).await;
        assert_eq!(specs(&shop).await, before);
        shop.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_had_changed_is_put_back_by_the_next_who_writes() {
    for (shop, before, story) in die("changed").await {
        eprintln!("{story}");
        heal(&shop).await;
        assert_eq!(specs(&shop).await, before);
        shop.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_it_had_touched_has_its_deadline_in_any_case() {
    for (shop, before, story) in die("live").await {
        eprintln!("{story}");
        for pod in scene(&shop).await.pods {
            let touched = pod["spec"]["containers"][0]["image"] == "registry.invalid/broken:v1";
            let marked = pod["metadata"]["labels"].get(FAULT).is_some();
            let ends = pod["spec"].get("activeDeadlineSeconds").is_some();
            assert_eq!((touched, touched), (marked, ends), "{pod}");
        }
        heal(&shop).await;
        until_no_residue(&shop, PATIENCE).await;
        until_running(&shop).await;
        assert_eq!(specs(&shop).await, before);
        shop.finish().await;
    }
}
