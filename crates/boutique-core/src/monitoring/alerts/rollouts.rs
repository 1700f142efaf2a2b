//! Deployments that are not what they should be, by kube-state-metrics.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{Scope, renamed, workloads};
use super::{Says, WARNING};

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    vec![replicas_missing(scope), rollout_stuck(scope)]
}

fn deployments(scope: &Scope<'_>, metric: &str, matchers: &str) -> String {
    let series = scope.of_namespace(metric, &format!(r#"deployment=~"{}"{matchers}"#, workloads()));
    format!("max by (service) ({})", renamed(&series, "service", "deployment"))
}

/// Long enough for a rollout, a node that is replaced, an autoscaler that waits for room.
fn replicas_missing(scope: &Scope<'_>) -> Rule {
    let ready = scope.recorded("boutique:replicas_ready:ratio", "");
    scope.alert(
        "BoutiqueReplicasMissing",
        WARNING,
        format!("{ready} < 1"),
        Span::minutes(15),
        &Says {
            summary: "{{ $labels.service }} of SHOP lacks replicas",
            description: "{{ $value | humanizePercentage }} of the replicas of {{ $labels.service }} in NAMESPACE are ready.",
            command: "kubectl boutique status -n NAMESPACE",
        },
    )
}

/// The Deployment controller gave up (`Progressing` is false after `progressDeadlineSeconds`), or pods of the old template
/// are still there long after.
fn rollout_stuck(scope: &Scope<'_>) -> Rule {
    let gave_up = deployments(scope, "kube_deployment_status_condition", r#",condition="Progressing",status="false""#);
    let updated = deployments(scope, "kube_deployment_status_replicas_updated", "");
    let wanted = deployments(scope, "kube_deployment_spec_replicas", "");
    scope.alert(
        "BoutiqueRolloutStuck",
        WARNING,
        format!("{gave_up} == 1 or {wanted} - {updated} > 0"),
        Span::minutes(15),
        &Says {
            summary: "The rollout of {{ $labels.service }} of SHOP is stuck",
            description: "The Deployment {{ $labels.service }} in NAMESPACE does not get its new pods up; the old ones still serve.",
            command: "kubectl rollout status -n NAMESPACE deployment/{{ $labels.service }} --timeout=5s",
        },
    )
}
