//! What a visitor sees when one service is gone. Each row of the table runs in a shop of its own, twice: with a
//! frontend that was connected before the outage, and with one that starts during it.

use crate::{
    browser::{Browser, Page},
    shop::{Shop, until},
};
use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// One row: what each page answers.
struct Row {
    home: u16,
    product: u16,
    /// The answer to the form, and that of the page it leads to.
    add: (u16, u16),
    empty_cart: u16,
    full_cart: u16,
    checkout: u16,
    /// What an error page says, if one is expected.
    says: &'static str,
}

const FINE: Row =
    Row { home: 200, product: 200, add: (302, 200), empty_cart: 200, full_cart: 200, checkout: 200, says: "" };

/// The pages of a shop without `service`, in a shop whose visitor filled a cart before.
fn without(service: &str, row: &Row) {
    let mut shop = Shop::open();
    let full = prepare(&shop);
    shop.kill(service);
    check(service, "a connected frontend", &shop, &full, row);
    shop.renew_frontend();
    // A checkout that succeeded has emptied the cart.
    if row.checkout == 200 {
        full.add();
    }
    check(service, "a new frontend", &shop, &full, row);
}

/// A visitor with something in the cart, in a shop where every connection has been used.
fn prepare(shop: &Shop) -> Browser {
    let buyer = shop.visitor("buyer");
    buyer.add();
    let bought = buyer.check_out();
    assert_eq!(bought.status, 200, "the shop is whole:\n{}", bought.body);
    let full = shop.visitor("full");
    assert_eq!(full.add().status, 302);
    full
}

fn check(service: &str, frontend: &str, shop: &Shop, full: &Browser, row: &Row) {
    let empty = shop.visitor("empty");
    let expect = |what: &str, page: &Page, status: u16| {
        assert_eq!(page.status, status, "{what} without {service}, {frontend}:\n{}", page.body);
        if status == 500 {
            assert!(
                page.body.contains("rpc error: code = "),
                "{what} without {service} gives no cause:\n{}",
                page.body
            );
        }
    };
    let mut errors = String::new();
    let mut visit = |what: &str, page: Page, status: u16| {
        expect(what, &page, status);
        if page.status == 500 {
            errors.push_str(&page.body);
        }
    };
    visit("home", full.home(), row.home);
    visit("product", full.product(), row.product);
    visit("cart, empty", empty.cart(), row.empty_cart);
    visit("cart, full", full.cart(), row.full_cart);
    visit("add to cart", full.add(), row.add.0);
    if row.add.0 == 302 {
        visit("add to cart, next page", full.cart(), row.add.1);
    }
    visit("checkout", full.check_out(), row.checkout);
    assert!(errors.contains(row.says), "no error page without {service} says {:?}:\n{errors}", row.says);
}

#[test]
fn without_currencyservice_every_page_fails_but_the_item_is_added() {
    let says = "could not retrieve currencies: rpc error: code = Unavailable";
    let row = Row { home: 500, product: 500, add: (302, 500), empty_cart: 500, full_cart: 500, checkout: 500, says };
    without("currencyservice", &row);
}

#[test]
fn without_cartservice_every_page_fails() {
    let says = "could not retrieve cart: rpc error: code = Unavailable";
    let row = Row { home: 500, product: 500, add: (500, 0), empty_cart: 500, full_cart: 500, checkout: 500, says };
    without("cartservice", &row);
}

#[test]
fn without_productcatalogservice_only_an_empty_cart_can_be_seen() {
    let says = "could not retrieve products: rpc error: code = Unavailable";
    let row = Row { home: 500, product: 500, add: (500, 0), empty_cart: 200, full_cart: 500, checkout: 500, says };
    without("productcatalogservice", &row);
}

#[test]
fn without_shippingservice_carts_and_checkout_fail() {
    let says = "failed to get shipping quote: rpc error: code = Unavailable";
    without("shippingservice", &Row { add: (302, 500), empty_cart: 500, full_cart: 500, checkout: 500, says, ..FINE });
}

#[test]
fn without_checkoutservice_only_checkout_fails() {
    let says = "failed to complete the order: rpc error: code = Unavailable desc = connection error";
    without("checkoutservice", &Row { checkout: 500, says, ..FINE });
}

#[test]
fn without_paymentservice_only_checkout_fails() {
    let says = "failed to complete the order: rpc error: code = Internal desc = failed to charge card";
    without("paymentservice", &Row { checkout: 500, says, ..FINE });
}

#[test]
fn without_emailservice_orders_succeed_and_one_warning_tells() {
    without("emailservice", &FINE);
    let mut shop = Shop::open();
    shop.kill("emailservice");
    let visitor = shop.visitor("a");
    visitor.add();
    assert_eq!(visitor.check_out().status, 200);
    let log = shop.log("checkoutservice");
    let warning = log.lines().find(|line| line.contains("failed to send order confirmation")).expect("a warning");
    assert!(warning.contains(r#""severity":"warning""#), "{warning}");
}

#[test]
fn without_recommendationservice_pages_have_no_suggestions() {
    without("recommendationservice", &FINE);
    let mut shop = Shop::open();
    assert!(shop.visitor("a").product().body.contains("You May Also Like"));
    shop.kill("recommendationservice");
    assert!(!shop.visitor("a").product().body.contains("You May Also Like"));
    assert!(shop.log("frontend").contains("failed to get product recommendations"));
}

#[test]
fn without_adservice_pages_have_no_ad() {
    without("adservice", &FINE);
    let mut shop = Shop::open();
    // Ads have a tenth of a second, which a busy machine may not keep every time.
    until("an ad is shown", || shop.visitor("a").home().body.contains("class=\"ad\"").then_some(()));
    shop.kill("adservice");
    assert!(!shop.visitor("a").home().body.contains("class=\"ad\""));
    assert!(shop.log("frontend").contains("failed to retrieve ads"));
}

#[test]
fn an_empty_cart_can_be_checked_out_without_productcatalogservice() {
    let mut shop = Shop::open();
    shop.kill("productcatalogservice");
    assert_eq!(shop.visitor("empty").check_out().status, 200);
}

#[test]
fn a_frontend_goes_on_failing_for_a_while_after_its_peer_is_back() {
    let mut shop = Shop::open();
    let visitor = shop.visitor("a");
    assert_eq!(visitor.home().status, 200);
    shop.kill("productcatalogservice");
    assert_eq!(visitor.home().status, 500);
    let failed = Instant::now();

    shop.start("productcatalogservice");
    shop.wait_for("productcatalogservice");
    let still = visitor.home().status;
    if failed.elapsed() < Duration::from_millis(900) {
        assert_eq!(still, 500, "the catalogue is back, the frontend waits for its next attempt");
    }
    until("the home page is back", || (visitor.home().status == 200).then_some(()));
    assert!(failed.elapsed() >= Duration::from_millis(900), "after {:?}", failed.elapsed());
}

struct Redis(Child);

impl Drop for Redis {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn redis(port: u16) -> Option<Redis> {
    let mut command = Command::new("redis-server");
    command.args(["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", &port.to_string()]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().ok()?;
    let redis = Redis(child);
    until("redis accepts", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    Some(redis)
}

#[test]
fn without_redis_every_page_fails_while_cartservice_runs_on() {
    let port = crate::ports::free_port();
    let Some(running) = redis(port) else {
        println!("not tested: there is no redis-server on the PATH");
        return;
    };
    let shop = Shop::open_with(&[("cartservice", "REDIS_ADDR", &format!("127.0.0.1:{port}"))]);
    let full = prepare(&shop);
    assert!(full.cart().body.contains("Sunglasses"), "the cart is in redis");
    drop(running);
    let says = "could not retrieve cart: rpc error: code = FailedPrecondition desc = Can&#39;t access cart storage.";
    let row = Row { home: 500, product: 500, add: (500, 0), empty_cart: 500, full_cart: 500, checkout: 500, says };
    check("redis-cart", "a connected frontend", &shop, &full, &row);

    // There is no back-off between cartservice and redis: the next page works, and the carts are lost.
    let _again = redis(port);
    assert_eq!(full.home().status, 200);
    assert!(full.cart().body.contains("Your shopping cart is empty!"));
}
