//! Rights that a fault needs, as questions for the API server (SelfSubjectAccessReview).

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Need {
    /// RBAC verb.
    pub verb: &'static str,
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Plural, with the subresource after a slash.
    pub resource: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
    /// Whether the fault is refused without it.
    pub required: bool,
}

impl Need {
    /// Whether it is about objects outside of namespaces.
    pub fn is_of_the_cluster(&self) -> bool {
        self.group.is_empty() && self.resource.split('/').next() == Some("nodes")
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, group, resource, .. } = self;
        match *group {
            "" => write!(f, "{verb} {resource}"),
            group => write!(f, "{verb} {resource}.{group}"),
        }
    }
}

/// A right that a fault cannot do without.
pub(super) const fn need(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    purpose: &'static str,
) -> Need {
    Need { verb, group, resource, purpose, required: true }
}

/// A right without which a fault sees less, or leaves more to others.
pub(super) const fn wish(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    purpose: &'static str,
) -> Need {
    Need { required: false, ..need(verb, group, resource, purpose) }
}

/// What every fault takes: to look, to announce it, to measure its effect, and to put things back.
pub fn common_needs() -> Vec<Need> {
    vec![
        need("list", "apps", "deployments", "find the service and its probes"),
        need("watch", "apps", "deployments", "see it come back"),
        need("list", "", "pods", "find the pods"),
        need("watch", "", "pods", "see their successors"),
        need("list", "", "configmaps", "find faults that nobody has undone"),
        need("get", "", "configmaps", "see who else breaks something here"),
        need("create", "", "configmaps", "announce the fault"),
        need("update", "", "configmaps", "record how it ended"),
        need("delete", "", "configmaps", "make way for the next fault"),
        need("get", "", "services/proxy", "look at pages"),
        need("create", "", "services/proxy", "put into the cart and check out"),
        wish("create", "", "events", "leave a note on the Deployment"),
        wish("get", "", "namespaces", "see whether faults are allowed here"),
        wish("list", "", "services", "prove afterwards that they are as before"),
        wish("list", "autoscaling", "horizontalpodautoscalers", "see who scales meanwhile"),
        wish("list", "policy", "poddisruptionbudgets", "see which pods are protected"),
        wish("list", "networking.k8s.io", "networkpolicies", "see what is cut already"),
        wish("list", "batch", "jobs", "find what earlier faults left behind"),
    ]
}

/// The question whether the caller has a right in a namespace, or without one in all of them and outside; the answer is
/// `status.allowed`.
pub fn access_review(need: &Need, namespace: Option<&str>) -> Value {
    let (resource, subresource) = need.resource.split_once('/').unwrap_or((need.resource, ""));
    json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": namespace,
            "verb": need.verb,
            "group": need.group,
            "resource": resource,
            "subresource": subresource,
        }},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subresource_is_asked_for_as_such() {
        let proxy = need("get", "", "services/proxy", "look at pages");
        let review = access_review(&proxy, Some("shop"));
        let attributes = &review["spec"]["resourceAttributes"];
        assert_eq!(attributes["resource"], "services");
        assert_eq!(attributes["subresource"], "proxy");
    }

    #[test]
    fn a_right_is_named_as_kubectl_auth_can_i_names_it() {
        let names: Vec<String> = common_needs().iter().map(Need::to_string).collect();
        assert_eq!(names[0], "list deployments.apps");
        assert!(names.contains(&"get services/proxy".to_owned()), "{names:?}");
    }
}
