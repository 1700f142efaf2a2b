//! The Helm release of operator, Prometheus and Grafana, which several shops may share.

use boutique_core::{
    helm::{ReleaseId, WriteOnly},
    monitoring::{
        MonitoringSpec, chart,
        users::{Shape, wanted},
        values,
    },
};

use super::error::{MonitoringError, ReadError};
use crate::{
    bounds::Bounds,
    connect::Cluster,
    event::Events,
    helm::ReleaseReading,
    shared::{self, Installed, PendingError, ReleaseSettings, SharedError, Sharing},
};

/// The release that a monitoring installs or joins; none if it does neither.
pub(super) fn id(spec: &MonitoringSpec) -> Option<ReleaseId> {
    (!spec.chart.existing).then(|| named(spec))
}

/// The release that a monitoring names, whether it installs it or uses what is there.
pub(super) fn named(spec: &MonitoringSpec) -> ReleaseId {
    ReleaseId::new(&spec.namespace, spec.release())
}

/// The release as it is wanted; none where nothing is installed.
fn installed(spec: &MonitoringSpec, settings: &ReleaseSettings) -> Result<Option<Installed<Shape>>, SharedError> {
    let (Some(id), Some(choice), Some(wanted)) = (id(spec), chart(spec), wanted(spec)) else { return Ok(None) };
    let chart = (choice.chart.as_str(), choice.repository.as_deref(), choice.version.as_deref());
    Ok(Some(Installed { wanted, release: settings.release(id, chart, values(spec))? }))
}

/// The operator of a monitoring under way.
pub(super) fn operator<'a>(
    cluster: &'a Cluster,
    spec: &MonitoringSpec,
    settings: &'a ReleaseSettings,
    bounds: &'a Bounds,
    events: &'a Events,
) -> Result<Sharing<'a, Shape>, SharedError> {
    let installed = installed(spec, settings)?;
    Ok(Sharing { cluster, id: spec.id(), installed, named: Some(named(spec)), settings, bounds, events })
}

/// What an apply would put right of the release, as sentences.
pub(super) async fn pending(
    cluster: &Cluster,
    spec: &MonitoringSpec,
    version: Option<i64>,
) -> Result<(Option<ReleaseReading>, Vec<String>), ReadError> {
    let write_only = version.map(|version| WriteOnly { version, values: None });
    let settings = ReleaseSettings { write_only, ..ReleaseSettings::default() };
    let Ok(Some(installed)) = installed(spec, &settings) else { return Ok((None, Vec::new())) };
    shared::pending(cluster, &installed).await.map_err(|error| match error {
        PendingError::Release(error) => ReadError::Release(error),
        PendingError::Api(error) => ReadError::Api(error),
    })
}

/// What an apply would change of the CRDs that came with the chart, as sentences.
///
/// # Errors
/// When the chart cannot be had, or the cluster does not answer.
pub async fn crd_changes(
    cluster: &Cluster,
    spec: &MonitoringSpec,
    settings: &ReleaseSettings,
    bounds: &Bounds,
) -> Result<Vec<String>, MonitoringError> {
    let Some(installed) = installed(spec, settings)? else { return Ok(Vec::new()) };
    Ok(shared::crd_changes(cluster, &installed.release, settings, bounds).await?)
}
