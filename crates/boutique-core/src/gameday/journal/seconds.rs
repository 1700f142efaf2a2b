//! Samples, second by second: what plots are made of.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Answers;
use crate::probe::{Outcome, Sample};

/// One second of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Second {
    /// Its beginning, in seconds since T0.
    pub at: i64,
    /// Requests that were due in it.
    pub answers: Answers,
    /// Half of the answers within this many milliseconds.
    #[serde(default)]
    pub p50: Option<f64>,
    /// All but one in twenty within this many milliseconds.
    #[serde(default)]
    pub p95: Option<f64>,
    /// Good, bad and unknown ones of each page that was asked for.
    #[serde(default)]
    pub pages: BTreeMap<String, (u64, u64, u64)>,
}

impl Second {
    /// Requests that were due in it.
    pub fn due(&self) -> u64 {
        self.answers.known() + self.answers.unknown
    }
}

/// Counts samples second by second, from the first to the last, also where nothing was due.
pub fn seconds(samples: &[Sample], injected_at: Duration) -> Vec<Second> {
    let mut buckets: BTreeMap<i64, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        buckets.entry(since(sample.at, injected_at).div_euclid(1_000)).or_default().push(sample);
    }
    let (Some(first), Some(last)) = (buckets.keys().next(), buckets.keys().next_back()) else { return Vec::new() };
    (*first..=*last).map(|at| second(at, buckets.get(&at).map_or(&[][..], Vec::as_slice))).collect()
}

fn second(at: i64, samples: &[&Sample]) -> Second {
    let mut answers = Answers::default();
    let mut pages: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    for sample in samples {
        let page = pages.entry(sample.page.name().to_owned()).or_default();
        let (all, one) = match &sample.outcome {
            Outcome::Good => (&mut answers.good, &mut page.0),
            Outcome::Unknown { .. } => (&mut answers.unknown, &mut page.2),
            Outcome::Bad { .. } | Outcome::Timeout => (&mut answers.bad, &mut page.1),
        };
        *all += 1;
        *one += 1;
    }
    let known = samples.iter().filter(|sample| sample.outcome.is_known());
    let mut took: Vec<Duration> = known.map(|sample| sample.took).collect();
    took.sort_unstable();
    Second { at, answers, p50: rank(&took, 50), p95: rank(&took, 95), pages }
}

/// Nearest rank, in milliseconds.
pub(in crate::gameday) fn rank(sorted: &[Duration], share: usize) -> Option<f64> {
    let took = sorted.get((sorted.len() * share).div_ceil(100).saturating_sub(1))?;
    Some((took.as_secs_f64() * 10_000.0).round() / 10.0)
}

/// Milliseconds since T0.
fn since(at: Duration, injected_at: Duration) -> i64 {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    millis(at) - millis(injected_at)
}

/// Every sample of a step as a line of JSON, for the file of raw data.
pub fn raw(step: usize, samples: &[Sample], injected_at: Duration) -> String {
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by_key(|sample| sample.at);
    let line = |sample: &&Sample| {
        json!({
            "step": step,
            "at": since(sample.at, injected_at) as f64 / 1_000.0,
            "page": sample.page,
            "ms": sample.took.as_micros() as f64 / 1_000.0,
            "outcome": sample.outcome.word(),
        })
        .to_string()
            + "\n"
    };
    samples.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Page;

    fn mk_sample(millis: u64, outcome: Outcome) -> Sample {
        Sample {
            at: Duration::from_millis(millis),
            page: Page::Home,
            took: Duration::from_millis(millis % 100),
            outcome,
        }
    }

    #[test]
    fn seconds_count_from_the_fault_and_none_is_left_out() {
        let samples =
            [mk_sample(4_900, Outcome::Good), mk_sample(5_100, Outcome::Timeout), mk_sample(7_999, Outcome::Good)];
        let seconds = seconds(&samples, Duration::from_secs(5));
        let counts: Vec<(i64, u64, u64)> = seconds.iter().map(|s| (s.at, s.answers.good, s.answers.bad)).collect();
        assert_eq!(counts, [(-1, 1, 0), (0, 0, 1), (1, 0, 0), (2, 1, 0)]);
        assert_eq!(seconds[2].p50, None);
        assert_eq!(seconds[3].p50, Some(99.0));
    }

    #[test]
    fn raw_data_has_a_line_for_each_sample_in_order() {
        let samples = [mk_sample(5_100, Outcome::Timeout), mk_sample(4_900, Outcome::Good)];
        let text = raw(2, &samples, Duration::from_secs(5));
        assert_eq!(
            text,
            "{\"step\":2,\"at\":-0.1,\"page\":\"home\",\"ms\":0.0,\"outcome\":\"ok\"}\n{\"step\":2,\"at\":0.1,\"page\":\"home\",\"ms\":0.0,\"outcome\":\"timeout\"}\n"
        );
    }
}
