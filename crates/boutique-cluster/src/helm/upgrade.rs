//! Installing and upgrading a release.
//!
//! Order: namespace → lease → unlock with evidence → chart → values → CRDs → helm → our record. Waiting for what was
//! installed is [`super::wait`]'s.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use boutique_core::{
    contract::{self, FIELD_MANAGER, NewerContract},
    finding::Finding,
    helm::{
        self as core, BadChart, BadRecord, BadRelease, ChartMetadata, Complaint, Crds, Effective, Maker, Release,
        ReleaseId, ReleaseRecord, ReleaseStatus, Secrets, StoredRelease, UpgradeRun, WriteOnlyMissing, complaints,
        is_kept,
    },
    object::{Kind, Manifest, ObjectRef},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    charts::{LoadedChart, Reach},
    crds::{self, CrdError},
    drift,
    error::{HelmError, lines},
    folder::Folder,
    hooks,
    process::{GRACE, Output},
    program::{Helm, end},
    read::{ReadError, ReleaseReading, is_of, newest},
    unlock::{mark_left, unlock},
};
use crate::{
    bounds::{Bounds, Interrupted},
    connect::Cluster,
    event::{Change, Event, Events},
    lease::{Held, LeaseError, LeaseName, LeaseTiming},
    request::{ApiError, Propagation},
};

/// What an apply of a release did, as far as it came.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Number of the newest revision.
    pub revision: u64,
    /// Its status.
    pub status: ReleaseStatus,
    /// The chart of that revision.
    pub chart: ChartMetadata,
    /// Digest of the chart that was asked for; none if it was not loaded.
    pub digest: Option<String>,
    /// CRDs that were written.
    pub crds: Vec<Change>,
    /// Warnings of helm and the API server.
    pub warnings: Vec<String>,
}

/// An apply that did not come to its end.
#[derive(Debug)]
pub struct ApplyError {
    /// Why.
    pub cause: Cause,
    /// The release as it stands now; none if there is none. What is here exists and belongs into the state.
    pub partial: Option<Applied>,
}

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// helm or the chart.
    #[error(transparent)]
    Helm(#[from] Box<HelmError>),
    /// helm refused or failed.
    #[error("Helm release {id}: {}", refusal(complaints, findings, evidence, ending.as_deref()))]
    Refused {
        /// The release.
        id: ReleaseId,
        /// What helm said, made readable.
        complaints: Vec<Complaint>,
        /// What the pods of a failed hook show.
        findings: Vec<Finding>,
        /// The last words of the pods of a failed hook.
        evidence: Vec<String>,
        /// How helm ended, if not by itself.
        ending: Option<String>,
    },
    /// A hook will not succeed; helm was stopped instead of waiting for its timeout.
    #[error("Helm release {id}: a hook will not succeed{}", found(findings))]
    Hook {
        /// The release.
        id: ReleaseId,
        /// Why.
        findings: Vec<Finding>,
    },
    /// Somebody else may be at work.
    #[error(
        "revision {revision} of Helm release {id} is {status}: {by:?} began it {} s ago and nothing shows that it was \
         abandoned: wait until it is done; it counts as abandoned after {} s more without a change (or: helm rollback {} -n {})",
        silent.as_secs(), left.as_secs(), id.name, id.namespace
    )]
    Locked {
        /// The release.
        id: ReleaseId,
        /// Its status.
        status: ReleaseStatus,
        /// Its revision.
        revision: u64,
        /// Who wrote it last.
        by: String,
        /// Since when it has not changed.
        silent: Duration,
        /// When it counts as abandoned.
        left: Duration,
    },
    /// The namespace is not there and was not to be made.
    #[error("namespace {0} does not exist: create it, or let it be created (create_namespace)")]
    NamespaceMissing(String),
    /// The namespace is on its way out.
    #[error("namespace {0} is being deleted: wait until it is gone (kubectl get namespace {0}), then apply again")]
    NamespaceTerminating(String),
    /// The lease cannot be had.
    #[error(transparent)]
    Lease(Box<LeaseError>),
    /// Another writer took the lease while we wrote.
    #[error(
        "another writer took over Helm release {0} while this one was silent for too long; run again when it is done"
    )]
    LeaseLost(ReleaseId),
    /// Values that are needed are not there.
    #[error(transparent)]
    WriteOnly(#[from] WriteOnlyMissing),
    /// The CRDs.
    #[error(transparent)]
    Crds(#[from] CrdError),
    /// The chart's files.
    #[error("chart {chart}: {source}")]
    Chart {
        /// The chart.
        chart: String,
        /// Why.
        source: BadChart,
    },
    /// A newer release wrote our record.
    #[error(transparent)]
    Contract(#[from] NewerContract),
    /// Our record is damaged.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// Helm's record is damaged.
    #[error(transparent)]
    Release(#[from] BadRelease),
    /// Reading back failed.
    #[error(transparent)]
    Read(#[from] Box<ReadError>),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It was called off, or its time was over.
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
}

impl From<LeaseError> for Cause {
    fn from(error: LeaseError) -> Self {
        Self::Lease(Box::new(error))
    }
}

fn refusal(complaints: &[Complaint], findings: &[Finding], evidence: &[String], ending: Option<&str>) -> String {
    let mut said = match ending {
        Some(ending) => format!("helm was {ending}"),
        None => String::new(),
    };
    let parts = [lines(complaints), found(findings).trim_start().to_owned(), evidence.join("\n")];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        said = if said.is_empty() { part.clone() } else { format!("{said}\n{part}") };
    }
    said
}

fn found(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n{finding}")).collect()
}

impl std::fmt::Display for ApplyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.cause)?;
        match &self.partial {
            Some(Applied { revision, status, .. }) => {
                write!(f, "\nrevision {revision} of the release is {status}; the next apply goes on from there")
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApplyError {}

/// Installs the release, or upgrades it to what is asked for; a new revision in any case. When the bounds end it, helm is
/// stopped, its end awaited for a few seconds, and what it left is marked failed.
///
/// # Errors
/// With the release as it stands then.
pub async fn apply(
    helm: &Helm,
    cluster: &Cluster,
    release: &Release,
    bounds: &Bounds,
    events: &Events,
) -> Result<Applied, Box<ApplyError>> {
    let run = Run { helm, cluster, release, bounds, events, done: Mutex::default() };
    // Boxed, because callers keep this future within others.
    let outcome = Box::pin(run.run()).await;
    let done = run.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let failed = match outcome {
        Ok(reading) => return Ok(applied(&reading.release, done)),
        Err(cause) => cause,
    };
    // Whatever exists belongs into the state, also when we were told to stop; but not at any price.
    let look = tokio::time::timeout(Duration::from_secs(5), newest(cluster, &release.id)).await;
    let stands = look.ok().and_then(Result::ok).flatten().and_then(|secret| StoredRelease::read(&secret).ok());
    let partial = stands.filter(|stands| stands.status != ReleaseStatus::Uninstalled);
    Err(Box::new(ApplyError { cause: failed, partial: partial.map(|stands| applied(&stands, done)) }))
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    digest: Option<String>,
    crds: Vec<Change>,
    warnings: Vec<String>,
}

fn applied(release: &StoredRelease, done: Done) -> Applied {
    Applied {
        revision: release.revision,
        status: release.status,
        chart: release.chart.clone(),
        digest: done.digest,
        crds: done.crds,
        warnings: done.warnings,
    }
}

struct Run<'a> {
    helm: &'a Helm,
    cluster: &'a Cluster,
    release: &'a Release,
    bounds: &'a Bounds,
    events: &'a Events,
    done: Mutex<Done>,
}

impl Run<'_> {
    fn note(&self, note: impl FnOnce(&mut Done)) {
        note(&mut self.done.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn run(&self) -> Result<ReleaseReading, Cause> {
        let id = &self.release.id;
        let namespace_uid = self.bounds.run(self.namespace()).await??;
        let held = Held::take(self.cluster, lease_name(id), LeaseTiming::default(), self.bounds, self.events).await?;
        let outcome = tokio::select! {
            biased;
            outcome = self.under_lease(namespace_uid) => outcome,
            () = held.lost() => Err(Cause::LeaseLost(id.clone())),
        };
        held.release().await;
        outcome
    }

    async fn under_lease(&self, namespace_uid: Option<String>) -> Result<ReleaseReading, Cause> {
        let Self { cluster, release, bounds, .. } = self;
        let id = &release.id;
        let (stored, record) = bounds.run(self.before()).await??;
        let chart = self.helm.chart(&release.chart, Reach::Network, bounds).await?;
        self.note(|done| done.digest = Some(chart.digest.clone()));
        let config = stored.as_ref().map(|stored| &stored.config);
        let recorded = record.as_ref().and_then(|record| record.write_only.as_ref());
        let values = core::effective(id, &release.values, release.write_only.as_ref(), recorded, config)?;
        let crds = match release.crds {
            Crds::Skip => Vec::new(),
            Crds::Apply => chart
                .chart
                .crds(&values.values)
                .map_err(|source| Cause::Chart { chart: chart.source.clone(), source })?,
        };
        let written = bounds.run(crds::apply(cluster, &crds, bounds, self.events)).await??;
        self.note(|done| done.crds = written);
        self.helm(&chart, &values, stored.as_ref()).await?;
        let secret = bounds.run(newest(cluster, id)).await??;
        let installed = match secret {
            Some(secret) => StoredRelease::read(&secret)?,
            None => return Err(self.refused("helm ended well, and there is no release", &Secrets::default(), None)),
        };
        let kept = record.as_ref().and_then(|record| record.namespace_uid.clone());
        let mut names: Vec<String> =
            crds.iter().filter_map(|crd| Some(crd["metadata"]["name"].as_str()?.to_owned())).collect();
        names.extend(record.into_iter().flat_map(|record| record.crds));
        names.sort_unstable();
        names.dedup();
        let mut reading = ReleaseReading { release: installed, record: None };
        let record = ReleaseRecord {
            chart: chart.source.clone(),
            digest: chart.digest.clone(),
            revision: reading.release.revision,
            write_only: values.record.clone(),
            admitted: Vec::new(),
            crds: names,
            namespace_uid: namespace_uid.or(kept),
        };
        // First without what must be looked up, so that the places of write-only values are never lost.
        bounds.run(self.store(&record)).await??;
        let (manifests, _) = bounds.run(drift::manifests(cluster, &reading)).await??;
        bounds.run(self.abandoned(stored.as_ref(), &manifests)).await??;
        let live = bounds.run(drift::live(cluster, &manifests)).await??;
        let live = bounds.run(self.repaired(&manifests, live)).await??;
        let record = ReleaseRecord { admitted: drift::admitted(&manifests, &live), ..record };
        if !record.admitted.is_empty() {
            bounds.run(self.store(&record)).await??;
        }
        reading.record = Some(record);
        Ok(reading)
    }

    /// Removes what a revision that failed had made and the new one no longer has: helm only compares with the last one
    /// that was deployed.
    async fn abandoned(&self, stored: Option<&StoredRelease>, manifests: &[Manifest]) -> Result<(), Cause> {
        let Some(failed) = stored.filter(|stored| stored.status != ReleaseStatus::Deployed) else { return Ok(()) };
        let reading = ReleaseReading { release: failed.clone(), record: None };
        // What nobody can read was never made.
        let Ok((before, _)) = drift::manifests(self.cluster, &reading).await else { return Ok(()) };
        let wanted: Vec<ObjectRef> = manifests.iter().map(Manifest::reference).collect();
        let left: Vec<Manifest> = before
            .into_iter()
            .filter(|object| !wanted.contains(&object.reference()) && !is_kept(object.value()))
            .collect();
        for object in drift::live(self.cluster, &left).await? {
            let Some(manifest) = left.iter().find(|left| ObjectRef::of(&object) == Some(left.reference())) else {
                continue;
            };
            let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
            if is_of(&self.release.id, &object) {
                let (reference, background) = (manifest.reference(), Propagation::Background);
                self.cluster.delete(&reference, manifest.kind(), background, uid).await?;
                self.events.tell(Event::Deleted { object: reference });
            }
        }
        Ok(())
    }

    /// Puts right what others changed and helm left so: applied by the client, it does not look at custom resources that
    /// its own manifest did not change. Answers the live objects as they are then.
    async fn repaired(&self, manifests: &[Manifest], mut live: Vec<Value>) -> Result<Vec<Value>, Cause> {
        for (manifest, fields) in drift::left(manifests, &live) {
            let answer = self.cluster.server_side_apply(&manifest, drift::HELM, true).await?.object()?;
            let object = manifest.reference();
            live.retain(|live| ObjectRef::of(live).as_ref() != Some(&object));
            live.push(answer);
            self.events.tell(Event::Forced { object, fields });
        }
        Ok(live)
    }

    /// The namespace's UID, if it was made now.
    async fn namespace(&self) -> Result<Option<String>, Cause> {
        let name = &self.release.id.namespace;
        match self.cluster.get(Kind::NAMESPACE, None, name).await {
            // Who may write in a namespace need not be allowed to read it; the writes will tell.
            Err(error) if error.missing_verb().is_some() => Ok(None),
            Err(error) => Err(error.into()),
            Ok(Some(namespace)) => {
                let leaving = namespace.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null());
                if leaving { Err(Cause::NamespaceTerminating(name.clone())) } else { Ok(None) }
            }
            Ok(None) if !self.release.create_namespace => Err(Cause::NamespaceMissing(name.clone())),
            Ok(None) => {
                let mut manifest = Manifest::new(Kind::NAMESPACE, "", name, json!({}));
                manifest.set_annotation(contract::CREATED_FOR, format!("Helm release {}", self.release.id));
                match self.cluster.create(&manifest, FIELD_MANAGER).await {
                    Ok(namespace) => {
                        self.events.tell(Event::NamespaceCreated { namespace: name.clone() });
                        Ok(namespace.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned))
                    }
                    Err(error) if error.is_already_exists() => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// What stands before the upgrade, unlocked.
    async fn before(&self) -> Result<(Option<StoredRelease>, Option<ReleaseRecord>), Cause> {
        let Self { cluster, release, .. } = self;
        let id = &release.id;
        let record = cluster.get(Kind::CONFIG_MAP, Some(&id.namespace), &id.record_name()).await?;
        if let Some(record) = &record {
            ReleaseRecord::check(id, record)?;
        }
        let record = record.map(|record| ReleaseRecord::read(id, &record)).transpose()?.flatten();
        let Some(secret) = newest(cluster, id).await? else { return Ok((None, record)) };
        unlock(cluster, &secret, release.unlock_after, self.events).await?;
        Ok((Some(StoredRelease::read(&secret)?), record))
    }

    async fn store(&self, record: &ReleaseRecord) -> Result<(), Cause> {
        self.cluster.server_side_apply(&record.manifest(&self.release.id), FIELD_MANAGER, true).await?;
        Ok(())
    }

    async fn helm(&self, chart: &LoadedChart, values: &Effective, stored: Option<&StoredRelease>) -> Result<(), Cause> {
        let Self { helm, cluster, release, bounds, events, .. } = self;
        let folder = Folder::new().map_err(Box::new)?;
        folder.kubeconfig(cluster).map_err(Box::new)?;
        let standing = stored.filter(|stored| stored.status != ReleaseStatus::Uninstalled);
        let maker = Maker {
            run: uuid::Uuid::new_v4().simple().to_string(),
            revision: stored.map_or(0, |stored| stored.revision) + 1,
            uninstalls: false,
        };
        let path = chart.path.display().to_string();
        let left = bounds.deadline.saturating_duration_since(Instant::now());
        let run = UpgradeRun {
            chart: &path,
            timeout: left.saturating_sub(GRACE),
            maker: &maker.label(),
            server_side: standing.is_none_or(|standing| standing.is_server_side),
        };
        let args = core::upgrade(helm.version(), release, &run).map_err(|error| Box::new(HelmError::from(error)))?;
        let stdin = serde_json::to_vec(&values.values).unwrap_or_default();
        let known = bounds.run(hooks::known(cluster, &release.id.namespace)).await?;
        let mut running = helm.start(&folder, &args, stdin);
        let ended = tokio::select! {
            ended = bounds.run(running.finished()) => Ok(ended),
            findings = hooks::hopeless(cluster, &release.id.namespace, &known) => Err(findings),
        };
        let output = match ended {
            Ok(Ok(output)) => output.map_err(|error| Box::new(helm.not_run(&error)))?,
            Ok(Err(by)) => {
                end(&mut running).await;
                self.left_behind(&maker, &format!("helm was stopped: {by}")).await;
                return Err(by.into());
            }
            Err(findings) => {
                end(&mut running).await;
                self.left_behind(&maker, "helm was stopped, because a hook will not succeed").await;
                return Err(Cause::Hook { id: release.id.clone(), findings });
            }
        };
        let warnings = warnings(&output, &values.secrets);
        warnings.iter().for_each(|warning| events.tell(Event::Warning(warning.clone())));
        self.note(|done| done.warnings.extend(warnings));
        if output.status.success() {
            return Ok(());
        }
        let ending = output.status.code().is_none().then(|| output.ending());
        self.left_behind(&maker, &format!("helm ended early: {}", output.ending())).await;
        let mut cause = self.refused(&output.stderr, &values.secrets, ending);
        if let Cause::Refused { complaints, findings, evidence, .. } = &mut cause
            && complaints.iter().any(|complaint| complaint.trouble == core::Trouble::Hook)
        {
            (*findings, *evidence) = hooks::evidence(cluster, &release.id.namespace, &known).await;
        }
        Err(cause)
    }

    fn refused(&self, said: &str, secrets: &Secrets, ending: Option<String>) -> Cause {
        let complaints = match (said.trim(), &ending) {
            ("", Some(_)) => Vec::new(),
            (said, _) => {
                let namespace = &self.release.id.namespace;
                complaints(&secrets.hide(said)).into_iter().map(|complaint| complaint.placed(namespace)).collect()
            }
        };
        Cause::Refused { id: self.release.id.clone(), complaints, findings: Vec::new(), evidence: Vec::new(), ending }
    }

    /// Marks failed what this run of helm left pending. A failure is no harm: the next apply does it.
    async fn left_behind(&self, maker: &Maker, happened: &str) {
        let mark = async {
            let Ok(Some(secret)) = newest(self.cluster, &self.release.id).await else { return };
            let ours = StoredRelease::read(&secret).is_ok_and(|release| release.maker == Some(maker.label()));
            if ours {
                mark_left(self.cluster, &secret, happened).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(5), mark).await.is_err() {
            tracing::debug!("the API server did not answer; the next apply unlocks the release");
        }
    }
}

/// The lease of a release.
pub(super) fn lease_name(id: &ReleaseId) -> LeaseName {
    LeaseName {
        namespace: id.namespace.clone(),
        name: id.record_name(),
        what: format!("Helm release {id}"),
        labels: Vec::new(),
    }
}

/// The warnings of the API server and of helm among what it printed.
fn warnings(output: &Output, secrets: &Secrets) -> Vec<String> {
    let lines = output.stderr.lines().filter_map(|line| {
        if let Some(rest) = line.strip_prefix("level=WARN msg=") {
            let text = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).map_or(rest, |(text, _)| text);
            // That it failed, it says once more as its error.
            return (!text.ends_with(" failed")).then(|| text.to_owned());
        }
        // client-go: `W0102 10:00:00.000000    4711 warnings.go:70] text`, of late `I… warnings.go:107] "Warning: text"`
        let text = line.split_once("warnings.go:")?.1.split_once("] ")?.1.trim_matches('"');
        Some(text.strip_prefix("Warning: ").unwrap_or(text).replace("\\\"", "\""))
    });
    let mut found: Vec<String> = lines.map(|line| secrets.hide(&line)).collect();
    found.dedup();
    found
}
