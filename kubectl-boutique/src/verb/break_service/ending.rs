//! After the measurement: grade, record, compare.

use std::time::Duration;

use boutique_cluster::connect::Cluster;
use boutique_cluster::detect::{Detected, Standing as Watch};
use boutique_cluster::fault;
use boutique_core::fault::{Fault, Stage};
use boutique_core::grade::{Grade, Sighting, Verdict, grade};
use boutique_core::measure::{Marks, Measurement, measure};
use boutique_core::probe::{Sample, Schedule};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::order::{Alerts, Fired, Order, Outcome, Proof, Standing, Why};
use super::plan::Plan;
use super::proof::{Seen, compare, look};
use super::watcher::Pods;
use crate::ctx::Ctx;
use crate::error::{Error, Exit};

/// A bad answer this close to the end means that the shop is still broken.
const JUST_NOW: Duration = Duration::from_secs(3);

/// What has been measured. Times are on the prober's clock.
pub(super) struct Measured {
    pub(super) samples: Vec<Sample>,
    pub(super) detected: Detected,
    pub(super) schedule: Schedule,
    pub(super) injected_at: Duration,
    /// The same on the calendar.
    pub(super) injected_on: Timestamp,
    pub(super) undone_at: Option<Duration>,
    pub(super) undone: Vec<String>,
    pub(super) stopped: Why,
    pub(super) pods: Pods,
    pub(super) restored_at: Option<Duration>,
    pub(super) replacements: Vec<String>,
    pub(super) lines: Vec<(Duration, String)>,
}

pub(super) async fn finish(
    ctx: &Ctx,
    cluster: &Cluster,
    plan: &Plan,
    order: &Order,
    mut fault: Fault,
    measured: Measured,
    stood: Seen,
) -> Result<Outcome, Error> {
    let alerts = alerts(&measured);
    let first = match &alerts {
        Alerts::Watched { fired } => fired.first().map(|alert| alert.at),
        Alerts::NotWatched { .. } => None,
    };
    let marks = Marks::at(measured.injected_at)
        .detected_at(first)
        .undone_at(measured.undone_at)
        .good_stretch(order.good_stretch);
    let measurement = measure(&measured.samples, marks);
    let prediction = &plan.injection.prediction;
    let grade = match &alerts {
        Alerts::NotWatched { .. } => grade(prediction, &measurement),
        Alerts::Watched { fired } => {
            let since = |at: Duration| at.saturating_sub(measured.injected_at);
            let seen: Vec<Sighting> =
                fired.iter().map(|alert| Sighting { name: alert.name.clone(), at: since(alert.at) }).collect();
            grade(prediction, &measurement).detected(prediction, &measurement, plan.windows.unwrap_or_default(), &seen)
        }
    };
    record(ctx, cluster, plan, &mut fault, &measurement, &grade, measured.stopped).await;
    let proof = compare(&stood, &look(cluster, &fault.namespace).await);
    let shop = standing(&measurement, &measured);
    let exit = exit(shop, measured.stopped, grade.verdict, &ours(&proof, &fault));
    let Measured { samples, schedule, stopped, undone, replacements, restored_at, lines, .. } = measured;
    Ok(Outcome {
        fault,
        injection: plan.injection.clone(),
        requests: plan.requests(),
        schedule,
        measurement,
        samples,
        grade,
        alerts,
        proof,
        shop,
        stopped,
        lines,
        undone,
        restored_at,
        replacements,
        way: plan.storefront.way(),
        exit,
    })
}

/// Alerts that began after T0, on the prober's clock.
fn alerts(measured: &Measured) -> Alerts {
    let Detected { standing, alerts } = &measured.detected;
    if let Watch::Blind { reason } = standing {
        return Alerts::NotWatched { reason: reason.clone() };
    }
    let since = |at: Timestamp| Duration::try_from(at.duration_since(measured.injected_on)).unwrap_or_default();
    let mut fired: Vec<Fired> = alerts
        .iter()
        .filter(|alert| alert.fired_since(measured.injected_on))
        .map(|alert| Fired {
            name: alert.name.clone(),
            labels: alert.labels.clone(),
            at: measured.injected_at + since(alert.at),
        })
        .collect();
    fired.sort_by_key(|alert| alert.at);
    Alerts::Watched { fired }
}

fn standing(measurement: &Measurement, measured: &Measured) -> Standing {
    let recovered = measurement.impact_at.is_none() || measurement.recovered_at.is_some();
    match recovered && measured.pods.restored {
        true => Standing::Recovered,
        // Customers are served although a pod is still missing: others do its work.
        false if measurement.recovered_at.is_some() => Standing::Recovered,
        false if measurement.good_for(&measured.samples) < JUST_NOW || !measured.pods.restored => Standing::Broken,
        false => Standing::Recovering,
    }
}

/// Differences of objects that the fault itself changed or added: what others changed meanwhile is theirs.
fn ours(proof: &Proof, fault: &Fault) -> Vec<String> {
    let touched = fault.changes.iter().map(|change| &change.object).chain(&fault.added);
    let names: Vec<String> = touched.map(ToString::to_string).collect();
    let mine = |difference: &&String| names.iter().any(|name| difference.starts_with(name.as_str()));
    proof.differences.iter().filter(mine).cloned().collect()
}

fn exit(shop: Standing, stopped: Why, verdict: Verdict, left: &[String]) -> Exit {
    match (stopped, shop, verdict) {
        _ if !left.is_empty() => Exit::NotHealed,
        (Why::Interrupted, ..) => Exit::Interrupted,
        (_, Standing::Broken, _) => Exit::NotHealed,
        (_, Standing::Recovering, _) | (.., Verdict::Inconclusive) => Exit::Inconclusive,
        (.., Verdict::Refuted) => Exit::Unhealthy,
        (.., Verdict::Confirmed) => Exit::Ok,
    }
}

/// Completes the record and leaves an event. What goes wrong here does not change what was measured, so it is told and
/// nothing more.
async fn record(
    ctx: &Ctx,
    cluster: &Cluster,
    plan: &Plan,
    fault: &mut Fault,
    measurement: &Measurement,
    grade: &Grade,
    stopped: Why,
) {
    fault.stage = if stopped == Why::Interrupted { Stage::Interrupted } else { Stage::Finished };
    fault.result = Some(json!({"verdict": grade.verdict, "measurement": measurement}));
    let outcome = match measurement.time_to_recovery() {
        Some(took) => format!("recovered after {:.1} s", took.as_secs_f64()),
        None if measurement.impact_at.is_none() => "no customer noticed".to_owned(),
        None => "not seen to recover".to_owned(),
    };
    let message = format!("{} {}: {outcome}; prediction {}", fault.kind, fault.id, grade.verdict);
    leave_note(ctx, cluster, plan, fault, "FaultEnded", &message).await;
    if let Err(error) = fault::finish(cluster, fault).await {
        ctx.out.warn(&format!("the record of the fault was not completed: {error}"));
    }
}

/// An Event on the Deployment of the fault's target.
pub(super) async fn leave_note(ctx: &Ctx, cluster: &Cluster, plan: &Plan, fault: &Fault, reason: &str, message: &str) {
    let noted = fault::note(cluster, fault, &plan.deployment_uid, reason, message, ctx.now()).await;
    if let Err(error) = noted {
        ctx.out.note(&format!("no event was left on the Deployment: {error}"));
    }
}

/// How long ago something was on the prober's clock, on the calendar.
pub(super) fn calendar(now: Timestamp, ago: Duration) -> Timestamp {
    now - SignedDuration::try_from(ago).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use boutique_core::catalogue::Page;
    use boutique_core::probe::Outcome;

    use super::*;

    /// Thirty seconds of home pages, ten a second, after a fault at 0; those in `bad` seconds fail.
    fn mk_standing(bad: std::ops::Range<u64>, restored: bool) -> Standing {
        let samples: Vec<Sample> = (0..300)
            .map(|n| Duration::from_millis(n * 100))
            .map(|at| {
                let fails = bad.contains(&at.as_secs());
                let outcome = if fails { Outcome::Timeout } else { Outcome::Good };
                Sample { at, page: Page::Home, took: Duration::from_millis(5), outcome }
            })
            .collect();
        let measurement = measure(&samples, Duration::ZERO);
        let measured = Measured {
            samples,
            detected: Detected { standing: Watch::Blind { reason: "nobody".into() }, alerts: Vec::new() },
            schedule: Schedule::default(),
            injected_at: Duration::ZERO,
            injected_on: Timestamp::UNIX_EPOCH,
            undone_at: None,
            undone: Vec::new(),
            stopped: Why::TimeUp,
            pods: Pods { ready: u64::from(restored), desired: 1, restored },
            restored_at: None,
            replacements: Vec::new(),
            lines: Vec::new(),
        };
        standing(&measurement, &measured)
    }

    #[test]
    fn ten_good_seconds_after_an_impact_are_a_recovery() {
        assert_eq!(mk_standing(1..5, true), Standing::Recovered);
        // Others do the work of the pod that is still missing.
        assert_eq!(mk_standing(1..5, false), Standing::Recovered);
    }

    #[test]
    fn a_shop_that_fails_to_the_end_is_broken() {
        assert_eq!(mk_standing(1..30, true), Standing::Broken);
    }

    #[test]
    fn a_few_good_seconds_are_a_beginning() {
        assert_eq!(mk_standing(1..25, true), Standing::Recovering);
    }

    #[test]
    fn without_impact_it_counts_whether_the_pods_are_back() {
        assert_eq!(mk_standing(0..0, true), Standing::Recovered);
        assert_eq!(mk_standing(0..0, false), Standing::Broken);
    }

    #[test]
    fn what_the_fault_left_behind_counts_more_than_a_good_prediction() {
        let left = ["NetworkPolicy shop/x: was added".to_owned()];
        assert_eq!(exit(Standing::Recovered, Why::Good, Verdict::Confirmed, &left), Exit::NotHealed);
        assert_eq!(exit(Standing::Recovered, Why::Good, Verdict::Confirmed, &[]), Exit::Ok);
        assert_eq!(exit(Standing::Broken, Why::Interrupted, Verdict::Confirmed, &[]), Exit::Interrupted);
    }
}
