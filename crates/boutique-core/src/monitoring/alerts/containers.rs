//! Containers that do not run as they should.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{Scope, service_of_pod};
use super::super::signals;
use super::{CRITICAL, Says, WARNING};

/// For how long a kill is told at least: several scrapes of a Prometheus that is not ours, and long enough to be seen.
const LEAST: Span = Span::minutes(2);

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    vec![crash_looping(scope), image_pull(scope), oom_killed(scope), throttled(scope)]
}

/// Containers, init containers included, that wait for one of these reasons, now or within a time: between two attempts
/// the reason is gone. An alert must hold for longer than that time, or one attempt that fails would be enough.
fn waiting(scope: &Scope<'_>, reasons: &str, within: Span) -> String {
    let over =
        |metric: &str| format!("max_over_time({}[{within}])", scope.pods(metric, &format!(r#"reason=~"{reasons}""#)));
    let each = format!(
        "{} or {}",
        over("kube_pod_container_status_waiting_reason"),
        over("kube_pod_init_container_status_waiting_reason")
    );
    format!("max by (service, container) ({}) >= 1", service_of_pod(&each))
}

fn crash_looping(scope: &Scope<'_>) -> Rule {
    scope.alert(
        "BoutiqueCrashLooping",
        CRITICAL,
        waiting(scope, "CrashLoopBackOff", scope.rate()),
        Span::minutes(10),
        &Says {
            summary: "{{ $labels.service }} of SHOP crashes again and again",
            description: "The container {{ $labels.container }} of {{ $labels.service }} in NAMESPACE ends soon after each start.",
            command: "kubectl logs -n NAMESPACE deployment/{{ $labels.service }} -c {{ $labels.container }} --previous",
        },
    )
}

fn image_pull(scope: &Scope<'_>) -> Rule {
    scope.alert(
        "BoutiqueImagePull",
        WARNING,
        waiting(
            scope,
            "ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable",
            scope.pace.hold(Span::minutes(2)),
        ),
        Span::minutes(5),
        &Says {
            summary: "An image of {{ $labels.service }} of SHOP cannot be pulled",
            description: "The node has no image for the container {{ $labels.container }} of {{ $labels.service }} in NAMESPACE and \
                          does not get it.",
            command: "kubectl describe pods -n NAMESPACE -l app={{ $labels.service }}",
        },
    )
}

/// The reason of the last end is sticky: it stays until the container ends otherwise. So it counts only with a restart
/// within a time. Neither cAdvisor's `container_oom_events_total`, whose series dies with the container
/// (google/cadvisor#3015), nor exit code 137, with which Python and Node services also end at each rollout.
fn oom_killed(scope: &Scope<'_>) -> Rule {
    let reason = scope.pods("kube_pod_container_status_last_terminated_reason", r#"reason="OOMKilled""#);
    let restarts = signals::recent_restarts(scope, scope.pace.hold(Span::minutes(10)).max(LEAST));
    let killed = format!("max by (pod, container) ({reason}) == 1 and on (pod, container) {restarts} > 0");
    scope.alert(
        "BoutiqueOOMKilled",
        CRITICAL,
        format!("max by (service, container) ({})", service_of_pod(&killed)),
        Span(0),
        &Says {
            summary: "{{ $labels.service }} of SHOP was killed for want of memory",
            description: "The container {{ $labels.container }} of {{ $labels.service }} in NAMESPACE reached its memory limit and \
                          was killed by the kernel; what it held in memory is lost.",
            command: "kubectl boutique status -n NAMESPACE",
        },
    )
}

fn throttled(scope: &Scope<'_>) -> Rule {
    let ratio = scope.recorded("boutique:cpu_throttled:ratio", "");
    scope.alert(
        "BoutiqueCPUThrottling",
        WARNING,
        format!("{ratio} > 0.25"),
        Span::minutes(15),
        &Says {
            summary: "{{ $labels.service }} of SHOP is held back by its CPU limit",
            description: "{{ $labels.service }} in NAMESPACE had to wait in {{ $value | humanizePercentage }} of the periods in \
                          which it ran, whatever the node had to spare.",
            command: "kubectl top pods -n NAMESPACE -l app={{ $labels.service }}",
        },
    )
}
