//! A certificate that cert-manager is to make and has not made: what its own objects say about it.

use serde_json::Value;

use super::route::{Edge, Route};
use crate::edge::spec::IssuerKind;
use crate::edge::{items, name, string};
use crate::finding::Finding;

/// Seconds in which cert-manager may still make a Secret: it asks its issuer, which may ask the host.
const ISSUE_PATIENCE: i64 = 120;

/// The issuer that an Ingress asks for.
pub(super) struct Issuer<'a> {
    kind: IssuerKind,
    name: &'a str,
}

impl Issuer<'_> {
    fn described(&self) -> String {
        format!("{} {}", self.kind.name(), self.name)
    }
}

/// The issuer that the annotations of an Ingress name.
pub(super) fn asked<'a>(route: &'a Route<'_>) -> Option<Issuer<'a>> {
    let named = |key| string(route.value(), key);
    let cluster = named("/metadata/annotations/cert-manager.io~1cluster-issuer");
    let own = named("/metadata/annotations/cert-manager.io~1issuer");
    cluster
        .map(|name| Issuer { kind: IssuerKind::ClusterIssuer, name })
        .or_else(|| Some(Issuer { kind: IssuerKind::Issuer, name: own? }))
}

/// Says why a Secret is not there that cert-manager is to make, and what ends that.
pub(super) fn explain(edge: &Edge<'_>, route: &Route<'_>, secret: &str, issuer: &Issuer<'_>, finding: &mut Finding) {
    let namespace = route.namespace();
    let seen = edge.seen.cert_manager.as_ref();
    finding.settled = edge.seen.lasted(string(route.value(), "/metadata/creationTimestamp"), ISSUE_PATIENCE);
    finding.fix = format!("cert-manager says why: kubectl -n {namespace} describe certificate {secret}");
    if let Some(trouble) = seen.and_then(|seen| before(seen, issuer)) {
        finding.settled = true;
        finding.cause.push(trouble.cause);
        finding.evidence.extend(trouble.evidence);
        finding.fix = match edge.spec() {
            Some(_) => format!("{}, or set tls = {{ self_signed = true }}", trouble.fix),
            None => trouble.fix,
        };
        return;
    }
    let tried = format!("cert-manager has not made it yet ({})", issuer.described());
    let Some(certificates) = seen.and_then(|seen| seen.certificates.as_ref()) else {
        finding.cause.push(tried);
        return;
    };
    match certificates.iter().find(|one| string(one, "/spec/secretName") == Some(secret)) {
        Some(certificate) if string(certificate, "/status/lastFailureTime").is_some() => {
            // It tries again after an hour, then after two, and so on.
            finding.settled = true;
            finding.cause.push(format!("cert-manager has tried and failed ({})", issuer.described()));
            finding.evidence.extend(said(certificate));
        }
        Some(certificate) => {
            finding.cause.push(tried);
            finding.evidence.extend(said(certificate));
        }
        None => {
            finding.cause.push(tried);
            finding.evidence.push(format!("no Certificate of the namespace {namespace} is for that Secret"));
            finding.fix = format!(
                "cert-manager has not looked at the Ingress: see its pods, kubectl get pods --all-namespaces \
                 --selector=app.kubernetes.io/name=cert-manager, and kubectl -n {namespace} describe ingress {}",
                route.name()
            );
        }
    }
}

/// What is wrong before a certificate is asked for.
struct Trouble {
    cause: String,
    evidence: Option<String>,
    fix: String,
}

fn before(seen: &super::CertManager, issuer: &Issuer<'_>) -> Option<Trouble> {
    if !seen.is_served {
        return Some(Trouble {
            cause: "cert-manager is not installed: the API server does not know cert-manager.io".to_owned(),
            evidence: None,
            fix: "install cert-manager (https://cert-manager.io/docs/installation)".to_owned(),
        });
    }
    let issuers = seen.issuers.as_ref()?;
    let kind = issuer.kind.name();
    let Some(found) = issuers.iter().find(|one| name(one) == issuer.name) else {
        let names: Vec<&str> = issuers.iter().map(name).collect();
        return Some(Trouble {
            cause: format!("there is no {}", issuer.described()),
            evidence: Some(match names.is_empty() {
                true => format!("there is no {kind} at all"),
                false => format!("there are {}", names.join(", ")),
            }),
            fix: match names.first() {
                Some(first) => format!("make it, or use one that is there, such as {first}"),
                None => "make it (https://cert-manager.io/docs/configuration)".to_owned(),
            },
        });
    };
    let refusal = condition(found, "Ready").filter(|ready| ready["status"] == "False")?;
    let of = string(found, "/metadata/namespace").map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
    Some(Trouble {
        cause: format!("the {} is not ready", issuer.described()),
        evidence: Some(words(refusal)),
        fix: format!("see what it lacks: kubectl{of} describe {} {}", kind.to_ascii_lowercase(), issuer.name),
    })
}

/// What a Certificate says about itself, as far as it is not well.
fn said(certificate: &Value) -> Vec<String> {
    let issuing = condition(certificate, "Issuing");
    let unready = condition(certificate, "Ready").filter(|ready| ready["status"] != "True");
    let lines =
        issuing.into_iter().chain(unready).map(|one| format!("Certificate {}: {}", name(certificate), words(one)));
    let mut lines: Vec<String> = lines.collect();
    lines.dedup();
    lines
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(object, "/status/conditions").find(|one| one["type"] == kind)
}

fn words(condition: &Value) -> String {
    let reason = condition["reason"].as_str().unwrap_or("no reason given");
    match condition["message"].as_str().map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => format!("{reason}: {message}"),
        None => reason.to_owned(),
    }
}
