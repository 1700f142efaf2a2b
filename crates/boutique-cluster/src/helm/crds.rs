//! CRDs of a chart: applied by the server, before the release. Helm itself installs new ones only, and sends them in a way
//! that large ones do not survive.

use std::time::Duration;

use boutique_core::{
    contract::FIELD_MANAGER,
    helm::{CrdChange, lost_versions, with_digest},
    object::{BadManifest, Kind, Manifest, ObjectRef},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::{
    bounds::{Bounds, Interrupted},
    connect::Cluster,
    event::{Action, Change, Event, Events},
    request::ApiError,
};

const KIND: Kind = Kind::CUSTOM_RESOURCE_DEFINITION;

/// Why the CRDs of a chart were not applied.
#[derive(Debug, thiserror::Error)]
pub enum CrdError {
    /// A file of the chart holds something else.
    #[error("the chart's crds folder: {0}")]
    Malformed(#[from] BadManifest),
    /// A version goes in which objects are stored.
    #[error(
        "{object}: the chart's CRD has no version {} any more, and objects are stored in it; the API server would refuse \
         it: upgrade by way of a chart that has both, and migrate the stored objects, or set crds = \"skip\"", versions.join(", ")
    )]
    StoredVersion {
        /// The CRD.
        object: ObjectRef,
        /// The versions.
        versions: Vec<String>,
    },
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// They were not established before the end.
    #[error("waiting until the API server serves {} ended early: {by}", names(waiting))]
    NotEstablished {
        /// What was waited for.
        waiting: Vec<ObjectRef>,
        /// What ended it.
        by: Interrupted,
    },
}

fn names(objects: &[ObjectRef]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What applying these CRDs would change, for the plan. Those that stay as they are, are left out.
///
/// # Errors
/// Any failure of a request, and what is no CRD.
pub async fn crd_changes(cluster: &Cluster, crds: &[Value]) -> Result<Vec<CrdChange>, CrdError> {
    let compared = compare(cluster, crds).await?;
    Ok(compared.into_iter().filter_map(|(_, change)| change).collect())
}

async fn compare(cluster: &Cluster, crds: &[Value]) -> Result<Vec<(Manifest, Option<CrdChange>)>, CrdError> {
    let manifests: Vec<Manifest> = crds.iter().map(with_digest).collect::<Result<_, _>>()?;
    let looked = manifests.into_iter().map(|manifest| async move {
        let live = cluster.get(KIND, None, manifest.name()).await?;
        if let Some(live) = &live {
            let versions = lost_versions(&manifest, live);
            if !versions.is_empty() {
                return Err(CrdError::StoredVersion { object: manifest.reference(), versions });
            }
        }
        let change = CrdChange::between(&manifest, live.as_ref());
        Ok((manifest, change))
    });
    stream::iter(looked.collect::<Vec<_>>()).buffered(4).try_collect().await
}

/// Applies what changes and waits until the API server serves it.
pub(super) async fn apply(
    cluster: &Cluster,
    crds: &[Value],
    bounds: &Bounds,
    events: &Events,
) -> Result<Vec<Change>, CrdError> {
    let mut changes = Vec::new();
    for (manifest, change) in compare(cluster, crds).await? {
        let Some(change) = change else { continue };
        // Forced: whoever applied an older one owns the same fields, and two owners of a schema make no sense.
        let answer = cluster.server_side_apply(&manifest, FIELD_MANAGER, true).await?;
        let live = answer.object()?;
        let change = Change {
            object: manifest.reference(),
            action: if change.changes.is_none() { Action::Created } else { Action::Configured },
            uid: live.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
            generation: live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0),
        };
        events.tell(Event::Applied(change.clone()));
        changes.push(change);
    }
    established(cluster, &changes, bounds).await?;
    Ok(changes)
}

async fn established(cluster: &Cluster, changes: &[Change], bounds: &Bounds) -> Result<(), CrdError> {
    let mut waiting: Vec<ObjectRef> = changes.iter().map(|change| change.object.clone()).collect();
    let mut pause = Duration::from_millis(50);
    loop {
        let mut still = Vec::new();
        for object in waiting {
            if !cluster.get(KIND, None, &object.name).await?.is_some_and(|live| is_established(&live)) {
                still.push(object);
            }
        }
        waiting = still;
        if waiting.is_empty() {
            return Ok(());
        }
        if let Err(by) = bounds.run(tokio::time::sleep(pause)).await {
            return Err(CrdError::NotEstablished { waiting, by });
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn is_established(live: &Value) -> bool {
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}
