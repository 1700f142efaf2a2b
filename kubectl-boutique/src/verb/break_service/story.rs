//! The story of a fault while it happens: lines on stderr, each with the time since T0, and one line below them that is
//! redrawn.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use boutique_core::catalogue::Page;
use boutique_core::measure::Measurement;
use boutique_core::probe::Sample;

use crate::ctx::Ctx;
use crate::draw::verdict::moment;
use crate::draw::wrap::field;

/// Without a terminal the line of figures is written this often.
const FIGURES_EVERY: Duration = Duration::from_secs(5);

/// What has been told so far.
pub(super) struct Story<'a> {
    ctx: &'a Ctx,
    /// T0 on the prober's clock.
    injected_at: Duration,
    lines: Mutex<Vec<(Duration, String)>>,
    figures_at: Mutex<Duration>,
    pages: Mutex<Vec<Page>>,
}

impl<'a> Story<'a> {
    pub(super) fn new(ctx: &'a Ctx, injected_at: Duration) -> Self {
        Self { ctx, injected_at, lines: Mutex::default(), figures_at: Mutex::default(), pages: Mutex::default() }
    }

    /// What was done at T0.
    pub(super) fn beginning(&self, lines: &[String]) {
        for (index, line) in lines.iter().enumerate() {
            self.tell(self.injected_at, &format!("{}{line}", if index == 0 { "T0  " } else { "    " }));
        }
    }

    /// A line of the story, above the one that is redrawn. `at` is on the prober's clock.
    pub(super) fn tell(&self, at: Duration, text: &str) {
        self.ctx.out.progress_done_if_live();
        let (mark, text_only) =
            text.split_at_checked(4).filter(|(mark, _)| mark.ends_with("  ")).unwrap_or(("    ", text));
        let label = moment(self.since(at), mark);
        self.ctx.out.say(field(&label, text_only, label.len(), self.ctx.out.talk_look()).trim_end());
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push((at, text.to_owned()));
    }

    /// The last second in figures.
    pub(super) fn figures(&self, now: Duration, text: &str) {
        if self.ctx.out.is_talk_live() {
            return self.ctx.out.progress(text);
        }
        let mut next = self.figures_at.lock().unwrap_or_else(PoisonError::into_inner);
        if self.since(now) >= *next {
            *next = self.since(now) + FIGURES_EVERY;
            self.ctx.out.say(text);
        }
    }

    /// Pages that fail for the first time.
    pub(super) fn failures(&self, measurement: &Measurement, samples: &[Sample]) {
        let mut bad: Vec<&Sample> =
            samples.iter().filter(|sample| sample.at >= measurement.injected_at && sample.outcome.is_bad()).collect();
        bad.sort_by_key(|sample| sample.at);
        for sample in bad {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            if pages.contains(&sample.page) {
                continue;
            }
            let mark = if pages.is_empty() { "T1  " } else { "    " };
            pages.push(sample.page);
            let blamed = sample.outcome.culprit().map_or(String::new(), |service| format!(", blames {service}"));
            self.tell(sample.at, &format!("{mark}{} fails: {}{blamed}", sample.page, sample.outcome.word()));
        }
    }

    /// Removes the line that is redrawn, and hands out the others.
    pub(super) fn end(self) -> Vec<(Duration, String)> {
        self.ctx.out.progress_done_if_live();
        self.lines.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn since(&self, at: Duration) -> Duration {
        at.saturating_sub(self.injected_at)
    }
}
