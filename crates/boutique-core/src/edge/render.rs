//! From a specification to the objects of the routes.

use core::net::IpAddr;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::controller::ControllerKind;
use super::spec::{Backend, IngressSpec};
use super::{annotations, load};
use crate::object::{Kind, Manifest};
use crate::render::{MANAGED_BY, PART_OF, RenderError};
use crate::spec::Problem;

/// Why a specification cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// Something is wrong with it.
    #[error("the specification of the ingress is not valid: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// The load generator, which is rendered as that of a shop, cannot be.
    #[error("the load generator of the edge cannot be rendered")]
    Load(#[from] RenderError),
}

/// What rendering needs and a specification cannot say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Where the controller is reached from inside the cluster: the ClusterIP of its Service. Known only after the
    /// controller is there; without it the load generator is left out (see [`needs_edge_address`]).
    pub edge_address: Option<IpAddr>,
    /// The port for HTTP of that Service; 80 where nothing is said.
    pub http_port: Option<u16>,
    /// Ports of the nodes for HTTP and for HTTPS, where these are the way in, so that a redirect leads from one to the
    /// other. Known only after the controller is there, too.
    pub node_ports: Option<(u16, u16)>,
    /// The image of the shop's own load generator, in place of upstream's newest; the specification's own goes first.
    pub load_image: Option<String>,
}

/// Whether [`render`] leaves something out as long as it is not told the controller's address.
#[must_use]
pub fn needs_edge_address(spec: &IngressSpec) -> bool {
    spec.load().is_some()
}

/// Whether the controller can be told to redirect to a node port. Both nginx controllers send to port 443 or to the one on
/// which they listen themselves, whatever port the request came to.
#[must_use]
pub fn redirects_to_node_port(spec: &IngressSpec) -> bool {
    spec.redirects() && spec.controller.kind == ControllerKind::Traefik
}

/// The objects of the routes: one Ingress per host, what its controller needs beside it, and the load generator.
///
/// Certificates are not among them: keys are made once, by who applies.
///
/// # Errors
///
/// [`EdgeError`] when [`IngressSpec::validate`] finds problems.
pub fn render(spec: &IngressSpec, inputs: &Inputs) -> Result<Vec<Manifest>, EdgeError> {
    let problems = spec.validate();
    if !problems.is_empty() {
        return Err(EdgeError::Invalid { problems });
    }
    let mut manifests = Vec::new();
    if spec.redirects() && spec.controller.kind == ControllerKind::Traefik {
        if let Some(ports) = inputs.node_ports {
            manifests.push(node_port_redirect(spec, ports));
        }
        // Not redirectScheme: that also sends HTTPS requests on whose host has a port, and so nobody through a node port.
        let redirect = json!({
            "regex": "^http://([^/:]+)(:[0-9]+)?(/.*)?$", "replacement": "https://${1}${3}", "permanent": true,
        });
        let body = json!({"spec": {"redirectRegex": redirect}});
        manifests.push(manifest(spec, Kind::MIDDLEWARE, &annotations::redirect_name(spec), body));
    }
    manifests.extend(routes_with(spec, inputs));
    if let (Some(settings), Some(address)) = (spec.load(), inputs.edge_address) {
        let body = load::body(spec, settings, address, inputs)?;
        manifests.push(manifest(spec, Kind::DEPLOYMENT, &load::name(spec), body));
    }
    Ok(manifests)
}

/// Who came to the node port for HTTP is sent to the one for HTTPS. Not for good, because another Service has others; and
/// who came without a port, through something in front of the nodes, is left to the usual redirect.
fn node_port_redirect(spec: &IngressSpec, (http, https): (u16, u16)) -> Manifest {
    let redirect = json!({
        "regex": format!("^http://([^/:]+):{http}(/.*)?$"), "replacement": format!("https://${{1}}:{https}${{2}}"),
    });
    let body = json!({"spec": {"redirectRegex": redirect}});
    manifest(spec, Kind::MIDDLEWARE, &annotations::node_port_redirect_name(spec), body)
}

/// The Ingress objects, that of the shop first; of a specification that need not be valid.
pub(super) fn routes(spec: &IngressSpec) -> Vec<Manifest> {
    routes_with(spec, &Inputs::default())
}

fn routes_with(spec: &IngressSpec, inputs: &Inputs) -> Vec<Manifest> {
    let hosts = std::iter::once((spec.host.as_str(), &spec.service, true))
        .chain(spec.hosts.iter().map(|(host, backend)| (host.as_str(), backend, false)));
    let of_host: BTreeMap<String, String> =
        annotations::of_host(spec, inputs.node_ports.is_some()).into_iter().collect();
    hosts.map(|(host, backend, is_shop)| route(spec, host, backend, is_shop, of_host.clone())).collect()
}

fn route(
    spec: &IngressSpec,
    host: &str,
    backend: &Backend,
    is_shop: bool,
    mut set: BTreeMap<String, String>,
) -> Manifest {
    let path = if is_shop && !spec.base_path().is_empty() { spec.base_path() } else { "/" };
    let service = json!({"name": backend.service, "port": {"number": backend.port}});
    let mut body = json!({"spec": {
        "ingressClassName": spec.class(),
        "rules": [{
            "host": host,
            "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": {"service": service}}]},
        }],
    }});
    if let Some(secret) = spec.tls_secret(host) {
        body["spec"]["tls"] = json!([{"hosts": [host], "secretName": secret}]);
    }
    let mut manifest = manifest(spec, Kind::INGRESS, &spec.ingress_name(host), body);
    if is_shop {
        set.extend(annotations::of_shop(spec));
        set.extend(spec.annotations.clone());
    }
    for (key, value) in set {
        manifest.set_annotation(&key, value);
    }
    manifest
}

fn manifest(spec: &IngressSpec, kind: Kind, name: &str, body: Value) -> Manifest {
    let mut manifest = Manifest::new(kind, &spec.namespace, name, body);
    for (key, value) in [
        ("app.kubernetes.io/name", if kind == Kind::DEPLOYMENT { "loadgenerator" } else { "ingress" }),
        ("app.kubernetes.io/instance", spec.name.as_str()),
        ("app.kubernetes.io/part-of", PART_OF),
        ("app.kubernetes.io/managed-by", MANAGED_BY),
    ] {
        manifest.set_label(key, value);
    }
    for (key, value) in spec.id().labels() {
        manifest.set_label(key, value);
    }
    manifest
}
