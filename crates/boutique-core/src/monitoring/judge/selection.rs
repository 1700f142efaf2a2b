//! Whether a Prometheus selects what we write.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{MonitoringObservation, error, full_name, items, namespace, string};
use crate::finding::{Code, Finding};
use crate::monitoring::spec::MonitoringSpec;
use crate::object::{Kind, ObjectRef};

type Labels = BTreeMap<String, String>;

/// What a Prometheus selects by, for each kind that we write.
const SELECTORS: [(Kind, &str, &str); 4] = [
    (Kind::PROMETHEUS_RULE, "/spec/ruleSelector", "/spec/ruleNamespaceSelector"),
    (Kind::SERVICE_MONITOR, "/spec/serviceMonitorSelector", "/spec/serviceMonitorNamespaceSelector"),
    (Kind::POD_MONITOR, "/spec/podMonitorSelector", "/spec/podMonitorNamespaceSelector"),
    (Kind::PROBE, "/spec/probeSelector", "/spec/probeNamespaceSelector"),
];

/// The Prometheus that a monitoring uses: of a chart that it installs, the chart's; else the one that selects its objects,
/// or, if none does, the nearest one.
#[must_use]
pub fn chosen<'a>(
    spec: &MonitoringSpec,
    prometheuses: &'a [Value],
    namespaces: &BTreeMap<String, Labels>,
) -> Option<&'a Value> {
    let here = |one: &&Value| namespace(one) == spec.namespace;
    if !spec.chart.existing {
        let name = crate::monitoring::chart::prometheus_name(spec);
        return prometheuses.iter().find(|one| here(one) && super::name(one) == name);
    }
    let selects = |one: &&Value| ignored(spec, one, namespaces).is_empty();
    prometheuses
        .iter()
        .find(|one| here(one) && selects(one))
        .or_else(|| prometheuses.iter().find(selects))
        .or_else(|| prometheuses.iter().find(here))
        .or_else(|| prometheuses.first())
}

/// Kinds whose objects a Prometheus does not select, each with the reason.
fn ignored(spec: &MonitoringSpec, prometheus: &Value, namespaces: &BTreeMap<String, Labels>) -> Vec<(Kind, String)> {
    let labels = spec.selector_labels();
    let mut ignored = Vec::new();
    for (kind, selector, of_namespace) in SELECTORS {
        let by_label = prometheus.pointer(selector);
        if !by_label.is_some_and(|selector| matches(selector, &labels)) {
            let wants =
                by_label.map_or_else(|| "selects none at all".to_owned(), |by| format!("selects {}", described(by)));
            ignored.push((kind, wants));
            continue;
        }
        // Without a selector it looks into its own namespace only.
        let in_namespace = match prometheus.pointer(of_namespace) {
            None | Some(Value::Null) => namespace(prometheus) == spec.namespace,
            Some(selector) => match namespaces.get(&spec.namespace) {
                Some(labels) => matches(selector, labels),
                None => true,
            },
        };
        if !in_namespace {
            ignored.push((kind, format!("does not look into namespace {}", spec.namespace)));
        }
    }
    ignored
}

pub(super) fn judge(seen: &MonitoringObservation) -> Vec<Finding> {
    let Some(prometheuses) = &seen.prometheuses else { return Vec::new() };
    let spec = &seen.spec;
    let Some(prometheus) = chosen(spec, prometheuses, &seen.namespaces) else {
        return if spec.chart.existing { vec![no_prometheus(spec)] } else { Vec::new() };
    };
    let ignored = ignored(spec, prometheus, &seen.namespaces);
    if ignored.is_empty() {
        return Vec::new();
    }
    let kinds: Vec<&str> = ignored.iter().map(|(kind, _)| kind.kind).collect();
    let labels: Vec<String> = spec.selector_labels().iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut finding = error(
        Code::PROMETHEUS_IGNORES_US,
        format!(
            "Prometheus {} does not select {} in namespace {} with the labels {}",
            full_name(prometheus),
            kinds.join(", "),
            spec.namespace,
            labels.join(",")
        ),
    );
    finding.object = ObjectRef::of(prometheus);
    finding.cause = ignored.iter().map(|(kind, why)| format!("of {} it {why}", kind.plural)).collect();
    finding.cause.dedup_by(|a, b| a.split_once(" it ").map(|x| x.1) == b.split_once(" it ").map(|x| x.1));
    finding.fix = match wanted_labels(prometheus) {
        Some(labels) if labels != spec.selector_labels() && spec.chart.existing => {
            let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key} = {value:?}")).collect();
            format!("set chart.selector_labels = {{ {} }}", pairs.join(", "))
        }
        _ if spec.chart.existing => format!(
            "let it select them: kubectl -n {} edit prometheus {}",
            namespace(prometheus),
            super::name(prometheus)
        ),
        _ => "remove selectors of prometheus.prometheusSpec from chart.values".to_owned(),
    };
    vec![finding]
}

fn no_prometheus(spec: &MonitoringSpec) -> Finding {
    let mut finding = error(
        Code::PROMETHEUS_IGNORES_US,
        format!("there is no Prometheus that could select what stands in namespace {}", spec.namespace),
    );
    finding.cause.push("the operator is there, and no object of the kind Prometheus".to_owned());
    finding.fix = "leave chart.existing out, so that one is installed, or make one".to_owned();
    finding
}

/// Labels that satisfy all selectors, as far as they ask for plain labels.
fn wanted_labels(prometheus: &Value) -> Option<Labels> {
    let mut wanted = Labels::new();
    for (_, selector, _) in SELECTORS {
        let selector = prometheus.pointer(selector)?;
        for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            let before = wanted.insert(key.clone(), value.as_str()?.to_owned());
            if before.is_some_and(|before| value != before.as_str()) {
                return None;
            }
        }
        for expression in items(selector, "/matchExpressions") {
            let (key, value) = match (string(expression, "/operator"), string(expression, "/key")) {
                (Some("In"), Some(key)) => (key, string(expression, "/values/0")?),
                (Some("Exists"), Some(key)) => (key, "true"),
                _ => return None,
            };
            wanted.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    (!wanted.is_empty()).then_some(wanted)
}

/// Whether a label selector, as Kubernetes reads it, matches. An empty one matches everything; null nothing.
#[must_use]
pub fn matches(selector: &Value, labels: &Labels) -> bool {
    if selector.is_null() {
        return false;
    }
    let of_labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let by_labels = of_labels.into_iter().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str());
    by_labels
        && items(selector, "/matchExpressions").all(|expression| {
            let found = string(expression, "/key").and_then(|key| labels.get(key)).map(String::as_str);
            let listed = || items(expression, "/values").filter_map(Value::as_str).any(|value| found == Some(value));
            match string(expression, "/operator") {
                Some("In") => listed(),
                Some("NotIn") => !listed(),
                Some("Exists") => found.is_some(),
                Some("DoesNotExist") => found.is_none(),
                _ => false,
            }
        })
}

fn described(selector: &Value) -> String {
    let of_labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut parts: Vec<String> =
        of_labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    parts.extend(items(selector, "/matchExpressions").map(|expression| {
        let values: Vec<&str> = items(expression, "/values").filter_map(Value::as_str).collect();
        let text = |key: &str| string(expression, key).unwrap_or_default();
        format!("{} {} [{}]", text("/key"), text("/operator"), values.join(", "))
    }));
    if parts.is_empty() { "none".to_owned() } else { parts.join(",") }
}
