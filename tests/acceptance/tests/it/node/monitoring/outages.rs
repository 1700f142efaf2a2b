//! A service that is stopped: its own series change, those of healthy services do not.

use std::time::Duration;

use boutique_core::catalogue::{Hardness, calls};
use boutique_core::service::Service;

use super::Watched;

/// How long until the objective's page is raised, at most.
const PAGE: Duration = Duration::from_secs(180);
/// A page of the objective that fires. Not for latency: a machine that does much else is slow, and rightly said to be.
const PAGED: &str =
    "ALERTS{alertname=\"BoutiqueErrorBudgetBurn\",severity=\"critical\",alertstate=\"firing\",sli!=\"latency\"}";

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
        let errors = prometheus.query(&format!("boutique:errors:ratio{{service=\"{service}\",source=\"spans\"}} > 0"));
        assert!(errors.is_empty(), "{service} has errors while {stopped} is stopped: {errors:?}");
        for signal in ["reachable:ratio", "replicas_ready:ratio"] {
            let value = prometheus.value(&of(signal, service));
            assert_eq!(value, Some(1.0), "{signal} of {service} while {stopped} is stopped");
        }
    }
}

fn started(watched: &Watched, service: Service) {
    watched.scale(service, 1);
    watched.rolled_out(service);
    let healthy = format!("boutique:errors:ratio{{service=\"{service}\",source=\"spans\"}} == 0");
    watched.prometheus.await_answer(&healthy, Duration::from_secs(150));
}

/// Whether a service is the stopped one, or fails without it, as the catalogue says.
fn needs(service: Service, stopped: Service) -> bool {
    service == stopped
        || calls(service).iter().any(|call| call.hardness == Hardness::Hard && needs(call.service, stopped))
}
