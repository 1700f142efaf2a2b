//! The tool that checks and tests Prometheus' rules.

use std::path::PathBuf;

use anyhow::Result;

use crate::build::build;
use crate::cache::Cache;
use crate::part::Part;
use crate::progress::Progress;

/// `promtool` of the Prometheus that labs run, built from Go modules into the cache when it is missing (minutes).
///
/// # Errors
/// When it cannot be built.
pub fn promtool(progress: &Progress) -> Result<PathBuf> {
    Ok(build(&Cache::of_user()?, &Part::PROMETHEUS, progress)?.join("promtool"))
}
