//! The shop as its shoppers see it: golden signals, what is left of the budget and how fast it burns, orders and mails.

use super::layout::Row;
use super::marks::{FIRING, NOTHING_FIRES, marks};
use super::panel::{Kind, Panel, Scale, States, Unit};
use super::query::Query;
use super::{Dashboard, uid};
use crate::monitoring::scope::{JOURNEYS_JOB, Scope};
use crate::monitoring::spec::MonitoringSpec;

const UNTRACED: &str = "The stack has no tracing and no ingress with request metrics, or nothing was asked lately.";
const NO_SPANS: &str = "The stack has no tracing, or nothing was asked of it lately.";
const NO_JOURNEY: &str = "The blackbox exporter makes no journeys.";
const NO_REQUESTS: &str = "Nothing was asked, so nothing was good or bad.";

pub(super) fn dashboard(spec: &MonitoringSpec) -> Dashboard {
    let scope = Scope::of(spec);
    let mut dashboard = Dashboard::new(
        spec,
        "shop",
        "golden signals and objective",
        "What shoppers get, what was promised to them, and which service is to blame. Marks are alerts, kills for memory and \
         restarts; a fault by kubectl boutique break has no series of its own and shows by what it sets off.",
    );
    dashboard.annotations = marks(&scope);
    dashboard.rows =
        vec![now(spec, &scope), signals(&scope), promise(spec, &scope), journeys(&scope), blame(spec, &scope)];
    dashboard
}

/// What reaches the frontend: by its own spans, else by what the edge counted.
fn shoppers(scope: &Scope<'_>, name: &str) -> String {
    let of = |source: &str| scope.recorded(name, &format!("service=\"frontend\",source=\"{source}\""));
    format!("max({}) or max({})", of("spans"), of("edge"))
}

fn now(spec: &MonitoringSpec, scope: &Scope<'_>) -> Row {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a page are few")]
    let slow = spec.slo.latency_ms as f64 / 1000.0;
    // Without the dust of binary fractions.
    let bad = ((100.0 - spec.slo.availability) * 1e7).round() / 1e9;
    Row::new("Now").shelf(
        4,
        vec![
            Panel::new(Kind::Stat, "Requests", Unit::Requests, "Requests per second that reach the frontend.")
                .query(Query::new(shoppers(scope, "boutique:requests:rate"), "").empty_when(UNTRACED)),
            Panel::new(Kind::Stat, "Errors", Unit::Ratio, "Share of requests that the shop failed, by its own fault.")
                .query(Query::new(shoppers(scope, "boutique:errors:ratio"), "").empty_when(UNTRACED))
                .scale(Scale::Rising(bad, 10.0 * bad)),
            Panel::new(Kind::Stat, "Slowest of twenty", Unit::Seconds, "95 of 100 pages take no longer.")
                .query(Query::new(shoppers(scope, "boutique:latency_seconds:p95"), "").empty_when(UNTRACED))
                .scale(Scale::Rising(slow, 4.0 * slow)),
            Panel::new(Kind::Stat, "Budget left", Unit::Ratio, "The least that is left of any objective's budget.")
                .query(
                    Query::new(format!("min({})", scope.recorded("boutique:slo_budget_left:ratio", "")), "")
                        .empty_when(NO_REQUESTS),
                )
                .scale(Scale::Falling(0.0, 0.25)),
            Panel::new(Kind::Stat, "Services ready", Unit::Ratio, "The worst service's share of ready replicas.")
                .query(Query::new(format!("min({})", scope.recorded("boutique:replicas_ready:ratio", "")), ""))
                .scale(Scale::Falling(0.5, 1.0)),
            Panel::new(Kind::Stat, "Alerts", Unit::Count, "Alerts of this shop that fire.")
                .query(Query::new(format!("count({}) or vector(0)", scope.recorded("ALERTS", FIRING)), ""))
                .scale(Scale::Rising(1.0, 1.0)),
        ],
    )
}

fn signals(scope: &Scope<'_>) -> Row {
    let frontend = |name: &str| scope.recorded(name, "service=\"frontend\"");
    Row::new("Golden signals")
        .shelf(
            8,
            vec![
                Panel::new(
                    Kind::Timeseries,
                    "Traffic",
                    Unit::Requests,
                    "Requests per second to the frontend by where they were seen: in its spans, at the edge, or as journeys.",
                )
                .query(Query::new(frontend("boutique:requests:rate"), "{{source}}").empty_when(UNTRACED)),
                Panel::new(
                    Kind::Timeseries,
                    "Errors",
                    Unit::Ratio,
                    "Share of failed requests by where it was seen. The edge of F5's nginx cannot see a shop that does not \
                     answer at all; journeys can.",
                )
                .query(Query::new(frontend("boutique:errors:ratio"), "{{source}}").empty_when(UNTRACED)),
                Panel::new(
                    Kind::Timeseries,
                    "Latency",
                    Unit::Seconds,
                    "How long the frontend takes: half, 95 and 99 of 100 requests take no longer.",
                )
                .query(
                    Query::new(frontend("boutique:latency_seconds:p50"), "p50 {{source}}").empty_when(UNTRACED),
                )
                .query(Query::new(frontend("boutique:latency_seconds:p95"), "p95 {{source}}").empty_when(UNTRACED))
                .query(Query::new(frontend("boutique:latency_seconds:p99"), "p99 {{source}}").empty_when(UNTRACED)),
            ],
        )
        .shelf(
            8,
            vec![
                Panel::new(Kind::Timeseries, "Traffic by page", Unit::Requests, "Requests per second by page.")
                    .query(Query::new(scope.recorded("boutique:page_requests:rate", ""), "{{page}}").empty_when(NO_SPANS)),
                Panel::new(Kind::Timeseries, "Errors by page", Unit::Ratio, "Share of failed requests by page.")
                    .query(Query::new(scope.recorded("boutique:page_errors:ratio", ""), "{{page}}").empty_when(NO_SPANS)),
                Panel::new(Kind::Timeseries, "Latency by page", Unit::Seconds, "95 of 100 pages take no longer.")
                    .query(
                        Query::new(scope.recorded("boutique:page_latency_seconds:p95", ""), "{{page}}").empty_when(NO_SPANS),
                    ),
            ],
        )
        .shelf(
            8,
            vec![
                Panel::new(
                    Kind::Timeseries,
                    "CPU by service",
                    Unit::Ratio,
                    "Use by limit; by request where there is no limit.",
                )
                .query(Query::new(scope.recorded("boutique:cpu:ratio", ""), "{{service}}"))
                .scale(Scale::Rising(0.8, 0.95)),
                Panel::new(
                    Kind::Timeseries,
                    "Memory by service",
                    Unit::Ratio,
                    "Working set of the service's worst pod by its limit; at 1 the kernel kills it.",
                )
                .query(Query::new(scope.recorded("boutique:memory:ratio", ""), "{{service}}"))
                .scale(Scale::Rising(0.8, 0.95)),
                Panel::new(
                    Kind::Timeseries,
                    "Orders and mails",
                    Unit::PerSecond,
                    "Orders placed per second, and those whose confirmation mail was not sent: the shop says nothing then.",
                )
                .query(Query::new(scope.recorded("boutique:orders:rate", ""), "orders").empty_when(NO_SPANS))
                .query(Query::new(scope.recorded("boutique:mails_missing:rate", ""), "mails missing").empty_when(NO_SPANS)),
            ],
        )
}

fn promise(spec: &MonitoringSpec, scope: &Scope<'_>) -> Row {
    let pace = scope.pace;
    let windows = pace.burns.map(|burn| format!("{} and {} at {}", burn.long, burn.short, burn.factor)).join("; ");
    let days = spec.slo.period_days;
    let fast = pace.burns[0];
    Row::new("Promise")
        .shelf(
            8,
            vec![
                Panel::new(
                    Kind::Timeseries,
                    "Budget left",
                    Unit::Ratio,
                    format!("What is left of the errors that {days} days allow; below zero the promise is broken."),
                )
                .query(
                    Query::new(scope.recorded("boutique:slo_budget_left:ratio", ""), "{{sli}}").empty_when(NO_REQUESTS),
                )
                .scale(Scale::Falling(0.0, 0.25)),
                Panel::new(
                    Kind::Timeseries,
                    "Burn rate",
                    Unit::Count,
                    format!(
                        "How many times faster than the period allows the budget burns. An alert needs both windows of a \
                         pair above its factor: {windows}."
                    ),
                )
                .query(
                    Query::new(
                        scope.recorded("boutique:slo_burn:rate", &format!("window=~\"{}|{}\"", fast.short, fast.long)),
                        "{{sli}} {{window}}",
                    )
                    .empty_when(NO_REQUESTS),
                )
                .scale(Scale::Rising(pace.burns[1].factor, fast.factor)),
            ],
        )
        .shelf(
            6,
            vec![
                Panel::new(
                    Kind::Table {
                        key: "sli",
                        heading: "Objective of",
                        leads_to: None,
                    },
                    "Objectives",
                    Unit::Ratio,
                    "What is promised and what is left of it.",
                )
                .query(Query::new(
                    format!("max by (sli) ({})", scope.recorded("boutique:slo_objective:ratio", "")),
                    "Promised",
                ))
                .query(
                    Query::new(format!("min by (sli) ({})", scope.recorded("boutique:slo_budget_left:ratio", "")), "Left")
                        .empty_when(NO_REQUESTS),
                ),
                Panel::new(
                    Kind::BarGauge,
                    "Bad by window",
                    Unit::Ratio,
                    "Share of bad requests over every window that alerts look at.",
                )
                .query(
                    Query::new(scope.recorded("boutique:sli_bad:ratio", ""), "{{sli}} {{window}}").empty_when(NO_REQUESTS),
                ),
                Panel::new(
                    Kind::Stat,
                    "Period seen",
                    Unit::Ratio,
                    format!("How much of the {days} days was watched; the rest counts as without errors."),
                )
                .query(Query::new(format!("max({})", scope.recorded("boutique:slo_window_filled:ratio", "")), ""))
                .max(1.0),
            ],
        )
}

fn journeys(scope: &Scope<'_>) -> Row {
    Row::new("Journeys and reachability").shelf(
        8,
        vec![
            Panel::new(
                Kind::StateTimeline(States::Up),
                "Journeys",
                Unit::None,
                "What the blackbox exporter does as a shopper would, through the edge and without it.",
            )
            .query(
                Query::new(scope.probed("probe_success", JOURNEYS_JOB, ""), "{{journey}} by {{via}}")
                    .empty_when(NO_JOURNEY),
            ),
            Panel::new(Kind::Timeseries, "Time of journeys", Unit::Seconds, "How long each takes, with its connection.")
                .query(
                    Query::new(scope.probed("probe_duration_seconds", JOURNEYS_JOB, ""), "{{journey}} by {{via}}")
                        .empty_when(NO_JOURNEY),
                ),
            Panel::new(
                Kind::StateTimeline(States::Share),
                "Reachable",
                Unit::Ratio,
                "Whether each service answers its health check. Never part of errors or objective: a health check's answer is \
                 constant.",
            )
            .query(Query::new(scope.recorded("boutique:reachable:ratio", ""), "{{service}}")),
        ],
    )
}

fn blame(spec: &MonitoringSpec, scope: &Scope<'_>) -> Row {
    let worst = |name: &str, more: &str| format!("max by (service) ({})", scope.recorded(name, more));
    let spans = "source=\"spans\"";
    Row::new("Services")
        .shelf(
            11,
            vec![
                Panel::new(
                    Kind::Table {
                        key: "service",
                        heading: "Service",
                        leads_to: Some((uid(spec, "service"), "service")),
                    },
                    "Services",
                    Unit::Ratio,
                    "One line for each service, as its callers see it; a name leads to its dashboard.",
                )
                .query(
                    Query::new(worst("boutique:requests:rate", spans), "Requests")
                        .unit(Unit::Requests)
                        .empty_when(NO_SPANS),
                )
                .query(Query::new(worst("boutique:errors:ratio", spans), "Errors").empty_when(NO_SPANS))
                .query(
                    Query::new(worst("boutique:latency_seconds:p95", spans), "p95")
                        .unit(Unit::Seconds)
                        .empty_when(NO_SPANS),
                )
                .query(Query::new(worst("boutique:cpu:ratio", ""), "CPU"))
                .query(Query::new(worst("boutique:memory:ratio", ""), "Memory"))
                .query(Query::new(
                    format!("min by (service) ({})", scope.recorded("boutique:replicas_ready:ratio", "")),
                    "Ready",
                ))
                .query(Query::new(worst("boutique:restarts:increase", ""), "Restarts").unit(Unit::Count)),
            ],
        )
        .shelf(
            6,
            vec![
                Panel::new(
                    Kind::Table { key: "alertname", heading: "Alert", leads_to: None },
                    "Alerts that fire",
                    Unit::Count,
                    "Each has a runbook page and the command to type.",
                )
                .query(
                    Query::new(
                        format!("count by (alertname, severity, service) ({})", scope.recorded("ALERTS", FIRING)),
                        "Series",
                    )
                    .empty_when(NOTHING_FIRES),
                ),
            ],
        )
}
