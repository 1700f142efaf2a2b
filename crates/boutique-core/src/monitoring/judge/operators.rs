//! Who turns rules and monitors into Prometheus' configuration: exactly one operator should.

use serde_json::Value;

use super::{MonitoringObservation, error, full_name, items, name, namespace, string};
use crate::edge::controller::release_of;
use crate::finding::{Code, Finding};
use crate::monitoring::chart::operator_name;
use crate::object::ObjectRef;

/// Whether a Deployment runs an operator of Prometheus.
#[must_use]
pub fn is_operator(deployment: &Value) -> bool {
    arguments(deployment).any(|argument| argument.starts_with("--prometheus-config-reloader"))
}

/// Arguments of all containers of a Deployment.
pub fn arguments(deployment: &Value) -> impl Iterator<Item = &str> {
    let containers = items(deployment, "/spec/template/spec/containers");
    containers
        .flat_map(|container| items(container, "/args").chain(items(container, "/command")))
        .filter_map(Value::as_str)
}

/// Whether an operator looks at a namespace.
#[must_use]
pub fn watches(deployment: &Value, namespace: &str) -> bool {
    let list = |flag: &str| {
        let value = arguments(deployment).find_map(|argument| argument.strip_prefix(flag))?;
        Some(value.split(',').any(|one| one.trim() == namespace))
    };
    list("--namespaces=").unwrap_or(true) && !list("--deny-namespaces=").unwrap_or(false)
}

fn is_switched_off(deployment: &Value) -> bool {
    deployment.pointer("/spec/replicas").and_then(Value::as_i64) == Some(0)
}

pub(super) fn judge(seen: &MonitoringObservation) -> Vec<Finding> {
    let Some(operators) = &seen.operators else { return Vec::new() };
    let spec = &seen.spec;
    let here: Vec<&Value> = operators.iter().filter(|one| watches(one, &spec.namespace)).collect();
    let mut findings = Vec::new();
    if spec.chart.existing && here.is_empty() {
        let mut finding =
            error(Code::OPERATOR_MISSING, format!("no Prometheus operator watches namespace {}", spec.namespace));
        finding.cause.extend(
            operators.iter().map(|one| format!("the operator {} watches other namespaces only", full_name(one))),
        );
        finding.fix =
            "leave chart.existing out, so that one is installed, or let the existing one watch this namespace"
                .to_owned();
        findings.push(finding);
    }
    for operator in &here {
        if spec.chart.existing && is_switched_off(operator) && here.len() == 1 {
            let mut finding = error(
                Code::OPERATOR_MISSING,
                format!("the Prometheus operator {} is scaled to zero", full_name(operator)),
            );
            finding.object = ObjectRef::of(operator);
            finding.fix =
                format!("kubectl -n {} scale deployment/{} --replicas=1", namespace(operator), name(operator));
            findings.push(finding);
        }
    }
    let ours = |operator: &Value| {
        release_of(operator) == Some((spec.release(), &spec.namespace))
            || (namespace(operator), name(operator)) == (&spec.namespace, &operator_name(spec))
    };
    let others = here.iter().filter(|operator| !spec.chart.existing && !ours(operator) && !is_switched_off(operator));
    for other in others {
        let mut finding = error(
            Code::TWO_OPERATORS,
            format!("the Prometheus operator {} already watches namespace {}", full_name(other), spec.namespace),
        );
        finding.object = ObjectRef::of(other);
        let everything = !arguments(other).any(|argument| argument.starts_with("--namespaces="));
        if everything {
            finding
                .cause
                .push("it watches every namespace: two of them would write the same configuration in turns".to_owned());
        }
        if let Some((release, namespace)) = release_of(other) {
            finding.evidence.push(format!("it was installed as Helm release {namespace}/{release}"));
        }
        let labels =
            string(other, "/metadata/labels/release").or_else(|| release_of(other).map(|(release, _)| release));
        let labels =
            labels.map(|release| format!(", selector_labels = {{ release = {release:?} }}")).unwrap_or_default();
        finding.fix = format!(
            "use it: chart = {{ existing = true{labels} }}; or restrict it to other namespaces \
             (prometheusOperator.denyNamespaces of its chart)"
        );
        findings.push(finding);
    }
    findings.extend(webhooks(seen));
    findings
}

/// Webhooks that are asked about rules, may not be passed over, and have nobody to answer.
fn webhooks(seen: &MonitoringObservation) -> Vec<Finding> {
    let (Some(webhooks), Some(slices)) = (&seen.webhooks, &seen.endpoint_slices) else { return Vec::new() };
    let mut findings = Vec::new();
    for configuration in webhooks {
        let fails = |webhook: &&Value| webhook["failurePolicy"] != "Ignore" && asks_about_rules(webhook);
        for webhook in items(configuration, "/webhooks").filter(fails) {
            let (Some(namespace), Some(service)) =
                (string(webhook, "/clientConfig/service/namespace"), string(webhook, "/clientConfig/service/name"))
            else {
                continue;
            };
            if has_endpoint(slices, namespace, service) {
                continue;
            }
            let mut finding = error(
                Code::RULE_WEBHOOK_DOWN,
                format!("nobody stands behind the webhook for rules, Service {namespace}/{service}"),
            );
            finding.object = ObjectRef::of(configuration);
            finding.cause.push("the API server refuses every PrometheusRule without its answer".to_owned());
            finding.fix = format!(
                "see why its pods are not ready: kubectl -n {namespace} get pods; if the operator is gone for good: kubectl \
                 delete {} {}",
                configuration["kind"].as_str().unwrap_or_default().to_ascii_lowercase(),
                name(configuration)
            );
            findings.push(finding);
        }
    }
    findings
}

/// Whether a webhook is asked about `PrometheusRule`s.
#[must_use]
pub fn asks_about_rules(webhook: &Value) -> bool {
    items(webhook, "/rules").any(|rule| {
        let has =
            |key: &str, wanted: &str| items(rule, key).filter_map(Value::as_str).any(|one| one == "*" || one == wanted);
        has("/apiGroups", "monitoring.coreos.com") && has("/resources", "prometheusrules")
    })
}

fn has_endpoint(slices: &[Value], namespace: &str, service: &str) -> bool {
    let of = |slice: &&Value| {
        super::namespace(slice) == namespace
            && string(slice, "/metadata/labels/kubernetes.io~1service-name") == Some(service)
    };
    slices
        .iter()
        .filter(of)
        .flat_map(|slice| items(slice, "/endpoints"))
        .any(|endpoint| endpoint.pointer("/conditions/ready") != Some(&Value::Bool(false)))
}
