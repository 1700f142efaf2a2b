//! A visit from the first page to the confirmed order, and what else the pages promise.

use crate::shop::{Shop, until};
use std::{process::Command, time::Instant};

#[test]
fn a_visitor_buys_something() {
    let shop = Shop::open();
    let visitor = shop.visitor("ann");
    let home = visitor.home();
    assert_eq!(home.status, 200);
    assert!(home.body.contains("Hot Products") && home.body.contains("$109.99"));
    assert_eq!(visitor.product().status, 200);
    let added = visitor.add();
    assert_eq!((added.status, added.header("location")), (302, Some("/cart")));
    let cart = visitor.cart();
    assert!(cart.body.contains("Sunglasses") && cart.body.contains("$28.98"), "{}", cart.body);
    let done = visitor.check_out();
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("Your order is complete!") && done.body.contains("$28.98"));
    assert!(visitor.cart().body.contains("Your shopping cart is empty!"));
    assert!(shop.log("checkoutservice").contains("payment went through (transaction_id: "));
    assert!(shop.log("emailservice").contains("someone@example.com"));
}

#[test]
fn a_first_visit_gets_a_session_and_a_later_one_keeps_it() {
    let shop = Shop::open();
    let first = shop.visitor("").home();
    let cookie = first.header("set-cookie").expect("a session");
    assert!(cookie.starts_with("shop_session-id=") && cookie.ends_with("; Max-Age=172800"), "{cookie}");
    assert_eq!(shop.visitor("ann").home().header("set-cookie"), None);
}

#[test]
fn the_chosen_currency_is_kept_and_used() {
    let shop = Shop::open();
    let mut visitor = shop.visitor("ann");
    let set = visitor.post("/setCurrency", "currency_code=EUR");
    assert_eq!((set.status, set.header("location")), (302, Some("/")));
    assert_eq!(set.header("set-cookie"), Some("shop_currency=EUR; Max-Age=172800"));
    visitor.currency = Some("EUR".to_owned());
    assert!(visitor.home().body.contains("€18.17"));
    assert_eq!(visitor.post("/setCurrency", "currency_code=nothing").status, 422);
    // A currency that nobody knows, which only a cookie can hold, makes everything free.
    visitor.currency = Some("XAF".to_owned());
    let free = visitor.home();
    assert_eq!(free.status, 200);
    let prices: Vec<&str> =
        free.body.split("class=\"price\">").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(prices, ["0.00"; 9], "{}", free.body);
}

#[test]
fn wrong_forms_are_422_and_declined_cards_and_unknown_products_500() {
    let shop = Shop::open();
    let visitor = shop.visitor("ann");
    assert_eq!(visitor.post("/cart", "product_id=OLJCESPC7Z&quantity=11").status, 422);
    assert_eq!(visitor.post("/cart/checkout", "email=x").status, 422);
    assert_eq!(visitor.check_out_with("4432801561520455", "2039").status, 422);

    let unknown = visitor.get("/product/NOPE");
    assert_eq!(unknown.status, 500);
    assert!(unknown.body.contains("could not retrieve product: rpc error: code = NotFound"), "{}", unknown.body);
    for (card, year) in [("4432801561520454", "2020"), ("378282246310005", "2039")] {
        visitor.add();
        let declined = visitor.check_out_with(card, year);
        assert_eq!(declined.status, 500);
        assert!(declined.body.contains("failed to complete the order"), "{}", declined.body);
        assert!(declined.body.contains("failed to charge card"), "{}", declined.body);
    }
    let log = shop.log("frontend");
    let line = log.lines().find(|line| line.contains("code = NotFound")).expect("the error is logged");
    assert!(line.contains(r#""message":"request error""#) && line.contains(r#""severity":"error""#), "{line}");
}

#[test]
fn routes_that_need_no_peer_answer_without_any() {
    let mut shop = Shop::open();
    for service in ["cartservice", "currencyservice", "productcatalogservice"] {
        shop.kill(service);
    }
    let visitor = shop.visitor("x-readiness-probe");
    assert_eq!((visitor.get("/_healthz").status, &*visitor.get("/_healthz").body), (200, "ok"));
    assert_eq!(visitor.get("/robots.txt").status, 200);
    assert_eq!(visitor.get("/static/style.css").header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(visitor.get("/static/img/products/mug.svg").header("content-type"), Some("image/svg+xml"));
    assert_eq!(visitor.get("/static/nothing").status, 404);
    assert_eq!(visitor.get("/nothing").status, 404);
    assert_eq!(visitor.get("/setCurrency").status, 405);
    assert_eq!(visitor.get("/logout").status, 302);
    let meta = visitor.get("/product-meta/OLJCESPC7Z");
    assert_eq!((meta.status, &*meta.body), (200, ""), "an error is an empty page here");
}

#[test]
fn the_environment_changes_the_pages() {
    let shop = Shop::open_with(&[
        ("frontend", "BASE_URL", "/online-boutique"),
        ("frontend", "FRONTEND_MESSAGE", "Closed on <Sundays>"),
        ("frontend", "BANNER_COLOR", "rebeccapurple"),
        ("frontend", "CYMBAL_BRANDING", "true"),
        ("frontend", "ENABLE_SINGLE_SHARED_SESSION", "true"),
        ("frontend", "ENV_PLATFORM", "aws"),
    ]);
    let visitor = shop.visitor("");
    let home = visitor.get("/online-boutique/");
    assert_eq!(home.status, 200);
    for expected in [
        "Closed on &lt;Sundays&gt;",
        "background: rebeccapurple",
        "Cymbal Shops",
        "AWS",
        "href=\"/online-boutique/product/OLJCESPC7Z\"",
    ] {
        assert!(home.body.contains(expected), "{expected} is not in\n{}", home.body);
    }
    assert_eq!(home.header("set-cookie"), Some("shop_session-id=12345678-1234-1234-1234-123456789123; Max-Age=172800"));
    assert_eq!(visitor.get("/online-boutique/_healthz").status, 200);
    assert_eq!(visitor.get("/").status, 404);
    let added = visitor.post("/online-boutique/cart", "product_id=OLJCESPC7Z&quantity=1");
    assert_eq!(added.header("location"), Some("/online-boutique/cart"));
}

#[test]
fn extra_latency_is_paid_once_by_home_and_seven_times_by_a_product_page() {
    let shop = Shop::open_with(&[("productcatalogservice", "EXTRA_LATENCY", "100ms")]);
    let visitor = shop.visitor("ann");
    let took = |visit: &dyn Fn()| {
        let begun = Instant::now();
        visit();
        begun.elapsed().as_millis()
    };
    let home = took(&|| assert_eq!(visitor.home().status, 200));
    let product = took(&|| assert_eq!(visitor.product().status, 200));
    assert!(home >= 100, "home took {home} ms");
    assert!(product >= 700, "a product page took {product} ms");
}

#[test]
fn sigusr1_makes_the_catalogue_reload_on_every_request_until_sigusr2() {
    let shop = Shop::open();
    let visitor = shop.visitor("ann");
    let parsed = || shop.log("productcatalogservice").matches("successfully parsed product catalog").count();
    let signal = |name: &str, says: &str| {
        let pid = shop.pid("productcatalogservice").to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
        until(says, || shop.log("productcatalogservice").contains(says).then_some(()));
    };
    visitor.home();
    assert_eq!(parsed(), 1);
    signal("-USR1", "enable catalog reloading");
    visitor.home();
    assert_eq!(parsed(), 2);
    signal("-USR2", "disable catalog reloading");
    visitor.home();
    assert_eq!(parsed(), 2);
}
