//! Memory that will not suffice: a forecast, and the database that nobody empties.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{Scope, service_of_pod};
use super::{CRITICAL, Says, WARNING};

/// Seconds within which cAdvisor has measured twice.
const LINE: u32 = 40;

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    vec![leak(scope), redis(scope)]
}

/// The line through the last hour meets the limit within the next hours.
///
/// A line is easily drawn through anything, so there are guards: the container is past its warming up; more than 70 % of
/// the limit are used; the lines through the last two quarters of the window, each by itself, meet the limit, too (a cache
/// that filled at once grew in one of them only); and memory that the kernel cannot take back grows
/// (`container_memory_rss`), since the working set has file cache in it.
fn leak(scope: &Scope<'_>) -> Rule {
    let pace = &scope.pace;
    let recent = recent(scope);
    let working_set = scope.containers("container_memory_working_set_bytes");
    let limit = format!(
        "max by (pod, container) ({})",
        scope.pods("kube_pod_container_resource_limits", r#"resource="memory""#)
    );
    let forecast = |range: &str| {
        let ahead = pace.leak_horizon.seconds();
        format!("max by (pod, container) (predict_linear({working_set}{range}, {ahead})) > {limit}")
    };
    let used = format!("max by (pod, container) ({working_set}) > 0.7 * {limit}");
    let grows = format!(
        "max by (pod, container) (deriv({}[{}])) > 0",
        scope.containers("container_memory_rss"),
        pace.leak_window
    );
    let started = scope.containers("container_start_time_seconds");
    let old = pace.leak_age.seconds() + 2 * recent.seconds();
    let aged = format!("time() - max by (pod, container) ({started}) > {old}");
    let leaking = [
        forecast(&format!("[{}]", pace.leak_window)),
        forecast(&format!("[{recent}]")),
        forecast(&format!("[{recent}] offset {recent}")),
        used,
        grows,
        aged,
    ]
    .join(" and ");
    scope.alert(
        "BoutiqueMemoryLeak",
        WARNING,
        format!("max by (service, container) ({})", service_of_pod(&leaking)),
        Span::minutes(5),
        &Says {
            summary: "{{ $labels.service }} of SHOP will run out of memory",
            description: "If it goes on growing as it does, the container {{ $labels.container }} of {{ $labels.service }} in \
                          NAMESPACE needs {{ $value | humanize1024 }}B soon, which is above its limit: the kernel will kill it.",
            command: "kubectl top pods -n NAMESPACE -l app={{ $labels.service }} --containers",
        },
    )
}

/// A quarter of the window, but enough of it for a line: cAdvisor measures every ten to twenty seconds, however often it
/// is asked.
fn recent(scope: &Scope<'_>) -> Span {
    let quarter = scope.pace.leak_window.seconds() / 4;
    Span(quarter.max(LINE))
}

/// Carts have no end (upstream sets neither an expiry nor `maxmemory`), so redis-cart grows with every shopper until it is
/// killed, and then all carts are gone.
fn redis(scope: &Scope<'_>) -> Rule {
    let ratio = scope.recorded("boutique:memory:ratio", r#"service="redis-cart""#);
    scope.alert(
        "BoutiqueRedisMemory",
        CRITICAL,
        format!("{ratio} > 0.85"),
        Span::minutes(5),
        &Says {
            summary: "The carts of SHOP fill their memory",
            description: "redis-cart in NAMESPACE uses {{ $value | humanizePercentage }} of its limit; at the limit it is killed and \
                          every cart is lost.",
            command: "kubectl exec -n NAMESPACE deployment/redis-cart -- redis-cli info memory",
        },
    )
}
