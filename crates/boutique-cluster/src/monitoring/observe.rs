//! Collecting what `monitoring::judge` reads. A list that this user may not see is left out, and what depends on it is not
//! judged.

use std::collections::{BTreeMap, BTreeSet};

use boutique_core::{
    monitoring::{
        MonitoringObservation, MonitoringSpec,
        judge::{is_operator, operators::asks_about_rules},
    },
    object::Kind,
};
use jiff::Timestamp;
use serde_json::Value;

use super::look::{Seen, visible};
use crate::{connect::Cluster, request::ApiError};

/// CRDs that are looked at.
const CRDS: [Kind; 5] =
    [Kind::PROMETHEUS, Kind::PROMETHEUS_RULE, Kind::SERVICE_MONITOR, Kind::POD_MONITOR, Kind::PROBE];

/// Observes everything but what Prometheus itself says.
///
/// # Errors
/// Any failure but a lacking permission.
pub(super) async fn observe(
    cluster: &Cluster,
    spec: &MonitoringSpec,
    seen: Seen,
) -> Result<MonitoringObservation, ApiError> {
    let namespace = Some(spec.namespace.as_str());
    // Boxed, because so many requests at once make a large future, and callers keep it within others.
    let asked = Box::pin(async {
        tokio::try_join!(
            crds(cluster, spec),
            list(cluster, Kind::DEPLOYMENT, None),
            list(cluster, Kind::PROMETHEUS, None),
            visible(cluster.get(Kind::NAMESPACE, None, &spec.namespace)),
            list(cluster, Kind::POD, namespace),
            list(cluster, Kind::JOB, namespace),
            list(cluster, Kind::PERSISTENT_VOLUME_CLAIM, namespace),
            webhooks(cluster),
            list(cluster, Kind::EVENT, namespace),
        )
    });
    let (crds, deployments, prometheuses, live, pods, jobs, claims, webhooks, events) = asked.await?;
    let endpoint_slices = endpoint_slices(cluster, webhooks.as_deref()).await?;
    let mut events = events.unwrap_or_default();
    events.sort_by_cached_key(last_seen);
    Ok(MonitoringObservation {
        inputs: seen.inputs,
        has_shop: seen.has_shop,
        has_ingress: seen.has_ingress,
        crds,
        operators: deployments.map(|all| all.into_iter().filter(is_operator).collect()),
        prometheuses,
        namespaces: live.map(|live| labels(&spec.namespace, live.as_ref())).into_iter().collect(),
        pods,
        jobs,
        claims,
        webhooks,
        endpoint_slices,
        events,
        at: Some(Timestamp::now()),
        ..MonitoringObservation::new(spec)
    })
}

/// Labels of a namespace; of one that is not there yet, those that every namespace has.
fn labels(name: &str, live: Option<&Value>) -> (String, BTreeMap<String, String>) {
    let found = live.and_then(|live| live.pointer("/metadata/labels")?.as_object());
    let labels = match found {
        Some(found) => {
            found.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        }
        None => BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), name.to_owned())]),
    };
    (name.to_owned(), labels)
}

fn last_seen(event: &Value) -> String {
    let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    times.iter().find_map(|time| event.pointer(time).and_then(Value::as_str)).unwrap_or_default().to_owned()
}

/// The operator's CRDs, one by one: all of a cluster's are many megabytes. A chart that is installed brings its own.
async fn crds(cluster: &Cluster, spec: &MonitoringSpec) -> Result<Option<Vec<Value>>, ApiError> {
    if !spec.chart.existing {
        return Ok(None);
    }
    let mut found = Vec::new();
    for kind in CRDS {
        let name = format!("{}.{}", kind.plural, kind.group);
        match visible(cluster.get(Kind::CUSTOM_RESOURCE_DEFINITION, None, &name)).await? {
            Some(crd) => found.extend(crd),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// Webhook configurations that ask about rules.
async fn webhooks(cluster: &Cluster) -> Result<Option<Vec<Value>>, ApiError> {
    let (validating, mutating) = tokio::try_join!(
        list(cluster, Kind::VALIDATING_WEBHOOK_CONFIGURATION, None),
        list(cluster, Kind::MUTATING_WEBHOOK_CONFIGURATION, None),
    )?;
    let (Some(validating), Some(mutating)) = (validating, mutating) else { return Ok(None) };
    let asks = |configuration: &Value| {
        configuration["webhooks"].as_array().is_some_and(|webhooks| webhooks.iter().any(asks_about_rules))
    };
    Ok(Some(validating.into_iter().chain(mutating).filter(asks).collect()))
}

/// EndpointSlices of the namespaces in which these webhooks answer.
async fn endpoint_slices(cluster: &Cluster, webhooks: Option<&[Value]>) -> Result<Option<Vec<Value>>, ApiError> {
    let Some(webhooks) = webhooks else { return Ok(None) };
    let namespaces: BTreeSet<&str> = webhooks
        .iter()
        .flat_map(|configuration| configuration["webhooks"].as_array().into_iter().flatten())
        .filter_map(|webhook| webhook.pointer("/clientConfig/service/namespace")?.as_str())
        .collect();
    let mut slices = Vec::new();
    for namespace in namespaces {
        match list(cluster, Kind::ENDPOINT_SLICE, Some(namespace)).await? {
            Some(found) => slices.extend(found),
            None => return Ok(None),
        }
    }
    Ok(Some(slices))
}

/// A list; none if this user may not see it, and empty if the cluster does not know the kind.
async fn list(cluster: &Cluster, kind: Kind, namespace: Option<&str>) -> Result<Option<Vec<Value>>, ApiError> {
    match cluster.list(kind, namespace, "").await {
        Err(error) if kind.is_custom() && error.is_not_found() => Ok(Some(Vec::new())),
        Err(error) if error.missing_verb().is_some() => Ok(None),
        list => Ok(Some(list?.items)),
    }
}
