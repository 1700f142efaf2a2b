//! Everything that the shop's manifests name, without any registry.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Image, busybox, redis, shop};
use crate::cache::Cache;
use crate::progress::Progress;

/// Where upstream publishes the images of [`TAG`].
pub const REGISTRY: &str = "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo";
/// Upstream's newest release that this project knows.
pub const TAG: &str = "v0.10.6";
/// The busybox of upstream's load generator, by tag and by digest.
const BUSYBOX: [&str; 2] = [
    "docker.io/library/busybox:1.38.0",
    "docker.io/library/busybox@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d",
];
const REDIS: &str = "docker.io/library/redis:alpine";

/// The stand-in program under upstream's names, redis and busybox.
///
/// # Errors
/// When an image cannot be made; it names which.
pub fn stand_ins(boutique_lite: &Path, registry: &str, tag: &str, progress: &Progress) -> Result<Vec<Image>> {
    let cache = Cache::of_user()?;
    let mut images = shop(boutique_lite, registry, tag);
    images.push(redis(&cache, vec![REDIS.to_owned()], progress)?);
    images.push(busybox(&cache, BUSYBOX.map(str::to_owned).to_vec(), progress)?);
    Ok(images)
}

/// Builds the stand-in as one static program; answers its path.
///
/// # Errors
/// When cargo fails; it has said why.
pub fn build_lite(progress: &Progress) -> Result<PathBuf> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let flags = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.to_uppercase().replace('-', "_"));
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let step = progress.begin("build boutique-lite", None);
    let answer = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--package", "boutique-lite", "--target", &triple])
        .env(flags, "-C target-feature=+crt-static")
        .current_dir(&workspace)
        .output()
        .context("run cargo")?;
    if !answer.status.success() {
        bail!("boutique-lite does not build:\n{}", String::from_utf8_lossy(&answer.stderr));
    }
    step.done();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    Ok(std::path::absolute(target.join(triple).join("release/boutique-lite"))?)
}
