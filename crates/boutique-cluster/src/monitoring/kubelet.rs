//! The Service of all kubelets, which the operator makes in another namespace and nobody deletes: helm does not know of it,
//! and its operator leaves it behind. One that is left has every kubelet scraped once more by whoever comes next.

use std::collections::BTreeSet;

use boutique_core::{
    edge::controller::release_of,
    helm::ReleaseId,
    monitoring::judge::{is_operator, operators::arguments},
    object::Kind,
};
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{ApiError, Propagation},
};

/// Namespace and name.
type Name = (String, String);

/// Value of the label by which the operator marks what it made.
const OPERATOR: &str = "prometheus-operator";

/// Services of kubelets that the operator of a release keeps, asked while it is there.
pub(super) async fn of_release(cluster: &Cluster, release: &ReleaseId) -> Result<BTreeSet<Name>, ApiError> {
    let there = match cluster.list(Kind::DEPLOYMENT, Some(&release.namespace), "").await {
        Err(error) if error.missing_verb().is_some() => return Ok(BTreeSet::new()),
        list => list?.items,
    };
    let ours = there
        .iter()
        .filter(|one| is_operator(one) && release_of(one) == Some((release.name.as_str(), release.namespace.as_str())));
    Ok(ours.filter_map(kept_by).collect())
}

/// The Service that an operator keeps.
fn kept_by(operator: &Value) -> Option<Name> {
    let named = arguments(operator).find_map(|argument| argument.strip_prefix("--kubelet-service="))?;
    let (namespace, name) = named.split_once('/')?;
    Some((namespace.to_owned(), name.to_owned()))
}

/// Deletes Services that an operator has left behind, and answers what stays, as sentences.
pub(super) async fn remove(cluster: &Cluster, services: BTreeSet<Name>) -> Result<Vec<String>, ApiError> {
    let mut kept = Vec::new();
    if services.is_empty() {
        return Ok(kept);
    }
    // Another release may have been told the same name.
    let others: BTreeSet<Name> = match cluster.list(Kind::DEPLOYMENT, None, "").await {
        Err(error) if error.missing_verb().is_some() => BTreeSet::new(),
        list => list?.items.iter().filter(|one| is_operator(one)).filter_map(kept_by).collect(),
    };
    for (namespace, name) in services.difference(&others) {
        for kind in [Kind::SERVICE, Kind::ENDPOINTS] {
            let removed = async {
                let live = cluster.get(kind, Some(namespace), name).await?;
                if let Some(live) = live.filter(made_by_operator) {
                    cluster.delete_live(&live, Propagation::Background).await?;
                }
                Ok::<_, ApiError>(())
            };
            match removed.await {
                Err(error) if error.missing_verb().is_some() => {
                    kept.push(format!("{kind} {namespace}/{name} of the operator stays: {error}"));
                }
                done => done?,
            }
        }
    }
    Ok(kept)
}

fn made_by_operator(live: &Value) -> bool {
    live.pointer("/metadata/labels/app.kubernetes.io~1managed-by").and_then(Value::as_str) == Some(OPERATOR)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operator_says_which_service_it_keeps() {
        let operator = |args: Value| json!({"spec": {"template": {"spec": {"containers": [{"args": args}]}}}});
        let keeps = operator(json!(["--prometheus-config-reloader=x", "--kubelet-service=kube-system/prom-kubelet"]));
        assert_eq!(kept_by(&keeps), Some(("kube-system".to_owned(), "prom-kubelet".to_owned())));
        assert_eq!(kept_by(&operator(json!(["--prometheus-config-reloader=x"]))), None);
    }
}
