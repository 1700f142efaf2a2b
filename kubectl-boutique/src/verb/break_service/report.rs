//! What came of a fault, shown: as a report for people, or as data.

use std::time::Duration;

use boutique_cluster::connect::Cluster;
use boutique_cluster::{evidence, observe};
use boutique_core::fault::Request;
use boutique_core::finding::Finding;
use boutique_core::grade::{Grade, Verdict};
use boutique_core::judge::judge;
use boutique_core::measure::Measurement;
use boutique_core::probe::Schedule;
use serde::Serialize;

use super::order::{Alerts, Outcome, Proof, Standing, Why};
use crate::ctx::Ctx;
use crate::draw::age::span;
use crate::draw::findings::findings;
use crate::draw::verdict::{Report, report};
use crate::error::{Error, Exit};
use crate::output::TextFormat;
use crate::verb::DATA_VERSION;

/// A line of the story.
#[derive(Serialize)]
struct Moment<'a> {
    /// Seconds since T0.
    at: f64,
    text: &'a str,
}

/// So much longer than its pods the shop must be missed before that is explained.
const PUZZLING: Duration = Duration::from_secs(4);

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
    stopped: Why,
    shop: Standing,
    way: &'static str,
    #[serde(flatten)]
    grade: &'a Grade,
    measurement: &'a Measurement,
    schedule: &'a Schedule,
    time_to_impact: Option<f64>,
    time_to_detect: Option<f64>,
    time_to_recovery: Option<f64>,
    #[serde(flatten)]
    alerts: &'a Alerts,
    timeline: Vec<Moment<'a>>,
    requests: &'a [Request],
    undone: &'a [String],
    proof: &'a Proof,
    replacements: &'a [String],
}

/// Shows it, and says how the run ends.
pub(super) async fn show(ctx: &Ctx, cluster: &Cluster, outcome: &Outcome, format: TextFormat) -> Result<Exit, Error> {
    match format {
        TextFormat::Text => {
            let story = Report {
                fault: format!("{} of {}", outcome.fault.kind, outcome.fault.service),
                prediction: &outcome.injection.prediction,
                measurement: &outcome.measurement,
                grade: &outcome.grade,
                told: told(outcome),
                healed: healed(outcome),
                hint: hint(outcome),
                proof: proof(&outcome.proof),
                differences: &outcome.proof.differences,
                early: early(outcome.stopped),
            };
            ctx.out.result(&report(&story, ctx.out.look))?;
            if outcome.exit == Exit::NotHealed {
                ctx.out.result(&findings(&why(cluster, outcome).await, ctx.out.look))?;
            }
        }
        TextFormat::Json | TextFormat::Yaml => ctx.out.data(&document(outcome), format == TextFormat::Yaml)?,
    }
    Ok(outcome.exit)
}

fn document(outcome: &Outcome) -> Document<'_> {
    let seconds =
        |duration: Option<Duration>| duration.map(|duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0);
    let Outcome { fault, measurement, .. } = outcome;
    Document {
        api_version: DATA_VERSION,
        kind: "FaultReport",
        id: &fault.id,
        fault: format!("{} of {}", fault.kind, fault.service),
        namespace: &fault.namespace,
        who: &fault.who,
        since: fault.since.to_string(),
        interrupted: outcome.stopped == Why::Interrupted,
        stopped: outcome.stopped,
        shop: outcome.shop,
        way: outcome.way,
        grade: &outcome.grade,
        measurement,
        schedule: &outcome.schedule,
        time_to_impact: seconds(measurement.time_to_impact()),
        time_to_detect: seconds(measurement.time_to_detect()),
        time_to_recovery: seconds(measurement.time_to_recovery()),
        alerts: &outcome.alerts,
        timeline: timeline(outcome),
        requests: &outcome.requests,
        undone: &outcome.undone,
        proof: &outcome.proof,
        replacements: &outcome.replacements,
    }
}

fn timeline(outcome: &Outcome) -> Vec<Moment<'_>> {
    let t0 = outcome.measurement.injected_at.as_secs_f64();
    let seconds = |at: Duration| ((at.as_secs_f64() - t0) * 10.0).round() / 10.0;
    outcome.lines.iter().map(|(at, text)| Moment { at: seconds(*at), text: text.trim_start() }).collect()
}

/// What keeps the shop from healing, as far as it can be seen.
async fn why(cluster: &Cluster, outcome: &Outcome) -> Vec<Finding> {
    match observe::shop(cluster, &outcome.fault.namespace).await {
        Ok((objects, _)) => judge(&evidence::observation(cluster, &objects).await),
        // What was measured has been told; this would only have explained it.
        Err(_) => Vec::new(),
    }
}

fn early(stopped: Why) -> Option<&'static str> {
    match stopped {
        Why::Good | Why::TimeUp => None,
        Why::Budget => Some("ended early by --abort-budget"),
        Why::Interrupted => Some("stopped early"),
        Why::Blind => Some("ended early: the cluster could no longer be watched"),
    }
}

fn told(outcome: &Outcome) -> String {
    match &outcome.alerts {
        Alerts::NotWatched { reason } => format!("nobody was told: {reason}"),
        Alerts::Watched { fired } => match fired.split_first() {
            None => match &outcome.grade.detection {
                Some(detection) if detection.verdict == Verdict::Confirmed => {
                    "nobody was told, as predicted: no alert fired".to_owned()
                }
                _ => "nobody was told: Prometheus watches, and no alert fired".to_owned(),
            },
            Some((first, rest)) => {
                let detected = outcome.measurement.time_to_detect();
                let took = detected.map(|took| format!(": time to detect {}", span(took))).unwrap_or_default();
                let names: Vec<&str> = rest.iter().map(|alert| alert.name.as_str()).collect();
                let more = if names.is_empty() { String::new() } else { format!("; later {}", names.join(", ")) };
                let said = outcome.grade.detection.as_ref().and_then(|detection| {
                    detection.alerts.iter().find(|alert| alert.name == first.name).map(|alert| alert.said)
                });
                let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
                format!("alert {} fires{said}{took}{more}", first.name)
            }
        },
    }
}

fn healed(outcome: &Outcome) -> String {
    let (service, namespace) = (outcome.fault.service, &outcome.fault.namespace);
    let by = match outcome.replacements.as_slice() {
        [] => "no new pod was needed".to_owned(),
        [one] => format!("Kubernetes started {one}"),
        many => format!("Kubernetes started {} pods", many.len()),
    };
    let how = match (outcome.injection.heals_itself, outcome.undone.as_slice()) {
        (true, _) | (false, []) => by,
        (false, undone) => format!("{}; {by}", undone.join("; ")),
    };
    match outcome.shop {
        Standing::Recovered if outcome.injection.heals_itself => format!("by itself: {how}"),
        Standing::Recovered => how,
        Standing::Recovering => format!("on its way: {how}; no failure lately, but not for long enough yet"),
        Standing::Broken if outcome.stopped == Why::Interrupted => format!("not yet when stopped: {how}"),
        Standing::Broken => format!(
            "not: {how}; look at it: kubectl boutique status -n {namespace}, restart it: kubectl rollout restart -n {namespace} deployment/{service}"
        ),
    }
}

/// A shop that is missed for longer than its pods puzzles everybody once.
fn hint(outcome: &Outcome) -> Option<String> {
    let whole = outcome.restored_at?.max(outcome.measurement.undone_at.unwrap_or_default());
    let late = outcome.measurement.recovered_at?.checked_sub(whole)?;
    (late >= PUZZLING).then(|| {
        format!(
            "the pods were back {} before the shop was: callers wait longer after each attempt to connect that failed (gRPC)",
            span(late)
        )
    })
}

fn proof(proof: &Proof) -> String {
    match &proof.unknown {
        Some(reason) => format!("none: {reason}"),
        None if proof.holds() => format!("all {} objects of the shop are as before", proof.equal),
        None => format!("{} objects are as before; these are not:", proof.equal),
    }
}
