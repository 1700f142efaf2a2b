//! From what was observed to findings: why a shop is not watched, and what ends it.
//!
//! Nothing here asks a cluster. What was not observed is not judged.

mod crds;
pub mod operators;
mod pods;
pub mod prometheus;
pub mod scraping;
pub mod selection;
mod shop;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::inputs::Inputs;
use super::spec::MonitoringSpec;
use crate::finding::{Code, Finding, Severity};
use crate::object::Manifest;

pub use operators::{is_operator, watches};

/// What was observed, as plain data. Live objects have `apiVersion` and `kind`. None means that a list was not read, for
/// want of permission or of interest.
#[derive(Clone, Debug)]
pub struct MonitoringObservation {
    /// The specification.
    pub spec: MonitoringSpec,
    /// What the shop and its edge are like.
    pub inputs: Inputs,
    /// Whether a shop of that name was found; none if nobody looked.
    pub has_shop: Option<bool>,
    /// Whether the ingress was found; none if nobody looked or none is named.
    pub has_ingress: Option<bool>,
    /// CRDs of the operator's API group.
    pub crds: Option<Vec<Value>>,
    /// Deployments of the whole cluster that run an operator of Prometheus.
    pub operators: Option<Vec<Value>>,
    /// Every Prometheus of the cluster.
    pub prometheuses: Option<Vec<Value>>,
    /// Labels of namespaces, by name.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Pods of the monitoring's namespace and of the Prometheus that is used.
    pub pods: Option<Vec<Value>>,
    /// Jobs of the monitoring's namespace.
    pub jobs: Option<Vec<Value>>,
    /// Volume claims of the monitoring's namespace.
    pub claims: Option<Vec<Value>>,
    /// Validating and mutating webhook configurations.
    pub webhooks: Option<Vec<Value>>,
    /// EndpointSlices of the Services of those that ask about rules.
    pub endpoint_slices: Option<Vec<Value>>,
    /// Events of the monitoring's namespace, newest last.
    pub events: Vec<Value>,
    /// What Prometheus says about its rules (`/api/v1/rules`).
    pub loaded: Option<Value>,
    /// What Prometheus says about its targets (`/api/v1/targets`).
    pub targets: Option<Value>,
    /// What was rendered; rules and targets are looked for by it.
    pub manifests: Vec<Manifest>,
    /// When it was observed; some troubles are only believed when they have lasted. None believes at once.
    pub at: Option<Timestamp>,
}

impl MonitoringObservation {
    /// An observation of nothing yet.
    #[must_use]
    pub fn new(spec: &MonitoringSpec) -> Self {
        Self {
            spec: spec.clone(),
            inputs: Inputs::default(),
            has_shop: None,
            has_ingress: None,
            crds: None,
            operators: None,
            prometheuses: None,
            namespaces: BTreeMap::new(),
            pods: None,
            jobs: None,
            claims: None,
            webhooks: None,
            endpoint_slices: None,
            events: Vec::new(),
            loaded: None,
            targets: None,
            manifests: Vec::new(),
            at: None,
        }
    }

    /// Whether something that began then has lasted this long.
    fn lasted(&self, since: Option<&str>, seconds: i64) -> bool {
        let began = since.and_then(|since| since.parse::<Timestamp>().ok());
        match (self.at, began) {
            (Some(now), Some(began)) => now.duration_since(began).as_secs() >= seconds,
            _ => true,
        }
    }
}

/// Everything wrong that can be seen, errors first, then by code; nothing is said twice.
#[must_use]
pub fn judge(observation: &MonitoringObservation) -> Vec<Finding> {
    let mut findings: Vec<Finding> = shop::judge(observation)
        .into_iter()
        .chain(crds::judge(observation))
        .chain(operators::judge(observation))
        .chain(selection::judge(observation))
        .chain(pods::judge(observation))
        .chain(prometheus::judge(observation))
        .chain(scraping::judge(observation))
        .collect();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.code.cmp(&b.code)).then(a.summary.cmp(&b.summary)));
    findings.dedup_by(|a, b| a.code == b.code && a.summary == b.summary);
    findings
}

/// Whether a finding is about what was there before an apply, and would be there after it.
#[must_use]
pub fn stands_in_the_way(spec: &MonitoringSpec, finding: &Finding) -> bool {
    let believed = match finding.code {
        Code::SHOP_MISSING | Code::INGRESS_MISSING | Code::TWO_OPERATORS | Code::RULE_WEBHOOK_DOWN => true,
        Code::OPERATOR_MISSING
        | Code::MONITORING_CRDS_MISSING
        | Code::MONITORING_CRDS_OLD
        | Code::PROMETHEUS_IGNORES_US => spec.chart.existing,
        _ => false,
    };
    believed && finding.severity == Severity::Error && finding.settled
}

/// A finding that waiting does not end, without cause, evidence or fix yet.
fn error(code: Code, summary: impl Into<String>) -> Finding {
    Finding {
        code,
        severity: Severity::Error,
        service: None,
        object: None,
        summary: summary.into(),
        cause: Vec::new(),
        evidence: Vec::new(),
        fix: String::new(),
        settled: true,
    }
}

fn warning(code: Code, summary: impl Into<String>) -> Finding {
    Finding { severity: Severity::Warning, ..error(code, summary) }
}

fn string<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn name(object: &Value) -> &str {
    string(object, "/metadata/name").unwrap_or_default()
}

fn namespace(object: &Value) -> &str {
    string(object, "/metadata/namespace").unwrap_or_default()
}

/// `namespace/name` of a live object.
fn full_name(object: &Value) -> String {
    format!("{}/{}", namespace(object), name(object))
}

#[cfg(test)]
mod tests;
