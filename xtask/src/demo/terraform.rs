//! Terraform on the demo's own folder: `examples/complete` with the demo's settings beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Target;
use crate::package::Package;
use crate::workspace;

const SETTINGS: &str = "terraform.tfvars.json";

pub(super) struct Terraform<'a> {
    pub(super) program: PathBuf,
    pub(super) folder: &'a Path,
    pub(super) package: &'a Package,
    /// The helm that installs the controller, where it is not the provider's own choice.
    pub(super) helm: Option<PathBuf>,
}

/// Where the shop is, as the configuration's outputs say it; nothing without a way in.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    pub(super) url: Option<String>,
    pub(super) address: Option<String>,
    pub(super) hosts_entry: Option<String>,
    /// URL of Prometheus within the cluster.
    pub(super) prometheus: Option<String>,
}

/// Lays the configuration out: the example, and the settings, so that plain terraform also works in the folder.
pub(super) fn lay_out(folder: &Path, target: &Target, controller: &Value, monitoring: &Value) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::copy(workspace::root().join("examples/complete/main.tf"), folder.join("main.tf"))
        .context("examples/complete")?;
    let settings = json!({
        "kubeconfig": target.kubeconfig,
        "context": target.context,
        "controller": controller,
        "monitoring": monitoring,
    });
    let file = folder.join(SETTINGS);
    fs::write(&file, format!("{settings:#}\n")).with_context(|| format!("cannot write {}", file.display()))
}

/// What an earlier demo in this folder chose for a variable. It stays: to choose again would see what that demo installed as
/// something that was there before.
pub(super) fn earlier(folder: &Path, variable: &str) -> Option<Value> {
    let settings: Value = serde_json::from_str(&fs::read_to_string(folder.join(SETTINGS)).ok()?).ok()?;
    settings.get(variable).filter(|chosen| !chosen.is_null()).cloned()
}

impl Terraform<'_> {
    /// Plain `init` from the mirror. The lock file is made anew: each build of the provider has another hash.
    pub(super) fn init(&self) -> Result<String> {
        fs::remove_file(self.folder.join(".terraform.lock.hcl")).ok();
        self.run(&["init", "-input=false", "-no-color"])
    }

    pub(super) fn apply(&self) -> Result<String> {
        self.run(&["apply", "-auto-approve", "-input=false", "-no-color"])
    }

    pub(super) fn destroy(&self) -> Result<String> {
        self.run(&["destroy", "-auto-approve", "-input=false", "-no-color"])
    }

    pub(super) fn outputs(&self) -> Result<Outputs> {
        // An output that is null is left out of the state, and so of the answer.
        let said: Value = serde_json::from_str(&self.run(&["output", "-json"])?).context("terraform output")?;
        let output = |name: &str| said.get(name).and_then(|output| output.get("value")?.as_str()).map(str::to_owned);
        Ok(Outputs {
            url: output("url"),
            address: output("address"),
            hosts_entry: output("hosts_entry"),
            prometheus: output("prometheus"),
        })
    }

    fn run(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.folder)
            .args(args)
            .env("TF_CLI_CONFIG_FILE", &self.package.cli_config)
            .env("CHECKPOINT_DISABLE", "1");
        if let Some(helm) = &self.helm {
            command.env("BOUTIQUE_HELM", helm);
        }
        workspace::output(&mut command)
    }
}
