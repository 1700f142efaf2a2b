//! `--dry-run`: everything that would happen, and nothing that does.

use boutique_cluster::connect::Cluster;
use boutique_cluster::fault::rehearse;
use boutique_core::fault::Request;
use boutique_core::predict::Prediction;
use serde::Serialize;

use super::DryRun;
use super::order::Order;
use super::plan::{Plan, plan};
use crate::ctx::{Ctx, Place};
use crate::draw::plan::before;
use crate::error::{Error, Exit};
use crate::output::TextFormat;
use crate::style::{BAD, GOOD, Look, STRONG};
use crate::verb::{DATA_VERSION, faults};

/// A right, and whether the caller has it.
#[derive(Serialize)]
struct Right {
    right: String,
    purpose: &'static str,
    required: bool,
    held: bool,
}

/// A request as the API server judged it.
#[derive(Serialize)]
struct Judged {
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    namespace: &'a str,
    fault: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<&'a str>,
    undo: String,
    by_hand: &'a [String],
    prediction: &'a Prediction,
    requests: &'a [Request],
    rights: Vec<Right>,
    company: &'a [String],
    /// What the API server says to each request; absent where it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    judged: Option<Vec<Judged>>,
}

pub(super) async fn run(
    ctx: &Ctx,
    cluster: &Cluster,
    place: &Place,
    order: &Order,
    dry_run: DryRun,
    format: TextFormat,
) -> Result<Exit, Error> {
    faults::warn(ctx, cluster, &place.namespace).await;
    let plan = Box::pin(plan(ctx, cluster, place, order)).await?;
    let judged = match dry_run {
        DryRun::Server => Some(rehearse(cluster, &plan.fault, &plan.injection).await?),
        DryRun::Client | DryRun::None => None,
    };
    let requests = plan.requests();
    let document = Document {
        api_version: DATA_VERSION,
        kind: "FaultPlan",
        namespace: &plan.fault.namespace,
        fault: plan.deed(),
        chosen: plan.chosen.as_deref(),
        undo: plan.fault.undo.to_string(),
        by_hand: &plan.injection.by_hand,
        prediction: &plan.injection.prediction,
        requests: &requests,
        rights: rights(&plan),
        company: &plan.injection.company,
        judged: judged
            .map(|judged| judged.into_iter().map(|one| Judged { what: one.what, refused: one.refused }).collect()),
    };
    match format {
        TextFormat::Text => {
            let look = ctx.out.look;
            ctx.out.result(&format!("{}\n{}", before(&plan.before(order), look), text(&document, look)))?;
        }
        TextFormat::Json | TextFormat::Yaml => ctx.out.data(&document, format == TextFormat::Yaml)?,
    }
    plan.refuse_what_cannot_be()?;
    let refused = document.judged.iter().flatten().any(|one| one.refused.is_some());
    Ok(if refused { Exit::Refused } else { Exit::Ok })
}

fn rights(plan: &Plan) -> Vec<Right> {
    let of = |(need, held): &(boutique_core::fault::Need, bool)| Right {
        right: need.to_string(),
        purpose: need.purpose,
        required: need.required,
        held: *held,
    };
    plan.rights.iter().map(of).collect()
}

fn text(document: &Document<'_>, look: Look) -> String {
    let mut out = format!("{}\n", look.paint(STRONG, "Requests (none of them is sent now)"));
    for Request { method, path, content_type, body } in document.requests {
        out.push_str(&format!("{method} {path}\n"));
        if let Some(kind) = content_type {
            out.push_str(&format!("  {kind}\n"));
        }
        if !body.is_null() {
            out.push_str(&format!("  {body}\n"));
        }
    }
    out.push_str(&format!("\n{}\n", look.paint(STRONG, "Rights")));
    for Right { right, purpose, required, held } in &document.rights {
        let glyph = match (held, required) {
            (true, _) => look.paint(GOOD, look.good()),
            (false, true) => look.paint(BAD, look.bad()),
            (false, false) => look.waiting().to_owned(),
        };
        let word = if *held { "" } else { " (missing)" };
        out.push_str(&format!("{glyph} {right}{word}: {purpose}\n"));
    }
    if let Some(judged) = &document.judged {
        out.push_str(&format!("\n{}\n", look.paint(STRONG, "The API server says")));
        for Judged { what, refused } in judged {
            let verdict = match refused {
                None => format!("{} would {what}", look.paint(GOOD, look.good())),
                Some(reason) => format!("{} would not {what}: {reason}", look.paint(BAD, look.bad())),
            };
            out.push_str(&format!("{verdict}\n"));
        }
    }
    look.plain(&out)
}
