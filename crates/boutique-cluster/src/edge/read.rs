//! Reading an edge: routes, release, certificate, and where it is reached.

use boutique_core::{
    contract::SetId,
    edge::{IngressSpec, Outputs, needs_edge_address, outputs, redirects_to_node_port},
};

use super::{
    apply::{EDGE_ADDRESS, NODE_PORTS, node_ports, secrets},
    certificate,
    error::ReadError,
    locate::locate,
    observe::objects,
    release,
};
use crate::{
    applyset::{self, SetReading},
    connect::Cluster,
    helm::ReleaseReading,
};

/// An edge as it stands in the cluster.
#[derive(Debug, Clone, Default)]
pub struct EdgeReading {
    /// The routes and their records.
    pub set: SetReading,
    /// Where it is reached; none if there is no specification to tell.
    pub outputs: Option<Outputs>,
    /// The controller's release, if this ingress installs it.
    pub release: Option<ReleaseReading>,
    /// Certificate of the authority of a self-signed certificate, PEM.
    pub authority: Option<String>,
    /// What an apply would put right or go on with, as sentences.
    pub pending: Vec<String>,
}

/// Reads an edge. The specification is that of the newest revision; `known` stands in where that cannot be read.
/// `version` is that of the secret values that are wanted.
///
/// # Errors
/// Any failure: only an empty answer means that something is not there, never an error.
pub async fn read(
    cluster: &Cluster,
    id: &SetId,
    known: Option<&IngressSpec>,
    version: Option<i64>,
) -> Result<EdgeReading, ReadError> {
    let set = applyset::read(cluster, id).await?;
    let recorded: Option<IngressSpec> =
        set.revision.as_ref().and_then(|revision| serde_json::from_value(revision.spec.clone()).ok());
    let mut reading = EdgeReading { pending: set.pending.clone(), set, ..EdgeReading::default() };
    let Some(spec) = recorded.as_ref().or(known).filter(|_| reading.set.exists) else { return Ok(reading) };
    let secrets = secrets(spec);
    let certificates = async {
        match secrets.is_empty() {
            true => Ok(certificate::Standing::default()),
            false => certificate::read(cluster, id, &secrets).await,
        }
    };
    let outputs = async {
        let located = locate(cluster, spec).await?;
        Ok(outputs(spec, &objects(cluster, spec, &located).await?))
    };
    // Boxed, because callers keep this future within others.
    let asked = Box::pin(async {
        tokio::try_join!(
            async { certificates.await.map_err(ReadError::from) },
            outputs,
            release::pending(cluster, spec, version),
        )
    });
    let (certificates, outputs, (release, pending)) = asked.await?;
    reading.pending.extend(pending);
    reading.pending.extend(certificates.pending);
    reading.pending.extend(moved(spec, &outputs));
    reading.pending.extend(renumbered(spec, &outputs));
    reading.authority = certificates.authority;
    reading.release = release;
    reading.outputs = Some(outputs);
    Ok(reading)
}

/// Whether the controller has another address than the load generator was told.
fn moved(spec: &IngressSpec, outputs: &Outputs) -> Option<String> {
    if !needs_edge_address(spec) {
        return None;
    }
    let told = spec.tool.get(EDGE_ADDRESS).and_then(|told| told.as_str()).unwrap_or("no address");
    let found = outputs.cluster_ip?.to_string();
    (told != found).then(|| {
        format!("the load generator was told {told}, and the controller is at {found}; the next apply tells it")
    })
}

/// Whether the nodes have other ports for the controller than the redirect was told.
fn renumbered(spec: &IngressSpec, outputs: &Outputs) -> Option<String> {
    if !redirects_to_node_port(spec) {
        return None;
    }
    let told = spec.tool.get(NODE_PORTS).and_then(|told| told.as_str()).unwrap_or("no node ports");
    let found = outputs.node_ports.map_or_else(|| "no node ports".to_owned(), |(http, https)| node_ports(http, https));
    (told != found)
        .then(|| format!("the redirect to HTTPS was told {told}, and the way in has {found}; the next apply tells it"))
}

#[cfg(test)]
mod tests {
    use boutique_core::edge::EdgeObjects;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_redirect_is_told_again_when_the_nodes_have_other_ports() {
        let mut spec: IngressSpec = serde_json::from_value(json!({
            "name": "shop", "namespace": "shop", "host": "shop.local", "controller": {"kind": "traefik"},
            "tls": {"self_signed": true}, "tool": {NODE_PORTS: "30080 and 30443"},
        }))
        .unwrap();
        let found = |spec: &IngressSpec, kind: &str, secure: u16| {
            let ports = json!([{"port": 80, "nodePort": 30_080}, {"port": 443, "nodePort": secure}]);
            let node = json!({"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}});
            let service = json!({"spec": {"type": kind, "ports": ports}});
            let objects =
                EdgeObjects { controller_service: Some(service), nodes: vec![node], ..EdgeObjects::default() };
            renumbered(spec, &outputs(spec, &objects))
        };
        assert_eq!(found(&spec, "NodePort", 30_443), None);
        assert!(found(&spec, "NodePort", 30_444).is_some_and(|said| said.contains("30080 and 30444")));
        assert!(found(&spec, "LoadBalancer", 30_443).is_some_and(|said| said.contains("has no node ports")));
        spec.tls = None;
        assert_eq!(found(&spec, "NodePort", 30_444), None, "nothing is redirected");
    }
}
