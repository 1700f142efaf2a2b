//! The report for programs.

use serde_json::{Value, json};

use super::Report;
use super::summary::summary;
use super::words::story;
use crate::gameday::journal::{API_VERSION, StepRecord};

pub(super) fn json(report: &Report<'_>) -> Value {
    let journal = report.journal;
    json!({
        "apiVersion": API_VERSION,
        "kind": "GamedayReport",
        "gameday": journal.gameday.name,
        "title": journal.gameday.title,
        "started": journal.started,
        "ended": journal.ended,
        "seed": journal.seed,
        "place": journal.place,
        "summary": summary(journal),
        "stopped": journal.stopped,
        "steps": journal.steps.iter().map(step).collect::<Vec<_>>(),
        "wholeDay": journal.whole_day,
        "comparison": report.comparison,
        "raw": journal.raw,
    })
}

fn step(step: &StepRecord) -> Value {
    let availability = step.answers.availability();
    json!({
        "number": step.number,
        "title": step.title,
        "kind": step.fault.kind,
        "service": step.fault.service,
        "peer": step.fault.peer,
        "ending": step.ending,
        "story": story(step),
        "moments": step.moments,
        "timeToImpact": step.moments.t1,
        "timeToDetect": step.moments.t2.zip(step.moments.t1).map(|(t2, t1)| milli((t2 - t1).max(0.0))),
        "timeToRecover": step.moments.t4.zip(step.moments.t1).map(|(t4, t1)| milli(t4 - t1)),
        "answers": step.answers,
        "availability": availability.ratio(),
        "lowerBound95": availability.lower_bound(),
        "budgetSpent": step.budget_spent,
        "longestGap": step.longest_gap,
        "latency": step.latency,
        "prediction": step.verdict,
        "pages": step.pages,
        "alerts": step.alerts,
        "differences": step.differences,
        "expectations": step.expectations,
    })
}

fn milli(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}
