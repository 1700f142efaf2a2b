//! The objective: what was bad of how much, over every window of alerting and over the period, and what is left.
//!
//! Three indicators (label `sli`): `requests` of shoppers that failed, `journeys` of the blackbox exporter that failed, and
//! `latency`, requests slower than promised. Each is a ratio of two sums of counters, never a mean of ratios: a quiet
//! minute weighs what was asked in it. Windows are those of [`crate::monitoring::Pace`].

mod budget;
mod objective;
mod windows;

pub(super) use objective::{AVAILABILITY, LATENCY};

use super::rule::Group;
use super::scope::Scope;
use super::spec::MonitoringSpec;

/// Names of the indicators, as in the label `sli`.
pub const INDICATORS: [&str; 3] = ["requests", "journeys", "latency"];

/// Recording rules of the objective: one group for the windows, whose rules read one another's answers of the same moment,
/// and one for the period.
#[must_use]
pub fn groups(spec: &MonitoringSpec) -> Vec<Group> {
    let scope = Scope::of(spec);
    let mut rules = objective::rules(&scope);
    rules.extend(windows::rules(&scope));
    vec![
        Group { name: "boutique.slo".to_owned(), interval: scope.pace.interval, rules },
        Group { name: "boutique.budget".to_owned(), interval: budget::interval(&scope), rules: budget::rules(&scope) },
    ]
}
