//! From the prober's samples to the figures of a fault: when it hurt, when it was over, how much got through.
//!
//! | moment | meaning |
//! |---|---|
//! | T0 | the API server accepted the fault |
//! | T1 | first request after T0 that a customer would complain about: the impact |
//! | T2 | an alert fires |
//! | T3 | somebody begins to undo it |
//! | T4 | start of the first ten seconds (gamedays: sixty) after T1 in which no request failed: recovered |
//!
//! A pod that is killed has no T3, and a shop that nobody watches no T2.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::catalogue::Page;
use crate::probe::{Outcome, Sample};

mod availability;
mod budget;
mod latency;
mod marks;
mod recovery;
pub(crate) mod seconds;
mod slowness;
mod tally;

pub use availability::Availability;
pub use budget::{BUDGET_OF_30_DAYS, Budget};
pub use latency::{Latencies, Latency};
pub use marks::{GOOD_STRETCH, Marks};
pub use tally::Tally;

/// What the first thing was that a customer would complain about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// A request failed.
    Failed,
    /// None failed, but a page was much slower than before, several times in a row and for a second at least.
    Slowed,
}

/// What a fault did. Times count from the prober's start.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measurement {
    /// T0.
    #[serde(serialize_with = "seconds::span")]
    pub injected_at: Duration,
    /// T1, absent when nobody noticed.
    #[serde(serialize_with = "seconds::maybe")]
    pub impact_at: Option<Duration>,
    /// What happened at T1.
    pub impact: Option<Impact>,
    /// T2, absent when no alert fired or nobody looked for one.
    #[serde(serialize_with = "seconds::maybe")]
    pub detected_at: Option<Duration>,
    /// T3, absent when nobody undid it or it has not been undone yet.
    #[serde(serialize_with = "seconds::maybe")]
    pub undone_at: Option<Duration>,
    /// T4, absent when there was no impact or it is not over.
    #[serde(serialize_with = "seconds::maybe")]
    pub recovered_at: Option<Duration>,
    /// How long all had to be well for T4.
    #[serde(serialize_with = "seconds::span")]
    pub good_stretch: Duration,
    /// Page of the last failure: the last to recover.
    pub last_to_recover: Option<Page>,
    /// Last sample that was taken into account.
    #[serde(serialize_with = "seconds::span")]
    pub ended_at: Duration,
    /// Per page, before T0.
    pub before: BTreeMap<Page, Tally>,
    /// Per page, from T0 to the end.
    pub since: BTreeMap<Page, Tally>,
    /// From T0 to the end.
    pub availability: Availability,
    /// What it cost of the error budget, from T0 to the end.
    pub budget: Budget,
    /// Longest gap of any page. Pages that do not need the broken service go on meanwhile, so the gap of all pages
    /// together would say little.
    #[serde(serialize_with = "seconds::span")]
    pub longest_gap: Duration,
    /// Time to answer by phase.
    pub latency: Latencies,
    /// The same for each page.
    pub latency_by_page: BTreeMap<Page, Latencies>,
}

impl Measurement {
    /// T1 − T0.
    pub fn time_to_impact(&self) -> Option<Duration> {
        self.impact_at.map(|impact| impact.saturating_sub(self.injected_at))
    }

    /// T2 − T1. Nothing where nobody was hurt; zero where the alert was first.
    pub fn time_to_detect(&self) -> Option<Duration> {
        Some(self.detected_at?.saturating_sub(self.impact_at?))
    }

    /// T3 − T2; zero where it was undone before anybody was told.
    pub fn time_to_mitigate(&self) -> Option<Duration> {
        Some(self.undone_at?.saturating_sub(self.detected_at?))
    }

    /// T4 − T1.
    pub fn time_to_recovery(&self) -> Option<Duration> {
        Some(self.recovered_at?.saturating_sub(self.impact_at?))
    }

    /// T4 − T3: what the undoing itself took. Nothing where the shop had recovered before.
    pub fn recovery_after_undo(&self) -> Option<Duration> {
        self.recovered_at?.checked_sub(self.undone_at?)
    }

    /// Time without a bad answer at the end of the measurement.
    pub fn good_for(&self, samples: &[Sample]) -> Duration {
        let last_bad = samples.iter().filter(|sample| sample.outcome.is_bad()).map(|sample| sample.at).max();
        self.ended_at.saturating_sub(last_bad.unwrap_or(self.injected_at).max(self.injected_at))
    }
}

/// Measures a fault: `marks` says when it was accepted, and more where there is more to say. `samples` may come in any
/// order; give only those whose fate is settled, for a request that is still on its way could yet fail.
pub fn measure(samples: &[Sample], marks: impl Into<Marks>) -> Measurement {
    let marks: Marks = marks.into();
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by_key(|sample| sample.at);
    let split = samples.partition_point(|sample| sample.at < marks.injected_at);
    let (before, since) = samples.split_at(split);

    let failures: Vec<&Sample> = since.iter().copied().filter(|sample| sample.outcome.is_bad()).collect();
    let slow = if failures.is_empty() { slowness::lasting(before, since) } else { Vec::new() };
    let complaints = if failures.is_empty() { slow } else { failures };
    let impact_at = complaints.first().map(|sample| sample.at);
    let recovered_at = impact_at.and_then(|impact| recovery::recovery(since, &complaints, impact, marks.good_stretch));
    let ended_at = since.last().map_or(marks.injected_at, |sample| sample.at);
    let availability = Availability {
        good: since.iter().filter(|sample| sample.outcome == Outcome::Good).count() as u64,
        bad: since.iter().filter(|sample| sample.outcome.is_bad()).count() as u64,
    };
    let over = match (impact_at, recovered_at) {
        (Some(_), recovered) => recovered.map(|recovered| recovered.max(marks.undone_at.unwrap_or_default())),
        (None, _) => marks.undone_at,
    };
    let phases = |of: &dyn Fn(&Sample) -> bool| {
        let end = since.partition_point(|sample| over.is_none_or(|over| sample.at < over));
        latency::phases(before, &since[..end], &since[end..], of)
    };
    let pages = tally::tallies(since);
    Measurement {
        injected_at: marks.injected_at,
        impact_at,
        impact: complaints.first().map(|first| if first.outcome.is_bad() { Impact::Failed } else { Impact::Slowed }),
        detected_at: marks.detected_at,
        undone_at: marks.undone_at,
        recovered_at,
        good_stretch: marks.good_stretch,
        last_to_recover: complaints.last().map(|sample| sample.page),
        ended_at,
        before: tally::tallies(before),
        availability,
        budget: Budget::spent(availability.bad, since.len() as u64, ended_at.saturating_sub(marks.injected_at)),
        longest_gap: pages.values().map(|tally| tally.longest_gap).max().unwrap_or_default(),
        since: pages,
        latency: phases(&|_| true),
        latency_by_page: Page::ALL.into_iter().map(|page| (page, phases(&|sample| sample.page == page))).collect(),
    }
}

#[cfg(test)]
mod tests;
