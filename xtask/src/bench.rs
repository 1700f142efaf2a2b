//! `cargo xtask bench`: figures of the provider beside its peers, all in one run on one lab with simulated nodes.
//!
//! Times on one machine say little about another; the ratios within one run are what counts.

mod distance;
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
/// How far the API server is away in the second comparison with kubectl: as from one's desk or a hosted pipeline to a
/// managed cluster of the same continent.
const AWAY: Duration = Duration::from_millis(20);
const PLANS: usize = 7;
const APPLIES: usize = 5;
const HANDSHAKES: usize = 20;
/// The example of boutique-cluster that writes a shop's objects and does nothing else.
const BARE: &str = "bare_writes";
const APPLY: [&str; 3] = ["apply", "-auto-approve", "-no-color"];

/// How the provider's requests are told from those of others: the begin of its user agent.
const PROVIDER: &str = "terraform-provider-boutique";

/// One measured figure and the bound that the project promises for it.
struct Figure {
    what: String,
    value: String,
    bound: &'static str,
    holds: bool,
}

/// What the provider of the documentation takes.
struct Tiny {
    plan: Duration,
    apply: Duration,
}

/// What first applies take.
struct Applies {
    kubectl: Duration,
    /// The writes alone, by a client that does nothing else.
    bare: Duration,
    terraform: Duration,
    memory: u64,
    requests: usize,
    /// The module whose shop stays, to be planned.
    stays: PathBuf,
}

/// Measures everything and prints one table. A broken bound is an error, after the table.
pub(crate) fn bench() -> Result<()> {
    let progress = Progress::stderr();
    let terraform = boutique_lab::terraform(&progress)?;
    let package = console::step("build the provider and the plugin", || package::package(Profile::Release))?;
    let lab = Lab::named(LAB)?;
    let running = lab.up(Mode::Sim { nodes: 3 }, &Options { audit: true, ..Options::default() }, &progress)?;
    let bench = Bench { terraform, package, running, folder: Cache::of_user()?.root().join("bench") };
    let figures = bench.figures();
    lab.down(&progress)?;
    fs::remove_dir_all(&bench.folder).ok();
    let figures = figures?;
    console::say(table(&figures));
    let broken: Vec<_> = figures.iter().filter(|figure| !figure.holds).map(|figure| figure.what.as_str()).collect();
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
        let host = rcgen::generate_simple_self_signed(["localhost".to_owned()]).context("a certificate")?.cert.pem();
        let (handshake, with_tls) = console::step("handshake", || {
            Ok((
                process::handshake(&provider, None, HANDSHAKES)?,
                process::handshake(&provider, Some(&host), HANDSHAKES)?,
            ))
        })?;
        let example = |package, name| {
            let args = ["build", "--quiet", "--release", "--locked", "--package", package, "--example", name];
            workspace::run(&mut workspace::cargo(&args))
        };
        console::step("build the clients to compare with", || {
            example("tfplugin-rs", "tiny")?;
            example("boutique-cluster", BARE)
        })?;
        let nothing = console::step("terraform plan of nothing", || self.nothing())?;
        let tiny = console::step("plan and apply of the documentation's provider", || self.tiny())?;
        let near = &self.running.kubeconfig;
        let applies =
            console::step("kubectl apply and terraform apply in turn", || self.applies(&provider, "near", near))?;
        let (plan, requests) = console::step("terraform plan without changes", || self.plan(&applies.stays))?;
        let far = distance::kubeconfig(near, &self.running.api_server, AWAY, &self.folder)?;
        let away = console::step("the same from afar", || self.applies(&provider, "far", &far))?;
        let ratio = "terraform apply : kubectl apply";

        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
        let soon = Duration::from_millis(15);
        Ok(vec![
            figure("provider, stripped", mib(size), "≤ 20 MB", size <= 20_000_000),
            figure("exec to handshake without TLS, median", millis(handshake), "≤ 15 ms", handshake <= soon),
            figure("exec to handshake with TLS, as terraform does it", millis(with_tls), "≤ 15 ms", with_tls <= soon),
            figure("provider's peak memory in an apply", mib(applies.memory), "≤ 30 MiB", applies.memory <= 30 << 20),
            told("plan without any provider", millis(nothing)),
            told("plan of the documentation's provider", millis(tiny.plan)),
            told("no-change plan", millis(plan)),
            at_most("no-change plan : documentation's plan", plan, tiny.plan, 1.5, "≤ 1.5"),
            told("apply of the documentation's provider", millis(tiny.apply)),
            told("terraform apply, not waiting", millis(applies.terraform)),
            told("kubectl apply --server-side, same objects", millis(applies.kubectl)),
            at_most(ratio, applies.terraform, applies.kubectl, 0.5, "≤ 0.5"),
            told("the same objects, written by a bare client that is connected", millis(applies.bare)),
            told(
                "least for any provider : kubectl apply (documentation's apply and bare writes)",
                ratio_of(tiny.apply + applies.bare, applies.kubectl),
            ),
            told(&from_afar("terraform apply, not waiting"), millis(away.terraform)),
            told(&from_afar("kubectl apply --server-side"), millis(away.kubectl)),
            at_most(&from_afar(ratio), away.terraform, away.kubectl, 0.5, "≤ 0.5"),
            told("API requests of a first apply", applies.requests.to_string()),
            figure("API requests of a no-change plan", requests.to_string(), "≤ 12", requests <= 12),
        ])
    }

    /// A plan of an empty configuration: what terraform takes when it starts no provider.
    fn nothing(&self) -> Result<Duration> {
        let folder = self.module("nothing", "")?;
        let config = &self.package.cli_config;
        median(PLANS, || workspace::output(&mut self.terraform(&folder, config, &["plan", "-no-color"])).map(drop))
    }

    /// A plan without changes and a first apply of the provider in tfplugin-rs' documentation, installed as ours is: what
    /// terraform itself takes around any provider.
    fn tiny(&self) -> Result<Tiny> {
        let folder = self.module("tiny", TINY)?;
        let mirror = folder.join("mirror");
        for host in package::HOSTS {
            let place = mirror.join(host).join("example/tiny/0.1.0").join(package::platform());
            fs::create_dir_all(&place).with_context(|| format!("cannot create {}", place.display()))?;
            let built = workspace::target_dir().join("release/examples/tiny");
            fs::copy(built, place.join("terraform-provider-tiny_v0.1.0")).context("the tiny provider")?;
        }
        let config = folder.join("terraform.rc");
        fs::write(&config, package::cli_configuration(&mirror, "example/tiny")).context("a CLI configuration")?;
        let run = |args: &[&str]| workspace::output(&mut self.terraform(&folder, &config, args)).map(drop);
        run(&["init", "-no-color"])?;
        let apply = median(APPLIES, || {
            fs::remove_file(folder.join("terraform.tfstate")).ok();
            run(&APPLY)
        })?;
        Ok(Tiny { apply, plan: median(PLANS, || run(&["plan", "-no-color"]))? })
    }

    /// Applies the same objects to the server of a kubeconfig by kubectl and by terraform in turn, each into a namespace of its
    /// own that is there. The
    /// first round is for the caches (kubectl's discovery, the pages of the binaries) and for what would disturb the others:
    /// looking at the provider's memory, counting requests.
    fn applies(&self, provider: &Path, from: &str, kubeconfig: &Path) -> Result<Applies> {
        let config = &self.package.cli_config;
        let (mut kubectl, mut bare, mut terraform) = (Vec::new(), Vec::new(), Vec::new());
        let (mut memory, mut requests, mut stays) = (0, 0, PathBuf::new());
        for round in 0..=APPLIES {
            let namespace = format!("kubectl-{from}-{round}");
            let file = self.manifests(&namespace)?;
            self.kubectl(&["create", "namespace", &namespace])?;
            let begun = Instant::now();
            self.kubectl_of(kubeconfig, &["apply", "--server-side", "-f", &file.to_string_lossy()])?;
            let by_kubectl = begun.elapsed();
            self.settle(&namespace)?;
            self.clear(&namespace)?;

            let namespace = format!("bare-{from}-{round}");
            self.kubectl(&["create", "namespace", &namespace])?;
            let writes = workspace::target_dir().join("release/examples").join(BARE);
            let by_bare = workspace::output(Command::new(writes).arg(kubeconfig).arg(&namespace))?;
            let by_bare = Duration::from_millis(by_bare.trim().parse().context("milliseconds of the bare writes")?);
            self.settle(&namespace)?;
            self.clear(&namespace)?;

            let namespace = format!("terraform-{from}-{round}");
            self.kubectl(&["create", "namespace", &namespace])?;
            let folder = self.module(&namespace, &stack(kubeconfig, &namespace))?;
            workspace::output(&mut self.terraform(&folder, config, &["init", "-no-color"]))?;
            let mut apply = self.terraform(&folder, config, &APPLY);
            if round == 0 {
                memory = process::peak_memory(&mut apply, provider)?;
                requests = self.audited(PROVIDER)?;
            } else {
                let begun = Instant::now();
                workspace::output(&mut apply)?;
                kubectl.push(by_kubectl);
                bare.push(by_bare);
                terraform.push(begun.elapsed());
            }
            self.settle(&namespace)?;
            if round == APPLIES {
                stays = folder;
            } else {
                self.clear(&namespace)?;
            }
        }
        let (kubectl, bare, terraform) = (middle(kubectl), middle(bare), middle(terraform));
        Ok(Applies { kubectl, bare, terraform, memory, requests, stays })
    }

    /// Waits until the cluster has done its own work for an apply, so that the next one is not measured with it.
    fn settle(&self, namespace: &str) -> Result<()> {
        self.kubectl(&["wait", "deployment", "--all", "--for=condition=Available", "--timeout=120s", "-n", namespace])
            .map(drop)
    }

    /// The nodes of the lab do not hold the pods of all rounds.
    fn clear(&self, namespace: &str) -> Result<()> {
        self.kubectl(&["delete", "namespace", namespace, "--timeout=120s"]).map(drop)
    }

    fn manifests(&self, namespace: &str) -> Result<PathBuf> {
        let spec = StackSpec::new(namespace, "shop");
        let manifests = render::stack(&spec).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let items: Vec<_> = manifests.iter().map(|manifest| manifest.value().clone()).collect();
        let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items });
        let file = self.folder.join("shop.json");
        fs::write(&file, list.to_string()).context("manifests")?;
        Ok(file)
    }

    /// Time of a plan without changes, and how many requests it sends.
    fn plan(&self, folder: &Path) -> Result<(Duration, usize)> {
        let config = &self.package.cli_config;
        let before = self.audited(PROVIDER)?;
        let plan = ["plan", "-no-color", "-detailed-exitcode"];
        let time = median(PLANS, || workspace::output(&mut self.terraform(folder, config, &plan)).map(drop))?;
        Ok((time, (self.audited(PROVIDER)? - before).div_ceil(PLANS)))
    }

    /// Requests that a user agent has sent so far.
    fn audited(&self, agent: &str) -> Result<usize> {
        let log = self.running.audit_log.as_ref().context("the lab writes an audit log")?;
        let text = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
        let agent = format!("\"userAgent\":\"{agent}");
        let lines = text.lines().filter(|line| line.contains("\"stage\":\"ResponseComplete\""));
        Ok(lines.filter(|line| line.contains(&agent)).count())
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

    fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.kubectl_of(&self.running.kubeconfig, args)
    }

    fn kubectl_of(&self, kubeconfig: &Path, args: &[&str]) -> Result<String> {
        workspace::output(Command::new(&self.running.kubectl).arg("--kubeconfig").arg(kubeconfig).args(args))
    }
}

fn figure(what: &str, value: String, bound: &'static str, holds: bool) -> Figure {
    Figure { what: what.to_owned(), value, bound, holds }
}

/// A figure without a bound.
fn told(what: &str, value: String) -> Figure {
    figure(what, value, "", true)
}

/// A ratio of two figures of this run.
fn at_most(what: &str, ours: Duration, theirs: Duration, most: f64, bound: &'static str) -> Figure {
    figure(what, ratio_of(ours, theirs), bound, ours.as_secs_f64() <= most * theirs.as_secs_f64())
}

fn ratio_of(ours: Duration, theirs: Duration) -> String {
    format!("{:.2}", ours.as_secs_f64() / theirs.as_secs_f64())
}

/// What a figure is called when the server is [`AWAY`].
fn from_afar(what: &str) -> String {
    format!("{what}, server {} away", millis(AWAY))
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

/// A module of a shop whose apply waits for nothing.
fn stack(kubeconfig: &Path, namespace: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    boutique = {{\n      source = \"boutique-dev/boutique\"\n    }}\n  }}\n}}\n\
         provider \"boutique\" {{\n  config_path = \"{}\"\n}}\nresource \"boutique_stack\" \"shop\" {{\n  name = \"shop\"\n  \
         namespace = \"{namespace}\"\n  wait = {{ until = \"none\" }}\n}}\n",
        kubeconfig.display()
    )
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
