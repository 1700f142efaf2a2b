//! Installing and upgrading a release.
//!
//! Order: namespace → lease → unlock with evidence → chart → values → CRDs → helm → our record. Waiting for what was
//! installed is [`super::wait`]'s.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use boutique_core::{
    contract::{self, FIELD_MANAGER},
    helm::{
        self as core, Crds, Effective, Maker, Release, ReleaseId, ReleaseRecord, ReleaseStatus, Secrets, StoredRelease,
        UpgradeRun, complaints, is_hook, is_kept,
    },
    object::{Kind, Manifest, ObjectRef},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    cause::{Applied, ApplyError, Cause},
    charts::{LoadedChart, Reach},
    crds, drift,
    error::HelmError,
    folder::Folder,
    hooks,
    process::{DIES_WITH_US, GRACE, Output},
    program::{Helm, end},
    read::{self, ReleaseReading, is_of, newest},
    unlock::{mark_left, unlock},
};
use crate::{
    bounds::Bounds,
    connect::Cluster,
    event::{Change, Event, Events},
    lease::{Held, LeaseName, LeaseTiming},
    request::Propagation,
};

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
        let fresh = || ReleaseRecord {
            chart: chart.source.clone(),
            digest: chart.digest.clone(),
            namespace_uid: namespace_uid.clone(),
            ..ReleaseRecord::default()
        };
        let mut record = record.unwrap_or_else(fresh);
        let completed = record.revision;
        let places = values.record.as_ref().map(|record| record.paths.as_slice()).unwrap_or_default();
        if let Some(begun) = record.begun(places) {
            bounds.run(self.store(&begun)).await??;
            record = begun;
        }
        self.helm(&chart, &values, stored.as_ref()).await?;
        let secret = bounds.run(newest(cluster, id)).await??;
        let installed = match secret {
            Some(secret) => StoredRelease::read(&secret)?,
            None => return Err(self.refused("helm ended well, and there is no release", &Secrets::default(), None)),
        };
        let once_write_only = record.once(values.record.as_ref(), &release.values);
        let mut names: Vec<String> =
            crds.iter().filter_map(|crd| Some(crd["metadata"]["name"].as_str()?.to_owned())).collect();
        names.extend(record.crds);
        names.sort_unstable();
        names.dedup();
        let mut reading = ReleaseReading { release: installed, record: None };
        let record = ReleaseRecord {
            chart: chart.source.clone(),
            digest: chart.digest.clone(),
            revision: reading.release.revision,
            write_only: values.record.clone(),
            once_write_only,
            admitted: Vec::new(),
            crds: names,
            namespace_uid: namespace_uid.or(record.namespace_uid),
        };
        let (manifests, _) = bounds.run(drift::manifests(cluster, &reading)).await??;
        bounds.run(self.abandoned(completed, &reading.release, &manifests)).await??;
        // First without what must be looked up.
        bounds.run(self.store(&record)).await??;
        let live = bounds.run(drift::live(cluster, &manifests)).await??;
        let live = bounds.run(self.repaired(&manifests, live)).await??;
        let record = ReleaseRecord { admitted: drift::admitted(&manifests, &live), ..record };
        if !record.admitted.is_empty() {
            bounds.run(self.store(&record)).await??;
        }
        reading.record = Some(record);
        Ok(reading)
    }

    /// Removes what revisions that failed had made and this one does not have: helm only compares with the last one that
    /// was deployed, and looks after no hook. All count that came after the last one which was completed; that they
    /// failed, their status need not say any more.
    async fn abandoned(&self, completed: u64, installed: &StoredRelease, manifests: &[Manifest]) -> Result<(), Cause> {
        let Self { cluster, release, .. } = self;
        if release.without_recovery || installed.revision <= completed + 1 {
            return Ok(());
        }
        let mut wanted: Vec<ObjectRef> = manifests.iter().map(Manifest::reference).collect();
        wanted.extend(drift::hooks(cluster, installed).await?.iter().map(Manifest::reference));
        for failed in read::between(cluster, &release.id, completed, installed.revision).await? {
            let hooks = drift::hooks(cluster, &failed).await?;
            let reading = ReleaseReading { release: failed, record: None };
            // What nobody can read was never made.
            let Ok((objects, _)) = drift::manifests(cluster, &reading).await else { continue };
            let mut left = [objects, hooks].concat();
            left.retain(|object| !wanted.contains(&object.reference()) && !is_kept(object.value()));
            for object in drift::live(cluster, &left).await? {
                // Helm says of objects whose they are, of hooks only that they are some.
                if !is_kept(&object) && (is_of(&release.id, &object) || is_hook(&object)) {
                    self.delete(&left, &object).await?;
                }
            }
        }
        Ok(())
    }

    async fn delete(&self, manifests: &[Manifest], live: &Value) -> Result<(), Cause> {
        let manifest = manifests.iter().find(|manifest| ObjectRef::of(live) == Some(manifest.reference()));
        let Some(manifest) = manifest else { return Ok(()) };
        let (reference, background) = (manifest.reference(), Propagation::Background);
        let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
        self.cluster.delete(&reference, manifest.kind(), background, uid).await?;
        self.events.tell(Event::Deleted { object: reference });
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
        if !release.without_recovery {
            unlock(cluster, &secret, release.unlock_after, self.events).await?;
        }
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
            is_loose: !DIES_WITH_US,
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
        if self.release.without_recovery {
            return;
        }
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
