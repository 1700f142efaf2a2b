//! Upstream's own release manifests, for shops that others install.

use serde_json::{Value, json};

use super::probes::Probing;
use super::settings::{self, Settings};
use super::{deployment, objects};
use crate::catalogue::{CatalogueError, Workload, catalogue};
use crate::object::Kind;
use crate::service::Service;
use crate::spec::{Amounts, Resources};

/// What upstream lets people vary.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamOptions<'a> {
    /// Another registry for all images, that of Redis included, as upstream's component `container-images-registry`.
    pub registry: Option<&'a str>,
    /// Whether the load generator waits for the frontend in an init container, as in the release manifest.
    pub frontend_check: bool,
}

impl Default for UpstreamOptions<'_> {
    fn default() -> Self {
        Self { registry: None, frontend_check: true }
    }
}

/// The raw release manifests' equivalent: the 35 objects that `kubectl apply -f release/kubernetes-manifests.yaml`
/// creates, with upstream's labels, probes, sizes and nothing of ours, and without a namespace.
///
/// # Errors
///
/// [`CatalogueError`] for a version that is no release or too old.
pub fn upstream(version: &str, options: UpstreamOptions<'_>) -> Result<Vec<Value>, CatalogueError> {
    let (catalogue, _) = catalogue(version)?;
    let mut objects = Vec::new();
    for workload in catalogue.workloads() {
        let name = workload.service.name();
        let settings = Settings {
            workload,
            image: settings::image(workload, &catalogue, options.registry),
            replicas: (workload.service == Service::Loadgenerator).then_some(1),
            env: settings::upstream_env(&catalogue, workload),
            resources: raw_resources(workload),
            probing: Probing::Upstream,
            restricted: false,
            available: false,
            waits_with: (workload.service == Service::Loadgenerator && options.frontend_check)
                .then(|| catalogue.init_image.to_owned()),
        };
        let labels = json!({"app": name});
        objects.push(object(Kind::DEPLOYMENT, name, Some(&labels), deployment::body(&settings)));
        if let Some(body) = objects::service(workload) {
            objects.push(object(Kind::SERVICE, name, Some(&labels), body));
        }
        if workload.service == Service::Frontend
            && let Some(body) = objects::external_service(workload, "LoadBalancer")
        {
            objects.push(object(Kind::SERVICE, objects::FRONTEND_EXTERNAL, Some(&labels), body));
        }
        if workload.account {
            objects.push(object(Kind::SERVICE_ACCOUNT, name, None, json!({})));
        }
    }
    Ok(objects)
}

fn object(kind: Kind, name: &str, labels: Option<&Value>, body: Value) -> Value {
    let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": name}});
    if let Some(labels) = labels {
        object["metadata"]["labels"] = labels.clone();
    }
    if let Value::Object(body) = body {
        for (field, value) in body {
            object[field] = value;
        }
    }
    object
}

fn raw_resources(workload: &Workload) -> Resources {
    let amounts = |cpu: u32, memory: u32| Amounts { cpu: Some(format!("{cpu}m")), memory: Some(format!("{memory}Mi")) };
    Resources {
        requests: amounts(workload.cpu.request, workload.memory.request),
        limits: amounts(workload.cpu.limit, workload.memory.limit),
    }
}
