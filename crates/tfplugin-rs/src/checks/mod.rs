//! What Terraform asserts about configurations and about a provider's answers, asserted here first.
//!
//! Some of it Terraform leaves to the provider ([`config`]); the rest it asserts itself, in words that name neither the
//! provider's code nor a way out ([`plan`], [`apply`]).

mod apply;
mod config;
mod conformance;
mod plan;
mod show;

#[cfg(test)]
mod tests;

pub(crate) use apply::check_applied;
pub(crate) use config::check_config;
pub(crate) use conformance::conforms;
pub(crate) use plan::check_plan;

use crate::{Diagnostic, Diagnostics, Path};

/// One thing that Terraform would not accept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) path: Path,
    pub(crate) text: String,
}

/// The complaints as errors that say whose fault they are.
pub(crate) fn bugs(summary: &str, complaints: Vec<Complaint>) -> Diagnostics {
    complaints.into_iter().map(|Complaint { path, text }| Diagnostic::provider_bug(summary, text).at(path)).collect()
}
