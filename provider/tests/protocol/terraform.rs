//! The real `terraform` (or `tofu`) beside the provider as built, in a folder of its own, without any cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

const REQUIRED: &str = r#"terraform {
  required_providers {
    boutique = {
      source = "boutique-dev/boutique"
    }
  }
}
"#;

/// Default hosts of Terraform and of OpenTofu.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// What all modules of this run share: a mirror with the provider, and what `init` made of it.
struct Setup {
    terraform: PathBuf,
    folder: TempDir,
}

/// The program that `BOUTIQUE_TERRAFORM` names, else `terraform` or `tofu` on `PATH`.
fn terraform() -> PathBuf {
    if let Some(named) = std::env::var_os("BOUTIQUE_TERRAFORM") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["terraform", "tofu"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .expect("neither terraform nor tofu is on PATH: install one, or name it in BOUTIQUE_TERRAFORM")
}

fn setup() -> &'static Setup {
    static SETUP: OnceLock<Setup> = OnceLock::new();
    SETUP.get_or_init(|| {
        let folder = TempDir::with_prefix("boutique-protocol-").expect("a temporary folder");
        let setup = Setup { terraform: terraform(), folder };
        let root = setup.folder.path();
        let platform = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        for host in HOSTS {
            let version = env!("CARGO_PKG_VERSION");
            let place = root.join(format!("mirror/{host}/boutique-dev/boutique/{version}/{platform}_{processor}"));
            fs::create_dir_all(&place).expect("the mirror can be made");
            let built = env!("CARGO_BIN_EXE_terraform-provider-boutique");
            let name = format!("terraform-provider-boutique_v{version}");
            fs::hard_link(built, place.join(&name))
                .or_else(|_| fs::copy(built, place.join(&name)).map(|_| ()))
                .expect("the provider can be put into the mirror");
        }
        let mirror = root.join("mirror");
        let config = format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n");
        fs::write(root.join("terraform.rc"), config).expect("the CLI configuration can be written");
        fs::write(root.join("main.tf"), REQUIRED).expect("main.tf can be written");
        let said = setup.run(root, &["init", "-no-color", "-input=false"]);
        assert_eq!(said.code, 0, "terraform init failed:\n{}", said.text);
        setup
    })
}

impl Setup {
    fn run(&self, folder: &Path, args: &[&str]) -> Said {
        let output = Command::new(&self.terraform)
            .current_dir(folder)
            .args(args)
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("terraform.rc"))
            .env("TF_DATA_DIR", self.folder.path().join(".terraform"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(["KUBE_CONFIG_PATH", "KUBE_HOST", "KUBECONFIG"].map(|name| (name, "")))
            .stdin(Stdio::null())
            .output()
            .expect("terraform starts");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let text = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Said { code: output.status.code().unwrap_or(-1), stdout, text }
    }
}

/// What one command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) text: String,
}

impl Said {
    /// All that was said with line breaks folded into single spaces, so that wrapped sentences match.
    pub(crate) fn unwrapped(&self) -> String {
        let plain: String = self.text.chars().map(|letter| if "│╷╵".contains(letter) { ' ' } else { letter }).collect();
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Said {
    /// The changes of a plan, without what Terraform and OpenTofu say differently, and without digests: they change
    /// whenever a rendered byte does.
    pub(crate) fn changes(&self) -> String {
        let (_, changes) = self.stdout.split_once("following actions:").expect("there are changes");
        let plan = changes.split("Plan:").next().unwrap_or_default();
        let mut parts = plan.split("sha256:");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| format!("{text}sha256:…{}", part.get(64..).unwrap_or_default()))
    }
}

/// A root module.
pub(crate) struct Module {
    folder: TempDir,
}

impl Module {
    /// A module of a provider block and resources.
    pub(crate) fn new(body: &str) -> Self {
        let module = Self { folder: TempDir::with_prefix("boutique-module-").expect("a temporary folder") };
        let lock = ".terraform.lock.hcl";
        fs::copy(setup().folder.path().join(lock), module.folder.path().join(lock))
            .expect("the lock file can be copied");
        module.rewrite(body);
        module
    }

    pub(crate) fn rewrite(&self, body: &str) {
        fs::write(self.folder.path().join("main.tf"), format!("{REQUIRED}{body}")).expect("main.tf can be written");
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        setup().run(self.folder.path(), args)
    }

    pub(crate) fn validate(&self) -> Said {
        self.run(&["validate", "-no-color"])
    }

    /// `terraform plan`: 0 is an empty plan, 2 one with changes, 1 an error.
    pub(crate) fn plan(&self, options: &[&str]) -> Said {
        let mut args = vec!["plan", "-no-color", "-input=false", "-detailed-exitcode", "-out=saved.plan"];
        args.extend_from_slice(options);
        self.run(&args)
    }

    pub(crate) fn apply(&self) -> Said {
        self.run(&["apply", "-no-color", "-input=false", "-auto-approve"])
    }

    /// The saved plan as JSON.
    pub(crate) fn planned(&self) -> Value {
        let said = self.run(&["show", "-json", "saved.plan"]);
        serde_json::from_str(&said.stdout).expect("terraform shows a plan as JSON")
    }

    /// Pretends that the saved plan, which creates one resource, has been applied.
    pub(crate) fn pretend_applied(&self) {
        self.pretend_applied_with(|_| ());
    }

    /// The same; `tell` fills in what only apply would have told.
    pub(crate) fn pretend_applied_with(&self, tell: impl FnOnce(&mut Value)) {
        let planned = self.planned();
        let resource = &planned["planned_values"]["root_module"]["resources"][0];
        let mut attributes = resource["values"].clone();
        attributes["pending"] = json!([]);
        attributes["revision"] = json!(1);
        tell(&mut attributes);
        // Terraform compares what is sensitive, too: without this, a plan without refresh would not be empty.
        let step = |name: &str| json!({"type": "get_attr", "value": name});
        let sensitive = match attributes.get("controller") {
            Some(_) => json!([[step("controller"), step("values_wo")]]),
            None => json!([]),
        };
        let provider = resource["provider_name"].as_str().expect("names its provider");
        let state = json!({
            "version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "of-a-test", "outputs": {},
            "resources": [{
                "mode": "managed", "type": resource["type"], "name": resource["name"],
                "provider": format!("provider[\"{provider}\"]"),
                "instances": [{
                    "schema_version": 0,
                    "attributes": attributes,
                    "sensitive_attributes": sensitive,
                }],
            }],
        });
        fs::write(self.folder.path().join("terraform.tfstate"), state.to_string()).expect("the state can be written");
    }
}
