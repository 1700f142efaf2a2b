//! Fields that others own: what may be taken from whom, and what is told when it may not.

use boutique_core::{
    contract::{FAULT_MANAGER, FIELD_MANAGER},
    diff::{differences, is_controller, last_writer, renamed},
    object::{Manifest, ObjectRef},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Before;
use crate::request::{ApiError, Cause};

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

/// What may be taken from whom.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Policy<'a> {
    pub(crate) planned: &'a [PlannedDrift],
    pub(crate) force: bool,
}

impl Policy<'_> {
    /// Whether a field may be taken from its manager.
    pub(super) fn allows(&self, object: &ObjectRef, path: &str, manager: &str) -> bool {
        let planned = self.planned.iter().any(|drift| drift.object == *object && drift.path == path);
        // Our own patches count as another writer than our applies; and a fault goes on owning what it has put back.
        let ours = [FIELD_MANAGER, FAULT_MANAGER].contains(&manager);
        self.force || ours || (planned && !is_controller(manager))
    }
}

/// Conflicts that can be seen before anything is written: places where another manager holds another value than the one
/// we are about to set. The server has the last word (409); this saves a half-written shop.
pub(crate) fn foreseen(manifests: &[Manifest], before: &Before, policy: Policy<'_>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for manifest in manifests {
        let object = manifest.reference();
        let Some(live) = before.live.get(&object) else { continue };
        let differences = differences(manifest, live);
        let renamed = renamed(&differences);
        for difference in differences {
            let Some(writer) = last_writer(live, &difference.path) else { continue };
            let path = difference.path.to_string();
            // A variable that somebody added stands in nobody's way; a renamed element would stand beside ours.
            let added = difference.old.is_none() && !renamed.iter().any(|(stranger, _)| *stranger == difference.path);
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

/// Path and manager of each field conflict in a 409.
pub(super) fn field_conflicts(error: &ApiError) -> Vec<(String, String)> {
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
pub(super) fn refused(
    manifest: &Manifest,
    live: Option<&Value>,
    owned: &[(String, String)],
    policy: Policy<'_>,
) -> Vec<Conflict> {
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
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;
    use crate::apply::fixture::manifest;

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
}
