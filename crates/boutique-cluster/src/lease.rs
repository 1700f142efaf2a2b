//! The lease of a set: one writer at a time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use boutique_core::{
    contract::{self, CONTRACT_VERSION, FIELD_MANAGER, Record, SetId},
    lease::{LeaseRecord, Observer, Process, Verdict},
    object::{Kind, Manifest, ObjectRef},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    bounds::{Bounds, Interrupted},
    connect::Cluster,
    event::{Event, Events},
    request::{ApiError, test_op},
};

/// How the lease runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTiming {
    /// How long a holder may be silent before others take over.
    pub duration: Duration,
    /// How long we wait for another holder.
    pub patience: Duration,
}

impl Default for LeaseTiming {
    fn default() -> Self {
        Self { duration: Duration::from_secs(15), patience: Duration::from_secs(30) }
    }
}

/// Why we may not write.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another writer lives.
    #[error(
        "{holder} is writing to {} and renewed its lease at {renewed_at}; waited {} s: \
         try again when it is done, or, if you know better: kubectl delete lease {} -n {}",
        lease.what, waited.as_secs(), lease.name, lease.namespace
    )]
    Held {
        /// The lease.
        lease: LeaseName,
        /// Who holds it.
        holder: String,
        /// Since when, as it says.
        renewed_at: String,
        /// How long we waited.
        waited: Duration,
    },
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The wait was called off.
    #[error("waiting for the lease ended early: {0}")]
    Interrupted(#[from] Interrupted),
}

/// A lease, and what it guards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseName {
    /// Namespace of the lease.
    pub namespace: String,
    /// Name of the lease.
    pub name: String,
    /// What it guards, for people: `stack shop/shop`.
    pub what: String,
    /// Labels that it carries beside those of every record.
    pub labels: Vec<(&'static str, String)>,
}

impl From<&SetId> for LeaseName {
    fn from(id: &SetId) -> Self {
        Self {
            namespace: id.namespace.clone(),
            name: id.parent_name(),
            what: id.described(),
            labels: id.labels().into(),
        }
    }
}

/// A lease that we hold. Renewed in the background until it is released or dropped; dropped, it expires by itself.
#[derive(Debug)]
pub(crate) struct Held {
    cluster: Cluster,
    object: ObjectRef,
    holder: String,
    lost: CancellationToken,
    renewal: JoinHandle<()>,
    renewed: Renewed,
    duration: Duration,
    is_new: bool,
}

/// What the first request for a lease came to.
#[derive(Debug)]
pub(crate) enum Sought {
    /// There was none; it is ours.
    Taken(Held),
    /// The lease as it is, if it is.
    Found(Option<Value>),
}

/// When the lease was renewed last.
type Renewed = Arc<Mutex<Instant>>;

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Who we are, for people: `ann@laptop, process 4711`.
pub fn holder() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("USERNAME")).unwrap_or_else(|| "someone".into());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|host| host.trim().to_owned())
        .or_else(|| variable("HOSTNAME"))
        .or_else(|| variable("COMPUTERNAME"))
        .unwrap_or_else(|| "somewhere".into());
    format!("{user}@{host}, process {}", std::process::id())
}

/// A writer's name. Two writers of one process are two writers.
fn writer() -> String {
    format!("{} ({})", holder(), uuid::Uuid::new_v4().simple())
}

impl Held {
    /// Takes a lease that is not expected to be there, in one request.
    pub(crate) async fn make(cluster: &Cluster, name: &LeaseName, timing: LeaseTiming) -> Result<Sought, ApiError> {
        let us = writer();
        match cluster.create(&record(name, &us, timing, None), FIELD_MANAGER).await {
            Ok(_) => Ok(Sought::Taken(Self::renewed(cluster.clone(), name, us, timing.duration, true))),
            Err(error) if error.is_conflict() => Self::look(cluster, name).await.map(Sought::Found),
            // Nor is its namespace.
            Err(error) if error.is_not_found() => Ok(Sought::Found(None)),
            Err(error) => Err(error),
        }
    }

    /// Takes the lease, waiting for another holder as long as `timing` says.
    pub(crate) async fn take(
        cluster: &Cluster,
        lease: impl Into<LeaseName>,
        timing: LeaseTiming,
        bounds: &Bounds,
        events: &Events,
    ) -> Result<Self, LeaseError> {
        let name = lease.into();
        let found = bounds.run(Self::look(cluster, &name)).await??;
        Self::take_as_found(cluster, name, found, timing, bounds, events).await
    }

    /// The lease as it is, if it is.
    pub(crate) async fn look(cluster: &Cluster, name: &LeaseName) -> Result<Option<Value>, ApiError> {
        cluster.get(Kind::LEASE, Some(&name.namespace), &name.name).await
    }

    /// As [`Self::take`], by a caller who looked a moment ago. Had it changed since, we look again.
    pub(crate) async fn take_as_found(
        cluster: &Cluster,
        name: LeaseName,
        mut found: Option<Value>,
        timing: LeaseTiming,
        bounds: &Bounds,
        events: &Events,
    ) -> Result<Self, LeaseError> {
        let us = writer();
        let began = Instant::now();
        let (mut observer, mut told) = (Observer::default(), false);
        loop {
            let taken = match &found {
                None => cluster.create(&record(&name, &us, timing, None), FIELD_MANAGER).await,
                Some(live) => {
                    let lease = LeaseRecord::read(live);
                    match observer.judge(&lease, began.elapsed(), is_alive) {
                        Verdict::Held { again_in } => {
                            let holder = lease.holder.unwrap_or_default();
                            if began.elapsed() >= timing.patience {
                                return Err(LeaseError::Held {
                                    lease: name,
                                    holder,
                                    renewed_at: lease.renewed_at.unwrap_or_else(|| "an unknown time".into()),
                                    waited: began.elapsed(),
                                });
                            }
                            if !told {
                                events.tell(Event::LeaseHeld { holder, patience: timing.patience });
                                told = true;
                            }
                            let pause = again_in.min(Duration::from_millis(500));
                            bounds.run(tokio::time::sleep(pause)).await?;
                            found = bounds.run(Self::look(cluster, &name)).await??;
                            continue;
                        }
                        Verdict::Free => {}
                        Verdict::Gone { evidence } => events.tell(Event::LeaseTaken { evidence }),
                    }
                    cluster.replace(&record(&name, &us, timing, Some(live)), FIELD_MANAGER).await
                }
            };
            match taken {
                Ok(_) => return Ok(Self::renewed(cluster.clone(), &name, us, timing.duration, found.is_none())),
                // Someone was quicker.
                Err(error) if error.is_conflict() => found = bounds.run(Self::look(cluster, &name)).await??,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn renewed(cluster: Cluster, name: &LeaseName, holder: String, duration: Duration, is_new: bool) -> Self {
        let object = ObjectRef::new(Kind::LEASE, &name.namespace, name.name.clone());
        let lost = CancellationToken::new();
        let renewed = Renewed::new(Mutex::new(Instant::now()));
        let task = Renewal {
            cluster: cluster.clone(),
            object: object.clone(),
            holder: holder.clone(),
            duration,
            lost: lost.clone(),
            renewed: Arc::clone(&renewed),
        };
        Self { cluster, object, holder, lost, renewal: tokio::spawn(task.run()), renewed, duration, is_new }
    }

    /// Whether there was no such lease before. Leases go with their sets only, so nobody else was at work on this one since
    /// the lease is not there; what was seen of it before is still so where that was nothing.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether nobody can have taken the lease yet. A process that was stopped for a while must look before it writes on.
    pub(crate) fn is_fresh(&self) -> bool {
        last(&self.renewed).elapsed() < self.duration
    }

    /// Comes when another writer has taken the lease from us.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Gives the lease back, so that the next writer need not wait. A failure is no harm: the lease expires.
    pub(crate) async fn release(self) {
        self.renewal.abort();
        let ops = [
            test_op("/spec/holderIdentity", &json!(self.holder)),
            json!({
                "op": "replace", "path": "/spec/holderIdentity", "value": "",
            }),
        ];
        let release = self.cluster.json_patch(&self.object, Kind::LEASE, None, &ops, FIELD_MANAGER);
        if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(1), release).await {
            tracing::debug!(%error, "the lease was not given back; it expires");
        }
    }

    /// Deletes the lease with the set it belonged to.
    pub(crate) async fn delete(self) -> Result<(), ApiError> {
        self.remove().await
    }

    /// Takes away a lease that was made for nothing; who may not delete it gives it back at least.
    pub(crate) async fn withdraw(self) {
        if self.remove().await.is_err() {
            self.release().await;
        }
    }

    async fn remove(&self) -> Result<(), ApiError> {
        self.renewal.abort();
        self.cluster.delete(&self.object, Kind::LEASE, crate::request::Propagation::Background, None).await.map(|_| ())
    }
}

fn last(renewed: &Renewed) -> Instant {
    *renewed.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Renewal {
    cluster: Cluster,
    object: ObjectRef,
    holder: String,
    duration: Duration,
    lost: CancellationToken,
    renewed: Renewed,
}

impl Renewal {
    async fn run(self) {
        loop {
            tokio::time::sleep(self.duration / 3).await;
            let began = Instant::now();
            let ops = [
                test_op("/spec/holderIdentity", &json!(self.holder)),
                json!({"op": "replace", "path": "/spec/renewTime", "value": micro_time()}),
            ];
            match self.cluster.json_patch(&self.object, Kind::LEASE, None, &ops, FIELD_MANAGER).await {
                Ok(_) => *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = began,
                Err(error) => {
                    let gone = error.is_invalid() || error.is_not_found();
                    if gone || last(&self.renewed).elapsed() >= self.duration {
                        tracing::warn!(%error, "the lease is lost");
                        return self.lost.cancel();
                    }
                    tracing::debug!(%error, "the lease could not be renewed yet");
                }
            }
        }
    }
}

fn micro_time() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn record(name: &LeaseName, holder: &str, timing: LeaseTiming, found: Option<&Value>) -> Manifest {
    let now = micro_time();
    let transitions =
        found.and_then(|found| found.pointer("/spec/leaseTransitions")).and_then(Value::as_i64).unwrap_or(-1);
    let mut lease = Manifest::new(
        Kind::LEASE,
        &name.namespace,
        &name.name,
        json!({"spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": timing.duration.as_secs().max(1),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions + 1,
        }}),
    );
    for (key, value) in &name.labels {
        lease.set_label(key, value.clone());
    }
    lease.set_label(contract::CONTRACT, CONTRACT_VERSION.to_string());
    lease.set_label(contract::RECORD, Record::Lease.label());
    if let Some(process) = this_process() {
        lease.set_annotation(contract::HOLDER_PROCESS, serde_json::to_string(&process).unwrap_or_default());
    }
    if let Some(version) = found.and_then(|found| found.pointer("/metadata/resourceVersion"))
        && let Some(metadata) = lease.get_mut("/metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("resourceVersion".to_owned(), version.clone());
    }
    lease
}

/// This process, where the system tells (Linux).
pub(crate) fn this_process() -> Option<Process> {
    let pid = std::process::id();
    Some(Process { boot: boot()?, pid_namespace: pid_namespace()?, pid, started: started(pid)? })
}

fn boot() -> Option<String> {
    Some(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

fn pid_namespace() -> Option<String> {
    Some(std::fs::read_link("/proc/self/ns/pid").ok()?.display().to_string())
}

/// Start time of a process in clock ticks since boot: field 22 of its stat, counted after the name in parentheses,
/// which may itself hold spaces and parentheses.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Whether a process of this machine still runs; none for one of another machine or PID namespace.
pub(crate) fn is_alive(process: &Process) -> Option<bool> {
    if boot()? != process.boot || pid_namespace()? != process.pid_namespace {
        return None;
    }
    Some(started(process.pid) == Some(process.started))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_a_later_one_of_its_number_is_another() {
        let Some(us) = this_process() else { return };
        assert_eq!(is_alive(&us), Some(true));
        assert_eq!(is_alive(&Process { started: us.started + 1, ..us.clone() }), Some(false));
        assert_eq!(is_alive(&Process { boot: "another".into(), ..us }), None);
    }

    #[test]
    fn a_record_reads_back_and_replaces_only_what_was_seen() {
        let id = SetId::stack("shop", "shop");
        let found = json!({"metadata": {"resourceVersion": "7"}, "spec": {"leaseTransitions": 2}});
        let lease = record(&LeaseName::from(&id), "ann", LeaseTiming::default(), Some(&found));
        let read = LeaseRecord::read(lease.value());
        assert_eq!(read.holder.as_deref(), Some("ann"));
        assert_eq!(read.duration, Duration::from_secs(15));
        assert_eq!(read.resource_version, "7");
        assert_eq!(lease.get("/spec/leaseTransitions"), Some(&json!(3)));
    }

    #[test]
    fn times_have_six_digits_as_the_api_wants() {
        let time = micro_time();
        assert_eq!(time.len(), "2026-01-01T00:00:00.000000Z".len(), "{time}");
    }
}
