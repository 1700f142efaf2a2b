//! Pods are killed: their ReplicaSet makes new ones at once.

use std::time::Duration;

use super::gap::Readiness;
use super::page::{Answer, Felt, pages};
use super::way::Target;
use super::{Prediction, alert, gap, notes};
use crate::catalogue::{Language, workload};
use crate::service::Service;

/// Killed pods, with what the cluster says about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// Whose pods.
    pub service: Service,
    /// How many pods will be killed.
    pub killed: usize,
    /// How many Ready pods stay.
    pub survivors: usize,
    /// How long a pod may take to stop (`terminationGracePeriodSeconds`, or what the caller asked for).
    pub grace: Duration,
    /// When a new pod gets traffic.
    pub readiness: Readiness,
}

pub(super) fn predict(kill: &Kill) -> Prediction {
    let gap = gap::of_kill(kill);
    let mut prediction =
        Prediction::of(kill.service, pages(Target::all_calls_of(kill.service), felt(kill), Answer::Refusal));
    prediction.gap = prediction.hurts().then_some(gap);
    prediction.alerts = if kill.survivors > 0 { Vec::new() } else { alert::of_kill(kill, &prediction.pages) };
    prediction.notes = notes::of_service(kill.service);
    prediction.notes.extend(notes::of_stop(kill.service, kill.grace));
    prediction
}

pub(super) fn felt(kill: &Kill) -> Felt {
    match (kill.survivors, kill.service) {
        (0, Service::Frontend) => Felt::Surely,
        (0, _) if gap::of_kill(kill).shortest.is_zero() => {
            Felt::Perhaps("the old pod serves on for its grace period, maybe until the new one is ready")
        }
        (0, _) => Felt::Surely,
        (_, Service::Frontend) => Felt::Perhaps("requests in flight on a killed pod are lost, the other pods answer"),
        _ => Felt::Perhaps("a retry window only, the other pods take over"),
    }
}

/// Whether the process takes no notice of SIGTERM and is killed at the end of its grace period: Node.js and Python as
/// PID 1 without a handler, as upstream's images start them.
pub(crate) fn serves_on(service: Service) -> bool {
    matches!(workload(service).language, Language::Node | Language::Python) && service != Service::Loadgenerator
}
