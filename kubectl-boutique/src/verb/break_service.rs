//! `break SERVICE`: predict, kill its pods, measure, grade.

use std::time::Duration;

use boutique_core::service::Service;
use clap::Args;

use crate::ctx::Ctx;
use crate::duration;
use crate::error::{Error, Exit};
use crate::output::TextFormat;

mod consent;
mod ending;
mod plan;
mod rehearsal;
mod run;
mod watcher;

/// Kill a service's pods, measure what customers notice, and grade the prediction made before
///
/// Says which pages will fail and for how long, looks at the shop for five seconds, kills the pods, and asks for pages on
/// a fixed timetable (20 requests a second) until ten good seconds have passed. Nothing has to be undone: the ReplicaSet
/// replaces the pods. Only one fault at a time may run in a namespace; a record of it is kept there.
///
/// Asks before it acts, unless the namespace or the Deployment is labelled boutique.dev/faults=allowed.
#[derive(Debug, Args)]
pub(crate) struct BreakArgs {
    /// Service whose pods are killed
    service: Service,

    /// How many of its pods; without it, all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    count: Option<u16>,

    /// Longest measurement after the kill
    #[arg(long = "for", value_name = "DURATION", default_value = "60s", value_parser = duration::parse)]
    at_most: Duration,

    /// Seconds the pods get to stop, at least 1; without it, what the pods say
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..))]
    grace_period: Option<u16>,

    /// Only say what would happen; "server" also lets the API server check the requests
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_value = "none", default_missing_value = "client")]
    dry_run: DryRun,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Also break a shop that is not healthy
    #[arg(long)]
    force: bool,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: TextFormat,
}

/// `--dry-run`, as kubectl has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DryRun {
    /// Do it
    None,
    /// Say what would be sent
    Client,
    /// Let the API server check what would be sent
    Server,
}

pub(crate) async fn run(ctx: &Ctx, args: BreakArgs) -> Result<Exit, Error> {
    let cluster = ctx.cluster().await?;
    let place = ctx.place(&cluster).await?;
    let plan = Box::pin(plan::make(ctx, &cluster, &place, &args)).await?;
    if args.dry_run != DryRun::None {
        return rehearsal::run(ctx, &cluster, &plan, &args).await;
    }
    plan.refuse_what_cannot_be()?;
    ctx.out.say(&crate::draw::verdict::prediction(&plan.prediction, ctx.out.look));
    for sentence in &plan.company {
        ctx.out.note(sentence);
    }
    consent::ask(ctx, &plan, &args, &place)?;
    run::run(ctx, &cluster, plan, &args).await
}
