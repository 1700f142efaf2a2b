//! What will happen when something of the shop is broken: which pages fail, why, for how long, and who is told.
//!
//! Read from the catalogue's graph of calls and from how the pods stop and start. Said before the fault is injected and
//! graded afterwards, so a wrong prediction is a finding about the shop, or about this file.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::catalogue::Page;
use crate::measure::seconds;
use crate::monitoring::Windows;
use crate::service::Service;

mod alert;
mod cut;
mod drained;
mod gap;
mod gone;
mod killed;
mod notes;
mod page;
mod slow;
mod way;

pub(crate) use alert::alert;
pub use alert::{ExpectedAlert, Fires};
pub use cut::{Cut, Manner};
pub use drained::Drained;
pub(crate) use gap::comes_back;
pub use gap::{Gap, Readiness};
pub use gone::Gone;
pub use killed::Kill;
pub(crate) use killed::serves_on;
pub use slow::{PATIENCE, Slow};
pub(crate) use way::callees_by_harm;

/// What a page does while a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// As always.
    Works,
    /// Answers, but something on it is missing.
    Degrades,
    /// Answers, but later than usual, and some requests perhaps too late.
    Slows,
    /// Some requests may fail, or none.
    MayFail,
    /// Fails.
    Fails,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Works => "works",
            Self::Degrades => "degrades",
            Self::Slows => "slows",
            Self::MayFail => "may fail",
            Self::Fails => "fails",
        })
    }
}

/// What the shop loses by a fault, with what the cluster says about the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// Pods are killed, and replaced at once.
    Killed(Kill),
    /// Nobody answers for a service for the whole time: calls are refused.
    Gone(Gone),
    /// A service is there, but a caller does not reach it.
    Cut(Cut),
    /// A service answers late.
    Slow(Slow),
    /// Pods of several services leave a node.
    Drained(Drained),
    /// Nothing that a shopper would notice.
    Nothing {
        /// The target.
        service: Service,
        /// Why it cannot hurt.
        reason: String,
    },
}

/// One page's future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageImpact {
    /// Which page.
    pub page: Page,
    /// What it will do.
    pub effect: Effect,
    /// For a page that slows: by how much at least, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds::maybe")]
    pub late_by: Option<Duration>,
    /// Why.
    pub reason: String,
}

impl PageImpact {
    pub(crate) fn new(page: Page, effect: Effect, reason: impl Into<String>) -> Self {
        Self { page, effect, late_by: None, reason: reason.into() }
    }
}

/// What a fault is going to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prediction {
    /// The target.
    pub service: Service,
    /// Every page of the shop, in a shopper's order.
    pub pages: Vec<PageImpact>,
    /// How long the pages that fail will fail; absent where none does.
    pub gap: Option<Gap>,
    /// How long after T0 the effect begins, if not at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins: Option<Gap>,
    /// How long the fault lasts, if it does not heal itself.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds::maybe")]
    pub lasts: Option<Duration>,
    /// What a shopper will notice of the fault's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
    /// Alerts of boutique_monitoring whose condition the fault meets; [`Prediction::told`] says which of them fire.
    pub alerts: Vec<ExpectedAlert>,
    /// Things to know that no page shows.
    pub notes: Vec<String>,
}

impl Prediction {
    /// The alerts that will or may fire within this fault, given how fast the shop's monitoring runs. None is a prediction,
    /// too: nobody is told.
    pub fn told(&self, windows: Windows) -> Vec<&ExpectedAlert> {
        self.alerts.iter().filter(|alert| alert.fires(windows) != Fires::Never).collect()
    }

    /// Whether a page fails or may fail.
    pub fn hurts(&self) -> bool {
        self.pages.iter().any(|page| page.effect >= Effect::MayFail)
    }

    /// With an alert more.
    #[must_use]
    pub(crate) fn alert(mut self, alert: ExpectedAlert) -> Self {
        if alert.fires_ever() && !self.alerts.iter().any(|known| known.name == alert.name) {
            self.alerts.push(alert);
        }
        self
    }

    /// With something more to know.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With what is noticed of the end.
    #[must_use]
    pub(crate) fn ending(mut self, ending: impl Into<String>) -> Self {
        self.ending = Some(ending.into());
        self
    }
}

/// Predicts a fault.
pub fn predict(loss: &Loss) -> Prediction {
    let mut prediction = match loss {
        Loss::Killed(kill) => killed::predict(kill),
        Loss::Gone(gone) => gone::predict(gone),
        Loss::Cut(cut) => cut::predict(cut),
        Loss::Slow(slow) => slow::predict(slow),
        Loss::Drained(drained) => drained::predict(drained),
        Loss::Nothing { service, reason } => nothing(*service, reason),
    };
    prediction.alerts.retain(ExpectedAlert::fires_ever);
    prediction
}

fn nothing(service: Service, reason: &str) -> Prediction {
    let pages = Page::ALL.into_iter().map(|page| PageImpact::new(page, Effect::Works, reason)).collect();
    Prediction::of(service, pages)
}

impl Prediction {
    /// A prediction that so far says nothing but what pages do.
    fn of(service: Service, pages: Vec<PageImpact>) -> Self {
        Self {
            service,
            pages,
            gap: None,
            begins: None,
            lasts: None,
            ending: None,
            alerts: Vec::new(),
            notes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
