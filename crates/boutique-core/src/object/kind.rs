//! The kinds this project reads and writes, as a table: no discovery request is ever needed for them.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};

/// A kind with what is needed to build a request path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// API version within the group.
    pub version: &'static str,
    /// Kind as in manifests.
    pub kind: &'static str,
    /// Resource name as in paths and in RBAC rules.
    pub plural: &'static str,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
}

macro_rules! kinds {
    ($($name:ident = $group:literal $version:literal $kind:literal $plural:literal $namespaced:literal;)*) => {
        impl Kind {
            $(
                #[doc = concat!("`", $kind, "`")]
                pub const $name: Kind = Kind {
                    group: $group, version: $version, kind: $kind, plural: $plural, namespaced: $namespaced,
                };
            )*

            /// Every kind of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];
        }
    };
}

kinds! {
    NAMESPACE = "" "v1" "Namespace" "namespaces" false;
    NODE = "" "v1" "Node" "nodes" false;
    SERVICE = "" "v1" "Service" "services" true;
    SERVICE_ACCOUNT = "" "v1" "ServiceAccount" "serviceaccounts" true;
    CONFIG_MAP = "" "v1" "ConfigMap" "configmaps" true;
    SECRET = "" "v1" "Secret" "secrets" true;
    PERSISTENT_VOLUME_CLAIM = "" "v1" "PersistentVolumeClaim" "persistentvolumeclaims" true;
    POD = "" "v1" "Pod" "pods" true;
    EVENT = "" "v1" "Event" "events" true;
    ENDPOINTS = "" "v1" "Endpoints" "endpoints" true;
    RESOURCE_QUOTA = "" "v1" "ResourceQuota" "resourcequotas" true;
    LIMIT_RANGE = "" "v1" "LimitRange" "limitranges" true;
    DEPLOYMENT = "apps" "v1" "Deployment" "deployments" true;
    REPLICA_SET = "apps" "v1" "ReplicaSet" "replicasets" true;
    STATEFUL_SET = "apps" "v1" "StatefulSet" "statefulsets" true;
    DAEMON_SET = "apps" "v1" "DaemonSet" "daemonsets" true;
    JOB = "batch" "v1" "Job" "jobs" true;
    CRON_JOB = "batch" "v1" "CronJob" "cronjobs" true;
    POD_DISRUPTION_BUDGET = "policy" "v1" "PodDisruptionBudget" "poddisruptionbudgets" true;
    HORIZONTAL_POD_AUTOSCALER = "autoscaling" "v2" "HorizontalPodAutoscaler" "horizontalpodautoscalers" true;
    NETWORK_POLICY = "networking.k8s.io" "v1" "NetworkPolicy" "networkpolicies" true;
    INGRESS = "networking.k8s.io" "v1" "Ingress" "ingresses" true;
    INGRESS_CLASS = "networking.k8s.io" "v1" "IngressClass" "ingressclasses" false;
    MIDDLEWARE = "traefik.io" "v1alpha1" "Middleware" "middlewares" true;
    PROMETHEUS = "monitoring.coreos.com" "v1" "Prometheus" "prometheuses" true;
    ALERTMANAGER = "monitoring.coreos.com" "v1" "Alertmanager" "alertmanagers" true;
    PROMETHEUS_RULE = "monitoring.coreos.com" "v1" "PrometheusRule" "prometheusrules" true;
    SERVICE_MONITOR = "monitoring.coreos.com" "v1" "ServiceMonitor" "servicemonitors" true;
    POD_MONITOR = "monitoring.coreos.com" "v1" "PodMonitor" "podmonitors" true;
    PROBE = "monitoring.coreos.com" "v1" "Probe" "probes" true;
    ENDPOINT_SLICE = "discovery.k8s.io" "v1" "EndpointSlice" "endpointslices" true;
    LEASE = "coordination.k8s.io" "v1" "Lease" "leases" true;
    ROLE = "rbac.authorization.k8s.io" "v1" "Role" "roles" true;
    ROLE_BINDING = "rbac.authorization.k8s.io" "v1" "RoleBinding" "rolebindings" true;
    STORAGE_CLASS = "storage.k8s.io" "v1" "StorageClass" "storageclasses" false;
    CLUSTER_ROLE = "rbac.authorization.k8s.io" "v1" "ClusterRole" "clusterroles" false;
    CLUSTER_ROLE_BINDING = "rbac.authorization.k8s.io" "v1" "ClusterRoleBinding" "clusterrolebindings" false;
    CUSTOM_RESOURCE_DEFINITION = "apiextensions.k8s.io" "v1" "CustomResourceDefinition" "customresourcedefinitions" false;
    VALIDATING_WEBHOOK_CONFIGURATION = "admissionregistration.k8s.io" "v1" "ValidatingWebhookConfiguration" "validatingwebhookconfigurations" false;
    MUTATING_WEBHOOK_CONFIGURATION = "admissionregistration.k8s.io" "v1" "MutatingWebhookConfiguration" "mutatingwebhookconfigurations" false;
    PRIORITY_CLASS = "scheduling.k8s.io" "v1" "PriorityClass" "priorityclasses" false;
    SELF_SUBJECT_ACCESS_REVIEW = "authorization.k8s.io" "v1" "SelfSubjectAccessReview" "selfsubjectaccessreviews" false;
}

/// A text that lives as long as the process. Kinds are few, so what is kept is bounded by what clusters serve.
fn interned(text: &str) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return known;
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    texts.insert(kept);
    kept
}

impl Kind {
    /// A kind that is not in the table, as a cluster's discovery describes it.
    pub fn discovered(group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) -> Self {
        Self {
            group: interned(group),
            version: interned(version),
            kind: interned(kind),
            plural: interned(plural),
            namespaced,
        }
    }

    /// The same kind in another version of its API.
    #[must_use]
    pub fn in_version(self, version: &str) -> Self {
        if self.version == version { self } else { Self { version: interned(version), ..self } }
    }

    /// The kind of this group and name, whatever the version.
    pub fn find(group: &str, kind: &str) -> Option<Kind> {
        Self::ALL.iter().copied().find(|k| k.group == group && k.kind == kind)
    }

    /// The kind of a manifest's `apiVersion` and `kind`.
    pub fn of(api_version: &str, kind: &str) -> Option<Kind> {
        Self::find(api_version.split_once('/').map_or("", |(group, _)| group), kind)
    }

    /// `apiVersion` as in manifests.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Kind and group as ApplySet writes them: `Deployment.apps`, `Service`.
    pub fn group_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// Request path of the collection: in a namespace, or, without one, of the whole cluster.
    pub fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        match namespace {
            Some(namespace) if self.namespaced => format!("{root}/namespaces/{namespace}/{}", self.plural),
            _ => format!("{root}/{}", self.plural),
        }
    }

    /// Request path of one object.
    pub fn object_path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{name}", self.path(namespace))
    }

    /// Whether the kind comes with a chart: a cluster without it has none of its objects, and does not know it either.
    pub fn is_custom(&self) -> bool {
        matches!(self.group, "traefik.io" | "monitoring.coreos.com")
    }

    /// Whether objects of this kind run pods: they go first when a shop is taken down.
    pub fn is_workload(&self) -> bool {
        matches!(self.group, "apps" | "batch") || *self == Kind::POD
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_two_roots_of_the_api() {
        assert_eq!(Kind::SERVICE.path(Some("shop")), "/api/v1/namespaces/shop/services");
        assert_eq!(
            Kind::DEPLOYMENT.object_path(Some("shop"), "frontend"),
            "/apis/apps/v1/namespaces/shop/deployments/frontend"
        );
        assert_eq!(Kind::POD.path(None), "/api/v1/pods");
        assert_eq!(Kind::NAMESPACE.object_path(Some("ignored"), "shop"), "/api/v1/namespaces/shop");
    }

    #[test]
    fn a_discovered_kind_is_as_good_as_one_of_the_table() {
        let kind = Kind::discovered("apps", "v1", "Deployment", "deployments", true);
        assert_eq!(kind, Kind::DEPLOYMENT);
        assert_eq!(Kind::DEPLOYMENT.in_version("v1beta1").path(None), "/apis/apps/v1beta1/deployments");
        assert_eq!(Kind::DEPLOYMENT.in_version("v1"), Kind::DEPLOYMENT);
    }

    #[test]
    fn a_kind_is_found_by_its_manifest_whatever_the_version() {
        assert_eq!(Kind::of("autoscaling/v1", "HorizontalPodAutoscaler"), Some(Kind::HORIZONTAL_POD_AUTOSCALER));
        assert_eq!(Kind::of("v1", "Deployment"), None);
    }
}
