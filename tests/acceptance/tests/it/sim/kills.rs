//! The provider dies, or is told to stop, in the middle of its work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use boutique_acceptance::audit::Audit;
use boutique_acceptance::lab;
use boutique_acceptance::process::{interrupt_group, kill_provider_when};
use boutique_acceptance::stack::{ADDRESS, Stack};
use boutique_core::render;
use boutique_core::service::Service;
use boutique_core::spec::{Profile, ServiceSpec, StackSpec};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

/// Kills per run here; `cargo xtask prove kills` asks for more.
const KILLS: usize = 5;
/// Shops that go through kills side by side: most of a round is the wait until the dead writer's lease has run out.
const SHOPS: usize = 5;
/// The provider is killed after a random number of answered requests below this; the applies here send about as many, and
/// a moment after the last of them would kill nobody.
const REQUESTS: usize = 48;

/// What the apply that is killed was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    /// Make the shop; the next apply is the same again.
    Create,
    /// Disable a service and change another, or take that back; the next apply is the same again.
    Change,
    /// Go to profile `ha`, which brings objects of a new kind; the next apply goes back.
    Revert,
}

const STORIES: [Story; 3] = [Story::Create, Story::Change, Story::Revert];

/// One of the two forms that a shop changes between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    /// Without adservice, with two of currencyservice.
    Reduced,
}

impl Form {
    fn other(self) -> Self {
        if self == Self::Whole { Self::Reduced } else { Self::Whole }
    }

    fn settings(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Reduced => "services = { adservice = { enabled = false }, currencyservice = { replicas = 2 } }",
        }
    }

    /// `Kind/name` of all objects that the shop consists of in this form.
    fn objects(self, namespace: &str) -> BTreeSet<String> {
        let mut spec = StackSpec::new(namespace, "shop");
        spec.profile = Profile::Small;
        if self == Self::Reduced {
            spec.services.insert(Service::Adservice, ServiceSpec { enabled: false, ..ServiceSpec::default() });
        }
        let manifests = render::stack(&spec).expect("the shop can be rendered");
        let name = |object: &Value| format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]));
        manifests.iter().map(|manifest| name(manifest.value())).collect()
    }
}

/// A shop and the form it was last brought to; none while it does not exist.
struct Victim {
    stack: Stack,
    form: Option<Form>,
    /// What the last apply that came to its end said.
    said: String,
}

impl Victim {
    fn new(stack: Stack) -> Self {
        Self { stack, form: None, said: String::new() }
    }

    /// One apply is killed, another follows. Answers whether it was killed, and what the next apply did not put right.
    fn round(&mut self, story: Story, moment: impl Fn(&[String]) -> bool) -> (bool, Vec<String>) {
        if story == Story::Create && self.form.take().is_some() {
            self.stack.module.destroy().expect_success("terraform destroy");
        } else if story != Story::Create && self.form.is_none() {
            self.stack.set(Form::Whole.settings());
            self.stack.module.apply().expect_success("terraform apply");
            self.form = Some(Form::Whole);
        }
        let (old, mut pods) = (self.stack.versions(), self.pods());
        let form = match (story, self.form) {
            (Story::Create, _) | (_, None) => Form::Whole,
            (Story::Change, Some(form)) => form.other(),
            (Story::Revert, Some(form)) => form,
        };
        let profile = if story == Story::Revert { "profile = \"ha\"" } else { "" };
        self.stack.set(&format!("{}\n  {profile}\n  wait = {{ until = \"none\" }}", form.settings()));
        let killed = kill_provider_during_apply(&self.stack, moment);
        let at_kill = self.stack.versions();
        match story {
            Story::Create => pods = self.pods(),
            // What changes with them changes their pods.
            Story::Change => pods.retain(|_, app| app != "adservice" && app != "currencyservice"),
            Story::Revert => pods.clear(),
        }

        self.stack.set(form.settings());
        self.form = Some(form);
        self.stack.module.run(&["untaint", "-no-color", ADDRESS]);
        let mut damage = Vec::new();
        let said = self.stack.module.apply();
        if said.code != 0 {
            damage.push(format!("the next apply fails:\n{}", said.text()));
        }
        self.said = said.unwrapped();
        let plan = self.stack.module.plan();
        if plan.changes {
            damage.push(format!("after it the plan is not empty:\n{}", plan.said.text()));
        }
        let (now, wanted) = (self.stack.versions(), form.objects(&self.stack.namespace.name));
        for (name, (uid, _)) in old.iter().chain(&at_kill).filter(|(name, _)| wanted.contains(*name)) {
            if now.get(name).map(|(uid, _)| uid) != Some(uid) {
                damage.push(format!("{name} was recreated"));
            }
        }
        damage.extend(now.keys().filter(|name| !wanted.contains(*name)).map(|name| format!("{name} is orphaned")));
        damage.extend(wanted.iter().filter(|name| !now.contains_key(*name)).map(|name| format!("{name} is missing")));
        let left = self.pods();
        let gone = pods.iter().filter(|(uid, _)| !left.contains_key(*uid));
        damage.extend(gone.map(|(_, app)| format!("a pod of {app} was restarted")));
        (killed, damage)
    }

    /// UID and service of the pods that never restarted.
    fn pods(&self) -> BTreeMap<String, String> {
        let pods = self.stack.namespace.list("pods");
        let steady =
            pods.iter().filter(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_i64() <= Some(0));
        steady.map(|pod| (text(&pod["metadata"]["uid"]), text(&pod["metadata"]["labels"]["app"]))).collect()
    }
}

#[test]
fn an_apply_after_kills_at_random_moments_converges_and_leaves_no_orphan() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seed = number("BOUTIQUE_SEED").unwrap_or(20);
    let kills = number("BOUTIQUE_KILLS").map_or(KILLS, |kills| usize::try_from(kills).expect("a small number"));
    std::thread::scope(|scope| {
        for shop in 0..SHOPS {
            scope.spawn(move || {
                let mut random = StdRng::seed_from_u64(seed + 1000 * shop as u64);
                let mut victim = Victim::new(Stack::new(lab::sim(), "kill", ""));
                for round in (shop..kills).step_by(SHOPS) {
                    let story = STORIES[round % STORIES.len()];
                    let requests = random.random_range(0..REQUESTS);
                    let (killed, damage) = victim.round(story, |seen| seen.len() >= requests);
                    let fate = if killed { "killed" } else { "over" };
                    println!("round {round}: {story:?}, {fate} after {requests} requests");
                    assert!(damage.is_empty(), "seed {seed}, round {round}, {story:?}:\n{}", damage.join("\n"));
                }
                if victim.form.is_some() {
                    victim.stack.module.destroy().expect_success("terraform destroy");
                }
            });
        }
    });
}

#[test]
fn without_inventory_and_lease_the_same_check_finds_an_orphan() {
    let mut stack = Stack::new(lab::sim(), "control", "");
    stack.module = stack.module.with_variable("BOUTIQUE_TEST_SAFEGUARDS", "off");
    let mut victim = Victim::new(stack);
    let wrote_a_budget = |request: &String| {
        request.contains("\"verb\":\"patch\"") && request.contains("\"resource\":\"poddisruptionbudgets\"")
    };
    let (killed, damage) = victim.round(Story::Revert, |seen| seen.iter().any(wrote_a_budget));
    println!("round control: killed {killed}, found {} problems", damage.len());
    let blind = "the check is blind: it passes without inventory and lease";
    assert!(
        damage.iter().any(|one| one.starts_with("PodDisruptionBudget/") && one.ends_with("orphaned")),
        "{blind}: {damage:?}"
    );
    assert!(victim.said.contains("BOUTIQUE_TEST_SAFEGUARDS=off"), "no apply may be unsafe in silence: {}", victim.said);
}

/// Starts an apply and kills the provider as soon as its answered requests are as `moment` says. Answers whether anything
/// was there to be killed.
fn kill_provider_during_apply(stack: &Stack, moment: impl Fn(&[String]) -> bool) -> bool {
    stack.module.run(&["plan", "-out=killed.plan", "-no-color"]).expect_success("terraform plan");
    let mut audit = Audit::from_now(lab::simulated(), &stack.namespace.name);
    let apply = stack.module.start(&["apply", "-no-color", "killed.plan"]);
    kill_provider_when(apply, || moment(audit.seen()))
}

#[test]
fn an_interrupt_during_a_wait_saves_the_state_within_two_seconds_and_says_so_in_pending() {
    // It takes a fraction of a second. A busy machine may take longer once; a wait that does not listen does so each time.
    let mut took = Vec::new();
    while took.len() < 3 && took.last().is_none_or(|last| *last > Duration::from_secs(2)) {
        took.push(interrupt_a_wait());
    }
    println!("round interrupt: took {took:?}");
    assert!(took.last() <= Some(&Duration::from_secs(2)), "terraform took {took:?} to stop");
}

/// Interrupts an apply that waits, judges what is in the state, and answers how long it took to stop.
fn interrupt_a_wait() -> Duration {
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
    interrupt_group(apply.id());
    apply.wait_with_output().expect("terraform ends");
    let took = interrupted.elapsed();
    let pending = stack.module.state(ADDRESS)["pending"].to_string();
    assert!(pending.contains("is not ready"), "pending says what the interrupted wait was for: {pending}");
    lab::release_pods(&stack.namespace);
    stack.settle();
    took
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
