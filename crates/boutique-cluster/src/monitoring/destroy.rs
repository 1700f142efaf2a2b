//! Taking a monitoring down: objects first, then operator, Prometheus and Grafana's password if nobody else uses them. CRDs
//! stay: deleting them would delete everybody's rules.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use boutique_core::{
    contract::SetId,
    helm::ReleaseId,
    monitoring::{MonitoringSpec, users::Shape},
};

use super::{apply::leave, error::MonitoringError, release};
use crate::{
    applyset::{self, DestroyError, DestroyRequest, Destroyed},
    bounds::Bounds,
    connect::Cluster,
    edge::certificate,
    event::Events,
    helm::HelmSettings,
    revisions::Records,
    shared::{self, ReleaseSettings},
};

/// What to take down, and how.
#[derive(Debug, Clone)]
pub struct MonitoringDestroy {
    /// The monitoring.
    pub id: SetId,
    /// Its specification as far as the caller remembers; the inventory goes before it.
    pub spec: Option<MonitoringSpec>,
    /// Which helm.
    pub helm: HelmSettings,
    /// Version of the program, for the inventory.
    pub tool_version: String,
}

/// Deletes all of a monitoring and waits until it is gone. An operator that others use stays, and so do CRDs and volumes.
/// What is not there is no error.
///
/// # Errors
/// With what was done before.
pub async fn destroy(
    cluster: &Cluster,
    request: MonitoringDestroy,
    bounds: &Bounds,
    events: &Events,
) -> Result<Destroyed, Box<DestroyError>> {
    let MonitoringDestroy { id, spec, helm, tool_version } = request;
    let kept = Mutex::new(Vec::new());
    let settings = ReleaseSettings { helm, ..ReleaseSettings::default() };
    let companion = async {
        let releases = bounds.run(releases(cluster, &id, spec.as_ref())).await??;
        bounds.run(certificate::remove(cluster, &id)).await??;
        for release in &releases {
            let left = leave(cluster, &id, release, &settings, bounds, events).await?;
            kept.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
        }
        Ok::<_, MonitoringError>(())
    };
    let companion = Box::pin(async { companion.await.map_err(|error| Box::new(error) as applyset::CompanionError) });
    let request = DestroyRequest::new(id.clone(), tool_version);
    let mut destroyed = applyset::destroy_then(cluster, request, companion, bounds, events).await?;
    destroyed.kept.extend(kept.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(destroyed)
}

/// Releases that the monitoring uses: by its inventory, or, where that is lost, by its specification.
async fn releases(
    cluster: &Cluster,
    id: &SetId,
    spec: Option<&MonitoringSpec>,
) -> Result<BTreeSet<ReleaseId>, MonitoringError> {
    let records = Records::read(cluster, id).await?;
    let inventory = records.inventory().ok().flatten();
    let mut releases = inventory.map(|inventory| inventory.state.releases).unwrap_or_default();
    if let Some(spec) = spec {
        let named = release::named(spec);
        if shared::is_used_by::<Shape>(cluster, &named, id).await? || !spec.chart.existing {
            releases.insert(named);
        }
    }
    Ok(releases)
}
