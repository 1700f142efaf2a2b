//! A service is there and well, and a caller does not reach it.

use std::time::Duration;

use super::page::{self, Answer, Felt, pages};
use super::way::Target;
use super::{Effect, Gap, Kill, PageImpact, Prediction, alert, gap, killed, notes};
use crate::catalogue::Page;
use crate::service::Service;

/// What a call over the cut gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A refusal, at once.
    Refused,
    /// A refusal or no answer at all: that is the network's choice.
    RefusedOrSilent,
}

/// A cut between two services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Who does not get through; none for everybody.
    pub caller: Option<Service>,
    /// To whom.
    pub callee: Service,
    /// What the caller gets instead.
    pub manner: Manner,
    /// Whether connections that are open already go on: gRPC keeps one for the life of a pod.
    pub open_connections_survive: bool,
    /// How long the cut takes to come into effect.
    pub begins: Gap,
    /// For how long, from T0 on.
    pub lasts: Duration,
    /// How long it takes to go after that.
    pub ends: Gap,
    /// Whose pods are exchanged by a rollout at the beginning and at the end.
    pub rolled: Option<Service>,
    /// Pods that are killed once, so that connections have to be opened anew.
    pub killed: Option<Kill>,
}

pub(super) fn predict(cut: &Cut) -> Prediction {
    let target = Target { caller: cut.caller, callee: cut.callee };
    let answer = match cut.manner {
        Manner::Refused => Answer::Refusal,
        Manner::RefusedOrSilent => Answer::Either,
    };
    let felt = if cut.open_connections_survive {
        Felt::Perhaps("new connections are cut, a call on an open one may get through")
    } else if cut.begins.longest >= cut.lasts {
        Felt::Perhaps("the cut may come into effect only after the fault is over")
    } else {
        Felt::Surely
    };
    let mut pages = match cut.caller {
        // Shoppers come another way.
        Some(Service::Loadgenerator) => only_simulated(),
        _ => pages(target, felt, answer),
    };
    if let Some(service) = cut.rolled {
        page::exchange(&mut pages, service, "at both ends");
    }
    if let Some(kill) = &cut.killed {
        page::worse(&mut pages, killed::predict(kill).pages);
    }
    let mut prediction = Prediction::of(cut.callee, pages);
    prediction.begins = Some(cut.begins);
    prediction.gap = prediction.hurts().then(|| gap::of_cut(cut));
    prediction.lasts = Some(cut.lasts);
    prediction.alerts = alert::of_cut(cut, &prediction.pages);
    prediction.notes = notes::of_cut(cut.callee);
    prediction
}

fn only_simulated() -> Vec<PageImpact> {
    let reason = "only the simulated shoppers take this way";
    Page::ALL.into_iter().map(|page| PageImpact::new(page, Effect::Works, reason)).collect()
}
