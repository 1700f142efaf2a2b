//! Asking Prometheus itself, through the API server's service proxy.

use boutique_core::{
    monitoring::{MonitoringSpec, PrometheusPlace, chart::PROMETHEUS_PORT, installed_prometheus, place_of},
    object::Kind,
};
use http::Method;
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{build, encode},
};

/// Why Prometheus did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// This user may not use the service proxy.
    Forbidden(String),
    /// It may answer later.
    NotYet(String),
}

/// The Service of the Prometheus that is used, and what its paths begin with.
pub(crate) fn place(spec: &MonitoringSpec, prometheus: Option<&Value>) -> Option<(PrometheusPlace, String)> {
    let place = installed_prometheus(spec).or_else(|| place_of(prometheus?))?;
    let prefix = prometheus.and_then(|live| live.pointer("/spec/routePrefix")).and_then(Value::as_str);
    Some((place, prefix.unwrap_or_default().trim_end_matches('/').to_owned()))
}

/// One GET of Prometheus' API.
pub(crate) async fn get(
    cluster: &Cluster,
    (place, prefix): &(PrometheusPlace, String),
    path: &str,
) -> Result<Value, NoAnswer> {
    let service = format!("{}:{PROMETHEUS_PORT}", encode(&place.service));
    let root = Kind::SERVICE.object_path(Some(&place.namespace), &service);
    let request = build(Method::GET, &format!("{root}/proxy{prefix}{path}"), None, Vec::new());
    let response = cluster.raw(request).await.map_err(|error| NoAnswer::NotYet(error.to_string()))?;
    let status = response.status().as_u16();
    let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    if status == 200 && answer["status"] == "success" {
        return Ok(answer);
    }
    let said = answer["message"].as_str().or_else(|| answer["error"].as_str()).unwrap_or("no answer of Prometheus");
    let text = format!("{} answered {status}: {said}", place.url());
    // Prometheus itself answers without a kind.
    let of_api_server = answer["kind"] == "Status";
    Err(if of_api_server && matches!(status, 401 | 403) { NoAnswer::Forbidden(text) } else { NoAnswer::NotYet(text) })
}
