//! The kinds of fault, one file each.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::access::Need;
use super::act::{Act, Activity};
use super::scene::{Refusal, Scene, Wish};
use crate::predict::Prediction;
use crate::service::Service;

mod bad_address;
mod cpu_throttle;
mod crash_loop;
mod kill_pods;
mod latency;
mod leak;
mod node_drain;
mod oom;
mod partition;
mod redis_outage;
mod scale_to_zero;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

/// Every kind, in the order of the help. A new one is a file and a line here.
pub static ALL: &[&dyn FaultType] = &[
    &kill_pods::KillPods,
    &crash_loop::CrashLoop,
    &oom::Oom,
    &leak::Leak,
    &cpu_throttle::CpuThrottle,
    &bad_address::BadAddress,
    &redis_outage::RedisOutage,
    &partition::Partition,
    &latency::Latency,
    &scale_to_zero::ScaleToZero,
    &node_drain::NodeDrain,
];

/// The kind of this name.
pub fn by_name(name: &str) -> Option<&'static dyn FaultType> {
    ALL.iter().copied().find(|kind| kind.name() == name)
}

/// How a fault is undone; told to everybody who is asked to agree to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// Touches running pods only, which Kubernetes replaces by itself.
    #[default]
    Live,
    /// Adds objects that Kubernetes deletes by itself when their time is over.
    Added,
    /// Changes objects that stay; somebody has to put them back.
    Changed,
}

impl fmt::Display for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Live => "live: Kubernetes replaces the pods, whatever becomes of this program",
            Self::Added => "added: Kubernetes deletes what was added, whatever becomes of this program",
            Self::Changed => {
                "changed: needs a healer, which is this program, kubectl boutique heal, or terraform apply"
            }
        })
    }
}

/// One kind of fault.
pub trait FaultType: Sync {
    /// What people call it, in kebab case; the value of `--fault`.
    fn name(&self) -> &'static str;

    /// What it does, in one line of help.
    fn about(&self) -> &'static str;

    /// How it is undone.
    fn undo(&self) -> Undo;

    /// The first minor version of Kubernetes 1.x that can do it.
    fn since(&self) -> Option<u32> {
        None
    }

    /// Rights beyond [`super::common_needs`].
    fn needs(&self) -> Vec<Need>;

    /// Why it makes no sense for a service; none where it does.
    fn unfit(&self, service: Service) -> Option<String>;

    /// What is to be done to the shop as it was seen, and what will come of it.
    ///
    /// # Errors
    ///
    /// When it cannot be done here.
    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal>;
}

/// A fault that has been decided on and not yet been done.
#[derive(Debug, Clone, PartialEq)]
pub struct Injection {
    /// What is done, in order.
    pub acts: Vec<Act>,
    /// What goes on while it lasts.
    pub activity: Option<Activity>,
    /// Whether a NetworkPolicy has to be proven to be enforced first.
    pub canary: bool,
    /// What will come of it.
    pub prediction: Prediction,
    /// Whether it is over as soon as the shop has recovered; otherwise it lasts for its whole time.
    pub heals_itself: bool,
    /// How long it takes at most from the replacement of what was broken until that serves again: pods of a live fault end
    /// by so much earlier than the record's `until`, so that by then everything is over with nobody alive to see to it.
    pub comes_back: Duration,
    /// Who else has a say in what is broken, and what they will do about it; a sentence each.
    pub company: Vec<String>,
    /// Lines for a shell that undo it without this program.
    pub by_hand: Vec<String>,
}

/// How much later than its author Kubernetes ends a fault: so much that the two do not get into each other's way.
pub(crate) const LEEWAY: Duration = Duration::from_secs(10);

impl Injection {
    /// How long after its beginning a fault that lasts for `bound` is over, whatever becomes of its author: the record's
    /// `until`. Deadlines of pods lie [`Injection::comes_back`] earlier, so that their successors serve by then.
    pub fn over(&self, bound: Duration) -> Duration {
        bound + LEEWAY + self.comes_back
    }
}

/// The kind that shows best how a service heals itself, and why; for those who do not say which.
pub fn default_for(service: Service, scene: &Scene) -> (&'static dyn FaultType, String) {
    let pods = scene.living_pods(service).len();
    let reason = match pods {
        0 | 1 => format!(
            "killing the only pod of {service} shows how its ReplicaSet replaces it, and what shoppers lose meanwhile"
        ),
        many => format!(
            "killing the {many} pods of {service} shows how its ReplicaSet replaces them; --count 1 leaves the others to take over"
        ),
    };
    (&kill_pods::KillPods, reason)
}
