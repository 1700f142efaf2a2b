//! When it was over.

use std::time::Duration;

use crate::probe::Sample;

/// Longest silence of the prober inside a good stretch: seconds without any known answer prove nothing.
const BLIND: Duration = Duration::from_secs(2);

/// Start of the first good stretch after `impact`. Both lists are in order of time, and `complaints` is part of `samples`.
pub(super) fn recovery(
    samples: &[&Sample],
    complaints: &[&Sample],
    impact: Duration,
    good_stretch: Duration,
) -> Option<Duration> {
    let mut start: Option<Duration> = None;
    let mut last = impact;
    let mut complaints = complaints.iter().peekable();
    for sample in samples.iter().filter(|sample| sample.outcome.is_known()) {
        let is_complaint = complaints.next_if(|complaint| std::ptr::eq(**complaint, *sample)).is_some();
        if sample.at <= impact {
            continue;
        }
        if is_complaint {
            start = None;
        } else if sample.at.saturating_sub(last) > BLIND {
            start = Some(sample.at);
        } else {
            let begun = *start.get_or_insert(sample.at);
            if sample.at.saturating_sub(begun) >= good_stretch {
                return Some(begun);
            }
        }
        last = sample.at;
    }
    None
}
