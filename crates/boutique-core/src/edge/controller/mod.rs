//! The ingress controllers that this build knows: charts, classes, names, and what their metrics say.
//!
//! [`CONTROLLERS`] is the table; the rest says what it means.

mod known;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use known::CONTROLLERS;

use super::string;

/// A kind of controller, as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControllerKind {
    /// F5's NGINX Ingress Controller.
    #[serde(rename = "f5-nginx")]
    F5Nginx,
    /// The Kubernetes project's ingress-nginx, retired since March 2026.
    IngressNginx,
    /// Traefik Proxy.
    Traefik,
    /// Whatever serves the named IngressClass.
    Existing,
}

impl ControllerKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::F5Nginx, Self::IngressNginx, Self::Traefik, Self::Existing];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F5Nginx => "f5-nginx",
            Self::IngressNginx => "ingress-nginx",
            Self::Traefik => "traefik",
            Self::Existing => "existing",
        }
    }
}

impl fmt::Display for ControllerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of controller: use f5-nginx, ingress-nginx, traefik or existing")]
pub struct BadKind(pub String);

impl FromStr for ControllerKind {
    type Err = BadKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| BadKind(text.to_owned()))
    }
}

/// What is known about a kind of controller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controller {
    /// The kind.
    pub kind: ControllerKind,
    /// What people call it.
    pub title: &'static str,
    /// Its chart.
    pub chart: Chart,
    /// Name of the Helm release, unless another is asked for.
    pub release: &'static str,
    /// Namespace of the release, unless another is asked for.
    pub namespace: &'static str,
    /// Name of its IngressClass, unless another is asked for.
    pub class: &'static str,
    /// What its IngressClass says in `spec.controller`: how the controller recognises its classes.
    pub class_controller: &'static str,
    /// Name of the container that serves requests; the Deployment's own name where none is given.
    pub container: Option<&'static str>,
    /// Name of the Service's port for HTTP; its number is 80.
    pub http_port: &'static str,
    /// Name of the Service's port for HTTPS; its number is 443.
    pub https_port: &'static str,
    /// What it answers for a host that it does not know: part of the body.
    pub not_found: &'static str,
    /// Common name of the certificate that it shows where it has none for the host; none if it ends the handshake.
    pub default_certificate: Option<&'static str>,
    /// How it merges Ingresses that name the same host.
    pub same_host: SameHost,
    /// Its metrics.
    pub metrics: Metrics,
    /// Whether it reports to its vendor unless told not to.
    pub telemetry: bool,
    /// Whether Helm cannot check values without the internet, because the chart's schema refers to others there.
    pub remote_schema: bool,
    /// Why it should not be chosen any more.
    pub retired: Option<Retired>,
}

/// A controller that nobody maintains any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// What happened and what it means, as a sentence without a full stop.
    pub what: &'static str,
    /// What to do in a resource of ours.
    pub attribute: &'static str,
    /// What to do elsewhere.
    pub instead: &'static str,
}

/// Where a chart comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its name.
    pub name: &'static str,
    /// The classic repository.
    pub repository: &'static str,
    /// The reference in an OCI registry, where there is an official one.
    pub oci: Option<&'static str>,
    /// The version that this build knows to work.
    pub version: &'static str,
    /// The controller's version in that chart.
    pub app_version: &'static str,
}

/// What a controller makes of two Ingresses for the same host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameHost {
    /// The older one has the whole host, the other is refused.
    OlderTakesAll,
    /// Paths are merged; for one and the same path the older one wins.
    OlderTakesPath,
    /// Paths are merged; for one and the same path nobody says which wins.
    Undefined,
}

/// Request metrics of a controller by meaning. A label that it does not have is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Port of the pods.
    pub port: u16,
    /// Name of that port in the pods.
    pub port_name: &'static str,
    /// Path.
    pub path: &'static str,
    /// Counter of requests.
    pub requests: &'static str,
    /// A series in which requests are told apart by status, if another than `requests`.
    pub by_status: Option<&'static str>,
    /// Label with the status code, on `by_status` or else on `requests`.
    pub status: Option<&'static str>,
    /// Label with the Service.
    pub service: Option<&'static str>,
    /// Label with the namespace of the Ingress or Service.
    pub namespace: Option<&'static str>,
    /// Label with the Ingress.
    pub ingress: Option<&'static str>,
    /// Label with the host.
    pub host: Option<&'static str>,
    /// Histogram of how long requests took, without `_bucket`.
    pub latency: &'static str,
    /// How many units of that histogram make a second.
    pub latency_per_second: u32,
    /// A gauge that is 1 while the last configuration was taken, if it has one.
    pub reload: Option<&'static str>,
    /// What these metrics cannot show.
    pub lacks: Option<&'static str>,
}

/// The controllers by kind; nothing is known about `existing`.
#[must_use]
pub fn controller(kind: ControllerKind) -> Option<&'static Controller> {
    CONTROLLERS.iter().find(|known| known.kind == kind)
}

/// The controller whose IngressClasses say this in `spec.controller`.
#[must_use]
pub fn by_class_controller(class_controller: &str) -> Option<&'static Controller> {
    CONTROLLERS.iter().find(|known| known.class_controller == class_controller)
}

/// Name and namespace of the Helm release that made an object, as Helm writes them on it: `(name, namespace)`.
#[must_use]
pub fn release_of(object: &Value) -> Option<(&str, &str)> {
    Some((
        string(object, "/metadata/annotations/meta.helm.sh~1release-name")?,
        string(object, "/metadata/annotations/meta.helm.sh~1release-namespace")?,
    ))
}

impl Controller {
    /// The name from which the chart makes all others.
    fn full_name(&self, release: &str) -> String {
        let name = if release.contains(self.chart.name) {
            release.to_owned()
        } else {
            format!("{release}-{}", self.chart.name)
        };
        truncated(name)
    }

    /// Name of the Service that takes requests.
    #[must_use]
    pub fn service_name(&self, release: &str) -> String {
        match self.kind {
            ControllerKind::Traefik => self.full_name(release),
            _ => truncated(format!("{}-controller", self.full_name(release))),
        }
    }

    /// Name of the Deployment or DaemonSet.
    #[must_use]
    pub fn workload_name(&self, release: &str) -> String {
        self.service_name(release)
    }

    /// Name of the Service for metrics, which our values ask the chart for.
    #[must_use]
    pub fn metrics_service(&self, release: &str) -> String {
        match self.kind {
            ControllerKind::F5Nginx => truncated(format!("{}-prometheus-service", self.full_name(release))),
            ControllerKind::IngressNginx => truncated(format!("{}-controller-metrics", self.full_name(release))),
            _ => truncated(format!("{}-metrics", self.full_name(release))),
        }
    }

    /// Labels of the pods of one release.
    #[must_use]
    pub fn pod_labels(&self, release: &str, namespace: &str) -> Vec<(&'static str, String)> {
        let instance = match self.kind {
            ControllerKind::Traefik => format!("{release}-{namespace}"),
            _ => release.to_owned(),
        };
        let mut labels =
            vec![("app.kubernetes.io/name", self.chart.name.to_owned()), ("app.kubernetes.io/instance", instance)];
        if self.kind == ControllerKind::IngressNginx {
            labels.push(("app.kubernetes.io/component", "controller".to_owned()));
        }
        labels
    }

    /// Label selector for the pods of one release.
    #[must_use]
    pub fn pod_selector(&self, release: &str, namespace: &str) -> String {
        let pairs: Vec<String> =
            self.pod_labels(release, namespace).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.join(",")
    }

    /// Label selector for everything of this kind of controller, whatever its release.
    #[must_use]
    pub fn any_selector(&self) -> String {
        format!("app.kubernetes.io/name={}", self.chart.name)
    }
}

/// Names of the charts are cut as their templates cut them.
fn truncated(mut name: String) -> String {
    if name.len() > 63 {
        let end = (0..=63).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
        name.truncate(end);
    }
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_but_existing_is_known_and_named_as_it_is_written() {
        for kind in ControllerKind::ALL {
            assert_eq!(kind.name().parse::<ControllerKind>(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).expect("is JSON"), json!(kind.name()));
            assert_eq!(controller(kind).is_some(), kind != ControllerKind::Existing);
        }
        for known in CONTROLLERS {
            assert_eq!(by_class_controller(known.class_controller), Some(known));
        }
        assert!("nginx".parse::<ControllerKind>().expect_err("is none").to_string().contains("f5-nginx"));
    }

    #[test]
    fn names_follow_the_charts_templates() {
        let known = |kind| controller(kind).expect("is known");
        let f5 = known(ControllerKind::F5Nginx);
        assert_eq!(f5.service_name("nginx-ingress"), "nginx-ingress-controller");
        assert_eq!(f5.service_name("edge"), "edge-nginx-ingress-controller");
        assert_eq!(f5.metrics_service("edge"), "edge-nginx-ingress-prometheus-service");
        let community = known(ControllerKind::IngressNginx);
        assert_eq!(community.service_name("my-ingress-nginx"), "my-ingress-nginx-controller");
        assert_eq!(
            community.pod_selector("edge", "edge"),
            "app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/instance=edge,app.kubernetes.io/component=controller"
        );
        let traefik = known(ControllerKind::Traefik);
        assert_eq!(traefik.service_name("edge"), "edge-traefik");
        assert_eq!(
            traefik.pod_selector("edge", "web"),
            "app.kubernetes.io/name=traefik,app.kubernetes.io/instance=edge-web"
        );
        let long = "x".repeat(53);
        assert!(f5.service_name(&long).len() <= 63 && f5.metrics_service(&long).len() <= 63);
    }

    #[test]
    fn helm_says_which_release_made_an_object() {
        let class = json!({"metadata": {"annotations": {
            "meta.helm.sh/release-name": "edge", "meta.helm.sh/release-namespace": "web",
        }}});
        assert_eq!(release_of(&class), Some(("edge", "web")));
        assert_eq!(release_of(&json!({"metadata": {}})), None);
    }
}
