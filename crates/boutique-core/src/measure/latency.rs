//! Time to answer.

use std::time::Duration;

use serde::Serialize;

use super::seconds;
use crate::probe::{Outcome, Sample};

/// Time to answer, over the answered requests of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half of the requests were answered within this.
    #[serde(serialize_with = "seconds::span")]
    pub p50: Duration,
    /// All but one in twenty were answered within this.
    #[serde(serialize_with = "seconds::span")]
    pub p95: Duration,
    /// All but one in a hundred were answered within this; the slowest one where there are fewer than a hundred.
    #[serde(serialize_with = "seconds::span")]
    pub p99: Duration,
}

/// Latency before, during and after the impact; absent where nothing was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latencies {
    /// Before T0.
    pub before: Option<Latency>,
    /// From T0 to T4 or, where that is later, to T3; to the end when there was no recovery.
    pub during: Option<Latency>,
    /// From then on.
    pub after: Option<Latency>,
}

impl Latency {
    /// Requests without an answer have no time to it, and would only pull the figures towards the prober's limit.
    fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<Self> {
        let answered =
            |sample: &&Sample| matches!(sample.outcome, Outcome::Good | Outcome::Bad { status: Some(_), .. });
        let mut took: Vec<Duration> = samples.filter(answered).map(|sample| sample.took).collect();
        took.sort_unstable();
        // Nearest rank: the smallest value that at least `share` percent of the values do not exceed.
        let rank = |share: usize| took.get((took.len() * share).div_ceil(100).saturating_sub(1)).copied();
        Some(Self { p50: rank(50)?, p95: rank(95)?, p99: rank(99)? })
    }
}

/// The three phases of those samples that `of` names.
pub(super) fn phases(
    before: &[&Sample],
    during: &[&Sample],
    after: &[&Sample],
    of: &dyn Fn(&Sample) -> bool,
) -> Latencies {
    let phase = |samples: &[&Sample]| Latency::of(samples.iter().copied().filter(|sample| of(sample)));
    Latencies { before: phase(before), during: phase(during), after: phase(after) }
}
