//! Expected errors: what can go wrong, with what exit code it ends, and what to do next.

use boutique_cluster::outside::Unaskable;
use boutique_cluster::prober::BadRate;
use boutique_core::fault::{Refusal, UnreadableFault};
use thiserror::Error;

/// How a run ended. The numbers are part of the interface and documented in `kubectl boutique --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Ok,
    /// Something went wrong that has nothing to do with the shop's health.
    Error,
    /// The shop is not healthy, a purchase failed, or a prediction was refuted.
    Unhealthy,
    /// Time was up before anything could be said, or too little was seen.
    Inconclusive,
    /// A safety rule refused.
    Refused,
    /// A fault was injected and the shop has not recovered from it.
    NotHealed,
    /// The command line is wrong.
    Usage,
    /// Stopped by Ctrl-C, in good order.
    Interrupted,
}

impl Exit {
    /// The process' exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Unhealthy => 2,
            Self::Inconclusive => 3,
            Self::Refused => 4,
            Self::NotHealed => 5,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

/// What `--help` says about exit codes.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    well, bought, or as predicted
  1    error
  2    not healthy, not bought, or not as predicted
  3    time was up, or too little was seen to tell
  4    refused by a safety rule
  5    a fault was injected and the shop has not recovered
  64   wrong command line
  130  interrupted";

/// An expected error.
#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Connect(#[from] boutique_cluster::connect::ConnectError),

    #[error("{0}")]
    Api(#[from] boutique_cluster::request::ApiError),

    #[error("{0}")]
    Unaskable(#[from] Unaskable),

    #[error("no Online Boutique in namespace {namespace}{}", others(.elsewhere))]
    NoShop { namespace: String, elsewhere: Vec<String> },

    #[error("no Online Boutique in any namespace (looked for Deployments labelled app=frontend, app=cartservice, …)")]
    NoShopAnywhere,

    #[error("Deployment {service} does not exist in namespace {namespace}; nothing was changed")]
    NoSuchWorkload { service: String, namespace: String },

    #[error("refused: {reason}\n  {remedy}")]
    Refused { reason: String, remedy: String },

    #[error("no fault {id} in namespace {namespace}: see kubectl boutique faults -n {namespace}")]
    NoSuchFault { id: String, namespace: String },

    #[error("{0}")]
    Rate(#[from] BadRate),

    /// Whoever reads this has to do something.
    #[error("fault {id} is not undone: {reason}\n  undo it:  kubectl boutique heal {id} -n {namespace}{}", shell_lines(.by_hand))]
    NotUndone { id: String, namespace: String, reason: String, by_hand: Vec<String> },

    /// Ctrl-C, while nothing stood that had to be undone.
    #[error("stopped; nothing is left to undo")]
    Interrupted,

    #[error("{0}")]
    Record(#[from] UnreadableFault),

    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },

    #[error("cannot write {path}: {reason}")]
    Unwritable { path: String, reason: String },

    #[error("{path} is no gameday that can be run:{problems}")]
    Gameday { path: String, problems: String },

    #[error("cannot start: {0}")]
    Runtime(String),

    #[error("cannot write the result: {0}")]
    Encode(String),

    /// Whoever read our output has gone; `| head` is no error.
    #[error("nobody reads the output any more")]
    ReaderGone,
}

fn others(elsewhere: &[String]) -> String {
    match elsewhere {
        [] => " (looked for Deployments labelled app=frontend, app=cartservice, …)".to_owned(),
        [one] => format!("; there is one in {one}: add -n {one}"),
        many => format!("; there are some in {}: add -n {}", many.join(", "), many[0]),
    }
}

/// Lines for a shell, for those who do not have this program.
fn shell_lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  by hand:  {line}")).collect()
}

impl From<Refusal> for Error {
    fn from(Refusal { reason, remedy }: Refusal) -> Self {
        Self::Refused { reason, remedy }
    }
}

impl Error {
    /// How the run ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Refused { .. } => Exit::Refused,
            Self::NotUndone { .. } => Exit::NotHealed,
            Self::Interrupted => Exit::Interrupted,
            Self::Rate(_) | Self::Gameday { .. } => Exit::Usage,
            Self::ReaderGone => Exit::Ok,
            Self::Unaskable(Unaskable::OtherHost(_)) => Exit::Usage,
            Self::Encode(_)
            | Self::Unaskable(_)
            | Self::Runtime(_)
            | Self::Connect(_)
            | Self::Api(_)
            | Self::NoShop { .. }
            | Self::NoShopAnywhere
            | Self::NoSuchWorkload { .. }
            | Self::NoSuchFault { .. }
            | Self::Record(_)
            | Self::Unwritable { .. }
            | Self::File { .. } => Exit::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_exit_code() {
        let all = [
            Exit::Ok,
            Exit::Error,
            Exit::Unhealthy,
            Exit::Inconclusive,
            Exit::Refused,
            Exit::NotHealed,
            Exit::Usage,
            Exit::Interrupted,
        ];
        for exit in all {
            assert!(
                EXIT_CODES.lines().any(|line| line.trim_start().starts_with(&format!("{} ", exit.code()))),
                "{exit:?}"
            );
        }
    }

    #[test]
    fn a_shop_elsewhere_is_pointed_at() {
        let error = Error::NoShop { namespace: "default".into(), elsewhere: vec!["shop".into()] };
        assert_eq!(error.to_string(), "no Online Boutique in namespace default; there is one in shop: add -n shop");
    }
}
