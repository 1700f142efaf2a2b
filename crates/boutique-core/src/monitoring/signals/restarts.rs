//! Restarts of containers within a time.

use super::super::pace::Span;
use super::super::scope::Scope;

/// Restarts within `window` by pod and container.
///
/// `kube_pod_container_status_restarts_total` against its least value within the window, over all series of a container:
/// `increase` knows nothing of a restart that came before the first sample, and begins anew when kube-state-metrics is
/// replaced and its series get another `instance`. All restarts of a pod that is younger than the window are recent.
pub(in super::super) fn recent(scope: &Scope<'_>, window: Span) -> String {
    let restarts = scope.pods("kube_pod_container_status_restarts_total", "");
    let created = scope.pods("kube_pod_created", "");
    let now = format!("max by (pod, container) ({restarts})");
    let young = format!("time() - max by (pod) ({created}) < {}", window.seconds());
    let before = format!("min by (pod, container) (min_over_time({restarts}[{window}]))");
    format!("({now} and on (pod) ({young}) or {now} - {before})")
}
