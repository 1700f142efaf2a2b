//! What an apply that did not succeed says.

use boutique_cluster::applyset::Cause;
use boutique_cluster::bounds::Interrupted;
use boutique_cluster::edge::{EdgeError, Unreached};
use boutique_cluster::shared::SharedError;
use tfplugin_rs::Diagnostic;

use super::Ingress;
use crate::connection::sentence;
use crate::managed::{self, Managed as _, SKIP};

/// What became of an apply that failed, in a few words.
pub(super) fn summary(cause: &Cause) -> String {
    let Cause::Companion(error) = cause else { return managed::summary(cause, Ingress::THING) };
    match error.downcast_ref::<EdgeError>() {
        Some(EdgeError::Findings(_)) => "The edge cannot work like this",
        Some(EdgeError::Certificate(_)) => "The certificate was not made",
        Some(EdgeError::Controller(error)) => match error {
            SharedError::NoJoin(_) | SharedError::Foreign { .. } => "The controller is not ours alone",
            SharedError::Wait(_) => "The controller does not come up",
            SharedError::Helm(_) | SharedError::Release(_) | SharedError::Chart(_) => {
                "The controller was not installed"
            }
            _ => "The ingress was not applied",
        },
        _ => "The ingress was not applied",
    }
    .to_owned()
}

/// Whether a wait ended because somebody called it off.
pub(super) fn was_called_off(unreached: &Unreached) -> bool {
    matches!(unreached, Unreached::Ended { by: Interrupted::Cancelled, .. })
}

/// Why the shop is not reached.
pub(super) fn unreached(unreached: &Unreached) -> Diagnostic {
    let detail = sentence(&unreached.to_string());
    match unreached {
        Unreached::Failed { .. } => Diagnostic::error("The shop is not reached through the edge", detail),
        Unreached::Ended { .. } => Diagnostic::error("The shop was not reached in time", detail),
        Unreached::Api(_) => Diagnostic::error("Whether the shop is reached cannot be seen", format!("{detail}{SKIP}")),
    }
}
