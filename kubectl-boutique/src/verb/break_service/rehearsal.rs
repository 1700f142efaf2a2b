//! `--dry-run`: everything that would happen, and nothing that does.

use boutique_cluster::connect::Cluster;
use boutique_cluster::inject::kill;
use boutique_core::predict::Prediction;
use serde::Serialize;
use serde_json::Value;

use super::plan::Plan;
use super::{BreakArgs, DryRun};
use crate::ctx::Ctx;
use crate::draw::verdict::prediction;
use crate::error::{Error, Exit};
use crate::output::TextFormat;
use crate::style::{BAD, GOOD, Look, STRONG};
use crate::verb::DATA_VERSION;

/// A request that would be sent.
#[derive(Serialize)]
struct Planned {
    method: &'static str,
    path: String,
    body: Value,
}

/// A right, and whether the caller has it.
#[derive(Serialize)]
struct Right {
    right: String,
    purpose: &'static str,
    required: bool,
    held: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    namespace: &'a str,
    fault: String,
    undo: String,
    prediction: &'a Prediction,
    requests: Vec<Planned>,
    rights: Vec<Right>,
    company: &'a [String],
    /// Whether the API server would accept the deletions; absent where it was not asked.
    accepted: Option<bool>,
}

pub(super) async fn run(ctx: &Ctx, cluster: &Cluster, plan: &Plan, args: &BreakArgs) -> Result<Exit, Error> {
    let accepted = match args.dry_run {
        DryRun::Server => {
            let would = kill(cluster, &plan.fault.namespace, &plan.victims, plan.grace, true).await?;
            Some(would.len() == plan.victims.len())
        }
        DryRun::Client | DryRun::None => None,
    };
    let document = Document {
        api_version: DATA_VERSION,
        kind: "FaultPlan",
        namespace: &plan.fault.namespace,
        fault: format!("{} of {}", plan.fault.kind, plan.fault.service),
        undo: plan.fault.undo.to_string(),
        prediction: &plan.prediction,
        requests: requests(plan),
        rights: plan
            .rights
            .iter()
            .map(|(need, held)| Right {
                right: need.to_string(),
                purpose: need.purpose,
                required: need.required,
                held: *held,
            })
            .collect(),
        company: &plan.company,
        accepted,
    };
    match args.output {
        TextFormat::Text => ctx.out.result(&text(&document, ctx.out.look))?,
        TextFormat::Json | TextFormat::Yaml => ctx.out.data(&document, args.output == TextFormat::Yaml)?,
    }
    plan.refuse_what_cannot_be()?;
    Ok(Exit::Ok)
}

fn requests(plan: &Plan) -> Vec<Planned> {
    let namespace = &plan.fault.namespace;
    let records = [plan.fault.to_guard(), plan.fault.to_record()];
    let mut requests: Vec<Planned> = records
        .into_iter()
        .map(|record| Planned { method: "POST", path: record.kind().path(Some(namespace)), body: record.into_value() })
        .collect();
    requests.extend(plan.victims.iter().map(|victim| {
        let (path, body) = victim.request(namespace, plan.grace);
        Planned { method: "DELETE", path, body }
    }));
    requests
}

fn text(document: &Document<'_>, look: Look) -> String {
    let mut out =
        format!("{} in namespace {}: nothing is done\n", look.paint(STRONG, &document.fault), document.namespace);
    out.push_str(&format!("undo: {}\n\n", document.undo));
    out.push_str(&prediction(document.prediction, look));
    out.push_str(&format!("\n{}\n", look.paint(STRONG, "Requests")));
    for Planned { method, path, body } in &document.requests {
        let name = body.pointer("/metadata/name").and_then(Value::as_str);
        let body = name.map_or_else(|| body.to_string(), |name| format!("ConfigMap {name}"));
        out.push_str(&format!("  {method} {path}\n    {body}\n"));
    }
    out.push_str(&format!("\n{}\n", look.paint(STRONG, "Rights")));
    for Right { right, purpose, required, held } in &document.rights {
        let glyph = match (held, required) {
            (true, _) => look.paint(GOOD, look.good()),
            (false, true) => look.paint(BAD, look.bad()),
            (false, false) => look.waiting().to_owned(),
        };
        let word = if *held { "" } else { " (missing)" };
        out.push_str(&format!("  {glyph} {right}{word}: {purpose}\n"));
    }
    if !document.company.is_empty() {
        out.push_str(&format!("\n{}\n", look.paint(STRONG, "Others")));
        out.extend(document.company.iter().map(|sentence| format!("  {sentence}\n")));
    }
    match document.accepted {
        Some(true) => out.push_str("\nThe API server would accept the deletions.\n"),
        Some(false) => out.push_str("\nSome of the pods are gone already.\n"),
        None => {}
    }
    look.plain(&out)
}
