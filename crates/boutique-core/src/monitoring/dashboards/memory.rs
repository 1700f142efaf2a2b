//! Memory of the shop's pods: how near each is to its limit, what was killed, and what will be.

use super::Dashboard;
use super::layout::Row;
use super::marks::{killed_for_memory, last_end_was_a_kill, marks};
use super::panel::{Kind, Panel, Scale, Unit};
use super::query::{Query, Variable, services};
use crate::monitoring::pace::Span;
use crate::monitoring::scope::Scope;
use crate::monitoring::spec::MonitoringSpec;

const SERVICE: &str = "service=~\"$service\"";
const POD: &str = "pod=~\"($service)-[a-z0-9]+-[a-z0-9]+\"";
const CONTAINER: &str = "container!=\"\",container!=\"POD\"";
const NO_LIMIT: &str = "No container has a limit.";
const YOUNG: &str = "No pod with a limit has run for long enough to be judged.";
const NOT_GROWING: &str = "No pod grows towards its limit.";
const NONE_KILLED: &str = "No container was killed for memory lately.";

pub(super) fn dashboard(spec: &MonitoringSpec) -> Dashboard {
    let scope = Scope::of(spec);
    let mut dashboard = Dashboard::new(
        spec,
        "memory",
        "pod memory",
        "How near each pod is to its limit, which were killed for it, and which are on the way.",
    );
    dashboard.variables.push(Variable::Some { name: "service", label: "Service", options: services() });
    dashboard.annotations = marks(&scope);
    dashboard.rows = vec![limits(&scope), kills(&scope), forecast(&scope)];
    dashboard
}

fn working_set(scope: &Scope<'_>) -> String {
    scope.recorded("boutique:memory_working_set_bytes", SERVICE)
}

/// Limits of the chosen pods, one series for each.
fn limit(scope: &Scope<'_>) -> String {
    format!(
        "sum by (pod) ({})",
        scope.of_namespace("kube_pod_container_resource_limits", &format!("resource=\"memory\",{POD}"))
    )
}

/// `value` by its pod's limit.
fn by_limit(scope: &Scope<'_>, value: &str) -> String {
    format!("sum by (service, pod) ({value}) / on (pod) group_left () {}", limit(scope))
}

fn limits(scope: &Scope<'_>) -> Row {
    let rss = scope.of_namespace("container_memory_rss", &format!("{POD},{CONTAINER}"));
    Row::new("Working set against limit")
        .shelf(
            9,
            vec![
                Panel::new(
                    Kind::BarGauge,
                    "Share of the limit",
                    Unit::Ratio,
                    "Working set by limit; at 1 the kernel kills the container.",
                )
                .query(Query::new(by_limit(scope, &working_set(scope)), "{{pod}}").empty_when(NO_LIMIT))
                .scale(Scale::Rising(0.7, 0.9))
                .max(1.0),
                Panel::new(
                    Kind::Timeseries,
                    "Share of the limit, over time",
                    Unit::Ratio,
                    "The same, as it came to be.",
                )
                .query(Query::new(by_limit(scope, &working_set(scope)), "{{pod}}").empty_when(NO_LIMIT))
                .scale(Scale::Rising(0.7, 0.9)),
            ],
        )
        .shelf(
            8,
            vec![
                Panel::new(Kind::Timeseries, "Working set", Unit::Bytes, "By pod; what is compared with the limit.")
                    .query(Query::new(working_set(scope), "{{pod}}")),
                Panel::new(
                    Kind::Timeseries,
                    "Without page cache",
                    Unit::Bytes,
                    "Resident set by pod. If only the working set grows, files are read, not memory leaked.",
                )
                .query(Query::new(format!("sum by (pod) ({rss})"), "{{pod}}")),
                Panel::new(Kind::Timeseries, "Limits", Unit::Bytes, "By pod.")
                    .query(Query::new(limit(scope), "{{pod}}").empty_when(NO_LIMIT)),
            ],
        )
}

fn kills(scope: &Scope<'_>) -> Row {
    Row::new("Kills").shelf(
        7,
        vec![
            Panel::new(
                Kind::Events,
                "Killed for memory",
                Unit::Count,
                "Containers that ended as OOMKilled and were started again. cAdvisor's counter is not used: it dies with its \
                 container.",
            )
            .query(Query::new(killed_for_memory(scope, POD, scope.pace.container_rate()), "{{pod}}").empty_when(NONE_KILLED)),
            Panel::new(
                Kind::Timeseries,
                "Restarts",
                Unit::Count,
                format!("Containers that ended for any reason within the {} before.", scope.pace.burns[0].long),
            )
                .query(Query::new(scope.recorded("boutique:restarts:increase", SERVICE), "{{service}}")),
            Panel::new(
                Kind::Table { key: "pod", heading: "Pod", leads_to: None },
                "Whose last end was a kill for memory",
                Unit::Count,
                "However long ago, as long as the pod lives.",
            )
            .query(Query::new(last_end_was_a_kill(scope, POD), "Killed").empty_when("No pod of the shop was killed for memory.")),
        ],
    )
}

fn forecast(scope: &Scope<'_>) -> Row {
    let (window, horizon, age) = (scope.pace.leak_window, scope.pace.leak_horizon, scope.pace.leak_age);
    let set = working_set(scope);
    let old = old(scope, age);
    let ahead = by_limit(scope, &format!("predict_linear({set}[{window}], {})", horizon.seconds()));
    let growth = format!("sum by (service, pod) (deriv({set}[{window}]))");
    let left = format!(
        "(({limit} - on (pod) sum by (pod) ({set})) / on (pod) (sum by (pod) (deriv({set}[{window}])) > 0)) and on (pod) {old}",
        limit = limit(scope),
    );
    Row::new("Forecast").shelf(
        8,
        vec![
            Panel::new(
                Kind::Timeseries,
                "Share of the limit, forecast",
                Unit::Ratio,
                format!(
                    "Where a straight line through the last {window} leads in {horizon}; above 1 is a kill. Containers \
                     younger than {age} still warm up and are left out."
                ),
            )
            .query(Query::new(format!("({ahead}) and on (pod) {old}"), "{{pod}}").empty_when(YOUNG))
            .scale(Scale::Rising(0.9, 1.0)),
            Panel::new(
                Kind::Timeseries,
                "Growth",
                Unit::BytesPerSecond,
                format!("Of the working set over {window}; a leak goes on for hours, a warm-up ends."),
            )
            .query(Query::new(growth, "{{pod}}")),
            Panel::new(
                Kind::Stat,
                "Time until the first kill",
                Unit::Seconds,
                "If the pod that is nearest to its limit goes on growing as it does.",
            )
            .query(Query::new(format!("min({left})"), "").empty_when(NOT_GROWING))
            .scale(Scale::Falling(f64::from(horizon.seconds()) / 4.0, f64::from(horizon.seconds()))),
        ],
    )
}

/// Pods whose youngest container has run for `age`.
fn old(scope: &Scope<'_>, age: Span) -> String {
    format!(
        "(time() - max by (pod) ({}) > {})",
        scope.of_namespace("kube_pod_container_state_started", POD),
        age.seconds()
    )
}
