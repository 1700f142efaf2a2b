//! `cargo xtask demo`: the shop on a real cluster by plain `terraform apply`, the way into it, a purchase through it, and what
//! to try next.

mod cluster;
mod edge;
mod ending;
mod monitoring;
mod terraform;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use boutique_lab::{Cache, Image, Lab, Mode, Options, Progress, Running, image};
use clap::Args;
use serde_json::Value;

use self::cluster::{Cluster, Images};
use self::edge::Edge;
use self::ending::Way;
use self::monitoring::Monitoring;
use self::terraform::{Outputs, Terraform};
use crate::console::{self, at_once, done, step_among};
use crate::package::{self, Package, Profile};
use crate::workspace;

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
    /// The node's address, where it leads to the node from this machine.
    node: Option<IpAddr>,
}

/// Runs the demo, or removes it.
pub(crate) fn demo(args: &DemoArgs) -> Result<()> {
    let cluster = args.cluster.as_deref().map(Cluster::find).transpose()?;
    let folder = folder(cluster.as_ref())?;
    if args.down { down(&folder, cluster) } else { up(&folder, cluster, args) }
}

/// Configuration and state: one folder for each cluster, so that a demo on one forgets none on another.
fn folder(cluster: Option<&Cluster>) -> Result<PathBuf> {
    let name = cluster.map_or_else(|| "demo".to_owned(), |cluster| format!("demo-{}", cluster.folder()));
    Ok(Cache::of_user()?.root().join(name))
}

fn up(folder: &Path, cluster: Option<Cluster>, args: &DemoArgs) -> Result<()> {
    let progress = Progress::stderr();
    let stand_ins = cluster.as_ref().is_none_or(|cluster| cluster.wants_stand_ins(args.images));
    let edge = match &cluster {
        None => Edge::Built,
        Some(cluster) => {
            let earlier = terraform::earlier(folder, "controller");
            earlier.map_or_else(|| cluster.edge(args.images), |controller| Edge::of(&controller))
        }
    };
    // All at the same time: each compiler leaves cores idle while it fetches and links.
    let programs = at_once(&progress, move |progress| Programs::build(stand_ins, progress));
    let parts = at_once(&progress, {
        let edge = edge.clone();
        move |progress| edge.build(progress)
    });
    let program = boutique_lab::terraform(&progress)?;
    let place = match cluster {
        None => Place::Lab(own_lab(&progress)?),
        Some(cluster) => Place::Cluster(cluster),
    };
    let Programs { package, images } = done(programs)?;
    if stand_ins {
        step_among(&progress, "load the shop's images", || place.load(&images))?;
    }
    let edge::Parts { helm, image } = done(parts)?;
    if let Some(image) = image {
        step_among(&progress, "load the ingress controller's image", || place.load(&[image]))?;
    }
    let is_lab = matches!(place, Place::Lab(_));
    let target = place.target();
    let controller = edge.controller(target.node);
    let watched = terraform::earlier(folder, "monitoring");
    terraform::lay_out(folder, &target, &controller, &watched.clone().unwrap_or_default())?;
    let mut terraform = Terraform { program, folder, package: &package, helm };
    step_among(&progress, "terraform init", || terraform.init())?;
    let what = match &edge {
        Edge::Built | Edge::Published => "11 services, redis and Traefik",
        Edge::Existing(_) => "11 services, redis and the way to them",
        Edge::None(why) => {
            progress.say(&format!("no way in from outside: {why}"));
            "11 services and redis"
        }
    };
    let title = format!("terraform apply: {what}, until a synthetic customer has bought something");
    step_among(&progress, &title, || terraform.apply())?;
    let outputs = terraform.outputs()?;
    let way = Way::of(&outputs);
    console::say(buy(&package, &target, &outputs, way.as_ref(), is_lab, &progress)?.trim_end());
    let mut prometheus = outputs.prometheus;
    if watched.is_none() {
        // After the purchase: the shop is what people wait for, and what watches it takes minutes to build.
        watch(&place, &target, &controller, &mut terraform, &progress)?;
        prometheus = terraform.outputs()?.prometheus;
    }
    let again = args.cluster.as_ref().map(|cluster| format!(" --cluster {cluster}")).unwrap_or_default();
    console::say(ending::words(way.as_ref(), prometheus.as_deref(), &package, &target, &again));
    Ok(())
}

/// Adds what watches the shop.
fn watch(
    place: &Place,
    target: &Target,
    controller: &Value,
    terraform: &mut Terraform<'_>,
    progress: &Progress,
) -> Result<()> {
    let monitoring = match place {
        Place::Lab(_) => Monitoring::choose(None, true),
        Place::Cluster(cluster) => Monitoring::choose(Some(&cluster.context), cluster.is_for_trying()),
    };
    if let Monitoring::None(why) = &monitoring {
        progress.say(&format!("nothing watches the shop: {why}"));
        return Ok(());
    }
    let images = monitoring.build(progress)?;
    if !images.is_empty() {
        step_among(progress, "load the images of Prometheus and its company", || place.load(&images))?;
    }
    if terraform.helm.is_none() {
        terraform.helm = Some(edge::helm(progress)?);
    }
    if let Some(helm) = &terraform.helm {
        let title = "what there is before the shop is watched";
        step_among(progress, title, || monitoring.prepare(helm, target))?;
    }
    terraform::lay_out(terraform.folder, target, controller, &monitoring.variable())?;
    let title = "terraform apply: what watches the shop, until Prometheus sees every service";
    step_among(progress, title, || terraform.apply()).map(drop)
}

/// A purchase as a customer's browser would do it; through the API server where there is no way in, or (unless it `must`)
/// where it does not lead there from this machine, as with clusters in a virtual machine.
fn buy(
    package: &Package,
    target: &Target,
    outputs: &Outputs,
    way: Option<&Way>,
    must: bool,
    progress: &Progress,
) -> Result<String> {
    if let Some(way) = way {
        let args = ["buy", "--url", &way.url, "--resolve", &way.resolve];
        match step_among(progress, &format!("kubectl boutique buy --url {}", way.url), || plugin(package, &args)) {
            Err(error) if !must => progress.say(&format!("not bought at {}: {error:#}", way.url)),
            bought => return bought,
        }
    } else if let Some(url) = &outputs.url {
        progress.say(&format!("nobody has given the controller an address, so {url} leads nowhere from this machine"));
    }
    let kubeconfig = target.kubeconfig.to_string_lossy();
    let mut args = vec!["buy", "--namespace", "shop", "--kubeconfig", &kubeconfig];
    args.extend(target.context.iter().flat_map(|context| ["--context", context]));
    step_among(progress, "kubectl boutique buy", || plugin(package, &args))
}

fn plugin(package: &Package, args: &[&str]) -> Result<String> {
    workspace::output(Command::new(package.bin.join("kubectl-boutique")).args(args))
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

    fn target(&self) -> Target {
        match self {
            Self::Lab(lab) => Target {
                kubeconfig: lab.kubeconfig.clone(),
                context: None,
                kubectl: Some(lab.kubectl.clone()),
                node: lab.node_address,
            },
            Self::Cluster(cluster) => Target {
                kubeconfig: cluster.kubeconfig.clone(),
                context: Some(cluster.context.clone()),
                kubectl: None,
                node: None,
            },
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
        let package = step_among(progress, "build the provider and the plugin", || package::package(Profile::Dev))?;
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

fn down(folder: &Path, cluster: Option<Cluster>) -> Result<()> {
    let progress = Progress::stderr();
    match cluster {
        // The lab takes everything in it along; nothing of the shop is left to destroy one by one.
        None => Lab::named(LAB)?.down(&progress)?,
        Some(cluster) if !folder.exists() => {
            console::say(format!("there is no demo on {cluster}"));
            return Ok(());
        }
        Some(_) => {
            let package = console::step("build the provider and the plugin", || package::package(Profile::Dev))?;
            let edge = terraform::earlier(folder, "controller").map(|controller| Edge::of(&controller));
            let installed = matches!(edge, Some(Edge::Built | Edge::Published));
            let helm = installed.then(|| edge::helm(&progress)).transpose()?;
            let program = boutique_lab::terraform(&progress)?;
            let terraform = Terraform { program, folder, package: &package, helm };
            console::step("terraform init", || terraform.init())?;
            console::step("terraform destroy", || terraform.destroy())?;
            if installed {
                // Somebody else's objects may be of these kinds, so neither helm nor the provider removes them.
                progress.say("Traefik's resource definitions stay: kubectl get crd, those of traefik.io");
            }
        }
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    console::say("the demo is gone");
    Ok(())
}
