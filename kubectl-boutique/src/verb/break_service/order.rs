//! What is ordered of [`super::drive`], and what comes of it: the two ends that `break` and `gameday` share.

use std::collections::BTreeMap;
use std::time::Duration;

use boutique_cluster::storefront::Storefront;
use boutique_core::fault::{Fault, FaultType, Injection, Request, Wish};
use boutique_core::gameday::SteadyState;
use boutique_core::grade::Grade;
use boutique_core::measure::{GOOD_STRETCH, Measurement};
use boutique_core::probe::{Sample, Schedule};
use serde::Serialize;

use crate::error::Exit;

/// How long the shop must be well before it is broken.
const STEADY: Duration = Duration::from_secs(5);

/// How long it may take to recover after the fault was undone.
pub(crate) const RECOVERY: Duration = Duration::from_secs(120);

/// One fault, ordered.
#[derive(Clone)]
pub(crate) struct Order {
    /// Which kind; none for the one that shows best what becomes of the service.
    pub(crate) kind: Option<&'static dyn FaultType>,
    /// To whom, how long, with what.
    pub(crate) wish: Wish,
    /// The shop by its URL; none for the way through the API server.
    pub(crate) storefront: Option<Storefront>,
    /// Requests a second; none for what the way bears.
    pub(crate) rate: Option<u32>,
    /// How long the shop must be well before it is broken.
    pub(crate) steady: Duration,
    /// What well means there; none for "no request fails".
    pub(crate) steady_state: Option<SteadyState>,
    /// How long it may take to recover after the fault was undone.
    pub(crate) recovery: Duration,
    /// How long all must be well before the shop counts as recovered.
    pub(crate) good_stretch: Duration,
    /// Goes on measuring until so many requests were answered after T0, although the shop is well again.
    pub(crate) requests: u64,
    /// Stops when the fault has used more than this share of the error budget of 30 days, in percent.
    pub(crate) abort_budget: Option<f64>,
    /// Also breaks a shop that is not well.
    pub(crate) force: bool,
    /// Whether somebody has agreed already; otherwise the user is asked.
    pub(crate) agreed: bool,
}

impl Order {
    /// An order as `break` gives it without flags.
    pub(crate) fn new(kind: Option<&'static dyn FaultType>, wish: Wish) -> Self {
        Self {
            kind,
            wish,
            storefront: None,
            rate: None,
            steady: STEADY,
            steady_state: None,
            recovery: RECOVERY,
            good_stretch: GOOD_STRETCH,
            requests: 0,
            abort_budget: None,
            force: false,
            agreed: false,
        }
    }
}

/// What came of it.
pub(crate) struct Outcome {
    /// The fault as it is recorded in the end; its prediction is there too, as data.
    pub(crate) fault: Fault,
    /// What was decided, with the prediction.
    pub(crate) injection: Injection,
    /// What was sent for it.
    pub(crate) requests: Vec<Request>,
    /// How well the prober kept its timetable.
    pub(crate) schedule: Schedule,
    /// What was measured. Times count from the prober's start.
    pub(crate) measurement: Measurement,
    /// Every request of the prober.
    pub(crate) samples: Vec<Sample>,
    /// Prediction against measurement.
    pub(crate) grade: Grade,
    /// Who was told.
    pub(crate) alerts: Alerts,
    /// Whether all is as it was.
    pub(crate) proof: Proof,
    /// How the shop stands at the end.
    pub(crate) shop: Standing,
    /// Why the measurement ended.
    pub(crate) stopped: Why,
    /// The story, each line with its time on the prober's clock.
    pub(crate) lines: Vec<(Duration, String)>,
    /// How it was undone, as sentences.
    pub(crate) undone: Vec<String>,
    /// Since when the workloads are as before, on the prober's clock.
    pub(crate) restored_at: Option<Duration>,
    /// Pods that came after the fault.
    pub(crate) replacements: Vec<String>,
    /// The way to the pages, in one word.
    pub(crate) way: &'static str,
    /// How a run that does nothing else ends.
    pub(crate) exit: Exit,
}

/// Who was told of the fault.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "detection")]
pub(crate) enum Alerts {
    /// Nobody watches this shop.
    NotWatched {
        /// Why, in a sentence without a full stop.
        reason: String,
    },
    /// Prometheus watches it.
    Watched {
        /// Alerts that began to fire after T0, in order.
        fired: Vec<Fired>,
    },
}

/// An alert that began to fire.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fired {
    /// Its name.
    pub(crate) name: String,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// When, on the prober's clock.
    #[serde(serialize_with = "seconds")]
    pub(crate) at: Duration,
}

fn seconds<S: serde::Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((at.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// The shop's objects before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Proof {
    /// Objects that are as before.
    pub(crate) equal: usize,
    /// What is not, each as a sentence.
    pub(crate) differences: Vec<String>,
    /// Why nothing can be said, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unknown: Option<String>,
}

impl Proof {
    /// Whether it is proven that all is as before.
    pub(crate) fn holds(&self) -> bool {
        self.differences.is_empty() && self.unknown.is_none()
    }
}

/// How the shop stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// Customers are served, and the pods are back.
    Recovered,
    /// No request failed for a while, but not for ten seconds yet.
    Recovering,
    /// It still fails, or pods are missing, or the fault could not be undone.
    Broken,
}

/// Why the measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Why {
    /// Ten good seconds at the end.
    Good,
    /// Time was up.
    TimeUp,
    /// The fault had used up what `--abort-budget` grants.
    Budget,
    /// Ctrl-C.
    Interrupted,
    /// The cluster could no longer be watched.
    Blind,
}
