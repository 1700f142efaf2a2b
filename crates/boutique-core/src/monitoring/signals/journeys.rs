//! Requests that the blackbox exporter makes as a shopper would: the only source that also speaks when nobody shops, and
//! when the frontend is gone altogether.
//!
//! A probe is one sample for each interval (`probe_success`, `probe_duration_seconds` of the blackbox exporter), so sums
//! and counts of samples are sums and counts of requests.

use super::super::rule::Rule;
use super::super::scope::{COLLECTOR, JOURNEYS_JOB, Scope};
use super::QUANTILES;

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    if scope.spec.journeys.is_empty() {
        return Vec::new();
    }
    let rate = scope.rate();
    let seconds = rate.seconds();
    let success = scope.probed("probe_success", JOURNEYS_JOB, "");
    let duration = scope.probed("probe_duration_seconds", JOURNEYS_JOB, "");
    let labels = [("source", "journeys"), ("service", "frontend")];
    let made = format!("sum(count_over_time({success}[{rate}]))");
    let mut rules = vec![
        scope.record("boutique:requests:rate", format!("{made} / {seconds}"), labels),
        scope.record(
            "boutique:errors:rate",
            format!("({made} - sum(sum_over_time({success}[{rate}]))) / {seconds}"),
            labels,
        ),
    ];
    for (quantile, suffix) in QUANTILES {
        // There is no histogram of them: the quantile of each journey, then that of all.
        let expr = format!("quantile({quantile}, quantile_over_time({quantile}, {duration}[{rate}]))");
        rules.push(scope.record(&format!("boutique:latency_seconds:{suffix}"), expr, labels));
    }
    rules.push(scope.record(
        "boutique:journey_success:ratio",
        format!("avg by (journey, via) (avg_over_time({success}[{rate}]))"),
        [],
    ));
    rules
}

/// Requests of shoppers: those that the frontend served (or the edge, where there are no spans) without our own journeys.
///
/// Zero, not nothing, while the collector is there and the frontend says nothing.
pub(super) fn shoppers(scope: &Scope<'_>) -> Rule {
    let rate = scope.rate();
    let of =
        |source: &str| scope.recorded("boutique:requests:rate", &format!(r#"source="{source}",service="frontend""#));
    let up = scope.of_namespace("up", &format!(r#"job="{COLLECTOR}""#));
    let spans = format!("(sum({}) or max({up} == 1) * 0)", of("spans"));
    let journeys = |matchers: &str| {
        let success = scope.probed("probe_success", JOURNEYS_JOB, matchers);
        format!("(sum(count_over_time({success}[{rate}])) / {} or vector(0))", rate.seconds())
    };
    let mut expr = format!("clamp_min({spans} - {}, 0)", journeys(""));
    if scope.spec.ingress.is_some() {
        expr = format!("{expr} or clamp_min(sum({}) - {}, 0)", of("edge"), journeys(r#"via="edge""#));
    }
    scope.record("boutique:shopper_requests:rate", expr, [])
}
