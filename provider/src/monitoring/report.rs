//! What an apply that did not succeed says.

use boutique_cluster::applyset::Cause;
use boutique_cluster::monitoring::{MonitoringError, Unwatched};
use boutique_cluster::shared::SharedError;
use tfplugin_rs::Diagnostic;

use super::Monitoring;
use crate::connection::sentence;
use crate::managed::{self, Managed as _, SKIP};

/// What became of an apply that failed, in a few words.
pub(super) fn summary(cause: &Cause) -> String {
    let Cause::Companion(error) = cause else { return managed::summary(cause, Monitoring::THING) };
    match error.downcast_ref::<MonitoringError>() {
        Some(MonitoringError::Findings(_) | MonitoringError::Unfit(_)) => "The monitoring cannot work like this",
        Some(MonitoringError::Grafana(_)) => "Grafana's password was not set",
        Some(MonitoringError::Certificate(_)) => "The certificate was not made",
        Some(MonitoringError::Operator(error) | MonitoringError::Stuck { error, .. }) => match error {
            SharedError::NoJoin(_) | SharedError::Foreign { .. } => "The operator is not ours alone",
            SharedError::Wait(_) => "The operator does not come up",
            SharedError::Helm(_) | SharedError::Release(_) | SharedError::Chart(_) => "The operator was not installed",
            _ => "The monitoring was not applied",
        },
        _ => "The monitoring was not applied",
    }
    .to_owned()
}

/// Why the shop is not watched.
pub(super) fn unwatched(unwatched: &Unwatched) -> Diagnostic {
    let detail = sentence(&unwatched.to_string());
    match unwatched {
        Unwatched::Exporter(_) => Diagnostic::error("The blackbox exporter does not come up", detail),
        Unwatched::Failed(_) => Diagnostic::error("The shop is not watched", detail),
        Unwatched::Ended { .. } => Diagnostic::error("The shop was not watched in time", detail),
        Unwatched::Api(_) => Diagnostic::error("Whether the shop is watched cannot be seen", format!("{detail}{SKIP}")),
    }
}
