//! Spans that no service of today sends: of other conventions, of other programs, and such as somebody might make up.

use std::collections::BTreeMap;

use boutique_core::spec::StackSpec;
use serde_json::{Value, json};

use super::process::Collector;

const CLIENT: u8 = 3;
const SERVER: u8 = 2;

/// A kind, a name, attributes, whether the span itself says that it failed, and what is counted: who answers, which page
/// and with which outcome; nothing where it is no request.
type Row = (u8, &'static str, Value, bool, Option<(&'static str, &'static str, &'static str)>);

fn rows() -> Vec<Row> {
    let frontend = |page, outcome| Some(("frontend", page, outcome));
    vec![
        // Pages in the new and in the old conventions, and by their routes alone.
        (
            SERVER,
            "GET",
            json!({"url.path": "/cart", "http.request.method": "GET", "http.response.status_code": 200}),
            false,
            frontend("cart", "ok"),
        ),
        (
            SERVER,
            "GET",
            json!({"url.path": "/cart", "http.request.method": "HEAD", "http.response.status_code": 500}),
            true,
            frontend("cart", "error"),
        ),
        (
            SERVER,
            "frontend",
            json!({"http.target": "/cart?a=/product/1", "http.method": "POST", "http.status_code": 302}),
            false,
            frontend("add_to_cart", "ok"),
        ),
        (
            SERVER,
            "frontend",
            json!({"http.target": "/product/1#top", "http.method": "GET", "http.status_code": 503}),
            false,
            frontend("product", "error"),
        ),
        (
            SERVER,
            "GET /product/{id}",
            json!({"http.route": "/product/{id}", "http.request.method": "GET", "http.response.status_code": 499}),
            false,
            frontend("product", "ok"),
        ),
        (
            SERVER,
            "GET",
            json!({"url.path": "/product-meta/1", "http.response.status_code": 200}),
            false,
            frontend("other", "ok"),
        ),
        (
            SERVER,
            "POST",
            json!({"url.path": "/bot", "http.response.status_code": 200}),
            false,
            frontend("assistant", "ok"),
        ),
        (SERVER, "GET", json!({"url.path": "/", "http.request.method": "GET"}), true, frontend("home", "error")),
        // Calls, in three spellings and both conventions.
        (
            CLIENT,
            "hipstershop.AdService/GetAds",
            json!({"rpc.response.status_code": "DEADLINE_EXCEEDED"}),
            true,
            Some(("adservice", "", "error")),
        ),
        (
            CLIENT,
            "hipstershop.CurrencyService/Convert",
            json!({"rpc.response.status_code": "INVALID_ARGUMENT"}),
            true,
            Some(("currencyservice", "", "ok")),
        ),
        (
            CLIENT,
            "hipstershop.PaymentService/Charge",
            json!({"rpc.response.status_code": "CODE(400)"}),
            true,
            Some(("paymentservice", "", "ok")),
        ),
        (
            SERVER,
            "grpc.hipstershop.PaymentService/Charge",
            json!({"rpc.grpc.status_code": 400}),
            true,
            Some(("paymentservice", "", "ok")),
        ),
        (
            CLIENT,
            "hipstershop.CartService/GetCart",
            json!({"rpc.response.status_code": "CANCELLED"}),
            true,
            Some(("cartservice", "", "ok")),
        ),
        (
            CLIENT,
            "hipstershop.CartService/GetCart",
            json!({"rpc.grpc.status_code": 9}),
            true,
            Some(("cartservice", "", "error")),
        ),
        (
            CLIENT,
            "/hipstershop.ProductCatalogService/ListProducts",
            json!({"rpc.grpc.status_code": 14}),
            true,
            Some(("productcatalogservice", "", "error")),
        ),
        (
            CLIENT,
            "hipstershop.ProductCatalogService/GetProduct",
            json!({"rpc.grpc.status_code": 5}),
            true,
            Some(("productcatalogservice", "", "ok")),
        ),
        (
            SERVER,
            "/hipstershop.EmailService/SendOrderConfirmation",
            json!({"rpc.grpc.status_code": 0}),
            false,
            Some(("emailservice", "", "ok")),
        ),
        (CLIENT, "hipstershop.ShippingService/GetQuote", json!({}), true, Some(("shippingservice", "", "error"))),
        (CLIENT, "hipstershop.ShippingService/GetQuote", json!({}), false, Some(("shippingservice", "", "ok"))),
        // No requests to a service of the shop.
        (SERVER, "grpc.health.v1.Health/Check", json!({"rpc.response.status_code": "OK"}), false, None),
        (
            CLIENT,
            "opentelemetry.proto.collector.trace.v1.TraceService/Export",
            json!({"rpc.response.status_code": "UNAVAILABLE"}),
            true,
            None,
        ),
        (CLIENT, "xhipstershop.CartService/GetCart", json!({}), false, None),
        (CLIENT, "hipstershop.CartServices/GetCart", json!({}), false, None),
        (CLIENT, "GET", json!({"url.full": "http://assistant/", "http.response.status_code": 500}), true, None),
        (1, "hipstershop.CartService/GetCart", json!({"rpc.response.status_code": "OK"}), false, None),
        (SERVER, "GET", json!({"url.path": "/_healthz", "http.response.status_code": 500}), true, None),
        (SERVER, "GET", json!({"http.target": "/static/images/a.png?v=2", "http.status_code": 200}), false, None),
        // Somebody's own words about what is counted, and values of a wrong type.
        (
            CLIENT,
            "mine",
            json!({"boutique.service": "frontend", "boutique.page": "home", "boutique.outcome": "error"}),
            false,
            None,
        ),
        (
            CLIENT,
            "hipstershop.AdService/GetAds",
            json!({"boutique.page": "made-up", "boutique.path": "/x", "rpc.response.status_code": "OK"}),
            false,
            Some(("adservice", "", "ok")),
        ),
        (
            SERVER,
            "GET",
            json!({"url.path": "/logout", "http.response.status_code": "500"}),
            false,
            frontend("logout", "ok"),
        ),
    ]
}

fn span(index: usize, (kind, name, attributes, failed, _): &Row) -> Value {
    let attribute = |(key, value): (&String, &Value)| match value {
        Value::Number(number) => json!({"key": key, "value": {"intValue": number.to_string()}}),
        text => json!({"key": key, "value": {"stringValue": text}}),
    };
    let attributes: Vec<Value> = attributes.as_object().into_iter().flatten().map(attribute).collect();
    json!({
        "traceId": format!("{:032x}", index + 1), "spanId": format!("{:016x}", index + 1), "name": name, "kind": kind,
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000020000000",
        "attributes": attributes, "status": {"code": if *failed { 2 } else { 0 }},
    })
}

#[test]
fn spans_of_every_convention_are_counted_where_they_belong_and_nothing_else_is() {
    let rows = rows();
    let mut expected: BTreeMap<(String, String, String, String), u64> = BTreeMap::new();
    for (kind, _, _, _, counted) in &rows {
        if let Some((service, page, outcome)) = counted {
            let kind = if *kind == CLIENT { "SPAN_KIND_CLIENT" } else { "SPAN_KIND_SERVER" };
            let key = (kind.to_owned(), (*service).to_owned(), (*page).to_owned(), (*outcome).to_owned());
            *expected.entry(key).or_default() += 1;
        }
    }
    let collector = Collector::open(&StackSpec::new("shop", "shop"));
    let spans: Vec<Value> = rows.iter().enumerate().map(|(index, row)| span(index, row)).collect();
    let resource = json!({"attributes": [
        {"key": "service.name", "value": {"stringValue": "somebody"}},
        {"key": "k8s.pod.name", "value": {"stringValue": "somebody-7d9f"}},
    ]});
    collector.send(&json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}));
    let total: u64 = expected.values().sum();
    let series = collector.until("every span", |series| {
        series.iter().filter(|one| one.is_call()).map(super::Series::count).sum::<u64>() >= total
    });
    let label = |one: &super::Series, name: &str| one.label(name).to_owned();
    let counted: BTreeMap<_, _> = series
        .iter()
        .filter(|one| one.is_call())
        .map(|one| {
            let key = (
                label(one, "span_kind"),
                label(one, "boutique_service"),
                label(one, "boutique_page"),
                label(one, "boutique_outcome"),
            );
            (key, one.count())
        })
        .collect();
    assert_eq!(counted, expected);

    // Each of them took 20 ms, which lies in the bucket up to 25.
    let below = |le: &str| {
        let of = series.iter().filter(|one| one.name.ends_with("_bucket") && one.label("le") == le);
        of.map(super::Series::count).sum::<u64>()
    };
    assert_eq!((below("0.01"), below("0.025"), below("+Inf")), (0, total, total));
}
