//! Beginning a fault.

use std::time::{Duration, Instant};

use boutique_core::{
    fault::{Act, Fault, Injection, PodRef, Refusal, UnreadableFault, fuse, fuse_name},
    object::Kind,
    view::SELECTOR,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    act::Stage,
    activity::set_up,
    canary,
    heal::heal_expired,
    patience::{create, patiently},
    record::{announce, postpone, take_guard, withdraw},
    safeguards,
    undo::{Undone, undo},
};
use crate::{connect::Cluster, request::ApiError};

/// A fault that has begun.
#[derive(Debug, Clone, Default)]
pub struct Begun {
    /// What was done, one line each.
    pub lines: Vec<String>,
    /// Earlier faults that nobody had undone, and that were healed first.
    pub healed: Vec<Undone>,
    /// How long ago the first act was sent.
    pub acted: Duration,
}

/// Why a fault did not begin. Unless it says otherwise, nothing of it stands.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Another fault runs here.
    #[error("another fault runs in namespace {namespace}: {0}", namespace = .0.namespace)]
    Busy(Box<Fault>),
    /// Something stands in the guard's place that cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableFault),
    /// It cannot be done here.
    #[error("{0}; {remedy}", remedy = .0.remedy)]
    Refused(#[from] Refusal),
    /// The API server refused.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// It failed half-way, and what had been done could not be undone.
    #[error("{cause}; and what had been done until then was not undone: {undo}; kubectl boutique heal {id} undoes it")]
    NotUndone {
        /// Id of the fault, whose record stands.
        id: String,
        /// Why it failed.
        cause: Box<BeginError>,
        /// Why it was not undone.
        undo: Box<ApiError>,
    },
}

impl From<ApiError> for BeginError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

/// Begins a fault: heals what has expired, takes the guard, writes the record with everything that is needed to undo it,
/// lights the fuse, proves that a NetworkPolicy does anything where that matters, and carries out the acts. `since` and
/// `until` are moved to the moment of the first act, as far apart as `until` is from `now`: by then all is over, with nobody
/// alive. Deadlines of pods are set so much earlier as the pods need to come back.
///
/// Not to be dropped half-way: await it, then [`undo`].
///
/// # Errors
///
/// When it did not begin; what was done until then is undone, and no record stays, except in [`BeginError::NotUndone`].
pub async fn begin(
    cluster: &Cluster,
    fault: &mut Fault,
    injection: &Injection,
    now: Timestamp,
) -> Result<Begun, BeginError> {
    let clock = Clock { now, began: Instant::now() };
    let bound = Duration::try_from(fault.until.duration_since(now)).unwrap_or_default();
    write_down(fault, injection);
    // Boxed, because callers keep this future within others.
    let mut healed = Box::pin(patiently(|| heal_expired(cluster, &fault.namespace, now))).await?;
    healed.extend(Box::pin(take_guard(cluster, fault, now)).await?);
    match Box::pin(inject(cluster, fault, injection, &clock, bound)).await {
        Ok((lines, acted)) => Ok(Begun { lines, healed, acted: acted.elapsed() }),
        Err(cause) => Err(Box::pin(back_out(cluster, fault, cause, clock.now())).await),
    }
}

/// The caller's clock as it goes on.
struct Clock {
    now: Timestamp,
    began: Instant,
}

impl Clock {
    fn now(&self) -> Timestamp {
        later(self.now, self.began.elapsed())
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| time.checked_add(by).ok()).unwrap_or(time)
}

/// Writes into the record what the acts will change, touch and add: all that undoing takes.
pub(super) fn write_down(fault: &mut Fault, injection: &Injection) {
    let mut pods: Vec<PodRef> = Vec::new();
    for act in &injection.acts {
        match act {
            Act::PatchPod { pod, .. } | Act::Resize { pod, .. } if !pods.contains(pod) => pods.push(pod.clone()),
            _ => {}
        }
    }
    let added = |act: &Act| match act {
        Act::Add(manifest) => Some(manifest.reference()),
        _ => None,
    };
    let changed = |act: &Act| match act {
        Act::Change(change) => Some(change.clone()),
        _ => None,
    };
    fault.pods = pods;
    fault.added = injection.acts.iter().filter_map(added).collect();
    fault.changes = injection.acts.iter().filter_map(changed).collect();
    fault.fuse = (!fault.added.is_empty()).then(|| fuse_name(&fault.id));
}

/// How long touched pods live on.
pub(super) fn lasts(bound: Duration, injection: &Injection) -> Duration {
    bound.saturating_sub(injection.comes_back).max(Duration::from_secs(1))
}

async fn inject(
    cluster: &Cluster,
    fault: &mut Fault,
    injection: &Injection,
    clock: &Clock,
    bound: Duration,
) -> Result<(Vec<String>, Instant), BeginError> {
    let mut lines: Vec<String> = safeguards::warning().into_iter().collect();
    announce(cluster, fault).await?;
    if injection.canary {
        lines.push(Box::pin(canary::prove(cluster, fault)).await?);
    }
    let pods = match injection.acts.iter().any(|act| matches!(act, Act::PatchPod { .. })) {
        true => patiently(|| cluster.list(Kind::POD, Some(&fault.namespace), SELECTOR)).await?.items,
        false => Vec::new(),
    };
    let now = clock.now();
    if now.duration_since(fault.since) > SignedDuration::from_secs(1) {
        (fault.since, fault.until) = (now, later(now, bound));
        postpone(cluster, fault).await?;
    }
    let fuse = match fault.fuse {
        Some(_) => Some(create(cluster, &safeguards::fuse(fuse(fault, bound)), &fault.id).await?),
        None => None,
    };
    let acted = Instant::now();
    let stage = Stage {
        cluster,
        namespace: &fault.namespace,
        fault: &fault.id,
        fuse: fuse.as_ref(),
        pods: &pods,
        now: clock.now(),
        lasts: lasts(bound, injection),
    };
    // What is added comes first; nobody is sent to a proxy that does not know yet what to do.
    let changes_from =
        injection.acts.iter().position(|act| matches!(act, Act::Change(_))).unwrap_or(injection.acts.len());
    let (first, then) = injection.acts.split_at(changes_from);
    lines.extend(act(&stage, first).await?);
    if let Some(activity) = &injection.activity {
        lines.extend(Box::pin(set_up(cluster, fault, activity)).await?);
    }
    lines.extend(act(&stage, then).await?);
    Ok((lines, acted))
}

/// Carries out the acts in order; kills that follow each other happen at the same time.
async fn act(stage: &Stage<'_>, acts: &[Act]) -> Result<Vec<String>, BeginError> {
    let mut lines = Vec::new();
    let is_kill = |act: &Act| matches!(act, Act::Delete { .. });
    for together in acts.chunk_by(|a, b| is_kill(a) && is_kill(b)) {
        let done = futures::future::try_join_all(together.iter().map(|act| stage.carry_out(act))).await?;
        let done: Vec<String> = done.into_iter().flatten().collect();
        if done.is_empty() && together.iter().any(is_kill) {
            let reason = "the pods that were to be killed are gone already".to_owned();
            return Err(Refusal::new(reason, "try again: the shop is looked at anew").into());
        }
        lines.extend(done);
    }
    Ok(lines)
}

/// Undoes what was done, and removes the record of a fault that did not happen.
async fn back_out(cluster: &Cluster, fault: &Fault, cause: BeginError, now: Timestamp) -> BeginError {
    let undone = async {
        undo(cluster, fault, now).await?;
        withdraw(cluster, fault).await
    };
    match undone.await {
        Ok(()) => cause,
        Err(undo) => BeginError::NotUndone { id: fault.id.clone(), cause: Box::new(cause), undo: Box::new(undo) },
    }
}
