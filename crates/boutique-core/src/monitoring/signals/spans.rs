//! Requests as the collector counts them from spans: rate, errors and duration of every service.
//!
//! Names of series and labels are those of the contrib collector's `spanmetrics` connector with the settings that the
//! stack renders; `boutique_*` are attributes that its pipeline sets. The frontend is counted by its own server spans,
//! everybody else by the client spans of the callers: upstream's cartservice, adservice and shippingservice make no spans
//! (upstream's sources, v0.10.6), and a service that is gone makes none either, while its callers still do.

use super::super::rule::Rule;
use super::super::scope::{COLLECTOR, Scope, renamed};
use super::QUANTILES;

const CALLS: &str = "traces_span_metrics_calls_total";
const BUCKET: &str = "traces_span_metrics_duration_seconds_bucket";

/// Which frontend's requests: every one.
pub(in super::super) const FRONTEND_CALLS: &str = CALLS;
/// The same out of the histogram.
pub(in super::super) const FRONTEND_COUNT: &str = "traces_span_metrics_duration_seconds_count";
/// Those that took no longer than the bound `le`.
pub(in super::super) const FRONTEND_UNDER: &str = BUCKET;

/// A span metric of the requests that the frontend served.
pub(in super::super) fn of_frontend(scope: &Scope<'_>, metric: &str, matchers: &str) -> String {
    spans(scope, metric, r#"span_kind="SPAN_KIND_SERVER",boutique_service="frontend""#, matchers)
}

/// A span metric of the calls that somebody made to any other service.
fn of_others(scope: &Scope<'_>, metric: &str, matchers: &str) -> String {
    spans(scope, metric, r#"span_kind="SPAN_KIND_CLIENT",boutique_service!~"|frontend""#, matchers)
}

fn spans(scope: &Scope<'_>, metric: &str, which: &str, matchers: &str) -> String {
    let comma = if matchers.is_empty() { "" } else { "," };
    scope.of_namespace(metric, &format!(r#"job="{COLLECTOR}",{which}{comma}{matchers}"#))
}

/// Every service's series of a span metric, `service` being who answered.
fn by_service(scope: &Scope<'_>, metric: &str, matchers: &str, over: impl Fn(&str) -> String) -> String {
    let (frontend, others) = (of_frontend(scope, metric, matchers), of_others(scope, metric, matchers));
    renamed(&format!("{} or {}", over(&frontend), over(&others)), "service", "boutique_service")
}

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let spans = [("source", "spans")];
    let mut rules = counters(scope);
    let rate = scope.rate();
    for (counter, name) in
        [("boutique:requests:total", "boutique:requests:rate"), ("boutique:errors:total", "boutique:errors:rate")]
    {
        let counted = scope.recorded(counter, r#"source="spans""#);
        rules.push(scope.record(name, format!("sum by (service) (rate({counted}[{rate}]))"), spans));
    }
    for (quantile, suffix) in QUANTILES {
        let buckets = by_service(scope, BUCKET, "", |series| format!("rate({series}[{rate}])"));
        // Not a number without requests, and no comparison holds for that.
        let expr = format!("histogram_quantile({quantile}, sum by (service, le) ({buckets})) >= 0");
        rules.push(scope.record(&format!("boutique:latency_seconds:{suffix}"), expr, spans));
    }
    rules.extend(pages(scope));
    rules
}

/// The collector's counters, summed to one series for each service and collector pod.
///
/// A series of errors exists from the first error on, and `rate` does not see the value with which a series begins: an
/// error now and then would never count. Here errors begin with zero where requests are known. Summing before `rate` is
/// right because all series of one collector pod begin and end together and the stack lets none expire.
fn counters(scope: &Scope<'_>) -> Vec<Rule> {
    let sum = |matchers: &str| {
        format!("sum by (service, pod) ({})", by_service(scope, CALLS, matchers, |series| series.to_owned()))
    };
    let requests = scope.recorded("boutique:requests:total", r#"source="spans""#);
    let errors = format!("{} or sum by (service, pod) ({requests}) * 0", sum(r#"boutique_outcome="error""#));
    let spans = [("source", "spans")];
    vec![scope.record("boutique:requests:total", sum(""), spans), scope.record("boutique:errors:total", errors, spans)]
}

/// The frontend's requests by page.
fn pages(scope: &Scope<'_>) -> Vec<Rule> {
    let rate = scope.rate();
    let by_page = |metric: &str, matchers: &str, labels: &str| {
        let series = of_frontend(scope, metric, &format!(r#"boutique_page!=""{matchers}"#));
        format!("sum by ({labels}) ({})", renamed(&format!("rate({series}[{rate}])"), "page", "boutique_page"))
    };
    let requests = by_page(CALLS, "", "page");
    let errors = by_page(CALLS, r#",boutique_outcome="error""#, "page");
    let buckets = by_page(BUCKET, "", "page, le");
    vec![
        scope.record("boutique:page_requests:rate", requests.clone(), []),
        scope.record("boutique:page_errors:ratio", format!("({errors} or {requests} * 0) / ({requests} > 0)"), []),
        scope.record("boutique:page_latency_seconds:p95", format!("histogram_quantile(0.95, {buckets}) >= 0"), []),
    ]
}
