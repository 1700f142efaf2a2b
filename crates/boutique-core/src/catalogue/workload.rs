//! The shape of one catalogue entry.

use super::pages::calls;
use crate::service::Service;

/// What upstream deploys for one service.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Which service.
    pub service: Service,
    /// What it is written in; decides how it stops and what its logs look like.
    pub language: Language,
    /// Whether the image holds a shell, so that `kubectl exec … sh` works.
    pub shell: bool,
    /// Where its image comes from.
    pub image: Image,
    /// The container's name.
    pub container: &'static str,
    /// Whether it runs under a ServiceAccount of its own name; otherwise under `default`.
    pub account: bool,
    /// The port the process listens on.
    pub listen: Option<u16>,
    /// The name of that port in the container, where upstream gives one.
    pub listen_name: Option<&'static str>,
    /// The ports of its cluster-internal Service; empty where there is no Service.
    pub service_ports: &'static [ServicePort],
    /// Environment in upstream's order.
    pub env: &'static [Env],
    /// When it gets traffic.
    pub readiness: Option<Probe>,
    /// When it is restarted.
    pub liveness: Option<Probe>,
    /// Millicores.
    pub cpu: Amounts,
    /// MiB, as the release manifests have it.
    pub memory: Amounts,
    /// MiB, as the Helm chart has it: three services were doubled there after OOM kills (PR#2974).
    pub memory_helm: Amounts,
    /// `terminationGracePeriodSeconds`; unset means Kubernetes' 30.
    pub grace_seconds: Option<u32>,
    /// A directory that needs to be writable: volume name and mount path of an emptyDir.
    pub scratch: Option<(&'static str, &'static str)>,
    /// Whether the pod tells Istio to rewrite its HTTP probes.
    pub istio_rewrites_probes: bool,
}

impl Workload {
    /// The services this one calls, in the order in which it needs them.
    #[must_use]
    pub fn callees(&self) -> Vec<Service> {
        let mut callees = Vec::new();
        for dependency in calls(self.service) {
            if !callees.contains(&dependency.service) {
                callees.push(dependency.service);
            }
        }
        callees
    }

    /// The environment of one patch version of v0.10.
    pub fn env_of(&self, patch: u64) -> impl Iterator<Item = &'static Env> {
        self.env.iter().filter(move |env| env.since_patch <= patch)
    }
}

/// What a service is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Exits at once with code 2 on SIGTERM; JSON logs.
    Go,
    /// Stops gracefully with code 0; plain logs.
    DotNet,
    /// Ignores SIGTERM as PID 1 and is killed (137, reason Error) after the grace period; JSON logs.
    Node,
    /// As Node.
    Python,
    /// Runs its shutdown hook and exits with 143; JSON logs.
    Java,
    /// Redis: saves and exits with 0.
    C,
}

/// Where an image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// `<registry>/<service>:<version>`, built by upstream.
    Upstream,
    /// A public image that upstream only uses, by this reference.
    Public(&'static str),
}

/// One port of a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// The port's name, which is the only hint at its protocol.
    pub name: &'static str,
    /// The port callers use; it leads to [`Workload::listen`].
    pub port: u16,
}

/// One environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Env {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: EnvValue,
    /// The first patch version of v0.10 whose manifest sets it.
    pub since_patch: u64,
}

/// Where the value of a variable comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// The same text in every shop.
    Text(&'static str),
    /// Another service's address.
    AddressOf(Service),
}

impl EnvValue {
    /// The service whose address it is.
    #[must_use]
    pub const fn callee(self) -> Option<Service> {
        match self {
            Self::AddressOf(service) => Some(service),
            Self::Text(_) => None,
        }
    }
}

/// A request and a limit. Zero stands nowhere in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// What the scheduler sets aside.
    pub request: u32,
    /// What the kernel enforces.
    pub limit: u32,
}

/// A probe; what it leaves out is Kubernetes' default (period 10 s, timeout 1 s, three failures).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// How it asks.
    pub check: Check,
    /// Seconds before the first one.
    pub delay: Option<u32>,
    /// Seconds between two.
    pub period: Option<u32>,
}

/// How a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// gRPC's health protocol on the listening port, with the empty service name.
    Grpc,
    /// A TCP connection to the listening port.
    Tcp,
    /// GET `/_healthz` with this cookie, by which the frontend's log tells probes from shoppers.
    Http {
        /// The value of the `Cookie` header.
        cookie: &'static str,
    },
}
