//! What one service comes to: the catalogue's entry under the profile under the person's own settings.

use super::probes::Probing;
use super::{collector, profile};
use crate::catalogue::{Catalogue, EnvValue, Image, Workload, address, workload};
use crate::quantity::Quantity;
use crate::service::Service;
use crate::spec::{Amounts, Cart, Probes, Profile, Resources, StackSpec};

/// The frontend's variable that moves all its pages below a path; upstream knows it since v0.10.1.
const BASE_URL: &str = "BASE_URL";

/// Everything that decides one service's objects.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) workload: &'static Workload,
    pub(super) image: String,
    /// None leaves the field out, as upstream does.
    pub(super) replicas: Option<i64>,
    pub(super) env: Vec<(String, String)>,
    pub(super) resources: Resources,
    pub(super) probing: Probing,
    /// What Pod Security's *restricted* level asks for and upstream leaves out.
    pub(super) restricted: bool,
    /// Rollouts without a dip, copies on different nodes, connections drained before the end.
    pub(super) available: bool,
    /// The image of an init container that waits for the frontend.
    pub(super) waits_with: Option<String>,
}

impl Settings {
    pub(super) fn of(spec: &StackSpec, catalogue: &Catalogue, service: Service) -> Self {
        let entry = workload(service);
        let own = spec.services.get(&service);
        Self {
            workload: entry,
            image: own
                .and_then(|own| own.image.clone())
                .unwrap_or_else(|| image(entry, catalogue, spec.image_registry.as_deref())),
            replicas: Some(
                own.and_then(|own| own.replicas).unwrap_or_else(|| profile::replicas(spec.profile, service)),
            ),
            env: env(spec, catalogue, entry),
            resources: resources(spec, service),
            probing: match spec.probes {
                Probes::Startup => Probing::Startup,
                Probes::Upstream => Probing::Upstream,
            },
            restricted: true,
            available: spec.profile == Profile::Ha && service.is_stateless_server(),
            waits_with: None,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.workload.service.name()
    }

    /// The path below which a frontend answers, health endpoint included; empty for all others.
    pub(super) fn base_path(&self) -> &str {
        let base = self.env.iter().find(|(name, _)| self.workload.service == Service::Frontend && name == BASE_URL);
        base.map_or("", |(_, path)| path.trim_end_matches('/'))
    }

    /// Whether a node can be drained without an outage, so that a disruption budget protects and does not block.
    pub(super) fn survives_drain(&self) -> bool {
        self.available && self.replicas.is_some_and(|replicas| replicas > 1)
    }
}

/// The reference of an image; another registry replaces upstream's, and holds Redis as `<registry>/redis:alpine`.
pub(super) fn image(workload: &Workload, catalogue: &Catalogue, registry: Option<&str>) -> String {
    match (workload.image, registry) {
        (Image::Upstream, other) => {
            format!("{}/{}:{}", other.unwrap_or(catalogue.registry), workload.service, catalogue.version)
        }
        (Image::Public(reference), Some(registry)) => format!("{registry}/{reference}"),
        (Image::Public(reference), None) => reference.to_owned(),
    }
}

/// Upstream's variables as a manifest has them.
pub(super) fn upstream_env(catalogue: &Catalogue, workload: &Workload) -> Vec<(String, String)> {
    workload
        .env_of(catalogue.rendered_as.patch)
        .map(|env| {
            let value = match env.value {
                EnvValue::Text(text) => text.to_owned(),
                EnvValue::AddressOf(callee) => address(callee).unwrap_or_default(),
            };
            (env.name.to_owned(), value)
        })
        .collect()
}

/// Upstream's variables in upstream's order, with the person's values in their places and further ones after them.
fn env(spec: &StackSpec, catalogue: &Catalogue, workload: &Workload) -> Vec<(String, String)> {
    let mut env = upstream_env(catalogue, workload);
    let mut set = |name: &str, value: String| match env.iter_mut().find(|(known, _)| known == name) {
        Some(known) => known.1 = value,
        None => env.push((name.to_owned(), value)),
    };
    match (workload.service, spec.cart()) {
        (Service::Cartservice, Cart::External { address }) => set("REDIS_ADDR", address.clone()),
        (Service::Loadgenerator, _) => {
            // Whatever stands in this variable comes before every path that it asks for.
            let base = spec.services.get(&Service::Frontend).and_then(|frontend| frontend.env.get(BASE_URL));
            if let (Some(base), Some(frontend)) = (base, address(Service::Frontend)) {
                set("FRONTEND_ADDR", format!("{frontend}{}", base.trim_end_matches('/')));
            }
            set("USERS", spec.load_generator().users.to_string());
            if catalogue.rendered_as.patch >= 3 {
                set("RATE", spec.load_generator().rate.to_string());
            }
        }
        _ => {}
    }
    if spec.tracing && collector::traces(workload.service) {
        for (name, value) in collector::env(workload.service) {
            set(name, value);
        }
    }
    for (name, value) in spec.services.get(&workload.service).into_iter().flat_map(|own| &own.env) {
        set(name, value.clone());
    }
    env
}

/// The requests and limits of a service: the person's where given, else the profile's. A profile's request never
/// stands above the person's limit, because the API server would refuse the pair.
#[must_use]
pub fn resources(spec: &StackSpec, service: Service) -> Resources {
    let base = profile::resources(spec.profile, service);
    match spec.services.get(&service) {
        Some(own) => over(base, &own.resources),
        None => base,
    }
}

/// The person's amounts over others.
pub(super) fn over(base: Resources, own: &Resources) -> Resources {
    let limits = Amounts {
        cpu: own.limits.cpu.clone().or(base.limits.cpu),
        memory: own.limits.memory.clone().or(base.limits.memory),
    };
    let requests = Amounts {
        cpu: own.requests.cpu.clone().or_else(|| at_most(base.requests.cpu, limits.cpu.as_deref())),
        memory: own.requests.memory.clone().or_else(|| at_most(base.requests.memory, limits.memory.as_deref())),
    };
    Resources { requests, limits }
}

fn at_most(request: Option<String>, limit: Option<&str>) -> Option<String> {
    let (Some(text), Some(limit)) = (&request, limit) else { return request };
    match (text.parse::<Quantity>(), limit.parse::<Quantity>()) {
        (Ok(least), Ok(most)) if least > most => Some(limit.to_owned()),
        _ => request,
    }
}
