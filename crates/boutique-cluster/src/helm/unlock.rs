//! A release that Helm says is pending: unlocked with evidence, or left alone.

use boutique_core::{
    contract::FIELD_MANAGER,
    helm::{Lock, ReleaseStatus, StoredRelease, lock},
};
use http::{Method, header};
use jiff::{Timestamp, fmt::rfc2822};
use serde_json::Value;

use super::cause::Cause;
use crate::{
    connect::Cluster,
    event::{Event, Events},
    request::{ApiError, build},
};

/// Marks a revision as failed on which nobody works any more, so that helm goes over it. Whoever calls holds the
/// release's lease.
pub(super) async fn unlock(
    cluster: &Cluster,
    secret: &Value,
    unlock_after: std::time::Duration,
    events: &Events,
) -> Result<(), Cause> {
    let release = StoredRelease::read(secret)?;
    if !release.status.is_pending() {
        return Ok(());
    }
    let now = server_time(cluster).await?;
    match lock(&release, now, unlock_after) {
        Lock::Free => Ok(()),
        Lock::Held { by, silent } => Err(Cause::Locked {
            id: release.id,
            status: release.status,
            revision: release.revision,
            by,
            silent,
            left: unlock_after.saturating_sub(silent),
        }),
        Lock::Abandoned { evidence } => {
            events.tell(Event::Warning(format!(
                "revision {} of Helm release {} was left {}: {evidence}; it is marked failed",
                release.revision, release.id, release.status
            )));
            mark_failed(cluster, secret, &format!("unlocked from {}: {evidence}", release.status), now).await
        }
    }
}

/// Rewrites Helm's record as failed, unless somebody was quicker.
pub(super) async fn mark_failed(
    cluster: &Cluster,
    secret: &Value,
    description: &str,
    now: Timestamp,
) -> Result<(), Cause> {
    let failed = StoredRelease::failed(secret, description, now)?;
    cluster.replace(&failed, FIELD_MANAGER).await?;
    Ok(())
}

/// After a helm of ours that ended before its work did: what it left pending is marked failed with what happened.
pub(super) async fn mark_left(cluster: &Cluster, secret: &Value, happened: &str) {
    let pending = StoredRelease::read(secret).is_ok_and(|release| release.status.is_pending());
    let uninstalling = StoredRelease::read(secret).is_ok_and(|release| release.status == ReleaseStatus::Uninstalling);
    // The next uninstall goes on from there; failed would say that the release stands.
    if !pending || uninstalling {
        return;
    }
    if let Err(error) = mark_failed(cluster, secret, happened, Timestamp::now()).await {
        tracing::debug!(%error, "the release stays pending; the next apply unlocks it");
    }
}

/// The API server's time. Clocks of machines differ, and what it wrote is judged by its own.
async fn server_time(cluster: &Cluster) -> Result<Timestamp, ApiError> {
    let response = cluster.raw(build(Method::GET, "/version", None, Vec::new())).await?;
    let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    // Without a date nothing is old: the release stays locked, which is the safe side.
    Ok(date.and_then(|date| rfc2822::parse(date).ok()).map_or(Timestamp::MIN, |date| date.timestamp()))
}
