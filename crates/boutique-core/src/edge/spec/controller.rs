//! Which controller, and where it comes from.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::edge::controller::ControllerKind;

/// Which controller serves the routes, and whether it is ours to install.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControllerSpec {
    /// The kind.
    pub kind: ControllerKind,
    /// Whether the controller is installed by its Helm chart. Otherwise one that is there is used.
    #[serde(default)]
    pub install: bool,
    /// Name of the IngressClass; that of the kind where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Name of the Helm release; that of the kind where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Namespace of the controller; that of the kind where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Type of the controller's Service; a load balancer where nothing is said, as in the charts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_type: Option<ServiceType>,
    /// Pods of the controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
    /// Another chart than the one this build knows to work.
    #[serde(default, skip_serializing_if = "ChartSpec::is_empty")]
    pub chart: ChartSpec,
    /// Values for the chart, above ours.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
}

impl ControllerSpec {
    /// A controller of this kind that is there already.
    #[must_use]
    pub fn new(kind: ControllerKind) -> Self {
        Self {
            kind,
            install: false,
            class: None,
            release: None,
            namespace: None,
            service_type: None,
            replicas: None,
            chart: ChartSpec::default(),
            values: Map::new(),
        }
    }
}

/// Type of the controller's Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceType {
    /// An address from the cloud, or from the cluster's own load balancer.
    LoadBalancer,
    /// A port on every node.
    NodePort,
    /// Reachable from inside only.
    #[serde(rename = "ClusterIP")]
    ClusterIp,
}

impl ServiceType {
    /// Every type, as in manifests.
    pub const NAMES: [&'static str; 3] = ["LoadBalancer", "NodePort", "ClusterIP"];

    /// As in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoadBalancer => "LoadBalancer",
            Self::NodePort => "NodePort",
            Self::ClusterIp => "ClusterIP",
        }
    }
}

/// Where a chart comes from, in the habit of Helm's own tools: a name in a repository, an `oci://` reference, or a path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChartSpec {
    /// Name of the chart, its `oci://` reference, or the path of a folder or archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<String>,
    /// Address of the repository, `https://…` or `oci://…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Version of the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl ChartSpec {
    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.chart.is_none() && self.repository.is_none() && self.version.is_none()
    }
}
