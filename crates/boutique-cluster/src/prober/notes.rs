//! What a prober notes down.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use boutique_core::probe::{Errors, Sample, Schedule};

/// Samples in one lot. Lots that are full are shared with who reads them, so that reading holds nobody up for long.
const LOT: usize = 4096;

/// Samples, and the requests that are none yet.
#[derive(Default)]
pub(super) struct Notes {
    full: Vec<Arc<Vec<Sample>>>,
    last: Vec<Sample>,
    /// When the requests on their way were due.
    open: BTreeSet<Duration>,
    /// When the next one is.
    next: Duration,
    errors: Errors,
    missed: u64,
}

/// Samples at one moment.
pub(super) struct Snapshot {
    full: Vec<Arc<Vec<Sample>>>,
    last: Vec<Sample>,
}

impl Snapshot {
    pub(super) fn into_iter(self) -> impl Iterator<Item = Sample> {
        self.full.into_iter().flat_map(|lot| Vec::clone(&lot)).chain(self.last)
    }
}

impl Notes {
    /// A request is due, and the next one at `next`.
    pub(super) fn begin(&mut self, due: Duration, next: Duration) {
        self.open.insert(due);
        self.next = next;
    }

    /// It left so much later.
    pub(super) fn left(&mut self, late: Duration) {
        self.errors.add(late);
    }

    /// It never will.
    pub(super) fn turned_away(&mut self, sample: Sample) {
        self.missed += 1;
        self.ended(sample);
    }

    /// It has come to its end.
    pub(super) fn ended(&mut self, sample: Sample) {
        self.open.remove(&sample.at);
        self.last.push(sample);
        if self.last.len() >= LOT {
            self.full.push(Arc::new(mem::replace(&mut self.last, Vec::with_capacity(LOT))));
        }
    }

    /// Before this moment every request that was due has come to its end.
    pub(super) fn first_open(&self) -> Duration {
        self.open.first().copied().unwrap_or(self.next)
    }

    pub(super) fn samples(&self) -> Snapshot {
        Snapshot { full: self.full.clone(), last: self.last.clone() }
    }

    pub(super) fn schedule(&self) -> Schedule {
        self.errors.schedule(self.missed)
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::catalogue::Page;
    use boutique_core::probe::Outcome;

    use super::*;

    fn mk_sample(millis: u64) -> Sample {
        let at = Duration::from_millis(millis);
        Sample { at, page: Page::Home, took: Duration::ZERO, outcome: Outcome::Good }
    }

    #[test]
    fn no_sample_is_lost_between_the_lots() {
        let mut notes = Notes::default();
        let count = 2 * LOT as u64 + 7;
        for n in 0..count {
            notes.begin(Duration::from_millis(n), Duration::from_millis(n + 1));
            notes.ended(mk_sample(n));
        }
        let at: Vec<Duration> = notes.samples().into_iter().map(|sample| sample.at).collect();
        assert!(at.into_iter().eq((0..count).map(Duration::from_millis)));
    }

    #[test]
    fn settled_is_what_was_due_before_the_first_that_waits() {
        let mut notes = Notes::default();
        for n in 0..3 {
            notes.begin(Duration::from_millis(n), Duration::from_millis(n + 1));
        }
        notes.ended(mk_sample(2));
        assert_eq!(notes.first_open(), Duration::ZERO);
        notes.ended(mk_sample(0));
        assert_eq!(notes.first_open(), Duration::from_millis(1));
        notes.turned_away(mk_sample(1));
        assert_eq!(notes.first_open(), Duration::from_millis(3));
        assert_eq!(notes.schedule().missed, 1);
    }
}
