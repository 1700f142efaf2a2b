//! Requests that a fault cannot do without, and a server that goes away in the middle.

use std::time::{Duration, Instant};

use boutique_core::{
    contract::{FAULT, FAULT_MANAGER},
    object::Manifest,
};
use serde_json::Value;

use crate::{connect::Cluster, request::ApiError};

/// How long a server that does not answer is waited for: a restart of the API server takes some tens of seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer that another try would not change.
pub(super) async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let (began, mut pause) = (Instant::now(), Duration::from_millis(200));
    loop {
        match ask().await {
            Err(error) if is_passing(&error) && began.elapsed() < PATIENCE => {
                tracing::debug!(%error, "the server is asked again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            outcome => return outcome,
        }
    }
}

fn is_passing(error: &ApiError) -> bool {
    error.is_unreachable() || error.refusal().is_some_and(|refusal| refusal.code == 429 || refusal.code >= 500)
}

/// Creates an object of a fault. One of that name with the fault's label is this very object, made by a request whose
/// answer was lost.
pub(super) async fn create(cluster: &Cluster, manifest: &Manifest, fault: &str) -> Result<Value, ApiError> {
    let error = match patiently(|| cluster.create(manifest, FAULT_MANAGER)).await {
        Err(error) if error.is_already_exists() => error,
        outcome => return outcome,
    };
    let standing = patiently(|| cluster.get(manifest.kind(), manifest.namespace(), manifest.name())).await?;
    standing.filter(|standing| label(standing) == Some(fault)).ok_or(error)
}

/// The fault that an object belongs to, as its label says.
pub(super) fn label(object: &Value) -> Option<&str> {
    object.pointer("/metadata/labels")?.get(FAULT)?.as_str()
}

/// UID of a live object.
pub(super) fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid").and_then(Value::as_str)
}

/// Name of a live object.
pub(super) fn name(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}
