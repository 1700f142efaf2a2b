//! Services that nobody can reach.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{Scope, renamed};
use super::{CRITICAL, Says, WARNING};
use crate::catalogue::Page;
use crate::service::Service;

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for severity in [CRITICAL, WARNING] {
        rules.push(down(scope, severity));
        rules.push(empty(scope, severity));
    }
    rules
}

/// Services without which some page fails, or those that are only missed.
fn services(severity: &str) -> String {
    let needed = |service: Service| Page::ALL.into_iter().any(|page| page.needs(service));
    let names: Vec<&str> = Service::ALL
        .into_iter()
        .filter(|service| *service != Service::Loadgenerator)
        .filter(|service| needed(*service) == (severity == CRITICAL))
        .map(Service::name)
        .collect();
    names.join("|")
}

/// The Services that there are: a service that is switched off or kept elsewhere is not down.
fn existing(scope: &Scope<'_>, services: &str) -> String {
    format!("max by (service) ({})", scope.of_namespace("kube_service_info", &format!(r#"service=~"{services}""#)))
}

/// Probes of the blackbox exporter: the health call of gRPC, a page, a connection. They prove that somebody listens, no
/// more.
fn down(scope: &Scope<'_>, severity: &str) -> Rule {
    let services = services(severity);
    let matchers = format!(r#"boutique_service=~"{services}""#);
    let reached = renamed(&scope.answers(&matchers), "service", "boutique_service");
    let expr = format!("max by (service) ({reached}) == 0 and on (service) {}", existing(scope, &services));
    scope.alert(
        "BoutiqueServiceDown",
        severity,
        expr,
        Span::minutes(1),
        &Says {
            summary: "{{ $labels.service }} of SHOP does not answer",
            description: "{{ $labels.service }} in NAMESPACE cannot be reached under the address of its Service.",
            command: "kubectl boutique status -n NAMESPACE",
        },
    )
}

/// Endpoints by kube-state-metrics, of whichever kind it is told to show: `kube_endpoint_address` or
/// `kube_endpointslice_endpoints`. A slice is named after its Service. Silent where it shows neither.
fn empty(scope: &Scope<'_>, severity: &str) -> Rule {
    let services = services(severity);
    let endpoints = scope.of_namespace("kube_endpoint_address", &format!(r#"endpoint=~"{services}",ready="true""#));
    let slices = scope.of_namespace(
        "kube_endpointslice_endpoints",
        &format!(r#"endpointslice=~"({services})-[a-z0-9]{{5}}",ready="true""#),
    );
    let of_slice =
        format!(r#"label_replace({slices}, "service", "$1", "endpointslice", "({services})-[a-z0-9]{{5}}")"#);
    let ready = format!("{} or {of_slice}", renamed(&endpoints, "service", "endpoint"));
    let shown = format!(
        "count({} or {})",
        scope.of_namespace("kube_endpoint_info", ""),
        scope.of_namespace("kube_endpointslice_info", "")
    );
    let expr =
        format!("{} unless on (service) max by (service) ({ready}) and on () {shown}", existing(scope, &services));
    scope.alert(
        "BoutiqueEndpointsEmpty",
        severity,
        expr,
        Span::minutes(2),
        &Says {
            summary: "Nothing is behind the Service {{ $labels.service }} of SHOP",
            description: "The Service {{ $labels.service }} in NAMESPACE has no ready endpoint: every call to it is refused.",
            command: "kubectl get endpointslices -n NAMESPACE -l kubernetes.io/service-name={{ $labels.service }}",
        },
    )
}
