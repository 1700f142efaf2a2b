//! `gameday run`: step by step, until the end or the first step that does not heal.

use std::path::PathBuf;

use boutique_cluster::connect::Cluster;
use boutique_cluster::fault::new_id;
use boutique_cluster::outside::Trust;
use boutique_cluster::storefront::Storefront;
use boutique_core::gameday::baseline::compare;
use boutique_core::gameday::journal::{StoppedBy, raw};
use boutique_core::gameday::{Day, Gameday, Plan, Step, plan};
use boutique_core::url::{Resolve, ShopUrl};
use clap::Args;

use super::draw;
use super::exit::exit;
use super::files::{self, Folder};
use super::record::record;
use super::rehearsal;
use super::scene::{Stage, look};
use crate::ctx::{Ctx, Place};
use crate::error::{Error, Exit};
use crate::global::read;
use crate::output::TextFormat;
use crate::style::STRONG;
use crate::verb::break_service::drive;
use crate::verb::break_service::order::Order;

const EXAMPLES: &str = "\
Examples:
  kubectl boutique gameday run first-hour              # one that comes with this program
  kubectl boutique gameday run mine.yaml --dry-run     # the plan, with predictions
  kubectl boutique gameday run three-nines --yes -n shop --url=http://shop.local --report-dir=out
  kubectl boutique gameday run three-nines --yes -n shop --baseline=last/journal.json

In CI the exit code is the result: 0 all expectations met, 2 not met or worse than the baseline, 3 too little seen to
judge, 4 refused, 5 the shop has not healed.";

/// Run a gameday
///
/// Before each step the shop has to be well; otherwise the gameday ends there. What is known is written after each step,
/// so that Ctrl-C, which heals the shop, loses nothing. The folder holds the journal, every request, and the report as
/// Markdown, as JSON, and as one page for a browser that loads nothing from anywhere.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// File of the gameday, or the name of one that comes with this program (gameday list)
    #[arg(value_name = "FILE")]
    file: String,

    /// Decides what chance decides; without it, what the file says
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Only say what would happen, with predictions for the shop as it is
    #[arg(long)]
    dry_run: bool,

    /// Folder for journal and reports; without it, gameday-NAME-TIME here
    #[arg(long, value_name = "FOLDER")]
    report_dir: Option<PathBuf>,

    /// Journal of an earlier run: getting worse is a failure, too
    #[arg(long, value_name = "JOURNAL")]
    baseline: Option<PathBuf>,

    /// Ask for pages at this URL, such as http://shop.local; without it, by a route of the shop's own that answers, or
    /// through the API server
    #[arg(long, value_name = "URL")]
    url: Option<ShopUrl>,

    /// Address for the URL's host and port, whatever DNS says; as curl takes it
    #[arg(long, value_name = "HOST:PORT:ADDRESS", requires = "url")]
    resolve: Option<Resolve>,

    /// File with the authorities (PEM) that may have signed the URL's certificate, in place of this machine's
    #[arg(long, value_name = "FILE", requires = "url")]
    cacert: Option<PathBuf>,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Also run on a shop that is not what the file needs, or not well
    #[arg(long)]
    force: bool,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) output: TextFormat,
}

impl RunArgs {
    /// The shop by its URL, if there is one.
    pub(super) fn storefront(&self) -> Result<Option<Storefront>, Error> {
        let Some(url) = &self.url else { return Ok(None) };
        let trust = match &self.cacert {
            Some(file) => Trust::Authorities(read(file)?),
            None => Trust::Machine,
        };
        Ok(Some(Storefront::at(url.clone(), self.resolve.as_ref(), &trust)?))
    }

    /// What is ordered for a step.
    pub(super) fn order(&self, step: &Step, gameday: &Gameday, stage: &Stage) -> Order {
        Order {
            storefront: Some(stage.storefront.clone()),
            rate: Some(stage.rate),
            steady: gameday.steady.lasts,
            steady_state: Some(gameday.steady.clone()),
            good_stretch: gameday.steady.lasts,
            recovery: 2 * gameday.steady.lasts + crate::verb::break_service::order::RECOVERY,
            requests: step.requests(),
            force: self.force,
            agreed: true,
            ..Order::new(Some(step.kind), step.wish(new_id()))
        }
    }
}

pub(super) async fn run(ctx: &Ctx, args: RunArgs) -> Result<Exit, Error> {
    let (gameday, source) = files::gameday(&args.file)?;
    let plan = plan(&gameday, args.seed)
        .map_err(|error| Error::Gameday { path: args.file.clone(), problems: format!("\n  {error}") })?;
    let baseline = args.baseline.as_deref().map(files::journal).transpose()?;
    let cluster = ctx.cluster().await?;
    let place = ctx.place(&cluster).await?;
    let stage = Box::pin(look(ctx, &cluster, &place, (&gameday, &plan), &args)).await?;
    if args.dry_run {
        return Box::pin(rehearsal::run(ctx, &cluster, &place, (&gameday, &plan), &stage, &args)).await;
    }
    fits(ctx, &stage, args.force)?;
    ctx.out.say(&draw::intention(&gameday, &plan, &stage.record, ctx.out.look));
    consent(ctx, &place, &stage, &plan, args.yes)?;

    let started = ctx.now();
    let path = args
        .report_dir
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("gameday-{}-{}", gameday.name, started.strftime("%Y%m%d-%H%M%S"))));
    let mut folder = Folder::make(path.clone())?;
    let mut day = Day::begin(&gameday, &source, &plan, stage.record.clone(), started);
    // From here on it is agreed, and a namespace that was found is a namespace that was named.
    let place = Place { said: true, ..place };
    for step in &plan.steps {
        let title = format!("step {} of {}: {}", step.number, plan.steps.len(), step.title);
        ctx.out.say(&format!("\n{}", ctx.out.look.paint(STRONG, &title)));
        one(ctx, (&cluster, &place), step, (&gameday, &stage), &args, (&mut day, &mut folder)).await?;
        folder.journal(&day.journal(ctx.now(), Some(folder.raw())))?;
        if day.is_over() {
            break;
        }
    }

    let journal = day.journal(ctx.now(), Some(folder.raw()));
    let comparison = baseline.as_ref().map(|earlier| compare(&journal, earlier));
    files::reports(&path, &journal, comparison.as_ref())?;
    draw::show(ctx, &journal, comparison.as_ref(), args.output)?;
    ctx.out.say(&format!("report        {}", path.join("report.html").display()));
    Ok(exit(&journal, comparison.as_ref()))
}

/// Runs one step. What ends the gameday is noted in its journal, and is no error: there is a report to write.
async fn one(
    ctx: &Ctx,
    (cluster, place): (&Cluster, &Place),
    step: &Step,
    (gameday, stage): (&Gameday, &Stage),
    args: &RunArgs,
    (day, folder): (&mut Day, &mut Folder),
) -> Result<(), Error> {
    let order = args.order(step, gameday, stage);
    match Box::pin(drive(ctx, cluster, place, &order)).await {
        Ok(outcome) => {
            folder.keep(&raw(step.number, &outcome.samples, outcome.measurement.injected_at))?;
            let record = record(step, &gameday.steady, &outcome);
            day.add(step, record);
            ctx.out.say(&draw::step(&day.journal(ctx.now(), None), ctx.out.look));
        }
        Err(Error::Refused { reason, remedy }) => {
            ctx.out.warn(&format!("step {} is refused: {reason}; {remedy}", step.number));
            day.refuse(step, None, &reason);
        }
        Err(Error::Interrupted) => {
            day.stop(StoppedBy::Interrupt, format!("stopped before step {} was done", step.number));
        }
        Err(error @ Error::NotUndone { .. }) => {
            ctx.out.warn(&error.to_string());
            day.stop(StoppedBy::NotHealed, format!("step {}: {error}", step.number));
        }
        Err(error) => {
            ctx.out.warn(&error.to_string());
            day.stop(StoppedBy::Error, format!("step {}: {error}", step.number));
        }
    }
    Ok(())
}

/// Refuses a shop on which the gameday makes no sense.
fn fits(ctx: &Ctx, stage: &Stage, force: bool) -> Result<(), Error> {
    if stage.unmet.is_empty() {
        return Ok(());
    }
    let reason = stage.unmet.join("; ");
    if force {
        ctx.out.warn(&format!("going on all the same: {reason}"));
        return Ok(());
    }
    Err(Error::Refused { reason, remedy: "change the shop, choose another gameday, or go on with --force".to_owned() })
}

/// May we? Asked once for all steps.
fn consent(ctx: &Ctx, place: &Place, stage: &Stage, plan: &Plan, yes: bool) -> Result<(), Error> {
    let namespace = &place.namespace;
    if yes && !place.said {
        return Err(Error::Refused {
            reason: format!("--yes was given, but not where: the only shop found is in namespace {namespace}"),
            remedy: format!("add -n {namespace}"),
        });
    }
    if yes || stage.allowed {
        return Ok(());
    }
    if !ctx.out.can_ask() {
        return Err(Error::Refused {
            reason: format!("nobody can be asked whether the shop in namespace {namespace} may be broken"),
            remedy: format!(
                "agree with --yes -n {namespace}, or allow faults there: kubectl label namespace {namespace} boutique.dev/faults=allowed"
            ),
        });
    }
    let steps = plan.steps.len();
    match ctx.out.ask(&format!("Break the shop in namespace {namespace} {steps} times, one after the other?")) {
        true => Ok(()),
        false => Err(Error::Refused { reason: "not agreed to".to_owned(), remedy: "nothing was changed".to_owned() }),
    }
}
