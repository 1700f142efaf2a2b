//! Nodes that run pods of the shop and have too little left of something, by kube-state-metrics.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::Scope;
use super::{Says, WARNING};

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    [
        ("BoutiqueNodeMemoryPressure", "MemoryPressure", "memory"),
        ("BoutiqueNodeDiskPressure", "DiskPressure", "disk space"),
        ("BoutiqueNodePIDPressure", "PIDPressure", "process numbers"),
    ]
    .map(|(name, condition, what)| pressure(scope, name, condition, what))
    .into()
}

/// Only nodes with pods of the shop: nodes have no namespace, and another shop's node is not this one's concern.
fn pressure(scope: &Scope<'_>, name: &str, condition: &str, what: &str) -> Rule {
    let node = format!(r#"kube_node_status_condition{{condition="{condition}",status="true"}}"#);
    let here = scope.pods("kube_pod_info", "");
    scope.alert(
        name,
        WARNING,
        format!("max by (node) ({node}) == 1 and on (node) max by (node) ({here})"),
        Span::minutes(1),
        &Says {
            summary: &format!("A node of SHOP runs out of {what}"),
            description: &format!(
                "The node {{{{ $labels.node }}}}, on which pods of NAMESPACE run, reports {condition}: the kubelet will evict pods."
            ),
            command: "kubectl describe node {{ $labels.node }}",
        },
    )
}
