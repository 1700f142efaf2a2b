//! Whether a namespace holds anything of anybody, whatever its kind.
//!
//! Deleting a namespace deletes all in it, also objects of kinds that we have never heard of. So every listable resource
//! that the server serves is looked through, two objects each.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderValue, Method, header};
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{ApiError, Operation, build},
};

const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Names of what is left in a namespace, such as `configmaps "x"`. Empty when only what Kubernetes itself puts into every
/// namespace is there.
pub(crate) async fn find(cluster: &Cluster, namespace: &str) -> Result<Vec<String>, ApiError> {
    let mut resources = Vec::new();
    for root in ["/api", "/apis"] {
        resources.extend(listable(&ask(cluster, root, DISCOVERY).await?));
    }
    let asked = resources.iter().map(|resource| async move {
        let path = resource.path(namespace);
        match ask(cluster, &format!("{path}?limit=20"), METADATA).await {
            Ok(list) => Ok(left_in(resource, &list)),
            // A resource that cannot be listed at all (an aggregated API that is down says 503, a kind that was just
            // removed 404, one that has no list 405) holds nothing that we could see; only a refusal leaves doubt.
            Err(error) if error.refusal().is_some_and(|refusal| matches!(refusal.code, 404 | 405)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    });
    let left: Vec<Vec<String>> = stream::iter(asked.collect::<Vec<_>>()).buffered(8).try_collect().await?;
    Ok(left.into_iter().flatten().collect())
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Resource {
    group: String,
    version: String,
    plural: String,
}

impl Resource {
    fn path(&self, namespace: &str) -> String {
        if self.group.is_empty() {
            format!("/api/{}/namespaces/{namespace}/{}", self.version, self.plural)
        } else {
            format!("/apis/{}/{}/namespaces/{namespace}/{}", self.group, self.version, self.plural)
        }
    }
}

async fn ask(cluster: &Cluster, uri: &str, accept: &'static str) -> Result<Value, ApiError> {
    let mut request = build(Method::GET, uri, None, Vec::new());
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
    let operation =
        Operation { verb: "list", kind: None, subresource: None, namespace: None, name: Some(uri.to_owned()) };
    cluster.send(operation, request).await?.object()
}

/// Every namespaced resource that can be listed, in its preferred version.
fn listable(discovery: &Value) -> Vec<Resource> {
    let items = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found: Vec<Resource> = Vec::new();
    for group in items(discovery, "items") {
        let name = text(&group, "/metadata/name");
        for version in items(&group, "versions") {
            for resource in items(&version, "resources") {
                let plural = text(&resource, "/resource");
                let listed = items(&resource, "verbs").iter().any(|verb| verb == "list");
                let known = found.iter().any(|found| found.group == name && found.plural == plural);
                if text(&resource, "/scope") == "Namespaced" && listed && !known {
                    found.push(Resource { group: name.clone(), version: text(&version, "/version"), plural });
                }
            }
        }
    }
    found
}

fn left_in(resource: &Resource, list: &Value) -> Vec<String> {
    let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
    items
        .filter(|item| !is_kubernetes_own(resource, item))
        .filter_map(|item| Some(format!("{} {:?}", resource.plural, item.pointer("/metadata/name")?.as_str()?)))
        .collect()
}

/// What Kubernetes puts into every namespace, what only tells of the past, and what goes with an object that we see
/// anyway.
fn is_kubernetes_own(resource: &Resource, item: &Value) -> bool {
    let name = item.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let owned =
        item.pointer("/metadata/ownerReferences").and_then(Value::as_array).is_some_and(|owners| !owners.is_empty());
    let terminating = item.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null());
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "events" | "endpoints") | ("events.k8s.io", _) | ("metrics.k8s.io", _) => true,
        ("", "configmaps") if name == "kube-root-ca.crt" => true,
        ("", "serviceaccounts") if name == "default" => true,
        ("", "secrets") => {
            item.pointer("/metadata/annotations/kubernetes.io~1service-account.name").and_then(Value::as_str)
                == Some("default")
        }
        _ => owned || terminating,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_listable_namespaced_resource_is_looked_through_once() {
        let resource =
            |plural: &str, scope: &str, verbs: &[&str]| json!({"resource": plural, "scope": scope, "verbs": verbs});
        let discovery = json!({"items": [{"metadata": {"name": "example.com"}, "versions": [
            {"version": "v1", "resources": [resource("widgets", "Namespaced", &["get", "list"])]},
            {"version": "v1beta1", "resources": [
                resource("widgets", "Namespaced", &["list"]),
                resource("reviews", "Namespaced", &["create"]),
                resource("zones", "Cluster", &["list"]),
            ]},
        ]}]});
        let found = listable(&discovery);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path("shop"), "/apis/example.com/v1/namespaces/shop/widgets");
    }

    #[test]
    fn what_kubernetes_puts_into_every_namespace_does_not_count() {
        let core = |plural: &str| Resource { group: String::new(), version: "v1".into(), plural: plural.into() };
        let named = |name: &str| json!({"items": [{"metadata": {"name": name}}]});
        assert!(left_in(&core("configmaps"), &named("kube-root-ca.crt")).is_empty());
        assert!(left_in(&core("serviceaccounts"), &named("default")).is_empty());
        assert!(left_in(&core("events"), &named("x")).is_empty());
        assert_eq!(left_in(&core("configmaps"), &named("theirs")), [r#"configmaps "theirs""#]);
        assert_eq!(left_in(&core("secrets"), &named("theirs")), [r#"secrets "theirs""#]);
    }
}
