//! The list of verbs.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::layers;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's verbs", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Check the directions between crates, confined names and file lengths
    Layers,
}

/// Parses the command line and runs the verb.
pub(crate) fn run() -> Result<()> {
    match Cli::parse().verb {
        Verb::Layers => layers::check(),
    }
}
