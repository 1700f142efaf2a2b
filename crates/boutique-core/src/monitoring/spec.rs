//! What a person asks for: the specification of a shop's monitoring, as the provider takes it and as revisions store it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pace::Pace;
use super::validate;
use crate::contract::SetId;
use crate::spec::Problem;

/// Monitoring of one shop. Names and stack are enough; a field that an older build does not know is an error there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitoringSpec {
    /// Name of the monitoring.
    pub name: String,
    /// Namespace of everything that it makes, the chart's release included.
    pub namespace: String,
    /// The shop that it watches, as `namespace/name`.
    pub stack: String,
    /// The way into the shop, as `namespace/name`; its controller is scraped and journeys go through it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<String>,
    /// Where operator and Prometheus come from.
    #[serde(default)]
    pub chart: Chart,
    /// What kind of cluster it is, which decides what the chart can scrape.
    #[serde(default)]
    pub platform: Platform,
    /// How long samples are kept, as Prometheus writes durations; a day longer than the objective's period where nothing is
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// A volume for samples; without it they go with the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Grafana, which the chart installs.
    #[serde(default)]
    pub grafana: Grafana,
    /// What is promised to shoppers.
    #[serde(default)]
    pub slo: Slo,
    /// How fast alerts are.
    #[serde(default)]
    pub windows: Windows,
    /// What the blackbox exporter does again and again, as a shopper would.
    #[serde(default = "Journey::all")]
    pub journeys: BTreeSet<Journey>,
    /// Whole image reference of the blackbox exporter, in place of its maintainers'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blackbox_image: Option<String>,
    /// Alerts that are wanted otherwise.
    #[serde(default)]
    pub alerts: AlertSettings,
    /// What the tool that applied it wants to find again. Never rendered.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub tool: Map<String, Value>,
}

/// Where operator and Prometheus come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chart {
    /// Whether an operator and a Prometheus that are there are used, and nothing is installed.
    pub existing: bool,
    /// Name of the chart in the repository, an `oci://` reference, or the path of a folder or archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// URL of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Version of the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Name of the Helm release; that of the chart where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Labels by which Prometheus selects rules and monitors; `release` with the release's name where nothing is said.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub selector_labels: BTreeMap<String, String>,
    /// Values for the chart, above ours.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
}

/// What kind of cluster it is. Where the control plane cannot be scraped, the chart's alerts about it would never end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Nothing is assumed: what not every cluster shows is not scraped.
    #[default]
    Any,
    /// kind: one machine, whose control plane listens on loopback only.
    Kind,
    /// Google Kubernetes Engine.
    Gke,
    /// Elastic Kubernetes Service of Amazon.
    Eks,
    /// Azure Kubernetes Service.
    Aks,
    /// A control plane of one's own that can be scraped.
    Bare,
}

/// A volume for samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Its size as a quantity, such as `20Gi`.
    pub size: String,
    /// Its StorageClass; the cluster's default where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// Grafana, which the chart installs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grafana {
    /// Whether it is installed. Dashboards are made in any case.
    pub enabled: bool,
    /// Host name under which the ingress leads to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Version of the password that is wanted; one is generated once where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_version: Option<i64>,
}

impl Default for Grafana {
    fn default() -> Self {
        Self { enabled: true, host: None, password_version: None }
    }
}

/// What is promised to shoppers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slo {
    /// Per cent of requests that are answered without an error of the shop's.
    pub availability: f64,
    /// Per cent of requests that are answered within `latency_ms`.
    pub latency: f64,
    /// Milliseconds; one of the bounds of the collector's buckets.
    pub latency_ms: i64,
    /// Days over which it is promised.
    pub period_days: i64,
}

impl Default for Slo {
    fn default() -> Self {
        Self { availability: 99.9, latency: 99.0, latency_ms: 500, period_days: 30 }
    }
}

/// How fast alerts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Windows {
    /// For production.
    #[default]
    Standard,
    /// A twelfth, for lessons, demos and tests.
    Lab,
}

/// What the blackbox exporter does again and again, as a shopper would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Journey {
    /// Opens the home page.
    Home,
    /// Opens a product.
    Product,
    /// Puts a product into a cart.
    AddToCart,
    /// Opens the cart.
    Cart,
    /// Buys what is in the cart.
    Checkout,
}

impl Journey {
    /// Every journey, in a shopper's order.
    pub const ALL: [Self; 5] = [Self::Home, Self::Product, Self::AddToCart, Self::Cart, Self::Checkout];

    fn all() -> BTreeSet<Self> {
        Self::ALL.into()
    }

    /// As in specifications and in the label `journey`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Product => "product",
            Self::AddToCart => "add_to_cart",
            Self::Cart => "cart",
            Self::Checkout => "checkout",
        }
    }
}

/// Alerts that are wanted otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// Names of alerts that are left out.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub disabled: BTreeSet<String>,
    /// Labels of every alert, such as the team that it goes to.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Where the runbooks are, in place of the project's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbooks: Option<String>,
}

impl MonitoringSpec {
    /// Monitoring of the shop of a namespace.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, stack: &SetId) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            stack: stack.to_string(),
            ingress: None,
            chart: Chart::default(),
            platform: Platform::default(),
            retention: None,
            storage: None,
            grafana: Grafana::default(),
            slo: Slo::default(),
            windows: Windows::default(),
            journeys: Journey::all(),
            blackbox_image: None,
            alerts: AlertSettings::default(),
            tool: Map::new(),
        }
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> SetId {
        SetId::monitoring(self.namespace.clone(), self.name.clone())
    }

    /// Namespace of the shop.
    #[must_use]
    pub fn shop_namespace(&self) -> &str {
        self.stack.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// Name of the shop.
    #[must_use]
    pub fn shop_name(&self) -> &str {
        self.stack.split_once('/').map_or("", |(_, name)| name)
    }

    /// Namespace and name of the way in.
    #[must_use]
    pub fn ingress_id(&self) -> Option<(&str, &str)> {
        self.ingress.as_deref().and_then(|id| id.split_once('/'))
    }

    /// Intervals, windows and holding times.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        Pace::of(self.windows)
    }

    /// Name of the Helm release.
    #[must_use]
    pub fn release(&self) -> &str {
        self.chart.release.as_deref().unwrap_or(RELEASE)
    }

    /// Whether Grafana is installed with the chart.
    #[must_use]
    pub const fn has_grafana(&self) -> bool {
        self.grafana.enabled && !self.chart.existing
    }

    /// Name of the Secret with Grafana's password. It belongs to the release, which several shops may share.
    #[must_use]
    pub fn grafana_secret(&self) -> String {
        format!("boutique-grafana-{}", self.release())
    }

    /// Everything that is wrong with it, all at once. Empty means it can be rendered.
    #[must_use]
    pub fn validate(&self) -> Vec<Problem> {
        validate::validate(self)
    }

    /// What works and should be known all the same.
    #[must_use]
    pub fn warnings(&self) -> Vec<Problem> {
        validate::warnings(self)
    }

    /// Labels by which Prometheus selects rules and monitors.
    #[must_use]
    pub fn selector_labels(&self) -> BTreeMap<String, String> {
        if self.chart.selector_labels.is_empty() {
            BTreeMap::from([("release".to_owned(), self.release().to_owned())])
        } else {
            self.chart.selector_labels.clone()
        }
    }
}

/// Name of the chart and of its release.
pub const RELEASE: &str = "kube-prometheus-stack";
