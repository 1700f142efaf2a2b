//! The spans that the services send when they are told to trace.

use crate::{
    binary,
    collector::{Collector, Received, tracing_shop},
    ports::free_port,
    shop::{Shop, until},
};
use hipstershop_proto::otlp::{span::SpanKind, status::StatusCode};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    process::{Command, Stdio},
};

/// What one checkout of one article comes to: sender, kind, name, below whose span, and the attributes without those that
/// differ from run to run. Cart, shipping and ad are told to trace as well and know nothing of it.
const CHECKOUT: &str = "\
1 checkoutservice Client hipstershop.CartService/EmptyCart < checkoutservice hipstershop.CheckoutService/PlaceOrder
1 checkoutservice Client hipstershop.CartService/GetCart < checkoutservice hipstershop.CheckoutService/PlaceOrder
2 checkoutservice Client hipstershop.CurrencyService/Convert < nobody
1 checkoutservice Client hipstershop.EmailService/SendOrderConfirmation < checkoutservice hipstershop.CheckoutService/PlaceOrder
1 checkoutservice Client hipstershop.PaymentService/Charge < checkoutservice hipstershop.CheckoutService/PlaceOrder
1 checkoutservice Client hipstershop.ProductCatalogService/GetProduct < checkoutservice hipstershop.CheckoutService/PlaceOrder
1 checkoutservice Client hipstershop.ShippingService/GetQuote < checkoutservice hipstershop.CheckoutService/PlaceOrder
1 checkoutservice Client hipstershop.ShippingService/ShipOrder < checkoutservice hipstershop.CheckoutService/PlaceOrder
1 checkoutservice Server hipstershop.CheckoutService/PlaceOrder < frontend hipstershop.CheckoutService/PlaceOrder
2 currencyservice Server grpc.hipstershop.CurrencyService/Convert < nobody
1 currencyservice Server grpc.hipstershop.CurrencyService/GetSupportedCurrencies < nobody
1 emailservice Server /hipstershop.EmailService/SendOrderConfirmation < checkoutservice hipstershop.EmailService/SendOrderConfirmation
1 frontend Client hipstershop.CheckoutService/PlaceOrder < frontend POST
1 frontend Client hipstershop.CurrencyService/GetSupportedCurrencies < frontend POST
5 frontend Client hipstershop.ProductCatalogService/GetProduct < frontend POST
1 frontend Client hipstershop.RecommendationService/ListRecommendations < frontend POST
1 frontend Server POST < nobody
1 paymentservice Server grpc.hipstershop.PaymentService/Charge < nobody
1 productcatalogservice Server hipstershop.ProductCatalogService/GetProduct < checkoutservice hipstershop.ProductCatalogService/GetProduct
5 productcatalogservice Server hipstershop.ProductCatalogService/GetProduct < frontend hipstershop.ProductCatalogService/GetProduct
1 productcatalogservice Server hipstershop.ProductCatalogService/ListProducts < recommendationservice /hipstershop.ProductCatalogService/ListProducts
1 recommendationservice Client /hipstershop.ProductCatalogService/ListProducts < recommendationservice /hipstershop.RecommendationService/ListRecommendations
1 recommendationservice Server /hipstershop.RecommendationService/ListRecommendations < frontend hipstershop.RecommendationService/ListRecommendations
";

/// What each library says about a call: scope, then the attributes of one of its spans. `#` stands for what differs from
/// run to run.
const ATTRIBUTES: [(&str, SpanKind, &str, &str); 8] = [
    (
        "frontend",
        SpanKind::Server,
        "POST",
        "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp: client.address=127.0.0.1 http.request.body.size=# \
         http.request.method=POST http.response.body.size=# http.response.status_code=200 \
         network.peer.address=127.0.0.1 network.peer.port=# network.protocol.version=1.1 server.address=shop.local \
         url.path=/cart/checkout url.scheme=http",
    ),
    (
        "frontend",
        SpanKind::Client,
        "hipstershop.CheckoutService/PlaceOrder",
        "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc: \
         rpc.method=hipstershop.CheckoutService/PlaceOrder rpc.response.status_code=OK rpc.system.name=grpc \
         server.address=127.0.0.1 server.port=#",
    ),
    (
        "checkoutservice",
        SpanKind::Server,
        "hipstershop.CheckoutService/PlaceOrder",
        "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc: \
         rpc.method=hipstershop.CheckoutService/PlaceOrder rpc.response.status_code=OK rpc.system.name=grpc \
         server.address=127.0.0.1 server.port=#",
    ),
    (
        "currencyservice",
        SpanKind::Server,
        "grpc.hipstershop.CurrencyService/Convert",
        ": rpc.grpc.status_code=0 rpc.method=Convert rpc.service=hipstershop.CurrencyService rpc.system=grpc",
    ),
    (
        "paymentservice",
        SpanKind::Server,
        "grpc.hipstershop.PaymentService/Charge",
        ": rpc.grpc.status_code=0 rpc.method=Charge rpc.service=hipstershop.PaymentService rpc.system=grpc",
    ),
    (
        "emailservice",
        SpanKind::Server,
        "/hipstershop.EmailService/SendOrderConfirmation",
        "opentelemetry.instrumentation.grpc: net.peer.ip=127.0.0.1 net.peer.name=localhost net.peer.port=# \
         rpc.grpc.status_code=0 rpc.method=SendOrderConfirmation rpc.service=hipstershop.EmailService rpc.system=grpc \
         rpc.user_agent=#",
    ),
    (
        "recommendationservice",
        SpanKind::Client,
        "/hipstershop.ProductCatalogService/ListProducts",
        "opentelemetry.instrumentation.grpc: rpc.grpc.status_code=0 rpc.method=ListProducts \
         rpc.service=hipstershop.ProductCatalogService rpc.system=grpc",
    ),
    (
        "recommendationservice",
        SpanKind::Server,
        "/hipstershop.RecommendationService/ListRecommendations",
        "opentelemetry.instrumentation.grpc: net.peer.ip=127.0.0.1 net.peer.name=localhost net.peer.port=# \
         rpc.grpc.status_code=0 rpc.method=ListRecommendations rpc.service=hipstershop.RecommendationService \
         rpc.system=grpc rpc.user_agent=#",
    ),
];

/// The spans of the traces that a checkout is made of: that of its page, and those that checkoutservice begins.
fn of_checkout(spans: &[Received]) -> Vec<Received> {
    let begins = |it: &Received| {
        it.text("url.path") == "/cart/checkout" || it.service == "checkoutservice" && it.span.kind() == SpanKind::Client
    };
    let traces: BTreeSet<_> = spans.iter().filter(|it| begins(it)).map(|it| it.span.trace_id.clone()).collect();
    spans.iter().filter(|it| traces.contains(&it.span.trace_id)).cloned().collect()
}

fn table(spans: &[Received]) -> String {
    let said: BTreeMap<_, _> = spans.iter().map(|it| (it.span.span_id.clone(), it)).collect();
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for Received { service, span, .. } in spans {
        let parent = match said.get(&span.parent_span_id) {
            Some(parent) => format!("{} {}", parent.service, parent.span.name),
            None if span.parent_span_id.is_empty() => "nobody".to_owned(),
            None => "a stranger".to_owned(),
        };
        *lines.entry(format!("{service} {:?} {} < {parent}", span.kind(), span.name)).or_default() += 1;
    }
    lines.into_iter().map(|(line, count)| format!("{count} {line}\n")).collect()
}

fn attributes(received: &Received) -> String {
    let mut keys: Vec<&str> = received.span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    keys.sort_unstable();
    let pairs = keys.into_iter().map(|key| {
        let varies = key.ends_with(".port") || key.ends_with(".size") || key == "rpc.user_agent";
        format!(" {key}={}", if varies { "#".to_owned() } else { received.text(key) })
    });
    format!("{}:{}", received.scope, pairs.collect::<String>())
}

/// Waits for the span of a page and answers it.
fn page(collector: &Collector, path: &str) -> Received {
    until(&format!("the span of {path}"), || collector.spans().into_iter().find(|it| it.text("url.path") == path))
}

#[test]
fn one_purchase_is_these_spans_with_these_attributes() {
    let port = free_port();
    let collector = Collector::open(port);
    let shop = tracing_shop(port, &[]);
    let visitor = shop.visitor("ann");
    assert_eq!(visitor.add().status, 302);
    assert_eq!(visitor.check_out().status, 200);

    let expected: usize = CHECKOUT.lines().map(|line| line.split(' ').next().unwrap().parse::<usize>().unwrap()).sum();
    let spans = until("all spans of the checkout", || {
        let spans = of_checkout(&collector.spans());
        (spans.len() >= expected).then_some(spans)
    });
    assert_eq!(table(&spans), CHECKOUT);
    for (service, kind, name, expected) in ATTRIBUTES {
        let found = spans.iter().find(|it| it.service == service && it.span.kind() == kind && it.span.name == name);
        assert_eq!(attributes(found.unwrap()), expected, "{service} {kind:?} {name}");
    }
    for it in &spans {
        assert_eq!((it.span.trace_id.len(), it.span.span_id.len()), (16, 8));
        assert!(it.span.start_time_unix_nano <= it.span.end_time_unix_nano && it.span.start_time_unix_nano > 0);
        assert_eq!(it.span.status, None, "{it:?}");
    }
    let calls: Vec<_> =
        spans.iter().filter(|it| it.service == "frontend" && it.span.name.contains("PlaceOrder")).collect();
    let orders: Vec<_> =
        spans.iter().filter(|it| it.service == "checkoutservice" && it.span.name.contains("PlaceOrder")).collect();
    assert!(
        calls[0].span.end_time_unix_nano >= orders[0].span.start_time_unix_nano,
        "a call lasts as long as its answer"
    );
}

#[test]
fn a_dead_callee_is_an_error_of_the_call_and_not_always_of_the_page() {
    let port = free_port();
    let collector = Collector::open(port);
    let mut shop = tracing_shop(port, &[]);
    shop.kill("adservice");
    shop.kill("recommendationservice");
    assert_eq!(shop.visitor("a").product().status, 200);
    let product = page(&collector, "/product/OLJCESPC7Z");
    assert_eq!((product.text("http.response.status_code").as_str(), &product.span.status), ("200", &None));
    for call in ["hipstershop.AdService/GetAds", "hipstershop.RecommendationService/ListRecommendations"] {
        let failed = until(call, || collector.spans().into_iter().find(|it| it.span.name == call));
        assert_eq!(failed.text("rpc.response.status_code"), "UNAVAILABLE");
        assert_eq!(failed.text("server.address"), "", "nobody was reached");
        let status = failed.span.status.unwrap();
        assert_eq!(status.code(), StatusCode::Error);
        assert!(status.message.contains("connection refused"), "{status:?}");
    }

    shop.kill("cartservice");
    assert_eq!(shop.visitor("a").cart().status, 500);
    let cart = page(&collector, "/cart");
    assert_eq!(cart.text("http.response.status_code"), "500");
    assert_eq!(cart.span.status.unwrap().code(), StatusCode::Error);

    // What the visitor got wrong is no error of the page, and an unknown product none of the catalogue.
    assert_eq!(shop.visitor("a").post("/cart", "product_id=OLJCESPC7Z&quantity=0").status, 422);
    assert_eq!(shop.visitor("a").get("/product/NONE").status, 500);
    let unknown = until("the catalogue's span", || {
        let is_it =
            |it: &Received| it.service == "productcatalogservice" && it.text("rpc.response.status_code") == "NOT_FOUND";
        collector.spans().into_iter().find(is_it)
    });
    assert_eq!(unknown.span.status, None);
    let form = until("the form's span", || {
        collector.spans().into_iter().find(|it| it.text("http.response.status_code") == "422")
    });
    assert_eq!(form.span.status, None);
}

#[test]
fn a_declined_card_has_a_number_of_its_own() {
    let port = free_port();
    let collector = Collector::open(port);
    let shop = tracing_shop(port, &[]);
    let visitor = shop.visitor("a");
    visitor.add();
    assert_eq!(visitor.check_out_with("4432801561520454", "2020").status, 500);
    let of = |service: &'static str| {
        let is_it = move |it: &Received| it.service == service && it.span.name.ends_with("PaymentService/Charge");
        until(service, || collector.spans().into_iter().find(is_it))
    };
    assert_eq!(of("paymentservice").text("rpc.grpc.status_code"), "400");
    assert_eq!(of("checkoutservice").text("rpc.response.status_code"), "CODE(400)");
}

#[test]
fn an_ad_that_comes_too_late_is_a_deadline_that_has_passed() {
    let port = free_port();
    let collector = Collector::open(port);
    let mut shop = tracing_shop(port, &[]);
    // Who accepts and says nothing.
    shop.kill("adservice");
    let _silent = TcpListener::bind(("127.0.0.1", shop.port("adservice"))).unwrap();
    assert_eq!(shop.visitor("a").home().status, 200);
    let late = until("the call", || collector.spans().into_iter().find(|it| it.span.name.contains("GetAds")));
    assert_eq!(late.text("rpc.response.status_code"), "DEADLINE_EXCEEDED");
    assert_eq!(late.span.status.unwrap().code(), StatusCode::Error);
}

#[test]
fn a_trace_that_a_visitor_brings_along_goes_on() {
    let port = free_port();
    let collector = Collector::open(port);
    let shop = tracing_shop(port, &[]);
    let mut visitor = shop.visitor("a");
    visitor.headers = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\n".to_owned();
    visitor.home();
    let home = page(&collector, "/");
    assert_eq!(home.span.parent_span_id, [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
    assert_eq!(home.span.trace_id[..4], [0x4b, 0xf9, 0x2f, 0x35]);
    let below = until("a span of another process", || {
        let is_below = |it: &Received| it.service == "productcatalogservice" && it.span.trace_id == home.span.trace_id;
        collector.spans().into_iter().find(is_below)
    });
    assert_eq!(below.span.name, "hipstershop.ProductCatalogService/ListProducts");
}

#[test]
fn a_service_that_does_not_trace_hands_a_trace_on() {
    let port = free_port();
    let collector = Collector::open(port);
    let shop = tracing_shop(port, &[("frontend", "ENABLE_TRACING", "0")]);
    let mut visitor = shop.visitor("a");
    visitor.headers = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n".to_owned();
    visitor.home();
    let listed = until("the catalogue's span", || {
        collector.spans().into_iter().find(|it| it.span.name.contains("ListProducts"))
    });
    assert_eq!(listed.span.trace_id[..2], [0x4b, 0xf9]);
    assert_eq!(listed.span.parent_span_id, [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
}

#[test]
fn go_services_trace_their_own_exports_and_the_others_do_not() {
    let port = free_port();
    let collector = Collector::open(port);
    let shop = tracing_shop(port, &[]);
    shop.visitor("a").home();
    until("exports of both Go services on the way", || {
        let from: BTreeSet<_> = collector.exports().into_iter().map(|it| it.service).collect();
        (from == BTreeSet::from(["frontend".to_owned(), "productcatalogservice".to_owned()])).then_some(())
    });
    assert!(
        collector.exports().iter().all(|it| it.span.kind() == SpanKind::Client && it.span.parent_span_id.is_empty())
    );
}

/// A visit from the first page to the order.
fn buy(shop: &Shop) {
    let visitor = shop.visitor("ann");
    assert_eq!((visitor.home().status, visitor.product().status), (200, 200));
    assert_eq!((visitor.add().status, visitor.cart().status), (302, 200));
    let bought = visitor.check_out();
    assert!(bought.body.contains("Your order is complete!"), "{}", bought.body);
}

#[test]
fn a_collector_that_is_away_costs_nobody_anything_and_gets_later_spans() {
    let port = free_port();
    // A queue that a single page overflows.
    let shop = tracing_shop(port, &[("frontend", "OTEL_BSP_MAX_QUEUE_SIZE", "4")]);
    buy(&shop);
    until("somebody says so", || {
        shop.log("frontend").contains("traces export: rpc error: code = Unavailable").then_some(())
    });
    buy(&shop);
    let collector = Collector::open(port);
    until("spans after all", || {
        shop.visitor("ann").home();
        collector.spans().iter().any(|it| it.service == "frontend").then_some(())
    });
}

#[test]
fn a_collector_that_says_nothing_costs_nobody_anything() {
    let port = free_port();
    let _silent = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let shop = tracing_shop(port, &[]);
    buy(&shop);
}

#[test]
fn services_of_node_and_python_look_for_a_collector_beside_them() {
    for service in ["currencyservice", "emailservice"] {
        let port = free_port();
        let mut command = Command::new(binary());
        command.arg(service).env_clear().env("PORT", port.to_string()).env("ENABLE_TRACING", "1");
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        until("the service accepts", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
