//! `gameday`: practise failure from a file, judge it, keep a journal, and make reports of it.

use clap::{Args, Subcommand};

use crate::ctx::Ctx;
use crate::error::{Error, Exit};

mod draw;
mod exit;
mod files;
mod list;
mod ready;
mod record;
mod rehearsal;
mod report;
mod run;
mod scene;

/// Practise failure from a file: break the shop step by step, judge what customers noticed, and write a report
///
/// A file says how well the shop has to be, what is broken, and what is expected. Each step goes as `break` goes: it is
/// predicted, measured, undone, graded, and the shop's objects are compared with what they were. A step that does not
/// heal ends the gameday.
#[derive(Debug, Args)]
pub(crate) struct GamedayArgs {
    #[command(subcommand)]
    command: GamedayCommand,
}

#[derive(Debug, Subcommand)]
enum GamedayCommand {
    Run(run::RunArgs),
    Report(report::ReportArgs),
    List(list::ListArgs),
}

pub(crate) async fn run(ctx: &Ctx, args: GamedayArgs) -> Result<Exit, Error> {
    match args.command {
        GamedayCommand::Run(args) => Box::pin(run::run(ctx, args)).await,
        GamedayCommand::Report(args) => report::run(ctx, &args),
        GamedayCommand::List(args) => list::run(ctx, &args),
    }
}
