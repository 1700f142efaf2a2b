//! Whether Prometheus has our rules and scrapes our targets, by its own word.

use serde_json::Value;

use super::{MonitoringObservation, error, items, string};
use crate::finding::{Code, Finding};
use crate::monitoring::monitors::COLLECTOR;
use crate::object::{Kind, Manifest};

pub(super) fn judge(seen: &MonitoringObservation) -> Vec<Finding> {
    let mut findings = rules(seen);
    findings.extend(targets(seen));
    findings
}

/// Rules that are not there, or cannot be evaluated.
fn rules(seen: &MonitoringObservation) -> Vec<Finding> {
    let Some(loaded) = &seen.loaded else { return Vec::new() };
    let mut findings = Vec::new();
    for manifest in seen.manifests.iter().filter(|manifest| manifest.kind() == Kind::PROMETHEUS_RULE) {
        let missing = missing_groups(manifest, loaded);
        if !missing.is_empty() {
            let mut finding = error(
                Code::RULES_NOT_LOADED,
                format!("Prometheus has not loaded {} of {}", missing.join(", "), manifest.reference()),
            );
            finding.object = Some(manifest.reference());
            let of_rule = |event: &&Value| string(event, "/involvedObject/name") == Some(manifest.name());
            let said = seen.events.iter().filter(of_rule).filter_map(|event| string(event, "/message"));
            finding.evidence.extend(said.map(str::to_owned).next_back());
            finding.fix = format!(
                "see what the operator says: kubectl -n {} describe prometheusrule {}, and the log of its pod",
                seen.spec.namespace,
                manifest.name()
            );
            // The operator and the reloader take their time.
            finding.settled = false;
            findings.push(finding);
        }
        for (rule, said) in failing(manifest, loaded) {
            let mut finding =
                error(Code::RULES_NOT_LOADED, format!("Prometheus cannot evaluate {rule} of {}", manifest.reference()));
            finding.object = Some(manifest.reference());
            finding.evidence.push(said);
            finding.fix = "report it with the version of Prometheus; alerts.disabled switches an alert off".to_owned();
            finding.settled = false;
            findings.push(finding);
        }
    }
    findings
}

fn groups<'a>(manifest: &'a Manifest, loaded: &'a Value) -> impl Iterator<Item = &'a Value> {
    // The operator names files `<namespace>-<name>-<uid>.yaml`.
    let file = format!("/{}-{}-", manifest.namespace().unwrap_or_default(), manifest.name());
    items(loaded, "/data/groups").filter(move |group| string(group, "/file").is_some_and(|path| path.contains(&file)))
}

/// Groups of a `PrometheusRule` that Prometheus does not have.
#[must_use]
pub fn missing_groups(manifest: &Manifest, loaded: &Value) -> Vec<String> {
    let there: Vec<&str> = groups(manifest, loaded).filter_map(|group| string(group, "/name")).collect();
    let wanted = items(manifest.value(), "/spec/groups").filter_map(|group| string(group, "/name"));
    wanted.filter(|name| !there.contains(name)).map(str::to_owned).collect()
}

fn failing(manifest: &Manifest, loaded: &Value) -> Vec<(String, String)> {
    let rules = groups(manifest, loaded).flat_map(|group| items(group, "/rules"));
    let bad = rules.filter(|rule| rule["health"] == "err");
    bad.map(|rule| {
        (
            string(rule, "/name").unwrap_or_default().to_owned(),
            string(rule, "/lastError").unwrap_or_default().to_owned(),
        )
    })
    .collect()
}

/// Name of the pool in which Prometheus keeps the targets of a monitor or probe; none for other kinds.
#[must_use]
pub fn pool(manifest: &Manifest) -> Option<String> {
    let (namespace, name) = (manifest.namespace().unwrap_or_default(), manifest.name());
    match manifest.kind() {
        Kind::SERVICE_MONITOR => Some(format!("serviceMonitor/{namespace}/{name}/0")),
        Kind::POD_MONITOR => Some(format!("podMonitor/{namespace}/{name}/0")),
        Kind::PROBE => Some(format!("probe/{namespace}/{name}")),
        _ => None,
    }
}

/// How the targets of one pool are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pool {
    /// At least one is scraped, and none is not.
    Up,
    /// There is none yet.
    Empty,
    /// It has not been scraped yet.
    Unknown,
    /// One is not scraped; says which, and what Prometheus was answered.
    Down(String, String),
}

/// How the targets of a monitor or probe are.
#[must_use]
pub fn state(pool: &str, targets: &Value) -> Pool {
    let ours: Vec<&Value> =
        items(targets, "/data/activeTargets").filter(|target| string(target, "/scrapePool") == Some(pool)).collect();
    if let Some(down) = ours.iter().find(|target| target["health"] == "down") {
        let text = |pointer: &str| string(down, pointer).unwrap_or_default().to_owned();
        return Pool::Down(text("/scrapeUrl"), text("/lastError"));
    }
    match ours.iter().any(|target| target["health"] == "up") {
        true if ours.iter().all(|target| target["health"] == "up") => Pool::Up,
        _ if ours.is_empty() => Pool::Empty,
        _ => Pool::Unknown,
    }
}

/// Whether a monitor must have targets: the collector's has none while the shop does not trace, and the edge's none where
/// its controller shows no metrics.
fn is_expected(seen: &MonitoringObservation, manifest: &Manifest) -> bool {
    match manifest.kind() {
        Kind::SERVICE_MONITOR if manifest.name().ends_with("-collector") => seen.inputs.traces,
        Kind::POD_MONITOR => seen.inputs.edge.as_ref().is_some_and(|edge| edge.metrics),
        _ => true,
    }
}

fn targets(seen: &MonitoringObservation) -> Vec<Finding> {
    let Some(targets) = &seen.targets else { return Vec::new() };
    let mut findings = Vec::new();
    for manifest in seen.manifests.iter().filter(|manifest| is_expected(seen, manifest)) {
        let Some(pool) = pool(manifest) else { continue };
        let (summary, evidence) = match state(&pool, targets) {
            Pool::Up => continue,
            Pool::Unknown => (format!("Prometheus has not scraped {} yet", manifest.reference()), None),
            Pool::Empty => (format!("Prometheus knows no target of {}", manifest.reference()), None),
            Pool::Down(url, said) => (
                format!("Prometheus does not reach a target of {}", manifest.reference()),
                Some(format!("{url}: {said}")),
            ),
        };
        let mut finding = error(Code::TARGET_DOWN, summary);
        finding.object = Some(manifest.reference());
        finding.evidence.extend(evidence);
        finding.fix = match manifest.kind() {
            Kind::SERVICE_MONITOR => format!(
                "see that pods of {COLLECTOR} are ready: kubectl -n {} get pods -l app={COLLECTOR}",
                seen.spec.shop_namespace()
            ),
            Kind::PROBE => format!(
                "see that the blackbox exporter is ready: kubectl -n {} get pods -l app.kubernetes.io/name=blackbox-exporter",
                seen.spec.namespace
            ),
            _ => "see the targets page of Prometheus, and NetworkPolicies between the namespaces".to_owned(),
        };
        finding.settled = false;
        findings.push(finding);
    }
    findings
}
