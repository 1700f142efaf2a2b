//! Clusters that are already there: kind, k3d, minikube, or any context of the user's kubeconfig.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use boutique_lab::{Cache, Image};
use clap::ValueEnum;
use serde::Deserialize;
use serde_json::Value;

use super::edge::Edge;
use crate::workspace;

/// Which images the shop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Images {
    /// The stand-ins where they can be built and loaded, else upstream's
    Auto,
    /// Upstream's own, pulled from their registry
    Upstream,
    /// The project's stand-ins
    Lite,
}

/// A tool that runs clusters on a workstation, and how it takes images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Kind,
    K3d,
    Minikube,
}

/// An existing cluster.
pub(crate) struct Cluster {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) context: String,
    tool: Option<Tool>,
}

#[derive(Deserialize)]
struct Kubeconfig {
    contexts: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Tool {
    const ALL: [Self; 3] = [Self::Kind, Self::K3d, Self::Minikube];

    fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::K3d => "k3d",
            Self::Minikube => "minikube",
        }
    }

    /// The name of the cluster behind a context that this tool made.
    fn cluster_of(self, context: &str) -> Option<&str> {
        match self {
            Self::Kind => context.strip_prefix("kind-"),
            Self::K3d => context.strip_prefix("k3d-"),
            Self::Minikube => (context == "minikube").then_some(context),
        }
    }

    /// The tool's own command that loads an archive of images.
    fn load_command(self, cluster: &str, archive: &str) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Kind => &["kind", "load", "image-archive", archive, "--name", cluster],
            Self::K3d => &["k3d", "image", "import", archive, "--cluster", cluster],
            Self::Minikube => &["minikube", "image", "load", archive, "--profile", cluster],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

impl Cluster {
    /// The cluster called `name`: a tool's name means the first context that it made.
    pub(crate) fn find(name: &str) -> Result<Self> {
        let contexts = contexts()?;
        let tool_asked = Tool::ALL.into_iter().find(|tool| tool.name() == name);
        let context = match tool_asked {
            Some(tool) => contexts.iter().find(|context| tool.cluster_of(context).is_some()),
            None => contexts.iter().find(|context| *context == name),
        };
        let Some(context) = context.cloned() else {
            bail!("no cluster {name:?} in the kubeconfig; its contexts are: {}", contexts.join(", "));
        };
        let tool = Tool::ALL.into_iter().find(|tool| tool.cluster_of(&context).is_some());
        Ok(Self { kubeconfig: kubeconfig()?, context, tool })
    }

    /// Whether a tool for workstations made it, so that the demo may install what it likes.
    pub(crate) fn is_for_trying(&self) -> bool {
        self.tool.is_some()
    }

    /// Whether the stand-in images are to be loaded into it.
    pub(crate) fn wants_stand_ins(&self, images: Images) -> bool {
        match images {
            // Images are of Linux, and so is what this machine builds only there.
            Images::Auto => self.tool.is_some() && cfg!(target_os = "linux"),
            Images::Upstream => false,
            Images::Lite => true,
        }
    }

    /// The way in that suits it.
    pub(crate) fn edge(&self, images: Images) -> Edge {
        let mut command = Command::new("kubectl");
        command.args(["get", "ingressclasses", "--output=json", "--context", &self.context, "--kubeconfig"]);
        let answer = workspace::output(command.arg(&self.kubeconfig)).and_then(|text| Ok(serde_json::from_str(&text)?));
        let list: Value = match answer {
            Ok(list) => list,
            Err(error) => return Edge::None(format!("the IngressClasses of {self} cannot be read: {error:#}")),
        };
        let classes = list["items"].as_array().map_or(&[][..], Vec::as_slice);
        Edge::choose(&self.context, classes, self.is_for_trying(), self.wants_stand_ins(images))
    }

    /// Name of the demo's folder for it.
    pub(crate) fn folder(&self) -> String {
        self.context.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_', "_")
    }

    /// Loads images by the tool's own command.
    pub(crate) fn load(&self, images: &[Image]) -> Result<()> {
        let Some(tool) = self.tool else {
            bail!("images cannot be loaded into {self}: it is no kind, k3d or minikube cluster; use --images upstream");
        };
        let cluster = tool.cluster_of(&self.context).context("the context was made by the tool")?;
        let archive = Cache::of_user()?.root().join("images.tar");
        boutique_lab::image::write_archive(images, &archive)?;
        let words = tool.load_command(cluster, &archive.to_string_lossy());
        let loaded = workspace::output(Command::new(&words[0]).args(&words[1..]));
        std::fs::remove_file(&archive).ok();
        loaded.map(drop)
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

/// What somebody whose machine cannot run the lab may use instead.
pub(crate) fn offer() -> String {
    match contexts() {
        Ok(contexts) if !contexts.is_empty() => {
            format!("or use one that is there: cargo xtask demo --cluster {}", contexts.join(" | "))
        }
        _ => "or use a kind, k3d or minikube cluster by --cluster".to_owned(),
    }
}

fn kubeconfig() -> Result<PathBuf> {
    let named = std::env::var_os("KUBECONFIG").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
    named.or(home).context("neither KUBECONFIG nor HOME is set, so there is no kubeconfig to look into")
}

fn contexts() -> Result<Vec<String>> {
    let mut command = Command::new("kubectl");
    command.args(["config", "view", "--output=json", "--kubeconfig"]).arg(kubeconfig()?);
    let config: Kubeconfig = serde_json::from_str(&workspace::output(&mut command)?).context("kubectl config view")?;
    Ok(config.contexts.into_iter().map(|context| context.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maker_of_a_context_is_known_by_its_name() {
        let maker = |context: &str| Tool::ALL.into_iter().find(|tool| tool.cluster_of(context).is_some());
        assert_eq!(maker("kind-shop"), Some(Tool::Kind));
        assert_eq!(maker("k3d-shop"), Some(Tool::K3d));
        assert_eq!(maker("minikube"), Some(Tool::Minikube));
        assert_eq!(maker("gke_project_zone_cluster"), None);
    }

    #[test]
    fn a_context_s_name_makes_one_folder() {
        let cluster = |context: &str| Cluster { kubeconfig: PathBuf::new(), context: context.to_owned(), tool: None };
        assert_eq!(cluster("kind-shop").folder(), "kind-shop");
        assert_eq!(cluster("arn:aws:eks:eu:1:cluster/../x").folder(), "arn_aws_eks_eu_1_cluster____x");
    }

    #[test]
    fn each_tool_loads_images_by_its_own_command() {
        assert_eq!(Tool::Kind.load_command("shop", "a.tar").join(" "), "kind load image-archive a.tar --name shop");
        assert_eq!(Tool::K3d.load_command("shop", "a.tar").join(" "), "k3d image import a.tar --cluster shop");
        assert_eq!(
            Tool::Minikube.load_command("minikube", "a.tar").join(" "),
            "minikube image load a.tar --profile minikube"
        );
    }
}
