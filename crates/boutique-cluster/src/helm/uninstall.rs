//! Taking a release down: by helm, and until its objects are gone.

use std::{collections::HashMap, time::Duration};

use boutique_core::{
    contract::FIELD_MANAGER,
    helm::{self as core, Maker, ReleaseId, ReleaseRecord, ReleaseStatus, StoredRelease, complaints, is_hook, is_kept},
    object::{Kind, Manifest, ObjectRef},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    cause::Cause,
    drift::{self, live, manifests},
    folder::Folder,
    process::{DIES_WITH_US, GRACE},
    program::{Helm, end},
    read::{ReadError, ReleaseReading, newest},
    unlock::unlock,
    upgrade::lease_name,
};
use crate::{
    applyset::leftovers,
    bounds::Bounds,
    connect::Cluster,
    event::{Event, Events},
    lease::{Held, LeaseTiming},
    request::{ApiError, Propagation},
};

/// What to take down, and how.
#[derive(Debug, Clone)]
pub struct UninstallRequest {
    /// The release.
    pub id: ReleaseId,
    /// Whether to delete the CRDs that came with the chart, and with them every object of their kinds, whoever made it.
    pub delete_crds: bool,
    /// How long an unfinished operation of a stranger must have been silent before it counts as abandoned.
    pub unlock_after: Duration,
}

impl UninstallRequest {
    /// A request that keeps CRDs.
    pub fn new(id: ReleaseId) -> Self {
        Self { id, delete_crds: false, unlock_after: Duration::from_secs(600) }
    }
}

/// What an uninstall did.
#[derive(Debug, Clone, Default)]
pub struct Uninstalled {
    /// Objects that are gone.
    pub deleted: Vec<ObjectRef>,
    /// What was kept and why, as sentences.
    pub kept: Vec<String>,
}

/// Takes a release down and waits until its objects are gone. A release that is not there is no error, so what was
/// killed in the middle can be repeated. Objects that belong to another release by now are left alone.
///
/// # Errors
/// When helm refuses, objects do not go, or a request fails.
pub async fn uninstall(
    helm: &Helm,
    cluster: &Cluster,
    request: &UninstallRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<Uninstalled, Box<UninstallError>> {
    let run = Run { helm, cluster, request, bounds, events };
    // Boxed, because callers keep this future within others.
    Box::pin(run.run()).await.map_err(Box::new)
}

/// An uninstall that did not come to its end. It may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum UninstallError {
    /// As with an apply.
    #[error(transparent)]
    Cause(#[from] Cause),
    /// Objects of the release are now claimed by another one, and this helm would delete them.
    #[error(
        "{} of Helm release {id} belong to another release by now, and helm 3 would delete them: use helm 4, or correct \
         their annotation meta.helm.sh/release-name",
        names(objects)
    )]
    Claimed {
        /// The release.
        id: ReleaseId,
        /// The objects.
        objects: Vec<ObjectRef>,
    },
    /// Objects do not go.
    #[error(
        "objects of Helm release {id} are still there ({by}): {}; finalizers hold what does not go",
        names(objects)
    )]
    Staying {
        /// The release.
        id: ReleaseId,
        /// The objects.
        objects: Vec<ObjectRef>,
        /// What ended the wait.
        by: crate::bounds::Interrupted,
    },
}

fn names(objects: &[ObjectRef]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

struct Run<'a> {
    helm: &'a Helm,
    cluster: &'a Cluster,
    request: &'a UninstallRequest,
    bounds: &'a Bounds,
    events: &'a Events,
}

type Outcome<T> = Result<T, UninstallError>;

fn cause<E: Into<Cause>>(error: E) -> UninstallError {
    UninstallError::Cause(error.into())
}

impl Run<'_> {
    async fn run(&self) -> Outcome<Uninstalled> {
        let Self { cluster, bounds, request, .. } = self;
        let id = &request.id;
        let namespace = bounds.run(cluster.get(Kind::NAMESPACE, None, &id.namespace)).await.map_err(cause)?;
        match namespace {
            Ok(None) => return Ok(Uninstalled::default()),
            Err(error) if error.missing_verb().is_none() => return Err(cause(error)),
            Ok(Some(_)) | Err(_) => {}
        }
        let taken = Held::take(cluster, lease_name(id), LeaseTiming::default(), bounds, self.events).await;
        let held = match taken {
            Ok(held) => held,
            // A namespace on its way out takes no lease; it takes the release with it.
            Err(error) if is_terminating(&error) => return Ok(Uninstalled::default()),
            Err(error) => return Err(cause(error)),
        };
        let outcome = tokio::select! {
            biased;
            outcome = self.under_lease() => outcome,
            () = held.lost() => Err(cause(Cause::LeaseLost(id.clone()))),
        };
        match &outcome {
            Ok((_, namespace_uid)) => {
                if let Err(error) = held.delete().await {
                    tracing::debug!(%error, "the lease was not deleted; it expires");
                }
                self.namespace(namespace_uid.as_deref()).await.map_err(cause)?;
            }
            Err(_) => held.release().await,
        }
        outcome.map(|(done, _)| done)
    }

    async fn under_lease(&self) -> Outcome<(Uninstalled, Option<String>)> {
        let Self { cluster, request, bounds, .. } = self;
        let id = &request.id;
        let name = id.record_name();
        let record = bounds.run(cluster.get(Kind::CONFIG_MAP, Some(&id.namespace), &name));
        let record = record.await.map_err(cause)?.map_err(cause)?;
        if let Some(record) = &record {
            ReleaseRecord::check(id, record).map_err(cause)?;
        }
        let record = record.map(|record| ReleaseRecord::read(id, &record)).transpose().map_err(cause)?.flatten();
        let mut done = Uninstalled::default();
        let secret = bounds.run(newest(cluster, id)).await.map_err(cause)?.map_err(cause)?;
        if let Some(secret) = secret {
            unlock(cluster, &secret, request.unlock_after, self.events).await.map_err(cause)?;
            // Unlocking has rewritten it.
            let secret = bounds.run(newest(cluster, id)).await.map_err(cause)?.map_err(cause)?;
            if let Some(secret) = secret {
                self.release(&secret, &mut done).await?;
            }
        }
        self.crds(record.as_ref(), &mut done).await?;
        let name = ObjectRef::new(Kind::CONFIG_MAP, &id.namespace, name);
        cluster.delete(&name, Kind::CONFIG_MAP, Propagation::Background, None).await.map_err(cause)?;
        Ok((done, record.and_then(|record| record.namespace_uid)))
    }

    async fn release(&self, secret: &Value, done: &mut Uninstalled) -> Outcome<()> {
        let Self { cluster, request, bounds, .. } = self;
        let id = &request.id;
        let release = StoredRelease::read(secret).map_err(cause)?;
        let status = release.status;
        let reading = ReleaseReading { release, record: None };
        let all = match bounds.run(manifests(cluster, &reading)).await.map_err(cause)? {
            Ok((manifests, _)) => manifests,
            // A manifest that nobody can read keeps no release alive: helm says what it can.
            Err(error) if matches!(*error, ReadError::Manifest { .. }) => Vec::new(),
            Err(error) => return Err(cause(error)),
        };
        let (kept, going): (Vec<Manifest>, Vec<Manifest>) = all.into_iter().partition(|object| is_kept(object.value()));
        done.kept.extend(
            kept.iter().map(|object| {
                format!("{} is kept: its annotation helm.sh/resource-policy says so", object.reference())
            }),
        );
        let standing = bounds.run(live(cluster, &going)).await.map_err(cause)?.map_err(cause)?;
        let (ours, claimed) = owned(id, &standing);
        if !claimed.is_empty() && self.helm.version().major < 4 {
            return Err(UninstallError::Claimed { id: id.clone(), objects: claimed });
        }
        done.kept.extend(
            claimed.iter().map(|object| format!("{object} is kept: it belongs to another Helm release by now")),
        );
        if status != ReleaseStatus::Uninstalled {
            self.label(secret, reading.release.revision).await?;
        }
        self.helm(id).await?;
        self.gone(&going, &ours, done).await?;
        self.hooks(&reading.release, done).await
    }

    /// Deletes what hooks have left: helm makes it, and does not look after it.
    async fn hooks(&self, release: &StoredRelease, done: &mut Uninstalled) -> Outcome<()> {
        let Self { cluster, bounds, .. } = self;
        let hooks = bounds.run(drift::hooks(cluster, release)).await.map_err(cause)?.map_err(cause)?;
        let left = bounds.run(live(cluster, &hooks)).await.map_err(cause)?.map_err(cause)?;
        for object in left.iter().filter(|object| is_hook(object) && !is_kept(object)) {
            let of = |hook: &&Manifest| ObjectRef::of(object) == Some(hook.reference());
            let Some(hook) = hooks.iter().find(of) else { continue };
            let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
            let (reference, background) = (hook.reference(), Propagation::Background);
            let deleted = cluster.delete(&reference, hook.kind(), background, uid);
            bounds.run(deleted).await.map_err(cause)?.map_err(cause)?;
            done.deleted.push(reference);
        }
        Ok(())
    }

    /// Names this run on Helm's record, so that the next run knows who was killed.
    async fn label(&self, secret: &Value, revision: u64) -> Outcome<()> {
        let maker = Maker {
            run: uuid::Uuid::new_v4().simple().to_string(),
            revision,
            uninstalls: true,
            is_loose: !DIES_WITH_US,
        };
        let object =
            ObjectRef::of(secret).unwrap_or_else(|| ObjectRef::new(Kind::SECRET, &self.request.id.namespace, ""));
        let pointer = format!("/metadata/labels/{}", core::LEASE_LABEL.replace('/', "~1"));
        let ops = [json!({"op": "add", "path": pointer, "value": maker.label()})];
        self.cluster.json_patch(&object, Kind::SECRET, None, &ops, FIELD_MANAGER).await.map_err(cause)?;
        Ok(())
    }

    async fn helm(&self, id: &ReleaseId) -> Outcome<()> {
        let Self { helm, cluster, bounds, .. } = self;
        let folder = Folder::new().map_err(Box::new).map_err(cause)?;
        folder.kubeconfig(cluster).map_err(Box::new).map_err(cause)?;
        let left = bounds.deadline.saturating_duration_since(Instant::now()).saturating_sub(GRACE);
        let args = core::uninstall(helm.version(), &id.namespace, &id.name, left);
        let mut running = helm.start(&folder, &args, Vec::new());
        let output = match bounds.run(running.finished()).await {
            Ok(output) => output.map_err(|error| cause(Box::new(helm.not_run(&error))))?,
            Err(by) => {
                end(&mut running).await;
                return Err(cause(by));
            }
        };
        if output.status.success() {
            return Ok(());
        }
        let ending = output.status.code().is_none().then(|| output.ending());
        let said = output.stderr.trim();
        let complaints = if said.is_empty() && ending.is_some() { Vec::new() } else { complaints(said) };
        let (findings, evidence) = (Vec::new(), Vec::new());
        Err(cause(Cause::Refused { id: id.clone(), complaints, findings, evidence, ending }))
    }

    /// Waits until the objects that helm deleted are gone. Helm has only asked for it.
    async fn gone(&self, going: &[Manifest], ours: &HashMap<ObjectRef, String>, done: &mut Uninstalled) -> Outcome<()> {
        let going: Vec<Manifest> =
            going.iter().filter(|object| ours.contains_key(&object.reference())).cloned().collect();
        let mut pause = Duration::from_millis(50);
        let mut told = usize::MAX;
        let mut still: Vec<ObjectRef> = ours.keys().cloned().collect();
        let staying = |objects, by| UninstallError::Staying { id: self.request.id.clone(), objects, by };
        loop {
            let found = match self.bounds.run(live(self.cluster, &going)).await {
                Ok(found) => found.map_err(cause)?,
                Err(by) => return Err(staying(still, by)),
            };
            still = found
                .iter()
                .filter_map(|object| Some((ObjectRef::of(object)?, object.pointer("/metadata/uid")?.as_str()?)))
                // One that was made anew is somebody else's.
                .filter(|(object, uid)| ours.get(object).is_some_and(|known| known == uid))
                .map(|(object, _)| object)
                .collect();
            if still.is_empty() {
                done.deleted.extend(ours.keys().cloned());
                done.deleted.sort();
                return Ok(());
            }
            if still.len() != told {
                told = still.len();
                self.events.tell(Event::Deleting { left: told });
            }
            if let Err(by) = self.bounds.run(tokio::time::sleep(pause)).await {
                return Err(staying(still, by));
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    async fn crds(&self, record: Option<&ReleaseRecord>, done: &mut Uninstalled) -> Outcome<()> {
        let kind = Kind::CUSTOM_RESOURCE_DEFINITION;
        let Some(record) = record else { return Ok(()) };
        if !self.request.delete_crds {
            done.kept.extend(kept_crds(&record.crds));
            return Ok(());
        }
        for name in &record.crds {
            let object = ObjectRef::new(kind, "", name.as_str());
            self.cluster.delete(&object, kind, Propagation::Background, None).await.map_err(cause)?;
            done.deleted.push(object);
        }
        Ok(())
    }

    /// Deletes the namespace if it was made for the release and nothing of anybody is in it.
    async fn namespace(&self, uid: Option<&str>) -> Result<(), ApiError> {
        let Some(uid) = uid else { return Ok(()) };
        let name = &self.request.id.namespace;
        let look = leftovers::find(self.cluster, name).await;
        // Who may not look must not delete.
        if look.is_ok_and(|left| left.is_empty()) {
            let object = ObjectRef::new(Kind::NAMESPACE, "", name.as_str());
            self.cluster.delete(&object, Kind::NAMESPACE, Propagation::Background, Some(uid)).await?;
        }
        Ok(())
    }
}

/// What is said of CRDs that stay: one sentence, because a chart may have dozens.
fn kept_crds(names: &[String]) -> Option<String> {
    match names {
        [] => None,
        [name] => Some(format!("CustomResourceDefinition {name} is kept, and with it every object of its kind")),
        names => Some(format!(
            "the {} CustomResourceDefinitions of the chart are kept, and with them every object of their kinds: {}",
            names.len(),
            names.join(", ")
        )),
    }
}

fn is_terminating(error: &crate::lease::LeaseError) -> bool {
    matches!(error, crate::lease::LeaseError::Api(error) if error.is_namespace_terminating())
}

/// Objects of this release with their UID, and those that another release claims by now.
fn owned(id: &ReleaseId, standing: &[Value]) -> (HashMap<ObjectRef, String>, Vec<ObjectRef>) {
    let (mut ours, mut claimed) = (HashMap::new(), Vec::new());
    for object in standing {
        let Some(reference) = ObjectRef::of(object) else { continue };
        let annotation = |key: &str| object.pointer("/metadata/annotations").and_then(|all| all.get(key)?.as_str());
        let name = annotation("meta.helm.sh/release-name").unwrap_or(&id.name);
        let namespace = annotation("meta.helm.sh/release-namespace").unwrap_or(&id.namespace);
        if name == id.name && namespace == id.namespace {
            let uid = object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
            ours.insert(reference, uid.to_owned());
        } else {
            claimed.push(reference);
        }
    }
    (ours, claimed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_crds_stay_it_is_one_sentence() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(kept_crds(&[]), None);
        assert!(
            kept_crds(&names(&["a.example.com"])).is_some_and(|said| said.starts_with("CustomResourceDefinition a."))
        );
        let said = kept_crds(&names(&["a.example.com", "b.example.com"]));
        assert!(said.is_some_and(|said| said.contains("2 Custom") && said.ends_with(": a.example.com, b.example.com")));
    }
}
