//! Answers of one page, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::seconds;
use crate::catalogue::Page;
use crate::probe::{Outcome, Sample};

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

/// By page. The samples are in order of time.
pub(super) fn tallies(samples: &[&Sample]) -> BTreeMap<Page, Tally> {
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
