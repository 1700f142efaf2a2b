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
        let bound = if wanted.is_empty() { "10s" } else { "20s" };
        let mut run = carry_out(&stack.namespace, row, bound);
        if wanted.is_empty() && !run.trouble.is_empty() {
            // A busy machine lets pages time out once. A wrong prediction is wrong each time.
            println!("round {} of {}: again, after {}", row.kind, row.service, run.trouble.join("; "));
            run = carry_out(&stack.namespace, row, bound);
        }
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

fn carry_out(namespace: &Namespace, row: &Row, bound: &str) -> Run {
    // A cordoned node shows in the shops of other tests; the campaign has the node for itself.
    let look = if row.kind == "node-drain" { Look::with_nodes } else { Look::at };
    let worker = worker(lab::real(), namespace, row.kind);
    let before = look(namespace);
    let (fault, bound) = (format!("--fault={}", row.kind), format!("--for={bound}"));
    let mut args = vec!["break", row.service, &fault, &bound, "--yes", "--output=json"];
    args.extend_from_slice(row.args);
    let said = start(plugin(&worker.kubeconfig, &namespace.name, &args)).end();
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_default();

    let mut trouble = Vec::new();
    if said.code != 0 {
        trouble.push(format!("exit code {}:\n{}", said.code, said.text()));
    }
    if report["verdict"] != "confirmed" {
        trouble.push(format!("the prediction is {}: {}", report["verdict"], report["pages"]));
    }
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
