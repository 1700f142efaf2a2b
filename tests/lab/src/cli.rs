//! The verbs of `cargo xtask lab`. The only module that prints answers.
#![expect(clippy::print_stdout, reason = "this module is the command line; everything else answers values")]

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};

use crate::build::build;
use crate::cache::Cache;
use crate::image::{self, REGISTRY, TAG, TRAEFIK, build_lite, stand_ins};
use crate::lab::{Lab, Options, Status};
use crate::part::Part;
use crate::progress::Progress;
use crate::record::Mode;
use crate::running::Running;

/// A local Kubernetes cluster from package registries alone.
#[derive(Debug, Subcommand)]
pub enum LabArgs {
    /// Build what is missing and start a lab; one that runs is left as it is
    Up {
        /// Name of the lab
        #[arg(default_value = "lab")]
        name: String,
        /// What its nodes are
        #[arg(long, value_enum, default_value = "node")]
        mode: ModeArg,
        /// How many simulated nodes
        #[arg(long, default_value_t = 3)]
        nodes: usize,
        /// Write an audit log of the requests that come from outside the cluster
        #[arg(long)]
        audit: bool,
    },
    /// Show what runs
    Status {
        /// Name of the lab; all when left out
        name: Option<String>,
    },
    /// End a lab and remove everything of it
    Down {
        /// Name of the lab
        #[arg(default_value = "lab")]
        name: String,
        /// End every lab
        #[arg(long)]
        all: bool,
    },
    /// Give a lab the shop's images: this project's stand-in under upstream's names, redis and busybox
    Images {
        /// Name of the lab
        #[arg(default_value = "lab")]
        name: String,
        /// Registry that the shop's images are named after
        #[arg(long, default_value = REGISTRY)]
        registry: String,
        /// Tag of the shop's images
        #[arg(long, default_value = TAG)]
        tag: String,
        /// The stand-in's static program; built when left out
        #[arg(long, value_name = "PATH")]
        program: Option<PathBuf>,
        /// A checkout of upstream's repository: its Go, Node and Python services are built and take the stand-in's place
        #[arg(long, value_name = "PATH")]
        upstream: Option<PathBuf>,
        /// Traefik too, an ingress controller; built from its Go module when it is missing (minutes)
        #[arg(long)]
        traefik: bool,
        /// Prometheus and its operator, kube-state-metrics, the collector, the blackbox exporter; built when missing (minutes)
        #[arg(long)]
        monitoring: bool,
        /// The node exporter, which only the published kube-prometheus-stack runs
        #[arg(long)]
        node_exporter: bool,
        /// A checkout of nginx/kubernetes-ingress: F5's controller is built from it around Debian's nginx
        #[arg(long, value_name = "PATH")]
        f5: Option<PathBuf>,
    },
    /// Build parts of labs ahead and print their folders
    Build {
        /// Names of parts, e.g. `prometheus`
        #[arg(required = true)]
        parts: Vec<String>,
    },
    /// Print the path of a lab's kubeconfig
    Kubeconfig {
        /// Name of the lab
        #[arg(default_value = "lab")]
        name: String,
    },
}

/// What the nodes of a lab are.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ModeArg {
    /// One real node: pods run (Linux, root)
    Node,
    /// Simulated nodes: pods only say that they run
    Sim,
}

/// Does what the arguments say.
///
/// # Errors
/// When the lab refuses; see [`Lab`].
pub fn run(args: LabArgs) -> Result<()> {
    let progress = Progress::stderr();
    match args {
        LabArgs::Up { name, mode, nodes, audit } => {
            let mode = match mode {
                ModeArg::Node => Mode::Node,
                ModeArg::Sim => Mode::Sim { nodes },
            };
            let running = Lab::named(&name)?.up(mode, &Options { audit, ..Options::default() }, &progress)?;
            describe(&running);
            println!(
                "  kubectl:    KUBECONFIG={} {} get nodes",
                running.kubeconfig.display(),
                running.kubectl.display()
            );
            println!("  stop:       cargo xtask lab down {name}");
        }
        LabArgs::Status { name } => {
            let cache = Cache::of_user()?;
            let labs = match name {
                Some(name) => vec![Lab::in_cache(cache, &name)?],
                None => Lab::all(&cache)?,
            };
            if labs.is_empty() {
                println!("no lab; `cargo xtask lab up` makes one");
            }
            for lab in labs {
                match lab.status()? {
                    Status::Absent => println!("{}: there is none", lab.name()),
                    Status::Broken(wrong) => println!("{}: broken: {}", lab.name(), wrong.join("; ")),
                    Status::Running(running) => describe(&running),
                }
            }
        }
        LabArgs::Down { name, all } => {
            let labs = if all { Lab::all(&Cache::of_user()?)? } else { vec![Lab::named(&name)?] };
            for lab in labs {
                lab.down(&progress)?;
            }
        }
        LabArgs::Images { name, registry, tag, program, upstream, traefik, monitoring, node_exporter, f5 } => {
            let running = Lab::named(&name)?.running()?;
            let program = program.map_or_else(|| build_lite(&progress), Ok)?;
            let mut images = stand_ins(&program, &registry, &tag, &progress)?;
            if let Some(checkout) = upstream {
                let built = image::upstream(&checkout, &Cache::of_user()?, &registry, &tag, &progress)?;
                images.retain(|image| !built.iter().any(|own| own.names == image.names));
                images.extend(built);
            }
            if traefik {
                images.push(image::traefik(&Cache::of_user()?, vec![TRAEFIK.to_owned()], &progress)?);
            }
            if monitoring {
                images.extend(image::monitoring(&Cache::of_user()?, &progress)?);
            }
            if node_exporter {
                images.push(image::node_exporter(&Cache::of_user()?, &progress)?);
            }
            let f5 = f5.map(|checkout| image::f5(&checkout, &Cache::of_user()?, &progress)).transpose()?;
            images.extend(f5.iter().map(|built| built.image.clone()));
            let step = progress.begin(&format!("load {} images into lab {name}", images.len()), None);
            running.load_images(&images)?;
            step.done();
            for image in running.images()?.iter().filter(|image| !image.starts_with("sha256:")) {
                println!("{image}");
            }
            if let Some(built) = f5 {
                println!("chart of nginx-ingress {}: {}", built.version, built.chart.display());
            }
        }
        LabArgs::Build { parts } => {
            let all = Part::all();
            for name in parts {
                let Some(part) = all.iter().find(|part| part.name == name) else {
                    let names: Vec<&str> = all.iter().map(|part| part.name).collect();
                    bail!("there is no part {name}; there are {}", names.join(", "));
                };
                println!("{}", build(&Cache::of_user()?, part, &progress)?.display());
            }
        }
        LabArgs::Kubeconfig { name } => println!("{}", Lab::named(&name)?.running()?.kubeconfig.display()),
    }
    Ok(())
}

fn describe(running: &Running) {
    println!("{}: runs with {}", running.name, running.mode);
    println!("  API server: {}", running.api_server);
    println!("  kubeconfig: {}", running.kubeconfig.display());
    println!("  logs:       {}", running.dir.join("logs").display());
    if let Some(log) = &running.audit_log {
        println!("  audit log:  {}", log.display());
    }
}
