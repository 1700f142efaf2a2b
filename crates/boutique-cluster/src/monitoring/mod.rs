//! The monitoring of a shop: operator and Prometheus installed by Helm or found, rules, monitors, probes and dashboards, and
//! the proof that Prometheus has and scrapes them.
//!
//! What to do is decided by [`boutique_core::monitoring`]; this carries it out on top of [`applyset`](crate::applyset)
//! (objects, inventory, lease) and [`shared`](crate::shared) releases.

mod apply;
pub(crate) mod ask;
mod destroy;
mod error;
mod grafana;
mod kubelet;
mod look;
mod observe;
mod read;
mod release;
mod wait;

pub use apply::{MonitoringApplied, MonitoringRequest, apply};
pub use destroy::{MonitoringDestroy, destroy};
pub use error::{MonitoringError, ReadError};
pub use grafana::{Credentials, GrafanaError, credentials};
pub use look::{Seen, look};
pub use read::{MonitoringReading, read};
pub use release::crd_changes;
pub use wait::{Until, Unwatched, Watched, finish, wait};
