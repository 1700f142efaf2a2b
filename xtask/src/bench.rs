//! `cargo xtask bench`: figures of the provider beside its peers, all in one run on one lab with simulated nodes.
//!
//! Times on one machine say little about another; the ratios within one run are what counts.

mod process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use boutique_core::render;
use boutique_core::spec::StackSpec;
use boutique_lab::{Cache, Lab, Mode, Options, Progress, Running};

use crate::package::{self, Package, Profile};
use crate::{console, workspace};

const LAB: &str = "bench";
const PLANS: usize = 7;
const APPLIES: usize = 3;
const HANDSHAKES: usize = 20;

/// One measured figure and the bound that the project promises for it.
struct Figure {
    what: &'static str,
    value: String,
    bound: &'static str,
    holds: bool,
}

/// Measures everything and prints one table. A broken bound is an error, after the table.
pub(crate) fn bench() -> Result<()> {
    let progress = Progress::stderr();
    let terraform = boutique_lab::terraform(&progress)?;
    let package = console::step("build the provider and the plugin", || package::package(Profile::Release))?;
    let lab = Lab::named(LAB)?;
    let running = lab.up(Mode::Sim { nodes: 3 }, &Options { audit: true }, &progress)?;
    let bench = Bench { terraform, package, running, folder: Cache::of_user()?.root().join("bench") };
    let figures = bench.figures();
    lab.down(&progress)?;
    fs::remove_dir_all(&bench.folder).ok();
    let figures = figures?;
    console::say(table(&figures));
    let broken: Vec<_> = figures.iter().filter(|figure| !figure.holds).map(|figure| figure.what).collect();
    ensure!(broken.is_empty(), "beyond the bound: {}", broken.join("; "));
    Ok(())
}

struct Bench {
    terraform: PathBuf,
    package: Package,
    running: Running,
    folder: PathBuf,
}

impl Bench {
    fn figures(&self) -> Result<Vec<Figure>> {
        let provider = package::provider_binary();
        let size = fs::metadata(&provider).context("the provider's binary")?.len();
        let handshake = console::step("handshake", || process::handshake(&provider, HANDSHAKES))?;

        let tiny = console::step("plan of the documentation's provider", || self.tiny())?;
        let kubectl = console::step("kubectl apply --server-side", || self.kubectl())?;
        let (apply, memory) = console::step("terraform apply", || self.apply(&provider))?;
        let (plan, requests) = console::step("terraform plan without changes", || self.plan())?;

        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
        let ratio = |left: Duration, right: Duration| left.as_secs_f64() / right.as_secs_f64();
        Ok(vec![
            figure("provider, stripped", mib(size), "≤ 20 MB", size <= 20_000_000),
            figure("exec to handshake, median", millis(handshake), "≤ 15 ms", handshake <= Duration::from_millis(15)),
            figure("provider's peak memory in an apply", mib(memory), "≤ 30 MiB", memory <= 30 << 20),
            figure("no-change plan", millis(plan), "", true),
            figure("plan of the documentation's provider", millis(tiny), "", true),
            figure(
                "no-change plan : documentation's plan",
                format!("{:.2}", ratio(plan, tiny)),
                "≤ 1.5",
                ratio(plan, tiny) <= 1.5,
            ),
            figure("terraform apply, not waiting", millis(apply), "", true),
            figure("kubectl apply --server-side, same objects", millis(kubectl), "", true),
            figure(
                "terraform apply : kubectl apply",
                format!("{:.2}", ratio(apply, kubectl)),
                "≤ 0.5",
                ratio(apply, kubectl) <= 0.5,
            ),
            figure("API requests of a no-change plan", requests.to_string(), "≤ 12", requests <= 12),
        ])
    }

    /// A plan without changes of the provider in tfplugin-rs' documentation: the floor of what terraform itself takes.
    fn tiny(&self) -> Result<Duration> {
        workspace::run(&mut workspace::cargo(&[
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--package",
            "tfplugin-rs",
            "--example",
            "tiny",
        ]))?;
        let folder = self.module("tiny", TINY)?;
        let binary = folder.join("terraform-provider-tiny");
        fs::copy(workspace::target_dir().join("release/examples/tiny"), &binary).context("the tiny provider")?;
        let config = folder.join("terraform.rc");
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"example/tiny\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
            folder.display()
        );
        fs::write(&config, overrides).context("a CLI configuration")?;
        workspace::output(&mut self.terraform(&folder, &config, &["apply", "-auto-approve", "-no-color"]))?;
        median(PLANS, || workspace::output(&mut self.terraform(&folder, &config, &["plan", "-no-color"])).map(drop))
    }

    fn kubectl(&self) -> Result<Duration> {
        let mut times = Vec::new();
        for round in 0..APPLIES {
            let namespace = format!("kubectl-{round}");
            self.kubectl_run(&["create", "namespace", &namespace])?;
            let spec = StackSpec::new(&namespace, "shop");
            let manifests = render::stack(&spec).map_err(|error| anyhow::anyhow!("{error:?}"))?;
            let items: Vec<_> = manifests.iter().map(|manifest| manifest.value().clone()).collect();
            let file = self.folder.join("shop.json");
            let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items });
            fs::write(&file, list.to_string()).context("manifests")?;
            let begun = Instant::now();
            self.kubectl_run(&["apply", "--server-side", "-f", &file.to_string_lossy()])?;
            times.push(begun.elapsed());
        }
        Ok(middle(times))
    }

    fn apply(&self, provider: &Path) -> Result<(Duration, u64)> {
        let mut times = Vec::new();
        let mut memory = 0;
        for round in 0..APPLIES {
            let namespace = format!("terraform-{round}");
            self.kubectl_run(&["create", "namespace", &namespace])?;
            let folder = self.module(&namespace, &self.stack(&namespace))?;
            let config = &self.package.cli_config;
            workspace::output(&mut self.terraform(&folder, config, &["init", "-no-color"]))?;
            let begun = Instant::now();
            let mut apply = self.terraform(&folder, config, &["apply", "-auto-approve", "-no-color"]);
            memory = memory.max(process::peak_memory(&mut apply, provider)?);
            times.push(begun.elapsed());
        }
        Ok((middle(times), memory))
    }

    /// Time of a plan without changes, and how many requests it sends.
    fn plan(&self) -> Result<(Duration, usize)> {
        let folder = self.folder.join("terraform-0");
        let config = &self.package.cli_config;
        let before = self.audited()?;
        let plan = ["plan", "-no-color", "-detailed-exitcode"];
        let time = median(PLANS, || workspace::output(&mut self.terraform(&folder, config, &plan)).map(drop))?;
        Ok((time, (self.audited()? - before).div_ceil(PLANS)))
    }

    fn audited(&self) -> Result<usize> {
        let log = self.running.audit_log.as_ref().context("the lab writes an audit log")?;
        let text = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
        Ok(text.lines().filter(|line| line.contains("\"stage\":\"ResponseComplete\"")).count())
    }

    fn stack(&self, namespace: &str) -> String {
        format!(
            "terraform {{\n  required_providers {{\n    boutique = {{\n      source = \"boutique-dev/boutique\"\n    }}\n  }}\n}}\n\
             provider \"boutique\" {{\n  config_path = \"{}\"\n}}\nresource \"boutique_stack\" \"shop\" {{\n  name = \"shop\"\n  \
             namespace = \"{namespace}\"\n  wait = {{ until = \"none\" }}\n}}\n",
            self.running.kubeconfig.display()
        )
    }

    fn module(&self, name: &str, text: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(folder.join("main.tf"), text).context("main.tf")?;
        Ok(folder)
    }

    fn terraform(&self, folder: &Path, config: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform);
        command.current_dir(folder).args(args).env("TF_CLI_CONFIG_FILE", config).env("CHECKPOINT_DISABLE", "1");
        command
    }

    fn kubectl_run(&self, args: &[&str]) -> Result<String> {
        workspace::output(
            Command::new(&self.running.kubectl).arg("--kubeconfig").arg(&self.running.kubeconfig).args(args),
        )
    }
}

fn figure(what: &'static str, value: String, bound: &'static str, holds: bool) -> Figure {
    Figure { what, value, bound, holds }
}

fn table(figures: &[Figure]) -> String {
    let rows = figures.iter().map(|figure| {
        let verdict = if figure.bound.is_empty() {
            ""
        } else if figure.holds {
            "holds"
        } else {
            "BROKEN"
        };
        format!("| {} | {} | {} | {verdict} |", figure.what, figure.value, figure.bound)
    });
    ["| figure | measured | bound | |".to_owned(), "|---|---|---|---|".to_owned()]
        .into_iter()
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

fn median(times: usize, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut measured = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        work()?;
        measured.push(begun.elapsed());
    }
    Ok(middle(measured))
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(duration: Duration) -> String {
    format!("{:.0} ms", duration.as_secs_f64() * 1000.0)
}

const TINY: &str = r#"terraform {
  required_providers {
    tiny = {
      source = "example/tiny"
    }
  }
}

resource "tiny_note" "one" {
  path = "note.txt"
  text = "hello"
}
"#;
