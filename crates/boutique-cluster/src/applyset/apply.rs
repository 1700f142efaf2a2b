//! Applying a set.
//!
//! Order: namespace, rights, lease (where no set is expected: records and what is there, all at once) → records → what is
//! there → refusals (nothing is written up to here but namespace and lease) → inventory with the union of old and new kinds → companion (a Helm release) → objects → prune → revision
//! and inventory. Killed at any point, the next apply finds every object by inventory and labels and goes on.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use boutique_core::{
    contract::{FIELD_MANAGER, Owner},
    inventory::{Inventory, Progress, State},
    object::{Kind, Manifest, ObjectRef},
    revision::{Admitted, Revision},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Adopt, Applied, ApplyError, ApplyRequest, Cause, Companion, Safeguards,
    begin::{Begun, Seen, begin},
    draft::Draft,
    namespace, preflight, rights,
};
use crate::{
    apply::{Before, Policy, Problem, apply_all, foreseen},
    bounds::Bounds,
    connect::Cluster,
    event::{Event, Events},
    fault,
    lease::{Held, LeaseError, LeaseName, Sought, holder},
    prune::{is_member, orphans, prune},
    request::ApiError,
    revisions::Records,
};

/// Applies a set. Does not wait for its pods; see [`super::wait`].
///
/// # Errors
/// With what was done before. Every refusal that can be known beforehand comes before the first object is written.
pub async fn apply(
    cluster: &Cluster,
    request: ApplyRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<Applied, Box<ApplyError>> {
    apply_after(cluster, request, super::alone(), bounds, events).await
}

/// Applies a set, and does other work before its first object: under the lease, and when the inventory has named the
/// releases that this work installs.
///
/// # Errors
/// As [`apply`]; and when the other work fails, with its error.
pub async fn apply_after(
    cluster: &Cluster,
    request: ApplyRequest,
    companion: Companion<'_>,
    bounds: &Bounds,
    events: &Events,
) -> Result<Applied, Box<ApplyError>> {
    let applied = Mutex::new(Applied::default());
    let run = Run { cluster, request, companion: Mutex::new(Some(companion)), bounds, events, applied: &applied };
    // Boxed, because callers keep this future within others.
    let outcome = Box::pin(run.run()).await;
    drop(run);
    let applied = applied.into_inner().unwrap_or_else(PoisonError::into_inner);
    match outcome {
        Ok(()) => Ok(applied),
        Err(cause) => Err(Box::new(ApplyError { cause, partial: applied })),
    }
}

struct Run<'a> {
    cluster: &'a Cluster,
    request: ApplyRequest,
    companion: Mutex<Option<Companion<'a>>>,
    bounds: &'a Bounds,
    events: &'a Events,
    applied: &'a Mutex<Applied>,
}

/// What was found before the first object is written.
struct Prepared {
    records: Records,
    newest: Option<Revision>,
    live: Vec<Value>,
    before: Before,
    force: bool,
    inventory: Inventory,
    by: String,
    since: Timestamp,
}

impl Run<'_> {
    fn note(&self, note: impl FnOnce(&mut Applied)) {
        note(&mut self.applied.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn run(&self) -> Result<(), Cause> {
        let id = &self.request.id;
        let manifests = super::as_sent(id, &self.request.manifests);
        preflight::well_formed(id, &manifests)?;
        let (name, mut sought) = (LeaseName::from(id), None);
        let begun = self.begin(&manifests, (&name, &mut sought)).await;
        let (namespace, seen) = match begun {
            Ok(begun) => begun,
            Err(cause) => {
                if let Some(Ok(Sought::Taken(lease))) = sought {
                    lease.withdraw().await;
                }
                return Err(cause);
            }
        };
        self.note(|applied| applied.namespace_created = namespace.is_new);
        if self.request.safeguards == Safeguards::Off {
            return Box::pin(self.write(&manifests, namespace.ours, None, &|| true)).await;
        }
        let lease = match sought.transpose().map_err(LeaseError::from)? {
            Some(Sought::Taken(lease)) => lease,
            Some(Sought::Found(found)) => self.take(name, found).await?,
            None => self.take(name, None).await?,
        };
        let seen = seen.filter(|seen| lease.is_new() && seen.is_nothing(id, &manifests));
        let may_write = || lease.is_fresh();
        let work = Box::pin(self.write(&manifests, namespace.ours, seen, &may_write));
        let outcome = tokio::select! {
            biased;
            () = lease.lost() => Err(Cause::LeaseLost(id.clone())),
            outcome = work => outcome,
        };
        match &outcome {
            // Refused before a byte was written: in a namespace of others nothing of ours stays, not even the lease.
            Err(Cause::Foreign(_) | Cause::OtherStack { .. }) => lease.withdraw().await,
            Ok(()) if self.request.release_afterwards => self.cluster.afterwards(lease.release()).await,
            _ => lease.release().await,
        }
        outcome
    }

    /// Asks what an apply begins with, and refuses what cannot be.
    async fn begin(
        &self,
        manifests: &[Manifest],
        lease: (&LeaseName, &mut Option<Result<Sought, ApiError>>),
    ) -> Result<(namespace::Found, Option<Seen>), Cause> {
        let at_once = Box::pin(begin(self.cluster, &self.request, manifests, lease, self.events));
        let Begun { namespace, missing, seen } = self.bounds.run(at_once).await?;
        let namespace = namespace?;
        if !missing.is_empty() {
            self.refuse_without_rights(&namespace, manifests, missing).await?;
        }
        Ok((namespace, seen))
    }

    async fn take(&self, name: LeaseName, found: Option<Value>) -> Result<Held, LeaseError> {
        Held::take_as_found(self.cluster, name, found, self.request.lease, self.bounds, self.events).await
    }

    /// Rights in a namespace may come with its making, so for a new one the question is asked again; and it goes again
    /// with the refusal, so that nothing is left behind.
    async fn refuse_without_rights(
        &self,
        namespace: &namespace::Found,
        manifests: &[Manifest],
        missing: Vec<(String, String)>,
    ) -> Result<(), Cause> {
        let name = &self.request.id.namespace;
        if !namespace.is_new {
            return Err(Cause::Rights { namespace: name.clone(), missing });
        }
        let missing = self.bounds.run(rights::missing(self.cluster, name, manifests)).await?;
        if missing.is_empty() {
            return Ok(());
        }
        namespace::withdraw(self.cluster, name, namespace).await;
        Err(Cause::Rights { namespace: name.clone(), missing })
    }

    async fn write(
        &self,
        manifests: &[Manifest],
        namespace_uid: Option<String>,
        seen: Option<Seen>,
        may_write: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Cause> {
        let prepared = self.bounds.run(self.prepare(manifests, namespace_uid.clone(), seen)).await??;
        // Not called off from outside: what it started must end in good order, so it minds the bounds itself.
        let companion = self.companion.lock().unwrap_or_else(PoisonError::into_inner).take();
        let rendered = match companion {
            Some(companion) => companion.await.map_err(|error| super::called_off(self.bounds, error))?,
            None => None,
        };
        let Some(rendered) = &rendered else {
            return self.bounds.run(self.carry_out(&self.request.spec, manifests, prepared, may_write)).await?;
        };
        let manifests = super::as_sent(&self.request.id, &rendered.manifests);
        preflight::well_formed(&self.request.id, &manifests)?;
        let prepared = self.bounds.run(self.prepare(&manifests, namespace_uid, None)).await??;
        self.bounds.run(self.carry_out(&rendered.spec, &manifests, prepared, may_write)).await?
    }

    /// Reads what is there, if that is not known yet, refuses what cannot be, and records that the apply begins.
    async fn prepare(
        &self,
        manifests: &[Manifest],
        namespace_uid: Option<String>,
        seen: Option<Seen>,
    ) -> Result<Prepared, Cause> {
        let id = &self.request.id;
        let desired: BTreeSet<Kind> = manifests.iter().map(Manifest::kind).collect();
        let there = async |kinds| preflight::there(self.cluster, id, kinds, manifests, self.events).await;
        let look = async || tokio::join!(Records::read(self.cluster, id), there(&desired));
        let (mut records, mut live) = match seen {
            Some(Seen { records, live }) => (Ok(records), Ok(live)),
            None => look().await,
        };
        records.as_ref().map_err(Clone::clone)?.check_writable()?;
        if self.end_faults(&records.as_ref().map_err(Clone::clone)?.faults).await {
            (records, live) = look().await;
        }
        let records = records?;
        if let Some(other) = records.other_stacks.first() {
            return Err(Cause::OtherStack { namespace: id.namespace.clone(), other: other.clone() });
        }
        let old = match self.request.safeguards {
            Safeguards::On => records.inventory()?.unwrap_or_default(),
            Safeguards::Off => Inventory::default(),
        };
        // A damaged revision must not keep the shop from being applied again; its objects are found by inventory.
        let newest = records.newest().inspect_err(|error| self.warn(error.to_string())).ok().flatten();
        let mut live = live?;
        live.extend(there(&old.kinds.difference(&desired).copied().collect()).await?);

        let foreign = preflight::foreign(id, manifests, &live, newest.as_ref());
        if !foreign.is_empty() && self.request.adopt == Adopt::Never {
            return Err(Cause::Foreign(foreign));
        }
        let force = self.request.force_conflicts || !foreign.is_empty();
        let before = Before {
            live: live.iter().filter_map(|live| Some((ObjectRef::of(live)?, live.clone()))).collect::<HashMap<_, _>>(),
            admitted: newest.as_ref().map(|revision| revision.admitted.clone()).unwrap_or_default(),
        };
        let conflicts = foreseen(manifests, &before, self.policy(force));
        if !conflicts.is_empty() {
            return Err(Cause::Conflicts(conflicts));
        }

        let (by, since) = (holder(), Timestamp::now());
        let inventory = Inventory {
            kinds: old.kinds.union(&desired).copied().collect(),
            foreign_group_kinds: old.foreign_group_kinds.clone(),
            state: State {
                namespace_uid: old.state.namespace_uid.clone().or(namespace_uid),
                releases: old.state.releases.union(&self.request.releases).cloned().collect(),
                progress: Progress::Applying { by: by.clone(), since },
            },
        };
        self.record(&inventory).await?;
        let mut is_first = false;
        self.note(|applied| is_first = !std::mem::replace(&mut applied.began, true));
        if is_first {
            self.events.tell(Event::Begun);
        }
        Ok(Prepared { records, newest, live, before, force, inventory, by, since })
    }

    /// Ends the faults that stand here: an apply makes the shop what its configuration says. What cannot be undone is told,
    /// and does not keep the shop from being applied. Returns whether anything was undone.
    async fn end_faults(&self, records: &[Value]) -> bool {
        if self.request.id.owner != Owner::Stack || records.is_empty() {
            return false;
        }
        let undone = match Box::pin(fault::end_all(self.cluster, &self.request.id.namespace, records)).await {
            Ok(undone) => undone,
            Err(error) => {
                self.warn(format!("a fault in namespace {} was not undone: {error}", self.request.id.namespace));
                return true;
            }
        };
        for undone in &undone {
            self.warn(format!("ended by this apply: {undone}"));
        }
        !undone.is_empty()
    }

    /// Writes and prunes the objects, and records that the apply has come to its end.
    async fn carry_out(
        &self,
        spec: &Value,
        manifests: &[Manifest],
        prepared: Prepared,
        may_write: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Cause> {
        let id = &self.request.id;
        let Prepared { records, newest, live, before, force, mut inventory, by, since } = prepared;
        let mut admitted = Vec::new();
        let draft = Draft::begin(&self.request, records.next_number(), (spec, manifests), (&by, since));
        let policy = self.policy(force);
        let problems = apply_all(self.cluster, manifests, &before, policy, self.events, may_write, |written| {
            for warning in &written.warnings {
                self.events.tell(Event::Warning(warning.clone()));
            }
            admitted.extend(written.admitted.iter().cloned());
            self.note(|applied| {
                applied.warnings.extend(written.warnings);
                applied.admitted.extend(written.admitted);
                applied.changes.push(written.change);
            });
        })
        .await;
        if problems.iter().any(|problem| matches!(problem, Problem::Overtaken)) || !may_write() {
            return Err(Cause::LeaseLost(id.clone()));
        }
        if !problems.is_empty() {
            return Err(Cause::Problems(problems));
        }
        let applied = newest.as_ref().map(|revision| revision.objects.as_slice()).unwrap_or_default();
        let orphans = orphans(id, &live, manifests, applied);
        prune(self.cluster, &orphans, self.events, |change| self.note(|applied| applied.changes.push(change))).await?;

        // Claims that are desired no more are kept, so their kind stays known.
        let claims = live.iter().any(|live| {
            is_member(id, live) && live.get("kind").and_then(Value::as_str) == Some(Kind::PERSISTENT_VOLUME_CLAIM.kind)
        });
        inventory.kinds = manifests.iter().map(Manifest::kind).collect();
        if claims {
            inventory.kinds.insert(Kind::PERSISTENT_VOLUME_CLAIM);
        }
        inventory.state.releases.clone_from(&self.request.releases);
        inventory.state.progress =
            if self.request.wait_follows { Progress::Waiting { by: by.clone(), since } } else { Progress::Complete };
        let (number, recorded) =
            tokio::join!(self.remember(&records, newest.as_ref(), draft, admitted), self.record(&inventory));
        let number = number?;
        self.note(|applied| applied.revision = Some(number));
        recorded?;
        Ok(())
    }

    fn policy(&self, force: bool) -> Policy<'_> {
        Policy { planned: &self.request.planned_drift, force }
    }

    fn warn(&self, text: String) {
        self.events.tell(Event::Warning(text.clone()));
        self.note(|applied| applied.warnings.push(text));
    }

    async fn record(&self, inventory: &Inventory) -> Result<(), ApiError> {
        if self.request.safeguards == Safeguards::Off {
            return Ok(());
        }
        let record = inventory.record(&self.request.id, &self.request.tool_version);
        // The record is ours alone; nobody's value in it is worth keeping.
        self.cluster.server_side_apply(&record, FIELD_MANAGER, true).await.map(|_| ())
    }

    async fn remember(
        &self,
        records: &Records,
        newest: Option<&Revision>,
        draft: Draft,
        admitted: Vec<Admitted>,
    ) -> Result<u64, ApiError> {
        let (number, record) = draft.finish(&self.request.id, newest, admitted).await;
        if let Some(record) = record {
            records.store(self.cluster, &record).await?;
            self.events.tell(Event::RevisionStored { number });
        }
        Ok(number)
    }
}
