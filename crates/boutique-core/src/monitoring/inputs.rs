//! What only the cluster knows, and rendering needs: which services the shop has, and where its edge is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::spec::MonitoringSpec;
use crate::edge::controller::{Controller, ControllerKind, controller};
use crate::edge::spec::{Issuer, TlsSource};
use crate::edge::{IngressSpec, Outputs};
use crate::service::Service;

/// What only the cluster knows. It is kept in the specification's `tool`, so that a change shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inputs {
    /// Services of the shop that are there; none where that is not known, which means all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<BTreeSet<Service>>,
    /// Path below which the frontend answers: its `BASE_URL`, empty for most shops.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub base_path: String,
    /// Whether the shop's collector is there, so that requests leave spans.
    pub traces: bool,
    /// The edge, if the specification names one and it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeInputs>,
}

/// The edge of the shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeInputs {
    /// Which kind of controller serves it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ControllerKind>,
    /// Namespace of the controller.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Labels of the controller's pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Whether its pods show metrics.
    #[serde(default)]
    pub metrics: bool,
    /// Host, port and scheme by which the controller is reached from inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
    /// Name under which the shop answers.
    pub host: String,
    /// Whether it answers over HTTPS.
    pub tls: bool,
    /// Port of the edge as seen from outside, where it is not the scheme's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_port: Option<u16>,
    /// Name of the IngressClass.
    pub class: String,
    /// Where a certificate for a further host comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
}

/// The controller's Service for the scheme of the edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// Name of the Service, in the controller's namespace.
    pub service: String,
    /// Port.
    pub port: u16,
}

/// Where a certificate for a further host comes from, in the manner of the shop's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// It is signed by an authority of ours.
    SelfSigned,
    /// It is in a Secret of this name.
    Secret(String),
    /// cert-manager makes it.
    CertManager(Issuer),
}

impl EdgeInputs {
    /// What an ingress says about its edge; the controller's place is filled in by who looks at the cluster.
    #[must_use]
    pub fn of(spec: &IngressSpec) -> Self {
        let certificate = spec.tls.as_ref().and_then(|tls| tls.source()).map(|source| match source {
            TlsSource::SelfSigned => Certificate::SelfSigned,
            TlsSource::Secret(secret) => Certificate::Secret(secret.to_owned()),
            TlsSource::CertManager(issuer) => Certificate::CertManager(issuer.clone()),
        });
        Self {
            kind: spec.known().map(|known| known.kind),
            namespace: String::new(),
            pod_labels: BTreeMap::new(),
            metrics: false,
            inside: None,
            host: spec.host.clone(),
            tls: spec.tls.is_some(),
            outside_port: None,
            class: spec.class().to_owned(),
            certificate,
        }
    }

    /// With the ports that were found.
    #[must_use]
    pub fn at(mut self, outputs: &Outputs, service: Option<&str>) -> Self {
        let port = if self.tls { outputs.https_port } else { outputs.http_port };
        self.inside = service.map(|service| Inside { service: service.to_owned(), port });
        let usual = if self.tls { 443 } else { 80 };
        self.outside_port = outputs.outside.as_ref().map(|(_, port)| *port).filter(|port| *port != usual);
        self
    }

    /// What of it goes into objects: not what comes and goes with a controller's pods.
    fn rendered(self) -> Self {
        Self { metrics: false, outside_port: None, ..self }
    }

    /// What is known about the controller.
    #[must_use]
    pub fn known(&self) -> Option<&'static Controller> {
        controller(self.kind?)
    }

    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// URL of a host of this edge, for a browser.
    #[must_use]
    pub fn url(&self, host: &str) -> String {
        let port = self.outside_port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{host}{port}", self.scheme())
    }
}

/// Key of the specification's `tool` under which the inputs of the last apply are kept.
const SEEN: &str = "seen";

impl Inputs {
    /// What stands for the real ones while nobody may look at the cluster: a plan's digest must not depend on them.
    #[must_use]
    pub fn stand_in(spec: &MonitoringSpec) -> Self {
        let edge = spec.ingress.as_ref().map(|_| EdgeInputs {
            kind: Some(ControllerKind::Traefik),
            namespace: "edge".to_owned(),
            pod_labels: BTreeMap::new(),
            metrics: true,
            inside: Some(Inside { service: "edge".to_owned(), port: 80 }),
            host: "shop.local".to_owned(),
            tls: false,
            outside_port: None,
            class: "edge".to_owned(),
            certificate: None,
        });
        Self { edge, ..Self::default() }
    }

    /// Those of the last apply; none if they were not recorded.
    #[must_use]
    pub fn recorded(spec: &MonitoringSpec) -> Option<Self> {
        serde_json::from_value(spec.tool.get(SEEN)?.clone()).ok()
    }

    /// Keeps them in a specification.
    pub fn record(&self, spec: &mut MonitoringSpec) {
        if let Ok(seen) = serde_json::to_value(self) {
            spec.tool.insert(SEEN.to_owned(), seen);
        }
    }

    /// In what the cluster differs from what the last apply was told, as sentences.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.services != now.services && now.services.is_some() {
            let names = |services: &Option<BTreeSet<Service>>| {
                let names: Vec<&str> = services.iter().flatten().map(|service| service.name()).collect();
                names.join(", ")
            };
            changes.push(format!(
                "the shop has other services than are probed ({} instead of {}); the next apply probes them",
                names(&now.services),
                names(&self.services)
            ));
        }
        if self.base_path != now.base_path {
            changes.push(format!(
                "journeys go below {:?}, and the shop answers below {:?}; the next apply sends them there",
                self.base_path, now.base_path
            ));
        }
        let rendered = |inputs: &Self| inputs.edge.clone().map(EdgeInputs::rendered);
        if rendered(self) != rendered(now) && now.edge.is_some() {
            changes.push("the edge is another one than journeys take; the next apply sends them through it".to_owned());
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SetId;

    #[test]
    fn what_was_seen_reads_back_and_a_change_is_a_sentence() {
        let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        assert_eq!(Inputs::recorded(&spec), None);
        let seen = Inputs { services: Some([Service::Frontend].into()), ..Inputs::default() };
        seen.record(&mut spec);
        assert_eq!(Inputs::recorded(&spec), Some(seen.clone()));
        assert_eq!(seen.changes(&seen), Vec::<String>::new());
        let now = Inputs {
            services: Some([Service::Frontend, Service::Adservice].into()),
            base_path: "/online-boutique".to_owned(),
            ..Inputs::default()
        };
        let changes = seen.changes(&now).join("\n");
        assert!(changes.contains("frontend, adservice instead of frontend"), "{changes}");
        assert!(changes.contains("/online-boutique"), "{changes}");
    }

    #[test]
    fn that_the_shop_begins_to_trace_changes_no_object() {
        let seen = Inputs { traces: false, ..Inputs::default() };
        assert!(seen.changes(&Inputs { traces: true, ..Inputs::default() }).is_empty());
    }
}
