//! `faults`: what runs, what nobody has undone, what is left, and what was.

use boutique_cluster::connect::Cluster;
use boutique_cluster::fault::{self, Found};
use boutique_core::fault::{Fault, GUARD, Stage};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::DATA_VERSION;
use crate::ctx::Ctx;
use crate::draw;
use crate::error::{Error, Exit};
use crate::output::Format;

/// Show faults of the shop: those that run, those that nobody has undone, and the last ten that are over
///
/// Only looks. What has expired is undone by the next verb that writes, or by `kubectl boutique heal --expired`. Also
/// shown are pods that a fault's deadline has ended, and objects that belong to a fault which no record knows; both are
/// removed in the same way.
#[derive(Debug, Args)]
pub(crate) struct FaultsArgs {
    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,

    /// Leave the column titles out
    #[arg(long)]
    no_headers: bool,
}

/// One thing that was found, as data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a Fault>,
    /// What it is where it is no record of a fault: a pod, an object, or why a record cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    namespace: &'a str,
    items: Vec<Item<'a>>,
}

pub(crate) async fn run(ctx: &Ctx, args: FaultsArgs) -> Result<Exit, Error> {
    let cluster = ctx.cluster().await?;
    let namespace = ctx.place(&cluster).await?.namespace;
    let now = ctx.now();
    let found = fault::list(&cluster, &namespace, now).await?;
    match args.output {
        Format::Table | Format::Wide => {
            let records = found.iter().any(|found| fault_of(found).is_some());
            match records {
                true => ctx.out.result(&draw::faults::faults(&found, now, !args.no_headers, ctx.out.look))?,
                false => ctx.out.say(&format!("no fault in namespace {namespace}, and none in its history")),
            }
            for line in draw::faults::left(&found) {
                ctx.out.result(&line)?;
            }
        }
        Format::Name => {
            let names: String = found.iter().filter_map(draw::faults::name).map(|name| format!("{name}\n")).collect();
            ctx.out.result(&names)?;
        }
        Format::Json | Format::Yaml => {
            let items = found.iter().map(item).collect();
            let document = Document { api_version: DATA_VERSION, kind: "FaultList", namespace: &namespace, items };
            ctx.out.data(&document, args.output == Format::Yaml)?;
        }
    }
    if let Some(warning) = warning(&found, &namespace) {
        ctx.out.warn(&warning);
    }
    Ok(Exit::Ok)
}

fn item(found: &Found) -> Item<'_> {
    Item {
        state: draw::faults::state(found),
        fault: fault_of(found),
        left: draw::faults::left(std::slice::from_ref(found)).pop(),
        name: draw::faults::name(found),
    }
}

fn fault_of(found: &Found) -> Option<&Fault> {
    match found {
        Found::Active(fault) | Found::Expired(fault) | Found::Ended(fault) => Some(fault),
        Found::Unreadable(_) | Found::FailedPod { .. } | Found::Residue { .. } => None,
    }
}

/// Warns of faults that nobody has undone; whoever may not see them is not warned.
pub(crate) async fn warn(ctx: &Ctx, cluster: &Cluster, namespace: &str) {
    let found = fault::list(cluster, namespace, ctx.now()).await.unwrap_or_default();
    if let Some(warning) = warning(&found, namespace) {
        ctx.out.warn(&warning);
    }
}

/// The same where the records are known already.
pub(crate) fn warn_of(ctx: &Ctx, records: &[Value], namespace: &str) {
    let is_guard = |record: &&Value| record.pointer("/metadata/name").and_then(Value::as_str) == Some(GUARD);
    let expired: Vec<Found> = records
        .iter()
        .filter(|record| !is_guard(record))
        .filter_map(|record| Fault::from_config_map(record).ok())
        .filter(|fault| fault.stage == Stage::Active && fault.is_expired(ctx.now()))
        .map(Found::Expired)
        .collect();
    if let Some(warning) = warning(&expired, namespace) {
        ctx.out.warn(&warning);
    }
}

/// What whoever only looks is told of faults that nobody has undone.
fn warning(found: &[Found], namespace: &str) -> Option<String> {
    let expired: Vec<String> = found
        .iter()
        .filter_map(|found| match found {
            Found::Expired(fault) => Some(format!("{} ({})", fault.id, draw::faults::what(fault))),
            _ => None,
        })
        .collect();
    let residue = found.iter().any(|found| matches!(found, Found::Residue { .. }));
    let what = match (expired.as_slice(), residue) {
        ([], false) => return None,
        ([], true) => "something is left of a fault".to_owned(),
        ([one], _) => format!("the time of fault {one} is over, and nobody has undone it"),
        (many, _) => format!("the time of faults {} is over, and nobody has undone them", many.join(", ")),
    };
    Some(format!("{what}: kubectl boutique heal --expired -n {namespace}"))
}
