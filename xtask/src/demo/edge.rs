//! The way into the demo's shop: which controller takes the requests from outside.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use boutique_core::edge::by_class_controller;
use boutique_core::helm::HelmVersion;
use boutique_lab::{Cache, Image, Progress, image};
use serde_json::{Value, json};

use crate::workspace;

const DEFAULT_CLASS: &str = "/metadata/annotations/ingressclass.kubernetes.io~1is-default-class";

/// Who listens at the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// Traefik, built from its Go module and installed by a chart of ours: nothing comes from a registry of images.
    Built,
    /// Traefik as its makers publish it.
    Published,
    /// Whoever serves this IngressClass.
    Existing(String),
    /// Nobody, and why.
    None(String),
}

impl Edge {
    /// The one for a cluster with these IngressClasses. A controller is installed only where `ours` says that the cluster
    /// is for trying things; `stand_ins` says whether images are loaded rather than pulled.
    pub(super) fn choose(cluster: &str, classes: &[Value], ours: bool, stand_ins: bool) -> Self {
        if let Some(class) = best(classes) {
            return Self::Existing(class);
        }
        match (ours, stand_ins) {
            (true, true) => Self::Built,
            (true, false) => Self::Published,
            (false, _) => Self::None(format!(
                "{cluster} has no IngressClass, and the demo installs a controller only into clusters of kind, k3d and minikube"
            )),
        }
    }

    /// The one that an earlier demo wrote down by [`Edge::controller`].
    pub(super) fn of(controller: &Value) -> Self {
        match (controller["kind"].as_str(), controller["class"].as_str()) {
            (Some("existing"), Some(class)) => Self::Existing(class.to_owned()),
            _ if controller["chart"].is_object() => Self::Built,
            _ => Self::Published,
        }
    }

    /// The attribute `controller` of `boutique_ingress`; `node` is an address of the node, where the demo knows it to lead
    /// there from this machine.
    pub(super) fn controller(&self, node: Option<IpAddr>) -> Value {
        match self {
            Self::Built => {
                let chart = workspace::root().join("tests/acceptance/charts/traefik");
                let mut controller = json!({"kind": "traefik", "install": true, "chart": {"name": chart}});
                if let Some(node) = node {
                    // No load balancer here, so the node's own ports 80 and 443 lead to the controller.
                    controller["service_type"] = "ClusterIP".into();
                    controller["values"] = json!({"service": {"spec": {"externalIPs": [node]}}});
                }
                controller
            }
            Self::Published => json!({"kind": "traefik", "install": true}),
            Self::Existing(class) => json!({"kind": "existing", "class": class}),
            Self::None(_) => Value::Null,
        }
    }

    /// Builds what it needs and this machine lacks.
    pub(super) fn build(&self, progress: &Progress) -> Result<Parts> {
        let helm = match self {
            Self::Built | Self::Published => Some(helm(progress)?),
            Self::Existing(_) | Self::None(_) => None,
        };
        let image = match self {
            Self::Built => Some(image::traefik(&Cache::of_user()?, vec![image::TRAEFIK.to_owned()], progress)?),
            Self::Published | Self::Existing(_) | Self::None(_) => None,
        };
        Ok(Parts { helm, image })
    }
}

/// What an edge needs, built.
pub(super) struct Parts {
    /// The program that installs the controller.
    pub(super) helm: Option<PathBuf>,
    /// The controller's image.
    pub(super) image: Option<Image>,
}

/// A helm that the provider can drive: the one on `PATH` saves the minutes that building one takes.
pub(super) fn helm(progress: &Progress) -> Result<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&folders).map(|folder| folder.join("helm")).find(|program| program.is_file());
    let named = std::env::var_os("BOUTIQUE_HELM").is_some();
    match on_path.filter(|program| !named && is_usable(program)) {
        Some(program) => Ok(program),
        None => boutique_lab::helm(progress),
    }
}

fn is_usable(helm: &PathBuf) -> bool {
    let answer = workspace::output(Command::new(helm).args(["version", "--template", "{{.Version}}"]));
    answer.is_ok_and(|answer| HelmVersion::parse(&answer).is_ok())
}

/// The class to use: the default one, else one of a controller that the provider knows, else the first.
fn best(classes: &[Value]) -> Option<String> {
    let text = |class: &Value, pointer: &str| class.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let is_default = |class: &&Value| text(class, DEFAULT_CLASS).as_deref() == Some("true");
    let is_known =
        |class: &&Value| text(class, "/spec/controller").is_some_and(|said| by_class_controller(&said).is_some());
    let class =
        classes.iter().find(is_default).or_else(|| classes.iter().find(is_known)).or_else(|| classes.first())?;
    text(class, "/metadata/name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_class(name: &str, controller: &str, default: bool) -> Value {
        let annotations = json!({"ingressclass.kubernetes.io/is-default-class": default.to_string()});
        json!({"metadata": {"name": name, "annotations": annotations}, "spec": {"controller": controller}})
    }

    #[test]
    fn a_controller_that_is_there_is_used_the_default_one_before_known_ones_before_others() {
        let (odd, known) =
            (mk_class("odd", "example.com/odd", false), mk_class("traefik", "traefik.io/ingress-controller", false));
        let default = mk_class("default", "example.com/other", true);
        for (classes, expected) in [
            (vec![odd.clone(), known.clone(), default], "default"),
            (vec![odd.clone(), known], "traefik"),
            (vec![odd], "odd"),
        ] {
            assert_eq!(Edge::choose("kind-shop", &classes, true, true), Edge::Existing(expected.to_owned()));
        }
    }

    #[test]
    fn without_one_it_is_installed_on_workstations_only() {
        assert_eq!(Edge::choose("kind-shop", &[], true, true), Edge::Built);
        assert_eq!(Edge::choose("kind-shop", &[], true, false), Edge::Published);
        let Edge::None(why) = Edge::choose("production", &[], false, false) else { panic!("nothing is installed") };
        assert!(why.starts_with("production has no IngressClass"), "{why}");
    }

    #[test]
    fn the_example_takes_what_the_demo_says_about_the_controller() {
        let example = std::fs::read_to_string(workspace::root().join("examples/complete/main.tf")).unwrap();
        for edge in [Edge::Built, Edge::Published, Edge::Existing("nginx".to_owned())] {
            let controller = edge.controller(Some(IpAddr::from([192, 0, 2, 1])));
            assert_eq!(Edge::of(&controller), edge, "read again");
            for name in controller.as_object().unwrap().keys() {
                assert!(example.contains(&format!("    {name} ")), "variable \"controller\" knows no {name}");
            }
        }
        assert_eq!(Edge::None(String::new()).controller(None), Value::Null);
    }
}
