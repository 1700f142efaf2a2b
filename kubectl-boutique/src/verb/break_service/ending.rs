//! After the measurement: grade, record, tell.

use std::time::Duration;

use boutique_cluster::connect::Cluster;
use boutique_cluster::{evidence, faults, observe};
use boutique_core::fault::Stage;
use boutique_core::finding::Finding;
use boutique_core::grade::{Grade, Verdict, grade};
use boutique_core::judge::judge;
use boutique_core::measure::Measurement;
use boutique_core::probe::Sample;
use serde::Serialize;
use serde_json::json;

use super::BreakArgs;
use super::plan::Plan;
use super::run::{Stopped, Why, leave_note};
use crate::ctx::Ctx;
use crate::draw::findings::findings;
use crate::draw::verdict::{Report, report};
use crate::error::{Error, Exit};
use crate::output::TextFormat;
use crate::verb::DATA_VERSION;

/// A bad answer this close to the end means that the shop is still broken.
const JUST_NOW: Duration = Duration::from_secs(3);

/// What there is to tell.
pub(super) struct Ending {
    pub(super) measurement: Measurement,
    pub(super) samples: Vec<Sample>,
    pub(super) stopped: Stopped,
    pub(super) replacements: Vec<String>,
}

/// How the shop stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Health {
    /// Customers are served, and the pods are back.
    Recovered,
    /// No request failed for a while, but not for ten seconds yet.
    Recovering,
    /// It still fails, or pods are missing.
    Broken,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    id: &'a str,
    fault: String,
    namespace: &'a str,
    who: &'a str,
    since: String,
    interrupted: bool,
    shop: Health,
    way: &'static str,
    #[serde(flatten)]
    grade: &'a Grade,
    measurement: &'a Measurement,
    time_to_impact: Option<f64>,
    time_to_recovery: Option<f64>,
    replacements: &'a [String],
}

pub(super) async fn finish(
    ctx: &Ctx,
    cluster: &Cluster,
    plan: &mut Plan,
    args: &BreakArgs,
    ending: &Ending,
) -> Result<Exit, Error> {
    let grade = grade(&plan.prediction, &ending.measurement);
    let health = health(ending);
    let interrupted = ending.stopped.why == Why::Interrupted;
    record(ctx, cluster, plan, ending, &grade, interrupted).await;
    if ending.stopped.why == Why::Refused {
        // The error that follows says all.
        return Ok(Exit::Error);
    }
    match args.output {
        TextFormat::Text => {
            let healed = healed(plan, ending, health);
            let story = Report {
                prediction: &plan.prediction,
                measurement: &ending.measurement,
                grade: &grade,
                healed: &healed,
                interrupted,
            };
            ctx.out.result(&report(&story, ctx.out.look))?;
            if health == Health::Broken && !interrupted {
                ctx.out.result(&findings(&why(cluster, plan).await, ctx.out.look))?;
            }
        }
        TextFormat::Json | TextFormat::Yaml => {
            ctx.out.data(&document(plan, ending, &grade, health, interrupted), args.output == TextFormat::Yaml)?;
        }
    }
    Ok(match (interrupted, health, grade.verdict) {
        (true, ..) => Exit::Interrupted,
        (_, Health::Broken, _) => Exit::NotHealed,
        (_, Health::Recovering, _) | (.., Verdict::Inconclusive) => Exit::Inconclusive,
        (.., Verdict::Refuted) => Exit::Unhealthy,
        (.., Verdict::Confirmed) => Exit::Ok,
    })
}

/// What keeps the shop from healing, as far as it can be seen.
async fn why(cluster: &Cluster, plan: &Plan) -> Vec<Finding> {
    match observe::shop(cluster, &plan.fault.namespace).await {
        Ok((objects, _)) => judge(&evidence::observation(cluster, &objects).await),
        // What was measured has been told; this would only have explained it.
        Err(_) => Vec::new(),
    }
}

fn health(ending: &Ending) -> Health {
    let Ending { measurement, samples, stopped, .. } = ending;
    let recovered = measurement.impact_at.is_none() || measurement.recovered_at.is_some();
    match recovered && stopped.standing.replaced {
        true => Health::Recovered,
        // Customers are served although a pod is still missing: others do its work.
        false if measurement.recovered_at.is_some() => Health::Recovered,
        false if measurement.good_for(samples) < JUST_NOW || !stopped.standing.replaced => Health::Broken,
        false => Health::Recovering,
    }
}

fn healed(plan: &Plan, ending: &Ending, health: Health) -> String {
    let (service, namespace) = (plan.fault.service, &plan.fault.namespace);
    let by = match ending.replacements.as_slice() {
        [] => "no new pod was seen".to_owned(),
        [one] => format!("its ReplicaSet started {one}"),
        many => format!("its ReplicaSet started {}", many.join(", ")),
    };
    match health {
        Health::Recovered => format!("healed by itself: {by}"),
        Health::Recovering => format!("on its way: {by}; no failure lately, but not for ten seconds yet"),
        Health::Broken if ending.stopped.why == Why::Interrupted => match ending.measurement.impact_at {
            Some(_) => format!("still failing when stopped: {by}"),
            None => format!("stopped before all pods were back: {by}"),
        },
        Health::Broken => format!(
            "not healed: {by}\n  look at it:  kubectl boutique status -n {namespace}\n  restart it:  kubectl rollout restart -n {namespace} deployment/{service}"
        ),
    }
}

fn document<'a>(
    plan: &'a Plan,
    ending: &'a Ending,
    grade: &'a Grade,
    health: Health,
    interrupted: bool,
) -> Document<'a> {
    let seconds =
        |duration: Option<Duration>| duration.map(|duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0);
    Document {
        api_version: DATA_VERSION,
        kind: "FaultReport",
        id: &plan.fault.id,
        fault: format!("{} of {}", plan.fault.kind, plan.fault.service),
        namespace: &plan.fault.namespace,
        who: &plan.fault.who,
        since: plan.fault.since.to_string(),
        interrupted,
        shop: health,
        way: plan.storefront.way(),
        grade,
        measurement: &ending.measurement,
        time_to_impact: seconds(ending.measurement.time_to_impact()),
        time_to_recovery: seconds(ending.measurement.time_to_recovery()),
        replacements: &ending.replacements,
    }
}

/// Completes the record and leaves an event. What goes wrong here does not change what was measured, so it is told and
/// not returned.
async fn record(ctx: &Ctx, cluster: &Cluster, plan: &mut Plan, ending: &Ending, grade: &Grade, interrupted: bool) {
    plan.fault.stage = if interrupted { Stage::Interrupted } else { Stage::Finished };
    plan.fault.result = Some(json!({"verdict": grade.verdict, "measurement": ending.measurement}));
    let outcome = match ending.measurement.time_to_recovery() {
        Some(took) => format!("recovered after {:.1} s", took.as_secs_f64()),
        None if ending.measurement.impact_at.is_none() => "no customer noticed".to_owned(),
        None => "not seen to recover".to_owned(),
    };
    let message = format!("{} {}: {outcome}; prediction {}", plan.fault.kind, plan.fault.id, grade.verdict);
    leave_note(ctx, cluster, plan, "FaultEnded", &message).await;
    if let Err(error) = faults::finish(cluster, &plan.fault).await {
        ctx.out.warn(&format!("the record of the fault was not completed: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::catalogue::Page;
    use boutique_core::measure::measure;
    use boutique_core::probe::Outcome;

    use super::super::watcher::Standing;
    use super::*;

    /// Thirty seconds of home pages, ten a second, after a fault at 0; those in `bad` seconds fail.
    fn mk_ending(bad: std::ops::Range<u64>, replaced: bool) -> Ending {
        let samples: Vec<Sample> = (0..300)
            .map(|n| Duration::from_millis(n * 100))
            .map(|at| {
                let fails = bad.contains(&at.as_secs());
                let outcome = if fails { Outcome::Timeout } else { Outcome::Good };
                Sample { at, page: Page::Home, took: Duration::from_millis(5), outcome }
            })
            .collect();
        let standing = Standing { ready: u64::from(replaced), desired: 1, replaced };
        Ending {
            measurement: measure(&samples, Duration::ZERO),
            samples,
            stopped: Stopped { why: Why::TimeUp, standing },
            replacements: Vec::new(),
        }
    }

    #[test]
    fn ten_good_seconds_after_an_impact_are_a_recovery() {
        assert_eq!(health(&mk_ending(1..5, true)), Health::Recovered);
        // Others do the work of the pod that is still missing.
        assert_eq!(health(&mk_ending(1..5, false)), Health::Recovered);
    }

    #[test]
    fn a_shop_that_fails_to_the_end_is_broken() {
        assert_eq!(health(&mk_ending(1..30, true)), Health::Broken);
    }

    #[test]
    fn a_few_good_seconds_are_a_beginning() {
        assert_eq!(health(&mk_ending(1..25, true)), Health::Recovering);
    }

    #[test]
    fn without_impact_it_counts_whether_the_pods_are_back() {
        assert_eq!(health(&mk_ending(0..0, true)), Health::Recovered);
        assert_eq!(health(&mk_ending(0..0, false)), Health::Broken);
    }
}
