//! Counts, ratios and burn rates over every window.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{JOURNEYS_JOB, Scope};
use super::super::signals;

const ALL: &str = "boutique:sli_all:count";
const BAD: &str = "boutique:sli_bad:count";

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let mut rules = counters(scope);
    for window in scope.pace.windows() {
        rules.extend(requests(scope, window));
        rules.extend(spans(scope, "latency", window, None));
        rules.extend(journeys(scope, window));
    }
    let (bad, all) = (scope.recorded(BAD, ""), scope.recorded(ALL, ""));
    let ratio = scope.recorded("boutique:sli_bad:ratio", "");
    let objective = scope.recorded("boutique:slo_objective:ratio", "");
    // One rule each for all windows and indicators: they are labels. Nothing where nothing was asked.
    rules.push(scope.record(
        "boutique:sli_bad:ratio",
        format!("clamp_max(sum by (sli, window) ({bad}) / (sum by (sli, window) ({all}) > 0), 1)"),
        [],
    ));
    rules.push(scope.record(
        "boutique:slo_burn:rate",
        format!("{ratio} / on (sli) group_left () (1 - {objective})"),
        [],
    ));
    rules
}

/// The collector's counters of what the frontend served, summed to one series for each collector pod; bad ones begin with
/// zero, for the reason that `boutique:errors:total` gives.
fn counters(scope: &Scope<'_>) -> Vec<Rule> {
    let sum = |series: String| format!("sum by (pod) ({series})");
    let served = sum(signals::of_frontend(scope, signals::FRONTEND_CALLS, ""));
    let failed = sum(signals::of_frontend(scope, signals::FRONTEND_CALLS, r#"boutique_outcome="error""#));
    let timed = sum(signals::of_frontend(scope, signals::FRONTEND_COUNT, ""));
    let bound = bound(scope.spec.slo.latency_ms);
    let in_time = sum(signals::of_frontend(scope, signals::FRONTEND_UNDER, &format!(r#"le=~"{bound}""#)));
    let record = |name, expr: String, sli| scope.record(name, expr, [("sli", sli), ("source", "spans")]);
    vec![
        record("boutique:sli_all:total", served.clone(), "requests"),
        record("boutique:sli_bad:total", format!("{failed} or {served} * 0"), "requests"),
        record("boutique:sli_all:total", timed.clone(), "latency"),
        record("boutique:sli_bad:total", format!("{timed} - {in_time}"), "latency"),
    ]
}

/// A bound of the histogram as the label `le` has it: Prometheus 3 writes whole numbers with `.0`, older ones do not.
fn bound(milliseconds: i64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    if rest == 0 {
        return format!("{seconds}|{seconds}[.]0");
    }
    let fraction = format!("{rest:03}");
    format!("{seconds}[.]{}", fraction.trim_end_matches('0'))
}

/// Spans of the frontend or the edge, never both: what the edge counts, the frontend counts again.
///
/// The edge sees what the frontend cannot, a frontend that is gone, so it is asked first, if traffic flows through it: if
/// it saw at least half as many requests as the frontend served. Upstream's load generator goes past the edge, and then
/// the edge knows nothing but our own journeys.
fn requests(scope: &Scope<'_>, window: Span) -> Vec<Rule> {
    let all = signals::counted(scope);
    if all.is_empty() {
        return spans(scope, "requests", window, None);
    }
    let increase = |selectors: &[String]| {
        let each: Vec<String> = selectors.iter().map(|selector| format!("increase({selector}[{window}])")).collect();
        format!("sum({})", each.join(" or "))
    };
    let served = sum_of(scope, "boutique:sli_all:total", "requests", window);
    let chosen = scope.recorded(ALL, &format!(r#"sli="requests",source="edge",window="{window}""#));
    let edge = |name, expr: String| {
        scope.record(name, expr, [("sli", "requests"), ("source", "edge"), ("window", &window.to_string())])
    };
    let all = increase(&all);
    let failed = increase(&signals::with_status(scope, '5'));
    let mut rules = vec![
        edge(ALL, format!("({all} > 0) unless (2 * {all} < {served})")),
        edge(BAD, format!("({failed} or sum({chosen}) * 0) and on () {chosen}")),
    ];
    rules.extend(spans(scope, "requests", window, Some(&chosen)));
    rules
}

fn sum_of(scope: &Scope<'_>, name: &str, sli: &str, window: Span) -> String {
    format!("sum(increase({}[{window}]))", scope.recorded(name, &format!(r#"sli="{sli}",source="spans""#)))
}

/// What the spans say, unless another source does.
fn spans(scope: &Scope<'_>, sli: &str, window: Span, unless: Option<&str>) -> Vec<Rule> {
    let unless = unless.map(|other| format!(" unless on () {other}")).unwrap_or_default();
    [(ALL, "boutique:sli_all:total"), (BAD, "boutique:sli_bad:total")]
        .map(|(count, total)| {
            let expr = format!("{}{unless}", sum_of(scope, total, sli, window));
            scope.record(count, expr, [("sli", sli), ("source", "spans"), ("window", &window.to_string())])
        })
        .into()
}

fn journeys(scope: &Scope<'_>, window: Span) -> Vec<Rule> {
    if scope.spec.journeys.is_empty() {
        return Vec::new();
    }
    let success = scope.probed("probe_success", JOURNEYS_JOB, "");
    let all = format!("sum(count_over_time({success}[{window}]))");
    let good = format!("sum(sum_over_time({success}[{window}]))");
    let labels = window.to_string();
    let labels = [("sli", "journeys"), ("source", "journeys"), ("window", labels.as_str())];
    vec![scope.record(ALL, all.clone(), labels), scope.record(BAD, format!("{all} - {good}"), labels)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_seconds_with_and_without_a_fraction() {
        for (milliseconds, written) in [(500, "0[.]5"), (5, "0[.]005"), (2500, "2[.]5"), (1000, "1|1[.]0")] {
            assert_eq!(bound(milliseconds), written);
        }
    }
}
