//! What watches the demo's shop: where operator and Prometheus come from.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use boutique_lab::{Cache, Image, Progress, image};
use serde_json::{Value, json};

use super::Target;
use crate::workspace;

const RELEASE: &str = "kube-prometheus-stack";

/// Who runs Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Monitoring {
    /// Operator, Prometheus and kube-state-metrics, built from their Go modules and there before the shop's monitoring is:
    /// nothing comes from a registry of images, and there is no Grafana.
    Built,
    /// kube-prometheus-stack as its makers publish it, installed by the resource.
    Published,
    /// Nobody, and why.
    None(String),
}

impl Monitoring {
    /// The one for this cluster, or for the demo's own lab; `ours` says whether the cluster is for trying things.
    pub(super) fn choose(cluster: Option<&str>, ours: bool) -> Self {
        match cluster {
            None => Self::Built,
            Some(_) if ours => Self::Published,
            Some(cluster) => Self::None(format!(
                "the demo installs a Prometheus only into clusters of kind, k3d and minikube, and {cluster} is none"
            )),
        }
    }

    /// The variable `monitoring` of `examples/complete`.
    pub(super) fn variable(&self) -> Value {
        match self {
            Self::Built => json!({
                "chart": {"existing": true, "selector_labels": {"release": RELEASE}},
                "windows": "lab",
                "grafana": {"enabled": false},
            }),
            Self::Published => json!({"windows": "lab"}),
            Self::None(_) => Value::Null,
        }
    }

    /// Builds the images that it needs and this machine lacks.
    pub(super) fn build(&self, progress: &Progress) -> Result<Vec<Image>> {
        match self {
            Self::Built => image::monitoring(&Cache::of_user()?, progress),
            Self::Published | Self::None(_) => Ok(Vec::new()),
        }
    }

    /// Installs what is to be there before the shop's monitoring.
    pub(super) fn prepare(&self, helm: &Path, target: &Target) -> Result<()> {
        let (Self::Built, Some(kubectl)) = (self, &target.kubectl) else { return Ok(()) };
        let kubeconfig = &target.kubeconfig;
        let chart = workspace::root().join("tests/acceptance/charts/monitoring");
        let mut command = Command::new(helm);
        command.args(["upgrade", "--install", RELEASE]).arg(chart).arg("--kubeconfig").arg(kubeconfig);
        command.args(["--namespace", "monitoring", "--create-namespace"]);
        // The lab has no images of these.
        for part in ["alertmanager", "grafana", "nodeExporter"] {
            command.arg("--set").arg(format!("{part}.enabled=false"));
        }
        workspace::output(&mut command)?;
        // A configuration that comes while Prometheus starts may be missed, and is then looked for after three minutes only.
        let mut wait = Command::new(kubectl);
        wait.arg("--kubeconfig").arg(kubeconfig).args(["--namespace", "monitoring", "wait", "prometheus", "--all"]);
        wait.args(["--for=condition=Available", "--timeout=180s"]);
        workspace::output(&mut wait).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_installed_on_workstations_only() {
        assert_eq!(Monitoring::choose(None, false), Monitoring::Built);
        assert_eq!(Monitoring::choose(Some("kind-shop"), true), Monitoring::Published);
        let Monitoring::None(why) = Monitoring::choose(Some("production"), false) else {
            panic!("nothing is installed")
        };
        assert!(why.contains("production"), "{why}");
        assert_eq!(Monitoring::None(why).variable(), Value::Null);
    }

    #[test]
    fn the_example_takes_what_the_demo_says_about_monitoring() {
        let example = std::fs::read_to_string(workspace::root().join("examples/complete/main.tf")).unwrap();
        for monitoring in [Monitoring::Built, Monitoring::Published] {
            let variable = monitoring.variable();
            let within = variable["chart"].as_object().into_iter().chain(variable["grafana"].as_object());
            for name in within.chain(variable.as_object()).flat_map(|object| object.keys()) {
                assert!(example.contains(&format!(" {name} ")), "variable \"monitoring\" knows no {name}");
            }
        }
    }
}
