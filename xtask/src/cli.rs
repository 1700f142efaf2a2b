//! The list of verbs.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::demo::{self, DemoArgs};
use crate::package::{self, Profile};
use crate::prove::{self, ProveArgs};
use crate::{bench, console, layers, test};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's verbs", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Deploy the shop to a real cluster by terraform apply, and buy something from it
    Demo(DemoArgs),
    /// Run every test, cheapest first
    Test,
    /// Run a campaign in full and write its dated result to docs/proof
    Prove(ProveArgs),
    /// Bring labs (local clusters) up and down
    #[command(subcommand)]
    Lab(boutique_lab::cli::LabArgs),
    /// Build the provider into a filesystem mirror and the plugin into a folder for PATH
    Package {
        /// Unoptimised, under target/package, as the tests use them; else as they ship, under dist
        #[arg(long)]
        dev: bool,
    },
    /// Measure the provider beside its peers, in one run on one lab
    Bench,
    /// Check the directions between crates, confined names and file lengths
    Layers,
}

/// Parses the command line and runs the verb.
pub(crate) fn run() -> Result<()> {
    match Cli::parse().verb {
        Verb::Demo(args) => demo::demo(&args),
        Verb::Test => test::test(),
        Verb::Prove(args) => prove::prove(&args),
        Verb::Lab(args) => boutique_lab::cli::run(args),
        Verb::Package { dev } => {
            let package = package::package(if dev { Profile::Dev } else { Profile::Release })?;
            console::say(format!("{}\n{}", package.bin.display(), package.cli_config.display()));
            Ok(())
        }
        Verb::Bench => bench::bench(),
        Verb::Layers => layers::check(),
    }
}
