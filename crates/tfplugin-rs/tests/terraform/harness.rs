use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

/// A directory with a configuration, in which Terraform runs with one of the example providers.
pub(crate) struct Workspace {
    directory: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// What Terraform said.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) text: String,
}

impl Workspace {
    /// A workspace with things: `resources` is HCL.
    pub(crate) fn corner(resources: &str) -> Self {
        let workspace = Self::of("corner");
        let things = workspace.path("things");
        fs::create_dir(&things).unwrap();
        workspace.configure(resources);
        workspace
    }

    /// A workspace for any provider.
    pub(crate) fn of(provider: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let binary = example(provider);
        symlink(binary, directory.path().join(format!("terraform-provider-{provider}"))).unwrap();
        let rc = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"example/{provider}\" = {:?}\n  }}\n  direct {{}}\n}}\n",
            directory.path()
        );
        fs::write(directory.path().join("terraform.rc"), rc).unwrap();
        Self { directory, environment: Vec::new() }
    }

    /// Writes the configuration anew, with the corner provider in it.
    pub(crate) fn configure(&self, resources: &str) {
        let provider = format!("provider \"corner\" {{\n  directory = {:?}\n}}\n", self.path("things"));
        self.write(&format!("{provider}\n{resources}\n"));
    }

    /// Writes the configuration anew: `text` is all of it but the `terraform` block.
    pub(crate) fn write(&self, text: &str) {
        let mut providers = String::new();
        for name in ["corner", "tiny"] {
            if self.path(&format!("terraform-provider-{name}")).exists() {
                writeln!(providers, "    {name} = {{ source = \"example/{name}\" }}").unwrap();
            }
        }
        let header = format!("terraform {{\n  required_providers {{\n{providers}  }}\n}}\n\n");
        fs::write(self.path("main.tf"), format!("{header}{text}")).unwrap();
    }

    pub(crate) fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The JSON that the corner provider keeps of a thing.
    pub(crate) fn thing(&self, name: &str) -> Json {
        serde_json::from_slice(&fs::read(self.path(&format!("things/{name}.json"))).unwrap()).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(terraform());
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("TF_CLI_CONFIG_FILE", self.path("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_CLI_ARGS", "-no-color")
            .env_remove("TF_LOG")
            .env_remove("TF_REATTACH_PROVIDERS")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    pub(crate) fn plan(&self) -> Run {
        self.run(&["plan", "-input=false", "-detailed-exitcode"])
    }

    pub(crate) fn apply(&self) -> Run {
        self.run(&["apply", "-input=false", "-auto-approve"])
    }

    pub(crate) fn destroy(&self) -> Run {
        self.run(&["destroy", "-input=false", "-auto-approve"])
    }

    /// Starts an apply in a process group of its own, as a shell would.
    pub(crate) fn start_apply(&self) -> Child {
        self.command(&["apply", "-input=false", "-auto-approve"])
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The one instance in the state.
    pub(crate) fn instance(&self) -> Json {
        self.state()["resources"][0]["instances"][0].clone()
    }

    pub(crate) fn attributes(&self) -> Json {
        self.instance()["attributes"].clone()
    }

    pub(crate) fn state(&self) -> Json {
        fs::read(self.path("terraform.tfstate")).map_or(Json::Null, |bytes| serde_json::from_slice(&bytes).unwrap())
    }

    /// Edits the stored state.
    pub(crate) fn edit_state(&self, edit: impl FnOnce(&mut Json)) {
        let mut state = self.state();
        edit(&mut state);
        fs::write(self.path("terraform.tfstate"), state.to_string()).unwrap();
    }
}

impl Run {
    /// Fails the test unless Terraform succeeded without changes to make.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.text);
        self
    }

    /// Fails the test unless the plan has changes.
    #[track_caller]
    pub(crate) fn changes(self) -> Self {
        assert_eq!(self.code, 2, "{}", self.text);
        self
    }

    /// Fails the test unless Terraform failed.
    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        assert_eq!(self.code, 1, "{}", self.text);
        self
    }

    /// Fails the test unless the text is said, line breaks of Terraform's boxes aside.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(flat(&self.text).contains(&flat(text)), "{text:?} is not in:\n{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Self {
        assert!(!flat(&self.text).contains(&flat(text)), "{text:?} is in:\n{}", self.text);
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code().unwrap_or(-1), text }
    }
}

fn flat(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || "│╷╵".contains(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The binary of an example, which cargo builds with the tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo build -p tfplugin-rs --examples`", path.display());
    path
}

fn terraform() -> PathBuf {
    if let Some(path) = std::env::var_os("BOUTIQUE_TERRAFORM") {
        return path.into();
    }
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&directories).map(|directory| directory.join("terraform")).find(|path| path.exists());
    found.expect("these tests run terraform: put it into PATH or its path into BOUTIQUE_TERRAFORM")
}
