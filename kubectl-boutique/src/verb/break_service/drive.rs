//! One fault from the steady state to the proof that all is as before.

use std::time::Instant;

use boutique_cluster::connect::Cluster;
use boutique_cluster::detect::Detector;
use boutique_cluster::fault::{self, BeginError};
use boutique_cluster::observe::ShopWatch;
use boutique_cluster::prober::Prober;
use boutique_core::probe::Sample;

use super::consent;
use super::ending::{self, Measured};
use super::follow::{Follower, Phase};
use super::order::{Order, Outcome, Why};
use super::plan::{Plan, busy, plan, until};
use super::proof;
use super::story::Story;
use super::undo::undo;
use super::watcher::{Pods, Watcher};
use super::work::Work;
use crate::ctx::{Ctx, Place};
use crate::draw::plan::before;
use crate::draw::wrap::sentence;
use crate::error::Error;
use crate::interrupt::Interrupts;
use crate::verb::heal;

/// Carries out an order: predicts, asks, injects, measures, undoes, grades. Talks on stderr; what comes of it is for the
/// caller to show.
///
/// # Errors
///
/// Whatever ends it before anything was changed, and a fault that could not be undone.
pub(crate) async fn drive(ctx: &Ctx, cluster: &Cluster, place: &Place, order: &Order) -> Result<Outcome, Error> {
    heal::expired(ctx, cluster, &place.namespace).await?;
    let plan = Box::pin(plan(ctx, cluster, place, order)).await?;
    plan.refuse_what_cannot_be()?;
    ctx.out.say(&before(&plan.before(order), ctx.out.look));
    if !consent::ask(ctx, &plan, order, place)? {
        return Box::pin(run(ctx, cluster, &plan, order)).await;
    }
    // Whoever is asked takes their time, and the shop does not wait for them.
    let again = Box::pin(self::plan(ctx, cluster, place, order)).await?;
    again.refuse_what_cannot_be()?;
    if again.injection.prediction != plan.injection.prediction {
        return Err(Error::Refused {
            reason: "the shop has changed since the prediction".to_owned(),
            remedy: "nothing was done; ask again".to_owned(),
        });
    }
    Box::pin(run(ctx, cluster, &again, order)).await
}

async fn run(ctx: &Ctx, cluster: &Cluster, plan: &Plan, order: &Order) -> Result<Outcome, Error> {
    let entered = Instant::now();
    let interrupts = Interrupts::listen();
    let namespace = plan.fault.namespace.as_str();
    let look = ctx.out.talk_look();
    ctx.out.say(sentence(&format!("looking: {}", plan.way), 2, look).trim_end());
    let (seconds, rate) = (order.steady.as_secs(), plan.timetable.rate);
    ctx.out.say(&format!("steady state first: {rate} pages a second for {seconds} s"));
    let prober = Prober::start(plan.storefront.clone(), plan.timetable, &plan.fault.id);
    let mut watch = ShopWatch::start(cluster, namespace);
    let (detector, stood, seen) =
        tokio::join!(Detector::start(cluster, namespace), proof::look(cluster, namespace), watch.changed());
    let mut watcher = Watcher::new(plan.fault.service, plan.touched());
    let mut fault = plan.fault.clone();
    let begun = async {
        seen?;
        watcher.see(&watch.objects(), ctx.now());
        tokio::select! {
            () = tokio::time::sleep(order.steady.saturating_sub(prober.now())) => {}
            () = interrupts.times(1) => return Err(Error::Interrupted),
        }
        steady(&prober.all(), order)?;
        (fault.since, fault.until) = (ctx.now(), until(ctx.now(), order, &plan.injection));
        fault::begin(cluster, &mut fault, &plan.injection, ctx.now()).await.map_err(|error| refused(error, plan))
    };
    let begun = match begun.await {
        Ok(begun) => begun,
        Err(error) => {
            tokio::join!(prober.stop(), detector.stop());
            return Err(error);
        }
    };

    // From here on a record stands in the cluster: every way out undoes the fault, or says how to.
    let injected_at = prober.now().saturating_sub(begun.acted);
    let injected_on = ending::calendar(ctx.now(), begun.acted);
    let story = Story::new(ctx, injected_at);
    watcher.expect(&fault);
    story.beginning(&begun.lines);
    ending::leave_note(ctx, cluster, plan, &fault, "FaultInjected", &begun.lines.join("; ")).await;
    let mut activity = Work::start(cluster, &fault, plan);
    let mut follower = Follower {
        ctx,
        order,
        plan,
        prober: &prober,
        detector: &detector,
        interrupts: &interrupts,
        story: &story,
        watch,
        watcher,
        injected_at,
        injected_on,
        entered: Some(entered),
        pods: Pods { ready: 0, desired: 0, restored: false },
        restored_at: None,
        alerts: 0,
    };
    let phase = if plan.injection.heals_itself { Phase::HealsItself } else { Phase::Lasts };
    let mut stopped = follower.follow(phase, &mut activity).await;
    for line in activity.stop().await {
        story.tell(prober.now(), &format!("    {line}"));
    }
    let (mut undone_at, mut undone) = (None, Vec::new());
    if !plan.injection.heals_itself {
        let done = undo(ctx, cluster, plan, &fault, &story, &prober, &interrupts).await?;
        (undone_at, undone) = (Some(done.at), done.lines);
        if stopped != Why::Interrupted {
            let last = follower.follow(Phase::Recovers { undone_at: done.at }, &mut activity).await;
            stopped = if stopped == Why::Budget && last == Why::Good { stopped } else { last };
        }
    }
    let (pods, restored_at, replacements) = follower.end();
    let (lines, schedule) = (story.end(), prober.schedule());
    let (samples, detected) = tokio::join!(prober.stop(), detector.stop());
    let measured = Measured {
        samples,
        detected,
        schedule,
        injected_at,
        injected_on,
        undone_at,
        undone,
        stopped,
        pods,
        restored_at,
        replacements,
        lines,
    };
    let ended = ending::finish(ctx, cluster, plan, order, fault, measured, stood);
    tokio::select! {
        outcome = ended => outcome,
        () = interrupts.times(interrupts.count() + 1) => Err(Error::Interrupted),
    }
}

/// Refuses a shop that is not well: what is broken already proves nothing.
fn steady(samples: &[Sample], order: &Order) -> Result<(), Error> {
    let unwell = match &order.steady_state {
        // A gameday says itself what well means.
        Some(state) => boutique_core::gameday::steady(state, samples).refused,
        None => unwell(samples),
    };
    match unwell {
        Some(reason) if !order.force => Err(Error::Refused {
            reason,
            remedy: "see kubectl boutique status; --force breaks it all the same".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Why a shop is not well, if it is not.
fn unwell(samples: &[Sample]) -> Option<String> {
    let bad: Vec<&Sample> = samples.iter().filter(|sample| sample.outcome.is_bad()).collect();
    let known = samples.iter().filter(|sample| sample.outcome.is_known()).count();
    match bad.first() {
        Some(first) => {
            let blamed = first.outcome.culprit().map_or(String::new(), |service| format!(", which blames {service}"));
            Some(format!(
                "the shop is not healthy: {} of {known} requests failed, first {} with {}{blamed}",
                bad.len(),
                first.page,
                first.outcome.word()
            ))
        }
        None if known * 2 < samples.len() || known == 0 => {
            Some(format!("the shop cannot be seen: only {known} of {} requests were answered", samples.len()))
        }
        None => None,
    }
}

fn refused(error: BeginError, plan: &Plan) -> Error {
    match error {
        BeginError::Busy(other) => busy(&other),
        BeginError::Refused(refusal) => refusal.into(),
        BeginError::Unreadable(error) => error.into(),
        BeginError::Api(error) => (*error).into(),
        BeginError::NotUndone { id, cause, undo } => Error::NotUndone {
            id,
            namespace: plan.fault.namespace.clone(),
            reason: format!("{cause}; and taking back what was done until then: {undo}"),
            by_hand: plan.injection.by_hand.clone(),
        },
    }
}
