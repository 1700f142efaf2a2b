//! What requests through the edge were answered.

use super::certificates::Subject;
use super::error;
use super::route::{Edge, Route};
use crate::edge::probe::{Answer, CertificateFacts, Probe, Via, is_shop, is_unknown_host};
use crate::finding::{Code, Finding, Severity};
use crate::service::Service;

/// Characters of a foreign page that show what it is.
const EXCERPT: usize = 120;
/// What the frontend says of a page that it does not have. Traefik says the same of a host that it does not know.
const FRONTENDS_NOT_FOUND: &str = "404 page not found";

pub(super) fn judge(edge: &Edge<'_>, route: &Route<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A host that no route names was asked for to see that it is not answered.
    for probe in edge.seen.probes.iter().filter(|probe| route.hosts().any(|host| host == probe.host)) {
        let asked = Asked { edge, route, probe };
        findings.extend(asked.certificate());
        findings.extend(asked.answer());
    }
    findings
}

struct Asked<'a> {
    edge: &'a Edge<'a>,
    route: &'a Route<'a>,
    probe: &'a Probe,
}

impl Asked<'_> {
    fn url(&self) -> String {
        format!("{}://{}{}", self.probe.scheme, self.probe.host, self.probe.path)
    }

    fn where_from(&self) -> String {
        match &self.probe.via {
            Via::Inside => "from inside the cluster".to_owned(),
            Via::Outside(address) => format!("at {address}"),
        }
    }

    fn finding(&self, code: Code, what: &str) -> Finding {
        let mut finding = error(code, format!("{}: {what}", self.probe.host));
        finding.object = self.route.reference();
        // What a controller answers changes as soon as it has read the routes: time decides, not one answer.
        finding.settled = false;
        finding
    }

    fn title(&self) -> &'static str {
        self.edge.known(self.route).map_or("the controller", |known| known.title)
    }

    fn answer(&self) -> Option<Finding> {
        match &self.probe.answer {
            Answer::Refused(said) => Some(self.unreachable("refuses connections", said)),
            Answer::TimedOut(said) => Some(self.unreachable("does not answer in time", said)),
            Answer::TlsFailed(said) => Some(self.handshake(said)),
            Answer::Http { status, location, server, body } => {
                self.http(*status, location.as_deref(), server.as_deref(), body)
            }
        }
    }

    fn unreachable(&self, what: &str, said: &str) -> Finding {
        let mut finding = self.finding(Code::EDGE_UNREACHABLE, &format!("the edge {what} {}", self.where_from()));
        let answers_inside = self.edge.seen.probes.iter().any(|other| {
            other.host == self.probe.host && other.via == Via::Inside && matches!(other.answer, Answer::Http { .. })
        });
        finding.evidence.push(format!("asked for {} {}: {said}", self.url(), self.where_from()));
        finding.fix = match (&self.probe.via, answers_inside) {
            (Via::Outside(address), true) => {
                // The edge does its part; who asks may stand on the wrong side of something.
                finding.severity = Severity::Warning;
                finding.cause.push(
                    "from inside the cluster it answers, so something on the way to it does not let through".to_owned(),
                );
                format!(
                    "open {address} in firewall and security groups, or see the controller's Service and its externalTrafficPolicy"
                )
            }
            (Via::Outside(address), false) => {
                format!("see whether the controller's pods are ready and {address} is theirs")
            }
            (Via::Inside, _) => "see the controller's pods and their log".to_owned(),
        };
        finding
    }

    fn handshake(&self, said: &str) -> Finding {
        let mut finding = self.finding(Code::CERTIFICATE_NOT_SERVED, "the controller ends the TLS handshake");
        finding.cause.push(format!("{} has no usable certificate for the host", self.title()));
        finding.evidence.push(format!("asked for {} {}: {said}", self.url(), self.where_from()));
        finding.fix = self.see_secret();
        finding
    }

    fn see_secret(&self) -> String {
        let namespace = self.route.namespace();
        match self.route.secrets().into_iter().find(|(host, _)| *host == self.probe.host) {
            Some((_, secret)) => format!(
                "see the Secret and what the controller says about it: kubectl -n {namespace} describe secret {secret}; \
                 kubectl -n {namespace} describe ingress {}",
                self.route.name()
            ),
            None => {
                format!("give the Ingress {} a certificate: its spec.tls does not name the host", self.route.name())
            }
        }
    }

    fn http(&self, status: u16, location: Option<&str>, server: Option<&str>, body: &str) -> Option<Finding> {
        if is_shop(status, body) {
            return None;
        }
        if (300..400).contains(&status) {
            return self.redirect(status, location.unwrap_or_default());
        }
        // Further hosts lead to something else on purpose: only the controller's own answers are judged.
        let is_shops = match self.edge.spec() {
            Some(spec) => spec.host == self.probe.host,
            None => {
                let frontend = Service::Frontend.name();
                self.route.targets().iter().any(|target| target.host == self.probe.host && target.service == frontend)
            }
        };
        let known = self.edge.known(self.route);
        let mut finding = match status {
            404 if is_unknown_host(known, status, body) => self.not_routed(),
            502..=504 => self.gateway(status),
            _ if !is_shops => return None,
            _ => self.something_else(status, server, body),
        };
        finding.evidence.insert(0, format!("asked for {} {}: {status}", self.url(), self.where_from()));
        Some(finding)
    }

    fn redirect(&self, status: u16, location: &str) -> Option<Finding> {
        let host = &self.probe.host;
        let target = location.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        let authority = target.split(['/', '?', '#']).next().unwrap_or_default();
        let same_host = location.starts_with('/') || authority.split(':').next() == Some(host.as_str());
        if same_host {
            return None;
        }
        let mut finding = self.finding(Code::OTHER_ANSWER, "it is redirected to elsewhere");
        finding.evidence.push(format!("asked for {} {}: {status} to {location:?}", self.url(), self.where_from()));
        finding.fix = format!(
            "see who sends it there: kubectl get ingress --all-namespaces | grep {host}, or a login in front of the controller"
        );
        Some(finding)
    }

    fn not_routed(&self) -> Finding {
        let mut finding = self.finding(Code::HOST_NOT_ROUTED, &format!("{} does not know the host", self.title()));
        let (namespace, name) = (self.route.namespace(), self.route.name());
        finding.cause.push(match self.route.is_live {
            true => "it has not taken the Ingress: it may watch other namespaces or another class, or is still reading"
                .to_owned(),
            false => format!("the Ingress {namespace}/{name} does not exist"),
        });
        finding.fix = match (self.route.is_live, self.edge.spec()) {
            (false, Some(_)) => "apply again".to_owned(),
            _ => format!("see what the controller says about it: kubectl -n {namespace} describe ingress {name}"),
        };
        finding
    }

    fn gateway(&self, status: u16) -> Finding {
        let what = match status {
            502 => "the controller is refused by the shop's pods",
            503 => "the controller finds no pod of the shop",
            _ => "the shop does not answer the controller in time",
        };
        let mut finding = self.finding(Code::EDGE_GATEWAY_ERROR, &format!("{what} ({status})"));
        let namespace = self.route.namespace();
        let service = self.route.targets().into_iter().find(|target| target.host == self.probe.host);
        let service = service.map_or_else(|| "frontend".to_owned(), |target| target.service);
        finding.service = Some(service.clone());
        finding.fix = if status == 504 {
            finding.cause.push(
                "a page waits for a backend that hangs, or a network policy drops the controller's packets".to_owned(),
            );
            let limit = self.edge.spec().and_then(|spec| spec.timeouts.effective().read).unwrap_or_default();
            let raise = match limit {
                0 => String::new(),
                limit => format!("; timeouts.read is {limit} s"),
            };
            format!("kubectl boutique doctor -n {namespace} names the backend{raise}")
        } else {
            finding.cause.push(
                "its pods are not ready, listen on another port, or a network policy shuts the controller out"
                    .to_owned(),
            );
            format!("kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={service}")
        };
        finding
    }

    fn something_else(&self, status: u16, server: Option<&str>, body: &str) -> Finding {
        let mut finding = self.finding(Code::OTHER_ANSWER, "what answers is not the shop");
        if let Some(server) = server {
            finding.evidence.push(format!("the answer says it comes from {server:?}"));
        }
        let excerpt: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(EXCERPT).collect();
        if !excerpt.is_empty() {
            finding.evidence.push(format!("it begins with {excerpt:?}"));
        }
        let namespace = self.route.namespace();
        if status == 404 && body.contains(FRONTENDS_NOT_FOUND) {
            finding.cause.push(format!("the frontend has no page {}: its BASE_URL is another one", self.probe.path));
            finding.fix = format!("see it: kubectl -n {namespace} set env deployment/frontend --list");
            return finding;
        }
        finding.fix = match &self.probe.via {
            Via::Outside(address) => format!(
                "see who listens at {address}, and which Ingress has the host: kubectl get ingress --all-namespaces"
            ),
            Via::Inside => {
                format!("see what the host leads to: kubectl -n {namespace} describe ingress {}", self.route.name())
            }
        };
        finding
    }

    /// The certificate that was shown; says nothing where the Secret was read, which is judged itself.
    fn certificate(&self) -> Vec<Finding> {
        let Some(shown) = &self.probe.certificate else { return Vec::new() };
        if self.is_default(shown) {
            let mut finding =
                self.finding(Code::CERTIFICATE_NOT_SERVED, "the controller shows its own default certificate");
            finding.cause.push(format!("{} has no usable certificate for the host", self.title()));
            finding.evidence.push(format!(
                "asked for {} {}: certificate of {:?}",
                self.url(),
                self.where_from(),
                shown.subject
            ));
            finding.fix = self.see_secret();
            return vec![finding];
        }
        if self.edge.seen.secrets.is_some() {
            return Vec::new();
        }
        let secret =
            self.route.secrets().into_iter().find(|(host, _)| *host == self.probe.host).map(|(_, secret)| secret);
        let subject = Subject { edge: self.edge, route: self.route, host: &self.probe.host, secret };
        subject.validity(shown).into_iter().chain(subject.names(shown)).collect()
    }

    fn is_default(&self, shown: &CertificateFacts) -> bool {
        self.edge
            .known(self.route)
            .and_then(|known| known.default_certificate)
            .is_some_and(|default| shown.subject.eq_ignore_ascii_case(default))
    }
}
