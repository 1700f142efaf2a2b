//! The real collector with the configuration that a shop's gets, fed by the stand-in services as processes: what the rules
//! and dashboards build on is there, is right when services die, and does not grow with what visitors ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use boutique_core::service::Service;
use boutique_core::spec::StackSpec;
use boutique_lab::{Progress, image};

mod process;
mod spans;

#[path = "../../../../shop/tests/it/browser.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the stand-in's own tests, whose module this is, use more of it")]
mod browser;
#[path = "../../../../shop/tests/it/ports.rs"]
mod ports;
#[path = "../../../../shop/tests/it/shop.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the stand-in's own tests, whose module this is, use more of it")]
mod shop;

use process::{Collector, Series};
use shop::{SERVICES, Shop};

/// The stand-in for upstream's services.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| image::build_lite(&Progress::stderr()).unwrap_or_else(|error| panic!("{error:#}")))
}

/// A shop of processes whose spans go to the collector, as `boutique_stack.tracing` sets it up.
fn traced(collector: &Collector, more: &[(&'static str, &str, &str)]) -> Shop {
    let address = collector.address();
    let mut extra = Vec::new();
    for service in SERVICES {
        extra.push((service, "ENABLE_TRACING", "1"));
        extra.push((service, "COLLECTOR_SERVICE_ADDR", address.as_str()));
        extra.push((service, "OTEL_SERVICE_NAME", service));
        extra.push((service, "OTEL_BSP_SCHEDULE_DELAY", "50"));
    }
    extra.extend_from_slice(more);
    Shop::open_with(&extra)
}

/// A visit to every page, with a purchase.
fn visit(shop: &Shop, base: &str) {
    let visitor = shop.visitor("ann");
    let at = |path: &str| format!("{base}{path}");
    assert_eq!(visitor.get(&at("/")).status, 200);
    assert_eq!(visitor.get(&at("/product/OLJCESPC7Z?from=home")).status, 200);
    assert_eq!(visitor.post(&at("/setCurrency"), "currency_code=EUR").status, 302);
    assert_eq!(visitor.post(&at("/cart"), "product_id=OLJCESPC7Z&quantity=1").status, 302);
    assert_eq!(visitor.get(&at("/cart")).status, 200);
    let form = "email=someone%40example.com&street_address=1600+Amphitheatre+Parkway&zip_code=94043&city=Mountain+View&\
                state=CA&country=United+States&credit_card_number=4432801561520454&credit_card_expiration_month=1&\
                credit_card_expiration_year=2039&credit_card_cvv=672";
    let bought = visitor.post(&at("/cart/checkout"), form);
    assert!(bought.body.contains("Your order is complete!"), "{}", bought.body);
    assert_eq!(visitor.post(&at("/cart/empty"), "").status, 302);
    assert_eq!(visitor.get(&at("/logout")).status, 302);
    assert_eq!(visitor.get(&at("/nowhere")).status, 404);
    // No requests of visitors.
    assert_eq!(visitor.get(&at("/_healthz")).status, 200);
    assert_eq!(visitor.get(&at("/static/favicon.ico")).status / 100, 4);
}

/// Pages of the frontend and how many of each were made.
fn pages(series: &[Series]) -> BTreeMap<(&str, &str), u64> {
    let calls = series.iter().filter(|one| one.is_call() && one.label("boutique_service") == "frontend");
    calls.map(|one| ((one.label("boutique_page"), one.label("boutique_outcome")), one.count())).collect()
}

/// Calls to a service by their callers, of one outcome.
fn calls_to(series: &[Series], service: &str, outcome: &str) -> u64 {
    let is_one = |one: &&Series| {
        one.is_call()
            && one.label("span_kind") == "SPAN_KIND_CLIENT"
            && one.label("boutique_service") == service
            && one.label("boutique_outcome") == outcome
    };
    series.iter().filter(is_one).map(Series::count).sum()
}

fn is_everywhere(series: &[Series]) -> bool {
    let callees = SERVICES.iter().filter(|service| **service != "frontend");
    let mut callees = callees.map(|service| calls_to(series, service, "ok") + calls_to(series, service, "error"));
    callees.all(|calls| calls > 0) && pages(series).values().sum::<u64>() >= 9
}

#[test]
fn every_service_has_its_series_and_every_page_its_own() {
    let collector = Collector::open(&StackSpec::new("shop", "shop"));
    let shop = traced(&collector, &[]);
    visit(&shop, "");
    let series = collector.until("series of every service", is_everywhere);

    let expected: BTreeMap<(&str, &str), u64> =
        ["home", "product", "currency", "add_to_cart", "cart", "checkout", "empty_cart", "logout", "other"]
            .into_iter()
            .map(|page| ((page, "ok"), 1))
            .collect();
    assert_eq!(pages(&series), expected, "nothing of probes and files, and of each page one");

    // Whom whose spans tell of: a page its own service, a call its caller, and its callee where that traces as well.
    let told: BTreeSet<_> = series
        .iter()
        .filter(|one| one.is_call())
        .map(|one| (one.label("boutique_service"), one.label("service_name"), one.label("span_kind")))
        .collect();
    let (client, server) = ("SPAN_KIND_CLIENT", "SPAN_KIND_SERVER");
    let expected = BTreeSet::from([
        ("adservice", "frontend", client),
        ("cartservice", "checkoutservice", client),
        ("cartservice", "frontend", client),
        ("checkoutservice", "checkoutservice", server),
        ("checkoutservice", "frontend", client),
        ("currencyservice", "checkoutservice", client),
        ("currencyservice", "currencyservice", server),
        ("currencyservice", "frontend", client),
        ("emailservice", "checkoutservice", client),
        ("emailservice", "emailservice", server),
        ("frontend", "frontend", server),
        ("paymentservice", "checkoutservice", client),
        ("paymentservice", "paymentservice", server),
        ("productcatalogservice", "checkoutservice", client),
        ("productcatalogservice", "frontend", client),
        ("productcatalogservice", "productcatalogservice", server),
        ("productcatalogservice", "recommendationservice", client),
        ("recommendationservice", "frontend", client),
        ("recommendationservice", "recommendationservice", server),
        ("shippingservice", "checkoutservice", client),
        ("shippingservice", "frontend", client),
    ]);
    assert_eq!(told, expected);

    // Names and labels are what the rules ask for, and no others.
    let names: BTreeSet<_> = series.iter().map(|one| one.name.as_str()).collect();
    let expected = [
        "traces_span_metrics_calls_total",
        "traces_span_metrics_duration_seconds_bucket",
        "traces_span_metrics_duration_seconds_count",
        "traces_span_metrics_duration_seconds_sum",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    let labels: BTreeSet<_> = series.iter().flat_map(|one| one.labels.keys().map(String::as_str)).collect();
    let expected = ["boutique_outcome", "boutique_page", "boutique_service", "le", "service_name", "span_kind"];
    assert_eq!(labels, BTreeSet::from(expected));
    let bounds: BTreeSet<_> = series.iter().map(|one| one.label("le")).filter(|le| !le.is_empty()).collect();
    let expected = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "10", "2.5", "5", "+Inf"];
    assert_eq!(bounds, BTreeSet::from(expected));
}

#[test]
fn a_dead_service_shows_at_its_own_calls_and_at_the_pages_that_need_it() {
    let collector = Collector::open(&StackSpec::new("shop", "shop"));
    let mut shop = traced(&collector, &[]);
    let visitor = shop.visitor("ann");
    let series = collector.until("a whole shop", |series| {
        visit(&shop, "");
        is_everywhere(series)
    });
    for service in ["paymentservice", "emailservice", "cartservice"] {
        assert_eq!(calls_to(&series, service, "error"), 0, "{service}");
    }
    let errors = |series: &[Series], page: &str| pages(series).get(&(page, "error")).copied().unwrap_or_default();
    let calls = |series: &[Series], service: &str| calls_to(series, service, "error");

    // No page fails for want of an ad or of a confirmation.
    shop.kill("adservice");
    shop.kill("emailservice");
    visitor.add();
    assert_eq!((visitor.home().status, visitor.check_out().status), (200, 200));
    let dead = |series: &[Series]| calls(series, "adservice") > 0 && calls(series, "emailservice") > 0;
    let series = collector.until("dead ads and mails", dead);
    assert!(pages(&series).keys().all(|(_, outcome)| *outcome == "ok"), "{:?}", pages(&series));

    // A declined card is its owner's affair, though the page that says so is a 500.
    visitor.add();
    assert_eq!(visitor.check_out_with("4432801561520454", "2020").status, 500);
    let declined = |series: &[Series]| errors(series, "checkout") == 1 && calls(series, "checkoutservice") == 1;
    collector.until("a declined card", declined);

    // Orders fail in whole: at payment, at checkoutservice, at the page. The one failure of payment is not the card's.
    shop.kill("paymentservice");
    assert_eq!(visitor.check_out().status, 500);
    let failed = |series: &[Series]| {
        (errors(series, "checkout"), calls(series, "checkoutservice"), calls(series, "paymentservice")) == (2, 2, 1)
    };
    let series = collector.until("a dead payment", failed);
    assert_eq!(calls(&series, "cartservice"), 0, "a healthy one's did not change");

    shop.kill("cartservice");
    assert_eq!(visitor.home().status, 500);
    let dead = |series: &[Series]| errors(series, "home") == 1 && calls(series, "cartservice") == 1;
    let series = collector.until("a dead cart", dead);
    assert_eq!(calls(&series, "currencyservice"), 0);

    // What visitors do wrong is no error of a service: a form that is not filled in, a product that is not there. That the
    // page of the latter answers 500 is upstream's doing.
    assert_eq!(visitor.post("/cart", "product_id=OLJCESPC7Z&quantity=0").status, 422);
    assert_eq!(visitor.get("/product/NONE").status, 500);
    let series = collector.until("a visitor's mistakes", |series| errors(series, "product") == 1);
    assert_eq!(calls(&series, "productcatalogservice"), 0);
    assert_eq!(errors(&series, "add_to_cart"), 0);
}

#[test]
fn neither_wild_requests_nor_restarts_make_series() {
    let collector = Collector::open(&StackSpec::new("shop", "shop"));
    let mut shop = traced(&collector, &[]);
    let known = |series: &[Series]| series.iter().map(Series::identity).collect::<BTreeSet<_>>();
    // Ads come late now and then, which is a series of its own: that of the dead one.
    shop.kill("adservice");
    visit(&shop, "");
    collector.until("a whole visit", |series| pages(series).get(&("logout", "ok")) == Some(&1));
    assert_eq!(shop.visitor("ann").get("/product/NONE").status, 500);
    let before =
        known(&collector.until("a page that failed", |series| pages(series).get(&("product", "error")) == Some(&1)));
    assert!(before.len() < 700, "{} series", before.len());

    let mut visitor = shop.visitor("bob");
    for number in 0..50 {
        visitor.headers = format!("User-Agent: agent/{number}\r\nX-Forwarded-For: 10.0.0.{number}\r\n");
        assert_eq!(visitor.get(&format!("/product/NONE-{number}")).status, 500);
        assert_eq!(visitor.get(&format!("/nowhere/{number}?a={number}")).status, 404);
    }
    for service in SERVICES.into_iter().filter(|service| *service != "adservice") {
        shop.kill(service);
        shop.start(service);
        shop.wait_for(service);
    }
    visit(&shop, "");
    let after = collector.until("both visits", |series| {
        let pages = pages(series);
        pages.get(&("logout", "ok")) == Some(&2) && pages.get(&("other", "ok")) == Some(&52)
    });
    let new: Vec<_> = known(&after).difference(&before).cloned().collect();
    assert_eq!(new, [""; 0], "{} series before", before.len());
}

#[test]
fn a_shop_below_a_path_has_its_pages_there() {
    let base = "/online-boutique";
    let mut spec = StackSpec::new("shop", "shop");
    spec.services.entry(Service::Frontend).or_default().env.insert("BASE_URL".to_owned(), base.to_owned());
    let collector = Collector::open(&spec);
    let shop = traced(&collector, &[("frontend", "BASE_URL", base)]);
    visit(&shop, base);
    let series = collector.until("the last page", |series| pages(series).get(&("logout", "ok")) == Some(&1));
    let found: Vec<_> = pages(&series).into_keys().map(|(page, _)| page).collect();
    assert_eq!(
        found,
        ["add_to_cart", "cart", "checkout", "currency", "empty_cart", "home", "logout", "other", "product"]
    );
    assert_eq!(pages(&series).get(&("other", "ok")), Some(&1), "neither probes nor files");
}
