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
}
