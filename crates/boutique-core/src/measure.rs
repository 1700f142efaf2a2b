//! From the prober's samples to the figures of a fault: when it hurt, when it was over, how much got through.
//!
//! | moment | meaning |
//! |---|---|
//! | T0 | the API server accepted the fault |
//! | T1 | first request after T0 that a customer would complain about: the impact |
//! | T4 | start of the first ten seconds after T1 in which no request failed: recovered |
//!
//! T2 (an alert fires) and T3 (somebody acts) need an alerting system and a healer; a pod that is killed has neither.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::catalogue::Page;
use crate::probe::{Outcome, Sample};

mod availability;
pub(crate) mod seconds;

pub use availability::Availability;

/// How long all must be well before the shop counts as recovered.
pub const GOOD_STRETCH: Duration = Duration::from_secs(10);

/// Longest silence of the prober inside a good stretch: seconds without any known answer prove nothing.
const BLIND: Duration = Duration::from_secs(2);

/// Answers of one page, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// As a healthy shop answers.
    pub good: u64,
    /// Errors, wrong pages and timeouts.
    pub bad: u64,
    /// Requests that say nothing about the shop.
    pub unknown: u64,
    /// Bad ones by what was seen (`500`, `timeout`, `no answer`).
    pub failures: BTreeMap<String, u64>,
    /// Longest time in which every known answer was bad.
    #[serde(serialize_with = "seconds::span")]
    pub longest_gap: Duration,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Good => self.good += 1,
            Outcome::Unknown { .. } => self.unknown += 1,
            Outcome::Bad { .. } | Outcome::Timeout => {
                self.bad += 1;
                *self.failures.entry(outcome.word()).or_default() += 1;
            }
        }
    }

    /// Good and bad ones.
    pub fn known(&self) -> u64 {
        self.good + self.bad
    }

    /// The most frequent failure, such as `500`.
    pub fn usual_failure(&self) -> Option<&str> {
        self.failures.iter().max_by_key(|(_, count)| **count).map(|(word, _)| word.as_str())
    }
}

/// Time to answer, over the answered requests of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half of the requests were answered within this.
    #[serde(serialize_with = "seconds::span")]
    pub p50: Duration,
    /// All but one in twenty were answered within this.
    #[serde(serialize_with = "seconds::span")]
    pub p95: Duration,
}

/// Latency before, during and after the impact; absent where nothing was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latencies {
    /// Before T0.
    pub before: Option<Latency>,
    /// From T0 to T4, or to the end when there was no recovery.
    pub during: Option<Latency>,
    /// From T4 on.
    pub after: Option<Latency>,
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
    /// T4, absent when there was no impact or it is not over.
    #[serde(serialize_with = "seconds::maybe")]
    pub recovered_at: Option<Duration>,
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
    /// Longest gap of any page. Pages that do not need the broken service go on meanwhile, so the gap of all pages
    /// together would say little.
    #[serde(serialize_with = "seconds::span")]
    pub longest_gap: Duration,
    /// Time to answer by phase.
    pub latency: Latencies,
}

impl Measurement {
    /// T1 − T0.
    pub fn time_to_impact(&self) -> Option<Duration> {
        self.impact_at.map(|impact| impact.saturating_sub(self.injected_at))
    }

    /// T4 − T1.
    pub fn time_to_recovery(&self) -> Option<Duration> {
        Some(self.recovered_at?.saturating_sub(self.impact_at?))
    }

    /// Time without a bad answer at the end of the measurement.
    pub fn good_for(&self, samples: &[Sample]) -> Duration {
        let last_bad = samples.iter().filter(|sample| sample.outcome.is_bad()).map(|sample| sample.at).max();
        self.ended_at.saturating_sub(last_bad.unwrap_or(self.injected_at).max(self.injected_at))
    }
}

/// Measures a fault that was accepted at `injected_at`. `samples` may come in any order; give only those whose fate is
/// settled, for a request that is still on its way could yet fail.
pub fn measure(samples: &[Sample], injected_at: Duration) -> Measurement {
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by_key(|sample| sample.at);
    let split = samples.partition_point(|sample| sample.at < injected_at);
    let (before, since) = samples.split_at(split);

    let impact_at = since.iter().find(|sample| sample.outcome.is_bad()).map(|sample| sample.at);
    let recovered_at = impact_at.and_then(|impact| recovery(since, impact));
    let ended_at = since.last().map_or(injected_at, |sample| sample.at);
    let over = recovered_at.unwrap_or(Duration::MAX);
    let (good, bad) = since.iter().fold((0, 0), |(good, bad), sample| match &sample.outcome {
        Outcome::Good => (good + 1, bad),
        outcome => (good, bad + u64::from(outcome.is_bad())),
    });
    let pages = tallies(since);
    Measurement {
        injected_at,
        impact_at,
        recovered_at,
        last_to_recover: since.iter().rfind(|sample| sample.outcome.is_bad()).map(|sample| sample.page),
        ended_at,
        before: tallies(before),
        availability: Availability { good, bad },
        longest_gap: pages.values().map(|tally| tally.longest_gap).max().unwrap_or_default(),
        since: pages,
        latency: Latencies {
            before: latency(before.iter().copied()),
            during: latency(since.iter().copied().filter(|sample| sample.at < over)),
            after: latency(since.iter().copied().filter(|sample| sample.at >= over)),
        },
    }
}

/// Start of the first good stretch after `impact`.
fn recovery(samples: &[&Sample], impact: Duration) -> Option<Duration> {
    let mut start: Option<Duration> = None;
    let mut last = impact;
    for sample in samples.iter().filter(|sample| sample.at > impact && sample.outcome.is_known()) {
        if sample.outcome.is_bad() {
            start = None;
        } else if sample.at.saturating_sub(last) > BLIND {
            start = Some(sample.at);
        } else {
            let begun = *start.get_or_insert(sample.at);
            if sample.at.saturating_sub(begun) >= GOOD_STRETCH {
                return Some(begun);
            }
        }
        last = sample.at;
    }
    None
}

fn tallies(samples: &[&Sample]) -> BTreeMap<Page, Tally> {
    let mut pages: BTreeMap<Page, Tally> = BTreeMap::new();
    for sample in samples {
        pages.entry(sample.page).or_default().add(&sample.outcome);
    }
    for (page, tally) in &mut pages {
        tally.longest_gap = longest_gap(samples.iter().filter(|sample| sample.page == *page));
    }
    pages
}

/// From the first bad answer of a run to the next good one, or to the last bad one when none follows.
fn longest_gap<'a>(samples: impl Iterator<Item = &'a &'a Sample>) -> Duration {
    let mut longest = Duration::ZERO;
    let mut since: Option<Duration> = None;
    for sample in samples.filter(|sample| sample.outcome.is_known()) {
        if let Some(since) = since {
            longest = longest.max(sample.at.saturating_sub(since));
        }
        since = if sample.outcome.is_bad() { Some(since.unwrap_or(sample.at)) } else { None };
    }
    longest
}

fn latency<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<Latency> {
    let answered = |sample: &&Sample| matches!(sample.outcome, Outcome::Good | Outcome::Bad { status: Some(_), .. });
    let mut took: Vec<Duration> = samples.filter(answered).map(|sample| sample.took).collect();
    took.sort_unstable();
    // Nearest rank: the smallest value that at least `share` percent of the values do not exceed.
    let rank = |share: usize| took.get((took.len() * share).div_ceil(100).saturating_sub(1)).copied();
    Some(Latency { p50: rank(50)?, p95: rank(95)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mk_sample(millis: u64, outcome: Outcome) -> Sample {
        Sample { at: Duration::from_millis(millis), page: Page::Home, took: Duration::from_millis(7), outcome }
    }

    fn mk_bad() -> Outcome {
        Outcome::Bad { status: Some(500), culprit: None }
    }

    /// A sample each 100 ms; bad within `outages` (in ms).
    fn mk_run(length: u64, outages: &[(u64, u64)]) -> Vec<Sample> {
        (0..length / 100)
            .map(|n| n * 100)
            .map(|at| {
                let bad = outages.iter().any(|(from, to)| (*from..*to).contains(&at));
                mk_sample(at, if bad { mk_bad() } else { Outcome::Good })
            })
            .collect()
    }

    const T0: Duration = Duration::from_secs(5);

    #[test]
    fn one_outage_is_measured_from_first_bad_to_the_start_of_ten_good_seconds() {
        let m = measure(&mk_run(40_000, &[(6_000, 14_000)]), T0);
        assert_eq!(m.time_to_impact(), Some(Duration::from_secs(1)));
        assert_eq!(m.time_to_recovery(), Some(Duration::from_secs(8)));
        assert_eq!(m.longest_gap, Duration::from_secs(8));
        assert_eq!(m.availability, Availability { good: 270, bad: 80 });
    }

    #[test]
    fn good_seconds_between_two_outages_are_no_recovery() {
        let m = measure(&mk_run(40_000, &[(6_000, 8_000), (12_000, 15_000)]), T0);
        assert_eq!(m.recovered_at, Some(Duration::from_secs(15)));
        assert_eq!(m.longest_gap, Duration::from_secs(3));
    }

    #[test]
    fn a_shop_that_is_good_for_nine_seconds_has_not_recovered() {
        let m = measure(&mk_run(17_000, &[(6_000, 8_000)]), T0);
        assert_eq!(m.recovered_at, None);
    }

    #[test]
    fn failures_before_the_fault_are_not_its_impact() {
        let m = measure(&mk_run(30_000, &[(1_000, 2_000)]), T0);
        assert_eq!(m.impact_at, None);
        assert_eq!(m.before[&Page::Home].bad, 10);
        assert_eq!(m.availability.bad, 0);
    }

    #[test]
    fn an_outage_that_does_not_end_has_a_gap_but_no_recovery() {
        let m = measure(&mk_run(20_000, &[(6_000, 99_000)]), T0);
        assert_eq!(m.recovered_at, None);
        assert_eq!(m.longest_gap, Duration::from_millis(13_900));
    }

    #[test]
    fn silence_of_the_api_server_is_no_good_stretch() {
        let mut samples = mk_run(20_000, &[(6_000, 7_000)]);
        for sample in samples.iter_mut().filter(|sample| sample.at > Duration::from_secs(8)) {
            sample.outcome = Outcome::Unknown { reason: "503 from the API server".into() };
        }
        samples.push(mk_sample(20_000, Outcome::Good));
        let m = measure(&samples, T0);
        assert_eq!(m.recovered_at, None);
        assert_eq!(m.since[&Page::Home].unknown, 119);
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let samples: Vec<Sample> =
            (1..=20).map(|n| Sample { took: Duration::from_millis(n * 10), ..mk_sample(n, Outcome::Good) }).collect();
        let latency = measure(&samples, T0).latency.before.unwrap();
        assert_eq!(latency.p50, Duration::from_millis(100));
        assert_eq!(latency.p95, Duration::from_millis(190));
    }

    fn outcomes() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            4 => Just(Outcome::Good),
            2 => Just(mk_bad()),
            1 => Just(Outcome::Timeout),
            1 => Just(Outcome::Unknown { reason: "refused".into() }),
        ]
    }

    proptest! {
        #[test]
        fn moments_are_ordered_and_every_sample_is_counted_once(
            outcomes in prop::collection::vec(outcomes(), 0..600), injected in 0_u64..30_000,
        ) {
            let mut samples: Vec<Sample> =
                outcomes.into_iter().zip(0_u64..).map(|(outcome, n)| mk_sample(n * 50, outcome)).collect();
            let injected = Duration::from_millis(injected);
            let m = measure(&samples, injected);
            if let Some(impact) = m.impact_at {
                prop_assert!(impact >= injected);
                prop_assert!(m.recovered_at.is_none_or(|recovered| recovered > impact && recovered <= m.ended_at));
            } else {
                prop_assert!(m.recovered_at.is_none() && m.availability.bad == 0);
            }
            let counted: u64 =
                m.before.values().chain(m.since.values()).map(|tally| tally.known() + tally.unknown).sum();
            prop_assert_eq!(counted, samples.len() as u64);
            samples.reverse();
            prop_assert_eq!(measure(&samples, injected), m);
        }

        #[test]
        fn no_failure_lies_in_the_ten_seconds_after_recovery(outages in prop::collection::vec((0_u64..40_000, 100_u64..6_000), 0..5)) {
            let outages: Vec<(u64, u64)> = outages.into_iter().map(|(from, length)| (from, from + length)).collect();
            let samples = mk_run(60_000, &outages);
            if let Some(recovered) = measure(&samples, T0).recovered_at {
                let stretch = recovered..=recovered + GOOD_STRETCH;
                prop_assert!(!samples.iter().any(|sample| stretch.contains(&sample.at) && sample.outcome.is_bad()));
            }
        }
    }
}
