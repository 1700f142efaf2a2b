//! Applying an edge: controller, certificate and routes, under the lease of the ingress.
//!
//! Order: what is observed now and cannot work is refused → inventory names the release → users' record → Helm → the
//! controller is up → certificate → routes → what was used before and is no more is left.

use std::collections::BTreeSet;

use boutique_core::{
    edge::{IngressSpec, Inputs, judge, needs_edge_address, outputs, redirects_to_node_port, render, users::Shape},
    finding::{Code, Finding, Severity},
    helm::ReleaseId,
};
use serde_json::Value;

use super::{
    certificate,
    error::EdgeError,
    locate::locate,
    observe::{objects, observe},
    release,
};
use crate::{
    apply::PlannedDrift,
    applyset::{self, Adopt, Applied, ApplyError, ApplyRequest, Cause, Rendered},
    bounds::Bounds,
    connect::Cluster,
    event::{Event, Events},
    revisions::Records,
    shared::{self, Left, RecordError, ReleaseSettings, SharedError, Sharing},
};

/// Where the controller was when the routes were rendered; kept in the specification's `tool`, so that a change shows.
pub(super) const EDGE_ADDRESS: &str = "edge_address";
/// Ports of the nodes that a redirect was told, kept in the same way.
pub(super) const NODE_PORTS: &str = "edge_node_ports";

/// What to apply, and how.
#[derive(Debug, Clone)]
pub struct EdgeRequest {
    /// The specification.
    pub spec: IngressSpec,
    /// What the controller's release needs beside it.
    pub settings: ReleaseSettings,
    /// Places that the plan showed as drift.
    pub planned_drift: Vec<PlannedDrift>,
    /// Version of the program, for the records.
    pub tool_version: String,
}

/// What an apply did.
#[derive(Debug, Clone, Default)]
pub struct EdgeApplied {
    /// The routes.
    pub set: Applied,
    /// Certificate of the authority of a self-signed certificate, PEM.
    pub authority: Option<String>,
    /// What was kept of things that are used no more, as sentences.
    pub kept: Vec<String>,
}

/// Applies an edge. Does not wait until the shop is reached; see [`super::wait`].
///
/// # Errors
/// With what was done before. Refusals that can be known come before anything is written.
pub async fn apply(
    cluster: &Cluster,
    request: EdgeRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<EdgeApplied, Box<ApplyError>> {
    let refused = |error: EdgeError| Box::new(ApplyError { cause: cause(error), partial: Applied::default() });
    let spec = &request.spec;
    let id = spec.id();
    let controller =
        release::controller(cluster, spec, &request.settings, bounds, events).map_err(|error| refused(error.into()))?;
    let before = async {
        controller.check().await?;
        let (_, observation) = observe(cluster, spec).await?;
        Ok::<_, EdgeError>(hopeless(spec, judge(&observation)))
    };
    let hopeless = bounds.run(before).await.map_err(|by| refused(by.into()))?.map_err(refused)?;
    if !hopeless.is_empty() {
        return Err(refused(EdgeError::Findings(hopeless)));
    }

    let wanted: BTreeSet<ReleaseId> = release::id(spec).into_iter().collect();
    let records = bounds.run(Records::read(cluster, &id)).await.map_err(|by| refused(by.into()))?;
    let records = records.map_err(|error| refused(error.into()))?;
    let used = records.inventory().ok().flatten().map(|inventory| inventory.state.releases).unwrap_or_default();
    let manifests = render(spec, &Inputs::default()).map_err(|error| refused(error.into()))?;
    let apply = ApplyRequest {
        releases: wanted.union(&used).cloned().collect(),
        planned_drift: request.planned_drift.clone(),
        force_conflicts: request.settings.force_conflicts,
        adopt: if request.settings.adopt { Adopt::Always } else { Adopt::Never },
        create_namespace: false,
        wait_follows: true,
        ..ApplyRequest::new(id.clone(), stored(spec), manifests, &request.tool_version)
    };
    let authority = std::sync::Mutex::new(None);
    let companion = Box::pin(async {
        let prepared = prepare(spec, &controller, &authority).await;
        prepared.map_err(|error| Box::new(error) as applyset::CompanionError)
    });
    let set = applyset::apply_after(cluster, apply, companion, bounds, events).await?;
    let authority = authority.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut applied = EdgeApplied { set, authority, kept: Vec::new() };

    // A controller that is no longer installed by this ingress and goes on to be used is not left.
    let in_use = release::named(spec);
    for old in used.difference(&wanted).filter(|old| Some(*old) != in_use.as_ref()) {
        let left = shared::leave::<Shape>(cluster, &id, old, &request.settings.helm, bounds, events).await;
        match left {
            Ok(Left::Uninstalled(kept)) => applied.kept.extend(kept),
            Ok(Left::Stays(why)) => applied.kept.extend(why),
            Err(error) => return Err(Box::new(ApplyError { cause: cause(error.into()), partial: applied.set })),
        }
    }
    Ok(applied)
}

fn cause(error: EdgeError) -> Cause {
    match error {
        EdgeError::Interrupted(by) | EdgeError::Controller(SharedError::Interrupted(by)) => Cause::Interrupted(by),
        EdgeError::Api(error)
        | EdgeError::Controller(SharedError::Api(error) | SharedError::Record(RecordError::Api(error))) => {
            Cause::Api(error)
        }
        other => Cause::Companion(Box::new(other)),
    }
}

/// The work before the routes.
async fn prepare(
    spec: &IngressSpec,
    controller: &Sharing<'_, Shape>,
    authority: &std::sync::Mutex<Option<String>>,
) -> Result<Option<Rendered>, EdgeError> {
    let Sharing { cluster, bounds, events, .. } = *controller;
    controller.ensure().await?;
    let secrets = secrets(spec);
    if !secrets.is_empty() {
        let made = bounds.run(certificate::ensure(cluster, &spec.id(), &secrets)).await??;
        *authority.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(made);
    }
    if !needs_edge_address(spec) && !redirects_to_node_port(spec) {
        return Ok(None);
    }
    let found = bounds.run(async {
        let located = locate(cluster, spec).await?;
        let objects = objects(cluster, spec, &located).await?;
        Ok::<_, EdgeError>(outputs(spec, &objects))
    });
    let outputs = found.await??;
    let mut inputs = Inputs::default();
    let mut spec = spec.clone();
    if needs_edge_address(&spec) {
        (inputs.edge_address, inputs.http_port) = (outputs.cluster_ip, Some(outputs.http_port));
        match outputs.cluster_ip {
            Some(address) => drop(spec.tool.insert(EDGE_ADDRESS.to_owned(), address.to_string().into())),
            None => {
                let why = "the load generator is left out: the controller has no address within the cluster";
                events.tell(Event::Warning(why.to_owned()));
            }
        }
    }
    if let Some((http, https)) = outputs.node_ports.filter(|_| redirects_to_node_port(&spec)) {
        inputs.node_ports = Some((http, https));
        spec.tool.insert(NODE_PORTS.to_owned(), node_ports(http, https).into());
    }
    Ok(Some(Rendered { manifests: render(&spec, &inputs)?, spec: stored(&spec) }))
}

/// Node ports as they are kept and shown.
pub(super) fn node_ports(http: u16, https: u16) -> String {
    format!("{http} and {https}")
}

/// Secrets that we fill, each with its hosts.
pub(super) fn secrets(spec: &IngressSpec) -> certificate::Wanted {
    let mut secrets = certificate::Wanted::new();
    if spec.tls.as_ref().is_some_and(|tls| tls.self_signed) {
        for host in spec.all_hosts() {
            if let Some(secret) = spec.tls_secret(host) {
                secrets.entry(secret).or_default().push(host.to_owned());
            }
        }
    }
    secrets
}

fn stored(spec: &IngressSpec) -> Value {
    serde_json::to_value(spec).unwrap_or_default()
}

/// What is wrong already and would be so after the apply.
fn hopeless(spec: &IngressSpec, findings: Vec<Finding>) -> Vec<Finding> {
    let believed = |code: Code| {
        matches!(code, Code::CLASS_TAKEN | Code::HOST_CLAIMED | Code::BACKEND_MISSING)
            || (code == Code::CLASS_MISSING && !spec.controller.install)
    };
    findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error && finding.settled && believed(finding.code))
        .collect()
}
