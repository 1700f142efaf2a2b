//! Which page answers what while one service is down: the stand-in shop on a real node against upstream's behaviour.

use std::time::{Duration, Instant};

use boutique_acceptance::browser::Browser;
use boutique_acceptance::lab;
use boutique_acceptance::room::{SMALL_SHOP, room};
use boutique_acceptance::stack::Stack;

const PRODUCT: &str = "OLJCESPC7Z";
const ORDER: &str = "email=someone%40example.com&street_address=1600+Amphitheatre+Parkway&zip_code=94043&city=Mountain+View\
&state=CA&country=United+States&credit_card_number=4432801561520454&credit_card_expiration_month=1\
&credit_card_expiration_year=2039&credit_card_cvv=672";

/// Service, then the statuses of home, product, adding to the cart, the cart, and checkout, while it is down.
const TABLE: [(&str, [u16; 5]); 10] = [
    ("currencyservice", [500, 500, 302, 500, 500]),
    ("cartservice", [500, 500, 500, 500, 500]),
    ("redis-cart", [500, 500, 500, 500, 500]),
    ("productcatalogservice", [500, 500, 500, 500, 500]),
    ("shippingservice", [200, 200, 302, 500, 500]),
    ("checkoutservice", [200, 200, 302, 200, 500]),
    ("paymentservice", [200, 200, 302, 200, 500]),
    ("emailservice", [200, 200, 302, 200, 200]),
    ("recommendationservice", [200, 200, 302, 200, 200]),
    ("adservice", [200, 200, 302, 200, 200]),
];
const UP: [u16; 5] = [200, 200, 302, 200, 200];
/// The rows that are tried unless `BOUTIQUE_TABLE=all`: one that breaks everything, one some pages, one nothing.
const SHORT: [&str; 3] = ["currencyservice", "shippingservice", "adservice"];

#[test]
fn each_page_answers_as_upstreams_while_a_service_is_down_and_sells_again_after() {
    let node = lab::node();
    let _room = room(SMALL_SHOP);
    let stack =
        Stack::applied(node, "table", "load_generator = { enabled = false }\n  wait = { until = \"purchase\" }");
    let namespace = &stack.namespace;
    let address =
        namespace.get("service", "frontend")["spec"]["clusterIP"].as_str().expect("a ClusterIP").to_owned() + ":80";
    let all = std::env::var("BOUTIQUE_TABLE").is_ok_and(|rows| rows == "all");
    let rows = TABLE.into_iter().filter(|(service, _)| all || SHORT.contains(service));
    for (service, expected) in rows {
        // A cart filled before the fall, for the pages that need one.
        let shopper = Browser::new(&address);
        assert_eq!(shopper.post("/cart", &format!("product_id={PRODUCT}&quantity=1")), Some(302));
        scale(&stack, service, 0);
        eventually(service, expected, || pages(&shopper));
        println!("round {service}: {expected:?}");
        scale(&stack, service, 1);
        eventually(&format!("{service} again"), UP, || pages(&Browser::new(&address)));
    }
    stack.module.destroy().expect_success("terraform destroy");
}

/// What the five pages answer one session, in the table's order.
fn pages(shopper: &Browser) -> [Option<u16>; 5] {
    [
        shopper.get("/"),
        shopper.get(&format!("/product/{PRODUCT}")),
        shopper.post("/cart", &format!("product_id={PRODUCT}&quantity=1")),
        shopper.get("/cart"),
        shopper.post("/cart/checkout", ORDER),
    ]
}

/// Connections and back-offs take their time to notice; what counts is what the shop settles on.
fn eventually(what: &str, expected: [u16; 5], mut pages: impl FnMut() -> [Option<u16>; 5]) {
    let expected = expected.map(Some);
    let deadline = Instant::now() + Duration::from_secs(150);
    let mut seen = pages();
    while seen != expected {
        assert!(
            Instant::now() < deadline,
            "{what}: home, product, add, cart, checkout answer {seen:?}, not {expected:?}"
        );
        seen = pages();
    }
}

fn scale(stack: &Stack, service: &str, replicas: u32) {
    let target = format!("deployment/{service}");
    stack.namespace.kubectl(&["scale", &target, &format!("--replicas={replicas}")]).expect_success("kubectl scale");
    let selector = format!("app={service}");
    if replicas == 0 {
        stack
            .namespace
            .kubectl(&["wait", "--for=delete", "pod", "--selector", &selector, "--timeout=60s"])
            .expect_success("kubectl wait");
    } else {
        stack
            .namespace
            .kubectl(&["rollout", "status", &target, "--timeout=120s"])
            .expect_success("kubectl rollout status");
    }
}
