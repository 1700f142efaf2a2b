//! A service that is stopped: its own series change, those of healthy services do not.

use std::time::Duration;

use boutique_core::catalogue::{Hardness, calls};
use boutique_core::service::Service;

use super::Watched;

/// How long until the objective's page is raised, at most.
const PAGE: Duration = Duration::from_secs(180);
/// A page for requests that failed. Not for those that were slow, nor for journeys, which give up what is slow: a machine that
/// does much else is slow, and rightly said to be.
const PAGED: &str =
    "ALERTS{alertname=\"BoutiqueErrorBudgetBurn\",severity=\"critical\",alertstate=\"firing\",sli=\"requests\"}";

#[expect(clippy::print_stdout, reason = "how long it took belongs into the test's output")]
pub(super) fn show_where_they_are(watched: &Watched) {
    let prometheus = &watched.prometheus;
    let paged = |when: &str| {
        let pages = prometheus.query(PAGED);
        assert!(pages.is_empty(), "{when} somebody is woken: {pages:?}");
    };
    paged("on a healthy shop");

    // Nobody needs advertisements.
    stopped(watched, Service::Adservice);
    paged("without advertisements");
    started(watched, Service::Adservice);

    // Nothing goes without currencies.
    let begun = std::time::Instant::now();
    stopped(watched, Service::Currencyservice);
    prometheus.await_answer(PAGED, PAGE.saturating_sub(begun.elapsed()));
    println!("paged {:?} after currencyservice was stopped", begun.elapsed());
    started(watched, Service::Currencyservice);
}

/// Stops a service and asserts where that shows.
fn stopped(watched: &Watched, stopped: Service) {
    let prometheus = &watched.prometheus;
    watched.scale(stopped, 0);
    let of = |name: &str, service: Service| format!("boutique:{name}{{service=\"{service}\"}}");
    prometheus.await_answer(&format!("{} > 0.9", of("errors:ratio", stopped)), Duration::from_secs(90));
    prometheus.await_answer(&format!("{} == 0", of("reachable:ratio", stopped)), Duration::from_secs(90));
    for service in Watched::with_requests().filter(|service| !needs(*service, stopped)) {
        // A page that a visitor did not wait for counts as the frontend's error, as upstream's does.
        let errors = format!("boutique:errors:ratio{{service=\"{service}\",source=\"spans\"}} > 0.1");
        let errors = prometheus.query(&errors);
        assert!(errors.is_empty(), "{service} has errors while {stopped} is stopped: {errors:?}");
        // A probe of a healthy service may be late on a machine that does much else; none of the stopped one's succeeds.
        let reachable = prometheus.value(&of("reachable:ratio", service)).unwrap_or_default();
        assert!(reachable > 0.5, "{service} is reachable by {reachable} while {stopped} is stopped");
        let ready = prometheus.value(&of("replicas_ready:ratio", service));
        assert_eq!(ready, Some(1.0), "ready pods of {service} while {stopped} is stopped");
    }
}

fn started(watched: &Watched, service: Service) {
    watched.scale(service, 1);
    watched.rolled_out(service);
    let healthy = format!("boutique:errors:ratio{{service=\"{service}\",source=\"spans\"}} < 0.5");
    watched.prometheus.await_answer(&healthy, Duration::from_secs(150));
}

/// Whether a service is the stopped one, or fails without it, as the catalogue says.
fn needs(service: Service, stopped: Service) -> bool {
    service == stopped
        || calls(service).iter().any(|call| call.hardness == Hardness::Hard && needs(call.service, stopped))
}
