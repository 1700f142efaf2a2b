//! Writing a set of objects by server-side apply: concurrently, unforced, and told apart into what was done.

mod conflict;
#[cfg(test)]
mod fixture;
mod repair;

use std::collections::HashMap;

use boutique_core::{
    contract::FIELD_MANAGER,
    diff::{Path, differences},
    object::{Kind, Manifest, ObjectRef},
    revision::Admitted,
};
use futures::{StreamExt as _, stream};
use serde_json::Value;

use crate::{
    connect::Cluster,
    event::{Action, Change, Event, Events},
    prune::our_fields,
    request::{ApiError, removal},
};

pub use conflict::{Conflict, PlannedDrift};
pub(crate) use conflict::{Policy, foreseen};
use conflict::{field_conflicts, refused};
use repair::{added_variables, keys_put_back, patches_disowned};

/// Tries of a write that another writer comes between.
const TRIES: u32 = 5;
/// Writes that run at the same time.
const AT_ONCE: usize = 32;

/// Why an object was not written.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Others own fields of it.
    #[error("{}", each(.0))]
    Conflicts(Vec<Conflict>),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// We were silent for so long that another writer may be at work.
    #[error("not written, because the lease had run out")]
    Overtaken,
}

fn each(conflicts: &[Conflict]) -> String {
    conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What is known of the cluster before the write.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// Live objects by reference.
    pub(crate) live: HashMap<ObjectRef, Value>,
    /// What admission was seen to change by the last apply.
    pub(crate) admitted: Vec<Admitted>,
}

/// One written object.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) change: Change,
    pub(crate) admitted: Vec<Admitted>,
    pub(crate) warnings: Vec<String>,
}

/// Writes all objects: workloads last, because they refer to the others and because the cluster sets to work on them while
/// we still write. Services go first: API servers give out their addresses one after the other, the longest wait there is.
/// Objects after a failure are written all the same, so that one answer tells all problems.
pub(crate) async fn apply_all(
    cluster: &Cluster,
    manifests: &[Manifest],
    before: &Before,
    policy: Policy<'_>,
    events: &Events,
    may_write: &(dyn Fn() -> bool + Sync),
    mut done: impl FnMut(Written),
) -> Vec<Problem> {
    let (workloads, mut others): (Vec<&Manifest>, Vec<&Manifest>) =
        manifests.iter().partition(|manifest| manifest.kind().is_workload());
    others.sort_by_key(|manifest| manifest.kind() != Kind::SERVICE);
    for wave in [others, workloads] {
        let mut problems = Vec::new();
        let writes = wave.into_iter().map(|manifest| async move {
            if !may_write() {
                return Err(Problem::Overtaken);
            }
            apply_one(cluster, manifest, before, policy, events).await
        });
        let mut writes = stream::iter(writes.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        while let Some(written) = writes.next().await {
            match written {
                Ok(written) => {
                    events.tell(Event::Applied(written.change.clone()));
                    done(written);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return problems;
        }
    }
    Vec::new()
}

/// The object after a JSON Patch that `ops` makes of it as it is; none if there is nothing to patch. Places in lists are
/// told by their index, and another writer may move them between our look and our patch: then we look again.
async fn patched(
    cluster: &Cluster,
    manifest: &Manifest,
    live: &Value,
    ops: impl Fn(&Value) -> Vec<Value>,
) -> Result<Option<Value>, ApiError> {
    let (object, kind) = (manifest.reference(), manifest.kind());
    let mut ops_now = ops(live);
    let mut tries = 0;
    while !ops_now.is_empty() {
        tries += 1;
        match cluster.json_patch(&object, kind, None, &ops_now, FIELD_MANAGER).await {
            Err(error) if error.is_invalid() && tries < TRIES => {
                let live = cluster.get(kind, manifest.namespace(), manifest.name()).await?.ok_or(error)?;
                ops_now = ops(&live);
            }
            patched => return patched.map(Some),
        }
    }
    Ok(None)
}

async fn apply_one(
    cluster: &Cluster,
    manifest: &Manifest,
    before: &Before,
    policy: Policy<'_>,
    events: &Events,
) -> Result<Written, Problem> {
    let object = manifest.reference();
    let known = before.live.get(&object);
    if let Some(known) = known {
        patched(cluster, manifest, known, |live| keys_put_back(manifest, live)).await?;
    }
    let mut tries = 0;
    let answer = loop {
        tries += 1;
        match cluster.server_side_apply(manifest, FIELD_MANAGER, false).await {
            Ok(answer) => break answer,
            Err(error) if error.is_conflict() => {
                let owned = field_conflicts(&error);
                if owned.is_empty() && tries < TRIES {
                    // The object changed between the server's read and its write.
                    continue;
                }
                let live = cluster.get(manifest.kind(), manifest.namespace(), manifest.name()).await?;
                let refused = refused(manifest, live.as_ref(), &owned, policy);
                if owned.is_empty() || !refused.is_empty() {
                    return Err(if refused.is_empty() { error.into() } else { Problem::Conflicts(refused) });
                }
                let answer = cluster.server_side_apply(manifest, FIELD_MANAGER, true).await?;
                let fields = owned.iter().map(|(path, manager)| format!("{path} from {manager:?}")).collect();
                events.tell(Event::Forced { object: object.clone(), fields });
                break answer;
            }
            Err(error) => return Err(error.into()),
        }
    };
    let created = answer.code == 201;
    let mut live = answer.object()?;
    if let Some(known) = known.filter(|_| !created) {
        let added = added_variables(manifest, known, &live, &before.admitted, policy);
        if !added.is_empty() {
            let places: Vec<&Path> = added.iter().collect();
            if let Some(without) = patched(cluster, manifest, &live, |live| removal(live, &places)).await? {
                live = without;
            }
            let paths = added.iter().map(ToString::to_string).collect();
            events.tell(Event::VariablesRemoved { object: object.clone(), paths });
        }
    }
    if let Some(disowned) = patched(cluster, manifest, &live, patches_disowned).await? {
        live = disowned;
    }
    let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let differing = differences(manifest, &live);
    let action = match known {
        _ if created => Action::Created,
        // Not by resourceVersion: a status that moves on changes that too.
        Some(known) if our_fields(known) == our_fields(&live) && differences(manifest, known) == differing => {
            Action::Unchanged
        }
        _ => Action::Configured,
    };
    let admitted = differing.into_iter().filter(|difference| {
        // What somebody added before our write is no admission's, unless it always was.
        let stood = known.is_some_and(|known| difference.path.pointer(known).is_some());
        let admits = |admitted: &Admitted| admitted.object == object && admitted.path == difference.path;
        difference.old.is_some() || !stood || before.admitted.iter().any(admits)
    });
    let admitted = admitted.map(|difference| Admitted {
        object: object.clone(),
        path: difference.path,
        value: difference.new.unwrap_or(Value::Null),
    });
    let admitted = admitted.collect();
    Ok(Written {
        admitted,
        warnings: answer.warnings.iter().map(|warning| format!("{object}: {warning}")).collect(),
        change: Change {
            action,
            uid: text(&live, "/metadata/uid").unwrap_or_default(),
            generation: live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0),
            object,
        },
    })
}
