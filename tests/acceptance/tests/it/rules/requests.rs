//! Signals of requests: spans, journeys, orders, shoppers.

use boutique_core::monitoring::Windows;

use super::promtool::{Case, Line};
use super::shop::{LIMIT, Shop, client, mk_spec};

const GROUPS: [&str; 2] = ["boutique.requests", "boutique.alerts.shoppers"];
const STEPS: u32 = 80;
const END: u32 = 79;

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    vec![
        all_is_well(windows),
        errors_for_the_first_time(windows),
        a_service_that_does_not_trace(windows),
        collector_restarted(windows),
        collector_replaced(windows),
        nobody_comes(windows),
        nothing_is_scraped(windows),
        mails_are_missing(windows),
        mails_arrive_a_scrape_later(windows),
        mails_of_a_shop_whose_checkout_does_not_trace(windows),
        slow_pages(windows),
    ]
}

fn all_is_well(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let per_second = |count: f64| count / f64::from(shop.interval);
    let frontend = r#"service="frontend",source="spans""#;
    Case::new("all is well", &mk_spec(windows))
        .with(shop.healthy())
        .value(END, "boutique:requests:total", frontend, 40.0 * f64::from(END))
        .value(END, "boutique:errors:total", frontend, 0.0)
        .value(END, "boutique:requests:rate", frontend, per_second(40.0))
        // Two callers; its own server spans, where there are any, are no further requests.
        .value(END, "boutique:requests:rate", r#"service="cartservice""#, per_second(20.0))
        .value(END, "boutique:requests:rate", r#"service="currencyservice""#, per_second(10.0))
        .value(END, "boutique:errors:rate", frontend, 0.0)
        .value(END, "boutique:errors:ratio", frontend, 0.0)
        .value(END, "boutique:latency_seconds:p50", frontend, 0.05)
        .value(END, "boutique:latency_seconds:p95", frontend, 0.095)
        .value(END, "boutique:latency_seconds:p99", r#"service="cartservice""#, 0.099)
        .value(END, "boutique:page_requests:rate", r#"page="product""#, per_second(20.0))
        .value(END, "boutique:page_errors:ratio", r#"page="checkout""#, 0.0)
        .value(END, "boutique:page_latency_seconds:p95", r#"page="home""#, 0.095)
        .value(END, "boutique:requests:rate", r#"source="journeys",service="frontend""#, per_second(10.0))
        .value(END, "boutique:errors:ratio", r#"source="journeys""#, 0.0)
        .value(END, "boutique:latency_seconds:p95", r#"source="journeys""#, 0.2)
        .value(END, "boutique:journey_success:ratio", r#"journey="checkout",via="edge""#, 1.0)
        .value(END, "boutique:shopper_requests:rate", "", per_second(30.0))
        .value(END, "boutique:orders:rate", "", per_second(10.0))
        .value(END, "boutique:mails_missing:rate", "", 0.0)
        .value(END, "boutique:cpu:ratio", r#"service="frontend""#, 0.5)
        .value(END, "boutique:cpu_throttled:ratio", r#"service="frontend""#, 0.1)
        .value(END, "boutique:memory:ratio", r#"service="frontend""#, 0.5)
        .value(END, "boutique:memory_working_set_bytes", r#"service="frontend""#, LIMIT / 2.0)
        .value(END, "boutique:replicas_ready:ratio", r#"service="redis-cart""#, 1.0)
        .value(END, "boutique:reachable:ratio", r#"service="redis-cart""#, 1.0)
        .value(END, "boutique:restarts:increase", r#"service="redis-cart""#, 0.0)
        .never_fired(END, "")
}

fn errors_for_the_first_time(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let first = Line::new().unborn(70).at(3.0, STEPS - 70);
    Case::new("a series that begins with three errors counts three", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([(shop.served("cart", "error"), first.clone()), (shop.called("frontend", "adservice", "error"), first)])
        .value(71, "boutique:errors:total", r#"service="frontend""#, 3.0)
        .value(71, "boutique:errors:total", r#"service="adservice""#, 3.0)
        .between(72, "boutique:errors:ratio", r#"service="adservice""#, 0.02, 0.06)
        .between(72, "boutique:errors:rate", r#"service="frontend""#, 0.009, 1.0)
        // A page of which nothing but errors is known.
        .nothing(60, "boutique:page_errors:ratio", r#"page="cart""#)
}

fn a_service_that_does_not_trace(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let failed = Line::flat(0.0, 60).by(10.0, STEPS - 60);
    let good = Line::counter(10.0, 60).at(590.0, STEPS - 60);
    Case::new("stopping a service is seen by its callers and changes no healthy one", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([
            (shop.called("checkoutservice", "shippingservice", "ok"), good),
            (shop.called("checkoutservice", "shippingservice", "error"), failed),
        ])
        .value(END, "boutique:errors:ratio", r#"service="shippingservice",source="spans""#, 1.0)
        .value(END, "boutique:errors:ratio", r#"service!="shippingservice",source="spans""#, 0.0)
}

fn collector_restarted(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let per_second = |count: f64| count / f64::from(shop.interval);
    let again = |by: f64| Line::counter(by, 60).gone(1).at(by, 1).by(by, STEPS - 62);
    Case::new("a collector that begins again with zero is no fall and no jump", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["traces_span_metrics", "_calls_total"], &again(10.0))
        .with([(shop.served("product", "ok"), again(20.0))])
        .between(
            63,
            "boutique:requests:rate",
            r#"service="frontend",source="spans""#,
            per_second(25.0),
            per_second(55.0),
        )
        .between(
            66,
            "boutique:requests:rate",
            r#"service="frontend",source="spans""#,
            per_second(25.0),
            per_second(55.0),
        )
        .value(66, "boutique:errors:rate", r#"service="frontend",source="spans""#, 0.0)
        .never_fired(END, "")
}

fn collector_replaced(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let per_second = |count: f64| count / f64::from(shop.interval);
    let old = |line: Line| line;
    let mut case =
        Case::new("a collector in another pod counts on", &mk_spec(windows)).only(&GROUPS).with(shop.healthy());
    for (page, by) in [("home", 10.0), ("product", 20.0), ("checkout", 10.0)] {
        let name = shop.served(page, "ok");
        let next = name.replace("x7k2p", "second");
        case = case.with([
            (name, old(Line::counter(by, 60).gone(STEPS - 60))),
            (next, Line::new().unborn(60).at(by, 1).by(by, STEPS - 61)),
        ]);
    }
    case.between(
        66,
        "boutique:requests:rate",
        r#"service="frontend",source="spans""#,
        per_second(15.0),
        per_second(60.0),
    )
    .value(END, "boutique:requests:rate", r#"service="frontend",source="spans""#, per_second(40.0))
    .never_fired(END, "")
}

fn nobody_comes(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a shop without a single request has no ratios and no alerts", &mk_spec(windows))
        .with(shop.healthy())
        .change(&["traces_span_metrics"], &Line::flat(0.0, STEPS))
        .value(END, "boutique:requests:rate", r#"service="frontend",source="spans""#, 0.0)
        .nothing(END, "boutique:errors:ratio", r#"source="spans""#)
        .nothing(END, "boutique:latency_seconds:p95", r#"source="spans""#)
        .nothing(END, "boutique:page_errors:ratio", "")
        .nothing(END, "boutique:sli_bad:ratio", r#"sli=~"requests|latency""#)
        .value(END, "boutique:shopper_requests:rate", "", 0.0)
        .never_fired(END, "")
}

fn nothing_is_scraped(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a shop without a collector has no spans and lacks none", &mk_spec(windows))
        .with([shop.journeys(), shop.reachability(), shop.cluster(), shop.containers()].concat())
        .without(&["kube_deployment", "opentelemetrycollector"])
        .nothing(END, "boutique:requests:rate", r#"source="spans""#)
        .nothing(END, "boutique:shopper_requests:rate", "")
        .nothing(END, "boutique:orders:rate", "")
        .value(
            END,
            "boutique:sli_bad:ratio",
            r#"sli="journeys",window="1h""#.replace("1h", long(windows)).as_str(),
            0.0,
        )
        .never_fired(END, "")
}

/// The long window of the fastest pair.
pub(super) const fn long(windows: Windows) -> &'static str {
    match windows {
        Windows::Standard => "1h",
        Windows::Lab => "5m",
    }
}

fn mails_are_missing(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let per_second = |count: f64| count / f64::from(shop.interval);
    Case::new("orders without mail are told", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([
            (shop.called("checkoutservice", "emailservice", "ok"), Line::counter(10.0, 20).at(190.0, STEPS - 20)),
            (
                shop.called("checkoutservice", "emailservice", "error"),
                Line::new().unborn(20).at(10.0, 1).by(10.0, STEPS - 21),
            ),
        ])
        .value(END, "boutique:orders:rate", "", per_second(10.0))
        .value(END, "boutique:mails_missing:rate", "", per_second(10.0))
        .silent(20, "BoutiqueMailsMissing", "")
        .fires(END, "BoutiqueMailsMissing", r#"severity="warning",namespace="shop",stack="small""#)
        // Shoppers see nothing of it.
        .never_fired(END, r#"alertname!="BoutiqueMailsMissing""#)
}

fn mails_arrive_a_scrape_later(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let late = Line::flat(0.0, 2).by(10.0, STEPS - 2);
    Case::new("a mail that is counted a scrape after its order is not missing", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([(shop.called("checkoutservice", "emailservice", "ok"), late)])
        .never_fired(END, "")
}

fn mails_of_a_shop_whose_checkout_does_not_trace(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("where nobody sees mails, none are missing", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .without(&["service_name=\"checkoutservice\""])
        .nothing(END, "boutique:mails_missing:rate", "")
        .never_fired(END, "")
}

fn slow_pages(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let count = Line::counter(10.0, STEPS);
    let none = Line::flat(0.0, STEPS);
    Case::new("a slow callee is slow and its callers' other callees are not", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with(shop.durations(&client("frontend", "currencyservice"), &count, [&none, &count]))
        .value(END, "boutique:latency_seconds:p50", r#"service="currencyservice""#, 0.3)
        .value(END, "boutique:latency_seconds:p50", r#"service="cartservice""#, 0.05)
}
