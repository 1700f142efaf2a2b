//! What ships, for the machine that builds it: the provider in a filesystem mirror, the plugin, a CLI configuration that
//! makes plain `terraform init` (or `tofu init`) find the provider in the mirror.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use boutique_core::contract::PROVIDER_ADDRESS;

use crate::workspace;

/// The default hosts of Terraform and of OpenTofu: one mirror serves both.
pub(crate) const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// Paths of a finished package.
pub(crate) struct Package {
    /// Folder with `kubectl-boutique` and `kubectl_complete-boutique`, to be put on `PATH`.
    pub(crate) bin: PathBuf,
    /// CLI configuration for `TF_CLI_CONFIG_FILE`.
    pub(crate) cli_config: PathBuf,
}

/// How the binaries are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As tests want them: quickly built again after a change.
    Dev,
    /// As they ship.
    Release,
}

impl Profile {
    fn built(self) -> PathBuf {
        workspace::target_dir().join(match self {
            Self::Dev => "debug",
            Self::Release => "release",
        })
    }

    /// Where the package is laid out.
    fn dist(self) -> PathBuf {
        match self {
            Self::Dev => workspace::target_dir().join("package"),
            Self::Release => workspace::root().join("dist"),
        }
    }
}

/// The provider's release binary, where cargo built it.
pub(crate) fn provider_binary() -> PathBuf {
    Profile::Release.built().join("terraform-provider-boutique")
}

/// Builds the binaries and lays them out.
pub(crate) fn package(profile: Profile) -> Result<Package> {
    workspace::run(&mut workspace::cargo(&[
        "build",
        "--quiet",
        "--profile",
        match profile {
            Profile::Dev => "dev",
            Profile::Release => "release",
        },
        "--locked",
        "--package",
        "terraform-provider-boutique",
        "--package",
        "kubectl-boutique",
    ]))?;
    let built = profile.built();
    let dist = profile.dist();
    let version = env!("CARGO_PKG_VERSION");

    let (_, name) = PROVIDER_ADDRESS.split_once('/').context("a source address has a host")?;
    let mirror = dist.join("mirror");
    for host in HOSTS {
        let folder = mirror.join(host).join(name).join(version).join(platform());
        install(
            &built.join("terraform-provider-boutique"),
            &folder.join(format!("terraform-provider-boutique_v{version}")),
        )?;
    }
    let bin = dist.join("bin");
    install(&built.join("kubectl-boutique"), &bin.join("kubectl-boutique"))?;
    install(&built.join("kubectl-boutique"), &bin.join("kubectl_complete-boutique"))?;

    let cli_config = dist.join("terraform.rc");
    fs::write(&cli_config, cli_configuration(&mirror, name))
        .with_context(|| format!("cannot write {}", cli_config.display()))?;
    Ok(Package { bin, cli_config })
}

/// A CLI configuration that takes one provider, named without its host, from a mirror and all others from their registries.
pub(crate) fn cli_configuration(mirror: &Path, name: &str) -> String {
    let include = HOSTS.map(|host| format!("\"{host}/{name}\"")).join(", ");
    format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path    = \"{}\"\n    include = [{include}]\n  }}\n  direct {{\n    exclude = [{include}]\n  }}\n}}\n",
        mirror.display()
    )
}

/// Copies a file by rename, so that a running program is never written into and two who package at the same time are not in
/// each other's way, and only when it changed, so that a dependency lock file stays valid.
fn install(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let folder = to.parent().context("a destination has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let partial = to.with_extension(format!("partial-{}", std::process::id()));
    fs::copy(from, &partial).with_context(|| format!("cannot write {}", partial.display()))?;
    fs::rename(&partial, to).with_context(|| format!("cannot write {}", to.display()))
}

/// Terraform's name of this machine's platform, such as `linux_amd64`.
pub(crate) fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    format!("{os}_{arch}")
}
