//! Taking an edge down: routes first, then certificates, then the controller if nobody else uses it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use boutique_core::{
    contract::SetId,
    edge::{IngressSpec, users::Shape},
    helm::ReleaseId,
};

use super::{certificate, error::EdgeError, release};
use crate::{
    applyset::{self, DestroyError, DestroyRequest, Destroyed},
    bounds::Bounds,
    connect::Cluster,
    event::Events,
    helm::HelmSettings,
    revisions::Records,
    shared::{self, Left},
};

/// What to take down, and how.
#[derive(Debug, Clone)]
pub struct EdgeDestroy {
    /// The ingress.
    pub id: SetId,
    /// Its specification as far as the caller remembers; the inventory goes before it.
    pub spec: Option<IngressSpec>,
    /// Which helm.
    pub helm: HelmSettings,
    /// Version of the program, for the inventory.
    pub tool_version: String,
}

/// Deletes all of an edge and waits until it is gone. A controller that others use stays. What is not there is no error.
///
/// # Errors
/// With what was done before.
pub async fn destroy(
    cluster: &Cluster,
    request: EdgeDestroy,
    bounds: &Bounds,
    events: &Events,
) -> Result<Destroyed, Box<DestroyError>> {
    let EdgeDestroy { id, spec, helm, tool_version } = request;
    let kept = Mutex::new(Vec::new());
    let companion = async {
        let releases = bounds.run(releases(cluster, &id, spec.as_ref())).await??;
        bounds.run(certificate::remove(cluster, &id)).await??;
        for release in &releases {
            let left = shared::leave::<Shape>(cluster, &id, release, &helm, bounds, events).await?;
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            match left {
                Left::Uninstalled(what) => kept.extend(what),
                Left::Stays(why) => kept.extend(why),
            }
        }
        Ok::<_, EdgeError>(())
    };
    let companion = Box::pin(async { companion.await.map_err(|error| Box::new(error) as applyset::CompanionError) });
    let request = DestroyRequest::new(id.clone(), tool_version);
    let mut destroyed = applyset::destroy_then(cluster, request, companion, bounds, events).await?;
    destroyed.kept.extend(kept.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(destroyed)
}

/// Releases that the ingress uses: by its inventory, or, where that is lost, by its specification.
async fn releases(cluster: &Cluster, id: &SetId, spec: Option<&IngressSpec>) -> Result<BTreeSet<ReleaseId>, EdgeError> {
    let records = Records::read(cluster, id).await?;
    let inventory = records.inventory().ok().flatten();
    let named = inventory.map(|inventory| inventory.state.releases).unwrap_or_default();
    // A controller that is used without having been installed is only in the record of its users.
    let used = spec.and_then(release::named);
    let mut releases = named;
    if let Some(used) = used
        && (shared::is_used_by::<Shape>(cluster, &used, id).await? || spec.is_some_and(|spec| spec.controller.install))
    {
        releases.insert(used);
    }
    Ok(releases)
}
