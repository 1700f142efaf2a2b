//! From a specification to the objects of a shop's monitoring.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::inputs::{Certificate, EdgeInputs, Inputs};
use super::rule::{Group, Rule, file};
use super::spec::MonitoringSpec;
use super::values::{DASHBOARD_LABEL, DASHBOARD_VALUE};
use super::{alerts, blackbox, chart, dashboards, monitors, signals, slo};
use crate::object::{Kind, Manifest};
use crate::render::{MANAGED_BY, PART_OF};
use crate::spec::Problem;

/// Why a specification cannot be rendered: something is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the specification of the monitoring is not valid: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct MonitoringError {
    /// All that is wrong.
    pub problems: Vec<Problem>,
}

/// Objects under way.
pub(super) struct Renderer<'a> {
    pub(super) spec: &'a MonitoringSpec,
    manifests: Vec<Manifest>,
}

/// Who looks for an object by its labels.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Labelled {
    /// Nobody.
    Plain,
    /// Prometheus.
    Selected,
    /// Grafana's sidecar.
    Dashboard,
}

impl Renderer<'_> {
    pub(super) fn add(&mut self, kind: Kind, name: &str, labelled: Labelled, body: Value) {
        let spec = self.spec;
        let mut manifest = Manifest::new(kind, &spec.namespace, name, body);
        for (key, value) in [
            ("app.kubernetes.io/name", "monitoring"),
            ("app.kubernetes.io/instance", spec.name.as_str()),
            ("app.kubernetes.io/part-of", PART_OF),
            ("app.kubernetes.io/managed-by", MANAGED_BY),
        ] {
            manifest.set_label(key, value);
        }
        match labelled {
            Labelled::Plain => {}
            Labelled::Selected => {
                for (key, value) in spec.selector_labels() {
                    manifest.set_label(&key, value);
                }
            }
            Labelled::Dashboard => manifest.set_label(DASHBOARD_LABEL, DASHBOARD_VALUE),
        }
        for (key, value) in spec.id().labels() {
            manifest.set_label(key, value);
        }
        self.manifests.push(manifest);
    }
}

/// The objects: rules, monitors, the blackbox exporter with its probes, dashboards, and Grafana's Ingress.
///
/// The Secret with Grafana's password is not among them: it is made once, by who applies.
///
/// # Errors
///
/// [`MonitoringError`] when [`MonitoringSpec::validate`] finds problems.
pub fn render(spec: &MonitoringSpec, inputs: &Inputs) -> Result<Vec<Manifest>, MonitoringError> {
    let problems = spec.validate();
    if !problems.is_empty() {
        return Err(MonitoringError { problems });
    }
    let mut to = Renderer { spec, manifests: Vec::new() };
    blackbox::render(&mut to, inputs);
    monitors::render(&mut to, inputs);
    for (part, groups) in rules(spec) {
        if !groups.is_empty() {
            let body = json!({"spec": file(&groups)});
            to.add(Kind::PROMETHEUS_RULE, &rule_name(spec, part), Labelled::Selected, body);
        }
    }
    for dashboard in dashboards::all(spec) {
        let text = dashboard.json().to_string();
        let body = json!({"data": {format!("{}.json", dashboard.name): text}});
        let name = format!("{}-dashboard-{}", spec.name, dashboard.name);
        to.add(Kind::CONFIG_MAP, &name, Labelled::Dashboard, body);
    }
    if let (Some(host), Some(edge)) = (&spec.grafana.host, &inputs.edge) {
        grafana(&mut to, host, edge);
    }
    Ok(to.manifests)
}

/// Name of one of the `PrometheusRule`s.
fn rule_name(spec: &MonitoringSpec, part: &str) -> String {
    format!("{}-{part}", spec.name)
}

/// Names of all alerts that a specification comes to.
#[must_use]
pub fn alert_names(spec: &MonitoringSpec) -> BTreeSet<String> {
    let groups = rules(spec).into_iter().flat_map(|(_, groups)| groups);
    let rules = groups.flat_map(|group| group.rules);
    rules.filter(|rule| matches!(rule, Rule::Alert { .. })).map(|rule| rule.name().to_owned()).collect()
}

/// Every rule by the part that it belongs to.
fn rules(spec: &MonitoringSpec) -> [(&'static str, Vec<Group>); 3] {
    [("signals", signals::groups(spec)), ("slo", slo::groups(spec)), ("alerts", alerts::groups(spec))]
}

/// Name of the Ingress that leads to Grafana.
pub(super) fn grafana_ingress(spec: &MonitoringSpec) -> String {
    format!("{}-grafana", spec.name)
}

/// The Secret with the certificate of Grafana's host; none where the edge speaks HTTP only.
#[must_use]
pub fn grafana_tls_secret(spec: &MonitoringSpec, edge: &EdgeInputs) -> Option<String> {
    Some(match edge.certificate.as_ref()? {
        Certificate::Secret(secret) => secret.clone(),
        Certificate::SelfSigned | Certificate::CertManager(_) => format!("{}-tls", grafana_ingress(spec)),
    })
}

fn grafana(to: &mut Renderer<'_>, host: &str, edge: &EdgeInputs) {
    let spec = to.spec;
    let service = json!({"name": chart::grafana_name(spec), "port": {"number": 80}});
    let paths = json!([{"path": "/", "pathType": "Prefix", "backend": {"service": service}}]);
    let mut body =
        json!({"spec": {"ingressClassName": edge.class, "rules": [{"host": host, "http": {"paths": paths}}]}});
    if let Some(secret) = grafana_tls_secret(spec, edge) {
        body["spec"]["tls"] = json!([{"hosts": [host], "secretName": secret}]);
    }
    if let Some(Certificate::CertManager(issuer)) = &edge.certificate {
        body["metadata"] = json!({"annotations": {issuer.annotation(): issuer.name}});
    }
    to.add(Kind::INGRESS, &grafana_ingress(spec), Labelled::Plain, body);
}
