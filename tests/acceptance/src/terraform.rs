//! Drives the real `terraform` (or `tofu`) binary in a folder of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::project;

/// A root module in a temporary folder, initialised from the project's filesystem mirror.
pub struct Module {
    folder: TempDir,
    /// Variables that every command gets, and with it the provider.
    environment: Vec<(&'static str, &'static str)>,
}

/// What one command said.
pub struct Said {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// Both streams, for messages.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Itself if the exit code is 0; else a panic with all that was said.
    pub fn expect_success(self, doing: &str) -> Self {
        assert_eq!(self.code, 0, "{doing} failed:\n{}", self.text());
        self
    }

    /// Itself if the exit code is not 0; else a panic with all that was said.
    pub fn expect_failure(self, doing: &str) -> Self {
        assert_ne!(self.code, 0, "{doing} succeeded, which it must not:\n{}", self.text());
        self
    }

    /// Asserts that each of these words was said, wherever its lines were broken.
    pub fn assert_says(&self, words: &[&str]) {
        let text = self.unwrapped();
        for word in words {
            assert!(text.contains(word), "the answer does not say {word:?}:\n{}", self.text());
        }
    }

    /// All that was said with line breaks and box drawing folded into single spaces, so that wrapped sentences match.
    pub fn unwrapped(&self) -> String {
        let plain: String = self.text().chars().map(|c| if "│╷╵".contains(c) { ' ' } else { c }).collect();
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Module {
    /// A module whose provider talks to the cluster of `kubeconfig`; `body` holds its resources.
    pub fn new(kubeconfig: &Path, body: &str) -> Self {
        Self::with_provider(&provider_block(kubeconfig), body)
    }

    /// A module with its own provider block.
    pub fn with_provider(provider: &str, body: &str) -> Self {
        Self::of_text(&format!("{REQUIRED}{provider}\n{body}"))
    }

    /// A module that is exactly this text.
    pub fn of_text(text: &str) -> Self {
        let folder = TempDir::with_prefix("boutique-module-").expect("a temporary folder");
        let module = Self { folder, environment: Vec::new() };
        module.write(text);
        module.run(&["init", "-no-color", "-input=false"]).expect_success("terraform init");
        module
    }

    /// Itself with a variable in the environment of every command, which terraform hands on to the provider.
    pub fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Replaces the resources and the provider block.
    pub fn rewrite(&self, kubeconfig: &Path, body: &str) {
        self.rewrite_provider(&provider_block(kubeconfig), body);
    }

    /// Replaces both the provider block and the resources.
    pub fn rewrite_provider(&self, provider: &str, body: &str) {
        self.write(&format!("{REQUIRED}{provider}\n{body}"));
    }

    fn write(&self, text: &str) {
        fs::write(self.folder.path().join("main.tf"), text).expect("main.tf can be written");
    }

    /// The folder of the module.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `terraform ARGS` to its end.
    pub fn run(&self, args: &[&str]) -> Said {
        self.command(args).output().expect("terraform starts").into()
    }

    /// Starts `terraform ARGS` in a process group of its own and leaves it running.
    pub fn start(&self, args: &[&str]) -> Child {
        use std::os::unix::process::CommandExt;
        self.command(args)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("terraform starts")
    }

    fn command(&self, args: &[&str]) -> Command {
        let project = project::built();
        let mut command = Command::new(&project.terraform);
        command
            .current_dir(self.folder.path())
            .args(args)
            .env("TF_CLI_CONFIG_FILE", &project.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.environment.iter().copied())
            .env_remove("KUBECONFIG")
            .env_remove("KUBE_CONFIG_PATH")
            .stdin(Stdio::null());
        command
    }

    /// `terraform apply`, to its end.
    pub fn apply(&self) -> Said {
        self.run(&["apply", "-auto-approve", "-no-color", "-input=false"])
    }

    /// `terraform destroy`, to its end.
    pub fn destroy(&self) -> Said {
        self.run(&["destroy", "-auto-approve", "-no-color", "-input=false"])
    }

    /// `terraform plan`: the plan as JSON, and what was said.
    pub fn plan(&self) -> Plan {
        let said = self.run(&["plan", "-no-color", "-input=false", "-detailed-exitcode", "-out=saved.plan"]);
        assert!(said.code == 0 || said.code == 2, "terraform plan failed:\n{}", said.text());
        let json = self.run(&["show", "-json", "saved.plan"]).expect_success("terraform show");
        let json = serde_json::from_str(&json.stdout).expect("terraform shows a plan as JSON");
        Plan { changes: said.code == 2, said, json }
    }

    /// Asserts that a plan changes nothing.
    pub fn expect_empty_plan(&self, when: &str) {
        let plan = self.plan();
        assert!(!plan.changes, "{when} the plan is not empty:\n{}", plan.said.text());
    }

    /// The attributes of a resource in state, or null.
    pub fn state(&self, address: &str) -> Value {
        self.in_state(address)["values"].take()
    }

    /// Whether terraform would replace a resource in state, because its creation failed.
    pub fn is_tainted(&self, address: &str) -> bool {
        self.in_state(address)["tainted"] == true
    }

    fn in_state(&self, address: &str) -> Value {
        let said = self.run(&["show", "-json"]).expect_success("terraform show");
        let json: Value = serde_json::from_str(&said.stdout).expect("terraform shows its state as JSON");
        let resources = json["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        resources.into_iter().find(|resource| resource["address"] == address).unwrap_or_default()
    }
}

/// A plan that terraform made.
pub struct Plan {
    /// Whether it holds changes (exit code 2 of `-detailed-exitcode`).
    pub changes: bool,
    /// What was said.
    pub said: Said,
    /// `terraform show -json` of the plan.
    pub json: Value,
}

impl Plan {
    /// The actions planned for a resource, such as `["update"]`.
    pub fn actions(&self, address: &str) -> Vec<String> {
        let changes = self.json["resource_changes"].as_array().cloned().unwrap_or_default();
        let change = changes.into_iter().find(|change| change["address"] == address).unwrap_or_default();
        let actions = change["change"]["actions"].as_array().cloned().unwrap_or_default();
        actions.iter().filter_map(|action| action.as_str().map(str::to_owned)).collect()
    }

    /// The sentences of attribute `pending` that this plan starts from.
    pub fn pending(&self, address: &str) -> Vec<String> {
        let changes = self.json["resource_changes"].as_array().cloned().unwrap_or_default();
        let change = changes.into_iter().find(|change| change["address"] == address).unwrap_or_default();
        let pending = change["change"]["before"]["pending"].as_array().cloned().unwrap_or_default();
        pending.iter().filter_map(|sentence| sentence.as_str().map(str::to_owned)).collect()
    }
}

fn provider_block(kubeconfig: &Path) -> String {
    format!("provider \"boutique\" {{\n  config_path = \"{}\"\n}}\n", kubeconfig.display())
}

/// The provider block for a test whose provider drives the lab's helm.
pub fn provider_with_helm(kubeconfig: &Path) -> String {
    let helm = project::helm();
    format!("provider \"boutique\" {{\n  config_path = {kubeconfig:?}\n  helm = {{ path = {helm:?} }}\n}}\n")
}

const REQUIRED: &str = r#"terraform {
  required_providers {
    boutique = {
      source = "boutique-dev/boutique"
    }
  }
}
"#;
