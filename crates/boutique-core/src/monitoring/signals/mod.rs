//! Golden signals of every service under one set of names, whatever their source: latency, traffic, errors, saturation.
//!
//! Requests are told by requests: of spans those that the collector counts, of the edge the controller's own, and
//! journeys. Probes of reachability say only whether somebody listens; their answer is a constant in this application, so
//! they are never part of errors or of an objective.

mod edge;
mod journeys;
mod orders;
mod resources;
mod restarts;
mod spans;

pub use super::buckets::BUCKETS_MS;
use super::rule::{Group, Rule};
use super::scope::Scope;
use super::spec::MonitoringSpec;

pub(super) use edge::{counted, with_status};
pub(super) use restarts::recent as recent_restarts;
pub(super) use spans::{FRONTEND_CALLS, FRONTEND_COUNT, FRONTEND_UNDER, of_frontend};

/// Quantiles that are recorded, with the name each gets.
const QUANTILES: [(&str, &str); 3] = [("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99")];

/// Recording rules of all signals: one group for requests, whose rules read one another's answers of the same moment, and
/// one for resources.
#[must_use]
pub fn groups(spec: &MonitoringSpec) -> Vec<Group> {
    let scope = Scope::of(spec);
    let mut requests = spans::rules(&scope);
    requests.extend(edge::rules(&scope));
    requests.extend(journeys::rules(&scope));
    requests.push(ratio(&scope));
    requests.extend(orders::rules(&scope));
    requests.push(journeys::shoppers(&scope));
    vec![
        Group { name: "boutique.requests".to_owned(), interval: scope.pace.interval, rules: requests },
        Group { name: "boutique.resources".to_owned(), interval: scope.pace.interval, rules: resources::rules(&scope) },
    ]
}

/// Share of requests that failed, for every source at once. Nothing where there were no requests.
fn ratio(scope: &Scope<'_>) -> Rule {
    let errors = scope.recorded("boutique:errors:rate", "");
    let requests = scope.recorded("boutique:requests:rate", "");
    scope.record("boutique:errors:ratio", format!("{errors} / ({requests} > 0)"), [])
}

#[cfg(test)]
mod tests {
    use crate::render;
    use crate::spec::StackSpec;

    /// The counters of one collector pod are summed before `rate` sees them: a series that went would be a fall of the sum,
    /// and a fall reads as a restart.
    #[test]
    fn the_collector_lets_no_counter_expire() {
        let config = render::config(&StackSpec::new("shop", "shop"), 128);
        assert_eq!(config["connectors"]["span_metrics"]["metrics_expiration"], "0s");
    }
}
