//! The provider dies, or is told to stop, in the middle of its work.

use std::time::{Duration, Instant};

use boutique_acceptance::lab;
use boutique_acceptance::process::descendants_named;
use boutique_acceptance::stack::{ADDRESS, Stack};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

/// Kills per run here; `cargo xtask prove kills` asks for more.
const KILLS: u32 = 5;

#[test]
fn an_apply_after_kills_at_random_moments_converges_and_leaves_no_orphan() {
    let seed = std::env::var("BOUTIQUE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20);
    let kills = std::env::var("BOUTIQUE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..kills {
        let stack = Stack::applied(lab::sim(), "kill", "");
        let before = stack.versions();
        // The apply that is killed disables one service and changes another, so that it prunes and writes.
        stack.set("services = { adservice = { enabled = false }, currencyservice = { replicas = 2 } }\n  wait = { until = \"none\" }");
        let moment = Duration::from_millis(random.random_range(0..600));
        let killed = kill_provider_during_apply(&stack, moment);

        stack.module.run(&["untaint", "-no-color", ADDRESS]);
        stack.settle();
        let after = stack.versions();
        let context = format!("seed {seed}, round {round}, killed {killed} after {moment:?}");
        println!("round {round}: killed {killed} after {moment:?}");
        for (name, (uid, _)) in before.iter().filter(|(name, _)| !name.ends_with("/adservice")) {
            assert_eq!(after.get(name).map(|(uid, _)| uid), Some(uid), "{name} was recreated ({context})");
        }
        let orphans: Vec<_> = after.keys().filter(|name| name.ends_with("/adservice")).collect();
        assert!(orphans.is_empty(), "orphans: {orphans:?} ({context})");
        stack.module.destroy().expect_success("terraform destroy");
    }
}

/// Starts an apply and kills the provider `moment` after its apply walk began. Says whether anything was killed.
fn kill_provider_during_apply(stack: &Stack, moment: Duration) -> bool {
    let saved = stack.module.run(&["plan", "-out=killed.plan", "-no-color"]).expect_success("terraform plan");
    drop(saved);
    let mut apply = stack.module.start(&["apply", "-no-color", "killed.plan"]);
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut begun = None;
    let mut killed = false;
    while Instant::now() < deadline && apply.try_wait().expect("terraform is ours").is_none() {
        let providers = descendants_named(apply.id(), "terraform-provi");
        let began = *begun.get_or_insert_with(|| if providers.is_empty() { None } else { Some(Instant::now()) });
        match began {
            None => begun = None,
            Some(began) if began.elapsed() >= moment => {
                for pid in providers {
                    killed |= boutique_acceptance::process::kill(pid);
                }
                break;
            }
            Some(_) => {}
        }
        std::thread::yield_now();
    }
    apply.wait_with_output().expect("terraform ends");
    killed
}

#[test]
fn an_interrupt_during_a_wait_saves_the_state_within_two_seconds_and_says_so_in_pending() {
    let stack = Stack::new(lab::sim(), "interrupt", "wait = { until = \"ready\" }\n  timeouts = { create = \"5m\" }");
    let name = stack.namespace.name.clone();
    stack.namespace.cluster(&["create", "namespace", &name]).expect_success("kubectl create namespace");
    lab::hold_pods(&stack.namespace);
    let mut apply = stack.module.start(&["apply", "-auto-approve", "-no-color"]);
    // The writer gives its lease back when all is written; what follows is the wait.
    let written = |lease: &Value| {
        lease["spec"]["leaseTransitions"].is_number()
            && lease["spec"]["holderIdentity"].as_str().unwrap_or_default().is_empty()
    };
    stack.namespace.await_object("configmap", "boutique-stack-shop-revision-1", |revision| !revision.is_null());
    stack.namespace.await_object("lease", "boutique-stack-shop", written);
    assert!(apply.try_wait().expect("terraform is ours").is_none(), "the apply waits");

    let interrupted = Instant::now();
    boutique_acceptance::process::interrupt_group(apply.id());
    let output = apply.wait_with_output().expect("terraform ends");
    let took = interrupted.elapsed();
    assert!(
        took < Duration::from_secs(4),
        "terraform took {took:?} to stop:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let pending = stack.module.state(ADDRESS)["pending"].to_string();
    assert!(pending.contains("is not ready"), "pending says what the interrupted wait was for: {pending}");
    lab::release_pods(&stack.namespace);
    stack.settle();
}
