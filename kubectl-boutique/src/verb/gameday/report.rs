//! `gameday report`: every report again, from the journal alone.

use std::path::PathBuf;

use boutique_core::gameday::baseline::compare;
use boutique_core::gameday::report::Report;
use clap::Args;

use super::{draw, files};
use crate::ctx::Ctx;
use crate::error::{Error, Exit};
use crate::output::TextFormat;

const EXAMPLES: &str = "\
Examples:
  kubectl boutique gameday report gameday-three-nines-20270115-080000
  kubectl boutique gameday report journal.json -o html > report.html
  kubectl boutique gameday report new/journal.json --baseline=old/journal.json";

/// Make the reports of a gameday again, from its journal
///
/// Asks no cluster. With --baseline it also says what got worse since an earlier run, and fails if something did.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReportArgs {
    /// The journal, or the folder that it lies in
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Journal of an earlier run, to be compared with
    #[arg(long, value_name = "JOURNAL")]
    baseline: Option<PathBuf>,

    /// Also write every report into this folder
    #[arg(long, value_name = "FOLDER")]
    report_dir: Option<PathBuf>,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: ReportFormat,
}

/// `-o` of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// For people, in a terminal
    #[default]
    Text,
    /// For people, in a review
    Markdown,
    /// For people, in a browser: one page that loads nothing
    Html,
    /// For programs
    Json,
    /// For programs
    Yaml,
}

pub(super) fn run(ctx: &Ctx, args: &ReportArgs) -> Result<Exit, Error> {
    let journal = files::journal(&args.file)?;
    let baseline = args.baseline.as_deref().map(files::journal).transpose()?;
    let comparison = baseline.as_ref().map(|earlier| compare(&journal, earlier));
    if let Some(folder) = &args.report_dir {
        files::reports(folder, &journal, comparison.as_ref())?;
    }
    let report = Report { journal: &journal, comparison: comparison.as_ref() };
    match args.output {
        ReportFormat::Text => draw::show(ctx, &journal, comparison.as_ref(), TextFormat::Text)?,
        ReportFormat::Json => draw::show(ctx, &journal, comparison.as_ref(), TextFormat::Json)?,
        ReportFormat::Yaml => draw::show(ctx, &journal, comparison.as_ref(), TextFormat::Yaml)?,
        ReportFormat::Markdown => ctx.out.result(&report.markdown())?,
        ReportFormat::Html => ctx.out.result(&report.html())?,
    }
    let worse = comparison.is_some_and(|comparison| !comparison.regressions.is_empty());
    Ok(if worse { Exit::Unhealthy } else { Exit::Ok })
}
