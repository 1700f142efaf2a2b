//! Taking a set down.
//!
//! Order: lease → inventory says so → workloads → the rest → wait until they are gone → companion (a Helm release) → fault
//! records and revisions → inventory → lease → namespace, if the set made it and nothing of others is in it.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Mutex, PoisonError},
};

use boutique_core::{
    contract::{self, FIELD_MANAGER, Owner, SetId},
    inventory::{Inventory, Progress},
    object::{Kind, Manifest, ObjectRef},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Cause, Companion, DestroyError, member_kinds,
    namespace::{self, Removal},
};
use crate::{
    bounds::Bounds,
    connect::Cluster,
    delete::Gone,
    event::{Event, Events},
    fault,
    lease::{Held, LeaseTiming, holder},
    prune::{is_member, is_ours},
    request::{ApiError, Propagation},
    revisions::Records,
    watch::{Follow, Followed},
};

/// What to take down, and how.
#[derive(Debug, Clone)]
pub struct DestroyRequest {
    /// The set.
    pub id: SetId,
    /// Whether to delete volume claims, and with them the data.
    pub delete_claims: bool,
    /// Version of the program, for the inventory.
    pub tool_version: String,
    /// How the lease runs.
    pub lease: LeaseTiming,
}

impl DestroyRequest {
    /// A request that keeps volume claims.
    pub fn new(id: SetId, tool_version: impl Into<String>) -> Self {
        Self { id, delete_claims: false, tool_version: tool_version.into(), lease: LeaseTiming::default() }
    }
}

/// What a destroy did.
#[derive(Debug, Clone, Default)]
pub struct Destroyed {
    /// Members that are gone.
    pub deleted: Vec<ObjectRef>,
    /// What was kept and why, as sentences.
    pub kept: Vec<String>,
    /// Whether the namespace was deleted too.
    pub namespace_deleted: bool,
}

/// Deletes all members and records of a set and waits until they are gone. What is not there is no error.
///
/// # Errors
/// With what was done before.
pub async fn destroy(
    cluster: &Cluster,
    request: DestroyRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<Destroyed, Box<DestroyError>> {
    destroy_then(cluster, request, super::alone(), bounds, events).await
}

/// Takes a set down, and does other work when its objects are gone: under the lease, and before the inventory goes, which
/// names the releases that this work removes. Where nothing of the set was found, the work is done all the same.
///
/// # Errors
/// As [`destroy`]; and when the other work fails, with its error.
pub async fn destroy_then(
    cluster: &Cluster,
    request: DestroyRequest,
    companion: Companion<'_, ()>,
    bounds: &Bounds,
    events: &Events,
) -> Result<Destroyed, Box<DestroyError>> {
    let destroyed = Mutex::new(Destroyed::default());
    let run = Run { cluster, request, companion: Mutex::new(Some(companion)), bounds, events, destroyed: &destroyed };
    // Boxed, because callers keep this future within others.
    let outcome = Box::pin(run.run()).await;
    drop(run);
    let destroyed = destroyed.into_inner().unwrap_or_else(PoisonError::into_inner);
    match outcome {
        Ok(()) => Ok(destroyed),
        Err(cause) => Err(Box::new(DestroyError { cause, partial: destroyed })),
    }
}

struct Run<'a> {
    cluster: &'a Cluster,
    request: DestroyRequest,
    companion: Mutex<Option<Companion<'a, ()>>>,
    bounds: &'a Bounds,
    events: &'a Events,
    destroyed: &'a Mutex<Destroyed>,
}

impl Run<'_> {
    fn note(&self, note: impl FnOnce(&mut Destroyed)) {
        note(&mut self.destroyed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn run(&self) -> Result<(), Cause> {
        let id = &self.request.id;
        let found = match self.bounds.run(self.cluster.get(Kind::NAMESPACE, None, &id.namespace)).await? {
            Ok(None) => return self.companion().await,
            Ok(Some(namespace)) => Some(namespace),
            Err(error) if error.missing_verb().is_some() => None,
            Err(error) => return Err(error.into()),
        };
        if found.as_ref().is_some_and(namespace::is_terminating) {
            // All in it goes with it; no lease can be taken there any more.
            self.bounds.run(namespace::until_gone(self.cluster, &id.namespace)).await??;
            return self.companion().await;
        }
        let lease = Held::take(self.cluster, id, self.request.lease, self.bounds, self.events).await?;
        let outcome = tokio::select! {
            biased;
            () = lease.lost() => Err(Cause::LeaseLost(id.clone())),
            outcome = self.delete_all() => outcome,
        };
        let recorded = match outcome {
            Ok(recorded) => recorded,
            Err(cause) => {
                lease.release().await;
                return Err(cause);
            }
        };
        lease.delete().await?;
        if let Some(namespace) = found {
            self.bounds.run(self.namespace(&namespace, recorded.as_deref())).await??;
        }
        Ok(())
    }

    /// Returns the UID of the namespace that the inventory says the set made.
    async fn delete_all(&self) -> Result<Option<String>, Cause> {
        let (records, inventory) = self.bounds.run(self.delete_members()).await??;
        self.companion().await?;
        self.bounds.run(self.delete_all_records(&records)).await??;
        Ok(inventory.and_then(|inventory| inventory.state.namespace_uid))
    }

    async fn delete_members(&self) -> Result<(Records, Option<Inventory>), Cause> {
        let id = &self.request.id;
        let records = Records::read(self.cluster, id).await?;
        records.check_writable()?;
        // A damaged inventory must not make a shop undeletable: all kinds are then looked through.
        let inventory = records.inventory().ok().flatten();
        if let Some(inventory) = &inventory {
            let mut inventory = inventory.clone();
            inventory.state.progress = Progress::Destroying { by: holder(), since: Timestamp::now() };
            self.record(&inventory).await?;
        }
        let kinds: BTreeSet<Kind> = match &inventory {
            Some(inventory) => inventory.kinds.iter().copied().chain([Kind::PERSISTENT_VOLUME_CLAIM]).collect(),
            None => member_kinds(id.owner).iter().copied().collect(),
        };
        let members = self.members(kinds, &records).await?;
        let (claims, others): (Vec<Value>, Vec<Value>) =
            members.into_iter().partition(|live| kind_of(live) == Some(Kind::PERSISTENT_VOLUME_CLAIM));
        let (workloads, mut rest): (Vec<Value>, Vec<Value>) =
            others.into_iter().partition(|live| kind_of(live).is_some_and(|kind| kind.is_workload()));
        self.delete(&workloads, Propagation::Foreground).await?;
        if self.request.delete_claims {
            rest.extend(claims);
        } else {
            let kept = claims.iter().filter_map(ObjectRef::of);
            self.note(|destroyed| {
                destroyed.kept.extend(kept.map(|claim| format!("{claim} is kept: it holds the data of the shop")));
            });
        }
        self.delete(&rest, Propagation::Background).await?;
        let gone: Vec<Value> = workloads.into_iter().chain(rest).collect();
        self.until_gone(&gone).await?;
        Ok((records, inventory))
    }

    async fn delete_all_records(&self, records: &Records) -> Result<(), Cause> {
        let id = &self.request.id;
        if id.owner == Owner::Stack {
            let jobs = self.cluster.list(Kind::JOB, Some(&id.namespace), contract::FAULT).await;
            // Who may not list Jobs has made none for a fault.
            let jobs = jobs.map(|list| list.items).unwrap_or_default();
            // What a fault did elsewhere must not stay for want of its record, nor keep the shop from being taken down.
            let kept = match Box::pin(fault::undo_outside(self.cluster, &records.faults)).await {
                Ok(undone) => undone.into_iter().flat_map(|undone| undone.kept).collect(),
                Err(error) => vec![format!("a fault was not undone, and its record is gone now: {error}")],
            };
            self.note(|destroyed| destroyed.kept.extend(kept));
            self.delete_records(records.faults.iter().chain(&jobs)).await?;
        }
        let (revisions, inventory) = records.own();
        self.delete_records(revisions).await?;
        self.delete_records(inventory).await?;
        Ok(())
    }

    async fn companion(&self) -> Result<(), Cause> {
        let companion = self.companion.lock().unwrap_or_else(PoisonError::into_inner).take();
        match companion {
            Some(companion) => companion.await.map_err(|error| super::called_off(self.bounds, error)),
            None => Ok(()),
        }
    }

    async fn record(&self, inventory: &Inventory) -> Result<(), ApiError> {
        let record: Manifest = inventory.record(&self.request.id, &self.request.tool_version);
        self.cluster.server_side_apply(&record, FIELD_MANAGER, true).await.map(|_| ())
    }

    async fn members(&self, kinds: BTreeSet<Kind>, records: &Records) -> Result<Vec<Value>, ApiError> {
        let id = &self.request.id;
        let mut live = self.cluster.list_all(kinds, &id.namespace, &id.selector()).await?;
        live.retain(|live| is_member(id, live));
        // What lost its labels is ours all the same, if it is still the object that we applied.
        let found: HashSet<ObjectRef> = live.iter().filter_map(ObjectRef::of).collect();
        let applied = records.history().into_iter().next().map(|revision| revision.objects).unwrap_or_default();
        let unseen = applied.iter().filter(|manifest| !found.contains(&manifest.reference()));
        let asked = unseen.map(|manifest| self.cluster.get(manifest.kind(), manifest.namespace(), manifest.name()));
        let asked: Vec<_> = asked.collect();
        let unlabelled: Vec<Option<Value>> = stream::iter(asked).buffered(8).try_collect().await?;
        live.extend(unlabelled.into_iter().flatten().filter(is_ours));
        Ok(live)
    }

    async fn delete(&self, objects: &[Value], propagation: Propagation) -> Result<(), ApiError> {
        let deletes = objects.iter().map(|live| async move {
            let gone = self.cluster.delete_live(live, propagation).await?;
            if let Some(object) = ObjectRef::of(live).filter(|_| gone == Gone::Deleted) {
                self.events.tell(Event::Deleted { object: object.clone() });
                self.note(|destroyed| destroyed.deleted.push(object));
            }
            Ok::<_, ApiError>(())
        });
        stream::iter(deletes.collect::<Vec<_>>()).buffer_unordered(8).try_collect().await
    }

    async fn delete_records<'a>(&self, records: impl IntoIterator<Item = &'a Value>) -> Result<(), ApiError> {
        let deletes = records.into_iter().map(|live| self.cluster.delete_live(live, Propagation::Background));
        let deletes: Vec<_> = deletes.collect();
        stream::iter(deletes).buffer_unordered(8).try_for_each(|_| std::future::ready(Ok(()))).await
    }

    /// Waits until none of these very objects, by UID, is there any more.
    async fn until_gone(&self, objects: &[Value]) -> Result<(), Cause> {
        let kinds: BTreeSet<Kind> = objects.iter().filter_map(kind_of).collect();
        if kinds.is_empty() {
            return Ok(());
        }
        let uid = |live: &Value| live.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
        // Without a selector, because some may have lost their labels.
        let follows = kinds.into_iter().map(|kind| Follow::labelled(kind, "")).collect();
        let mut followed = Followed::start(self.cluster, &self.request.id.namespace, follows);
        let mut told = 0;
        loop {
            followed.changed().await?;
            let left = objects.iter().filter(|object| {
                let live = ObjectRef::of(object).and_then(|reference| followed.get(&reference).cloned());
                live.is_some_and(|live| uid(&live) == uid(object))
            });
            match left.count() {
                0 => return Ok(()),
                left if left != told => {
                    self.events.tell(Event::Deleting { left });
                    told = left;
                }
                _ => {}
            }
        }
    }

    async fn namespace(&self, found: &Value, recorded: Option<&str>) -> Result<(), Cause> {
        let uid = found.pointer("/metadata/uid").and_then(Value::as_str);
        let is_ours =
            uid.is_some() && recorded == uid || namespace::made_for(&self.request.id.created_for(), found).is_some();
        if is_ours {
            let removal = namespace::remove(self.cluster, found, self.events).await?;
            self.note(|destroyed| match removal {
                Removal::Gone => destroyed.namespace_deleted = true,
                Removal::Kept(why) => destroyed.kept.push(why),
            });
        }
        Ok(())
    }
}

fn kind_of(live: &Value) -> Option<Kind> {
    ObjectRef::of(live)?.known_kind()
}
