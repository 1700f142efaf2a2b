//! What is marked over every panel: alerts, kills for memory, restarts.
//!
//! Faults by `kubectl boutique break` have no series of their own: what they set off marks them.

use super::query::Annotation;
use crate::monitoring::pace::Span;
use crate::monitoring::scope::Scope;
use crate::monitoring::signals::recent_restarts;

/// Alerts of the shop that fire.
pub(super) const FIRING: &str = "alertname=~\"Boutique.*\",alertstate=\"firing\"";
pub(super) const NOTHING_FIRES: &str = "No alert fires.";

/// Containers that the kernel killed for memory and that started again within `window`, among those that `matchers` select.
///
/// The reason is a gauge that stays until the container ends otherwise, so a recent restart must go with it. cAdvisor's own
/// counter of kills dies with the container that was killed.
pub(super) fn killed_for_memory(scope: &Scope<'_>, matchers: &str, window: Span) -> String {
    format!("{} and on (pod, container) {} > 0", last_end_was_a_kill(scope, matchers), recent_restarts(scope, window))
}

/// Containers whose last end was a kill for memory, however long ago.
pub(super) fn last_end_was_a_kill(scope: &Scope<'_>, matchers: &str) -> String {
    let killed = ["reason=\"OOMKilled\"", matchers].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let reason = scope.pods("kube_pod_container_status_last_terminated_reason", &killed.join(","));
    format!("max by (pod, container) ({reason}) == 1")
}

pub(super) fn marks(scope: &Scope<'_>) -> Vec<Annotation> {
    let alerts = |name, color, severity: &str| Annotation {
        name,
        color,
        expr: scope.recorded("ALERTS", &format!("{FIRING},severity=\"{severity}\"")),
        title: "{{alertname}}",
        text: "{{service}}",
        tags: "severity,service",
        may_be_empty: Some(NOTHING_FIRES),
    };
    let rate = scope.pace.container_rate();
    vec![
        alerts("Critical alerts", "red", "critical"),
        alerts("Warnings", "orange", "warning"),
        Annotation {
            name: "Kills for memory",
            color: "purple",
            expr: killed_for_memory(scope, "", rate),
            title: "{{container}} was killed for memory",
            text: "{{pod}}",
            tags: "container",
            may_be_empty: Some("No container was killed for memory lately."),
        },
        Annotation {
            name: "Restarts",
            color: "blue",
            expr: format!("{} > 0", recent_restarts(scope, rate)),
            title: "{{container}} restarted",
            text: "{{pod}}",
            tags: "container",
            may_be_empty: Some("No container restarted lately."),
        },
    ]
}
