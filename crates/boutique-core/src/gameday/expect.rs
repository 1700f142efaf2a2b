//! Expectations against what was seen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::journal::{AlertRecord, Answers, Ending, PageRecord, StepRecord};
use super::model::Expectation;
use super::share::{Share, percent};
use crate::measure::Availability;

/// Answers of a page below which its silence proves nothing.
const ENOUGH: u64 = 5;

/// What became of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    /// As expected.
    Met,
    /// Not as expected.
    NotMet,
    /// Too little was seen to tell.
    NotJudged,
}

impl std::fmt::Display for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::NotJudged => "not judged",
        })
    }
}

/// An expectation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// What was expected, in a sentence.
    pub expectation: String,
    /// What became of it.
    pub met: Met,
    /// Why, with the figures.
    pub reason: String,
}

/// Who was watching for alerts, and what fired.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Detection<'a> {
    /// No Prometheus of this shop was there to ask.
    Nobody,
    /// These fired.
    Fired(&'a [AlertRecord]),
}

/// What was seen of a step, or of a whole day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen<'a> {
    /// Answers from T0 to the end.
    pub answers: Answers,
    /// T1 in seconds since T0.
    pub impact: Option<f64>,
    /// T4 − T1 in seconds, the longest of the day.
    pub recovery: Option<f64>,
    /// Whether something failed and was not seen to recover.
    pub broken: bool,
    /// The last answer, in seconds since T0.
    pub ended: f64,
    /// Whether it was stopped before its end.
    pub early: bool,
    /// Page by page; of a day, of all its steps.
    pub pages: &'a [PageRecord],
    /// Alerts.
    pub detection: Detection<'a>,
    /// Verdicts of predictions.
    pub verdicts: [u64; 3],
}

impl<'a> Seen<'a> {
    /// What was seen of a step.
    pub fn of_step(step: &'a StepRecord) -> Self {
        let recovery = step.moments.t1.zip(step.moments.t4).map(|(t1, t4)| t4 - t1);
        Self {
            answers: step.answers,
            impact: step.moments.t1,
            recovery,
            broken: step.moments.t1.is_some() && recovery.is_none(),
            ended: step.moments.ended,
            early: matches!(step.ending, Ending::Interrupted | Ending::Refused),
            pages: &step.pages,
            detection: step.alerts.as_deref().map_or(Detection::Nobody, Detection::Fired),
            verdicts: verdicts(std::slice::from_ref(step)),
        }
    }

    /// What was seen of a whole day; `pages` are those of all its steps.
    pub fn of_day(steps: &[StepRecord], pages: &'a [PageRecord], early: bool) -> Self {
        let of_steps = || steps.iter().map(Seen::of_step);
        Self {
            answers: total(steps.iter().map(|step| step.answers)),
            impact: of_steps().find_map(|seen| seen.impact),
            recovery: of_steps().filter_map(|seen| seen.recovery).max_by(f64::total_cmp),
            broken: of_steps().any(|seen| seen.broken),
            ended: 0.0,
            early: early || of_steps().any(|seen| seen.early),
            pages,
            detection: Detection::Nobody,
            verdicts: verdicts(steps),
        }
    }
}

/// Confirmed, refuted and inconclusive predictions.
pub(super) fn verdicts(steps: &[StepRecord]) -> [u64; 3] {
    let count = |word: &str| {
        let counted = steps.iter().filter(|step| step.verdict.as_deref() == Some(word)).count();
        u64::try_from(counted).unwrap_or(u64::MAX)
    };
    [count("confirmed"), count("refuted"), count("inconclusive")]
}

/// Sums answers up.
pub(super) fn total(all: impl Iterator<Item = Answers>) -> Answers {
    all.fold(Answers::default(), |sum, one| Answers {
        good: sum.good + one.good,
        bad: sum.bad + one.bad,
        unknown: sum.unknown + one.unknown,
    })
}

impl Answers {
    /// As the figures that bounds are made of.
    pub fn availability(self) -> Availability {
        Availability { good: self.good, bad: self.bad }
    }

    /// Those that say something about the shop.
    pub fn known(self) -> u64 {
        self.good + self.bad
    }
}

/// Judges expectations.
pub fn judge(expectations: &[Expectation], seen: &Seen<'_>) -> Vec<Judged> {
    expectations.iter().map(|expectation| one(expectation, seen)).collect()
}

fn one(expectation: &Expectation, seen: &Seen<'_>) -> Judged {
    let (met, reason) = match expectation {
        Expectation::Availability { at_least, below, surely, requests } => {
            availability(&Bounds { at_least: *at_least, below: *below, surely: *surely, requests: *requests }, seen)
        }
        Expectation::Recovery { within } => recovery(*within, seen),
        Expectation::Detected { alert, within } => detected(alert, *within, seen),
        Expectation::StaysGood(page) => stays_good(page.name(), seen),
        Expectation::Predicted => predicted(seen),
    };
    Judged { expectation: expectation.to_string(), met, reason }
}

struct Bounds {
    at_least: Option<Share>,
    below: Option<Share>,
    surely: Option<Share>,
    requests: u64,
}

fn availability(bounds: &Bounds, seen: &Seen<'_>) -> (Met, String) {
    let Answers { good, unknown, .. } = seen.answers;
    let known = seen.answers.known();
    let availability = seen.answers.availability();
    let (Some(ratio), Some(bound)) = (availability.ratio(), availability.lower_bound()) else {
        return (Met::NotJudged, "no answer says anything about the shop".to_owned());
    };
    let figures =
        format!("{good} of {known} requests good, {} (95 % sure: at least {})", percent(ratio), percent(bound));
    let missing = bounds.requests.saturating_sub(known);
    // What cannot be made good by the requests that are missing is judged without them.
    let lost = bounds.at_least.is_some_and(|share| !share.is_reached_by(good + missing, known + missing));
    if lost {
        return (Met::NotMet, figures);
    }
    if missing > 0 {
        return (Met::NotJudged, format!("{figures}; {} were wanted", bounds.requests));
    }
    if unknown > known {
        return (Met::NotJudged, format!("{figures}; {unknown} more say nothing about the shop"));
    }
    let reached = bounds.below.is_some_and(|share| share.is_reached_by(good, known));
    let unsure = bounds.surely.is_some_and(|share| bound < share.ratio());
    (if reached || unsure { Met::NotMet } else { Met::Met }, figures)
}

fn recovery(within: Duration, seen: &Seen<'_>) -> (Met, String) {
    let limit = within.as_secs_f64();
    match (seen.impact, seen.recovery) {
        _ if seen.broken => {
            let failing = seen.impact.map_or(0.0, |impact| seen.ended - impact);
            // Too late is too late, whenever it was stopped.
            let met = if seen.early && failing < limit { Met::NotJudged } else { Met::NotMet };
            (met, "it was not seen to recover".to_owned())
        }
        (_, Some(took)) if took > limit => (Met::NotMet, format!("it took {took:.1} s")),
        _ if seen.early => (Met::NotJudged, "it was stopped early".to_owned()),
        (_, Some(took)) => (Met::Met, format!("it took {took:.1} s")),
        (_, None) => (Met::Met, "no request failed, so nothing had to recover".to_owned()),
    }
}

fn detected(alert: &str, within: Duration, seen: &Seen<'_>) -> (Met, String) {
    let Detection::Fired(alerts) = seen.detection else {
        return (Met::NotJudged, "no Prometheus of this shop was there to ask".to_owned());
    };
    let limit = within.as_secs_f64();
    let (from, what) = seen.impact.map_or((0.0, "the fault"), |impact| (impact, "the first failure"));
    // One that fired before says nothing about this fault.
    let first = alerts.iter().filter(|fired| fired.name == alert && fired.at >= 0.0).map(|fired| fired.at);
    match first.min_by(f64::total_cmp) {
        Some(at) if at - from <= limit => (Met::Met, format!("it fired {:.1} s after {what}", (at - from).max(0.0))),
        Some(at) => (Met::NotMet, format!("it fired {:.1} s after {what}", at - from)),
        None if seen.ended - from < limit => {
            (Met::NotJudged, format!("it did not fire, but was watched for {:.0} s only", seen.ended - from))
        }
        None => (Met::NotMet, others(alerts)),
    }
}

fn others(alerts: &[AlertRecord]) -> String {
    let mut names: Vec<&str> = alerts.iter().filter(|alert| alert.at >= 0.0).map(|alert| alert.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => "no alert fired".to_owned(),
        names => format!("it did not fire; {} did", names.join(", ")),
    }
}

fn stays_good(page: &str, seen: &Seen<'_>) -> (Met, String) {
    let answers = total(seen.pages.iter().filter(|record| record.page == page).map(|record| record.answers));
    let (bad, known) = (answers.bad, answers.known());
    match bad {
        0 if known < ENOUGH => (Met::NotJudged, format!("only {known} answers were seen")),
        0 => (Met::Met, format!("{known} of {known} good")),
        _ => (Met::NotMet, format!("{bad} of {known} bad")),
    }
}

fn predicted(seen: &Seen<'_>) -> (Met, String) {
    let [confirmed, refuted, inconclusive] = seen.verdicts;
    let words = format!("{confirmed} confirmed, {refuted} refuted, {inconclusive} inconclusive");
    let met = match (confirmed, refuted, inconclusive) {
        (_, 0, 0) if confirmed > 0 => Met::Met,
        (_, 0, _) => Met::NotJudged,
        _ => Met::NotMet,
    };
    let single = confirmed + refuted + inconclusive == 1;
    let word = [(confirmed, "confirmed"), (refuted, "refuted"), (inconclusive, "inconclusive")];
    let word = word.into_iter().find(|(count, _)| *count > 0).map_or("not graded", |(_, word)| word);
    (met, if single { format!("the prediction was {word}") } else { words })
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Availability { at_least, below, surely, requests } => {
                let parts = [
                    at_least.map(|share| format!("at least {share}")),
                    below.map(|share| format!("below {share}")),
                    surely.map(|share| format!("with 95 % confidence at least {share}")),
                ];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                write!(f, "availability {}", parts.join(" and "))?;
                if *requests > 0 { write!(f, ", on {requests} requests") } else { Ok(()) }
            }
            Self::Recovery { within } => write!(f, "good again within {}", seconds(*within)),
            Self::Detected { alert, within } => write!(f, "alert {alert} within {}", seconds(*within)),
            Self::StaysGood(page) => write!(f, "page {page} never fails"),
            Self::Predicted => f.write_str("the prediction is confirmed"),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests;
