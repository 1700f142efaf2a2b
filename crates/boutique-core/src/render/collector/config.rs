//! The collector's configuration: which service answered, which page it was, and whether it went well.
//!
//! Three attributes are set on each span and become the labels of its metrics; everything else of the span is left behind,
//! so that the number of series depends on the shop's code and never on what visitors ask for:
//!
//! - `boutique.service`: who answers. For a page that is the frontend. For a gRPC call it is the callee, which the name of
//!   the span tells, so that the callers' spans also cover the services that do not trace.
//! - `boutique.page`: which page, for pages only.
//! - `boutique.outcome`: `ok` or `error`. What the caller caused is no error of who answers.
//!
//! Written for the components of release 0.157; both generations of OpenTelemetry's semantic conventions are read, because
//! upstream's Go services write the new one, Node and Python the old one.

use serde_json::{Value, json};

use super::{HEALTH_PORT, METRICS_PORT, SPANS_PORT};
use crate::monitoring::buckets::BUCKETS_MS;
use crate::service::Service;
use crate::spec::StackSpec;

/// The gRPC services and who answers for them.
const CALLS: [(&str, Service); 9] = [
    ("CartService", Service::Cartservice),
    ("ProductCatalogService", Service::Productcatalogservice),
    ("CurrencyService", Service::Currencyservice),
    ("PaymentService", Service::Paymentservice),
    ("ShippingService", Service::Shippingservice),
    ("EmailService", Service::Emailservice),
    ("CheckoutService", Service::Checkoutservice),
    ("RecommendationService", Service::Recommendationservice),
    ("AdService", Service::Adservice),
];

/// Pages by method (any where it is empty) and exact path.
const PAGES: [(&str, &str, &str); 10] = [
    ("home", "", "/"),
    ("cart", "", "/cart"),
    ("add_to_cart", "POST", "/cart"),
    ("empty_cart", "", "/cart/empty"),
    ("checkout", "", "/cart/checkout"),
    ("currency", "", "/setCurrency"),
    ("logout", "", "/logout"),
    ("assistant", "", "/assistant"),
    ("assistant", "", "/bot"),
    ("product", "", "/product/{id}"),
];

/// Codes that say that a call went well or that its caller is at fault, as the new and as the old conventions write them.
/// 400 is what paymentservice says of a card that it declines.
const GOOD_CODES: [(&str, u32); 5] =
    [("OK", 0), ("CANCELLED", 1), ("INVALID_ARGUMENT", 3), ("NOT_FOUND", 5), ("CODE(400)", 400)];

const PATH: &str = r#"span.attributes["boutique.path"]"#;
const METHOD: &str = r#"span.attributes["boutique.method"]"#;
const SERVICE: &str = r#"span.attributes["boutique.service"]"#;
const PAGE: &str = r#"span.attributes["boutique.page"]"#;
const OUTCOME: &str = r#"span.attributes["boutique.outcome"]"#;

/// The configuration for a shop's collector that may use so many MiB of memory.
#[must_use]
pub fn config(spec: &StackSpec, memory_mib: i128) -> Value {
    json!({
        "extensions": {"health_check": {"endpoint": format!("0.0.0.0:{HEALTH_PORT}")}},
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": format!("0.0.0.0:{SPANS_PORT}")}}}},
        "processors": {
            // Above it spans are refused, and the services drop them: metrics with a gap rather than none.
            "memory_limiter": {
                "check_interval": "1s",
                "limit_mib": share(memory_mib, 80),
                "spike_limit_mib": share(memory_mib, 20),
            },
            "transform": {
                "error_mode": "ignore",
                "trace_statements": [
                    // Node's SDK names its process and host, which would make a restart a series of its own.
                    {"context": "resource", "statements": [r#"keep_keys(resource.attributes, ["service.name"])"#]},
                    {"context": "span", "statements": statements(base_path(spec))},
                ],
            },
            "filter": {"error_mode": "ignore", "trace_conditions": dropped(base_path(spec))},
            // Would be the labels job and instance beside those of the scrape.
            "transform/metrics": {
                "error_mode": "ignore",
                "metric_statements": [
                    {"context": "resource", "statements": [r#"delete_key(resource.attributes, "service.name")"#]},
                ],
            },
        },
        "connectors": {
            "span_metrics": {
                // Namespace and unit are pinned: their defaults are on the move.
                "namespace": "traces.span.metrics",
                "histogram": {"unit": "s", "explicit": {"buckets": BUCKETS_MS.map(|bucket| format!("{bucket}ms"))}},
                "dimensions": [
                    {"name": "boutique.service"},
                    {"name": "boutique.page", "default": ""},
                    {"name": "boutique.outcome"},
                ],
                "exclude_dimensions": ["span.name", "status.code", "collector.instance.id"],
                "resource_metrics_key_attributes": ["service.name"],
                // Pages of both outcomes, and each callee once as a server and once for each caller: below 100 in use.
                "aggregation_cardinality_limit": 500,
                "aggregation_temporality": "AGGREGATION_TEMPORALITY_CUMULATIVE",
                "metrics_flush_interval": "5s",
                // A counter that goes away and comes back reads as a fall of the sum that it was part of.
                "metrics_expiration": "0s",
            },
        },
        "exporters": {
            "prometheus": {
                "endpoint": format!("0.0.0.0:{METRICS_PORT}"),
                "translation_strategy": "UnderscoreEscapingWithSuffixes",
                "without_scope_info": true,
            },
        },
        "service": {
            // Its own metrics would need a port of their own, and nobody asks for them.
            "telemetry": {"metrics": {"level": "none"}},
            "extensions": ["health_check"],
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "transform", "filter"],
                    "exporters": ["span_metrics"],
                },
                "metrics": {
                    "receivers": ["span_metrics"],
                    "processors": ["transform/metrics"],
                    "exporters": ["prometheus"],
                },
            },
        },
    })
}

/// So many per cent of an amount, at least one.
pub(super) fn share(amount: i128, percent: i128) -> i64 {
    i64::try_from(amount * percent / 100).unwrap_or(i64::MAX).max(1)
}

/// The path that all pages of the frontend are below, if it has been given one.
fn base_path(spec: &StackSpec) -> &str {
    let env = spec.services.get(&Service::Frontend).map(|frontend| &frontend.env);
    env.and_then(|env| env.get("BASE_URL")).map_or("", |base| base.trim_end_matches('/'))
}

/// What is done to each span, in this order.
fn statements(base: &str) -> Vec<String> {
    let attribute = |name: &str| format!(r#"span.attributes["{name}"]"#);
    // Nobody else may say them.
    let mut statements = vec![r#"delete_matching_keys(span.attributes, "^boutique[.]")"#.to_owned()];

    // The last one that is there counts.
    for path in ["http.route", "http.target", "url.path"].map(attribute) {
        statements.push(format!("set({PATH}, {path}) where span.kind == SPAN_KIND_SERVER and {path} != nil"));
    }
    statements.push(format!(r#"replace_pattern({PATH}, "[?#].*", "") where {PATH} != nil"#));
    for method in ["http.method", "http.request.method"].map(attribute) {
        statements.push(format!("set({METHOD}, {method}) where {PATH} != nil and {method} != nil"));
    }

    statements.push(set(SERVICE, Service::Frontend.name(), &format!("{PATH} != nil")));
    for (rpc, service) in CALLS {
        // Go writes hipstershop.X/Y, Node grpc.hipstershop.X/Y, Python /hipstershop.X/Y.
        let condition = format!(
            r#"{PATH} == nil and (span.kind == SPAN_KIND_CLIENT or span.kind == SPAN_KIND_SERVER) and IsMatch(span.name, "(^|[./])hipstershop[.]{rpc}/")"#
        );
        statements.push(set(SERVICE, service.name(), &condition));
    }

    statements.push(set(PAGE, "other", &format!("{PATH} != nil")));
    for (page, method, path) in PAGES {
        let by_path = match path.strip_suffix("{id}") {
            Some(start) => format!("{PATH} != nil and HasPrefix({PATH}, {})", quoted(&format!("{base}{start}"))),
            None => format!("{PATH} == {}", quoted(&format!("{base}{path}"))),
        };
        let by_method = if method.is_empty() { String::new() } else { format!(r#" and {METHOD} == "{method}""#) };
        statements.push(set(PAGE, page, &format!("{by_path}{by_method}")));
    }

    statements.push(set(OUTCOME, "ok", &format!("{SERVICE} != nil")));
    for status in ["http.response.status_code", "http.status_code"].map(attribute) {
        statements.push(set(OUTCOME, "error", &format!("{PATH} != nil and {status} != nil and {status} >= 500")));
    }
    let (new, old) = (attribute("rpc.response.status_code"), attribute("rpc.grpc.status_code"));
    let not_one_of = |code: &str, good: Vec<String>| {
        let unequal: Vec<String> = good.into_iter().map(|good| format!("{code} != {good}")).collect();
        format!("{PATH} == nil and {SERVICE} != nil and {code} != nil and {}", unequal.join(" and "))
    };
    let names = GOOD_CODES.iter().map(|(name, _)| format!("{name:?}")).collect();
    let numbers = GOOD_CODES.iter().map(|(_, number)| number.to_string()).collect();
    statements.push(set(OUTCOME, "error", &not_one_of(&new, names)));
    statements.push(set(OUTCOME, "error", &not_one_of(&old, numbers)));
    // A span without any code has come to no regular end.
    let codeless = format!(
        "{SERVICE} != nil and {new} == nil and {old} == nil and {} == nil and {} == nil and span.status.code == STATUS_CODE_ERROR",
        attribute("http.response.status_code"),
        attribute("http.status_code")
    );
    statements.push(set(OUTCOME, "error", &codeless));
    statements
}

/// The spans that no metric is made of: probes of the kubelet, files, and whatever is no request to a service of the shop,
/// such as the export of the spans themselves.
fn dropped(base: &str) -> Vec<String> {
    vec![
        format!("{SERVICE} == nil"),
        format!("{PATH} == {}", quoted(&format!("{base}/_healthz"))),
        format!("{PATH} != nil and HasPrefix({PATH}, {})", quoted(&format!("{base}/static/"))),
    ]
}

fn set(attribute: &str, value: &str, condition: &str) -> String {
    format!(r#"set({attribute}, "{value}") where {condition}"#)
}

/// A text in a statement. The collector replaces what follows a dollar sign unless there are two.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#).replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_shop(base: &str) -> StackSpec {
        let mut spec = StackSpec::new("shop", "shop");
        let frontend = spec.services.entry(Service::Frontend).or_default();
        frontend.env.insert("BASE_URL".to_owned(), base.to_owned());
        spec
    }

    #[test]
    fn a_shop_below_a_path_has_its_pages_there() {
        let text = statements(base_path(&mk_shop("/online-boutique/"))).join("\n");
        assert!(text.contains(r#"== "/online-boutique/cart/checkout""#), "{text}");
        assert!(text.contains(r#"HasPrefix(span.attributes["boutique.path"], "/online-boutique/product/")"#), "{text}");
        assert!(dropped("/online-boutique")[1].ends_with(r#"== "/online-boutique/_healthz""#));
    }

    #[test]
    fn a_path_cannot_leave_its_quotes() {
        assert_eq!(quoted(r#"/a"b\${env:HOME}"#), r#""/a\"b\\$${env:HOME}""#);
    }

    #[test]
    fn every_server_of_the_shop_answers_for_something() {
        for service in Service::ALL.into_iter().filter(|service| service.is_stateless_server()) {
            let answers = service == Service::Frontend || CALLS.iter().any(|(_, callee)| *callee == service);
            assert!(answers, "{service}");
        }
    }
}
