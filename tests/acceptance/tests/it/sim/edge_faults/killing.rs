//! `kill -9` of helm, of the provider, of both, in install and upgrade: one next apply puts everything right.

use std::process::Child;

use boutique_acceptance::audit::Audit;
use boutique_acceptance::lab;
use boutique_acceptance::process::{descendants_named, kill, kill_provider_when};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::door::{ADDRESS, Door, ended};

/// Kills at random moments per run here; `BOUTIQUE_KILLS` asks for more.
const KILLS: usize = 2;
/// The provider is killed after a random number of answered requests, its own and helm's, up to this.
const REQUESTS: usize = 75;

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Helm,
    Provider,
    Both,
}

impl Victim {
    fn kill(self, door: &Door, apply: &Child) {
        let helm = door.helm_at_work();
        assert_eq!(helm.len(), 1, "one helm is at work");
        let providers = descendants_named(apply.id(), "terraform-provi");
        assert!(!providers.is_empty(), "a provider is at work");
        if self != Self::Provider {
            assert!(helm.into_iter().all(kill), "helm was there to be killed");
        }
        if self != Self::Helm {
            assert!(providers.into_iter().all(kill), "the provider was there to be killed");
        }
    }
}

/// Kills in an install and in an upgrade. The hook comes before or after the objects, which are more than are wanted then.
fn killed(victim: Victim, test: &str, when: &str) {
    let door = Door::new(test);
    for phase in ["install", "upgrade"] {
        let apply = door.hang(&format!("pending-{phase}"), "extra = true", &format!("{when}-install,{when}-upgrade"));
        victim.kill(&door, &apply);
        let said = ended(apply).expect_failure("an apply that was killed");
        if victim == Victim::Helm {
            said.assert_says(&["killed by signal 9", "door", "apply"]);
            assert!(!door.module.state(ADDRESS).is_null(), "what exists is in the state");
        }
        door.await_until("no helm is left", || door.helm_at_work().is_empty());
        door.recover("hook = \"runs\"");
    }
}

#[test]
fn helm_killed_in_the_middle_is_put_right_by_the_next_apply() {
    killed(Victim::Helm, "kill-helm", "post");
}

#[test]
fn the_provider_killed_takes_helm_with_it_and_the_next_apply_puts_it_right() {
    killed(Victim::Provider, "kill-provider", "post");
}

#[test]
fn both_killed_before_any_object_was_made_are_put_right_by_the_next_apply() {
    killed(Victim::Both, "kill-both", "pre");
}

#[test]
fn without_recovery_the_same_check_finds_a_release_that_is_stuck() {
    let door = Door::with_variables("control", &[("BOUTIQUE_TEST_SAFEGUARDS", "off")]);
    let apply = door.hang("pending-install", "extra = true", "post-install");
    Victim::Provider.kill(&door, &apply);
    ended(apply).expect_failure("an apply that was killed");
    door.await_until("no helm is left", || door.helm_at_work().is_empty());
    door.set("hook = \"runs\"");
    let said = door.module.apply();
    assert_ne!(said.code, 0, "the check is blind: it passes although nobody unlocks the release: {}", said.text());
    said.assert_says(&["somebody else began an operation on the release"]);
}

#[test]
fn an_apply_after_kills_at_random_moments_converges_and_leaves_no_orphan() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seed = number("BOUTIQUE_SEED").unwrap_or(7);
    let kills = number("BOUTIQUE_KILLS").map_or(KILLS, |kills| usize::try_from(kills).expect("a small number"));
    let mut random = StdRng::seed_from_u64(seed);
    let door = Door::new("random");
    for round in 0..kills {
        // An install, and from then on upgrades that bring more than is wanted after them.
        door.set(&format!("text = \"round {round}\", extra = true, hook = \"runs\""));
        door.module.run(&["plan", "-out=killed.plan", "-no-color"]).expect_success("terraform plan");
        let mut audits = [&door.shop, &door.edge].map(|space| Audit::from_now(lab::simulated(), &space.name));
        let requests = random.random_range(0..REQUESTS);
        let apply = door.module.start(&["apply", "-no-color", "killed.plan"]);
        let killed =
            kill_provider_when(apply, || audits.iter_mut().map(|audit| audit.seen().len()).sum::<usize>() >= requests);
        let seen: usize = audits.iter_mut().map(|audit| audit.seen().len()).sum();
        println!(
            "round {round}: {} after {requests} of {seen} requests (seed {seed})",
            if killed { "killed" } else { "over" }
        );
        door.await_until("no helm is left", || door.helm_at_work().is_empty());
        door.recover("hook = \"runs\"");
    }
}
