//! The shape of `boutique_monitoring`. The doc comments are its reference.

use tfplugin_rs::schema::{non_empty, one_of};
use tfplugin_rs::{Any, List, Map, Model, Secret, Set, Timeouts, Value};

use crate::release::ReleaseModel;

/// What watches a shop: an operator with Prometheus and Grafana, installed by their Helm chart or there already; recording
/// rules for the golden signals of every service, an objective with alerts that can be trusted, journeys of a synthetic
/// shopper, and dashboards. Done means watched: apply ends when Prometheus has the rules and scrapes the shop.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct MonitoringModel {
    /// `namespace/name`; what `terraform import` takes.
    #[attr(computed, use_state_for_unknown)]
    pub(crate) id: Value<String>,
    /// Name of the monitoring; the names of its objects begin with it.
    #[attr(required, requires_replace)]
    pub(crate) name: Value<String>,
    /// Namespace of everything that it makes, the chart's release included. It is created if it does not exist.
    #[attr(required, requires_replace)]
    pub(crate) namespace: Value<String>,
    /// The shop: `boutique_stack.NAME.id`. Its requests can be seen where it has `tracing = true`.
    #[attr(required)]
    pub(crate) stack: Value<String>,
    /// The way into the shop: `boutique_ingress.NAME.id`. Its controller is scraped, and journeys go through it, too.
    #[attr(optional)]
    pub(crate) ingress: Value<String>,
    /// Where operator and Prometheus come from.
    #[attr(optional)]
    pub(crate) chart: Value<ChartModel>,
    /// What kind of cluster it is: `any` (nothing is assumed), `kind`, `gke`, `eks`, `aks` or `bare` (a control plane of
    /// your own, which is scraped). Where the control plane cannot be scraped, its targets and alerts are left out.
    #[attr(default = "any", validate = one_of(["any", "kind", "gke", "eks", "aks", "bare"]))]
    pub(crate) platform: Value<String>,
    /// How long samples are kept, such as `40d`; left out, a day longer than `slo.period_days`.
    #[attr(optional)]
    pub(crate) retention: Value<String>,
    /// A volume for samples; without it they go with the pod. Of the volume, 80 % are used before the oldest samples go.
    #[attr(optional)]
    pub(crate) storage: Value<StorageModel>,
    /// Grafana, which comes with the chart.
    #[attr(optional)]
    pub(crate) grafana: Value<GrafanaModel>,
    /// What is promised to shoppers.
    #[attr(optional)]
    pub(crate) slo: Value<SloModel>,
    /// `standard`, or `lab`: everything twelve times as fast, for lessons, demos and tests.
    #[attr(default = "standard", validate = one_of(["standard", "lab"]))]
    pub(crate) windows: Value<String>,
    /// What a blackbox exporter does again and again, as a shopper would: `home`, `product`, `add_to_cart`, `cart`,
    /// `checkout`; left out, all of them. `checkout` places real orders.
    #[attr(optional, validate = journeys)]
    pub(crate) journeys: Value<Set<String>>,
    /// Whole image reference of the blackbox exporter, in place of its maintainers'.
    #[attr(optional)]
    pub(crate) blackbox_image: Value<String>,
    /// Alerts that are wanted otherwise.
    #[attr(optional)]
    pub(crate) alerts: Value<AlertsModel>,
    /// What apply waits for.
    #[attr(optional)]
    pub(crate) wait: Value<WaitModel>,
    /// `never` or `always`: whether objects and a Helm release of the same names that this monitoring did not make are taken
    /// over. Otherwise they are an error.
    #[attr(default = "never", validate = one_of(["never", "always"]))]
    pub(crate) adopt: Value<String>,
    /// Whether fields are taken from every other writer. Without it, they are taken back only where the plan showed them
    /// as changed and no controller holds them.
    #[attr(default = false)]
    pub(crate) force_conflicts: Value<bool>,
    /// How long operations may take: `create` and `update` 10 minutes, `delete` 5 minutes, unless said otherwise.
    #[attr(optional)]
    pub(crate) timeouts: Value<Timeouts>,
    /// The Helm release of operator, Prometheus and Grafana; null if none is installed by this resource.
    #[attr(computed)]
    pub(crate) release: Value<ReleaseModel>,
    /// Service of Prometheus, as `namespace/name`; its port is 9090.
    #[attr(computed)]
    pub(crate) prometheus_service: Value<String>,
    /// URL of Prometheus within the cluster.
    #[attr(computed)]
    pub(crate) prometheus_url: Value<String>,
    /// URL of Grafana for a browser; null without `grafana.host`.
    #[attr(computed)]
    pub(crate) grafana_url: Value<String>,
    /// Name of the Secret with Grafana's `admin-user` and `admin-password`, in this namespace; null without Grafana.
    #[attr(computed)]
    pub(crate) grafana_secret: Value<String>,
    /// What still has to be put right, as sentences. While it is not empty, every plan proposes to put it right.
    #[attr(computed)]
    pub(crate) pending: Value<List<String>>,
    /// SHA-256 of the rendered objects. It changes whenever an apply would write something else.
    #[attr(computed)]
    pub(crate) manifest_digest: Value<String>,
    /// Number of the revision that the last apply recorded in the cluster.
    #[attr(computed)]
    pub(crate) revision: Value<u64>,
}

/// Where operator and Prometheus come from.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct ChartModel {
    /// Whether an operator and a Prometheus that are there are used. Nothing is installed then.
    #[attr(default = false)]
    pub(crate) existing: Value<bool>,
    /// Name of the chart in `repository`, an `oci://` reference, or the path of a folder or archive; left out,
    /// kube-prometheus-stack.
    #[attr(optional, validate = non_empty())]
    pub(crate) name: Value<String>,
    /// URL of the repository, `https://…` or `oci://…`.
    #[attr(optional, validate = non_empty())]
    pub(crate) repository: Value<String>,
    /// Version of the chart; left out, the one that is known to work. The plan says what a new one changes of the cluster's
    /// custom resource definitions, and apply upgrades them first.
    #[attr(optional, validate = non_empty())]
    pub(crate) version: Value<String>,
    /// Name of the Helm release; left out, `kube-prometheus-stack`. Several monitorings of one namespace may share it: the
    /// first installs it, the others join, and it is uninstalled with the last.
    #[attr(optional)]
    pub(crate) release: Value<String>,
    /// Labels by which an existing Prometheus selects rules, monitors and probes; left out, `release` with the name of the
    /// release.
    #[attr(optional)]
    pub(crate) selector_labels: Value<Map<String>>,
    /// Values for the chart, as an object. They lie over what the other attributes come to.
    #[attr(optional)]
    pub(crate) values: Value<Any>,
    /// Secret values for the chart, as an object. They lie over `values` and are kept in no state and no plan.
    #[attr(optional, sensitive, write_only)]
    pub(crate) values_wo: Value<Any>,
    /// Version of `values_wo`: raise it to have changed ones applied.
    #[attr(optional)]
    pub(crate) values_wo_version: Value<i64>,
    /// User name for the repository or registry.
    #[attr(optional)]
    pub(crate) username: Value<String>,
    /// Password for the repository or registry. It is kept in no state and no plan.
    #[attr(optional, sensitive, write_only)]
    pub(crate) password_wo: Value<Secret>,
}

/// A volume for samples.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct StorageModel {
    /// Its size, such as `20Gi`. The volume stays when the monitoring is destroyed.
    #[attr(required)]
    pub(crate) size: Value<String>,
    /// Its StorageClass; left out, the cluster's default.
    #[attr(optional)]
    pub(crate) class: Value<String>,
}

/// Grafana, which comes with the chart.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct GrafanaModel {
    /// Whether it is installed. Dashboards are made in any case: as ConfigMaps that any Grafana's sidecar finds.
    #[attr(default = true)]
    pub(crate) enabled: Value<bool>,
    /// Host name under which the ingress leads to it, such as `grafana.shop.local`.
    #[attr(optional)]
    pub(crate) host: Value<String>,
    /// Password of `admin`. It is kept in no state and no plan; left out, one is made once. Either way it is in the Secret
    /// that `grafana_secret` names.
    #[attr(optional, sensitive, write_only, validate = password)]
    pub(crate) admin_password_wo: Value<Secret>,
    /// Version of `admin_password_wo`: raise it to have a changed one applied.
    #[attr(optional)]
    pub(crate) admin_password_wo_version: Value<i64>,
}

/// What is promised to shoppers.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct SloModel {
    /// Per cent of requests that are answered without an error of the shop's.
    #[attr(default = 99.9)]
    pub(crate) availability: Value<f64>,
    /// Per cent of requests that are answered within `latency_ms`.
    #[attr(default = 99.0)]
    pub(crate) latency: Value<f64>,
    /// Milliseconds: 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000 or 10000.
    #[attr(default = 500_i64)]
    pub(crate) latency_ms: Value<i64>,
    /// Days over which it is promised.
    #[attr(default = 30_i64)]
    pub(crate) period_days: Value<i64>,
}

/// Alerts that are wanted otherwise.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct AlertsModel {
    /// Names of alerts that are left out.
    #[attr(optional)]
    pub(crate) disabled: Value<Set<String>>,
    /// Labels of every alert, such as the team that it goes to.
    #[attr(optional)]
    pub(crate) labels: Value<Map<String>>,
    /// URL below which the runbooks are, in place of the project's own; the alert's name and `.md` are appended.
    #[attr(optional)]
    pub(crate) runbooks: Value<String>,
}

/// What apply waits for.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct WaitModel {
    /// `none`, `ready` (operator, Prometheus and exporter are up) or `scraping` (Prometheus has the rules and scrapes the
    /// targets, by its own word).
    #[attr(default = "scraping", validate = one_of(["none", "ready", "scraping"]))]
    pub(crate) until: Value<String>,
}

fn journeys(journeys: &Set<String>) -> Result<(), String> {
    let known = boutique_core::monitoring::Journey::ALL.map(boutique_core::monitoring::Journey::name);
    match journeys.iter().filter_map(Value::as_str).find(|name| !known.contains(name)) {
        Some(unknown) => Err(format!("There is no journey {unknown:?}: use {}.", known.join(", "))),
        None => Ok(()),
    }
}

fn password(password: &Secret) -> Result<(), String> {
    // Grafana itself refuses shorter ones.
    if password.expose().chars().count() < 4 {
        return Err("The password is shorter than the four characters that Grafana takes.".to_owned());
    }
    Ok(())
}
