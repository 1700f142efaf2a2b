//! Monitoring of one shop, as data and pure functions: what is scraped and probed, what is recorded of it, what alerts
//! and what is drawn.
//!
//! The shop exposes no metrics. Its request signals come from spans, which the stack's collector turns into metrics, from
//! the edge, and from journeys that a blackbox exporter makes; all of them are recorded under the same names.

pub mod alerts;
pub mod blackbox;
pub mod buckets;
pub mod chart;
pub mod dashboards;
pub mod inputs;
pub mod judge;
pub mod monitors;
pub mod outputs;
pub mod pace;
pub mod retention;
pub mod rule;
mod scope;
pub mod signals;
pub mod slo;
pub mod spec;
pub mod users;
pub mod values;

mod render;
mod validate;

pub use chart::chart;
pub use inputs::{Certificate, EdgeInputs, Inputs, Inside};
pub use judge::{MonitoringObservation, judge};
pub use outputs::{PrometheusPlace, grafana_url, installed_prometheus, place_of};
pub use pace::{Burn, Pace, Span};
pub use render::{MonitoringError, alert_names, grafana_tls_secret, render};
pub use rule::{Group, Rule};
pub use spec::{AlertSettings, Chart, Grafana, Journey, MonitoringSpec, Platform, Slo, Storage, Windows};
pub use validate::against;
pub use values::values;

/// Every rule of a monitoring: what is recorded, and what alerts.
#[must_use]
pub fn rules(spec: &MonitoringSpec) -> Vec<Group> {
    [signals::groups(spec), slo::groups(spec), alerts::groups(spec)].concat()
}
