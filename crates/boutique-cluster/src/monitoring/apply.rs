//! Applying a monitoring: operator and Prometheus, then rules, monitors, probes and dashboards, under the lease of the
//! monitoring.
//!
//! Order: what is observed now and cannot work is refused → inventory names the release → Grafana's password → users'
//! record → Helm → its workloads are up → certificate of Grafana's host → objects → what was used before and is no more is
//! left.

use std::{collections::BTreeSet, time::Duration};

use boutique_core::{
    finding::Finding,
    helm::ReleaseId,
    monitoring::{
        Certificate, Inputs, MonitoringSpec, against, grafana_tls_secret,
        judge::{judge, stands_in_the_way},
        render,
        users::Shape,
    },
};

use super::{
    error::MonitoringError,
    grafana, kubelet,
    look::{Seen, look},
    observe::observe,
    release,
};
use crate::{
    apply::PlannedDrift,
    applyset::{self, Adopt, Applied, ApplyError, ApplyRequest, Cause, Rendered},
    bounds::Bounds,
    connect::Cluster,
    edge::certificate,
    event::Events,
    revisions::Records,
    shared::{self, Left, RecordError, ReleaseSettings, SharedError, Sharing},
};

/// Longest look for what keeps a release from coming up.
const TO_EXPLAIN: Duration = Duration::from_secs(10);

/// What to apply, and how.
#[derive(Clone)]
pub struct MonitoringRequest {
    /// The specification.
    pub spec: MonitoringSpec,
    /// What the release needs beside it.
    pub settings: ReleaseSettings,
    /// Grafana's password, if somebody gives one.
    pub grafana_password: Option<String>,
    /// Places that the plan showed as drift.
    pub planned_drift: Vec<PlannedDrift>,
    /// Version of the program, for the records.
    pub tool_version: String,
}

/// What an apply did.
#[derive(Debug, Clone, Default)]
pub struct MonitoringApplied {
    /// The objects.
    pub set: Applied,
    /// What the shop and its edge were like.
    pub inputs: Inputs,
    /// What works and should be known all the same.
    pub warnings: Vec<Finding>,
    /// What was kept of things that are used no more, as sentences.
    pub kept: Vec<String>,
}

/// Applies a monitoring. Does not wait until Prometheus scrapes; see [`super::wait`].
///
/// # Errors
/// With what was done before. Refusals that can be known come before anything is written.
pub async fn apply(
    cluster: &Cluster,
    request: MonitoringRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<MonitoringApplied, Box<ApplyError>> {
    let refused = |error: MonitoringError| Box::new(ApplyError { cause: cause(error), partial: Applied::default() });
    let spec = &request.spec;
    let id = spec.id();
    let operator =
        release::operator(cluster, spec, &request.settings, bounds, events).map_err(|error| refused(error.into()))?;
    let before = async {
        operator.check().await?;
        let seen = look(cluster, spec).await?;
        let inputs = seen.inputs.clone();
        let findings = judge(&observe(cluster, spec, seen).await?);
        Ok::<_, MonitoringError>((inputs, findings))
    };
    let before = bounds.run(Box::pin(before)).await.map_err(|by| refused(by.into()))?;
    let (inputs, findings) = before.map_err(refused)?;
    let (hopeless, others): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| stands_in_the_way(spec, finding));
    if !hopeless.is_empty() {
        return Err(refused(MonitoringError::Findings(hopeless)));
    }
    let problems = against(spec, &inputs);
    if !problems.is_empty() {
        return Err(refused(MonitoringError::Unfit(problems)));
    }

    let mut stored = spec.clone();
    inputs.record(&mut stored);
    let manifests = render(&stored, &inputs).map_err(|error| refused(error.into()))?;
    let stored = serde_json::to_value(&stored).unwrap_or_default();
    let wanted: BTreeSet<ReleaseId> = release::id(spec).into_iter().collect();
    let records = bounds.run(Records::read(cluster, &id)).await.map_err(|by| refused(by.into()))?;
    let records = records.map_err(|error| refused(error.into()))?;
    let used = records.inventory().ok().flatten().map(|inventory| inventory.state.releases).unwrap_or_default();
    let apply = ApplyRequest {
        releases: wanted.union(&used).cloned().collect(),
        planned_drift: request.planned_drift.clone(),
        force_conflicts: request.settings.force_conflicts,
        adopt: if request.settings.adopt { Adopt::Always } else { Adopt::Never },
        wait_follows: true,
        ..ApplyRequest::new(id.clone(), stored.clone(), manifests.clone(), &request.tool_version)
    };
    let companion = Box::pin(async {
        let prepared = prepare(&request, &operator, &inputs).await;
        // The kinds of the objects may have come with the chart: what is there of them is asked again.
        prepared
            .map(|()| Some(Rendered { spec: stored, manifests }))
            .map_err(|error| Box::new(error) as applyset::CompanionError)
    });
    let set = applyset::apply_after(cluster, apply, companion, bounds, events).await?;
    let warnings = others.into_iter().filter(is_worth_telling).collect();
    let mut applied = MonitoringApplied { set, inputs: inputs.clone(), warnings, kept: Vec::new() };

    // A release that is no longer installed here and goes on to be used is not left.
    let in_use = release::named(spec);
    for old in used.difference(&wanted).filter(|old| **old != in_use) {
        match leave(cluster, &id, old, &request.settings, bounds, events).await {
            Ok(kept) => applied.kept.extend(kept),
            Err(error) => return Err(Box::new(ApplyError { cause: cause(error), partial: applied.set })),
        }
    }
    Ok(applied)
}

/// Of what was seen before the apply, what the apply does not change.
fn is_worth_telling(finding: &Finding) -> bool {
    use boutique_core::finding::Code;
    matches!(finding.code, Code::SHOP_NOT_TRACED | Code::EDGE_NOT_SCRAPED)
}

/// Leaves a release, with the password of its Grafana if it is gone; says what was kept.
pub(super) async fn leave(
    cluster: &Cluster,
    id: &boutique_core::contract::SetId,
    release: &ReleaseId,
    settings: &ReleaseSettings,
    bounds: &Bounds,
    events: &Events,
) -> Result<Vec<String>, MonitoringError> {
    // Only the operator says where it is, and afterwards it is gone.
    let kubelets = bounds.run(kubelet::of_release(cluster, release)).await??;
    match shared::leave::<Shape>(cluster, id, release, &settings.helm, bounds, events).await? {
        Left::Uninstalled(mut kept) => {
            bounds.run(grafana::remove(cluster, &release.namespace, &release.name)).await??;
            kept.extend(bounds.run(kubelet::remove(cluster, kubelets)).await??);
            Ok(kept)
        }
        Left::Stays(why) => Ok(why.into_iter().collect()),
    }
}

pub(super) fn cause(error: MonitoringError) -> Cause {
    match error {
        MonitoringError::Interrupted(by) | MonitoringError::Operator(SharedError::Interrupted(by)) => {
            Cause::Interrupted(by)
        }
        MonitoringError::Api(error)
        | MonitoringError::Operator(SharedError::Api(error) | SharedError::Record(RecordError::Api(error))) => {
            Cause::Api(error)
        }
        other => Cause::Companion(Box::new(other)),
    }
}

/// The work before the objects.
async fn prepare(
    request: &MonitoringRequest,
    operator: &Sharing<'_, Shape>,
    inputs: &Inputs,
) -> Result<(), MonitoringError> {
    let Sharing { cluster, bounds, .. } = *operator;
    let spec = &request.spec;
    if spec.has_grafana() {
        // Before the release: its pod asks for the Secret.
        bounds.run(grafana::ensure(cluster, spec, request.grafana_password.as_deref())).await??;
    }
    if let Err(error) = operator.ensure().await {
        return Err(explained(cluster, spec, error).await);
    }
    let secrets = certificates(spec, inputs);
    if !secrets.is_empty() {
        bounds.run(certificate::ensure(cluster, &spec.id(), &secrets)).await??;
    }
    Ok(())
}

/// What helm and the wait cannot know about parts of this chart.
async fn explained(cluster: &Cluster, spec: &MonitoringSpec, error: SharedError) -> MonitoringError {
    use boutique_core::finding::Code;
    if !matches!(error, SharedError::Wait(_) | SharedError::Release(_)) {
        return error.into();
    }
    let of_chart = |finding: &Finding| {
        matches!(
            finding.code,
            Code::NODE_EXPORTER_PORT
                | Code::NODE_EXPORTER_MOUNT
                | Code::ADMISSION_JOB_STUCK
                | Code::STORAGE_PENDING
                | Code::RULE_WEBHOOK_DOWN
        )
    };
    let observed = tokio::time::timeout(TO_EXPLAIN, observe(cluster, spec, Seen::default())).await;
    let findings = observed.ok().and_then(Result::ok).map(|seen| judge(&seen)).unwrap_or_default();
    let findings: Vec<Finding> = findings.into_iter().filter(of_chart).collect();
    if findings.is_empty() { error.into() } else { MonitoringError::Stuck { findings, error } }
}

/// Secrets with certificates that we fill, each with its hosts.
pub(super) fn certificates(spec: &MonitoringSpec, inputs: &Inputs) -> certificate::Wanted {
    let mut secrets = certificate::Wanted::new();
    if let (Some(host), Some(edge)) = (&spec.grafana.host, &inputs.edge)
        && edge.certificate == Some(Certificate::SelfSigned)
        && let Some(secret) = grafana_tls_secret(spec, edge)
    {
        secrets.insert(secret, vec![host.clone()]);
    }
    secrets
}
