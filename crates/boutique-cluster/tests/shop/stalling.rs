//! The prober while something in its way is silent.

use std::time::Duration;

use boutique_cluster::outside::Trust;
use boutique_cluster::prober::{LIMIT, Prober, timetable};
use boutique_cluster::storefront::{Storefront, choose};
use boutique_core::catalogue::Page;
use boutique_core::probe::{Outcome, Sample, Timetable};

use super::server::{Mode, Server};

fn mk_direct(server: &Server) -> Storefront {
    let port = server.port();
    let resolve = format!("shop.local:{port}:127.0.0.1").parse().expect("is HOST:PORT:ADDRESS");
    let url = format!("http://shop.local:{port}").parse().expect("is a URL");
    Storefront::at(url, Some(&resolve), &Trust::Machine).expect("can be asked")
}

/// Waits until the prober knows what became of everything that was due before a moment.
async fn settled_until(prober: &Prober, moment: Duration) {
    while prober.settled().iter().map(|sample| sample.at).max() < Some(moment) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The heart of an open loop. A prober that waited for its answers would have noted one slow request.
#[tokio::test(flavor = "multi_thread")]
async fn a_silence_of_the_shop_is_every_request_that_was_due_and_not_one_slow_answer() {
    let server = Server::start("").await;
    let timetable = timetable(&mk_direct(&server), Some(100)).expect("is possible");
    let prober = Prober::start(mk_direct(&server), timetable, "test");
    settled_until(&prober, Duration::from_millis(200)).await;
    server.stall(true);
    let from = prober.now();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let until = prober.now();
    server.stall(false);
    settled_until(&prober, until + Duration::from_millis(200)).await;
    let (samples, schedule) = prober.stop_with_schedule().await;

    assert_eq!(schedule.sent + schedule.missed, samples.len() as u64);
    let due = (0..).map(|n| timetable.slot(n).at).skip_while(|at| *at <= from).take_while(|at| *at < until);
    let mut stalled: Vec<&Sample> = samples.iter().filter(|sample| sample.at > from && sample.at < until).collect();
    stalled.sort_by_key(|sample| sample.at);
    assert!(stalled.iter().map(|sample| sample.at).eq(due), "each request that was due is there once");
    assert!(stalled.len() >= 300, "{}", stalled.len());
    for sample in stalled {
        // A machine that is so busy that the prober is late by seconds says nothing about the shop.
        let late = sample.took >= until - sample.at;
        assert!(sample.outcome == Outcome::Timeout || late || !sample.outcome.is_known(), "{sample:?}");
        assert!(sample.outcome != Outcome::Good || sample.at + LIMIT + Duration::from_secs(1) > until, "{sample:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_api_server_says_nothing_about_the_shop() {
    let server = Server::start("").await;
    let storefront = Storefront::open(&server.connect().await, "shop").await.expect("the server answers");
    server.set(Mode::Hung);
    let prober = Prober::start(storefront, Timetable::THROUGH_API_SERVER, "test");
    settled_until(&prober, Duration::from_millis(200)).await;
    let samples = prober.stop().await;
    assert!(samples.iter().all(|sample| !sample.outcome.is_known()), "{samples:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn through_the_api_server_twenty_a_second_are_the_most() {
    let server = Server::start("").await;
    let storefront = Storefront::open(&server.connect().await, "shop").await.expect("the server answers");
    assert_eq!(timetable(&storefront, None), Ok(Timetable::THROUGH_API_SERVER));
    assert_eq!(timetable(&storefront, Some(5)), Ok(Timetable { rate: 5 }));
    let error = timetable(&storefront, Some(50)).expect_err("is too much");
    assert_eq!(
        error.to_string(),
        "50 requests a second are too many through the API server's service proxy: 20 at most, because each of them passes \
         the API server; by the shop's own URL (--url) there may be 2000"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_route_answers_pages_are_asked_for_through_the_api_server() {
    let server = Server::start("").await;
    let chosen = choose(&server.connect().await, "shop").await.expect("the server answers");
    assert!(!chosen.storefront.is_direct());
    assert_eq!(
        chosen.said,
        "no route of the shop leads to it from here (http://shop.local: nobody has said at which address), so pages are asked \
         for through the API server's service proxy"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_asked_for_at_any_rate() {
    let server = Server::start("").await;
    let prober = Prober::start(mk_direct(&server), Timetable { rate: 200 }, "test");
    settled_until(&prober, Duration::from_millis(200)).await;
    let samples = prober.stop().await;
    assert!(Page::ALL.iter().all(|page| samples.iter().any(|sample| sample.page == *page)), "{samples:?}");
    assert!(samples.iter().all(|sample| sample.outcome == Outcome::Good || !sample.outcome.is_known()), "{samples:?}");
}
