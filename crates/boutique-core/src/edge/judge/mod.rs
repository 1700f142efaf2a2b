//! From what was observed at the edge to findings: why the shop's host does not lead to the shop, and what ends it.
//!
//! Nothing here asks a cluster. What was not observed is not judged.

mod answers;
mod backends;
mod certificates;
mod classes;
mod controllers;
mod hosts;
mod issuers;
mod route;

use jiff::Timestamp;
use serde_json::Value;

use super::probe::{CertificateFacts, Probe};
use super::spec::IngressSpec;
use super::{name, namespace};
use crate::finding::{Code, Finding, Severity};
use route::Edge;

/// What was observed, as plain data. Live objects have `apiVersion` and `kind`. None means that a list was not read, for
/// want of permission or of interest.
#[derive(Clone, Debug, Default)]
pub struct EdgeObservation {
    /// Namespace of the shop.
    pub namespace: String,
    /// The specification, if an ingress of ours manages the edge. Else every Ingress of the namespace is judged.
    pub spec: Option<IngressSpec>,
    /// IngressClasses of the cluster.
    pub classes: Option<Vec<Value>>,
    /// Ingresses of the whole cluster.
    pub ingresses: Option<Vec<Value>>,
    /// Services of the shop's namespace.
    pub services: Option<Vec<Value>>,
    /// EndpointSlices of the shop's namespace.
    pub endpoint_slices: Option<Vec<Value>>,
    /// The Deployment `frontend` of the shop's namespace.
    pub frontend: Option<Value>,
    /// Deployments, DaemonSets and StatefulSets of ingress controllers in the whole cluster, found by the selectors of
    /// [`Controller::any_selector`](super::Controller::any_selector).
    pub controllers: Option<Vec<Value>>,
    /// Pods of the controller that serves the shop's class.
    pub controller_pods: Option<Vec<Value>>,
    /// The controller's Service.
    pub controller_service: Option<Value>,
    /// Nodes of the cluster; they say whether a node port is an address.
    pub nodes: Vec<Value>,
    /// The Secrets that the Ingresses name; one that is not in the list does not exist.
    pub secrets: Option<Vec<SecretFacts>>,
    /// What cert-manager's own objects say, where a certificate of it is missing.
    pub cert_manager: Option<CertManager>,
    /// Events about the Ingresses, newest last.
    pub events: Vec<Value>,
    /// Requests through the edge.
    pub probes: Vec<Probe>,
    /// When it was observed; some troubles are only believed when they have lasted. None believes at once.
    pub at: Option<Timestamp>,
}

/// What a Secret for a certificate holds, as plain data without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFacts {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether `tls.crt` is there and not empty.
    pub has_certificate: bool,
    /// Whether `tls.key` is there and not empty.
    pub has_key: bool,
    /// What the certificate says, if it can be read.
    pub certificate: Option<CertificateFacts>,
    /// Why certificate or key cannot be used: it is no PEM, or the key belongs to another certificate.
    pub problem: Option<String>,
}

/// cert-manager, as far as it concerns a certificate that is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CertManager {
    /// Whether the API server serves its kinds, so whether it is installed.
    pub is_served: bool,
    /// Issuers of the wanted kind, as live objects.
    pub issuers: Option<Vec<Value>>,
    /// Certificates of the shop's namespace, as live objects.
    pub certificates: Option<Vec<Value>>,
}

/// Everything wrong that can be seen, errors first, then by code; nothing is said twice.
#[must_use]
pub fn judge(observation: &EdgeObservation) -> Vec<Finding> {
    let edge = Edge::of(observation);
    let of_all = classes::judge(&edge).into_iter().chain(controllers::judge(&edge)).map(|finding| (None, finding));
    let mut judged: Vec<(Option<&str>, Finding)> = of_all.collect();
    for route in &edge.routes {
        let found = classes::missing(&edge, route)
            .into_iter()
            .chain(backends::judge(&edge, route))
            .chain(certificates::judge(&edge, route))
            .chain(hosts::judge(&edge, route))
            .chain(answers::judge(&edge, route));
        judged.extend(found.map(|finding| (Some(route.name()), finding)));
    }
    let mut findings = without_consequences(judged);
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.code.cmp(&b.code)).then(a.summary.cmp(&b.summary)));
    findings.dedup_by(|a, b| a.code == b.code && a.summary == b.summary);
    findings
}

impl EdgeObservation {
    /// Whether something that began then has lasted this long.
    fn lasted(&self, since: Option<&str>, seconds: i64) -> bool {
        let began = since.and_then(|since| since.parse::<Timestamp>().ok());
        match (self.at, began) {
            (Some(now), Some(began)) => now.duration_since(began).as_secs() >= seconds,
            _ => true,
        }
    }
}

/// A finding that waiting does not end, without cause, evidence or fix yet.
fn error(code: Code, summary: String) -> Finding {
    Finding {
        code,
        severity: Severity::Error,
        service: None,
        object: None,
        summary,
        cause: Vec::new(),
        evidence: Vec::new(),
        fix: String::new(),
        settled: true,
    }
}

fn warning(code: Code, summary: String) -> Finding {
    Finding { severity: Severity::Warning, ..error(code, summary) }
}

/// `namespace/name` of a live object.
fn full_name(object: &Value) -> String {
    format!("{}/{}", namespace(object), name(object))
}

/// What was answered follows from what is wrong: of course the controller says 503 when no pod is ready. The answer then
/// is evidence of the cause and no finding of its own. A trouble of one route explains nothing about another.
fn without_consequences(judged: Vec<(Option<&str>, Finding)>) -> Vec<Finding> {
    let explains = |(of, cause): &(Option<&str>, Finding), (route, consequence): &(Option<&str>, Finding)| {
        // Services of further hosts may come later, so that their absence is only warned of.
        let is_believed =
            cause.severity == Severity::Error || matches!(cause.code, Code::BACKEND_MISSING | Code::EDGE_NO_ENDPOINTS);
        is_believed
            && explained_by(consequence.code).contains(&cause.code)
            && (of.is_none() || route.is_none() || of == route)
    };
    let causes: Vec<Option<usize>> =
        judged.iter().map(|one| judged.iter().position(|cause| explains(cause, one))).collect();
    // No code explains one that explains it, so every chain ends.
    let root_of = |mut at: usize| {
        while let Some(cause) = causes[at] {
            at = cause;
        }
        at
    };
    let mut findings: Vec<Finding> = judged.into_iter().map(|(_, finding)| finding).collect();
    for at in 0..findings.len() {
        let root = root_of(at);
        if root == at {
            continue;
        }
        for evidence in std::mem::take(&mut findings[at].evidence) {
            if !findings[root].evidence.contains(&evidence) {
                findings[root].evidence.push(evidence);
            }
        }
    }
    findings.into_iter().zip(causes).filter(|(_, cause)| cause.is_none()).map(|(finding, _)| finding).collect()
}

/// The findings of which another one is a consequence; none for findings that stand for themselves.
fn explained_by(consequence: Code) -> &'static [Code] {
    const NOT_TAKEN: &[Code] = &[
        Code::CONTROLLER_GONE,
        Code::CLASS_MISSING,
        Code::CLASS_TAKEN,
        Code::HOST_CLAIMED,
        Code::INGRESS_REJECTED,
        Code::BASE_PATH_MISMATCH,
        Code::BACKEND_MISSING,
        // Traefik drops a route without pods if its values say so.
        Code::EDGE_NO_ENDPOINTS,
    ];
    match consequence {
        Code::HOST_NOT_ROUTED | Code::OTHER_ANSWER => NOT_TAKEN,
        Code::EDGE_UNREACHABLE => &[Code::CONTROLLER_GONE, Code::CLASS_MISSING],
        Code::EDGE_GATEWAY_ERROR => &[Code::CONTROLLER_GONE, Code::BACKEND_MISSING, Code::EDGE_NO_ENDPOINTS],
        Code::CERTIFICATE_NOT_SERVED => &[
            Code::CONTROLLER_GONE,
            Code::CLASS_MISSING,
            Code::CLASS_TAKEN,
            Code::INGRESS_REJECTED,
            Code::HOST_CLAIMED,
            Code::TLS_SECRET_MISSING,
            Code::TLS_SECRET_MALFORMED,
        ],
        Code::INGRESS_REJECTED => &[Code::HOST_CLAIMED],
        // F5's controller ends itself when its class is another's.
        Code::CONTROLLER_GONE => &[Code::CLASS_TAKEN],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::REGISTRY;

    #[test]
    fn nothing_explains_itself_not_even_over_others() {
        fn depth(code: Code, seen: usize) -> usize {
            assert!(seen < REGISTRY.len(), "{code} explains itself");
            explained_by(code).iter().map(|cause| depth(*cause, seen + 1)).max().unwrap_or(seen)
        }
        for entry in REGISTRY {
            depth(entry.code, 0);
        }
    }
}
