//! Writing a set of objects by server-side apply: concurrently, unforced, and told apart into what was done.

use std::collections::HashMap;

use boutique_core::{
    contract::FIELD_MANAGER,
    diff::{Path, Step, differences, is_controller, last_writer, renamed},
    object::{Kind, Manifest, ObjectRef},
    revision::Admitted,
};
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    connect::Cluster,
    event::{Action, Change, Event, Events},
    request::{ApiError, Cause, removal, test_op},
};

/// Writes that run at the same time.
const AT_ONCE: usize = 8;

/// A place that the plan showed as drift; apply may take it back from whoever wrote it, unless that is a controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDrift {
    /// The object.
    pub object: ObjectRef,
    /// The place, as `Drift::path` prints it.
    pub path: String,
}

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "{object}: {path} is {}, set by {manager:?}, and the shop asks for {}; {remedy}",
    in_words(theirs.as_ref()), in_words(ours.as_ref())
)]
pub struct Conflict {
    /// The object.
    pub object: ObjectRef,
    /// The place.
    pub path: String,
    /// Who owns it.
    pub manager: String,
    /// What stands there.
    pub theirs: Option<Value>,
    /// What we would set.
    pub ours: Option<Value>,
    /// What to do.
    pub remedy: String,
}

fn in_words(value: Option<&Value>) -> String {
    value.map_or_else(|| "another value".to_owned(), Value::to_string)
}

fn remedy(manager: &str) -> String {
    if is_controller(manager) {
        format!(
            "{manager} is a controller and would set it again: leave this setting to it, or remove what makes it write, \
             or set force_conflicts"
        )
    } else {
        "run plan again, which shows it as drift that apply puts right, or set force_conflicts".to_owned()
    }
}

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

/// What may be taken from whom.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Policy<'a> {
    pub(crate) planned: &'a [PlannedDrift],
    pub(crate) force: bool,
}

impl Policy<'_> {
    fn allows(&self, object: &ObjectRef, path: &str, manager: &str) -> bool {
        let planned = self.planned.iter().any(|drift| drift.object == *object && drift.path == path);
        // Our own patches count as another writer than our applies.
        self.force || manager == FIELD_MANAGER || (planned && !is_controller(manager))
    }
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

/// Conflicts that can be seen before anything is written: places where another manager holds another value than the one
/// we are about to set. The server has the last word (409); this saves a half-written shop.
pub(crate) fn foreseen(manifests: &[Manifest], before: &Before, policy: Policy<'_>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for manifest in manifests {
        let object = manifest.reference();
        let Some(live) = before.live.get(&object) else { continue };
        for difference in differences(manifest, live) {
            let Some(writer) = last_writer(live, &difference.path) else { continue };
            let path = difference.path.to_string();
            // A variable that somebody added is theirs to own and ours to remove; that is no conflict.
            let added = difference.old.is_none();
            if added || writer.is_ours() || policy.allows(&object, &path, &writer.manager) {
                continue;
            }
            conflicts.push(Conflict {
                object: object.clone(),
                remedy: remedy(&writer.manager),
                manager: writer.manager,
                path,
                theirs: difference.new,
                ours: difference.old,
            });
        }
    }
    conflicts
}

/// Writes all objects: first what others refer to, then the rest. Objects after a failure are written all the same, so
/// that one answer tells all problems.
pub(crate) async fn apply_all(
    cluster: &Cluster,
    manifests: &[Manifest],
    before: &Before,
    policy: Policy<'_>,
    events: &Events,
    may_write: &(dyn Fn() -> bool + Sync),
    mut done: impl FnMut(Written),
) -> Vec<Problem> {
    let (first, rest): (Vec<&Manifest>, Vec<&Manifest>) = manifests.iter().partition(|m| is_referred_to(m.kind()));
    for wave in [first, rest] {
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

fn is_referred_to(kind: Kind) -> bool {
    [Kind::SERVICE_ACCOUNT, Kind::CONFIG_MAP, Kind::SECRET, Kind::PERSISTENT_VOLUME_CLAIM].contains(&kind)
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
        let ops = keys_put_back(manifest, known);
        if !ops.is_empty() {
            cluster.json_patch(&object, manifest.kind(), None, &ops, FIELD_MANAGER).await?;
        }
    }
    let mut tries = 0;
    let answer = loop {
        tries += 1;
        match cluster.server_side_apply(manifest, FIELD_MANAGER, false).await {
            Ok(answer) => break answer,
            Err(error) if error.is_conflict() => {
                let owned = field_conflicts(&error);
                if owned.is_empty() && tries < 5 {
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
        let added = added_variables(manifest, known, &live, &before.admitted);
        if !added.is_empty() {
            let places: Vec<&Path> = added.iter().collect();
            let ops = removal(&live, &places);
            live = cluster.json_patch(&object, manifest.kind(), None, &ops, FIELD_MANAGER).await?;
            let paths = added.iter().map(ToString::to_string).collect();
            events.tell(Event::VariablesRemoved { object: object.clone(), paths });
        }
    }
    let ops = patches_disowned(&live);
    if !ops.is_empty() {
        live = cluster.json_patch(&object, manifest.kind(), None, &ops, FIELD_MANAGER).await?;
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
    let admitted = differing.into_iter().map(|difference| Admitted {
        object: object.clone(),
        path: difference.path,
        value: difference.new.unwrap_or(Value::Null),
    });
    Ok(Written {
        admitted: admitted.collect(),
        warnings: answer.warnings.iter().map(|warning| format!("{object}: {warning}")).collect(),
        change: Change {
            action,
            uid: text(&live, "/metadata/uid").unwrap_or_default(),
            generation: live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0),
            object,
        },
    })
}

/// The JSON Patch that gives elements of ours back the merge keys that somebody changed.
fn keys_put_back(manifest: &Manifest, live: &Value) -> Vec<Value> {
    let mut ops = Vec::new();
    for (stranger, ours) in renamed(&differences(manifest, live)) {
        let (Some(pointer), Some(Step::Key(keys))) = (stranger.pointer(live), ours.steps().last()) else { continue };
        let Some(element) = live.pointer(&pointer) else { continue };
        ops.push(test_op(&pointer, element));
        ops.extend(
            keys.iter().map(|(key, value)| json!({"op": "add", "path": format!("{pointer}/{key}"), "value": value})),
        );
    }
    ops
}

/// The JSON Patch that gives up what our patches own. The apply owns it too, and a field that has a second owner would
/// stay when a later apply leaves it out.
fn patches_disowned(live: &Value) -> Vec<Value> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let is = |entry: &Value, key: &str, value: &str| entry.get(key).and_then(Value::as_str) == Some(value);
    let patches = entries.enumerate().find(|(_, entry)| {
        is(entry, "manager", FIELD_MANAGER) && is(entry, "operation", "Update") && entry.get("subresource").is_none()
    });
    let Some((index, entry)) = patches else { return Vec::new() };
    let pointer = format!("/metadata/managedFields/{index}");
    vec![test_op(&pointer, entry), json!({"op": "remove", "path": pointer})]
}

/// The fields that the provider owns by server-side apply.
fn our_fields(live: &Value) -> Option<&Value> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let is = |entry: &&Value, key: &str, value: &str| entry.get(key).and_then(Value::as_str) == Some(value);
    let ours = entries.iter().find(|entry| is(entry, "manager", FIELD_MANAGER) && is(entry, "operation", "Apply"));
    ours?.get("fieldsV1")
}

/// Environment variables that stand in our containers, stood there before our write (so admission did not just add
/// them), and that no admission is known to add.
fn added_variables(manifest: &Manifest, known: &Value, live: &Value, admitted: &[Admitted]) -> Vec<Path> {
    let object = manifest.reference();
    let added = |live: &Value| {
        let differences = differences(manifest, live).into_iter();
        differences.filter(|difference| difference.old.is_none()).map(|difference| difference.path).collect::<Vec<_>>()
    };
    let stood = added(known);
    added(live)
        .into_iter()
        .filter(|path| stood.contains(path))
        .filter(|path| !admitted.iter().any(|admitted| admitted.object == object && admitted.path == *path))
        .collect()
}

/// Path and manager of each field conflict in a 409.
fn field_conflicts(error: &ApiError) -> Vec<(String, String)> {
    let causes = error.refusal().map(|refusal| refusal.causes.as_slice()).unwrap_or_default();
    causes.iter().filter(|cause| cause.reason == "FieldManagerConflict").map(path_and_manager).collect()
}

fn path_and_manager(cause: &Cause) -> (String, String) {
    // conflict with "kubectl" with subresource "scale" using apps/v1 at 2026-…
    let manager = cause.message.split('"').nth(1).unwrap_or("another manager");
    (cause.field.trim_start_matches('.').to_owned(), manager.to_owned())
}

/// The conflicts that stand in the way. One is none if both values mean the same: the server compares texts, and 1000m is
/// another text than 1.
fn refused(manifest: &Manifest, live: Option<&Value>, owned: &[(String, String)], policy: Policy<'_>) -> Vec<Conflict> {
    let object = manifest.reference();
    let differences = live.map(|live| differences(manifest, live)).unwrap_or_default();
    let at = |path: &str| {
        differences.iter().find(|difference| {
            let difference = difference.path.to_string();
            path.starts_with(&difference) || difference.starts_with(path)
        })
    };
    owned
        .iter()
        .filter(|(path, manager)| !policy.allows(&object, path, manager))
        .filter(|(path, _)| live.is_none() || at(path).is_some())
        .map(|(path, manager)| {
            let difference = at(path);
            Conflict {
                object: object.clone(),
                path: path.clone(),
                manager: manager.clone(),
                theirs: difference.and_then(|difference| difference.new.clone()),
                ours: difference.and_then(|difference| difference.old.clone()),
                remedy: remedy(manager),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let containers = json!([{"name": "server", "image": "a:1", "env": [{"name": "A", "value": "1"}]}]);
        Manifest::new(
            Kind::DEPLOYMENT,
            "shop",
            "frontend",
            json!({"spec": {"replicas": 1, "template": {"spec": {"containers": containers}}}}),
        )
    }

    fn live(replicas: i64, manager: &str) -> Value {
        let mut live = manifest().into_value();
        live["spec"]["replicas"] = json!(replicas);
        live["metadata"]["managedFields"] =
            json!([{"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        live
    }

    fn before(live: Value) -> Before {
        Before { live: HashMap::from([(manifest().reference(), live)]), admitted: Vec::new() }
    }

    fn planned() -> Vec<PlannedDrift> {
        vec![PlannedDrift { object: manifest().reference(), path: "spec.replicas".into() }]
    }

    #[test]
    fn a_value_of_another_manager_is_a_conflict_told_whole() {
        let conflicts = foreseen(&[manifest()], &before(live(5, "kubectl-edit")), Policy::default());
        assert_eq!(conflicts.len(), 1);
        let text = conflicts[0].to_string();
        assert!(
            text.starts_with(
                r#"Deployment shop/frontend: spec.replicas is 5, set by "kubectl-edit", and the shop asks for 1"#
            ),
            "{text}"
        );
        assert!(text.contains("force_conflicts"), "{text}");
    }

    #[test]
    fn planned_drift_is_taken_back_from_people_but_not_from_controllers() {
        let planned = planned();
        let policy = Policy { planned: &planned, force: false };
        assert_eq!(foreseen(&[manifest()], &before(live(5, "kubectl")), policy), []);
        let from_autoscaler = foreseen(&[manifest()], &before(live(5, "kube-controller-manager")), policy);
        assert!(from_autoscaler[0].remedy.contains("controller"), "{from_autoscaler:?}");
        assert_eq!(
            foreseen(&[manifest()], &before(live(5, "kube-controller-manager")), Policy { force: true, ..policy }),
            []
        );
    }

    #[test]
    fn the_same_value_of_another_manager_is_no_conflict() {
        assert_eq!(foreseen(&[manifest()], &before(live(1, "kubectl")), Policy::default()), []);
    }

    #[test]
    fn a_cause_is_read_with_path_and_manager() {
        let cause = Cause {
            reason: "FieldManagerConflict".into(),
            message: r#"conflict with "kubectl" with subresource "scale" using apps/v1"#.into(),
            field: ".spec.replicas".into(),
        };
        assert_eq!(path_and_manager(&cause), ("spec.replicas".into(), "kubectl".into()));
    }

    #[test]
    fn only_variables_that_stood_before_and_no_admission_adds_are_removed() {
        let with = |names: &[&str]| {
            let mut live = manifest().into_value();
            let env = live.pointer_mut("/spec/template/spec/containers/0/env").unwrap().as_array_mut().unwrap();
            env.extend(names.iter().map(|name| json!({"name": name, "value": "x"})));
            live
        };
        let (known, now) = (with(&["DEBUG", "INJECTED"]), with(&["DEBUG", "INJECTED", "NEW_WEBHOOK"]));
        let all = added_variables(&manifest(), &known, &now, &[]);
        assert_eq!(all.len(), 2);
        let injected = all.into_iter().find(|path| path.to_string().contains("INJECTED")).unwrap();
        let admitted =
            [Admitted { object: manifest().reference(), path: injected, value: json!({"name": "INJECTED"}) }];
        let removed = added_variables(&manifest(), &known, &now, &admitted);
        assert_eq!(removed.len(), 1);
        assert!(removed[0].to_string().contains(r#"[name="DEBUG"]"#));
    }
}
