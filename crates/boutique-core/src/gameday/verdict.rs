//! What a gameday comes to.

use std::fmt;

use serde::Serialize;

use super::expect::{Judged, Met};
use super::journal::{Ending, Journal, StoppedBy};

/// What a gameday comes to, the first that is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The shop did not recover from a fault, or something could not be put back.
    NotHealed,
    /// A safety rule, or a shop that was not well, kept it from being run to its end.
    Refused,
    /// Stopped by Ctrl-C, and healed.
    Interrupted,
    /// Something else went wrong.
    Failed,
    /// At least one expectation was not met.
    NotMet,
    /// No expectation was missed, but too little was seen to judge at least one.
    NotEnough,
    /// All expectations were met.
    Met,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotHealed => "the shop has not healed",
            Self::Refused => "not run to its end: refused",
            Self::Interrupted => "stopped early",
            Self::Failed => "not run to its end: an error",
            Self::NotMet => "not all expectations were met",
            Self::NotEnough => "too little was seen to judge all expectations",
            Self::Met => "all expectations were met",
        })
    }
}

/// Judges a journal.
pub fn verdict(journal: &Journal) -> Verdict {
    let stopped = journal.stopped.as_ref().map(|stopped| stopped.by);
    let met = |met: Met| journal.expectations().any(|(_, judged)| judged.met == met);
    let ended = |ending: Ending| journal.steps.iter().any(|step| step.ending == ending);
    if ended(Ending::NotHealed) || stopped == Some(StoppedBy::NotHealed) {
        return Verdict::NotHealed;
    }
    match stopped {
        Some(StoppedBy::Refusal) => Verdict::Refused,
        Some(StoppedBy::Interrupt) => Verdict::Interrupted,
        Some(_) => Verdict::Failed,
        None if met(Met::NotMet) => Verdict::NotMet,
        None if met(Met::NotJudged) => Verdict::NotEnough,
        None => Verdict::Met,
    }
}

impl Journal {
    /// Every expectation, with the number of its step; those of the whole day come last, without one.
    pub fn expectations(&self) -> impl Iterator<Item = (Option<usize>, &Judged)> {
        let of_steps =
            self.steps.iter().flat_map(|step| step.expectations.iter().map(|judged| (Some(step.number), judged)));
        of_steps.chain(self.whole_day.iter().map(|judged| (None, judged)))
    }
}
