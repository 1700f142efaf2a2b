//! A service without any pod that answers, for as long as the fault lasts: its calls are refused at once.

use std::time::Duration;

use super::gap::Readiness;
use super::killed::serves_on;
use super::page::{Answer, Felt, pages};
use super::way::Target;
use super::{Gap, Prediction, alert, gap, notes};
use crate::service::Service;

/// A service that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Which.
    pub service: Service,
    /// Its pods that are left alone and go on answering.
    pub survivors: usize,
    /// For how long.
    pub lasts: Duration,
    /// How long after T0 it is gone.
    pub begins: Gap,
    /// Whether it comes back for moments and goes again, as a container does that is killed and restarted.
    pub flaps: bool,
    /// How long a process that ignores SIGTERM may go on.
    pub grace: Duration,
    /// When the pod that comes afterwards gets traffic.
    pub readiness: Readiness,
}

impl Gone {
    /// Gone at once, but for what a process that ignores SIGTERM still serves.
    pub(crate) fn at_once(
        service: Service,
        survivors: usize,
        lasts: Duration,
        grace: Duration,
        readiness: Readiness,
    ) -> Self {
        let lingers = if serves_on(service) { grace } else { Duration::ZERO };
        let begins = Gap { shortest: Duration::ZERO, longest: lingers + Duration::from_secs(2) };
        Self { service, survivors, lasts, begins, flaps: false, grace, readiness }
    }

    /// When somebody answers again, after T0.
    pub(crate) fn until(&self) -> Gap {
        let ready = gap::comes_back(self.readiness);
        Gap { shortest: self.lasts + ready.shortest, longest: self.lasts + ready.longest }
    }
}

pub(super) fn predict(gone: &Gone) -> Prediction {
    let mut prediction =
        Prediction::of(gone.service, pages(Target::all_calls_of(gone.service), felt(gone), Answer::Refusal));
    let gap = gap::of_gone(gone);
    prediction.gap = prediction.hurts().then_some(gap);
    prediction.begins = Some(gone.begins);
    prediction.lasts = Some(gone.lasts);
    prediction.alerts = if gone.survivors > 0 { Vec::new() } else { alert::of_gone(gone, &prediction.pages) };
    prediction.notes = notes::of_service(gone.service);
    prediction.notes.extend(notes::of_stop(gone.service, gone.grace));
    prediction
}

fn felt(gone: &Gone) -> Felt {
    match (gone.survivors, gone.service) {
        (0, _) => Felt::Surely,
        (_, Service::Frontend) => Felt::Perhaps("requests in flight on a broken pod are lost, the other pods answer"),
        _ => Felt::Perhaps("a retry window only, the other pods take over"),
    }
}
