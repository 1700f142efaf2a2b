//! Monitoring of one shop, as data and pure functions: what is scraped and probed, what is recorded of it, what alerts
//! and what is drawn.
//!
//! The shop exposes no metrics. Its request signals come from spans, which the stack's collector turns into metrics, from
//! the edge, and from journeys that a blackbox exporter makes; all of them are recorded under the same names.

pub mod pace;
pub mod rule;
pub mod spec;

pub use pace::{Burn, Pace, Span};
pub use rule::{Group, Rule};
pub use spec::{AlertSettings, Chart, Grafana, Journey, MonitoringSpec, Platform, Slo, Storage, Windows};
