//! Purchase and prober against an API server whose shop does as it is told.

mod detecting;
mod outside;
mod server;
mod stalling;

use std::time::Duration;

use boutique_cluster::prober::Prober;
use boutique_cluster::purchase::{Problem, Purchase, buy};
use boutique_cluster::storefront::Storefront;
use boutique_core::catalogue::Page;
use boutique_core::probe::{Outcome, SESSIONS, Sample, Timetable};
use boutique_core::service::Service;

use server::{Mode, Server};

const LIMIT: Duration = Duration::from_secs(2);

async fn mk_storefront(server: &Server) -> Storefront {
    Storefront::open(&server.connect().await, "shop").await.expect("the server answers")
}

async fn mk_purchase(server: &Server) -> Purchase {
    buy(&mk_storefront(server).await, "boutique-buy-test", LIMIT, |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_five_pages_in_one_session_and_ends_with_a_receipt() {
    let server = Server::start("").await;
    let purchase = mk_purchase(&server).await;
    assert_eq!(purchase.problem(), None);
    assert_eq!(purchase.receipt.and_then(|receipt| receipt.total).as_deref(), Some("USD 28.98"));
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| seen.cookie.contains("shop_session-id=boutique-buy-test;")), "{seen:?}");
    assert!(seen[4].body.contains("credit_card_number=4432801561520454"), "{}", seen[4].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_below_a_path_is_bought_in_there() {
    let server = Server::start("/online-boutique").await;
    assert_eq!(mk_purchase(&server).await.problem(), None);
    assert_eq!(server.seen()[0].path, "/online-boutique/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_names_the_service_and_leaves_an_empty_cart() {
    let server = Server::start("").await;
    server.set(Mode::Failing("/checkout", "failed to complete the order: rpc error: failed to charge card: no"));
    let purchase = mk_purchase(&server).await;
    let Some(Problem::Complaint(complaint)) = purchase.problem() else { panic!("{purchase:?}") };
    assert_eq!(complaint.page, Page::Checkout);
    assert_eq!(complaint.culprit.as_ref().map(|culprit| culprit.service), Some(Service::Paymentservice));
    assert_eq!(purchase.receipt, None);
    let last = server.seen().pop().unwrap();
    assert_eq!((last.method.as_str(), last.path.as_str()), ("POST", "/cart/empty"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_that_fails_at_once_touches_no_cart() {
    let server = Server::start("").await;
    server.set(Mode::NoEndpoints);
    let purchase = mk_purchase(&server).await;
    assert!(matches!(purchase.problem(), Some(Problem::Nobody { .. })), "{purchase:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_of_the_api_server_is_not_held_against_the_shop() {
    let server = Server::start("").await;
    server.set(Mode::Overloaded);
    let purchase = mk_purchase(&server).await;
    assert!(matches!(purchase.problem(), Some(Problem::Unknown { .. })), "{purchase:?}");
}

/// Probes until so many samples are there, and stops.
async fn probe(server: &Server, samples: usize) -> Vec<Sample> {
    let prober = Prober::start(mk_storefront(server).await, Timetable::THROUGH_API_SERVER, "test");
    while prober.all().len() < samples {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    prober.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_shop_gives_good_samples_only() {
    let server = Server::start("").await;
    let samples = probe(&server, 20).await;
    assert!(samples.iter().all(|sample| sample.outcome == Outcome::Good), "{samples:?}");
}

/// An open loop: a prober that waited for answers would have sent one request.
#[tokio::test(flavor = "multi_thread")]
async fn the_prober_keeps_its_timetable_while_the_shop_is_silent() {
    let server = Server::start("").await;
    server.set(Mode::Silent(Duration::from_secs(30)));
    let samples = probe(&server, 1).await;
    // The first sample is there after two seconds; forty requests were due by then. The API server itself answers.
    assert!(samples.len() >= 30, "{} samples", samples.len());
    assert!(samples.iter().all(|sample| sample.outcome == Outcome::Timeout), "{samples:?}");
    let due: Vec<Duration> = (0..30).map(|n| Timetable::THROUGH_API_SERVER.slot(n).at).collect();
    let mut at: Vec<Duration> = samples.iter().map(|sample| sample.at).collect();
    at.sort_unstable();
    assert_eq!(at[..30], due[..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_behind_the_service_is_bad_and_an_ailing_api_server_unknown() {
    let server = Server::start("").await;
    server.set(Mode::NoEndpoints);
    let samples = probe(&server, 3).await;
    assert!(samples.iter().all(|sample| sample.outcome == Outcome::Bad { status: None, culprit: None }), "{samples:?}");
    server.set(Mode::Overloaded);
    let samples = probe(&server, 3).await;
    assert!(samples.iter().all(|sample| !sample.outcome.is_known()), "{samples:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prober_leaves_every_one_of_its_few_carts_empty() {
    let server = Server::start("").await;
    probe(&server, 5).await;
    let emptied: Vec<String> =
        server.seen().into_iter().filter(|seen| seen.path == "/cart/empty").map(|seen| seen.cookie).collect();
    assert_eq!(emptied.len(), SESSIONS);
    assert!(emptied.iter().all(|cookie| cookie.contains("boutique-probe-test-")), "{emptied:?}");
}
