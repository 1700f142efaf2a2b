//! Waiting for what a release brought: by watch, with findings, and not longer than there is hope.
//!
//! Deployments, StatefulSets, DaemonSets and Jobs of the manifest are waited for. The address of a load balancer is not:
//! many clusters never give one.

use std::{collections::BTreeMap, fmt, time::Duration};

use boutique_core::{
    finding::{Finding, Severity},
    helm::ReleaseId,
    judge::Observation,
    object::{Kind, ObjectRef},
    status::{Phase, Status, status},
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    drift::manifests,
    owners::{Owners, findings},
    read::{ReadError, read},
};
use crate::{
    bounds::{Bounds, Interrupted},
    connect::Cluster,
    event::{Event, Events},
    evidence::{add_logs, last_words},
    request::ApiError,
    watch::{Follow, Followed},
};

/// Kinds that are waited for.
const KINDS: [Kind; 4] = [Kind::DEPLOYMENT, Kind::STATEFUL_SET, Kind::DAEMON_SET, Kind::JOB];

/// A wait that came to its end.
#[derive(Debug, Clone, Default)]
pub struct Waited {
    /// How long it took.
    pub took: Duration,
    /// What was waited for.
    pub ready: Vec<ObjectRef>,
}

/// A wait that did not.
#[derive(Debug)]
pub enum WaitError {
    /// Waiting longer would not help.
    Failed {
        /// The release.
        id: ReleaseId,
        /// Why, as far as it can be seen.
        findings: Vec<Finding>,
        /// Events and last words where there is no finding.
        evidence: Vec<String>,
        /// Objects that are not current, with their status.
        missing: Vec<(ObjectRef, Status)>,
    },
    /// Its time was over, or it was called off.
    Ended {
        /// The release.
        id: ReleaseId,
        /// Which of both.
        by: Interrupted,
        /// What keeps them, as far as it can be seen. Empty when it was called off.
        findings: Vec<Finding>,
        /// Events and last words where there is no finding.
        evidence: Vec<String>,
        /// Objects that are not current, with their status.
        missing: Vec<(ObjectRef, Status)>,
    },
    /// There is no such release.
    Gone(ReleaseId),
    /// The release cannot be read.
    Read(Box<ReadError>),
    /// A request failed.
    Api(ApiError),
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, findings, evidence) = match self {
            Self::Gone(id) => return write!(f, "Helm release {id} is not there any more: apply again"),
            Self::Read(error) => return write!(f, "{error}"),
            Self::Api(error) => return write!(f, "{error}"),
            Self::Failed { id, findings, evidence, missing } => {
                write!(f, "what Helm release {id} installed will not come up")?;
                (missing, findings, evidence)
            }
            Self::Ended { id, by, findings, evidence, missing } => {
                write!(f, "what Helm release {id} installed is not up yet: {by}")?;
                (missing, findings, evidence)
            }
        };
        missing.iter().try_for_each(|(object, status)| write!(f, "\n{object}: {}", status.reason))?;
        findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))?;
        evidence.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl std::error::Error for WaitError {}

/// Waits until the workloads of the release's newest revision are current. Gives up as soon as their pods show that
/// waiting will not end it.
///
/// # Errors
/// With findings where there are any.
pub async fn wait(
    cluster: &Cluster,
    id: &ReleaseId,
    bounds: &Bounds,
    events: &Events,
) -> Result<Waited, Box<WaitError>> {
    let began = tokio::time::Instant::now();
    let targets = match bounds.run(targets(cluster, id)).await {
        Ok(targets) => targets?,
        Err(by) => {
            let (findings, evidence, missing) = Default::default();
            return Err(Box::new(WaitError::Ended { id: id.clone(), by, findings, evidence, missing }));
        }
    };
    // One watch for each namespace; all of them tell how they stand, so that one line says it for the release.
    let (state_tx, _) = watch::channel(BTreeMap::new());
    let places = targets.iter().map(|(namespace, targets)| Place { cluster, id, namespace, targets, bounds });
    let waits = places.map(|place| place.wait(&state_tx, events));
    futures::future::try_join_all(waits).await?;
    Ok(Waited { took: began.elapsed(), ready: targets.into_values().flatten().collect() })
}

async fn targets(cluster: &Cluster, id: &ReleaseId) -> Result<BTreeMap<String, Vec<ObjectRef>>, Box<WaitError>> {
    let failed = |error| Box::new(WaitError::Read(error));
    let reading = read(cluster, id).await.map_err(failed)?;
    let reading = reading.ok_or_else(|| Box::new(WaitError::Gone(id.clone())))?;
    let (manifests, _) = manifests(cluster, &reading).await.map_err(failed)?;
    let mut targets: BTreeMap<String, Vec<ObjectRef>> = BTreeMap::new();
    for manifest in manifests {
        if KINDS.contains(&manifest.kind())
            && let Some(namespace) = manifest.namespace()
        {
            targets.entry(namespace.to_owned()).or_default().push(manifest.reference());
        }
    }
    Ok(targets)
}

type State = BTreeMap<String, (usize, Vec<(ObjectRef, Status)>)>;

struct Place<'a> {
    cluster: &'a Cluster,
    id: &'a ReleaseId,
    namespace: &'a str,
    targets: &'a [ObjectRef],
    bounds: &'a Bounds,
}

impl Place<'_> {
    async fn wait(self, state_tx: &watch::Sender<State>, events: &Events) -> Result<(), Box<WaitError>> {
        let optional = |kind| Follow { optional: true, ..Follow::labelled(kind, "") };
        let mut follows: Vec<Follow> = KINDS
            .into_iter()
            .filter(|kind| self.targets.iter().any(|target| target.kind == kind.kind))
            .map(|kind| Follow::labelled(kind, ""))
            .collect();
        follows.extend([Kind::POD, Kind::REPLICA_SET].map(optional));
        follows.push(Follow { fields: "type=Warning".to_owned(), ..optional(Kind::EVENT) });
        let mut followed = Followed::start(self.cluster, self.namespace, follows);
        loop {
            // Some findings are believed only when they have lasted, so time alone can change the verdict.
            let changed = self.bounds.run(tokio::time::timeout(Duration::from_secs(2), followed.changed())).await;
            match changed {
                Err(by) => return Err(Box::new(self.ended(&followed, by).await)),
                Ok(Ok(Err(error))) => return Err(Box::new(WaitError::Api(error))),
                Ok(Err(_)) if !followed.is_complete() => continue,
                Ok(Err(_) | Ok(Ok(()))) => {}
            }
            let missing = self.missing(&followed);
            tell(state_tx, events, self.namespace, self.targets.len(), &missing);
            if missing.is_empty() {
                return Ok(());
            }
            let observation = observe(&followed);
            let failed =
                missing.iter().any(|(object, status)| status.phase == Phase::Failed && object.kind == Kind::JOB.kind);
            if failed || !settled(self.findings(&observation)).is_empty() {
                let (findings, evidence) = self.explain(observation, &missing).await;
                let findings = if failed { findings } else { settled(findings) };
                return Err(Box::new(WaitError::Failed { id: self.id.clone(), findings, evidence, missing }));
            }
        }
    }

    async fn ended(&self, followed: &Followed, by: Interrupted) -> WaitError {
        let missing = self.missing(followed);
        // Who calls off wants an answer now; who ran out of time wants to know why.
        let (findings, evidence) = match by {
            Interrupted::Cancelled => (Vec::new(), Vec::new()),
            Interrupted::Deadline => self.explain(observe(followed), &missing).await,
        };
        WaitError::Ended { id: self.id.clone(), by, findings, evidence, missing }
    }

    fn missing(&self, followed: &Followed) -> Vec<(ObjectRef, Status)> {
        let statuses = self.targets.iter().map(|target| {
            let found = followed.get(target);
            (target.clone(), found.map_or_else(Status::not_found, status))
        });
        statuses.filter(|(_, status)| !status.is_current()).collect()
    }

    /// Findings about the targets and what they own.
    fn findings(&self, observation: &Observation) -> Vec<Finding> {
        let owners = Owners::of(&observation.objects);
        let is_target = |object: &Value| ObjectRef::of(object).is_some_and(|object| self.targets.contains(&object));
        let ours: Vec<Value> =
            observation.objects.iter().filter(|object| owners.roots(object).any(is_target)).cloned().collect();
        findings(&Observation { objects: ours, ..observation.clone() })
    }

    async fn explain(
        &self,
        mut observation: Observation,
        missing: &[(ObjectRef, Status)],
    ) -> (Vec<Finding>, Vec<String>) {
        add_logs(self.cluster, self.namespace, &mut observation).await;
        let findings = self.findings(&observation);
        if !findings.is_empty() {
            return (findings, Vec::new());
        }
        // What judge has no words for: how pods of Jobs ended, and what events say about the targets and their parts.
        let owners = Owners::of(&observation.objects);
        let is_missing = |object: &Value| {
            ObjectRef::of(object).is_some_and(|object| missing.iter().any(|(missing, _)| *missing == object))
        };
        let parts: Vec<&Value> =
            observation.objects.iter().filter(|object| owners.roots(object).any(is_missing)).collect();
        let ended = parts.iter().filter(|part| part["kind"] == "Pod" && part["status"]["phase"] == "Failed").take(3);
        let mut evidence = futures::future::join_all(ended.map(|pod| last_words(self.cluster, pod))).await;
        for event in &observation.events {
            let about = &event["involvedObject"];
            let concerns = |part: &&&Value| about["kind"] == part["kind"] && about["name"] == part["metadata"]["name"];
            if let Some(part) = parts.iter().find(concerns) {
                let object = ObjectRef::of(part).map(|object| object.to_string()).unwrap_or_default();
                let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
                let line = format!("{object}: {}: {}", text("reason"), text("message"));
                if !evidence.contains(&line) && evidence.len() < 10 {
                    evidence.push(line);
                }
            }
        }
        (findings, evidence)
    }
}

fn tell(
    state_tx: &watch::Sender<State>,
    events: &Events,
    namespace: &str,
    total: usize,
    missing: &[(ObjectRef, Status)],
) {
    let state = (total, missing.to_vec());
    let changed = state_tx.send_if_modified(|all| all.insert(namespace.to_owned(), state.clone()) != Some(state));
    if changed {
        let all = state_tx.borrow().clone();
        let total: usize = all.values().map(|(total, _)| total).sum();
        let missing: Vec<(ObjectRef, Status)> = all.into_values().flat_map(|(_, missing)| missing).collect();
        events.tell(Event::Waiting { ready: total.saturating_sub(missing.len()), total, missing });
    }
}

fn settled(findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().filter(|finding| finding.settled && finding.severity == Severity::Error).collect()
}

fn observe(followed: &Followed) -> Observation {
    let (mut objects, mut events) = (Vec::new(), Vec::new());
    for (reference, live) in followed.objects() {
        if reference.kind == Kind::EVENT.kind { &mut events } else { &mut objects }.push(live.clone());
    }
    Observation { objects, events, logs: Vec::new(), at: Some(Timestamp::now()) }
}
