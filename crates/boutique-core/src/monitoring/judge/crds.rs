//! Whether the cluster knows the kinds of the operator, and well enough.

use serde_json::Value;

use super::{MonitoringObservation, error, items, name, string};
use crate::finding::{Code, Finding};
use crate::object::{Kind, ObjectRef};

/// Kinds that are written here, or read.
const KINDS: [Kind; 5] =
    [Kind::PROMETHEUS, Kind::PROMETHEUS_RULE, Kind::SERVICE_MONITOR, Kind::POD_MONITOR, Kind::PROBE];

/// Fields that are written and that older CRDs lack, as steps below the schema of `spec`.
const FIELDS: [(Kind, &[&str], &str); 1] = [
    // v0.65 of the operator.
    (Kind::PROMETHEUS_RULE, &["groups", "[]", "rules", "[]", "keep_firing_for"], "keep_firing_for"),
];

pub(super) fn judge(seen: &MonitoringObservation) -> Vec<Finding> {
    let Some(crds) = &seen.crds else { return Vec::new() };
    let of = |kind: Kind| crds.iter().find(|crd| name(crd) == format!("{}.{}", kind.plural, kind.group));
    let missing: Vec<String> = KINDS.into_iter().filter(|kind| of(*kind).is_none()).map(crd_name).collect();
    let mut findings = Vec::new();
    if !missing.is_empty() {
        let mut finding =
            error(Code::MONITORING_CRDS_MISSING, format!("the cluster does not know {}", missing.join(", ")));
        finding.fix = if seen.spec.chart.existing {
            "install them with the operator, or leave chart.existing out, so that both are installed"
        } else {
            "apply again: they come with the chart"
        }
        .to_owned();
        // A chart brings them.
        finding.settled = seen.spec.chart.existing;
        findings.push(finding);
    }
    for kind in KINDS {
        let Some(crd) = of(kind) else { continue };
        let Some(version) = items(crd, "/spec/versions").find(|version| version["name"] == kind.version) else {
            findings.push(old(kind, crd, &format!("it has no version {}", kind.version)));
            continue;
        };
        for (_, steps, field) in FIELDS.iter().filter(|(of, ..)| *of == kind) {
            if lacks(version, steps) {
                findings.push(old(kind, crd, &format!("its rules have no field {field}")));
            }
        }
    }
    findings
}

fn crd_name(kind: Kind) -> String {
    format!("{}.{}", kind.plural, kind.group)
}

fn old(kind: Kind, crd: &Value, why: &str) -> Finding {
    let mut finding = error(Code::MONITORING_CRDS_OLD, format!("the CRD {} is too old: {why}", crd_name(kind)));
    finding.object = ObjectRef::of(crd);
    if let Some(version) = string(crd, "/metadata/annotations/operator.prometheus.io~1version") {
        finding.evidence.push(format!("it came with version {version} of the operator"));
    }
    finding.fix = "upgrade the operator with its CRDs; Helm alone never changes those of a chart".to_owned();
    finding
}

/// Whether a schema that names its fields does not name this one. One that takes everything lacks nothing.
fn lacks(version: &Value, steps: &[&str]) -> bool {
    let Some(mut at) = version.pointer("/schema/openAPIV3Schema/properties/spec") else { return false };
    for step in steps {
        if at["x-kubernetes-preserve-unknown-fields"] == true {
            return false;
        }
        let below =
            if *step == "[]" { at.get("items") } else { at.get("properties").and_then(|fields| fields.get(step)) };
        match below {
            Some(below) => at = below,
            None => return at.get("properties").is_some() || *step == "[]" && at.get("type").is_some(),
        }
    }
    false
}
