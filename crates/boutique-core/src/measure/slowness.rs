//! Pages that answer well, but much later than before.
//!
//! One slow answer is nothing: a garbage collection, a connection that had to be made. A customer complains when a page
//! is slow again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalogue::Page;
use crate::probe::{Outcome, Sample};

/// Answers before T0 below which nobody knows how quick a page is.
const ENOUGH: usize = 5;
/// Slow answers of a page, one after another, that are no accident any more.
const IN_A_ROW: usize = 5;
/// And for how long at least.
const LASTING: Duration = Duration::from_secs(1);
/// So many times the median of before is slow,
const TIMES: u32 = 3;
/// but only where the difference is one that people feel.
const FELT: Duration = Duration::from_millis(200);

/// The slow answers that belong to such a row, in order of time, as both lists are.
pub(super) fn lasting<'a>(before: &[&Sample], since: &[&'a Sample]) -> Vec<&'a Sample> {
    let mut slow: Vec<&Sample> =
        bounds(before).into_iter().flat_map(|(page, bound)| rows(page, bound, since)).collect();
    slow.sort_by_key(|sample| sample.at);
    slow
}

/// How long an answer of each page may take before it is slow.
fn bounds(before: &[&Sample]) -> BTreeMap<Page, Duration> {
    let mut took: BTreeMap<Page, Vec<Duration>> = BTreeMap::new();
    for sample in before.iter().filter(|sample| sample.outcome == Outcome::Good) {
        took.entry(sample.page).or_default().push(sample.took);
    }
    let bound = |mut took: Vec<Duration>| {
        took.sort_unstable();
        let median = took[took.len() / 2];
        (median * TIMES).max(median + FELT)
    };
    took.into_iter().filter(|(_, took)| took.len() >= ENOUGH).map(|(page, took)| (page, bound(took))).collect()
}

fn rows<'a>(page: Page, bound: Duration, since: &[&'a Sample]) -> Vec<&'a Sample> {
    let mut found: Vec<&Sample> = Vec::new();
    let mut row: Vec<&Sample> = Vec::new();
    let mut end = |row: &mut Vec<&'a Sample>| {
        let lasted = row.first().zip(row.last()).map(|(first, last)| last.at.saturating_sub(first.at));
        if row.len() >= IN_A_ROW && lasted >= Some(LASTING) {
            found.append(row);
        }
        row.clear();
    };
    for sample in since.iter().filter(|sample| sample.page == page && sample.outcome.is_known()) {
        match sample.took > bound {
            true => row.push(sample),
            false => end(&mut row),
        }
    }
    end(&mut row);
    found
}
