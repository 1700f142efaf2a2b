//! A gameday held against an earlier one of the same shop: what got worse.

use serde::Serialize;

use super::expect::{Met, total, verdicts};
use super::journal::{Ending, Journal, StepRecord};
use super::share::percent;

/// An outage is one event, not thousands of independent requests, and lasts longer or shorter from run to run. What is bad
/// counts as worse only when it grew by half,
const FACTOR: f64 = 1.5;
/// and recovery only when it also takes so many seconds more,
const SECONDS: f64 = 2.0;
/// and the bound of availability only when it also lies so much lower: one failed request of thousands is no trend.
const SHARE: f64 = 0.000_5;

/// Something that got worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Regression {
    /// Step now; none for the whole day.
    pub step: Option<usize>,
    /// Of what.
    pub of: String,
    /// What got worse, with both figures.
    pub what: String,
}

/// What a comparison says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// What got worse; nothing where resilience has not regressed.
    pub regressions: Vec<Regression>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

/// Holds `now` against `earlier`. Steps belong together when kind and target are the same, the n-th with the n-th.
pub fn compare(now: &Journal, earlier: &Journal) -> Comparison {
    let mut comparison = Comparison::default();
    if now.gameday.name != earlier.gameday.name {
        let (now, earlier) = (&now.gameday.name, &earlier.gameday.name);
        comparison.notes.push(format!("the earlier journal is of gameday {earlier}, this one of {now}"));
    } else if now.gameday.sha256 != earlier.gameday.sha256 {
        comparison.notes.push("the file of the gameday has changed since".to_owned());
    }
    if now.place.rate != earlier.place.rate || now.place.way != earlier.place.way {
        let said = |journal: &Journal| format!("{} requests/s through {}", journal.place.rate, journal.place.way);
        comparison.notes.push(format!("measured with {}, earlier with {}", said(now), said(earlier)));
    }
    let mut rest: Vec<&StepRecord> = earlier.steps.iter().collect();
    for step in &now.steps {
        match rest.iter().position(|other| is_same(step, other)) {
            Some(position) => comparison.regressions.extend(step_regressions(step, rest.remove(position))),
            None => comparison.notes.push(format!("step {} ({}) has no counterpart earlier", step.number, step.title)),
        }
    }
    for step in rest {
        comparison.notes.push(format!("step {} of the earlier one ({}) was not run now", step.number, step.title));
    }
    comparison.regressions.extend(day(now, earlier));
    comparison
}

fn is_same(one: &StepRecord, other: &StepRecord) -> bool {
    let key = |step: &StepRecord| {
        let fault = &step.fault;
        (fault.kind.clone(), fault.service.clone(), fault.peer.clone(), fault.count)
    };
    key(one) == key(other)
}

fn step_regressions(now: &StepRecord, earlier: &StepRecord) -> Vec<Regression> {
    let mut found = Vec::new();
    let mut worse = |what: String| found.push(Regression { step: Some(now.number), of: now.title.clone(), what });
    if let Some((bound, before)) = lower(now, earlier) {
        worse(format!("availability is surely at least {} only, earlier {}", percent(bound), percent(before)));
    }
    let took = |step: &StepRecord| step.moments.t1.zip(step.moments.t4).map(|(t1, t4)| t4 - t1);
    let failed = |step: &StepRecord| step.moments.t1.is_some();
    match (took(now), took(earlier)) {
        (Some(now), Some(before)) if now > before * FACTOR && now > before + SECONDS => {
            worse(format!("recovery took {now:.1} s, earlier {before:.1} s"));
        }
        (Some(took), None) if !failed(earlier) && took > SECONDS => {
            worse(format!("recovery took {took:.1} s, earlier no request failed"));
        }
        (None, Some(before)) if failed(now) => {
            worse(format!("it was not seen to recover, earlier after {before:.1} s"))
        }
        (None, None) if failed(now) && !failed(earlier) => {
            worse("it was not seen to recover, earlier no request failed".to_owned());
        }
        _ => {}
    }
    if now.ending == Ending::NotHealed && earlier.ending != Ending::NotHealed {
        worse("it has not healed, earlier it had".to_owned());
    }
    if earlier.verdict.as_deref() == Some("confirmed") && now.verdict.as_deref() == Some("refuted") {
        worse("the prediction was refuted, earlier confirmed".to_owned());
    }
    for judged in now.expectations.iter().filter(|judged| judged.met == Met::NotMet) {
        let before = earlier.expectations.iter().find(|other| other.expectation == judged.expectation);
        if before.is_some_and(|before| before.met == Met::Met) {
            worse(format!("not met any more: {} ({})", judged.expectation, judged.reason));
        }
    }
    let missing = |step: &StepRecord| step.differences.as_ref().map_or(0, Vec::len);
    if missing(now) > missing(earlier) {
        worse(format!("{} differences of objects are left, earlier {}", missing(now), missing(earlier)));
    }
    found
}

/// The bounds, where the present one is lower for another reason than that fewer requests were made.
fn lower(now: &StepRecord, earlier: &StepRecord) -> Option<(f64, f64)> {
    let (now, earlier) = (now.answers.availability(), earlier.answers.availability());
    let (bound, before) = (now.lower_bound()?, earlier.lower_bound()?);
    let bad = |ratio: f64| 1.0 - ratio;
    let more = bad(now.ratio()?) > bad(earlier.ratio()?) * FACTOR;
    (more && bad(bound) > bad(before) * FACTOR && before - bound > SHARE).then_some((bound, before))
}

fn day(now: &Journal, earlier: &Journal) -> Vec<Regression> {
    let mut found = Vec::new();
    let mut worse = |what: String| found.push(Regression { step: None, of: "the whole day".to_owned(), what });
    for judged in now.whole_day.iter().filter(|judged| judged.met == Met::NotMet) {
        let before = earlier.whole_day.iter().find(|other| other.expectation == judged.expectation);
        if before.is_some_and(|before| before.met == Met::Met) {
            worse(format!("not met any more: {} ({})", judged.expectation, judged.reason));
        }
    }
    let finished = |journal: &Journal| journal.stopped.is_none();
    if finished(earlier) && !finished(now) {
        let reason = now.stopped.as_ref().map_or("", |stopped| stopped.reason.as_str());
        worse(format!("it was not run to its end: {reason}"));
    }
    found
}

/// The figures of a day in a line, for people who look at two of them.
pub fn figures(journal: &Journal) -> String {
    let availability = total(journal.steps.iter().map(|step| step.answers)).availability();
    let [confirmed, refuted, inconclusive] = verdicts(&journal.steps);
    format!("{availability}; predictions: {confirmed} confirmed, {refuted} refuted, {inconclusive} inconclusive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gameday::journal::fixture::mk_journal;

    fn whats(now: &Journal, earlier: &Journal) -> Vec<String> {
        compare(now, earlier).regressions.into_iter().map(|regression| regression.what).collect()
    }

    #[test]
    fn a_gameday_has_not_regressed_against_itself() {
        let journal = mk_journal();
        assert_eq!(compare(&journal, &journal), Comparison::default());
    }

    #[test]
    fn a_longer_recovery_is_told_with_both_figures() {
        let earlier = mk_journal();
        let mut now = earlier.clone();
        let step = now.steps.iter_mut().find(|step| step.moments.t4.is_some()).unwrap();
        step.moments.t4 = step.moments.t4.map(|t4| t4 + 60.0);
        assert!(whats(&now, &earlier)[0].starts_with("recovery took "), "{:?}", whats(&now, &earlier));
        assert_eq!(whats(&earlier, &now), [] as [&str; 0]);
    }

    #[test]
    fn noise_is_no_regression() {
        let earlier = mk_journal();
        let mut now = earlier.clone();
        for step in &mut now.steps {
            step.moments.t4 = step.moments.t4.map(|t4| t4 + 1.5);
            step.answers.bad += 1;
            step.answers.good -= 1;
        }
        assert_eq!(whats(&now, &earlier), [] as [&str; 0]);
    }

    #[test]
    fn failures_that_were_not_there_before_are_told() {
        let earlier = mk_journal();
        let mut now = earlier.clone();
        now.steps[0].answers.bad += 200;
        now.steps[0].answers.good -= 200;
        assert!(whats(&now, &earlier)[0].starts_with("availability is surely at least"));
    }

    #[test]
    fn steps_without_a_counterpart_are_said_and_not_judged() {
        let earlier = mk_journal();
        let mut now = earlier.clone();
        now.steps[0].fault.service = "adservice".to_owned();
        let comparison = compare(&now, &earlier);
        assert!(comparison.notes[0].contains("has no counterpart earlier"), "{comparison:?}");
        assert!(comparison.notes[1].contains("was not run now"), "{comparison:?}");
    }
}
