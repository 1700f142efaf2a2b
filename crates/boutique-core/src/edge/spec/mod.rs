//! What a person asks for: the specification of one way into the shop, as the provider takes it and as revisions store it.

mod controller;
mod tls;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use controller::{ChartSpec, ControllerSpec, ServiceType};
pub use tls::{Issuer, IssuerKind, TlsSource, TlsSpec};

use super::controller::{Controller, ControllerKind};
use super::validate;
use crate::contract::SetId;
use crate::spec::Problem;

/// One edge. Names, host and the kind of controller are enough; a field that an older build does not know is an error
/// there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngressSpec {
    /// Name of the ingress.
    pub name: String,
    /// Namespace of the shop, in which the routes live: an Ingress reaches Services of its own namespace only.
    pub namespace: String,
    /// The host name under which the shop answers.
    pub host: String,
    /// The path below which it answers, such as `/online-boutique`; the whole host where nothing is said. Requests keep
    /// it, so the frontend's `BASE_URL` must be the same, which upstream understands since v0.10.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where the shop's requests go.
    #[serde(default, skip_serializing_if = "Backend::is_default")]
    pub service: Backend,
    /// Further host names with the Service that each leads to, such as `grafana.shop.local`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<String, Backend>,
    /// Who listens.
    pub controller: ControllerSpec,
    /// The certificate; without it the edge speaks HTTP only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSpec>,
    /// How long the controller waits for the shop.
    #[serde(default, skip_serializing_if = "Timeouts::is_empty")]
    pub timeouts: Timeouts,
    /// Annotations of the shop's Ingress, beside ours and above them; further hosts do not get them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Simulated shoppers that come through the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_generator: Option<EdgeLoad>,
    /// What the tool that applied it wants to find again. Never rendered.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub tool: Map<String, Value>,
}

/// A Service of the ingress' namespace and one of its ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backend {
    /// Name of the Service.
    pub service: String,
    /// Port of the Service; signed so that a negative number can be named in an error.
    pub port: i64,
}

impl Default for Backend {
    fn default() -> Self {
        Self { service: "frontend".to_owned(), port: 80 }
    }
}

impl Backend {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whole seconds that the controller waits; signed so that a negative number can be named in an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For a connection to a pod of the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<i64>,
    /// For the next bytes of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<i64>,
    /// For the shop to take the next bytes of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<i64>,
}

/// Seconds that fit the shop, where a person says nothing.
///
/// A pod of the same cluster accepts within milliseconds or is gone. A page whose backend has vanished without a trace
/// comes to the frontend's own error after the 20 seconds that one dial of its gRPC library takes: the edge waits a
/// little longer, so that shoppers see that error and not a bare 504.
pub(super) const FITTING: (i64, i64, i64) = (2, 30, 30);

impl Timeouts {
    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.connect.is_none() && self.read.is_none() && self.send.is_none()
    }

    /// Every one that is set, or what fits the shop.
    #[must_use]
    pub fn effective(&self) -> Self {
        let (connect, read, send) = FITTING;
        Self { connect: self.connect.or(Some(connect)), read: self.read.or(Some(read)), send: self.send.or(Some(send)) }
    }
}

/// Simulated shoppers that come through the edge, in a Deployment of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeLoad {
    /// Whether they come.
    pub enabled: bool,
    /// Shoppers at the same time.
    pub users: i64,
    /// Shoppers that arrive per second until there are `users`.
    pub rate: i64,
    /// The whole image reference, in place of upstream's newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Default for EdgeLoad {
    fn default() -> Self {
        Self { enabled: true, users: 10, rate: 1, image: None }
    }
}

impl IngressSpec {
    /// An edge for the shop of a namespace, over HTTP, through a controller that is there.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        name: impl Into<String>,
        host: impl Into<String>,
        kind: ControllerKind,
    ) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            host: host.into(),
            path: None,
            service: Backend::default(),
            hosts: BTreeMap::new(),
            controller: ControllerSpec::new(kind),
            tls: None,
            timeouts: Timeouts::default(),
            annotations: BTreeMap::new(),
            load_generator: None,
            tool: Map::new(),
        }
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> SetId {
        SetId::ingress(self.namespace.clone(), self.name.clone())
    }

    /// Everything that is wrong with it, all at once. Empty means it can be rendered.
    #[must_use]
    pub fn validate(&self) -> Vec<Problem> {
        validate::validate(self)
    }

    /// What works and should be known all the same, such as a controller that gets no security fixes any more.
    #[must_use]
    pub fn warnings(&self) -> Vec<Problem> {
        validate::warnings(self)
    }

    /// What is known about the controller's kind; nothing about `existing`.
    #[must_use]
    pub fn known(&self) -> Option<&'static Controller> {
        super::controller::controller(self.controller.kind)
    }

    /// Name of the IngressClass that the routes ask for.
    #[must_use]
    pub fn class(&self) -> &str {
        self.of_controller(self.controller.class.as_deref(), |known| known.class)
    }

    /// Name of the controller's Helm release; empty for `existing` without one.
    #[must_use]
    pub fn release(&self) -> &str {
        self.of_controller(self.controller.release.as_deref(), |known| known.release)
    }

    /// Namespace of the controller; empty for `existing` without one.
    #[must_use]
    pub fn controller_namespace(&self) -> &str {
        self.of_controller(self.controller.namespace.as_deref(), |known| known.namespace)
    }

    fn of_controller<'a>(&self, own: Option<&'a str>, default: fn(&'static Controller) -> &'static str) -> &'a str {
        own.unwrap_or_else(|| self.known().map_or("", default))
    }

    /// The shop's host, then the further ones.
    #[must_use]
    pub fn all_hosts(&self) -> Vec<&str> {
        std::iter::once(self.host.as_str()).chain(self.hosts.keys().map(String::as_str)).collect()
    }

    /// `http`, or `https` with a certificate.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The base path, empty for the whole host, never with a slash at its end.
    #[must_use]
    pub fn base_path(&self) -> &str {
        self.path.as_deref().unwrap_or_default().trim_end_matches('/')
    }

    /// Name of the Ingress of a host. Every host has its own, so that a setting of one does not touch another.
    #[must_use]
    pub fn ingress_name(&self, host: &str) -> String {
        if host == self.host {
            self.name.clone()
        } else {
            // An asterisk is no part of a name.
            format!("{}-{}", self.name, host.replace('*', "any"))
        }
    }

    /// Names of all Ingress objects, that of the shop first.
    #[must_use]
    pub fn ingress_names(&self) -> Vec<String> {
        self.all_hosts().into_iter().map(|host| self.ingress_name(host)).collect()
    }

    /// Name of the Secret that holds the certificate of a host.
    #[must_use]
    pub fn tls_secret(&self, host: &str) -> Option<String> {
        Some(match self.tls.as_ref()?.source()? {
            TlsSource::Secret(secret) => secret.to_owned(),
            TlsSource::SelfSigned => format!("{}-tls", self.name),
            // cert-manager refuses two Ingresses that want the same Secret made.
            TlsSource::CertManager(_) => format!("{}-tls", self.ingress_name(host)),
        })
    }

    /// Whether plain HTTP is sent on to HTTPS.
    #[must_use]
    pub fn redirects(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.redirect.unwrap_or_else(|| self.known().is_some()))
    }

    /// The simulated shoppers, if they come.
    #[must_use]
    pub fn load(&self) -> Option<&EdgeLoad> {
        self.load_generator.as_ref().filter(|load| load.enabled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_names_a_host_and_a_kind_are_an_edge() {
        let spec: IngressSpec = serde_json::from_value(
            json!({"name": "shop", "namespace": "shop", "host": "shop.local", "controller": {"kind": "traefik"}}),
        )
        .expect("is an edge");
        assert_eq!(spec, IngressSpec::new("shop", "shop", "shop.local", ControllerKind::Traefik));
        assert_eq!((spec.class(), spec.release(), spec.scheme()), ("traefik", "traefik", "http"));
        assert_eq!((spec.service.service.as_str(), spec.service.port), ("frontend", 80));
    }

    #[test]
    fn what_is_stored_reads_back_equal() {
        let spec: IngressSpec = serde_json::from_value(json!({
            "name": "shop", "namespace": "shop", "host": "shop.local", "path": "/online-boutique",
            "service": {"service": "web", "port": 8080},
            "hosts": {"grafana.shop.local": {"service": "grafana", "port": 3000}, "www.shop.local": {}},
            "controller": {"kind": "f5-nginx", "install": true, "service_type": "ClusterIP", "replicas": 2,
                "chart": {"chart": "./charts/nginx"}, "values": {"controller": {"logLevel": "debug"}}},
            "tls": {"cert_manager": {"name": "letsencrypt"}, "redirect": false},
            "timeouts": {"read": 60}, "annotations": {"example.com/a": "b"}, "load_generator": {"users": 5},
        }))
        .expect("is an edge");
        let stored = serde_json::to_value(&spec).expect("is JSON");
        assert_eq!(serde_json::from_value::<IngressSpec>(stored).expect("reads back"), spec);
        assert_eq!(spec.hosts["www.shop.local"], Backend::default());
    }

    #[test]
    fn a_field_nobody_knows_is_named() {
        let json = json!({"name": "a", "namespace": "b", "host": "c", "controller": {"kind": "nginx"}});
        let message = serde_json::from_value::<IngressSpec>(json).expect_err("is no kind").to_string();
        assert!(message.contains("f5-nginx") && message.contains("traefik"), "{message}");
        let json = json!({"name": "a", "namespace": "b", "host": "c", "controller": {"kind": "traefik"}, "hots": {}});
        let message = serde_json::from_value::<IngressSpec>(json).expect_err("is wrong").to_string();
        assert!(message.contains("hots"), "{message}");
    }

    #[test]
    fn cert_manager_makes_a_secret_for_every_host_and_a_self_signed_certificate_covers_all() {
        let mut spec = IngressSpec::new("shop", "shop", "shop.local", ControllerKind::Traefik);
        spec.hosts.insert("*.shop.local".to_owned(), Backend::default());
        spec.tls = Some(TlsSpec { self_signed: true, ..TlsSpec::default() });
        assert_eq!(spec.tls_secret("*.shop.local").as_deref(), Some("shop-tls"));
        let issuer = Issuer { kind: IssuerKind::Issuer, name: "ca".to_owned() };
        spec.tls = Some(TlsSpec { cert_manager: Some(issuer), ..TlsSpec::default() });
        assert_eq!(spec.tls_secret("shop.local").as_deref(), Some("shop-tls"));
        assert_eq!(spec.tls_secret("*.shop.local").as_deref(), Some("shop-any.shop.local-tls"));
    }
}
