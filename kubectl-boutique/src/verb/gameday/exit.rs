//! How a gameday ends, as an exit code.

use boutique_core::gameday::baseline::Comparison;
use boutique_core::gameday::{Journal, Verdict, verdict};

use crate::error::Exit;

/// 0 all expectations met · 2 not met, or worse than the baseline · 3 not enough seen · 4 refused · 5 not healed.
pub(super) fn exit(journal: &Journal, comparison: Option<&Comparison>) -> Exit {
    let worse = comparison.is_some_and(|comparison| !comparison.regressions.is_empty());
    match verdict(journal) {
        Verdict::NotHealed => Exit::NotHealed,
        Verdict::Refused => Exit::Refused,
        Verdict::Interrupted => Exit::Interrupted,
        Verdict::Failed => Exit::Error,
        Verdict::NotMet => Exit::Unhealthy,
        Verdict::NotEnough | Verdict::Met if worse => Exit::Unhealthy,
        Verdict::NotEnough => Exit::Inconclusive,
        Verdict::Met => Exit::Ok,
    }
}
