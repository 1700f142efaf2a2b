//! Watching what becomes of the shop, from T0 until there is a reason to stop.

use std::time::{Duration, Instant};

use boutique_cluster::detect::{Detector, FiringAlert};
use boutique_cluster::observe::ShopWatch;
use boutique_cluster::prober::Prober;
use boutique_core::grade::grade;
use boutique_core::measure::{Marks, Measurement, measure};
use boutique_core::probe::Sample;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use super::order::{Order, Why};
use super::plan::Plan;
use super::story::Story;
use super::watcher::{Pods, Watcher};
use super::work::Work;
use crate::ctx::Ctx;
use crate::draw::verdict::{provisional, second};
use crate::interrupt::Interrupts;

/// Nobody should sit before a terminal for a minute without a verdict.
const PROVISIONAL: Duration = Duration::from_secs(55);

/// What is being waited for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// The shop recovers while the fault's time runs.
    HealsItself,
    /// The fault's time is over.
    Lasts,
    /// The shop recovers from a fault that was undone.
    Recovers {
        /// T3, on the prober's clock.
        undone_at: Duration,
    },
}

/// Everything that is watched.
pub(super) struct Follower<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) order: &'a Order,
    pub(super) plan: &'a Plan,
    pub(super) prober: &'a Prober,
    pub(super) detector: &'a Detector,
    pub(super) interrupts: &'a Interrupts,
    pub(super) story: &'a Story<'a>,
    pub(super) watch: ShopWatch,
    pub(super) watcher: Watcher,
    /// T0 on the prober's clock.
    pub(super) injected_at: Duration,
    /// The same on the calendar.
    pub(super) injected_on: Timestamp,
    /// When the user pressed Enter; none once a provisional verdict has been given.
    pub(super) entered: Option<Instant>,
    /// How the workloads stand.
    pub(super) pods: Pods,
    /// Since when they are as before, on the prober's clock.
    pub(super) restored_at: Option<Duration>,
    /// Alerts that have been told.
    pub(super) alerts: usize,
}

impl Follower<'_> {
    /// Follows until there is a reason to stop.
    pub(super) async fn follow(&mut self, phase: Phase, work: &mut Work) -> Why {
        let mut tick = interval(Duration::from_millis(500));
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // One Ctrl-C ends a fault; it is not counted again when the recovery is watched.
        let pressed = self.interrupts.count();
        loop {
            let news = tokio::select! {
                () = self.interrupts.times(pressed + 1) => return Why::Interrupted,
                changed = self.watch.changed() => {
                    if let Err(error) = changed {
                        self.ctx.out.warn(&error.to_string());
                        return Why::Blind;
                    }
                    self.see();
                    continue;
                }
                line = work.line() => Some(line),
                _ = tick.tick() => None,
            };
            if let Some(line) = news {
                self.story.tell(self.prober.now(), &line);
            } else if let Some(why) = self.tick(phase) {
                return why;
            }
        }
    }

    fn see(&mut self) {
        let (pods, news) = self.watcher.see(&self.watch.objects(), self.ctx.now());
        let now = self.prober.now();
        for line in news {
            self.story.tell(now, &format!("    {line}"));
        }
        if pods.restored && !self.pods.restored {
            self.story.tell(now, &format!("    {}", words(self.plan, pods)));
        }
        self.restored_at = if pods.restored { self.restored_at.or(Some(now)) } else { None };
        self.pods = pods;
    }

    fn tick(&mut self, phase: Phase) -> Option<Why> {
        let (now, samples) = (self.prober.now(), self.prober.all());
        let since = now.saturating_sub(self.injected_at);
        let settled_samples = self.prober.settled();
        let marks = || Marks::at(self.injected_at).good_stretch(self.order.good_stretch);
        let (fresh, settled) = (measure(&samples, marks()), measure(&settled_samples, marks()));
        self.story.failures(&fresh, &samples);
        self.tell_alerts();
        self.story.figures(now, &second(&samples, now, self.injected_at, &words(self.plan, self.pods)));
        self.give_provisional_verdict(phase, &settled);
        let spent = settled.budget.share * 100.0;
        let enough = settled.availability.good + settled.availability.bad >= self.order.requests;
        match phase {
            Phase::HealsItself | Phase::Lasts if self.order.abort_budget.is_some_and(|limit| spent > limit) => {
                self.story.tell(now, &format!("{spent:.2} % of the error budget of 30 days is used: enough"));
                Some(Why::Budget)
            }
            Phase::HealsItself if enough && self.has_healed(&settled, &fresh, now) => Some(Why::Good),
            Phase::HealsItself if since >= self.longest() => Some(Why::TimeUp),
            Phase::Lasts if since >= self.order.wish.bound => Some(Why::TimeUp),
            Phase::Recovers { undone_at } => {
                let calm = quiet(&settled_samples, undone_at) >= self.order.good_stretch;
                let late = now.saturating_sub(undone_at) >= self.order.recovery;
                match calm && enough && self.restored_at.is_some() {
                    true => Some(Why::Good),
                    false => late.then_some(Why::TimeUp),
                }
            }
            Phase::HealsItself | Phase::Lasts => None,
        }
    }

    /// A good stretch after an impact ends it; where there was none, one after the pods were replaced.
    fn has_healed(&self, settled: &Measurement, fresh: &Measurement, now: Duration) -> bool {
        match settled.impact_at {
            Some(_) => settled.recovered_at.is_some(),
            None => {
                let calm = self.restored_at.is_some_and(|at| now.saturating_sub(at) >= self.order.good_stretch);
                calm && fresh.impact_at.is_none()
            }
        }
    }

    /// How long a fault that heals itself is measured at most: longer than ordered only where requests were ordered, too.
    fn longest(&self) -> Duration {
        let seconds = self.order.requests.div_ceil(u64::from(self.plan.timetable.rate.max(1)));
        self.order.wish.bound.max(Duration::from_secs(seconds * 5 / 4))
    }

    fn tell_alerts(&mut self) {
        let fired = |alert: &FiringAlert| alert.fired_since(self.injected_on);
        let alerts: Vec<FiringAlert> = self.detector.alerts().into_iter().filter(fired).collect();
        for alert in alerts.iter().skip(self.alerts) {
            let mark = if self.alerts == 0 { "T2  " } else { "    " };
            self.story.tell(self.prober.now(), &format!("{mark}alert {} fires", alert.name));
            self.alerts += 1;
        }
    }

    fn give_provisional_verdict(&mut self, phase: Phase, settled: &Measurement) {
        if self.entered.is_none_or(|entered| entered.elapsed() < PROVISIONAL) {
            return;
        }
        self.entered = None;
        let so_far = grade(&self.plan.injection.prediction, settled);
        let left = match phase {
            Phase::Lasts => self.order.wish.bound.saturating_sub(self.prober.now().saturating_sub(self.injected_at)),
            Phase::HealsItself | Phase::Recovers { .. } => Duration::ZERO,
        };
        self.story.tell(self.prober.now(), &provisional(&so_far, left, self.ctx.out.look));
    }

    /// How the workloads stood in the end, since when they are as before, and the pods that came after the fault.
    pub(super) fn end(self) -> (Pods, Option<Duration>, Vec<String>) {
        (self.pods, self.restored_at, self.watcher.replacements().to_vec())
    }
}

fn words(plan: &Plan, pods: Pods) -> String {
    format!("{} {}/{} ready", plan.fault.service, pods.ready, pods.desired)
}

/// How long nothing has failed, by what was answered.
fn quiet(samples: &[Sample], since: Duration) -> Duration {
    let last = |bad: bool| {
        let fits = |sample: &&Sample| sample.outcome.is_known() && (!bad || sample.outcome.is_bad());
        samples.iter().filter(fits).map(|sample| sample.at).max()
    };
    last(false).unwrap_or_default().saturating_sub(last(true).unwrap_or_default().max(since))
}

#[cfg(test)]
mod tests {
    use boutique_core::catalogue::Page;
    use boutique_core::probe::Outcome;

    use super::*;

    fn mk_sample(second: u64, outcome: Outcome) -> Sample {
        Sample { at: Duration::from_secs(second), page: Page::Home, took: Duration::from_millis(5), outcome }
    }

    #[test]
    fn silence_of_the_api_server_is_no_good_time() {
        let unknown = || Outcome::Unknown { reason: "refused".into() };
        let mut samples = vec![mk_sample(3, Outcome::Timeout), mk_sample(8, Outcome::Good), mk_sample(20, unknown())];
        assert_eq!(quiet(&samples, Duration::from_secs(1)), Duration::from_secs(5));
        samples.push(mk_sample(21, Outcome::Good));
        assert_eq!(quiet(&samples, Duration::from_secs(11)), Duration::from_secs(10));
    }
}
