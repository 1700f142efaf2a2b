//! One service: what is asked of it, how it answers, and what its pods are made of.

use super::Dashboard;
use super::layout::Row;
use super::marks::{FIRING, NOTHING_FIRES, killed_for_memory, marks};
use super::panel::{Kind, Panel, Scale, States, Unit};
use super::query::{Query, Variable, services};
use crate::monitoring::scope::{COLLECTOR, Scope};
use crate::monitoring::spec::MonitoringSpec;

/// Services whose requests are not seen: nobody traces calls of Redis, and the load generator only asks.
const UNSEEN: &str = "The stack has no tracing, nothing was asked of it lately, or it is redis-cart or loadgenerator, of whose \
                      requests there are no spans.";
const ABSENT: &str = "The stack does not run this service.";
const NO_CONTAINERS: &str = "It has no running container.";
const UNPROBED: &str = "The stack does not run this service, or it serves nothing (loadgenerator).";
/// Pods of the chosen service by name; cAdvisor knows no labels of pods.
const POD: &str = "pod=~\"$service-[a-z0-9]+-[a-z0-9]+\"";
/// Leaves out the pod's own cgroup and its sandbox, which hold the containers' sums again.
const CONTAINER: &str = "container!=\"\",container!=\"POD\"";

pub(super) fn dashboard(spec: &MonitoringSpec) -> Dashboard {
    let scope = Scope::of(spec);
    let mut dashboard = Dashboard::new(
        spec,
        "service",
        "one service",
        "One service of the shop: requests, errors and latency as its callers see them, and its pods.",
    );
    dashboard.variables.push(Variable::One { name: "service", label: "Service", options: services() });
    dashboard.annotations = marks(&scope);
    dashboard.rows = vec![now(&scope), requests(&scope), pods(&scope), resources(&scope)];
    dashboard
}

fn chosen(scope: &Scope<'_>, name: &str) -> String {
    scope.recorded(name, "service=\"$service\"")
}

fn spans(scope: &Scope<'_>, name: &str) -> String {
    scope.recorded(name, "service=\"$service\",source=\"spans\"")
}

fn now(scope: &Scope<'_>) -> Row {
    Row::new("Now").shelf(
        4,
        vec![
            Panel::new(Kind::Stat, "Requests", Unit::Requests, "Requests per second by its callers' spans.")
                .query(Query::new(spans(scope, "boutique:requests:rate"), "").empty_when(UNSEEN)),
            Panel::new(Kind::Stat, "Errors", Unit::Ratio, "Share of them that it failed, by its own fault.")
                .query(Query::new(spans(scope, "boutique:errors:ratio"), "").empty_when(UNSEEN))
                .scale(Scale::Rising(0.001, 0.01)),
            Panel::new(Kind::Stat, "p95", Unit::Seconds, "95 of 100 answers take no longer, network included.")
                .query(Query::new(spans(scope, "boutique:latency_seconds:p95"), "").empty_when(UNSEEN)),
            Panel::new(Kind::Stat, "Ready", Unit::Ratio, "Ready replicas by wanted ones.")
                .query(Query::new(chosen(scope, "boutique:replicas_ready:ratio"), "").empty_when(ABSENT))
                .scale(Scale::Falling(0.5, 1.0)),
            Panel::new(Kind::Stat, "Reachable", Unit::Ratio, "Whether it answers its health check.")
                .query(Query::new(chosen(scope, "boutique:reachable:ratio"), "").empty_when(UNPROBED))
                .scale(Scale::Falling(0.5, 1.0)),
            Panel::new(Kind::Stat, "Alerts", Unit::Count, "Alerts about it that fire.")
                .query(Query::new(
                    format!(
                        "count({}) or vector(0)",
                        scope.recorded("ALERTS", &format!("{FIRING},service=\"$service\""))
                    ),
                    "",
                ))
                .scale(Scale::Rising(1.0, 1.0)),
        ],
    )
}

fn requests(scope: &Scope<'_>) -> Row {
    // The frontend's own spans, and the callers' of everybody else; a traced service writes both for one request.
    let spans = |which: &str| {
        let chosen = format!("job=\"{COLLECTOR}\",boutique_service=\"$service\",{which}");
        format!("rate({}[{}])", scope.of_namespace("traces_span_metrics_calls_total", &chosen), scope.rate())
    };
    let outcomes = format!(
        "sum by (service_name, boutique_outcome) ({} or {})",
        spans("boutique_service=\"frontend\",span_kind=\"SPAN_KIND_SERVER\""),
        spans("boutique_service!=\"frontend\",span_kind=\"SPAN_KIND_CLIENT\""),
    );
    Row::new("Requests")
        .shelf(
            8,
            vec![
                Panel::new(Kind::Timeseries, "Requests", Unit::Requests, "Requests per second by where they were seen.")
                    .query(Query::new(chosen(scope, "boutique:requests:rate"), "{{source}}").empty_when(UNSEEN)),
                Panel::new(Kind::Timeseries, "Errors", Unit::Ratio, "Share of failed requests by where it was seen.")
                    .query(Query::new(chosen(scope, "boutique:errors:ratio"), "{{source}}").empty_when(UNSEEN)),
                Panel::new(Kind::Timeseries, "Latency", Unit::Seconds, "Half, 95 and 99 of 100 requests take no longer.")
                    .query(
                        Query::new(chosen(scope, "boutique:latency_seconds:p50"), "p50 {{source}}").empty_when(UNSEEN),
                    )
                    .query(
                        Query::new(chosen(scope, "boutique:latency_seconds:p95"), "p95 {{source}}").empty_when(UNSEEN),
                    )
                    .query(
                        Query::new(chosen(scope, "boutique:latency_seconds:p99"), "p99 {{source}}").empty_when(UNSEEN),
                    ),
            ],
        )
        .shelf(
            7,
            vec![
                Panel::new(
                    Kind::Timeseries,
                    "Who asks",
                    Unit::Requests,
                    "Spans by who wrote them and how they ended: a caller's for every service but the frontend, which writes \
                     its own.",
                )
                .query(
                    Query::new(outcomes, "{{service_name}} {{boutique_outcome}}")
                        .empty_when(UNSEEN),
                ),
                Panel::new(
                    Kind::StateTimeline(States::Share),
                    "Reachable",
                    Unit::Ratio,
                    "Whether it answers its health check. Never part of errors: a health check's answer is constant.",
                )
                .query(Query::new(chosen(scope, "boutique:reachable:ratio"), "$service").empty_when(UNPROBED)),
            ],
        )
}

fn pods(scope: &Scope<'_>) -> Row {
    let deployment = |name: &str| scope.of_namespace(name, "deployment=\"$service\"");
    Row::new("Pods").shelf(
        7,
        vec![
            Panel::new(Kind::Timeseries, "Replicas", Unit::Count, "Replicas that are wanted, there and ready.")
                .query(Query::new(deployment("kube_deployment_spec_replicas"), "wanted").bound().empty_when(ABSENT))
                .query(Query::new(deployment("kube_deployment_status_replicas"), "there").empty_when(ABSENT))
                .query(Query::new(deployment("kube_deployment_status_replicas_ready"), "ready").empty_when(ABSENT))
                .query(Query::new(deployment("kube_deployment_status_replicas_updated"), "updated").empty_when(ABSENT)),
            Panel::new(
                Kind::Timeseries,
                "Restarts",
                Unit::Count,
                format!("Containers that ended and were started again within the {} before.", scope.pace.burns[0].long),
            )
            .query(Query::new(chosen(scope, "boutique:restarts:increase"), "$service").empty_when(ABSENT)),
            Panel::new(
                Kind::Timeseries,
                "Why containers wait",
                Unit::Count,
                "Containers that do not run, by the kubelet's reason.",
            )
            .query(
                Query::new(
                    format!(
                        "sum by (reason) ({}) > 0",
                        scope.of_namespace("kube_pod_container_status_waiting_reason", POD)
                    ),
                    "{{reason}}",
                )
                .empty_when("No container of it waits."),
            ),
            Panel::new(
                Kind::Table { key: "alertname", heading: "Alert", leads_to: None },
                "Alerts that fire",
                Unit::Count,
                "Alerts about this service.",
            )
            .query(
                Query::new(
                    format!(
                        "count by (alertname, severity) ({})",
                        scope.recorded("ALERTS", &format!("{FIRING},service=\"$service\""))
                    ),
                    "Series",
                )
                .empty_when(NOTHING_FIRES),
            ),
        ],
    )
}

fn resources(scope: &Scope<'_>) -> Row {
    let rate = scope.pace.container_rate();
    let amount = |what: &str, resource: &str| {
        format!(
            "sum by (pod) ({})",
            scope.of_namespace(
                &format!("kube_pod_container_resource_{what}"),
                &format!("resource=\"{resource}\",{POD}")
            )
        )
    };
    let used = scope.of_namespace("container_cpu_usage_seconds_total", &format!("{POD},{CONTAINER}"));
    let rss = scope.of_namespace("container_memory_rss", &format!("{POD},{CONTAINER}"));
    Row::new("CPU and memory")
        .shelf(
            8,
            vec![
                Panel::new(Kind::Timeseries, "CPU", Unit::Count, "Cores in use by pod, and what a pod may use.")
                    .query(
                        Query::new(format!("sum by (pod) (rate({used}[{rate}]))"), "{{pod}}").empty_when(NO_CONTAINERS),
                    )
                    .query(Query::new(format!("max({})", amount("limits", "cpu")), "limit").bound().empty_when(NO_LIMIT)),
                Panel::new(
                    Kind::Timeseries,
                    "CPU throttled",
                    Unit::Ratio,
                    "Share of the scheduler's periods in which it was held back by its limit.",
                )
                .query(
                    Query::new(chosen(scope, "boutique:cpu_throttled:ratio"), "$service")
                        .empty_when("It has no running container with a CPU limit."),
                )
                .scale(Scale::Rising(0.25, 0.5)),
            ],
        )
        .shelf(
            8,
            vec![
                Panel::new(
                    Kind::Timeseries,
                    "Memory",
                    Unit::Bytes,
                    "Working set by pod, and the limit at which the kernel kills it.",
                )
                .query(
                    Query::new(chosen(scope, "boutique:memory_working_set_bytes"), "{{pod}}").empty_when(NO_CONTAINERS),
                )
                .query(
                    Query::new(format!("max({})", amount("limits", "memory")), "limit").bound().empty_when(NO_LIMIT),
                ),
                Panel::new(
                    Kind::Timeseries,
                    "Memory without page cache",
                    Unit::Bytes,
                    "Resident set by pod: what a leak would fill. The working set holds files that were read lately, too.",
                )
                .query(Query::new(format!("sum by (pod) ({rss})"), "{{pod}}").empty_when(NO_CONTAINERS)),
                Panel::new(
                    Kind::Events,
                    "Killed for memory",
                    Unit::Count,
                    "Containers that ended as OOMKilled and were started again.",
                )
                .query(
                    Query::new(killed_for_memory(scope, POD, rate), "{{pod}}")
                        .empty_when("No container of it was killed for memory lately."),
                ),
            ],
        )
}

const NO_LIMIT: &str = "It has no limit.";
