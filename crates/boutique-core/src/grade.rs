//! Prediction against measurement, page by page.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::catalogue::Page;
use crate::measure::{Measurement, Tally};
use crate::predict::{Effect, PageImpact, Prediction};
use crate::probe::Outcome;

mod detection;

pub use detection::{AlertGrade, Detection, Sighting};

/// Answers of a page below which its silence proves nothing.
const ENOUGH: u64 = 5;

/// By how much a page has to be later than before to count as slower, where nobody said by how much.
const NOTICED: Duration = Duration::from_millis(20);

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As predicted.
    Confirmed,
    /// Too little was seen to tell.
    Inconclusive,
    /// Not as predicted.
    Refuted,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Confirmed => "confirmed",
            Self::Inconclusive => "inconclusive",
            Self::Refuted => "refuted",
        })
    }
}

/// One page: what was said and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageGrade {
    /// Prediction.
    #[serde(flatten)]
    pub predicted: PageImpact,
    /// From T0 to the end.
    pub observed: Tally,
    /// How they compare.
    pub verdict: Verdict,
    /// The observation in words.
    pub seen: String,
}

/// The whole comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grade {
    /// Page by page, in a shopper's order.
    pub pages: Vec<PageGrade>,
    /// The worst of the pages: one refuted page refutes the prediction.
    pub verdict: Verdict,
    /// How the measured duration compares with the predicted one; says nothing where either is absent, and does not
    /// count for the verdict, because it depends on the machine.
    pub duration: Option<&'static str>,
    /// Whether the alerts that were predicted fired; absent where nobody watched. Does not count for the verdict, because it
    /// depends on how the shop is monitored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detection: Option<Detection>,
}

/// Compares a prediction with what was measured.
pub fn grade(prediction: &Prediction, measurement: &Measurement) -> Grade {
    let empty = Tally::default();
    let pages: Vec<PageGrade> = prediction
        .pages
        .iter()
        .map(|impact| page(impact, measurement.since.get(&impact.page).unwrap_or(&empty), prediction, measurement))
        .collect();
    let verdict = pages.iter().map(|page| page.verdict).max().unwrap_or(Verdict::Inconclusive);
    let duration = prediction.gap.zip(measurement.time_to_recovery()).map(|(gap, took)| gap.judge(took));
    Grade { pages, verdict, duration, detection: None }
}

fn page(impact: &PageImpact, tally: &Tally, prediction: &Prediction, measurement: &Measurement) -> PageGrade {
    let blind = tally.unknown > tally.known();
    // "May fail" is a promise too: not for longer than was said.
    let too_long = prediction.gap.is_some_and(|gap| tally.longest_gap > gap.longest);
    let verdict = match impact.effect {
        Effect::Fails if tally.bad > 0 => Verdict::Confirmed,
        // Too few requests during a short outage may all have missed it.
        Effect::Fails if blind || tally.known() < expected_probes(measurement, impact.page) => Verdict::Inconclusive,
        Effect::Fails if too_early(prediction, measurement) => Verdict::Inconclusive,
        Effect::Fails => Verdict::Refuted,
        Effect::MayFail if blind => Verdict::Inconclusive,
        Effect::MayFail if tally.bad > 0 && too_long => Verdict::Refuted,
        Effect::MayFail => Verdict::Confirmed,
        // One bad answer among many may be anything, two are a pattern.
        Effect::Slows => slowed(impact, tally, prediction, measurement),
        Effect::Works | Effect::Degrades if tally.bad >= 2 => Verdict::Refuted,
        Effect::Works | Effect::Degrades if tally.bad == 1 || blind || tally.known() < ENOUGH => Verdict::Inconclusive,
        Effect::Works | Effect::Degrades => Verdict::Confirmed,
    };
    PageGrade { predicted: impact.clone(), observed: tally.clone(), verdict, seen: seen(tally) }
}

/// Whether a page got slower, or some of its answers came too late. Single failures say nothing: pods may have been
/// exchanged to make it slow.
fn slowed(impact: &PageImpact, tally: &Tally, prediction: &Prediction, measurement: &Measurement) -> Verdict {
    if tally.failures.get(&Outcome::Timeout.word()).is_some_and(|late| *late >= 2) {
        return Verdict::Confirmed;
    }
    let latency = measurement.latency_by_page.get(&impact.page).copied().unwrap_or_default();
    let Some((before, during)) = latency.before.zip(latency.during) else { return Verdict::Inconclusive };
    // Half of what was promised, and so much at least that it is not the weather.
    let expected = impact.late_by.map_or_else(|| before.p95.max(NOTICED), |late_by| late_by / 2);
    if during.p95 >= before.p50 + expected {
        Verdict::Confirmed
    } else if tally.known() < ENOUGH || too_early(prediction, measurement) {
        Verdict::Inconclusive
    } else {
        Verdict::Refuted
    }
}

/// Whether the measurement ended before the effect had to be there.
fn too_early(prediction: &Prediction, measurement: &Measurement) -> bool {
    let measured = measurement.ended_at.saturating_sub(measurement.injected_at);
    prediction.begins.is_some_and(|begins| measured < begins.longest)
}

/// Requests of a page that would have to be answered well before an outage of the shop counts as missed: pages that are
/// asked for rarely may slip through a short outage that other pages have shown.
fn expected_probes(measurement: &Measurement, page: Page) -> u64 {
    let outage = measurement.time_to_recovery().is_some_and(|took| took < Duration::from_secs(3));
    if outage && page == Page::Checkout { u64::MAX } else { ENOUGH }
}

fn seen(tally: &Tally) -> String {
    let total = tally.known();
    match tally.usual_failure() {
        None if total == 0 => "nothing seen".into(),
        None => format!("{total} of {total} ok"),
        Some(failure) if tally.bad == 1 => format!("{failure} once (of {total})"),
        Some(failure) => {
            format!("{failure} for {:.1} s ({} of {total} bad)", tally.longest_gap.as_secs_f64(), tally.bad)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::measure;
    use crate::predict::{Gap, Kill, Loss, Readiness, predict};
    use crate::probe::{Sample, Timetable};
    use crate::service::Service;

    fn mk_prediction(service: Service) -> Prediction {
        let readiness = Readiness { delay: Duration::from_secs(2), period: Duration::from_secs(2), startup: None };
        predict(&Loss::Killed(Kill { service, killed: 1, survivors: 0, grace: Duration::from_secs(1), readiness }))
    }

    /// Thirty seconds of probes with T0 at 5 s, of which `fail` says which fail.
    fn mk_measurement(fail: impl Fn(Page, Duration) -> bool) -> Measurement {
        let samples: Vec<Sample> = (0..600)
            .map(|n| Timetable::THROUGH_API_SERVER.slot(n))
            .map(|slot| Sample {
                at: slot.at,
                page: slot.page,
                took: Duration::from_millis(9),
                outcome: if fail(slot.page, slot.at) {
                    Outcome::Bad { status: Some(500), culprit: None }
                } else {
                    Outcome::Good
                },
            })
            .collect();
        measure(&samples, Duration::from_secs(5))
    }

    fn during(at: Duration) -> bool {
        (6..12).contains(&at.as_secs())
    }

    #[test]
    fn what_fails_as_predicted_confirms() {
        let measurement = mk_measurement(|_, at| during(at));
        let grade = grade(&mk_prediction(Service::Cartservice), &measurement);
        assert_eq!(grade.verdict, Verdict::Confirmed);
        assert_eq!(grade.duration, Some("as predicted"));
        assert_eq!(grade.pages[0].seen, "500 for 6.0 s (30 of 125 bad)");
    }

    #[test]
    fn a_page_that_should_have_worked_refutes() {
        let measurement = mk_measurement(|_, at| during(at));
        let grade = grade(&mk_prediction(Service::Checkoutservice), &measurement);
        assert_eq!(grade.verdict, Verdict::Refuted);
        assert_eq!(grade.pages[0].verdict, Verdict::Refuted);
        assert_eq!(grade.pages[4].verdict, Verdict::Confirmed);
    }

    #[test]
    fn a_predicted_outage_that_does_not_come_refutes() {
        let grade = grade(&mk_prediction(Service::Cartservice), &mk_measurement(|_, _| false));
        assert_eq!(grade.verdict, Verdict::Refuted);
    }

    #[test]
    fn what_may_fail_must_not_fail_for_longer_than_was_said() {
        let readiness = Readiness { delay: Duration::ZERO, period: Duration::from_secs(1), startup: None };
        let kill = Kill { service: Service::Cartservice, killed: 1, survivors: 1, grace: Duration::ZERO, readiness };
        let prediction = predict(&Loss::Killed(kill));
        assert_eq!(grade(&prediction, &mk_measurement(|_, _| false)).verdict, Verdict::Confirmed);
        assert_eq!(grade(&prediction, &mk_measurement(|_, at| during(at))).verdict, Verdict::Refuted);
    }

    #[test]
    fn a_single_failure_of_a_healthy_page_is_inconclusive() {
        let measurement = mk_measurement(|page, at| page == Page::Home && at == Duration::from_secs(10));
        let grade = grade(&mk_prediction(Service::Adservice), &measurement);
        assert_eq!(grade.verdict, Verdict::Inconclusive);
    }

    #[test]
    fn nothing_seen_is_inconclusive() {
        let grade = grade(&mk_prediction(Service::Cartservice), &measure(&[], Duration::ZERO));
        assert_eq!(grade.verdict, Verdict::Inconclusive);
        assert_eq!(grade.pages[0].seen, "nothing seen");
    }

    fn mk_slow(late_by: Option<Duration>) -> Prediction {
        let mut prediction = predict(&Loss::Nothing { service: Service::Productcatalogservice, reason: String::new() });
        for page in &mut prediction.pages {
            page.effect = Effect::Slows;
            page.late_by = late_by;
        }
        prediction
    }

    fn mk_times(slow: Duration) -> Measurement {
        let samples: Vec<Sample> = (0..600)
            .map(|n| Timetable::THROUGH_API_SERVER.slot(n))
            .map(|slot| {
                let took = if during(slot.at) { slow } else { Duration::from_millis(9) };
                Sample { at: slot.at, page: slot.page, took, outcome: Outcome::Good }
            })
            .collect();
        measure(&samples, Duration::from_secs(5))
    }

    #[test]
    fn a_page_that_slows_as_much_as_was_said_confirms() {
        let late = Some(Duration::from_millis(200));
        let home = |slow| grade(&mk_slow(late), &mk_times(Duration::from_millis(slow))).pages[0].verdict;
        assert_eq!(home(209), Verdict::Confirmed);
        assert_eq!(home(30), Verdict::Refuted);
        let somehow = |slow| grade(&mk_slow(None), &mk_times(Duration::from_millis(slow))).pages[0].verdict;
        assert_eq!(somehow(60), Verdict::Confirmed);
        assert_eq!(somehow(12), Verdict::Refuted);
    }

    #[test]
    fn what_had_no_time_to_begin_is_no_refutation() {
        let later = Gap { shortest: Duration::from_secs(20), longest: Duration::from_secs(60) };
        let prediction = Prediction { begins: Some(later), ..mk_prediction(Service::Cartservice) };
        assert_eq!(grade(&prediction, &mk_measurement(|_, _| false)).verdict, Verdict::Inconclusive);
    }
}
