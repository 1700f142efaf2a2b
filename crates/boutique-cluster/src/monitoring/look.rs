//! Looking at the shop and its edge, as far as monitoring depends on them.

use std::collections::{BTreeMap, BTreeSet};

use boutique_core::{
    contract::SetId,
    edge::{IngressSpec, outputs},
    monitoring::{EdgeInputs, Inputs, MonitoringSpec, monitors::COLLECTOR},
    object::Kind,
    service::Service,
};
use serde_json::Value;

use crate::{
    connect::Cluster,
    edge::{
        locate::{Located, locate},
        observe::objects,
    },
    request::ApiError,
    revisions::Records,
};

/// A shop and its edge as they were found.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What rendering needs of them.
    pub inputs: Inputs,
    /// Whether there is a shop; none if this user may not see it.
    pub has_shop: Option<bool>,
    /// Whether there is the ingress; none if none is named, or this user may not see it.
    pub has_ingress: Option<bool>,
}

/// Looks at the shop and its edge. What this user may not see is left open.
///
/// # Errors
/// Any other failure.
pub async fn look(cluster: &Cluster, spec: &MonitoringSpec) -> Result<Seen, ApiError> {
    // Boxed, because callers keep this future within others.
    let asked = Box::pin(async { tokio::try_join!(shop(cluster, spec), edge(cluster, spec)) });
    let (mut seen, (has_ingress, edge)) = asked.await?;
    seen.has_ingress = has_ingress;
    seen.inputs.edge = edge;
    Ok(seen)
}

async fn shop(cluster: &Cluster, spec: &MonitoringSpec) -> Result<Seen, ApiError> {
    let namespace = spec.shop_namespace();
    let id = SetId::stack(namespace, spec.shop_name());
    let frontend = Service::Frontend.name();
    let (services, frontend, records) = tokio::try_join!(
        visible(cluster.list(Kind::SERVICE, Some(namespace), "")),
        visible(cluster.get(Kind::DEPLOYMENT, Some(namespace), frontend)),
        visible(Records::read(cluster, &id)),
    )?;
    let names: Option<BTreeSet<String>> = services.map(|list| list.items.iter().filter_map(name).collect());
    let there = |service: &Service| names.as_ref().is_some_and(|names| names.contains(service.name()));
    let found = frontend.flatten();
    let has_shop = match (&records, &names) {
        (Some(records), _) if records.any() => Some(true),
        (None, None) => None,
        _ => Some(found.is_some()),
    };
    let inputs = Inputs {
        services: names.is_some().then(|| Service::ALL.into_iter().filter(there).collect()),
        base_path: found.as_ref().map(base_path).unwrap_or_default(),
        traces: names.as_ref().is_some_and(|names| names.contains(COLLECTOR)),
        edge: None,
    };
    Ok(Seen { inputs, has_shop, has_ingress: None })
}

async fn edge(cluster: &Cluster, spec: &MonitoringSpec) -> Result<(Option<bool>, Option<EdgeInputs>), ApiError> {
    let Some((namespace, name)) = spec.ingress_id() else { return Ok((None, None)) };
    let Some(records) = visible(Records::read(cluster, &SetId::ingress(namespace, name))).await? else {
        return Ok((None, None));
    };
    let revision = records.newest().ok().flatten();
    let ingress: Option<IngressSpec> = revision.and_then(|revision| serde_json::from_value(revision.spec).ok());
    let Some(ingress) = ingress else { return Ok((Some(records.any()), None)) };
    let located = locate(cluster, &ingress).await?;
    let found = outputs(&ingress, &objects(cluster, &ingress, &located).await?);
    let service = located.service.as_ref().and_then(self::name);
    let mut edge = EdgeInputs::of(&ingress).at(&found, service.as_deref());
    place(&mut edge, &located);
    Ok((Some(true), Some(edge)))
}

/// Where the controller's pods are.
fn place(edge: &mut EdgeInputs, located: &Located) {
    let of = |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let any = located.service.as_ref().or_else(|| located.pods.first());
    edge.namespace = any.and_then(|object| of(object, "/metadata/namespace")).unwrap_or_default();
    edge.kind = located.known.map(|known| known.kind).or(edge.kind);
    let selector = located.service.as_ref().and_then(|service| service.pointer("/spec/selector")?.as_object());
    edge.pod_labels = match selector {
        Some(selector) => selector
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect::<BTreeMap<_, _>>(),
        None => BTreeMap::new(),
    };
    let Some(known) = located.known else { return };
    let has_port = |pod: &Value| {
        let containers = pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
        let mut ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
        ports.any(|port| port["name"] == known.metrics.port_name)
    };
    edge.metrics = located.pods.iter().any(has_port);
}

fn name(object: &Value) -> Option<String> {
    object.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned)
}

fn base_path(frontend: &Value) -> String {
    let env = frontend.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array).into_iter().flatten();
    let base = env.into_iter().find(|variable| variable["name"] == "BASE_URL");
    let path = base.and_then(|base| base["value"].as_str()).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// What was found; none if this user may not see it.
pub(super) async fn visible<T>(asked: impl Future<Output = Result<T, ApiError>>) -> Result<Option<T>, ApiError> {
    match asked.await {
        Err(error) if error.missing_verb().is_some() => Ok(None),
        found => found.map(Some),
    }
}
