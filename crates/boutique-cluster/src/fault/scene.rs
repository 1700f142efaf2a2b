//! What a kind of fault is given to decide on.

use boutique_core::{fault::Scene, object::Kind, view::SELECTOR};
use jiff::Timestamp;
use serde_json::Value;

use crate::{connect::Cluster, observe::server_version, request::ApiError};

/// The shop of a namespace as it is now. Only Deployments and pods are needed; other lists are empty where this user may
/// not see them.
///
/// # Errors
///
/// When Deployments or pods cannot be listed, or the server does not answer.
pub async fn scene(cluster: &Cluster, namespace: &str) -> Result<Scene, ApiError> {
    let home = Some(namespace);
    let (version, deployments, pods, services, autoscalers, budgets, policies, nodes) = tokio::join!(
        server_version(cluster),
        cluster.list(Kind::DEPLOYMENT, home, SELECTOR),
        cluster.list(Kind::POD, home, SELECTOR),
        if_allowed(cluster, Kind::SERVICE, home, ""),
        if_allowed(cluster, Kind::HORIZONTAL_POD_AUTOSCALER, home, ""),
        if_allowed(cluster, Kind::POD_DISRUPTION_BUDGET, home, ""),
        if_allowed(cluster, Kind::NETWORK_POLICY, home, ""),
        if_allowed(cluster, Kind::NODE, None, ""),
    );
    Ok(Scene {
        namespace: namespace.to_owned(),
        minor: minor(&version?),
        now: Timestamp::now(),
        deployments: deployments?.items,
        pods: pods?.items,
        services: services?,
        autoscalers: autoscalers?,
        budgets: budgets?,
        policies: policies?,
        nodes: nodes?,
    })
}

/// Objects of a kind; none where this user may not list them.
pub(super) async fn if_allowed(
    cluster: &Cluster,
    kind: Kind,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Vec<Value>, ApiError> {
    match cluster.list(kind, namespace, selector).await {
        Err(error) if error.missing_verb().is_some() => Ok(Vec::new()),
        list => Ok(list?.items),
    }
}

/// `36` of `v1.36.2`.
fn minor(version: &str) -> u32 {
    version.strip_prefix("v1.").and_then(|rest| rest.split(['.', '+', '-']).next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_read_from_what_servers_say() {
        for (version, expected) in [
            ("v1.36.2", 36),
            ("v1.33.2+k3s1", 33),
            ("v1.35.0-gke.100", 35),
            ("v1.32", 32),
            ("unknown (answered 403)", 0),
        ] {
            assert_eq!(minor(version), expected, "{version}");
        }
    }
}
