//! A gameday as its file describes it.

use std::time::Duration;

use super::share::Share;
use crate::catalogue::Page;
use crate::fault::FaultType;
use crate::service::Service;

/// One gameday.
#[derive(Debug, Clone, PartialEq)]
pub struct Gameday {
    /// Short name, as a Kubernetes object would have it.
    pub name: String,
    /// What it is about, in a line.
    pub title: String,
    /// What there is to learn.
    pub teaching: Teaching,
    /// What the shop has to be like for it to make sense.
    pub needs: Needs,
    /// Decides what chance decides.
    pub seed: u64,
    /// How well the shop has to be before each step.
    pub steady: SteadyState,
    /// What is broken, in order.
    pub faults: Vec<Entry>,
    /// What is expected of every step.
    pub every_step: Vec<Expectation>,
    /// What is expected of all steps together.
    pub whole_day: Vec<Expectation>,
}

/// What there is to learn; empty texts are left out of what people see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Teaching {
    /// What you will see.
    pub see: String,
    /// Why.
    pub why: String,
    /// What to change in the shop.
    pub change: String,
}

/// What the shop has to be like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// So many ready pods at least, of each service that is a target.
    pub at_least: Option<u64>,
    /// So many at most.
    pub at_most: Option<u64>,
    /// Whether Prometheus has to be there.
    pub monitoring: bool,
}

/// How well the shop has to be before something is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteadyState {
    /// Pages that count.
    pub pages: Vec<Page>,
    /// Requests per second, here and while the fault is measured.
    pub rate: u32,
    /// How long is looked.
    pub lasts: Duration,
    /// Share of good answers at least.
    pub availability: Share,
    /// All but one in twenty answers within this.
    pub p95: Option<Duration>,
}

/// An element of `faults`.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A fault, or the same fault of several services, one after the other.
    Fault(Candidate),
    /// All of these, several times.
    Repeat {
        /// How often.
        times: u32,
        /// What.
        faults: Vec<Entry>,
    },
    /// Some of these, drawn by chance.
    Random {
        /// How many are drawn.
        draws: u32,
        /// From which.
        faults: Vec<Entry>,
    },
}

/// A fault before anything is drawn or repeated.
#[derive(Clone)]
pub struct Candidate {
    /// Its kind.
    pub kind: &'static dyn FaultType,
    /// To whom: at least one.
    pub services: Vec<Service>,
    /// The other end, for faults between two services.
    pub peer: Option<Service>,
    /// How many pods; none for all.
    pub count: Option<usize>,
    /// How long it lasts.
    pub lasts: Duration,
    /// By how much each call gets slower.
    pub delay: Option<Duration>,
    /// Image for the kinds that need one.
    pub image: Option<String>,
    /// Grace period of killed pods; none for the pods' own.
    pub grace: Option<Duration>,
    /// A line for people; empty for the one that is made from the rest.
    pub title: String,
    /// What is expected of it, beyond what is expected of every step.
    pub expect: Vec<Expectation>,
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate")
            .field("kind", &self.kind.name())
            .field("services", &self.services)
            .field("peer", &self.peer)
            .field("count", &self.count)
            .field("lasts", &self.lasts)
            .field("delay", &self.delay)
            .field("image", &self.image)
            .field("grace", &self.grace)
            .field("title", &self.title)
            .field("expect", &self.expect)
            .finish()
    }
}

/// Something that a machine can judge afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// The share of good answers from T0 to the end.
    Availability {
        /// At least this.
        at_least: Option<Share>,
        /// Less than this: for a gameday that shows what is missing.
        below: Option<Share>,
        /// With 95 % confidence at least this.
        surely: Option<Share>,
        /// Not judged on fewer answers; the measurement goes on until they are there.
        requests: u64,
    },
    /// From the first failure to the first of ten good seconds.
    Recovery {
        /// At most this.
        within: Duration,
    },
    /// An alert fires.
    Detected {
        /// Which.
        alert: String,
        /// How long after the first failure, or after T0 where no page failed, at most.
        within: Duration,
    },
    /// A page never fails.
    StaysGood(Page),
    /// The prediction is confirmed.
    Predicted,
}

impl Expectation {
    /// Answers that are needed to judge it.
    pub fn requests(&self) -> u64 {
        match self {
            Self::Availability { requests, .. } => *requests,
            _ => 0,
        }
    }
}
