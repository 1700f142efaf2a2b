//! Carrying out a fault: killing pods.

use std::time::Duration;

use boutique_core::object::Kind;
use http::Method;
use serde_json::{Value, json};

use crate::connect::Cluster;
use crate::request::{ApiError, Operation, body, build};

/// A pod that is going to be killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    /// Its name.
    pub name: String,
    /// Its UID: a pod of the same name that came later is not meant.
    pub uid: String,
}

impl Victim {
    /// Reads a live pod.
    pub fn of(pod: &Value) -> Option<Self> {
        let text = |field| pod.pointer(field).and_then(Value::as_str).map(str::to_owned);
        Some(Self { name: text("/metadata/name")?, uid: text("/metadata/uid")? })
    }

    /// Request path and body of its deletion. `grace` shortens the pod's own grace period.
    pub fn request(&self, namespace: &str, grace: Option<Duration>) -> (String, Value) {
        let mut options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": self.uid},
        });
        if let Some(grace) = grace {
            options["gracePeriodSeconds"] = json!(grace.as_secs());
        }
        (Kind::POD.object_path(Some(namespace), &self.name), options)
    }
}

/// Deletes pods at the same time. `dry_run` asks the API server to check and admit, but not to do it. Answers with the
/// names of the pods that were there to be deleted; one that is gone or replaced already is none.
///
/// # Errors
///
/// The first refusal; other pods may have been deleted.
pub async fn kill(
    cluster: &Cluster,
    namespace: &str,
    victims: &[Victim],
    grace: Option<Duration>,
    dry_run: bool,
) -> Result<Vec<String>, ApiError> {
    let deletions = victims.iter().map(|victim| async move {
        let (path, mut options) = victim.request(namespace, grace);
        if dry_run {
            options["dryRun"] = json!(["All"]);
        }
        let operation = Operation::on("delete", Kind::POD, Some(namespace), Some(&victim.name));
        let request = build(Method::DELETE, &path, Some("application/json"), body(&options));
        match cluster.send(operation, request).await {
            Ok(_) => Ok(Some(victim.name.clone())),
            // Gone, or another pod has the name by now.
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    });
    Ok(futures::future::try_join_all(deletions).await?.into_iter().flatten().collect())
}
