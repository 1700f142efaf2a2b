//! `cargo xtask demo`: the shop on a real cluster by plain `terraform apply`, a purchase, and what to try next.

mod cluster;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use boutique_lab::{Cache, Image, Lab, Mode, Options, Progress, Running, image};
use clap::Args;

use self::cluster::{Cluster, Images};
use crate::package::{self, Package, Profile};
use crate::{console, workspace};

/// Name of the demo's own lab.
const LAB: &str = "demo";

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Use this cluster instead of an own lab: kind, k3d, minikube, or the name of a kubeconfig context
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// Which images run: upstream's from their registry, or the project's small stand-ins
    #[arg(long, value_enum, default_value_t = Images::Auto)]
    images: Images,
    /// Remove everything that the demo made
    #[arg(long)]
    down: bool,
}

/// Where a demo runs.
struct Target {
    kubeconfig: PathBuf,
    context: Option<String>,
    kubectl: Option<PathBuf>,
}

/// Runs the demo, or removes it.
pub(crate) fn demo(args: &DemoArgs) -> Result<()> {
    let folder = Cache::of_user()?.root().join("demo");
    if args.down {
        return down(&folder, args);
    }
    let progress = Progress::stderr();
    let cluster = args.cluster.as_deref().map(Cluster::find).transpose()?;
    let stand_ins = cluster.as_ref().is_none_or(|cluster| cluster.wants_stand_ins(args.images));
    // At the same time as the lab's parts: each compiler leaves cores idle while it fetches and links.
    let programs = std::thread::spawn({
        let progress = progress.clone();
        move || Programs::build(stand_ins, &progress)
    });
    let terraform = boutique_lab::terraform(&progress)?;
    let place = match cluster {
        None => Place::Lab(own_lab(&progress)?),
        Some(cluster) => Place::Cluster(cluster),
    };
    let Programs { package, images } = programs.join().map_err(|_| anyhow!("the build of the programs panicked"))??;
    if stand_ins {
        console::step("load the shop's images", || place.load(&images))?;
    }
    let target = place.target();

    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::copy(workspace::root().join("examples/complete/main.tf"), folder.join("main.tf"))
        .context("examples/complete")?;
    let terraform = Terraform { program: terraform, folder: folder.clone(), package: &package, target: &target };
    console::step("terraform init", || terraform.init())?;
    console::step("terraform apply: 11 services and redis, until a synthetic customer has bought something", || {
        terraform.run(&["apply", "-auto-approve", "-input=false", "-no-color"])
    })?;
    let bought = console::step("kubectl boutique buy", || plugin(&package, &target, &["buy"]))?;
    console::say(bought.trim_end());
    console::say(next_steps(&package, &target, args));
    Ok(())
}

/// What the demo runs on.
enum Place {
    Lab(Running),
    Cluster(Cluster),
}

impl Place {
    fn load(&self, images: &[Image]) -> Result<()> {
        match self {
            Self::Lab(lab) => lab.load_images(images),
            Self::Cluster(cluster) => cluster.load(images),
        }
    }

    fn target(self) -> Target {
        match self {
            Self::Lab(lab) => Target { kubeconfig: lab.kubeconfig, context: None, kubectl: Some(lab.kubectl) },
            Self::Cluster(cluster) => {
                Target { kubeconfig: cluster.kubeconfig, context: Some(cluster.context), kubectl: None }
            }
        }
    }
}

/// What the demo runs, built.
struct Programs {
    package: Package,
    /// Stand-ins of the shop's images; empty when the cluster pulls upstream's.
    images: Vec<Image>,
}

impl Programs {
    fn build(stand_ins: bool, progress: &Progress) -> Result<Self> {
        let step = progress.begin("build the provider and the plugin", None);
        let package = package::package(Profile::Dev)?;
        step.done();
        let mut images = Vec::new();
        if stand_ins {
            let program = image::build_lite(progress)?;
            images = image::stand_ins(&program, image::REGISTRY, image::TAG, progress)?;
        }
        Ok(Self { package, images })
    }
}

fn own_lab(progress: &Progress) -> Result<Running> {
    let options = Options { unenforced_policies: true, ..Options::default() };
    Lab::named(LAB)?
        .up(Mode::Node, &options, progress)
        .with_context(|| format!("the demo's own cluster did not start; {}", cluster::offer()))
}

fn plugin(package: &Package, target: &Target, args: &[&str]) -> Result<String> {
    let mut command = Command::new(package.bin.join("kubectl-boutique"));
    command.args(args).args(["--namespace", "shop", "--kubeconfig"]).arg(&target.kubeconfig);
    if let Some(context) = &target.context {
        command.args(["--context", context]);
    }
    workspace::output(&mut command)
}

fn down(folder: &Path, args: &DemoArgs) -> Result<()> {
    if let Some(name) = &args.cluster {
        let cluster = Cluster::find(name)?;
        let progress = Progress::stderr();
        let package = console::step("build the provider and the plugin", || package::package(Profile::Dev))?;
        let target = Place::Cluster(cluster).target();
        let program = boutique_lab::terraform(&progress)?;
        let terraform = Terraform { program, folder: folder.to_owned(), package: &package, target: &target };
        console::step("terraform destroy", || {
            terraform.run(&["destroy", "-auto-approve", "-input=false", "-no-color"])
        })?;
    } else {
        // The lab takes everything in it along; nothing of the shop is left to destroy one by one.
        Lab::named(LAB)?.down(&Progress::stderr())?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    console::say("the demo is gone");
    Ok(())
}

struct Terraform<'a> {
    program: PathBuf,
    folder: PathBuf,
    package: &'a Package,
    target: &'a Target,
}

impl Terraform<'_> {
    /// Plain `init` from the mirror. The lock file is made anew: each build of the provider has another hash.
    fn init(&self) -> Result<String> {
        fs::remove_file(self.folder.join(".terraform.lock.hcl")).ok();
        self.run(&["init", "-input=false", "-no-color"])
    }

    fn run(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.folder)
            .args(args)
            .env("TF_CLI_CONFIG_FILE", &self.package.cli_config)
            .env("TF_VAR_kubeconfig", &self.target.kubeconfig)
            .env("CHECKPOINT_DISABLE", "1");
        if let Some(context) = &self.target.context {
            command.env("TF_VAR_context", context);
        }
        workspace::output(&mut command)
    }
}

fn next_steps(package: &Package, target: &Target, args: &DemoArgs) -> String {
    let kubectl = target.kubectl.as_deref().and_then(Path::parent).map(|folder| format!(":{}", folder.display()));
    let context = target.context.as_ref().map(|context| format!(" --context {context}")).unwrap_or_default();
    let again = args.cluster.as_ref().map(|cluster| format!(" --cluster {cluster}")).unwrap_or_default();
    format!(
        "
Try next:
  export KUBECONFIG={} PATH={}{}:$PATH
  kubectl boutique status -n shop{context}              # is the shop up, and if not, why
  kubectl boutique break cartservice -n shop{context}   # predict, kill, measure, grade
  cargo xtask demo{again} --down{}# remove everything",
        target.kubeconfig.display(),
        package.bin.display(),
        kubectl.unwrap_or_default(),
        " ".repeat(30usize.saturating_sub(again.len())),
    )
}
