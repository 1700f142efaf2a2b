//! Dashboards for Grafana, each from one typed description: what is drawn, in which unit, from which expression.
//!
//! Plain panel types only, so that they look the same in every Grafana since 10 and need no plugin. Every expression uses
//! the recorded names where there is one; what else is drawn comes from kube-state-metrics, cAdvisor and node-exporter.

mod cluster;
mod json;
mod layout;
mod marks;
mod memory;
mod panel;
mod query;
mod service;
mod shop;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::spec::MonitoringSpec;
use layout::Row;
use query::{Annotation, Variable};

/// Version of the dashboards' JSON: that of Grafana 12 and 13. Older ones migrate nothing and read it as it is.
pub const SCHEMA_VERSION: u32 = 42;
/// Tag by which dashboards find each other.
pub const TAG: &str = "boutique";
/// Longest uid that Grafana takes.
const UID_LENGTH: usize = 40;

/// One dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// Short name: `shop`, `service`, `cluster` or `memory`.
    pub name: &'static str,
    /// Unique in a Grafana, and the same after every apply, so that links to it last.
    pub uid: String,
    /// As shown, with the shop's name.
    pub title: String,
    description: &'static str,
    shop: String,
    refresh: String,
    range: &'static str,
    variables: Vec<Variable>,
    annotations: Vec<Annotation>,
    rows: Vec<Row>,
}

/// An expression that a dashboard asks Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Title of the panel, or name of the annotation.
    pub panel: String,
    /// PromQL.
    pub expr: String,
    /// When it may rightly answer nothing; a sentence.
    pub may_be_empty: Option<&'static str>,
}

/// Every dashboard of a shop: the shop itself, one service, the cluster, the pods' memory.
#[must_use]
pub fn all(spec: &MonitoringSpec) -> Vec<Dashboard> {
    vec![shop::dashboard(spec), service::dashboard(spec), cluster::dashboard(spec), memory::dashboard(spec)]
}

impl Dashboard {
    fn new(spec: &MonitoringSpec, name: &'static str, subject: &str, description: &'static str) -> Self {
        let pace = spec.pace();
        Self {
            name,
            uid: uid(spec, name),
            title: format!("{}: {subject}", spec.stack),
            description,
            shop: spec.stack.clone(),
            refresh: pace.interval.to_string(),
            // As much as the alerts' first two windows look back on.
            range: if pace.burns[0].long.seconds() < 3600 { "now-30m" } else { "now-6h" },
            variables: vec![Variable::Datasource],
            annotations: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// As Grafana imports it, and as its sidecar takes it from a `ConfigMap`.
    #[must_use]
    pub fn json(&self) -> Value {
        json::dashboard(self)
    }

    /// Every expression of panels and annotations, with the dashboard's variables replaced by the given values. A variable
    /// without a value stays as it is.
    #[must_use]
    pub fn expressions(&self, values: &BTreeMap<&str, &str>) -> Vec<Expression> {
        let panels = self.rows.iter().flat_map(Row::panels).flat_map(|panel| {
            panel.queries.iter().map(|query| (panel.title.as_str(), query.expr.as_str(), query.may_be_empty))
        });
        let annotations = self
            .annotations
            .iter()
            .map(|annotation| (annotation.name, annotation.expr.as_str(), annotation.may_be_empty));
        panels
            .chain(annotations)
            .map(|(panel, expr, may_be_empty)| Expression {
                panel: panel.to_owned(),
                expr: query::substitute(expr, values),
                may_be_empty,
            })
            .collect()
    }
}

/// `boutique-<namespace>-<shop>-<name>`; a digest in place of the shop's names where they are long, or hold a `-` and so
/// could be divided otherwise by another shop.
fn uid(spec: &MonitoringSpec, name: &str) -> String {
    let (namespace, shop) = (spec.shop_namespace(), spec.shop_name());
    let plain = format!("boutique-{namespace}-{shop}-{name}");
    if plain.len() <= UID_LENGTH && !namespace.contains('-') && !shop.contains('-') {
        return plain;
    }
    let hash = Sha256::digest(spec.stack.as_bytes());
    let short = hash.iter().take(6).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("boutique-{short}-{name}")
}
