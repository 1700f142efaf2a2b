//! Certificates: the Secrets that the routes name, and what is in them.

use jiff::Timestamp;

use super::route::{Edge, Route};
use super::{SecretFacts, error, issuers, warning};
use crate::edge::controller::ControllerKind;
use crate::edge::probe::CertificateFacts;
use crate::edge::spec::TlsSource;
use crate::edge::string;
use crate::finding::{Code, Finding, Severity};
use crate::object::{Kind, ObjectRef};

/// What a Secret for a certificate says as its type.
const TLS_TYPE: &str = "kubernetes.io/tls";
/// Seconds in which something else may still create the Secret.
const CREATE_PATIENCE: i64 = 30;
/// Days before its end in which a certificate is spoken of.
const SOON: i64 = 14;

pub(super) fn judge(edge: &Edge<'_>, route: &Route<'_>) -> Vec<Finding> {
    let Some(secrets) = &edge.seen.secrets else { return Vec::new() };
    let mut findings = Vec::new();
    for (host, wanted) in route.secrets() {
        let found = secrets.iter().find(|one| one.name == wanted && one.namespace == route.namespace());
        let Some(found) = found else {
            findings.push(missing(edge, route, host, wanted));
            continue;
        };
        findings.extend(malformed(edge, route, found));
        if let Some(certificate) = &found.certificate {
            let subject = Subject { edge, route, host, secret: Some(wanted) };
            findings.extend(subject.validity(certificate));
            findings.extend(subject.names(certificate));
        }
    }
    findings
}

fn secret_reference(route: &Route<'_>, secret: &str) -> Option<ObjectRef> {
    Some(ObjectRef::new(Kind::SECRET, route.namespace(), secret))
}

fn source<'a>(edge: &Edge<'a>) -> Option<TlsSource<'a>> {
    edge.spec()?.tls.as_ref()?.source()
}

/// What the controller does with a host for whose certificate it finds none.
fn meanwhile(edge: &Edge<'_>, route: &Route<'_>) -> Option<String> {
    let known = edge.known(route)?;
    Some(match known.default_certificate {
        Some(default) => format!("meanwhile {} shows its own certificate, {default:?}", known.title),
        None => format!("meanwhile {} ends every TLS handshake for the host", known.title),
    })
}

fn missing(edge: &Edge<'_>, route: &Route<'_>, host: &str, secret: &str) -> Finding {
    let namespace = route.namespace();
    let mut finding =
        error(Code::TLS_SECRET_MISSING, format!("{host}: the Secret {secret} with its certificate does not exist"));
    finding.object = route.reference();
    finding.evidence.extend(meanwhile(edge, route));
    if let Some(issuer) = issuers::asked(route) {
        issuers::explain(edge, route, secret, &issuer, &mut finding);
        return finding;
    }
    finding.settled = edge.seen.lasted(string(route.value(), "/metadata/creationTimestamp"), CREATE_PATIENCE);
    let create = format!("kubectl -n {namespace} create secret tls {secret} --cert=FILE --key=FILE");
    finding.fix = match source(edge) {
        Some(TlsSource::SelfSigned) => "apply again: the certificate is made anew".to_owned(),
        Some(_) => format!("{create}, or set tls = {{ self_signed = true }}"),
        None => create,
    };
    finding
}

fn malformed(edge: &Edge<'_>, route: &Route<'_>, found: &SecretFacts) -> Option<Finding> {
    let secret = &found.name;
    let lacks = |what: &str| Some(format!("it has no {what}"));
    let cause = match found {
        SecretFacts { has_certificate: false, .. } => lacks("certificate under the key tls.crt"),
        SecretFacts { has_key: false, .. } => lacks("private key under the key tls.key"),
        SecretFacts { problem: Some(problem), .. } => Some(problem.clone()),
        _ => None,
    };
    let is_typed = found.kind == TLS_TYPE;
    let mut finding = match cause {
        Some(cause) => {
            let mut finding =
                error(Code::TLS_SECRET_MALFORMED, format!("the Secret {secret} holds no usable certificate"));
            finding.cause.push(cause);
            finding.evidence.extend(meanwhile(edge, route));
            finding
        }
        None if is_typed => return None,
        None => {
            // Certificate and key are there, and the others do not look at the type.
            let is_refused = edge.known(route).is_none_or(|known| known.kind == ControllerKind::F5Nginx);
            let summary = format!("the Secret {secret} is not of type {TLS_TYPE}");
            let mut finding = warning(Code::TLS_SECRET_MALFORMED, summary);
            if is_refused {
                finding.severity = Severity::Error;
                finding.cause.push("the controller takes certificates from Secrets of that type only".to_owned());
            }
            finding
        }
    };
    finding.object = secret_reference(route, secret);
    if !is_typed {
        finding.evidence.insert(0, format!("its type is {}", found.kind));
    }
    let namespace = route.namespace();
    let anew = format!("kubectl -n {namespace} create secret tls {secret} --cert=FILE --key=FILE");
    finding.fix = match source(edge) {
        Some(TlsSource::SelfSigned) => {
            format!("delete it, and the next apply makes it anew: kubectl -n {namespace} delete secret {secret}")
        }
        // The type of a Secret cannot be changed.
        _ => format!("make it anew: kubectl -n {namespace} delete secret {secret} && {anew}"),
    };
    Some(finding)
}

/// A certificate and where it was seen: in a Secret, or in the answer of a request.
pub(super) struct Subject<'a> {
    pub(super) edge: &'a Edge<'a>,
    pub(super) route: &'a Route<'a>,
    pub(super) host: &'a str,
    pub(super) secret: Option<&'a str>,
}

impl Subject<'_> {
    fn renew(&self) -> String {
        let namespace = self.route.namespace();
        let secret = self.secret.unwrap_or("SECRET");
        match source(self.edge) {
            Some(TlsSource::SelfSigned) => {
                "apply again: a self-signed certificate is renewed by the next apply".to_owned()
            }
            Some(TlsSource::CertManager(_)) => {
                format!("cert-manager should have renewed it: kubectl -n {namespace} describe certificate {secret}")
            }
            _ => format!(
                "put a new one into the Secret: kubectl -n {namespace} create secret tls {secret} --cert=FILE --key=FILE \
                 --dry-run=client -o yaml | kubectl apply -f -"
            ),
        }
    }

    fn finish(&self, mut finding: Finding, certificate: &CertificateFacts) -> Finding {
        finding.object = match self.secret {
            Some(secret) => secret_reference(self.route, secret),
            None => self.route.reference(),
        };
        finding.evidence.push(format!(
            "valid from {} until {}, signed by {:?}",
            certificate.not_before, certificate.not_after, certificate.issuer
        ));
        finding
    }

    /// Expired, not valid yet, or close to its end. Says nothing where nobody knows what time it is.
    pub(super) fn validity(&self, certificate: &CertificateFacts) -> Option<Finding> {
        let now: Timestamp = self.edge.seen.at?;
        let host = self.host;
        let days = certificate.not_after.duration_since(now).as_secs() / 86_400;
        let mut finding = if now >= certificate.not_after {
            let day = certificate.not_after.to_string();
            let day = day.split('T').next().unwrap_or_default();
            error(Code::CERTIFICATE_NOT_VALID, format!("{host}: the certificate expired on {day}"))
        } else if now < certificate.not_before {
            let mut finding = error(Code::CERTIFICATE_NOT_VALID, format!("{host}: the certificate is not valid yet"));
            finding.cause.push("it begins in the future: a clock is wrong, here or where it was made".to_owned());
            finding
        } else if days < SOON {
            let mut finding =
                warning(Code::CERTIFICATE_EXPIRES_SOON, format!("{host}: the certificate expires in {days} days"));
            finding.settled = false;
            finding
        } else {
            return None;
        };
        finding.fix = self.renew();
        Some(self.finish(finding, certificate))
    }

    /// Names that do not cover the host.
    pub(super) fn names(&self, certificate: &CertificateFacts) -> Option<Finding> {
        if certificate.covers(self.host) {
            return None;
        }
        let host = self.host;
        let mut finding = error(Code::CERTIFICATE_OTHER_HOST, format!("{host}: the certificate is for another host"));
        finding.evidence.push(format!("its names are {}", certificate.names.join(", ")));
        finding.fix = match source(self.edge) {
            Some(TlsSource::SelfSigned) => "apply again: the certificate is made anew for all hosts".to_owned(),
            Some(TlsSource::CertManager(_)) => format!(
                "cert-manager makes it anew when the Secret is gone: kubectl -n {} delete secret {}",
                self.route.namespace(),
                self.secret.unwrap_or("SECRET")
            ),
            _ => format!("use a certificate with {host} among its names; {}", self.renew()),
        };
        Some(self.finish(finding, certificate))
    }
}
