//! What the routes lead to: is the Service there, has it the port, and does anybody answer behind it.

use serde_json::Value;

use super::controllers::none_ready;
use super::error;
use super::route::{Edge, Route, Target};
use crate::edge::{items, name, namespace, string};
use crate::finding::{Code, Finding, Severity};
use crate::object::{Kind, ObjectRef};

/// Seconds in which the first pod of a Service may still come.
const START_PATIENCE: i64 = 90;

pub(super) fn judge(edge: &Edge<'_>, route: &Route<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for target in route.targets() {
        let mut absent = missing(edge, route, &target).or_else(|| no_endpoints(edge, route, &target));
        if let Some(finding) = &mut absent
            && edge.spec().is_some_and(|spec| spec.host != target.host)
        {
            // The edge is often there before what its further hosts lead to.
            finding.severity = Severity::Warning;
            finding.settled = false;
        }
        findings.extend(absent);
        findings.extend(base_path(edge, route, &target));
    }
    findings
}

fn service<'a>(edge: &Edge<'a>, target: &Target) -> Option<&'a Value> {
    edge.seen.services.iter().flatten().find(|service| name(service) == target.service)
}

/// A port as people write it.
fn port_text(port: &Value) -> String {
    port.as_str().map_or_else(|| port.to_string(), str::to_owned)
}

fn ports(service: &Value) -> String {
    let ports: Vec<String> = items(service, "/spec/ports")
        .map(|port| match port["name"].as_str() {
            Some(name) => format!("{} ({name})", port["port"]),
            None => port["port"].to_string(),
        })
        .collect();
    ports.join(", ")
}

/// The attribute that decides where a host leads, in a specification of ours.
fn attribute(edge: &Edge<'_>, target: &Target) -> Option<String> {
    let spec = edge.spec()?;
    Some(if target.host == spec.host { "service".to_owned() } else { format!("hosts[\"{}\"]", target.host) })
}

fn missing(edge: &Edge<'_>, route: &Route<'_>, target: &Target) -> Option<Finding> {
    let services = edge.seen.services.as_ref()?;
    let port = port_text(&target.port);
    let found = service(edge, target);
    let has_port = |service: &Value| {
        items(service, "/spec/ports").any(|one| one["port"] == target.port || one["name"] == target.port)
    };
    let (summary, evidence, way_out) = match found {
        Some(service) if has_port(service) => return None,
        Some(service) => (
            format!("{}: the Service {} has no port {port}", target.host, target.service),
            format!("its ports are {}", ports(service)),
            "a port that it has",
        ),
        None => {
            let names: Vec<&str> = services.iter().map(name).collect();
            let evidence = match names.is_empty() {
                true => format!("the namespace {} has no Service at all", route.namespace()),
                false => format!("Services there are {}", names.join(", ")),
            };
            (
                format!("{}: the Service {} does not exist", target.host, target.service),
                evidence,
                "a Service of this namespace",
            )
        }
    };
    let mut finding = error(Code::BACKEND_MISSING, summary);
    finding.service = Some(target.service.clone());
    finding.object = route.reference();
    finding.evidence.push(evidence);
    finding.fix = match attribute(edge, target) {
        Some(attribute) => format!("set {attribute} to {way_out}, or create it"),
        None => format!("name {way_out}: kubectl -n {} edit ingress {}", route.namespace(), route.name()),
    };
    Some(finding)
}

fn no_endpoints(edge: &Edge<'_>, route: &Route<'_>, target: &Target) -> Option<Finding> {
    let slices = edge.seen.endpoint_slices.as_ref()?;
    let service = service(edge, target)?;
    if string(service, "/spec/type") == Some("ExternalName") {
        return None;
    }
    let endpoints: Vec<&Value> = slices
        .iter()
        .filter(|slice| string(slice, "/metadata/labels/kubernetes.io~1service-name") == Some(&target.service))
        .flat_map(|slice| items(slice, "/endpoints"))
        .collect();
    if endpoints.iter().any(|endpoint| endpoint["conditions"]["ready"] != false) {
        return None;
    }
    let namespace = route.namespace();
    let mut finding = error(
        Code::EDGE_NO_ENDPOINTS,
        format!("{}: no ready pod stands behind the Service {}", target.host, target.service),
    );
    finding.service = Some(target.service.clone());
    finding.object = Some(ObjectRef::new(Kind::SERVICE, namespace, &target.service));
    let selector = service["spec"]["selector"].as_object().map(|labels| {
        let pairs: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
        pairs.join(",")
    });
    let workload = edge.seen.frontend.as_ref().filter(|frontend| name(frontend) == target.service);
    let is_scaled_to_zero = workload.is_some_and(|workload| workload["spec"]["replicas"] == 0);
    finding.cause.push(match (is_scaled_to_zero, endpoints.len(), &selector) {
        (true, ..) => format!("the Deployment {} is scaled to zero", target.service),
        (false, 0, Some(selector)) => format!("no pod carries {selector}"),
        (false, 0, None) => "the Service selects no pods, and nobody has written endpoints for it".to_owned(),
        (false, count, _) => none_ready(count),
    });
    finding.fix = match (is_scaled_to_zero, &selector) {
        (true, _) => format!("kubectl -n {namespace} scale deployment/{} --replicas=1", target.service),
        (false, Some(selector)) => format!("see why none is ready: kubectl -n {namespace} get pods -l {selector}"),
        (false, None) => format!("see its endpoints: kubectl -n {namespace} describe service {}", target.service),
    };
    finding.settled = is_scaled_to_zero || workload.is_none_or(|workload| has_been_down(edge, workload));
    Some(finding)
}

/// Whether a Deployment has had its time: one that starts, or changes its only pod, gets endpoints by waiting.
fn has_been_down(edge: &Edge<'_>, workload: &Value) -> bool {
    let available = items(workload, "/status/conditions").find(|condition| condition["type"] == "Available");
    match available {
        Some(available) if available["status"] == "True" => false,
        Some(available) => edge.seen.lasted(available["lastTransitionTime"].as_str(), START_PATIENCE),
        None => edge.seen.lasted(string(workload, "/metadata/creationTimestamp"), START_PATIENCE),
    }
}

/// The frontend answers below its `BASE_URL` only, and requests keep the path that they came with.
fn base_path(edge: &Edge<'_>, route: &Route<'_>, target: &Target) -> Option<Finding> {
    let frontend = edge.seen.frontend.as_ref().filter(|frontend| name(frontend) == target.service)?;
    let base = items(frontend, "/spec/template/spec/containers")
        .flat_map(|container| items(container, "/env"))
        .find(|variable| variable["name"] == "BASE_URL")
        .and_then(|variable| variable["value"].as_str())
        .unwrap_or_default()
        .trim_end_matches('/');
    let path = target.path.trim_end_matches('/');
    // A route for the whole host leads to a frontend below a path, too: its pages are there, only not at the root.
    let is_spoken_for = edge.spec().is_some_and(|spec| spec.host == target.host);
    if path == base || (path.is_empty() && !is_spoken_for) {
        return None;
    }
    let below = |path: &str| format!("{path}/");
    let mut finding = error(
        Code::BASE_PATH_MISMATCH,
        format!(
            "{}: requests for {} come to a frontend that answers for {} only",
            target.host,
            below(path),
            below(base)
        ),
    );
    finding.service = Some(target.service.clone());
    finding.object = ObjectRef::of(frontend);
    finding.cause.push("requests keep their path, and the frontend knows no page outside its BASE_URL".to_owned());
    finding.evidence.push(match base.is_empty() {
        true => "the frontend has no BASE_URL".to_owned(),
        false => format!("the frontend has BASE_URL={base}"),
    });
    let set_base = match path.is_empty() {
        true => format!("kubectl -n {} set env deployment/{} BASE_URL-", namespace(frontend), target.service),
        false => format!("kubectl -n {} set env deployment/{} BASE_URL={path}", namespace(frontend), target.service),
    };
    finding.fix = match (edge.spec(), base.is_empty()) {
        (Some(_), true) => format!(
            "remove path from the ingress, or set services.frontend.env.BASE_URL = \"{path}\" of the stack (upstream \
             v0.10.1 or newer)"
        ),
        (Some(_), false) => {
            format!("set path = \"{base}\" of the ingress, or change services.frontend.env.BASE_URL of the stack")
        }
        (None, _) => format!("change the path of the Ingress {}, or: {set_base}", route.name()),
    };
    Some(finding)
}
