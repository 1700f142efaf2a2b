//! The program dies by `kill -9` in the middle of a fault. What becomes of the shop then is Kubernetes' work, or the next
//! user's.

use std::time::{Duration, Instant};

use boutique_acceptance::audit::Audit;
use boutique_acceptance::fault::{Look, failed_pods, plugin, record, residue, start, unhealthy};
use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::lab;
use boutique_lab::{Identity, Validity};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::{number, proof, shop};

/// Kills per run here; `cargo xtask prove undo` asks for more.
const KILLS: u64 = 5;
/// Shops that go through kills side by side: most of a round is the wait until the fault's time is over.
const SHOPS: u64 = 2;
/// How long the fault would last.
const BOUND: &str = "--for=6s";
/// How much later than the end of a fault's time everything is well. A machine that runs other tests gets more.
const PROMISED: Duration = Duration::from_secs(15);
const BUSY: Duration = Duration::from_secs(60);

/// How what the fault did is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Added,
    Live,
    Changed,
}

/// A fault of each class on a service that is back soon.
const FAULTS: [(Class, &str, &str); 6] = [
    (Class::Live, "crash-loop", "shippingservice"),
    (Class::Added, "partition", "paymentservice"),
    (Class::Changed, "scale-to-zero", "emailservice"),
    (Class::Live, "cpu-throttle", "currencyservice"),
    (Class::Changed, "bad-address", "checkoutservice"),
    (Class::Live, "kill-pods", "adservice"),
];

/// When the program dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many answered writes after its start.
    Writes(usize),
    /// So long after its first write, which is how it takes possession of the shop.
    After(Duration),
}

impl Moment {
    fn random(random: &mut StdRng) -> Self {
        // A fault's beginning takes a fraction of a second and would hardly ever be met by the clock.
        if random.random_bool(0.5) {
            Self::Writes(random.random_range(1..=8))
        } else {
            Self::After(Duration::from_millis(random.random_range(0..16_000)))
        }
    }
}

/// What one kill came to.
struct Round {
    killed: bool,
    /// How long after the fault's time (negative: before its end) all was well, where Kubernetes saw to it.
    late: Option<f64>,
    damage: Vec<String>,
}

#[test]
fn a_fault_whose_author_was_killed_is_undone_by_kubernetes_or_by_the_next_user() {
    let seed = number("BOUTIQUE_SEED").unwrap_or(20);
    let kills = number("BOUTIQUE_FAULT_KILLS");
    let patience = if kills.is_some() { PROMISED } else { BUSY };
    let shops = if kills.is_some() { 2 * SHOPS } else { SHOPS };
    let kills = kills.unwrap_or(KILLS);
    let mut table: Vec<(u64, String)> = Vec::new();
    let mut broken = Vec::new();
    std::thread::scope(|scope| {
        let one = |number: u64| {
            let (_room, stack) = shop("undo");
            let mut lines = Vec::new();
            for round in (number..kills).step_by(usize::try_from(shops).expect("a few")) {
                let mut random = StdRng::seed_from_u64(seed + 1000 * round);
                let (class, kind, service) = FAULTS[usize::try_from(round).expect("a few") % FAULTS.len()];
                let moment = Moment::random(&mut random);
                let done = kill(&stack.namespace, class, kind, service, moment, patience, &[]);
                let fate = if done.killed { "killed" } else { "over" };
                let late = done.late.map_or_else(|| "–".to_owned(), |late| format!("{late:+.1} s"));
                println!("round {round}: {kind} of {service}, {fate} at {moment:?}, well again {late}");
                let damage = done.damage.join("; ");
                let line =
                    format!("| {round} | {class:?} | {kind} of {service} | {fate}, {moment:?} | {late} | {damage} |");
                lines.push((round, line, done.damage));
            }
            stack.expect_empty_plan("after faults whose author was killed");
            stack.module.destroy().expect_success("terraform destroy");
            lines
        };
        let threads: Vec<_> = (0..shops.min(kills)).map(|number| scope.spawn(move || one(number))).collect();
        for thread in threads {
            for (round, line, damage) in thread.join().expect("the thread comes to its end") {
                table.push((round, line));
                broken.extend(damage.into_iter().map(|damage| format!("seed {seed}, round {round}: {damage}")));
            }
        }
    });
    table.sort();
    let lines: Vec<&str> = table.iter().map(|(_, line)| line.as_str()).collect();
    let head = "| kill | class | fault | moment | well again, from the end of its time | damage |\n|---|---|---|---|---|---|\n";
    proof::write(&format!("{head}{}\n", lines.join("\n")));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
#[ignore = "a campaign: cargo xtask prove undo"]
fn without_fuse_and_deadline_the_same_check_finds_what_is_left() {
    let off = [("BOUTIQUE_TEST_SAFEGUARDS", "off")];
    let (_room, stack) = shop("undo-control");
    for (class, kind, service) in FAULTS.into_iter().take(2) {
        let standing = Moment::After(Duration::from_secs(3));
        let done = kill(&stack.namespace, class, kind, service, standing, PROMISED, &off);
        println!("round control: {kind} of {service}, killed {}, found {} problems", done.killed, done.damage.len());
        assert!(done.killed, "the control is killed while the fault stands");
        let found = done.damage.iter().any(|line| line.contains("time is over"));
        assert!(found, "the check is blind: it passes without fuse and deadline: {:?}", done.damage);
    }
    stack.module.destroy().expect_success("terraform destroy");
}

/// One fault whose author is killed, and everything that must hold afterwards.
fn kill(
    namespace: &Namespace,
    class: Class,
    kind: &str,
    service: &str,
    moment: Moment,
    patience: Duration,
    environment: &[(&str, &str)],
) -> Round {
    await_a_purchase(namespace);
    let before = Look::at(namespace);
    let killed = run_and_kill(namespace, kind, service, moment, environment);
    let written = record(namespace);
    let mut round = Round { killed, late: None, damage: Vec::new() };
    let stands = namespace.get("configmap", "boutique-fault-active");
    if !stands.is_null() && !written.is_null() {
        await_the_end(namespace, class, &written, patience, &mut round);
    }

    // Somebody else comes and writes: what Kubernetes cannot do is done now, and what it left is swept up.
    let identity =
        Identity { user: "other".to_owned(), group: Some("system:masters".to_owned()), validity: Validity::Long };
    let file = format!("other-{}", namespace.name);
    let other = lab::real().mint(&file, &identity).expect("a kubeconfig can be made");
    let heal = start(plugin(&other, &namespace.name, &["heal"])).end();
    if heal.code != 0 {
        round.damage.push(format!("heal: exit code {}:\n{}", heal.code, heal.text()));
    }
    if environment.is_empty() {
        let settled = Instant::now() + Duration::from_secs(60);
        while !unhealthy(namespace).is_empty() && Instant::now() < settled {}
        round.damage.extend(unhealthy(namespace).into_iter().map(|sick| format!("{sick} is not well after heal")));
        round.damage.extend(before.differences(&Look::at(namespace)));
        let left = residue(namespace).into_iter().chain(failed_pods(namespace));
        round.damage.extend(left.map(|left| format!("{left} is left after heal")));
        if !namespace.get("configmap", "boutique-fault-active").is_null() {
            round.damage.push("the guard still stands after heal".to_owned());
        }
    }
    round
}

/// Callers of what was broken come back with their own back-off, and a shop that is not well is not broken anew.
fn await_a_purchase(namespace: &Namespace) {
    let limit = Instant::now() + Duration::from_secs(180);
    loop {
        let said = namespace.boutique(&["buy"]);
        if said.code == 0 {
            return;
        }
        assert!(Instant::now() < limit, "nobody can buy anything any more:\n{}", said.text());
    }
}

/// Answers whether it was killed before it came to its end.
fn run_and_kill(
    namespace: &Namespace,
    kind: &str,
    service: &str,
    moment: Moment,
    environment: &[(&str, &str)],
) -> bool {
    let mut audit = Audit::from_now(lab::real(), &namespace.name);
    let fault = format!("--fault={kind}");
    let mut command = plugin(
        namespace.kubeconfig(),
        &namespace.name,
        &["break", service, &fault, BOUND, "--yes", "--force", "--output=json"],
    );
    command.envs(environment.iter().copied());
    let mut running = start(command);
    let mut first = None;
    let limit = Instant::now() + Duration::from_secs(240);
    while running.runs() {
        assert!(Instant::now() < limit, "break neither came to its end nor to the moment of its kill");
        let writes = audit.seen().iter().filter(|request| is_write(request)).count();
        if writes > 0 && first.is_none() {
            first = Some(Instant::now());
        }
        let now = match moment {
            Moment::Writes(wanted) => writes >= wanted,
            Moment::After(wanted) => first.is_some_and(|first| first.elapsed() >= wanted),
        };
        if now {
            return running.kill();
        }
        // A file cannot be waited for; this is how exactly the moment is met.
        std::thread::sleep(Duration::from_millis(1));
    }
    let said = running.end();
    assert!([0, 2, 3].contains(&said.code), "break ended by itself:\n{}", said.text());
    false
}

/// Whether an audit event is a write of the plugin's. What the prober buys also arrives as POST.
fn is_write(request: &str) -> bool {
    let writes = ["create", "patch", "update", "delete"].map(|verb| format!("\"verb\":\"{verb}\""));
    writes.iter().any(|verb| request.contains(verb.as_str()))
        && request.contains("\"userAgent\":\"kubectl-boutique")
        && !request.contains("/proxy")
}

/// Waits until all is well that Kubernetes sees to by itself, or until the fault's time has been over for too long.
fn await_the_end(namespace: &Namespace, class: Class, written: &Value, patience: Duration, round: &mut Round) {
    let until: jiff::Timestamp =
        written["until"].as_str().and_then(|text| text.parse().ok()).expect("a record says until when");
    let left = || match class {
        Class::Added | Class::Live => [residue(namespace), unhealthy(namespace)].concat(),
        Class::Changed => Vec::new(),
    };
    loop {
        let late = jiff::Timestamp::now().duration_since(until).as_secs_f64();
        let open = left();
        // Before its end everything may look well that is not touched yet.
        if open.is_empty() && late >= 0.0 {
            round.late = (class != Class::Changed).then_some(late);
            return;
        }
        if late > patience.as_secs_f64() {
            let open = open.join(", ");
            round.damage.push(format!("{late:.0} s after its time is over, there is still trouble with {open}"));
            return;
        }
        // The end of a fault's time is an event that nobody announces.
        std::thread::sleep(Duration::from_millis(200));
    }
}
