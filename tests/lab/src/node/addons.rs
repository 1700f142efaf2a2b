//! Cluster DNS: CoreDNS as a Deployment, in the shape that kubeadm gives it.

use anyhow::Result;
use serde_json::{Value, json};

use crate::api::Api;
use crate::part::Part;
use crate::record::Network;

/// Path of the Deployment.
pub(crate) const DNS: &str = "/apis/apps/v1/namespaces/kube-system/deployments/coredns";

/// Last number of the DNS Service's address.
pub(crate) const DNS_IP: u8 = 10;

/// Name of the image.
pub(crate) fn dns_image() -> String {
    format!("registry.k8s.io/coredns/coredns:v{}", Part::COREDNS.version)
}

/// The cluster's names are answered; all others do not exist, because nothing outside can be reached.
const COREFILE: &str = "\
cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 30
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    prometheus :9153
    loadbalance
}
.:53 {
    template ANY ANY {
        rcode NXDOMAIN
    }
}
";

/// Applies the objects.
pub(crate) fn apply(api: &Api, network: Network) -> Result<()> {
    let system = "/api/v1/namespaces/kube-system";
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    api.apply(&format!("{system}/serviceaccounts/coredns"), &account())?;
    api.apply(&format!("{rbac}/clusterroles/system:coredns"), &role())?;
    api.apply(&format!("{rbac}/clusterrolebindings/system:coredns"), &binding())?;
    api.apply(&format!("{system}/configmaps/coredns"), &settings())?;
    api.apply(&format!("{system}/services/kube-dns"), &service(network))?;
    api.apply(DNS, &deployment())
}

fn account() -> Value {
    json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "coredns", "namespace": "kube-system" } })
}

fn role() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": { "name": "system:coredns" },
        "rules": [
            { "apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"] },
            { "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"] },
        ],
    })
}

fn binding() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": { "name": "system:coredns" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns" },
        "subjects": [{ "kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system" }],
    })
}

fn settings() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "coredns", "namespace": "kube-system" },
        "data": { "Corefile": COREFILE },
    })
}

fn service(network: Network) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": { "k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS" },
        },
        "spec": {
            "clusterIP": network.service(DNS_IP).to_string(),
            "selector": { "k8s-app": "kube-dns" },
            "ports": [
                { "name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53 },
                { "name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53 },
                { "name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153 },
            ],
        },
    })
}

fn deployment() -> Value {
    let probe = |path: &str, port: u16| json!({ "httpGet": { "path": path, "port": port }, "periodSeconds": 1, "failureThreshold": 30 });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "coredns", "namespace": "kube-system", "labels": { "k8s-app": "kube-dns" } },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "k8s-app": "kube-dns" } },
            "template": {
                "metadata": { "labels": { "k8s-app": "kube-dns" } },
                "spec": {
                    "serviceAccountName": "coredns",
                    "priorityClassName": "system-cluster-critical",
                    // Scheduled while the node is still getting Ready, which saves seconds of every start.
                    "tolerations": [{ "operator": "Exists" }],
                    "dnsPolicy": "Default",
                    "containers": [{
                        "name": "coredns",
                        "image": dns_image(),
                        "imagePullPolicy": "IfNotPresent",
                        "args": ["-conf", "/etc/coredns/Corefile"],
                        "ports": [
                            { "containerPort": 53, "name": "dns", "protocol": "UDP" },
                            { "containerPort": 53, "name": "dns-tcp", "protocol": "TCP" },
                            { "containerPort": 9153, "name": "metrics", "protocol": "TCP" },
                        ],
                        "readinessProbe": probe("/ready", 8181),
                        "livenessProbe": { "httpGet": { "path": "/health", "port": 8080 }, "periodSeconds": 10, "failureThreshold": 5 },
                        "resources": { "requests": { "cpu": "20m", "memory": "30Mi" }, "limits": { "memory": "170Mi" } },
                        "securityContext": {
                            "allowPrivilegeEscalation": false,
                            "capabilities": { "add": ["NET_BIND_SERVICE"], "drop": ["ALL"] },
                            "readOnlyRootFilesystem": true,
                        },
                        "volumeMounts": [{ "name": "config", "mountPath": "/etc/coredns", "readOnly": true }],
                    }],
                    "volumes": [{ "name": "config", "configMap": { "name": "coredns" } }],
                },
            },
        },
    })
}
