//! Waiting for a set: by watch, never fooled by an old generation, and not longer than there is hope.

use std::{collections::BTreeSet, fmt, time::Duration};

use boutique_core::{
    contract::{FIELD_MANAGER, SetId},
    finding::{Finding, Severity},
    helm::ReleaseId,
    inventory::Progress,
    judge::{Observation, judge},
    object::{Kind, ObjectRef},
    status::{Phase, Status, status},
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    bounds::{Bounds, Interrupted},
    connect::Cluster,
    event::{Event, Events},
    evidence::add_logs,
    request::ApiError,
    revisions::Records,
    watch::{Follow, Followed},
};

/// What to wait for.
#[derive(Debug, Clone)]
pub struct WaitRequest {
    /// The set.
    pub id: SetId,
    /// Objects that must become current.
    pub targets: Vec<Target>,
    /// Version of the program, for the inventory.
    pub tool_version: String,
}

/// An object and the generation that must be seen by its controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The object.
    pub object: ObjectRef,
    /// The generation that was written; 0: whichever stands.
    pub generation: i64,
}

/// A wait that came to its end.
#[derive(Debug, Clone, Default)]
pub struct Waited {
    /// How long it took.
    pub took: Duration,
}

/// A wait that did not.
#[derive(Debug)]
pub enum WaitError {
    /// Waiting longer would not help.
    Failed {
        /// Why, with evidence: pod, reason, last log lines. Never empty.
        findings: Vec<Finding>,
        /// Objects that are not current, with their status.
        missing: Vec<(ObjectRef, Status)>,
    },
    /// Its time was over, or it was called off.
    Ended {
        /// Which of both.
        by: Interrupted,
        /// Objects that are not current, with their status.
        missing: Vec<(ObjectRef, Status)>,
        /// What keeps them, as far as it can be seen. Empty when it was called off.
        findings: Vec<Finding>,
    },
    /// A request failed.
    Api(ApiError),
}

impl From<ApiError> for WaitError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, findings) = match self {
            Self::Api(error) => return write!(f, "{error}"),
            Self::Failed { findings, missing } => {
                write!(f, "the pods will not come up")?;
                (missing, findings)
            }
            Self::Ended { by, missing, findings } => {
                write!(f, "not all pods are up yet: {by}")?;
                (missing, findings)
            }
        };
        missing.iter().try_for_each(|(object, status)| write!(f, "\n{object}: {}", status.reason))?;
        findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

impl std::error::Error for WaitError {}

/// Waits until all targets are current. Gives up as soon as a finding about one of them says that waiting will not end
/// it. On success the set has nothing pending any more.
///
/// # Errors
/// With findings where there are any.
pub async fn wait(
    cluster: &Cluster,
    request: &WaitRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<Waited, Box<WaitError>> {
    let waited = until_current(cluster, request, bounds, events).await?;
    complete(cluster, request).await?;
    Ok(waited)
}

/// As [`wait`], for a set that waits for more afterwards: it goes on being pending.
pub(crate) async fn until_current(
    cluster: &Cluster,
    request: &WaitRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<Waited, Box<WaitError>> {
    let began = tokio::time::Instant::now();
    let namespace = &request.id.namespace;
    let mut warnings = Follow::labelled(Kind::EVENT, "");
    warnings.fields = "type=Warning".to_owned();
    warnings.optional = true;
    let mut sets = Follow::labelled(Kind::REPLICA_SET, "");
    sets.optional = true;
    let follows = vec![Follow::labelled(Kind::DEPLOYMENT, ""), Follow::labelled(Kind::POD, ""), sets, warnings];
    let mut followed = Followed::start(cluster, namespace, follows);
    let mut told = None;
    loop {
        // Some findings are believed only when they have lasted, so time alone can change the verdict.
        let changed = bounds.run(tokio::time::timeout(Duration::from_secs(2), followed.changed())).await;
        match changed {
            Err(by) => return Err(Box::new(ended(cluster, request, &followed, by).await)),
            Ok(Ok(Err(error))) => return Err(Box::new(error.into())),
            Ok(Err(_)) if !followed.is_complete() => continue,
            Ok(Err(_) | Ok(Ok(()))) => {}
        }
        let missing = missing(&request.targets, &followed);
        let state = (missing.len(), missing.clone());
        if told.as_ref() != Some(&state) {
            let total = request.targets.len();
            events.tell(Event::Waiting { ready: total - missing.len(), total, missing: missing.clone() });
            told = Some(state);
        }
        if missing.is_empty() {
            return Ok(Waited { took: began.elapsed() });
        }
        let mut observation = observe(&followed);
        if !hopeless(&judge(&observation), request, &missing).is_empty() {
            add_logs(cluster, namespace, &mut observation).await;
            let findings = hopeless(&judge(&observation), request, &missing);
            return Err(Box::new(WaitError::Failed { findings, missing }));
        }
        if let Some((object, status)) = missing.iter().find(|(_, status)| status.phase == Phase::Failed) {
            tracing::debug!(%object, %status, "failed without a finding; waiting on");
        }
    }
}

async fn ended(cluster: &Cluster, request: &WaitRequest, followed: &Followed, by: Interrupted) -> WaitError {
    let missing = missing(&request.targets, followed);
    // Who calls off wants an answer now; who ran out of time wants to know why.
    let findings = match by {
        Interrupted::Cancelled => Vec::new(),
        Interrupted::Deadline => {
            let mut observation = observe(followed);
            add_logs(cluster, &request.id.namespace, &mut observation).await;
            judge(&observation).into_iter().filter(|finding| concerns(finding, request)).collect()
        }
    };
    WaitError::Ended { by, missing, findings }
}

fn missing(targets: &[Target], followed: &Followed) -> Vec<(ObjectRef, Status)> {
    targets
        .iter()
        .filter_map(|target| {
            let status = target_status(target, followed.get(&target.object));
            (!status.is_current()).then(|| (target.object.clone(), status))
        })
        .collect()
}

fn target_status(target: &Target, live: Option<&Value>) -> Status {
    let Some(live) = live else { return Status::not_found() };
    let generation = live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
    if generation < target.generation {
        // The watch has not caught up with our own write yet.
        return Status { phase: Phase::InProgress, reason: "what was written has not been seen yet".into() };
    }
    status(live)
}

fn observe(followed: &Followed) -> Observation {
    let (mut objects, mut events) = (Vec::new(), Vec::new());
    for (reference, live) in followed.objects() {
        if reference.kind == Kind::EVENT.kind { &mut events } else { &mut objects }.push(live.clone());
    }
    Observation { objects, events, logs: Vec::new(), at: Some(Timestamp::now()) }
}

/// Findings for which waiting is no use, about services that are waited for and not there yet.
fn hopeless(findings: &[Finding], request: &WaitRequest, missing: &[(ObjectRef, Status)]) -> Vec<Finding> {
    let of_missing = |finding: &&Finding| match &finding.service {
        Some(service) => missing.iter().any(|(object, _)| object.name == *service),
        None => concerns(finding, request),
    };
    let settled = findings.iter().filter(|finding| finding.settled && finding.severity == Severity::Error);
    settled.filter(of_missing).cloned().collect()
}

fn concerns(finding: &Finding, request: &WaitRequest) -> bool {
    let service = finding.service.as_ref();
    service.is_none_or(|service| request.targets.iter().any(|target| target.object.name == *service))
}

/// Records that nothing is waited for any more.
async fn complete(cluster: &Cluster, request: &WaitRequest) -> Result<(), WaitError> {
    Ok(finish(cluster, &request.id, &request.tool_version, None).await?)
}

/// Records that nothing is waited for any more, and, where they are given, which releases are left in use.
///
/// # Errors
/// Any failure of the requests.
pub async fn finish(
    cluster: &Cluster,
    id: &SetId,
    tool_version: &str,
    releases: Option<BTreeSet<ReleaseId>>,
) -> Result<(), ApiError> {
    let records = Records::read(cluster, id).await?;
    let Ok(Some(inventory)) = records.inventory() else { return Ok(()) };
    let mut finished = inventory.clone();
    if matches!(finished.state.progress, Progress::Waiting { .. }) {
        finished.state.progress = Progress::Complete;
    }
    if let Some(releases) = releases {
        finished.state.releases = releases;
    }
    if finished != inventory {
        cluster.server_side_apply(&finished.record(id, tool_version), FIELD_MANAGER, true).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target(generation: i64) -> Target {
        Target { object: ObjectRef::new(Kind::DEPLOYMENT, "shop", "frontend"), generation }
    }

    fn live(generation: i64, observed: i64) -> Value {
        json!({
            "kind": "Deployment",
            "metadata": {"generation": generation},
            "spec": {"replicas": 1},
            "status": {"observedGeneration": observed, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
        })
    }

    #[test]
    fn a_rollout_of_an_older_generation_is_never_success() {
        assert!(target_status(&target(2), Some(&live(2, 2))).is_current());
        assert!(!target_status(&target(3), Some(&live(2, 2))).is_current());
        assert!(!target_status(&target(2), Some(&live(2, 1))).is_current());
        assert_eq!(target_status(&target(1), None).phase, Phase::NotFound);
    }

    #[test]
    fn findings_about_services_that_are_not_waited_for_do_not_end_the_wait() {
        let id = SetId::stack("shop", "shop");
        let request = WaitRequest { id, targets: vec![target(1)], tool_version: "0".into() };
        let finding = |service: Option<&str>| Finding {
            code: boutique_core::finding::Code::PROGRESS_DEADLINE,
            severity: Severity::Error,
            service: service.map(str::to_owned),
            object: None,
            summary: "x".into(),
            cause: Vec::new(),
            evidence: Vec::new(),
            fix: String::new(),
            settled: true,
        };
        let missing = [(target(1).object, Status::not_found())];
        assert_eq!(hopeless(&[finding(Some("loadgenerator"))], &request, &missing), []);
        assert_eq!(hopeless(&[finding(Some("frontend"))], &request, &missing).len(), 1);
        assert_eq!(hopeless(&[finding(None)], &request, &missing).len(), 1);
        assert_eq!(hopeless(&[Finding { settled: false, ..finding(None) }], &request, &missing), []);
    }
}
