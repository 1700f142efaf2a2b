//! Every code there is. Append only: a code that was printed once keeps its number, its title and its meaning.

use super::Code;

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// A few words.
    pub title: &'static str,
    /// What it says about the shop.
    pub meaning: &'static str,
    /// What usually ends it.
    pub fix: &'static str,
}

macro_rules! registry {
    ($($name:ident = $number:literal, $title:literal, $meaning:literal, $fix:literal;)*) => {
        impl Code {
            $(#[doc = concat!($title, ".")] pub const $name: Code = Code($number);)*
        }

        /// Every code, by number.
        pub const REGISTRY: &[Entry] = &[
            $(Entry { code: Code::$name, title: $title, meaning: $meaning, fix: $fix },)*
        ];
    };
}

registry! {
    IMAGE_PULL = 1001, "image cannot be pulled",
        "A node asked a registry for the image of a container and did not get it: the image does not exist there, the registry cannot be reached, or it wants credentials.",
        "Correct `image` of the service or `image_registry` of the stack, or make the registry reachable from the nodes.";
    CRASH_LOOP = 1002, "container crashes again and again",
        "A container's process ends shortly after its start; Kubernetes starts it again after longer and longer pauses.",
        "Read the last log lines and the exit code; mostly a variable in `env` is missing or wrong, or the image is built for another processor.";
    OUT_OF_MEMORY = 1003, "container runs out of memory",
        "The kernel killed a container that reached its memory limit (reason OOMKilled; exit code 137 alone does not say so).",
        "Raise `resources.limits.memory` of the service.";
    UNSCHEDULABLE = 1004, "pod fits on no node",
        "The scheduler found no node that has room for the pod's requests and that the pod tolerates.",
        "Add a node, use `profile = \"small\"`, or lower `resources.requests` of the service.";
    QUOTA_EXCEEDED = 1005, "quota leaves no room",
        "A ResourceQuota of the namespace does not admit another pod.",
        "Raise the quota, or lower replicas and requests of the shop.";
    POD_SECURITY = 1006, "Pod Security refuses the pod",
        "The namespace enforces a Pod Security level that the pod does not satisfy.",
        "Remove what violates it. The shop's own pods satisfy *restricted*.";
    MISSING_CONFIG = 1007, "container lacks its configuration",
        "A container refers to a ConfigMap, a Secret or a key that does not exist, or may not run as the user its image asks for.",
        "Create what the message names, in the shop's namespace.";
    NOT_READY = 1008, "container does not become ready",
        "A container runs and its readiness or startup probe fails, so it gets no traffic.",
        "Read what the probe was answered and the last log lines.";
    NO_ENDPOINTS = 1009, "Service without endpoints",
        "No ready pod stands behind a Service: whoever calls it is refused at once.",
        "Bring one of its pods to ready; scale it up if it has none.";
    PROGRESS_DEADLINE = 1010, "rollout made no progress",
        "A Deployment's new pods did not become available within its progress deadline.",
        "See the other findings of the same service; they say why its pods do not come up.";
    NAMESPACE_TERMINATING = 1011, "namespace is being deleted",
        "The namespace is terminating: nothing can be created in it.",
        "Wait until it is gone and apply again; if it does not go, its conditions name what holds it.";
    PODS_NOT_CREATED = 1012, "pods cannot be created",
        "The API server refuses the pods of a Deployment for another reason than quota or Pod Security, such as a webhook or a missing ServiceAccount.",
        "The message names who refuses, and why.";
    CONTAINER_NOT_STARTED = 1013, "container cannot be started",
        "The node has the image and cannot start a container from it.",
        "The message comes from the container runtime; mostly the command does not exist in the image.";
    POD_NOT_SET_UP = 1014, "pod cannot be set up",
        "The node cannot give the pod its sandbox, its network or its volumes, so that no container of it starts.",
        "The message names the part; a memory limit of a few MiB is too small even for the sandbox.";
    CONTROLLER_GONE = 2001, "ingress controller is not there",
        "The IngressClass exists, and no ready pod of the controller that serves it: nobody listens for the shop's host.",
        "Bring the controller back: apply again if it is installed by the ingress, else see its Deployment.";
    CLASS_MISSING = 2002, "IngressClass does not exist",
        "The Ingress asks for an IngressClass that the cluster does not have, so no controller takes it.",
        "Set `controller.class` to a class that exists, or `controller.install = true`.";
    CLASS_TAKEN = 2003, "IngressClass belongs to another controller",
        "The IngressClass names another controller than the kind that was asked for; F5's and the community's nginx both call theirs `nginx`.",
        "Set `controller.class` to a name of its own, or `controller.kind` to the controller that has the class.";
    CLASS_CLAIMED_TWICE = 2004, "two controllers claim one class",
        "Two controllers run that are both set to the same IngressClass. Of one kind, both answer and both write the address; of different kinds, the one that the class does not name takes nothing, or does not start.",
        "Give one of them a class of its own, or uninstall it.";
    BACKEND_MISSING = 2005, "Ingress leads to a Service or port that does not exist",
        "The Ingress names a Service that its namespace does not have, or a port that the Service does not have.",
        "Correct `service` (or the entry in `hosts`), or create the Service.";
    EDGE_NO_ENDPOINTS = 2006, "Ingress leads to no ready pod",
        "The Service behind a host has no ready endpoint: shoppers get 502 or 503 from the controller.",
        "Bring a pod of the Service to ready; the stack's own findings say why there is none.";
    BASE_PATH_MISMATCH = 2007, "base path and frontend disagree",
        "The edge leads a path to the shop, and the frontend's BASE_URL is another one: all pages are 404.",
        "Set the frontend's `BASE_URL` and the `path` of the ingress to the same.";
    TLS_SECRET_MISSING = 2008, "TLS Secret does not exist",
        "The Ingress names a Secret for its certificate that does not exist in its namespace.",
        "Create the Secret, correct `tls.secret`, or see what cert-manager says about the Certificate.";
    TLS_SECRET_MALFORMED = 2009, "TLS Secret holds no usable certificate",
        "The Secret exists and is not of type kubernetes.io/tls, or lacks a certificate or key that can be read.",
        "Create it anew with kubectl create secret tls.";
    CERTIFICATE_NOT_VALID = 2010, "certificate is not valid now",
        "The certificate of a host has expired, or its time has not come.",
        "Renew it; a self-signed one is renewed by the next apply.";
    CERTIFICATE_EXPIRES_SOON = 2011, "certificate expires soon",
        "The certificate of a host expires within two weeks.",
        "Renew it; a self-signed one is renewed by the next apply.";
    CERTIFICATE_OTHER_HOST = 2012, "certificate is for another host",
        "The names in the certificate do not cover the host: browsers and clients refuse it.",
        "Use a certificate with the host among its names.";
    HOST_CLAIMED = 2013, "host is claimed by another Ingress",
        "Another Ingress of the same class has the same host and path. Depending on the controller the older one wins, or chance decides.",
        "Use another `host`, or remove the host from the other Ingress.";
    INGRESS_REJECTED = 2014, "controller refuses the Ingress",
        "The controller has read the Ingress and does not serve it; its event says why.",
        "Correct what the event names; mostly an annotation, or a host that is taken.";
    NO_ADDRESS = 2015, "edge has no address",
        "The controller's Service is of type LoadBalancer, and nothing has given it an address: it answers inside the cluster only.",
        "Use `controller.service_type = \"NodePort\"`, or install a load balancer such as MetalLB.";
    EDGE_UNREACHABLE = 2016, "edge does not answer",
        "The address of the edge refuses connections, or does not answer in time.",
        "Check firewall, load balancer and the controller's Service.";
    HOST_NOT_ROUTED = 2017, "controller does not know the host",
        "The controller answers 404 for the shop's host: it has no route for it, or has not taken it yet.",
        "See the events of the Ingress and the log of the controller.";
    EDGE_GATEWAY_ERROR = 2018, "controller gets no answer from the shop",
        "The controller answers 502, 503 or 504: it knows the host and does not reach the frontend, or waits for it in vain.",
        "See the endpoints of the frontend; for 504 see why its pages hang.";
    CERTIFICATE_NOT_SERVED = 2019, "controller has no certificate for the host",
        "The controller shows its own default certificate for the host, or ends the handshake.",
        "See the TLS Secret of the Ingress.";
    OTHER_ANSWER = 2020, "host leads to something else",
        "What answers for the host is not the shop: another application, a login page, a redirect to elsewhere.",
        "See where the host's name leads, and which Ingress has its path.";
    CONTROLLER_RETIRED = 2021, "ingress controller is retired",
        "The controller gets no releases and no security fixes any more.",
        "Move to another kind of controller.";
    OPERATOR_MISSING = 3001, "Prometheus operator is not there",
        "No operator runs that would turn rules and monitors into Prometheus' configuration.",
        "Leave `chart.existing` out, so that one is installed, or bring the existing one back.";
    MONITORING_CRDS_MISSING = 3002, "custom resource definitions of the operator are missing",
        "The cluster does not know the kinds in which rules, monitors and probes are written.",
        "Install the operator with its CRDs: leave `chart.existing` out, or install them with the existing operator.";
    MONITORING_CRDS_OLD = 3003, "custom resource definitions of the operator are too old",
        "The CRDs lack a version or a field that our rules, monitors or probes use, so that the API server refuses or drops it.",
        "Upgrade the CRDs together with the operator; a chart that is installed here does so when its version is raised.";
    RULE_WEBHOOK_DOWN = 3004, "webhook for rules does not answer",
        "The API server asks a webhook about every PrometheusRule, nobody stands behind its Service, and without its answer rules are refused.",
        "Bring the operator's pod to ready; delete the webhook configuration if the operator is gone for good.";
    PROMETHEUS_IGNORES_US = 3005, "Prometheus does not select our objects",
        "The selectors of Prometheus do not match the labels or the namespace of our rules, monitors or probes: they are there and nobody reads them.",
        "Set `chart.selector_labels` to the labels that Prometheus looks for.";
    RULES_NOT_LOADED = 3006, "rules are not loaded",
        "Prometheus does not have our rules, or cannot evaluate them: nothing is recorded and no alert fires.",
        "See the operator's log and the events of the PrometheusRule.";
    TARGET_DOWN = 3007, "target is not scraped",
        "Prometheus knows a target of ours and gets no metrics from it.",
        "The message says what Prometheus was answered; mostly a NetworkPolicy, or a pod that is not ready.";
    TWO_OPERATORS = 3008, "another operator watches the same namespace",
        "Another Prometheus operator watches this namespace, too: both would write the configuration of one Prometheus.",
        "Use the operator that is there (`chart = { existing = true }`), or restrict it to other namespaces.";
    NODE_EXPORTER_PORT = 3009, "port of the node exporter is taken",
        "The node exporter listens on port 9100 of every node, and something else has it.",
        "Switch it off (`chart.values = { nodeExporter = { enabled = false } }`), or give it another port.";
    NODE_EXPORTER_MOUNT = 3010, "node exporter cannot mount the node's root",
        "The node does not share its mounts, as in clusters whose nodes are containers.",
        "Set `platform = \"kind\"`.";
    ADMISSION_JOB_STUCK = 3011, "job for the webhook's certificate does not end",
        "Before the chart's objects come, a Job makes the certificate of the operator's webhook; it does not come to its end, and the release waits for it.",
        "See its pod; `chart.values = { prometheusOperator = { admissionWebhooks = { enabled = false } } }` does without.";
    PROMETHEUS_NOT_READY = 3012, "Prometheus is not ready",
        "The Prometheus object is there, and no pod of it answers.",
        "See its pod and what the operator wrote into the status of the Prometheus object.";
    STORAGE_PENDING = 3013, "volume of Prometheus is not bound",
        "No volume was made for Prometheus' claim, so its pod waits.",
        "Set `storage.class` to a StorageClass that makes volumes, or leave `storage` out.";
    SHOP_MISSING = 3014, "shop is not there",
        "The namespace holds no shop of that name: there is nothing to watch.",
        "Correct `stack`, or apply the shop first.";
    INGRESS_MISSING = 3015, "ingress is not there",
        "There is no ingress of that name: no journey can go through it, and Grafana's host has nowhere to be.",
        "Correct `ingress`, or apply the ingress first.";
    SHOP_NOT_TRACED = 3016, "requests of the shop leave no spans",
        "The shop's collector is not there, so that rates, errors and latencies by service are not known; what is left are journeys and the edge.",
        "Set `tracing = true` on the stack.";
    EDGE_NOT_SCRAPED = 3017, "controller of the edge shows no metrics",
        "Pods of the ingress controller have no port for metrics, or its kind is not known.",
        "Switch its metrics on; a controller that is installed by boutique_ingress has them.";
}
