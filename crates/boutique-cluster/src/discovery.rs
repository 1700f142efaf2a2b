//! Kinds that are not in the project's table: how this cluster serves them.

use std::collections::HashMap;

use boutique_core::object::Kind;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::Method;
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{ApiError, Operation, build, encode},
};

/// Kinds by `apiVersion` and `kind` as manifests write them; what the cluster does not serve is not in it.
pub type Kinds = HashMap<(String, String), Kind>;

impl Cluster {
    /// The kinds of these manifests: from the project's table where they are in it, else as the cluster's discovery
    /// describes them, with one request for each version of an API.
    ///
    /// # Errors
    /// Any failure but that the cluster does not serve an API.
    pub async fn find_kinds(&self, objects: &[Value]) -> Result<Kinds, ApiError> {
        let mut kinds = Kinds::new();
        let mut unknown: Vec<String> = Vec::new();
        for object in objects {
            let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (api_version, kind) = (text("apiVersion"), text("kind"));
            let version = api_version.rsplit('/').next().unwrap_or_default();
            match Kind::of(&api_version, &kind) {
                Some(known) => {
                    kinds.insert((api_version.clone(), kind), known.in_version(version));
                }
                None if unknown.contains(&api_version) || api_version.is_empty() => {}
                None => unknown.push(api_version),
            }
        }
        let asked = unknown.iter().map(|api_version| self.served(api_version));
        let asked: Vec<_> = asked.collect();
        let served: Vec<Vec<Kind>> = stream::iter(asked).buffered(4).try_collect().await?;
        for kind in served.into_iter().flatten() {
            kinds.insert((kind.api_version(), kind.kind.to_owned()), kind);
        }
        Ok(kinds)
    }

    /// One kind, as [`Cluster::find_kinds`]; none if the cluster does not serve it.
    ///
    /// # Errors
    /// As [`Cluster::find_kinds`].
    pub async fn find_kind(&self, api_version: &str, kind: &str) -> Result<Option<Kind>, ApiError> {
        let object = serde_json::json!({"apiVersion": api_version, "kind": kind});
        let kinds = self.find_kinds(&[object]).await?;
        Ok(kinds.get(&(api_version.to_owned(), kind.to_owned())).copied())
    }

    /// Every kind of one version of an API.
    async fn served(&self, api_version: &str) -> Result<Vec<Kind>, ApiError> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let uri = if group.is_empty() {
            format!("/api/{}", encode(version))
        } else {
            format!("/apis/{}/{}", encode(group), encode(version))
        };
        let operation =
            Operation { verb: "get", kind: None, subresource: None, namespace: None, name: Some(uri.clone()) };
        match self.send(operation, build(Method::GET, &uri, None, Vec::new())).await {
            Ok(answer) => Ok(kinds_in(group, version, &answer.object()?)),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn kinds_in(group: &str, version: &str, list: &Value) -> Vec<Kind> {
    let resources = list.get("resources").and_then(Value::as_array).into_iter().flatten();
    let kinds = resources.filter_map(|resource| {
        let (name, kind) = (resource.get("name")?.as_str()?, resource.get("kind")?.as_str()?);
        let namespaced = resource.get("namespaced").and_then(Value::as_bool).unwrap_or(false);
        // `widgets/status` is a part of an object.
        (!name.contains('/')).then(|| Kind::discovered(group, version, kind, name, namespaced))
    });
    kinds.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_read_from_a_discovery_answer_without_subresources() {
        let list = json!({"resources": [
            {"name": "widgets", "kind": "Widget", "namespaced": true},
            {"name": "widgets/status", "kind": "Widget", "namespaced": true},
            {"name": "zones", "kind": "Zone", "namespaced": false},
        ]});
        let kinds = kinds_in("example.com", "v1", &list);
        assert_eq!(kinds.len(), 2);
        assert_eq!(kinds[0].path(Some("shop")), "/apis/example.com/v1/namespaces/shop/widgets");
        assert_eq!(kinds[1].path(Some("shop")), "/apis/example.com/v1/zones");
    }
}
