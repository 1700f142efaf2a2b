//! Saturation and availability of every workload: how much of what it may use it uses, and how many of it there are.
//!
//! Use comes from cAdvisor in the kubelet, limits from kube-state-metrics: kube-prometheus-stack drops cAdvisor's
//! `container_spec_*` (its default `cAdvisorMetricRelabelings`, 88.5.3). Joined by pod and container, so that pods that
//! have ended do not count.

use super::super::rule::Rule;
use super::super::scope::{Scope, renamed, service_of_pod, workloads};
use super::restarts;

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let mut rules = saturation(scope);
    rules.extend(availability(scope));
    rules
}

fn by_service(operator: &str, expr: &str) -> String {
    format!("{operator} by (service) ({})", service_of_pod(expr))
}

/// A limit or request by pod and container.
fn granted(scope: &Scope<'_>, what: &str, resource: &str) -> String {
    let metric = format!("kube_pod_container_resource_{what}");
    format!("max by (pod, container) ({})", scope.pods(&metric, &format!(r#"resource="{resource}""#)))
}

fn saturation(scope: &Scope<'_>) -> Vec<Rule> {
    let rate = scope.pace.container_rate();
    // A kubelet that is scraped twice says the same twice.
    let rated = |metric: &str| format!("max by (pod, container) (rate({}[{rate}]))", scope.containers(metric));
    let cpu = rated("container_cpu_usage_seconds_total");
    let cores = format!(
        "({} or {}) and on (pod, container) {cpu}",
        granted(scope, "limits", "cpu"),
        granted(scope, "requests", "cpu")
    );
    let working_set = format!("max by (pod, container) ({})", scope.containers("container_memory_working_set_bytes"));
    let memory = format!("{working_set} / on (pod, container) ({} > 0)", granted(scope, "limits", "memory"));
    let throttled = by_service("sum", &rated("container_cpu_cfs_throttled_periods_total"));
    let periods = by_service("sum", &rated("container_cpu_cfs_periods_total"));
    vec![
        scope.record(
            "boutique:cpu:ratio",
            format!("{} / ({} > 0)", by_service("sum", &cpu), by_service("sum", &cores)),
            [],
        ),
        scope.record("boutique:cpu_throttled:ratio", format!("{throttled} / ({periods} > 0)"), []),
        scope.record("boutique:memory:ratio", by_service("max", &memory), []),
        scope.record(
            "boutique:memory_working_set_bytes",
            format!("sum by (service, pod) ({})", service_of_pod(&working_set)),
            [],
        ),
    ]
}

fn availability(scope: &Scope<'_>) -> Vec<Rule> {
    let deployments = |metric: &str| {
        let series = scope.of_namespace(metric, &format!(r#"deployment=~"{}""#, workloads()));
        format!("max by (service) ({})", renamed(&series, "service", "deployment"))
    };
    let (ready, wanted) =
        (deployments("kube_deployment_status_replicas_ready"), deployments("kube_deployment_spec_replicas"));
    let answers = format!("avg_over_time({}[{}:{}])", scope.answers(""), scope.rate(), scope.pace.interval);
    let reached = renamed(&answers, "service", "boutique_service");
    let restarts = restarts::recent(scope, scope.pace.burns[0].long);
    vec![
        // During a rollout there may be more than are wanted. Of a service that is scaled to zero nothing is said.
        scope.record("boutique:replicas_ready:ratio", format!("clamp_max({ready} / ({wanted} > 0), 1)"), []),
        scope.record("boutique:reachable:ratio", format!("avg by (service) ({reached})"), []),
        scope.record("boutique:restarts:increase", by_service("sum", &restarts), []),
    ]
}
