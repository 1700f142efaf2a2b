//! Every kind of fault against a service that it fits: predicted, injected by a user with exactly its rights, measured,
//! undone, proven.

use boutique_acceptance::fault::{Look, failed_pods, plugin, residue, start, unhealthy, worker};
use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::lab;
use serde_json::Value;

use super::{proof, shop};

/// One fault on one service.
struct Row {
    kind: &'static str,
    service: &'static str,
    /// Further arguments.
    args: &'static [&'static str],
}

const fn row(kind: &'static str, service: &'static str, args: &'static [&'static str]) -> Row {
    Row { kind, service, args }
}

/// Of every kind the service that shows most, and for two of them one that hardly shows it.
const MATRIX: [Row; 15] = [
    row("kill-pods", "cartservice", &[]),
    row("kill-pods", "currencyservice", &[]),
    row("kill-pods", "adservice", &[]),
    row("crash-loop", "shippingservice", &[]),
    row("crash-loop", "recommendationservice", &[]),
    row("oom", "cartservice", &[]),
    row("leak", "redis-cart", &[]),
    row("cpu-throttle", "currencyservice", &[]),
    row("bad-address", "frontend", &["--peer=cartservice"]),
    row("bad-address", "checkoutservice", &[]),
    row("redis-outage", "redis-cart", &[]),
    row("partition", "paymentservice", &[]),
    row("latency", "productcatalogservice", &[]),
    row("scale-to-zero", "checkoutservice", &[]),
    row("node-drain", "frontend", &[]),
];

/// The rows that are tried unless `BOUTIQUE_FAULTS=all`: one for each way of undoing.
const SHORT: [(&str, &str); 3] =
    [("crash-loop", "shippingservice"), ("partition", "paymentservice"), ("bad-address", "frontend")];

/// The rows that `BOUTIQUE_FAULTS=upstream` tries: services that the lab has upstream's own of.
const UPSTREAM: [(&str, &str); 6] = [
    ("kill-pods", "currencyservice"),
    ("crash-loop", "shippingservice"),
    ("bad-address", "frontend"),
    ("partition", "paymentservice"),
    ("latency", "productcatalogservice"),
    ("scale-to-zero", "checkoutservice"),
];

/// What one run of a fault came to.
struct Run {
    report: Value,
    /// Everything that is not as it should be, one sentence each.
    trouble: Vec<String>,
    /// How many objects were compared.
    objects: usize,
    rights: usize,
}

#[test]
fn each_fault_does_what_was_predicted_and_leaves_nothing_behind() {
    let wanted = std::env::var("BOUTIQUE_FAULTS").unwrap_or_default();
    let is_wanted = |row: &&Row| match wanted.as_str() {
        "" => SHORT.contains(&(row.kind, row.service)),
        "all" => true,
        "upstream" => UPSTREAM.contains(&(row.kind, row.service)),
        // By hand: some kinds, while they are worked at.
        kinds => kinds.split(',').any(|kind| kind == row.kind),
    };
    let (_room, stack) = shop("faults");
    let mut sheet = proof::Matrix::begin();
    let mut broken = Vec::new();
    for row in MATRIX.iter().filter(is_wanted) {
        let machine = if wanted.is_empty() { Machine::Busy } else { Machine::Quiet };
        let run = carry_out(&stack.namespace, row, machine);
        let Row { kind, service, .. } = row;
        let verdict = run.report["verdict"].as_str().unwrap_or("no report");
        println!("round {kind} of {service}: {verdict}, {} troubles", run.trouble.len());
        sheet.row(kind, service, &run.report, run.objects, run.rights, &run.trouble);
        broken.extend(run.trouble.iter().map(|line| format!("{kind} of {service}: {line}")));
    }
    sheet.end();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    stack.expect_empty_plan("after faults that were undone");
    stack.module.destroy().expect_success("terraform destroy");
}

/// What else the machine does meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Machine {
    /// A campaign has it for itself: each word of the prediction counts.
    Quiet,
    /// Other tests run, and any page may be late: lateness says nothing, errors do.
    Busy,
}

impl Machine {
    /// What refutes the prediction: one sentence for each page.
    fn judge(self, report: &Value) -> Vec<String> {
        if self == Self::Quiet && report["verdict"] != "confirmed" {
            return vec![format!("the prediction is {}: {}", report["verdict"], report["pages"])];
        }
        let Some(pages) = report["pages"].as_array() else { return vec!["there is no report".to_owned()] };
        let late = |page: &Value| {
            let failures = page["observed"]["failures"].as_object().into_iter().flatten();
            page["effect"] != "fails" && failures.map(|(word, _)| word).all(|word| word == "timeout")
        };
        let refuted = pages.iter().filter(|page| page["verdict"] == "refuted" && !late(page));
        refuted.map(|page| format!("the prediction is refuted: {page}")).collect()
    }
}

fn carry_out(namespace: &Namespace, row: &Row, machine: Machine) -> Run {
    // A cordoned node shows in the shops of other tests; the campaign has the node for itself.
    let look = if row.kind == "node-drain" { Look::with_nodes } else { Look::at };
    let worker = worker(lab::real(), namespace, row.kind);
    let before = look(namespace);
    let fault = format!("--fault={}", row.kind);
    let mut args = vec!["break", row.service, &fault, "--yes", "--output=json"];
    args.extend_from_slice(row.args);
    match machine {
        Machine::Quiet => args.push("--for=20s"),
        Machine::Busy => args.extend(["--for=10s", "--force"]),
    }
    let said = start(plugin(&worker.kubeconfig, &namespace.name, &args)).end();
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_default();

    let mut trouble = Vec::new();
    // Not as predicted, or too little seen: what a busy machine makes of a prediction is judged below.
    let may_end_with: &[i32] = if machine == Machine::Busy { &[0, 2, 3] } else { &[0] };
    if !may_end_with.contains(&said.code) {
        trouble.push(format!("exit code {}:\n{}", said.code, said.text()));
    }
    trouble.extend(machine.judge(&report));
    let differences = before.differences(&look(namespace));
    // Two looks that do not agree: one of them is blind.
    let claimed = report["proof"]["differences"].as_array().map_or(usize::MAX, Vec::len);
    if claimed != differences.len() {
        trouble.push(format!("the program sees {claimed} differences, kubectl {}", differences.len()));
    }
    trouble.extend(differences);
    trouble.extend(residue(namespace).into_iter().map(|left| format!("{left} is left of it")));
    trouble.extend(failed_pods(namespace).into_iter().map(|left| format!("{left} is left of it, failed")));
    trouble.extend(unhealthy(namespace).into_iter().map(|sick| format!("{sick} is not well after it")));
    Run { report, trouble, objects: before.len(), rights: worker.rights }
}
