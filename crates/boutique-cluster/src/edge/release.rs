//! The Helm release of a controller, which several ingresses may share.

use boutique_core::{
    edge::{
        IngressSpec, chart, skip_schema_validation,
        users::{Shape, wanted},
        values,
    },
    helm::{Release, ReleaseId, WriteOnly},
};

use super::{ReadError, error::EdgeError};
use crate::{
    bounds::Bounds,
    connect::Cluster,
    event::Events,
    helm::ReleaseReading,
    shared::{self, Installed, PendingError, ReleaseSettings, SharedError, Sharing},
};

/// The release that an ingress installs or joins; none if it does neither.
pub(super) fn id(spec: &IngressSpec) -> Option<ReleaseId> {
    spec.controller.install.then(|| ReleaseId::new(spec.controller_namespace(), spec.release()))
}

/// The release that an ingress names, whether it installs it or uses what is there.
pub(super) fn named(spec: &IngressSpec) -> Option<ReleaseId> {
    let (namespace, name) = (spec.controller_namespace(), spec.release());
    (!namespace.is_empty() && !name.is_empty()).then(|| ReleaseId::new(namespace, name))
}

/// The release as it is wanted; none for a controller that is not installed.
fn installed(spec: &IngressSpec, settings: &ReleaseSettings) -> Result<Option<Installed<Shape>>, SharedError> {
    let (Some(id), Some(choice), Some(wanted)) = (id(spec), chart(spec), wanted(spec)) else { return Ok(None) };
    let chart = (choice.chart.as_str(), choice.repository.as_deref(), choice.version.as_deref());
    let release = settings.release(id, chart, values(spec))?;
    let release = Release { skip_schema_validation: skip_schema_validation(spec), ..release };
    Ok(Some(Installed { wanted, release }))
}

/// The controller of an ingress under way.
pub(super) fn controller<'a>(
    cluster: &'a Cluster,
    spec: &IngressSpec,
    settings: &'a ReleaseSettings,
    bounds: &'a Bounds,
    events: &'a Events,
) -> Result<Sharing<'a, Shape>, SharedError> {
    let installed = installed(spec, settings)?;
    Ok(Sharing { cluster, id: spec.id(), installed, named: named(spec), settings, bounds, events })
}

/// What an apply would put right of the controller's release, as sentences.
pub(super) async fn pending(
    cluster: &Cluster,
    spec: &IngressSpec,
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

/// What an apply would change of the CRDs that came with the controller, as sentences.
///
/// # Errors
/// When the chart cannot be had, or the cluster does not answer.
pub async fn crd_changes(
    cluster: &Cluster,
    spec: &IngressSpec,
    settings: &ReleaseSettings,
    bounds: &Bounds,
) -> Result<Vec<String>, EdgeError> {
    let Some(installed) = installed(spec, settings)? else { return Ok(Vec::new()) };
    Ok(shared::crd_changes(cluster, &installed.release, settings, bounds).await?)
}
