//! A real Helm.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::build::build;
use crate::cache::Cache;
use crate::part::Part;
use crate::progress::Progress;

/// The Helm of tests: the one that `BOUTIQUE_HELM` names, else Helm 4 built from Go modules into the cache. Not the one on
/// `PATH`: tests of two machines would then test two programs.
///
/// # Errors
/// When `BOUTIQUE_HELM` names no file, or Helm cannot be built.
pub fn helm(progress: &Progress) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("BOUTIQUE_HELM").map(PathBuf::from) {
        if !named.is_file() {
            bail!("BOUTIQUE_HELM names {}, which is no file", named.display());
        }
        return Ok(named);
    }
    Ok(build(&Cache::of_user()?, &Part::HELM, progress)?.join("helm"))
}

/// Helm 3, built into the cache.
///
/// # Errors
/// When it cannot be built.
pub fn helm3(progress: &Progress) -> Result<PathBuf> {
    Ok(build(&Cache::of_user()?, &Part::HELM3, progress)?.join("helm"))
}
