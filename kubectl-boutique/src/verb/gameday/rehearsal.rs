//! `gameday run --dry-run`: the plan, and what would come of each step on the shop as it is.

use boutique_cluster::connect::Cluster;
use boutique_core::gameday::journal::{PredictionRecord, RequestRecord, prediction_record};
use boutique_core::gameday::{Gameday, Plan, Step};
use serde::Serialize;

use super::draw;
use super::run::RunArgs;
use super::scene::Stage;
use crate::ctx::{Ctx, Place};
use crate::error::{Error, Exit};
use crate::output::TextFormat;
use crate::verb::DATA_VERSION;
use crate::verb::break_service::plan::plan as look_at;

/// A plan as data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    api_version: &'static str,
    kind: &'static str,
    pub(super) gameday: String,
    pub(super) title: String,
    namespace: String,
    pub(super) seed: u64,
    pub(super) rate: u32,
    way: String,
    /// Why it would be refused as it is.
    pub(super) unmet: Vec<String>,
    pub(super) steps: Vec<Rehearsed>,
}

/// A step as data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rehearsed {
    pub(super) number: usize,
    pub(super) title: String,
    pub(super) kind: &'static str,
    pub(super) service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<String>,
    /// In seconds.
    pub(super) lasts: f64,
    pub(super) undo: String,
    pub(super) expectations: Vec<String>,
    /// Absent where the step would be refused.
    pub(super) prediction: Option<PredictionRecord>,
    /// Why it would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
    requests: Vec<RequestRecord>,
}

pub(super) async fn run(
    ctx: &Ctx,
    cluster: &Cluster,
    place: &Place,
    (gameday, plan): (&Gameday, &Plan),
    stage: &Stage,
    args: &RunArgs,
) -> Result<Exit, Error> {
    let mut steps = Vec::new();
    for step in &plan.steps {
        steps.push(Box::pin(one(ctx, cluster, place, step, (gameday, stage), args)).await?);
    }
    let refused = steps.iter().any(|step| step.refused.is_some()) || !stage.unmet.is_empty();
    let document = Document {
        api_version: DATA_VERSION,
        kind: "GamedayPlan",
        gameday: gameday.name.clone(),
        title: gameday.title.clone(),
        namespace: place.namespace.clone(),
        seed: plan.seed,
        rate: stage.rate,
        way: stage.record.way.clone(),
        unmet: stage.unmet.clone(),
        steps,
    };
    match args.output {
        TextFormat::Text => ctx.out.result(&draw::plan(&document, gameday, ctx.out.look))?,
        TextFormat::Json | TextFormat::Yaml => ctx.out.data(&document, args.output == TextFormat::Yaml)?,
    }
    Ok(if refused { Exit::Refused } else { Exit::Ok })
}

/// A refusal is part of the plan; anything else that goes wrong is not.
async fn one(
    ctx: &Ctx,
    cluster: &Cluster,
    place: &Place,
    step: &Step,
    (gameday, stage): (&Gameday, &Stage),
    args: &RunArgs,
) -> Result<Rehearsed, Error> {
    let looked = Box::pin(look_at(ctx, cluster, place, &args.order(step, gameday, stage))).await;
    let looked = looked.and_then(|plan| plan.refuse_what_cannot_be().map(|()| plan));
    let (prediction, requests, refused) = match looked {
        Ok(plan) => {
            let requests = plan.requests().into_iter().map(|request| RequestRecord {
                method: request.method.to_owned(),
                path: request.path,
                body: request.body,
            });
            (
                Some(prediction_record(&plan.injection.prediction, plan.windows.unwrap_or_default())),
                requests.collect(),
                None,
            )
        }
        Err(Error::Refused { reason, .. }) => (None, Vec::new(), Some(reason)),
        Err(error @ Error::NoSuchWorkload { .. }) => (None, Vec::new(), Some(error.to_string())),
        Err(error) => return Err(error),
    };
    Ok(Rehearsed {
        number: step.number,
        title: step.title.clone(),
        kind: step.kind.name(),
        service: step.service.to_string(),
        peer: step.peer.map(|peer| peer.to_string()),
        lasts: step.lasts.as_secs_f64(),
        undo: step.kind.undo().to_string(),
        expectations: step.expect.iter().map(ToString::to_string).collect(),
        prediction,
        refused,
        requests,
    })
}

#[cfg(test)]
impl Rehearsed {
    /// As if the step of a journal had only been planned.
    pub(super) fn of_record(record: &boutique_core::gameday::journal::StepRecord) -> Self {
        Self {
            number: record.number,
            title: record.title.clone(),
            kind: "kill-pods",
            service: record.fault.service.clone(),
            peer: None,
            lasts: record.fault.lasts,
            undo: record.fault.undo.clone(),
            expectations: record.expectations.iter().map(|judged| judged.expectation.clone()).collect(),
            prediction: Some(record.prediction.clone()),
            refused: None,
            requests: Vec::new(),
        }
    }
}
