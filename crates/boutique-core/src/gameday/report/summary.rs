//! A gameday in figures.

use serde::Serialize;

use crate::gameday::expect::{Met, total, verdicts};
use crate::gameday::journal::{Answers, Journal};
use crate::gameday::verdict::{Verdict, verdict};
use crate::measure::BUDGET_OF_30_DAYS;

/// A gameday in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// What it comes to.
    pub verdict: Verdict,
    /// Steps that were begun.
    pub steps: usize,
    /// Steps that were planned.
    pub planned: usize,
    /// Expectations by what became of them.
    pub met: usize,
    /// See `met`.
    pub not_met: usize,
    /// See `met`.
    pub not_judged: usize,
    /// Predictions by their verdict.
    pub confirmed: u64,
    /// See `confirmed`.
    pub refuted: u64,
    /// See `confirmed`.
    pub inconclusive: u64,
    /// Answers of all steps, from T0 to the end of each.
    pub answers: Answers,
    /// Share of good ones.
    pub availability: Option<f64>,
    /// With 95 % confidence at least this.
    pub lower_bound95: Option<f64>,
    /// Longest time in which a page failed, in seconds.
    pub longest_gap: f64,
    /// Longest time from the first failure to recovery, in seconds.
    pub slowest_recovery: Option<f64>,
    /// Seconds of the error budget of 99.9 % over 30 days.
    pub budget_spent: f64,
    /// The same as a share of the budget.
    pub budget_share: f64,
}

/// Sums a journal up.
pub fn summary(journal: &Journal) -> Summary {
    let count = |met: Met| journal.expectations().filter(|(_, judged)| judged.met == met).count();
    let [confirmed, refuted, inconclusive] = verdicts(&journal.steps);
    let answers = total(journal.steps.iter().map(|step| step.answers));
    let availability = answers.availability();
    let budget_spent: f64 = journal.steps.iter().map(|step| step.budget_spent).sum();
    let recovery = |step: &crate::gameday::journal::StepRecord| Some(step.moments.t4? - step.moments.t1?);
    Summary {
        verdict: verdict(journal),
        steps: journal.steps.len(),
        planned: journal.planned,
        met: count(Met::Met),
        not_met: count(Met::NotMet),
        not_judged: count(Met::NotJudged),
        confirmed,
        refuted,
        inconclusive,
        answers,
        availability: availability.ratio(),
        lower_bound95: availability.lower_bound(),
        longest_gap: journal.steps.iter().map(|step| step.longest_gap).fold(0.0, f64::max),
        slowest_recovery: journal.steps.iter().filter_map(recovery).max_by(f64::total_cmp),
        budget_spent,
        budget_share: budget_spent / BUDGET_OF_30_DAYS.as_secs_f64(),
    }
}
