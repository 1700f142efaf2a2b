//! Applying a stack.
//!
//! Order: namespace → rights → lease → records → what is there → refusals (nothing is written up to here but namespace
//! and lease) → inventory with the union of old and new kinds → objects → prune → revision → inventory. Killed at any
//! point, the next apply finds every object by inventory and labels and goes on.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use boutique_core::{
    contract::{FIELD_MANAGER, StackId},
    inventory::{Inventory, Progress, State},
    object::{Kind, Manifest, ObjectRef},
    revision::{Admitted, Revision},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{ApplyError, Cause, Target, namespace, preflight, rights};
use crate::{
    apply::{Before, PlannedDrift, Policy, Problem, apply_all, foreseen},
    bounds::Bounds,
    connect::Cluster,
    event::{Action, Change, Event, Events},
    lease::{Held, LeaseTiming, holder},
    prune::{is_member, orphans, prune},
    request::ApiError,
    revisions::Records,
};

/// Whether objects of other tools may be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adopt {
    /// They are refused.
    #[default]
    Never,
    /// They become members of the stack, with all that it sets.
    Always,
}

/// What to apply, and how.
#[derive(Debug, Clone)]
pub struct ApplyRequest {
    /// The stack.
    pub id: StackId,
    /// The specification that was rendered; stored in the revision.
    pub spec: Value,
    /// The rendered objects, all in the stack's namespace.
    pub manifests: Vec<Manifest>,
    /// Places that the plan showed as drift.
    pub planned_drift: Vec<PlannedDrift>,
    /// Whether to take every field that others own.
    pub force_conflicts: bool,
    /// Whether to take over objects of other tools.
    pub adopt: Adopt,
    /// Whether to make the namespace if it is not there. It is then deleted with the stack.
    pub create_namespace: bool,
    /// Whether the caller will wait for the stack; until that wait is over, the stack is pending.
    pub wait_follows: bool,
    /// Version of the program, for the records.
    pub tool_version: String,
    /// Further versions for the revision, such as `catalogue`.
    pub versions: BTreeMap<String, String>,
    /// How the lease runs.
    pub lease: LeaseTiming,
    /// Whether inventory and lease are used; see [`Safeguards`].
    pub safeguards: Safeguards,
}

/// Whether an apply uses inventory and lease. They are switched off only in control runs of tests, which show that the
/// tests of killed applies would notice if they did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Safeguards {
    /// They are used.
    #[default]
    On,
    /// Members are looked for among the kinds of the objects at hand, and anybody may write.
    Off,
}

impl ApplyRequest {
    /// A request with everything else at its default.
    pub fn new(id: StackId, spec: Value, manifests: Vec<Manifest>, tool_version: impl Into<String>) -> Self {
        Self {
            id,
            spec,
            manifests,
            planned_drift: Vec::new(),
            force_conflicts: false,
            adopt: Adopt::default(),
            create_namespace: true,
            wait_follows: false,
            tool_version: tool_version.into(),
            versions: BTreeMap::new(),
            lease: LeaseTiming::default(),
            safeguards: Safeguards::default(),
        }
    }
}

/// What an apply did.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// Results, object by object, in the order of their completion.
    pub changes: Vec<Change>,
    /// The revision that now stands; none if the apply did not come so far.
    pub revision: Option<u64>,
    /// Warnings of the API server.
    pub warnings: Vec<String>,
    /// Whether the namespace was made.
    pub namespace_created: bool,
    /// Paths on which admission changed what was sent.
    pub admitted: Vec<Admitted>,
}

impl Applied {
    /// What to wait for: the Deployments that were written, at the generation that was written.
    pub fn targets(&self) -> Vec<Target> {
        let written = self.changes.iter().filter(|change| change.action != Action::Deleted);
        written
            .filter(|change| change.object.known_kind() == Some(Kind::DEPLOYMENT))
            .map(|change| Target { object: change.object.clone(), generation: change.generation })
            .collect()
    }

    /// How many objects met this fate.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}

/// Applies a stack. Does not wait for its pods; see [`super::wait`].
///
/// # Errors
/// With what was done before. Every refusal that can be known beforehand comes before the first object is written.
pub async fn apply(
    cluster: &Cluster,
    request: ApplyRequest,
    bounds: &Bounds,
    events: &Events,
) -> Result<Applied, Box<ApplyError>> {
    let applied = Mutex::new(Applied::default());
    let run = Run { cluster, request, bounds, events, applied: &applied };
    // Boxed, because callers keep this future within others.
    let outcome = Box::pin(run.run()).await;
    let applied = applied.into_inner().unwrap_or_else(PoisonError::into_inner);
    match outcome {
        Ok(()) => Ok(applied),
        Err(cause) => Err(Box::new(ApplyError { cause, partial: applied })),
    }
}

struct Run<'a> {
    cluster: &'a Cluster,
    request: ApplyRequest,
    bounds: &'a Bounds,
    events: &'a Events,
    applied: &'a Mutex<Applied>,
}

impl Run<'_> {
    fn note(&self, note: impl FnOnce(&mut Applied)) {
        note(&mut self.applied.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn run(&self) -> Result<(), Cause> {
        let id = &self.request.id;
        let manifests = super::as_sent(id, &self.request.manifests);
        preflight::well_formed(id, &manifests)?;
        let (namespace, missing) = self
            .bounds
            .run(async {
                let namespace = namespace::ensure(self.cluster, id, self.request.create_namespace, self.events);
                tokio::join!(namespace, rights::missing(self.cluster, &id.namespace, &manifests))
            })
            .await?;
        let namespace = namespace?;
        if !missing.is_empty() {
            self.refuse_without_rights(&namespace, &manifests, missing).await?;
        }
        self.note(|applied| applied.namespace_created = namespace.is_new);
        if self.request.safeguards == Safeguards::Off {
            return self.bounds.run(self.write(&manifests, namespace.ours, &|| true)).await?;
        }
        let lease = Held::take(self.cluster, id, self.request.lease, self.bounds, self.events).await?;
        let may_write = || lease.is_fresh();
        let work = self.bounds.run(self.write(&manifests, namespace.ours, &may_write));
        let outcome = tokio::select! {
            biased;
            () = lease.lost() => Err(Cause::LeaseLost(id.clone())),
            outcome = work => outcome.map_err(Cause::from).and_then(|outcome| outcome),
        };
        match &outcome {
            // Refused before a byte was written: in a namespace of others nothing of ours stays, not even the lease.
            Err(Cause::Foreign(_) | Cause::OtherStack { .. }) => drop(lease.delete().await),
            _ => lease.release().await,
        }
        outcome
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
        namespace::withdraw(self.cluster, &self.request.id, namespace).await;
        Err(Cause::Rights { namespace: name.clone(), missing })
    }

    async fn write(
        &self,
        manifests: &[Manifest],
        namespace_uid: Option<String>,
        may_write: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Cause> {
        let id = &self.request.id;
        let records = Records::read(self.cluster, id).await?;
        records.check_writable()?;
        if let Some(other) = records.other_stacks.first() {
            return Err(Cause::OtherStack { namespace: id.namespace.clone(), other: other.clone() });
        }
        let old = match self.request.safeguards {
            Safeguards::On => records.inventory()?.unwrap_or_default(),
            Safeguards::Off => Inventory::default(),
        };
        // A damaged revision must not keep the shop from being applied again; its objects are found by inventory.
        let newest = records.newest().inspect_err(|error| self.warn(error.to_string())).ok().flatten();
        let desired: BTreeSet<Kind> = manifests.iter().map(Manifest::kind).collect();
        let union: BTreeSet<Kind> = old.kinds.union(&desired).copied().collect();
        let live = preflight::there(self.cluster, id, union.iter().copied(), manifests, self.events).await?;

        let foreign = preflight::foreign(id, manifests, &live, newest.as_ref());
        if !foreign.is_empty() && self.request.adopt == Adopt::Never {
            return Err(Cause::Foreign(foreign));
        }
        let applied = newest.as_ref().map(|revision| revision.objects.as_slice()).unwrap_or_default();
        let orphans = orphans(id, &live, manifests, applied);
        let before = Before {
            live: live.iter().filter_map(|live| Some((ObjectRef::of(live)?, live.clone()))).collect::<HashMap<_, _>>(),
            admitted: newest.as_ref().map(|revision| revision.admitted.clone()).unwrap_or_default(),
        };
        let policy =
            Policy { planned: &self.request.planned_drift, force: self.request.force_conflicts || !foreign.is_empty() };
        let conflicts = foreseen(manifests, &before, policy);
        if !conflicts.is_empty() {
            return Err(Cause::Conflicts(conflicts));
        }

        let (by, since) = (holder(), Timestamp::now());
        let mut inventory = Inventory {
            kinds: union,
            foreign_group_kinds: old.foreign_group_kinds.clone(),
            state: State {
                namespace_uid: old.state.namespace_uid.clone().or(namespace_uid),
                progress: Progress::Applying { by: by.clone(), since },
            },
        };
        self.record(&inventory).await?;
        let mut admitted = Vec::new();
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
        prune(self.cluster, &orphans, self.events, |change| self.note(|applied| applied.changes.push(change))).await?;

        let number = self.remember(&records, newest.as_ref(), manifests, admitted, &by, since).await?;
        self.note(|applied| applied.revision = Some(number));
        // Claims that are desired no more are kept, so their kind stays known.
        let claims = live.iter().any(|live| {
            is_member(id, live) && live.get("kind").and_then(Value::as_str) == Some(Kind::PERSISTENT_VOLUME_CLAIM.kind)
        });
        inventory.kinds = desired;
        if claims {
            inventory.kinds.insert(Kind::PERSISTENT_VOLUME_CLAIM);
        }
        inventory.state.progress =
            if self.request.wait_follows { Progress::Waiting { by, since } } else { Progress::Complete };
        self.record(&inventory).await?;
        Ok(())
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
        manifests: &[Manifest],
        admitted: Vec<Admitted>,
        by: &str,
        since: Timestamp,
    ) -> Result<u64, ApiError> {
        let mut versions = self.request.versions.clone();
        versions.insert("tool".to_owned(), self.request.tool_version.clone());
        let mut admitted = admitted;
        // Objects are written in any order; a revision must not differ by it.
        admitted.sort_by_cached_key(|admitted| (admitted.object.clone(), admitted.path.to_string()));
        let revision = Revision {
            number: records.next_number(),
            spec: self.request.spec.clone(),
            objects: manifests.to_vec(),
            admitted,
            created_at: since,
            created_by: by.to_owned(),
            versions,
        };
        match newest {
            Some(newest) if newest.same_content(&revision) => Ok(newest.number),
            _ => {
                records.store(self.cluster, &self.request.id, &revision).await?;
                self.events.tell(Event::RevisionStored { number: revision.number });
                Ok(revision.number)
            }
        }
    }
}
