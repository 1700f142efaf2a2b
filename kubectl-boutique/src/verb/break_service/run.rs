//! The fault itself: steady state, kill, measure until it is over.

use std::time::Duration;

use boutique_cluster::connect::Cluster;
use boutique_cluster::faults::{self, AnnounceError};
use boutique_cluster::inject::kill;
use boutique_cluster::observe::ShopWatch;
use boutique_cluster::prober::Prober;
use boutique_core::fault::GUARD;
use boutique_core::measure::{GOOD_STRETCH, Measurement, measure};
use boutique_core::probe::{Sample, Timetable};
use boutique_core::view::view;
use tokio::time::{MissedTickBehavior, interval};

use super::BreakArgs;
use super::ending::{Ending, finish};
use super::plan::{Plan, busy};
use super::watcher::{Standing, Watcher};
use crate::ctx::Ctx;
use crate::draw::verdict::{moment, second};
use crate::error::{Error, Exit};
use crate::interrupt::interrupted;

/// How long the shop must be well before it is broken.
const STEADY: Duration = Duration::from_secs(5);

/// Without a terminal a line of figures is written this often.
const FIGURES_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(ctx: &Ctx, cluster: &Cluster, mut plan: Plan, args: &BreakArgs) -> Result<Exit, Error> {
    let namespace = plan.fault.namespace.clone();
    ctx.out.say(&format!("steady state: {} s of pages through {}", STEADY.as_secs(), plan.storefront));
    let prober = Prober::start(plan.storefront.clone(), Timetable::THROUGH_API_SERVER, &plan.fault.id);
    let mut watch = ShopWatch::start(cluster, &namespace);
    watch.changed().await?;
    let mut watcher = Watcher::new(args.service, plan.victims.iter().map(|victim| victim.name.clone()).collect());
    watcher.see(&view(&watch.objects(), ctx.now()));

    tokio::select! {
        () = tokio::time::sleep(STEADY) => {}
        () = interrupted() => {
            prober.stop().await;
            ctx.out.say("stopped before anything was changed");
            return Ok(Exit::Interrupted);
        }
    }
    if let Err(refusal) = steady(&prober.all(), args) {
        prober.stop().await;
        return Err(refusal);
    }
    if let Err(error) = announce(ctx, cluster, &plan).await {
        prober.stop().await;
        return Err(error);
    }
    // From here on a record stands in the cluster: every way out goes through `finish`.
    let injected_at = prober.now();
    let killed = kill(cluster, &namespace, &plan.victims, plan.grace, false).await;
    let stopped = match &killed {
        Ok(names) => {
            ctx.out.say(&moment(Duration::ZERO, &format!("T0  killed {}", names.join(", "))));
            let message = format!("{} by {}: {}", plan.fault.kind, plan.fault.who, names.join(", "));
            leave_note(ctx, cluster, &plan, "FaultInjected", &message).await;
            follow(ctx, args, &prober, &mut watch, &mut watcher, injected_at).await
        }
        Err(_) => Stopped { why: Why::Refused, standing: watcher.see(&view(&watch.objects(), ctx.now())).0 },
    };
    ctx.out.progress_done_if_live();
    let replacements = watcher.replacements().to_vec();
    let ended = async {
        let samples = prober.stop().await;
        let ending = Ending { measurement: measure(&samples, injected_at), samples, stopped, replacements };
        finish(ctx, cluster, &mut plan, args, &ending).await
    };
    let exit = tokio::select! {
        exit = ended => exit?,
        () = interrupted() => {
            ctx.out.warn(&format!(
                "stopped before the record was completed; it expires by itself, or: kubectl delete configmap -n {namespace} {GUARD}"
            ));
            Exit::Interrupted
        }
    };
    killed?;
    Ok(exit)
}

/// Why the measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Ten good seconds after the impact, or after the replacement when there was none.
    Good,
    /// `--for` is over.
    TimeUp,
    /// Ctrl-C.
    Interrupted,
    /// The API server refused the kill.
    Refused,
    /// The cluster could no longer be watched.
    Blind,
}

/// How the measurement ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopped {
    pub(super) why: Why,
    pub(super) standing: Standing,
}

/// Refuses a shop that is not well: what is broken already proves nothing.
fn steady(samples: &[Sample], args: &BreakArgs) -> Result<(), Error> {
    let bad: Vec<&Sample> = samples.iter().filter(|sample| sample.outcome.is_bad()).collect();
    let known = samples.iter().filter(|sample| sample.outcome.is_known()).count();
    let reason = match bad.first() {
        Some(first) => {
            let blamed = first.outcome.culprit().map_or(String::new(), |service| format!(", which blames {service}"));
            format!(
                "the shop is not healthy: {} of {known} requests failed, first {} with {}{blamed}",
                bad.len(),
                first.page,
                first.outcome.word()
            )
        }
        None if known * 2 < samples.len() || known == 0 => {
            format!("the shop cannot be seen: only {known} of {} requests were answered", samples.len())
        }
        None => return Ok(()),
    };
    if args.force {
        return Ok(());
    }
    Err(Error::Refused { reason, remedy: "see kubectl boutique status; --force breaks it all the same".to_owned() })
}

async fn announce(ctx: &Ctx, cluster: &Cluster, plan: &Plan) -> Result<(), Error> {
    match faults::announce(cluster, &plan.fault, ctx.now()).await {
        Ok(None) => Ok(()),
        Ok(Some(other)) => {
            ctx.out.warn(&format!("took over from one that nobody finished: {other}"));
            Ok(())
        }
        Err(AnnounceError::Busy(other)) => Err(busy(&other)),
        Err(AnnounceError::Unreadable(error)) => Err(error.into()),
        Err(AnnounceError::Api(error)) => Err((*error).into()),
    }
}

pub(super) async fn leave_note(ctx: &Ctx, cluster: &Cluster, plan: &Plan, reason: &str, message: &str) {
    let noted = faults::note(cluster, &plan.fault, &plan.deployment_uid, reason, message, ctx.now()).await;
    if let Err(error) = noted {
        ctx.out.note(&format!("no event was left on the Deployment: {error}"));
    }
}

async fn follow(
    ctx: &Ctx,
    args: &BreakArgs,
    prober: &Prober,
    watch: &mut ShopWatch,
    watcher: &mut Watcher,
    injected_at: Duration,
) -> Stopped {
    let live = ctx.out.is_talk_live();
    let mut tick = interval(Duration::from_millis(500));
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut told = Told::default();
    let (mut standing, _) = watcher.see(&view(&watch.objects(), ctx.now()));
    let mut replaced_at: Option<Duration> = None;
    let mut figures_at = Duration::ZERO;
    loop {
        let since = |at: Duration| at.saturating_sub(injected_at);
        tokio::select! {
            () = interrupted() => return Stopped { why: Why::Interrupted, standing },
            changed = watch.changed() => {
                if let Err(error) = changed {
                    ctx.out.warn(&error.to_string());
                    return Stopped { why: Why::Blind, standing };
                }
                let (now_standing, news) = watcher.see(&view(&watch.objects(), ctx.now()));
                standing = now_standing;
                let at = prober.now();
                for line in news {
                    event(ctx, live, &moment(since(at), &line));
                }
                if standing.replaced && replaced_at.is_none() {
                    replaced_at = Some(at);
                    event(ctx, live, &moment(since(at), &format!("{} {}/{} ready", args.service, standing.ready, standing.desired)));
                }
                continue;
            }
            _ = tick.tick() => {}
        }
        let now = prober.now();
        let samples = prober.all();
        let settled = measure(&prober.settled(), injected_at);
        for line in told.news(&measure(&samples, injected_at), &samples) {
            event(ctx, live, &moment(since(line.0), &line.1));
        }
        let figures = second(&samples, now, injected_at, &standing_words(args, standing));
        if live {
            ctx.out.progress(&figures);
        } else if since(now) >= figures_at {
            figures_at = since(now) + FIGURES_EVERY;
            ctx.out.say(&figures);
        }
        if is_over(&settled, &samples, replaced_at, now) {
            return Stopped { why: Why::Good, standing };
        }
        if since(now) >= args.at_most {
            return Stopped { why: Why::TimeUp, standing };
        }
    }
}

fn standing_words(args: &BreakArgs, standing: Standing) -> String {
    format!("{} {}/{} ready", args.service, standing.ready, standing.desired)
}

/// Ten good seconds after an impact end it; where there was none, ten good seconds after the pods were replaced.
fn is_over(settled: &Measurement, samples: &[Sample], replaced_at: Option<Duration>, now: Duration) -> bool {
    match settled.impact_at {
        Some(_) => settled.recovered_at.is_some(),
        None => {
            let impact_is_new = measure(samples, settled.injected_at).impact_at.is_some();
            !impact_is_new && replaced_at.is_some_and(|at| now.saturating_sub(at) >= GOOD_STRETCH)
        }
    }
}

/// A line of the story, above the line that is redrawn.
fn event(ctx: &Ctx, live: bool, line: &str) {
    if live {
        ctx.out.progress_done();
    }
    ctx.out.say(line);
}

/// What has been told already.
#[derive(Default)]
struct Told {
    impact: bool,
    pages: Vec<boutique_core::catalogue::Page>,
}

impl Told {
    fn news(&mut self, measurement: &Measurement, samples: &[Sample]) -> Vec<(Duration, String)> {
        let mut news = Vec::new();
        let mut bad: Vec<&Sample> =
            samples.iter().filter(|sample| sample.at >= measurement.injected_at && sample.outcome.is_bad()).collect();
        bad.sort_by_key(|sample| sample.at);
        for sample in bad {
            if self.pages.contains(&sample.page) {
                continue;
            }
            self.pages.push(sample.page);
            let blamed = sample.outcome.culprit().map_or(String::new(), |service| format!(", blames {service}"));
            let mark = if self.impact { "    " } else { "T1  " };
            self.impact = true;
            news.push((sample.at, format!("{mark}{} fails: {}{blamed}", sample.page, sample.outcome.word())));
        }
        news
    }
}
