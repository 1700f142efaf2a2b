//! The command line.

use clap::{Parser, Subcommand};

use crate::error::EXIT_CODES;
use crate::global::GlobalArgs;
use crate::verb;

const EXAMPLES: &str = "\
Examples:
  kubectl boutique status -w               # watch the shop
  kubectl boutique buy                     # buy something, hop by hop
  kubectl boutique break cartservice       # predict, break, measure, undo, grade
  kubectl boutique heal --all              # undo whatever somebody has broken
";

/// Look after Google's Online Boutique: see it, buy in it, break it and watch it recover
///
/// Works on every Online Boutique that it finds by upstream's app labels, whoever installed it. For stacks of the Terraform
/// provider it knows more: revision and drift.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-boutique",
    bin_name = "kubectl boutique",
    version,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"),
    max_term_width = 120,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Status(verb::status::StatusArgs),
    Buy(verb::buy::BuyArgs),
    Break(verb::break_service::BreakArgs),
    Faults(verb::faults::FaultsArgs),
    Heal(verb::heal::HealArgs),
    Gameday(verb::gameday::GamedayArgs),
    Completion(verb::completion::CompletionArgs),
    Version(verb::version::VersionArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The help of every verb, as people see it in a window of 80 columns.
    #[test]
    fn the_help_of_every_verb_reads_well() {
        let mut command = Cli::command().term_width(80);
        command.build();
        insta::assert_snapshot!("help", command.render_long_help());
        insta::assert_snapshot!("help-short", command.render_help());
        for verb in command.get_subcommands_mut() {
            let name = verb.get_name().to_owned();
            *verb = verb.clone().term_width(80);
            insta::assert_snapshot!(format!("help-{name}"), verb.render_long_help());
        }
    }

    #[test]
    fn usage_names_the_program_as_people_call_it() {
        let error = Cli::try_parse_from(["kubectl-boutique", "break"]).unwrap_err().to_string();
        assert!(error.contains("Usage: kubectl boutique break"), "{error}");
    }

    #[test]
    fn an_unknown_service_is_answered_with_the_names() {
        let error = Cli::try_parse_from(["kubectl-boutique", "break", "cart"]).unwrap_err().to_string();
        assert!(error.contains("did you mean \"cartservice\"?"), "{error}");
    }

    #[test]
    fn a_dry_run_is_asked_for_as_in_kubectl() {
        for (flag, wanted) in [("--dry-run", "Client"), ("--dry-run=server", "Server"), ("--dry-run=none", "None")] {
            let cli = Cli::try_parse_from(["kubectl-boutique", "break", "cartservice", flag]).unwrap();
            assert!(format!("{cli:?}").contains(&format!("dry_run: {wanted}")), "{flag}");
        }
    }

    #[test]
    fn global_flags_stand_before_and_after_the_verb() {
        for line in [
            "kubectl-boutique -n shop status",
            "kubectl-boutique status -n shop",
            "kubectl-boutique status --namespace=shop",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.global.namespace.as_deref(), Some("shop"), "{line}");
        }
    }

    #[test]
    fn verbosity_is_written_as_kubectl_writes_it() {
        for line in ["kubectl-boutique version -v=6", "kubectl-boutique version -v 6", "kubectl-boutique version --v=6"]
        {
            assert_eq!(Cli::try_parse_from(line.split(' ')).unwrap().global.verbosity, 6, "{line}");
        }
    }
}
