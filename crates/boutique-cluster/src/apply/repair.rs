//! What server-side apply alone does not put right, done by JSON Patch; and what these patches leave behind.

use boutique_core::{
    contract::FIELD_MANAGER,
    diff::{Path, Step, differences, last_writer, renamed},
    object::Manifest,
    revision::Admitted,
};
use serde_json::{Value, json};

use super::Policy;
use crate::request::test_op;

/// The JSON Patch that gives elements of ours back the merge keys that somebody changed.
pub(super) fn keys_put_back(manifest: &Manifest, live: &Value) -> Vec<Value> {
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
pub(super) fn patches_disowned(live: &Value) -> Vec<Value> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let is = |entry: &Value, key: &str, value: &str| entry.get(key).and_then(Value::as_str) == Some(value);
    let patches = entries.enumerate().find(|(_, entry)| {
        is(entry, "manager", FIELD_MANAGER) && is(entry, "operation", "Update") && entry.get("subresource").is_none()
    });
    let Some((index, entry)) = patches else { return Vec::new() };
    let pointer = format!("/metadata/managedFields/{index}");
    vec![test_op(&pointer, entry), json!({"op": "remove", "path": pointer})]
}

/// Environment variables that stand in our containers and are to go: they stood there before our write (so admission did
/// not just add them), no admission is known to add them, and the plan showed them (or all may be taken).
pub(super) fn added_variables(
    manifest: &Manifest,
    known: &Value,
    live: &Value,
    admitted: &[Admitted],
    policy: Policy<'_>,
) -> Vec<Path> {
    let object = manifest.reference();
    let added = |live: &Value| {
        let differences = differences(manifest, live).into_iter();
        differences.filter(|difference| difference.old.is_none()).map(|difference| difference.path).collect::<Vec<_>>()
    };
    let may_go = |path: &Path| {
        let manager = last_writer(live, path).map(|writer| writer.manager).unwrap_or_default();
        policy.allows(&object, &path.to_string(), &manager)
    };
    let stood = added(known);
    added(live)
        .into_iter()
        .filter(|path| stood.contains(path) && may_go(path))
        .filter(|path| !admitted.iter().any(|admitted| admitted.object == object && admitted.path == *path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{PlannedDrift, fixture::manifest};

    #[test]
    fn only_variables_that_stood_before_and_no_admission_adds_are_removed() {
        let with = |names: &[&str]| {
            let mut live = manifest().into_value();
            let env = live.pointer_mut("/spec/template/spec/containers/0/env").unwrap().as_array_mut().unwrap();
            env.extend(names.iter().map(|name| json!({"name": name, "value": "x"})));
            live
        };
        let (known, now) = (with(&["DEBUG", "INJECTED"]), with(&["DEBUG", "INJECTED", "NEW_WEBHOOK"]));
        let planned = ["DEBUG", "INJECTED"].map(|name| PlannedDrift {
            object: manifest().reference(),
            path: format!(r#"spec.template.spec.containers[name="server"].env[name="{name}"]"#),
        });
        let all_planned = Policy { planned: &planned, force: false };
        assert_eq!(added_variables(&manifest(), &known, &now, &[], Policy::default()), []);
        let all = added_variables(&manifest(), &known, &now, &[], all_planned);
        assert_eq!(all.len(), 2);
        let injected = all.into_iter().find(|path| path.to_string().contains("INJECTED")).unwrap();
        let admitted =
            [Admitted { object: manifest().reference(), path: injected, value: json!({"name": "INJECTED"}) }];
        let removed = added_variables(&manifest(), &known, &now, &admitted, all_planned);
        assert_eq!(removed.len(), 1);
        assert!(removed[0].to_string().contains(r#"[name="DEBUG"]"#));
    }
}
