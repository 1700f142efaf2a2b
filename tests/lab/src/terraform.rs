//! The real Terraform, or OpenTofu in its place.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::build::build;
use crate::cache::Cache;
use crate::part::Part;
use crate::progress::Progress;

/// The program that plans and applies: the one that `BOUTIQUE_TERRAFORM` names, else `terraform` or `tofu` on `PATH`, else
/// OpenTofu built from Go modules into the cache.
///
/// # Errors
/// When `BOUTIQUE_TERRAFORM` names no file, or OpenTofu cannot be built.
pub fn terraform(progress: &Progress) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("BOUTIQUE_TERRAFORM").map(PathBuf::from) {
        if !named.is_file() {
            bail!("BOUTIQUE_TERRAFORM names {}, which is no file", named.display());
        }
        return Ok(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = ["terraform", "tofu"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|program| program.is_file());
    match on_path {
        Some(program) => Ok(program),
        None => Ok(build(&Cache::of_user()?, &Part::TOFU, progress)?.join("tofu")),
    }
}
