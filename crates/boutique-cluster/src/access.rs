//! Questions about the caller: who they are and what they may do.

use boutique_core::fault::{Need, access_review};
use boutique_core::object::Kind;
use http::Method;
use serde_json::{Value, json};

use crate::connect::Cluster;
use crate::request::{ApiError, Operation, body, build};

/// Whether the caller has a right in a namespace, or without one in all of them and outside.
///
/// # Errors
///
/// When the API server does not answer the question; every authenticated user may ask it.
pub async fn is_allowed(cluster: &Cluster, need: &Need, namespace: Option<&str>) -> Result<bool, ApiError> {
    let kind = Kind::SELF_SUBJECT_ACCESS_REVIEW;
    let question = body(&access_review(need, namespace));
    let request = build(Method::POST, &kind.path(None), Some("application/json"), question);
    let answer = cluster.send(Operation::on("create", kind, None, None), request).await?.object()?;
    Ok(answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false))
}

/// Each right with whether the caller has it.
///
/// # Errors
///
/// As [`is_allowed`].
pub async fn check(cluster: &Cluster, needs: &[Need], namespace: &str) -> Result<Vec<(Need, bool)>, ApiError> {
    let questions =
        needs.iter().map(|need| async move { Ok((*need, is_allowed(cluster, need, Some(namespace)).await?)) });
    futures::future::try_join_all(questions).await
}

/// The caller's name, as the API server sees it; servers before 1.28 cannot say, and then the context's name must do.
pub async fn whoami(cluster: &Cluster) -> String {
    let question = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer = cluster.raw(build(Method::POST, path, Some("application/json"), body(&question))).await;
    let review = answer.ok().and_then(|response| serde_json::from_slice::<Value>(response.body()).ok());
    let name = review.and_then(|review| review.pointer("/status/userInfo/username")?.as_str().map(str::to_owned));
    name.unwrap_or_else(|| match cluster.context() {
        Some(context) => format!("somebody with context {context}"),
        None => "somebody".to_owned(),
    })
}
