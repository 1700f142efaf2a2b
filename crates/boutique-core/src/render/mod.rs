//! From a specification to the objects of a shop, and to upstream's own manifests.
//!
//! Templates and selectors stay upstream's: the only pod label is `app`, containers keep their names, variables their
//! order. What we add to the pods is what Pod Security's *restricted* level asks for.

mod collector;
mod deployment;
mod digest;
mod objects;
mod probes;
mod profile;
mod settings;
mod upstream;

use std::collections::BTreeMap;

use serde::Serialize;

pub use collector::{COLLECTOR, METRICS_PORT, SPANS_PORT, config, resources as collector_resources, traces};
pub use digest::digest;
pub(crate) use objects::{MANAGED_BY, PART_OF};
pub use settings::resources;
pub use upstream::{UpstreamOptions, upstream};

use crate::catalogue::{Catalogue, CatalogueError, calls, catalogue};
use crate::object::{Kind, Manifest};
use crate::service::Service;
use crate::spec::{Problem, Resources, StackSpec};
use settings::Settings;

/// Why a specification cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// There is no catalogue for its version.
    #[error(transparent)]
    Version(#[from] CatalogueError),
    /// Something else is wrong with it.
    #[error("the specification of the shop is not valid: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
}

/// What one service comes to when specification, profile and catalogue are laid over each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// The whole image reference.
    pub image: String,
    /// Pods.
    pub replicas: i64,
    /// Requests and limits of its container.
    pub resources: Resources,
}

/// The objects of a shop, callees before callers: ServiceAccounts, Services, Deployments, disruption budgets.
///
/// # Errors
///
/// [`RenderError`] when [`StackSpec::validate`] finds problems.
pub fn stack(spec: &StackSpec) -> Result<Vec<Manifest>, RenderError> {
    let settings = all_settings(spec)?;
    let labels = objects::Labels::of(spec);
    let manifest = |kind, name: &str, app, body| {
        let mut manifest = Manifest::new(kind, &spec.namespace, name, body);
        for (key, value) in labels.for_app(app) {
            manifest.set_label(key, value);
        }
        manifest
    };
    let mut manifests = Vec::with_capacity(settings.len() * 4 + 4);
    // Before those who send to it. Nobody waits for it, but spans that find no collector are lost.
    if spec.tracing {
        for (kind, body) in [
            (Kind::SERVICE_ACCOUNT, objects::service_account()),
            (Kind::CONFIG_MAP, collector::config_map(spec)),
            (Kind::SERVICE, collector::service()),
            (Kind::DEPLOYMENT, collector::deployment(spec)),
        ] {
            manifests.push(manifest(kind, COLLECTOR, COLLECTOR, body));
        }
    }
    for service in settings.iter().filter(|service| service.workload.account) {
        manifests.push(manifest(Kind::SERVICE_ACCOUNT, service.name(), service.name(), objects::service_account()));
    }
    for service in &settings {
        if let Some(body) = objects::service(service.workload) {
            manifests.push(manifest(Kind::SERVICE, service.name(), service.name(), body));
        }
        if let (Service::Frontend, Some(external)) = (service.workload.service, spec.frontend_external)
            && let Some(body) = objects::external_service(service.workload, external.name())
        {
            manifests.push(manifest(Kind::SERVICE, objects::FRONTEND_EXTERNAL, service.name(), body));
        }
    }
    for service in &settings {
        manifests.push(manifest(Kind::DEPLOYMENT, service.name(), service.name(), deployment::body(service)));
    }
    for service in settings.iter().filter(|service| service.survives_drain()) {
        let body = objects::disruption_budget(service.name());
        manifests.push(manifest(Kind::POD_DISRUPTION_BUDGET, service.name(), service.name(), body));
    }
    Ok(manifests)
}

/// What every enabled service comes to.
///
/// # Errors
///
/// [`RenderError`] when [`StackSpec::validate`] finds problems.
pub fn effective(spec: &StackSpec) -> Result<BTreeMap<Service, Effective>, RenderError> {
    let settings = all_settings(spec)?;
    Ok(settings
        .into_iter()
        .map(|settings| {
            let Settings { workload, image, replicas, resources, .. } = settings;
            (workload.service, Effective { image, replicas: replicas.unwrap_or(1), resources })
        })
        .collect())
}

fn all_settings(spec: &StackSpec) -> Result<Vec<Settings>, RenderError> {
    let (catalogue, _) = catalogue(&spec.version)?;
    let problems = spec.validate();
    if problems.is_empty() { Ok(resolve(spec, &catalogue)) } else { Err(RenderError::Invalid { problems }) }
}

fn resolve(spec: &StackSpec, catalogue: &Catalogue) -> Vec<Settings> {
    callees_first()
        .into_iter()
        .filter(|service| spec.is_enabled(*service))
        .map(|service| Settings::of(spec, catalogue, service))
        .collect()
}

/// Every service after all that it calls.
fn callees_first() -> Vec<Service> {
    fn visit(service: Service, ordered: &mut Vec<Service>) {
        for call in calls(service) {
            visit(call.service, ordered);
        }
        if !ordered.contains(&service) {
            ordered.push(service);
        }
    }
    let mut ordered = Vec::with_capacity(Service::ALL.len());
    for service in Service::ALL {
        visit(service, &mut ordered);
    }
    ordered
}
