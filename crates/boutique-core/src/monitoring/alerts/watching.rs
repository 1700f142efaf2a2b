//! Who watches the watchers: a source of signals that is silent.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{COLLECTOR, JOURNEYS_JOB, REACHABILITY_JOB, Scope};
use super::{Says, WARNING};

/// A source that is silent makes no errors, so nothing else would say it.
pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let mut missing = vec![
        ("spans", spans(scope)),
        ("reachability", absent(&scope.probed("up", REACHABILITY_JOB, ""), " == 1")),
        ("kube-state-metrics", absent(&scope.of_namespace("kube_pod_info", ""), "")),
        ("cadvisor", absent(&scope.containers("container_memory_working_set_bytes"), "")),
    ];
    if !scope.spec.journeys.is_empty() {
        missing.push(("journeys", absent(&scope.probed("up", JOURNEYS_JOB, ""), " == 1")));
    }
    missing.into_iter().map(|(signal, expr)| alert(scope, signal, &expr)).collect()
}

/// Labels of `absent` are those of the selector, which are names of targets here: none of them is wanted.
fn absent(series: &str, condition: &str) -> String {
    format!("count(absent({series}{condition}))")
}

/// Only where the stack has a collector, which its Deployment says.
fn spans(scope: &Scope<'_>) -> String {
    let collector = scope.of_namespace("kube_deployment_spec_replicas", &format!(r#"deployment="{COLLECTOR}""#));
    let up = scope.of_namespace("up", &format!(r#"job="{COLLECTOR}""#));
    format!("max({collector}) > 0 unless on () max({up}) == 1")
}

fn alert(scope: &Scope<'_>, signal: &str, expr: &str) -> Rule {
    let mut rule = scope.alert(
        "BoutiqueSignalsMissing",
        WARNING,
        expr,
        Span::minutes(10),
        &Says {
            summary: "Nothing is measured at SHOP ({{ $labels.signal }})",
            description: "Prometheus gets no {{ $labels.signal }} of the shop SHOP in NAMESPACE: alerts that need them are blind.",
            command: "kubectl get servicemonitors,probes -A",
        },
    );
    if let Rule::Alert { labels, .. } = &mut rule {
        labels.insert("signal".to_owned(), signal.to_owned());
    }
    rule
}
