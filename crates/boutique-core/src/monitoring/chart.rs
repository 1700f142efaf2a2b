//! The chart that brings operator, Prometheus and Grafana: which one, and under which names its parts are found.
//!
//! Names are read from the chart's templates at the pinned version.

use super::spec::{MonitoringSpec, RELEASE};
use crate::edge::chart::{ChartChoice, choose};
use crate::edge::controller::Chart;
use crate::edge::spec::ChartSpec;

/// The chart that this build knows to work.
pub const CHART: Chart = Chart {
    name: RELEASE,
    repository: "https://prometheus-community.github.io/helm-charts",
    oci: Some("oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack"),
    version: "88.5.3",
    app_version: "v0.93.1",
};

/// Helm's names that the chart cuts at this length, because it appends to them.
const FULL_NAME: usize = 26;

/// The chart of a monitoring: what the person names, else the one this build knows to work. None where nothing is
/// installed.
#[must_use]
pub fn chart(spec: &MonitoringSpec) -> Option<ChartChoice> {
    let chart = &spec.chart;
    let own =
        ChartSpec { chart: chart.name.clone(), repository: chart.repository.clone(), version: chart.version.clone() };
    (!chart.existing).then(|| choose(&CHART, &own))
}

/// The name from which the chart makes most others. Values that rename it (`fullnameOverride`, `nameOverride`) count.
#[must_use]
pub fn full_name(spec: &MonitoringSpec) -> String {
    let text = |key: &str| spec.chart.values.get(key).and_then(serde_json::Value::as_str);
    let full = match (text("fullnameOverride"), text("nameOverride").unwrap_or(RELEASE)) {
        (Some(full), _) => full.to_owned(),
        (None, name) if spec.release().contains(name) => spec.release().to_owned(),
        (None, name) => format!("{}-{name}", spec.release()),
    };
    cut(&full, FULL_NAME)
}

/// Name of the chart's Prometheus object, and of the Service that leads to it.
#[must_use]
pub fn prometheus_name(spec: &MonitoringSpec) -> String {
    format!("{}-prometheus", full_name(spec))
}

/// Name of the operator's Deployment.
#[must_use]
pub fn operator_name(spec: &MonitoringSpec) -> String {
    format!("{}-operator", full_name(spec))
}

/// Name of Grafana's Service.
#[must_use]
pub fn grafana_name(spec: &MonitoringSpec) -> String {
    let release = spec.release();
    let text = |key: &str| spec.chart.values.get("grafana").and_then(|values| values.get(key)?.as_str());
    match (text("fullnameOverride"), text("nameOverride").unwrap_or("grafana")) {
        (Some(full), _) => cut(full, 63),
        (None, name) if release.contains(name) => cut(release, 63),
        (None, name) => cut(&format!("{release}-{name}"), 63),
    }
}

/// Port of Prometheus, of its Services and pods.
pub const PROMETHEUS_PORT: u16 = 9090;

/// The Service that the operator makes in the namespace of every Prometheus.
pub const OPERATED: &str = "prometheus-operated";

fn cut(name: &str, most: usize) -> String {
    let end = (0..=most.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    name[..end].trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::SetId;

    fn mk_spec(release: &str) -> MonitoringSpec {
        let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        spec.chart.release = Some(release.to_owned());
        spec
    }

    #[test]
    fn names_follow_the_charts_templates() {
        let spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        assert_eq!(prometheus_name(&spec), "kube-prometheus-stack-prometheus");
        assert_eq!(grafana_name(&spec), "kube-prometheus-stack-grafana");
        assert_eq!(operator_name(&mk_spec("prom")), "prom-kube-prometheus-stack-operator");
        assert_eq!(prometheus_name(&mk_spec("observability")), "observability-kube-prometh-prometheus");
        assert_eq!(grafana_name(&mk_spec("my-grafana")), "my-grafana");
        let mut renamed = mk_spec("prom");
        renamed.chart.values.insert("fullnameOverride".to_owned(), json!("watch"));
        renamed.chart.values.insert("grafana".to_owned(), json!({"fullnameOverride": "look"}));
        assert_eq!((prometheus_name(&renamed).as_str(), grafana_name(&renamed).as_str()), ("watch-prometheus", "look"));
    }

    #[test]
    fn the_pinned_chart_is_taken_unless_another_is_named() {
        let mut spec = mk_spec("prom");
        let said = |spec: &MonitoringSpec| chart(spec).map(|chart| chart.to_string()).unwrap_or_default();
        assert_eq!(said(&spec), "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack 88.5.3");
        spec.chart.name = Some("./charts/kube-prometheus-stack".to_owned());
        assert_eq!(said(&spec), "./charts/kube-prometheus-stack");
        spec.chart.existing = true;
        assert_eq!(said(&spec), "");
    }
}
