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
}
