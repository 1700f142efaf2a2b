//! Reading a monitoring: objects, release, password, and whether the shop is still the one that it was made for.

use boutique_core::{
    contract::SetId,
    monitoring::{
        Inputs, MonitoringSpec, PrometheusPlace, grafana_url, installed_prometheus, judge::selection::chosen, place_of,
    },
    object::Kind,
};
use std::collections::BTreeMap;

use super::{apply::certificates, error::ReadError, grafana, look::look, release};
use crate::{
    applyset::{self, SetReading},
    connect::Cluster,
    edge::certificate,
    helm::ReleaseReading,
    request::ApiError,
};

/// A monitoring as it stands in the cluster.
#[derive(Debug, Clone, Default)]
pub struct MonitoringReading {
    /// The objects and their records.
    pub set: SetReading,
    /// The release of operator and Prometheus, if this monitoring installs it.
    pub release: Option<ReleaseReading>,
    /// Where Prometheus is found.
    pub prometheus: Option<PrometheusPlace>,
    /// Where Grafana is found from outside.
    pub grafana_url: Option<String>,
    /// What an apply would put right or go on with, as sentences.
    pub pending: Vec<String>,
}

/// Reads a monitoring. The specification is that of the newest revision; `known` stands in where that cannot be read.
/// `version` is that of the secret values that are wanted.
///
/// # Errors
/// Any failure: only an empty answer means that something is not there, never an error.
pub async fn read(
    cluster: &Cluster,
    id: &SetId,
    known: Option<&MonitoringSpec>,
    version: Option<i64>,
) -> Result<MonitoringReading, ReadError> {
    let set = applyset::read(cluster, id).await?;
    let recorded: Option<MonitoringSpec> =
        set.revision.as_ref().and_then(|revision| serde_json::from_value(revision.spec.clone()).ok());
    let mut reading = MonitoringReading { pending: set.pending.clone(), set, ..MonitoringReading::default() };
    let Some(spec) = recorded.as_ref().or(known).filter(|_| reading.set.exists) else { return Ok(reading) };
    let told = Inputs::recorded(spec);
    let secrets = told.as_ref().map(|told| certificates(spec, told)).unwrap_or_default();
    let certificates = async {
        match secrets.is_empty() {
            true => Ok(certificate::Standing::default()),
            false => certificate::read(cluster, id, &secrets).await,
        }
    };
    // Boxed, because callers keep this future within others.
    let asked = Box::pin(async {
        tokio::try_join!(
            release::pending(cluster, spec, version),
            async { Ok(grafana::pending(cluster, spec).await?) },
            async { Ok(look(cluster, spec).await?) },
            async { Ok(certificates.await?) },
            async { Ok(prometheus(cluster, spec).await?) },
        )
    });
    let ((release, pending), password, seen, certificates, prometheus) = asked.await?;
    reading.pending.extend(pending);
    reading.pending.extend(password);
    reading.pending.extend(certificates.pending);
    if let Some(told) = &told {
        reading.pending.extend(told.changes(&seen.inputs));
    }
    reading.release = release;
    reading.prometheus = prometheus;
    reading.grafana_url = grafana_url(spec, &seen.inputs);
    Ok(reading)
}

/// Where the Prometheus is that a monitoring uses.
async fn prometheus(cluster: &Cluster, spec: &MonitoringSpec) -> Result<Option<PrometheusPlace>, ApiError> {
    if let Some(place) = installed_prometheus(spec) {
        return Ok(Some(place));
    }
    let all = match cluster.list(Kind::PROMETHEUS, None, "").await {
        Err(error) if error.is_not_found() || error.missing_verb().is_some() => return Ok(None),
        list => list?.items,
    };
    Ok(chosen(spec, &all, &BTreeMap::new()).and_then(place_of))
}
