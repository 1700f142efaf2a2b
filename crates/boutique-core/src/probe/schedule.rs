//! How well a prober kept its timetable.

use std::time::Duration;

use serde::Serialize;

use crate::measure::seconds;

/// Buckets for each doubling: a figure is at most a sixteenth too high.
const STEPS: u64 = 16;
/// Enough for an hour in microseconds.
const BUCKETS: usize = 480;

/// Differences between when requests were due and when they left, counted. Takes the same memory however many there are.
#[derive(Debug, Clone)]
pub struct Errors {
    counts: Vec<u64>,
    max: Duration,
}

impl Default for Errors {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], max: Duration::ZERO }
    }
}

impl Errors {
    /// Counts one.
    pub fn add(&mut self, error: Duration) {
        let bucket = bucket(u64::try_from(error.as_micros()).unwrap_or(u64::MAX)).min(BUCKETS - 1);
        self.counts[bucket] += 1;
        self.max = self.max.max(error);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The difference that `per_mille` of them do not exceed, rounded up; zero where there is none.
    pub fn quantile(&self, per_mille: u64) -> Duration {
        let wanted = (self.count() * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.map_or(Duration::ZERO, |bucket| Duration::from_micros(upper(bucket)).min(self.max))
    }

    /// In a few figures.
    pub fn schedule(&self, missed: u64) -> Schedule {
        Schedule { sent: self.count(), missed, p50: self.quantile(500), p99: self.quantile(990), max: self.max }
    }
}

/// How well a prober kept its timetable. A time to answer says nothing about the shop if the request left late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// Requests that left.
    pub sent: u64,
    /// Requests that could not leave; they are among the samples all the same.
    pub missed: u64,
    /// Half of the requests left at most so much after they were due.
    #[serde(serialize_with = "seconds::span")]
    pub p50: Duration,
    /// All but one in a hundred left at most so much after they were due.
    #[serde(serialize_with = "seconds::span")]
    pub p99: Duration,
    /// None left later than this after it was due.
    #[serde(serialize_with = "seconds::span")]
    pub max: Duration,
}

/// Values below [`STEPS`] have a bucket each; from there on each doubling has [`STEPS`].
fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return usize::try_from(micros).unwrap_or(usize::MAX);
    }
    let doublings = u64::from(micros.ilog2() - STEPS.ilog2());
    usize::try_from(doublings * STEPS + (micros >> doublings)).unwrap_or(usize::MAX)
}

/// The greatest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let doublings = bucket / STEPS - 1;
    ((bucket - doublings * STEPS + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_hour_is_measured_and_more_is_an_hour() {
        assert!(bucket(3_600_000_000) < BUCKETS, "{}", bucket(3_600_000_000));
        let mut errors = Errors::default();
        errors.add(Duration::from_secs(1_000_000));
        assert_eq!((errors.count(), errors.schedule(0).max), (1, Duration::from_secs(1_000_000)));
    }

    #[test]
    fn nothing_sent_is_no_error() {
        assert_eq!(Errors::default().schedule(3), Schedule { missed: 3, ..Schedule::default() });
    }

    proptest! {
        #[test]
        fn a_quantile_is_the_true_one_or_a_sixteenth_more(mut micros in prop::collection::vec(0_u64..100_000_000, 1..300), per_mille in 1_u64..=1000) {
            let mut errors = Errors::default();
            for micros in &micros {
                errors.add(Duration::from_micros(*micros));
            }
            micros.sort_unstable();
            let rank = (micros.len() * usize::try_from(per_mille).unwrap()).div_ceil(1000).max(1);
            let (exact, found) = (micros[rank - 1], errors.quantile(per_mille).as_micros());
            let found = u64::try_from(found).unwrap();
            prop_assert!(exact <= found && found <= exact + exact / STEPS, "{exact} {found}");
        }

        #[test]
        fn a_value_lies_in_its_bucket(micros in 0_u64..3_600_000_000) {
            let found = bucket(micros);
            prop_assert!(micros <= upper(found) && (found == 0 || micros > upper(found - 1)));
        }
    }
}
