//! What kubectl calls when somebody presses Tab: this program under the name `kubectl_complete-boutique`.
//!
//! The arguments are the words so far, the last of them perhaps empty or half written. Answered are candidates, one per
//! line with a description behind a tab, and last a directive of cobra, the library of kubectl.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use boutique_cluster::fault::{Found, list};
use boutique_core::service::Service;
use clap::{Arg, ArgAction, Command, CommandFactory, Parser};

use crate::cli::Cli;
use crate::ctx::{Ctx, env};
use crate::draw::faults::what;
use crate::error::Exit;
use crate::global::GlobalArgs;
use crate::output::Output;
use crate::style::Look;

/// Name under which kubectl looks for us.
pub(crate) const COMPLETER: &str = "kubectl_complete-boutique";

/// cobra's directive "do not offer files instead".
const NO_FILES: u8 = 4;
/// cobra's directive "nothing special", which lets the shell offer files.
const FILES: u8 = 0;

/// A slow cluster must not hold up the keyboard.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// What is to be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// These words.
    Words(Vec<(String, String)>),
    /// Names of namespaces, from the cluster.
    Namespaces,
    /// Ids of faults that can be undone, from the cluster.
    Faults,
    /// Names of contexts, clusters or users, from the kubeconfig.
    Entries(&'static str),
    /// A file.
    Files,
}

/// Whether the program was called to complete.
pub(crate) fn is_completer(argv0: Option<&OsString>) -> bool {
    let name = argv0.map(Path::new).and_then(Path::file_stem);
    name.is_some_and(|name| name.to_string_lossy() == COMPLETER)
}

pub(crate) fn run(args: &[OsString]) -> Exit {
    let words: Vec<String> = args.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let current = words.last().cloned().unwrap_or_default();
    let ctx = Ctx { global: globals(&words), out: Output::new(Look { color: false, unicode: true, width: None }) };
    let (candidates, directive) = match wanted(&words) {
        Wanted::Words(words) => (words, NO_FILES),
        Wanted::Namespaces => (named(asked(namespaces(&ctx))), NO_FILES),
        Wanted::Faults => (asked(faults(&ctx)), NO_FILES),
        Wanted::Entries(kind) => (named(entries(&ctx, kind)), NO_FILES),
        Wanted::Files => (Vec::new(), FILES),
    };
    // `--flag=val` is one word to the shell, and so is the candidate.
    let (before, typed) = match current.split_once('=') {
        Some((flag, typed)) if current.starts_with("--") => (format!("{flag}="), typed),
        _ => (String::new(), current.as_str()),
    };
    let mut answer = String::new();
    for (word, about) in candidates.iter().filter(|(word, _)| word.starts_with(typed)) {
        let tab = if about.is_empty() { String::new() } else { format!("\t{about}") };
        answer.push_str(&format!("{before}{word}{tab}\n"));
    }
    match ctx.out.result(&format!("{answer}:{directive}\n")) {
        Ok(()) => Exit::Ok,
        Err(error) => error.exit(),
    }
}

fn named(names: Vec<String>) -> Vec<(String, String)> {
    names.into_iter().map(|name| (name, String::new())).collect()
}

/// The global flags among the words, as far as they are complete: they say which cluster to ask.
fn globals(words: &[String]) -> GlobalArgs {
    let complete = &words[..words.len().saturating_sub(1)];
    let line = std::iter::once("kubectl-boutique").chain(complete.iter().map(String::as_str));
    // Half a command line is often no valid one; then the default cluster is the best guess.
    Cli::try_parse_from(line).map(|cli| cli.global).unwrap_or_default()
}

fn wanted(words: &[String]) -> Wanted {
    let mut command = Cli::command();
    command.build();
    let mut here = &command;
    let mut positionals = 0;
    let Some((current, before)) = words.split_last() else { return verbs(&command) };
    let mut pending: Option<&Arg> = None;
    for word in before {
        if pending.take().is_some() {
            continue;
        }
        if word.starts_with('-') {
            pending = flag(here, word).filter(|arg| takes_value(arg) && !word.contains('='));
        } else if let Some(next) = here.find_subcommand(word) {
            here = next;
            positionals = 0;
        } else {
            positionals += 1;
        }
    }
    if let Some(arg) = pending {
        return values(arg);
    }
    if let Some((name, _)) = current.split_once('=')
        && let Some(arg) = flag(here, name)
    {
        return values(arg);
    }
    if current.starts_with('-') {
        return flags(here);
    }
    if here.has_subcommands() {
        return verbs(here);
    }
    match here.get_positionals().nth(positionals) {
        Some(arg) => values(arg),
        None => Wanted::Words(Vec::new()),
    }
}

fn verbs(command: &Command) -> Wanted {
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    Wanted::Words(command.get_subcommands().map(|verb| (verb.get_name().to_owned(), about(verb))).collect())
}

fn flags(command: &Command) -> Wanted {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let long = shown.filter_map(|arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        Some((format!("--{}", arg.get_long()?), help))
    });
    Wanted::Words(long.collect())
}

fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.split('=').next().unwrap_or(word);
    command.get_arguments().find(|arg| match (name.strip_prefix("--"), name.strip_prefix('-')) {
        (Some(long), _) => arg.get_long() == Some(long),
        (None, Some(short)) => arg.get_short().is_some_and(|found| short == found.to_string()),
        (None, None) => false,
    })
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && !arg.is_require_equals_set()
}

fn values(arg: &Arg) -> Wanted {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let about =
            |value: &clap::builder::PossibleValue| value.get_help().map(ToString::to_string).unwrap_or_default();
        return Wanted::Words(possible.iter().map(|value| (value.get_name().to_owned(), about(value))).collect());
    }
    match arg.get_id().as_str() {
        "namespace" => Wanted::Namespaces,
        "fault" => Wanted::Faults,
        "service" | "peer" => {
            Wanted::Words(named(Service::ALL.iter().map(|service| service.name().to_owned()).collect()))
        }
        "context" => Wanted::Entries("contexts"),
        "cluster" => Wanted::Entries("clusters"),
        "user" => Wanted::Entries("users"),
        "kubeconfig" | "certificate_authority" | "client_certificate" | "client_key" | "cacert" | "dir" => {
            Wanted::Files
        }
        _ => Wanted::Words(Vec::new()),
    }
}

/// What the cluster answers, unless it takes too long.
fn asked<T>(question: impl Future<Output = Option<Vec<T>>>) -> Vec<T> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, question).await });
    answer.ok().flatten().unwrap_or_default()
}

async fn namespaces(ctx: &Ctx) -> Option<Vec<String>> {
    let cluster = ctx.cluster().await.ok()?;
    boutique_cluster::observe::namespaces(&cluster).await.ok()
}

/// Ids of faults that stand, with what they are.
async fn faults(ctx: &Ctx) -> Option<Vec<(String, String)>> {
    let cluster = ctx.cluster().await.ok()?;
    let found = list(&cluster, cluster.default_namespace(), ctx.now()).await.ok()?;
    let standing = found.into_iter().filter_map(|found| match found {
        Found::Active(fault) | Found::Expired(fault) => {
            let about = what(&fault);
            Some((fault.id, about))
        }
        _ => None,
    });
    Some(standing.collect())
}

/// Names of one list of the kubeconfig files, read without connecting.
fn entries(ctx: &Ctx, kind: &str) -> Vec<String> {
    let Ok(spec) = ctx.global.connect_spec(env) else { return Vec::new() };
    let mut names = Vec::new();
    for path in spec.config_paths {
        let file = std::fs::read_to_string(path).ok();
        let Some(file) = file.and_then(|text| serde_yaml_ng::from_str::<serde_json::Value>(&text).ok()) else {
            continue;
        };
        let list = file.get(kind).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        names.extend(list.iter().filter_map(|entry| entry.get("name")?.as_str().map(str::to_owned)));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn offered(line: &str) -> Vec<String> {
        match wanted(&words(line)) {
            Wanted::Words(words) => words.into_iter().map(|(word, _)| word).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn the_name_decides() {
        assert!(is_completer(Some(&"/usr/bin/kubectl_complete-boutique".into())));
        assert!(!is_completer(Some(&"/usr/bin/kubectl-boutique".into())));
        assert!(!is_completer(None));
    }

    #[test]
    fn first_come_the_verbs() {
        assert_eq!(offered(""), ["status", "buy", "break", "faults", "heal", "gameday", "completion", "version"]);
        assert_eq!(
            offered("-n shop "),
            ["status", "buy", "break", "faults", "heal", "gameday", "completion", "version"]
        );
    }

    #[test]
    fn a_service_follows_break_even_behind_flags() {
        assert!(offered("break ").contains(&"cartservice".to_owned()));
        assert!(offered("break -n shop --yes c").contains(&"cartservice".to_owned()));
        assert!(offered("break cartservice ").is_empty());
    }

    #[test]
    fn flags_are_those_of_the_verb_and_kubectls() {
        let offered = offered("status --");
        for flag in ["--watch", "--all-namespaces", "--context", "--namespace", "--as-group"] {
            assert!(offered.contains(&flag.to_owned()), "{flag}");
        }
        assert!(!offered.contains(&"--cache-dir".to_owned()));
    }

    #[test]
    fn kinds_of_fault_come_from_the_code_and_faults_from_the_cluster() {
        let kinds = offered("break cartservice --fault ");
        assert!(kinds.contains(&"kill-pods".to_owned()), "{kinds:?}");
        assert!(offered("break frontend --fault=bad-address --peer ").contains(&"cartservice".to_owned()));
        assert_eq!(offered("heal "), ["Faults"]);
    }

    #[test]
    fn values_follow_their_flags() {
        assert_eq!(offered("status -o "), ["table", "wide", "json", "yaml", "name"]);
        assert_eq!(offered("status --output=j"), ["table", "wide", "json", "yaml", "name"]);
        assert_eq!(offered("status -n "), ["Namespaces"]);
        assert_eq!(offered("status --context "), ["Entries(\"contexts\")"]);
        assert_eq!(offered("status --kubeconfig "), ["Files"]);
    }
}
