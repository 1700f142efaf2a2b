//! `cargo xtask prove NAME`: a campaign in full, judged by an expectation that was committed before, with a dated result.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use boutique_lab::human;
use clap::{Args, ValueEnum};

use crate::{console, workspace};

#[derive(Args)]
pub(crate) struct ProveArgs {
    /// Which campaign
    #[arg(value_enum)]
    name: Campaign,
    /// Where randomness begins; noted in the result
    #[arg(long, default_value_t = 20)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Campaign {
    /// The provider is killed at 20 random moments of an apply
    Kills,
    /// Each service is taken down in turn, and every page asked
    Table,
}

impl Campaign {
    fn name(self) -> &'static str {
        match self {
            Self::Kills => "kills",
            Self::Table => "table",
        }
    }

    /// What must hold. Written before the run that it judges.
    fn expectation(self) -> &'static str {
        match self {
            Self::Kills => {
                "After `kill -9` of the provider at each of 20 random moments of an apply that prunes one service and changes \
                 another, one following apply converges: the next plan is empty, no object that stays has another UID, and \
                 nothing of the pruned service is left."
            }
            Self::Table => {
                "With each of ten services at 0 replicas in turn on a real node, home, product, adding to the cart, the cart and \
                 checkout settle on the statuses of the table in `tests/acceptance/tests/table.rs`, which are upstream's; after \
                 the service is back, a purchase goes through again."
            }
        }
    }

    /// The variables that turn the short form of `cargo xtask test` into the full campaign.
    fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Kills => &[("BOUTIQUE_KILLS", "20")],
            Self::Table => &[("BOUTIQUE_TABLE", "all")],
        }
    }
}

/// Runs a campaign and writes its result to `docs/proof`, whatever it is.
pub(crate) fn prove(args: &ProveArgs) -> Result<()> {
    let name = args.name.name();
    let changed = workspace::output(
        std::process::Command::new("git").current_dir(workspace::root()).args(["status", "--porcelain"]),
    )?;
    ensure!(changed.is_empty(), "commit first: a result names the commit that it judges; changed are\n{changed}");
    let commit = workspace::output(
        std::process::Command::new("git").current_dir(workspace::root()).args(["rev-parse", "HEAD"]),
    )?;

    let begun = Instant::now();
    let mut test = workspace::cargo(&[
        "test",
        "--locked",
        "--package",
        "boutique-acceptance",
        "--test",
        name,
        "--",
        "--nocapture",
    ]);
    test.envs(args.name.variables().iter().copied()).env("BOUTIQUE_SEED", args.seed.to_string());
    let output = test.output().context("cannot start cargo")?;
    let verdict = if output.status.success() { "holds" } else { "BROKEN" };
    let said = format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));

    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let file = workspace::root().join("docs/proof").join(format!("{date}-{name}.md"));
    let text = format!(
        "# {name}: {verdict}\n\n- date: {date}\n- commit: {}\n- seed: {}\n- took: {}\n\n## Expected\n\n{}\n\n## Said\n\n```\n{}\n```\n",
        commit.trim(),
        args.seed,
        human(begun.elapsed()),
        args.name.expectation(),
        relevant(&said),
    );
    fs::create_dir_all(workspace::root().join("docs/proof")).context("docs/proof")?;
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    console::say(format!("{name} {verdict}: {}", file.display()));
    if !output.status.success() {
        bail!("{name} is broken:\n{}", workspace::last_lines(&said, 40));
    }
    Ok(())
}

/// The lines about tests; how cargo built them is no result.
fn relevant(said: &str) -> String {
    let lines = said
        .lines()
        .filter(|line| line.starts_with("test ") || line.starts_with("round ") || line.contains("panicked"));
    lines.collect::<Vec<_>>().join("\n")
}
