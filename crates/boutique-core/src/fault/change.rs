//! One field of an object that stays: how it is changed, and how it is put back without treading on anybody's toes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::object::ObjectRef;

/// Which field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "field")]
pub enum Field {
    /// `spec.replicas` of a Deployment.
    Replicas,
    /// The value of an environment variable in a pod template.
    Env {
        /// The container's name.
        container: String,
        /// The variable's name.
        name: String,
    },
    /// `spec.unschedulable` of a node.
    Unschedulable,
}

/// A change of one field, with what was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of which object.
    pub object: ObjectRef,
    /// Its UID: an object of the same name that came later is not meant.
    pub uid: String,
    /// Which field.
    #[serde(flatten)]
    pub field: Field,
    /// What was there; none where the field was absent.
    pub before: Option<Value>,
    /// What the fault puts there; none where it removes the field.
    pub after: Option<Value>,
}

/// What has to be done to put a field back.
#[derive(Debug, Clone, PartialEq)]
pub enum Revert {
    /// This JSON Patch, which tests that the fault's value still stands.
    Patch(Vec<Value>),
    /// Nothing: it is as before.
    IsBack,
    /// Nothing: somebody has put something else there since, and that stays.
    TakenOver {
        /// What stands there now.
        now: Option<Value>,
    },
    /// Nothing: the object is gone, or another one has its name.
    Gone,
}

impl Change {
    /// The JSON Patch that makes the change on the object as it is now; none where the object or the field is not what was
    /// seen before.
    pub fn apply(&self, live: &Value) -> Option<Vec<Value>> {
        match self.set(live, self.before.as_ref(), self.after.as_ref()) {
            Revert::Patch(patch) => Some(patch),
            _ => None,
        }
    }

    /// How to put the field back, given the object as it is now.
    pub fn revert(&self, live: Option<&Value>) -> Revert {
        live.map_or(Revert::Gone, |live| self.set(live, self.after.as_ref(), self.before.as_ref()))
    }

    /// A patch from one value to another.
    fn set(&self, live: &Value, from: Option<&Value>, to: Option<&Value>) -> Revert {
        if live.pointer("/metadata/uid").and_then(Value::as_str) != Some(self.uid.as_str()) {
            return Revert::Gone;
        }
        let now = self.read(live);
        if now == to {
            return Revert::IsBack;
        }
        if now != from {
            return Revert::TakenOver { now: now.cloned() };
        }
        match self.patch(live, from, to) {
            Some(patch) => Revert::Patch(patch),
            None => Revert::Gone,
        }
    }

    /// The field's present value.
    fn read<'a>(&self, live: &'a Value) -> Option<&'a Value> {
        match &self.field {
            Field::Replicas => live.pointer("/spec/replicas"),
            Field::Unschedulable => live.pointer("/spec/unschedulable"),
            Field::Env { container, name } => {
                let (_, container) = named(live.pointer("/spec/template/spec/containers"), container)?;
                named(container.get("env"), name)?.1.get("value")
            }
        }
    }

    fn patch(&self, live: &Value, from: Option<&Value>, to: Option<&Value>) -> Option<Vec<Value>> {
        let path = match &self.field {
            Field::Replicas => "/spec/replicas".to_owned(),
            Field::Unschedulable => "/spec/unschedulable".to_owned(),
            Field::Env { container, name } => return env_patch(live, container, name, from, to),
        };
        Some(operations(&path, from, to))
    }
}

/// Operations that replace, add or remove the value at a path, after a test that it is what was expected.
fn operations(path: &str, from: Option<&Value>, to: Option<&Value>) -> Vec<Value> {
    let mut patch: Vec<Value> =
        from.map(|from| json!({"op": "test", "path": path, "value": from})).into_iter().collect();
    patch.push(match to {
        Some(to) => json!({"op": "add", "path": path, "value": to}),
        None => json!({"op": "remove", "path": path}),
    });
    patch
}

/// A variable that was not there is added as a whole entry, and removed as one.
fn env_patch(
    live: &Value,
    container: &str,
    name: &str,
    from: Option<&Value>,
    to: Option<&Value>,
) -> Option<Vec<Value>> {
    let containers = "/spec/template/spec/containers";
    let (at, object) = named(live.pointer(containers), container)?;
    let mut patch = vec![json!({"op": "test", "path": format!("{containers}/{at}/name"), "value": container})];
    let env = format!("{containers}/{at}/env");
    match (named(object.get("env"), name), to) {
        (Some((at, _)), Some(_)) => {
            patch.push(json!({"op": "test", "path": format!("{env}/{at}/name"), "value": name}));
            patch.extend(operations(&format!("{env}/{at}/value"), from, to));
        }
        (Some((at, entry)), None) => {
            patch.push(json!({"op": "test", "path": format!("{env}/{at}"), "value": entry}));
            patch.push(json!({"op": "remove", "path": format!("{env}/{at}")}));
        }
        // That something is not there can only be tested by all that is.
        (None, Some(to)) if object.get("env").is_none() => {
            patch.push(json!({"op": "test", "path": format!("{containers}/{at}"), "value": object}));
            patch.push(json!({"op": "add", "path": env, "value": [{"name": name, "value": to}]}));
        }
        (None, Some(to)) => {
            patch.push(json!({"op": "test", "path": env, "value": object.get("env")}));
            patch.push(json!({"op": "add", "path": format!("{env}/-"), "value": {"name": name, "value": to}}));
        }
        (None, None) => return None,
    }
    Some(patch)
}

/// The entry of a list with this name, and where it is.
fn named<'a>(list: Option<&'a Value>, name: &str) -> Option<(usize, &'a Value)> {
    list?.as_array()?.iter().enumerate().find(|(_, entry)| entry.get("name").and_then(Value::as_str) == Some(name))
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &Option<Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "unset".to_owned(),
        };
        let field = match &self.field {
            Field::Replicas => "replicas".to_owned(),
            Field::Unschedulable => "unschedulable".to_owned(),
            Field::Env { name, .. } => format!("env {name}"),
        };
        write!(f, "{}: {field} {} → {}", self.object, word(&self.before), word(&self.after))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::Kind;

    fn mk_deployment(env: &Value) -> Value {
        json!({"metadata": {"uid": "u1"}, "spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"name": "server", "env": env}]}}}})
    }

    fn mk_change(before: Option<&str>, after: Option<&str>) -> Change {
        let field = Field::Env { container: "server".into(), name: "CART_SERVICE_ADDR".into() };
        let text = |value: Option<&str>| value.map(Value::from);
        Change {
            object: ObjectRef::new(Kind::DEPLOYMENT, "shop", "frontend"),
            uid: "u1".into(),
            field,
            before: text(before),
            after: text(after),
        }
    }

    #[test]
    fn a_variable_is_changed_where_it_stands_and_put_back() {
        let change = mk_change(Some("cartservice:7070"), Some("nowhere.invalid:1"));
        let before = mk_deployment(
            &json!([{"name": "PORT", "value": "80"}, {"name": "CART_SERVICE_ADDR", "value": "cartservice:7070"}]),
        );
        let patch = change.apply(&before).unwrap();
        assert_eq!(patch.last().unwrap()["path"], "/spec/template/spec/containers/0/env/1/value");
        let after = mk_deployment(&json!([{"name": "CART_SERVICE_ADDR", "value": "nowhere.invalid:1"}]));
        let Revert::Patch(back) = change.revert(Some(&after)) else { panic!("cannot be put back") };
        assert_eq!(back.last().unwrap()["value"], "cartservice:7070");
        assert_eq!(change.revert(Some(&before)), Revert::IsBack);
    }

    #[test]
    fn a_variable_that_was_not_there_is_added_and_removed() {
        let change = mk_change(None, Some("3s"));
        let before = mk_deployment(&json!([]));
        assert_eq!(change.apply(&before).unwrap().last().unwrap()["path"], "/spec/template/spec/containers/0/env/-");
        let after = mk_deployment(&json!([{"name": "CART_SERVICE_ADDR", "value": "3s"}]));
        let Revert::Patch(back) = change.revert(Some(&after)) else { panic!("cannot be put back") };
        assert_eq!(back.last().unwrap(), &json!({"op": "remove", "path": "/spec/template/spec/containers/0/env/0"}));
    }

    #[test]
    fn what_somebody_else_has_put_there_stays() {
        let change = mk_change(Some("a"), Some("b"));
        let theirs = mk_deployment(&json!([{"name": "CART_SERVICE_ADDR", "value": "c"}]));
        assert_eq!(change.revert(Some(&theirs)), Revert::TakenOver { now: Some("c".into()) });
        assert_eq!(change.revert(None), Revert::Gone);
        let mut other = mk_deployment(&json!([{"name": "CART_SERVICE_ADDR", "value": "b"}]));
        other["metadata"]["uid"] = "u2".into();
        assert_eq!(change.revert(Some(&other)), Revert::Gone);
    }

    #[test]
    fn a_variable_that_somebody_has_added_meanwhile_is_not_added_twice() {
        // The fault had removed it; a patch cannot test that something is not there, but that all else is as it was.
        let change = mk_change(Some("a"), None);
        let Revert::Patch(back) = change.revert(Some(&mk_deployment(&json!([])))) else { panic!("cannot be put back") };
        let theirs = mk_deployment(&json!([{"name": "CART_SERVICE_ADDR", "value": "x"}]));
        assert_eq!(patched(&theirs, &back), None);
    }

    /// As the API server applies it; none where a test fails.
    fn patched(object: &Value, patch: &[Value]) -> Option<Value> {
        let mut object = object.clone();
        for op in patch {
            let path = op["path"].as_str()?;
            let (parent, last) = path.rsplit_once('/')?;
            match op["op"].as_str()? {
                "test" if object.pointer(path) == Some(&op["value"]) => {}
                "add" => match object.pointer_mut(parent)? {
                    Value::Array(items) if last == "-" => items.push(op["value"].clone()),
                    Value::Object(fields) => drop(fields.insert(last.to_owned(), op["value"].clone())),
                    _ => return None,
                },
                "remove" => match object.pointer_mut(parent)? {
                    Value::Array(items) => drop(items.remove(last.parse().ok()?)),
                    Value::Object(fields) => drop(fields.remove(last)?),
                    _ => return None,
                },
                _ => return None,
            }
        }
        Some(object)
    }

    fn word() -> impl Strategy<Value = String> {
        "[a-c]"
    }

    /// A Deployment with some variables of different names, and a change of one of them or of another field.
    fn cases() -> impl Strategy<Value = (Value, Change)> {
        let env = prop::option::of(prop::collection::btree_map("[K-N]", word(), 0..4));
        (env, "[K-N]", prop::option::of(word()), 0_u64..4, 0_u8..3).prop_map(|(env, name, after, replicas, which)| {
            let entries = |env: &std::collections::BTreeMap<String, String>| -> Value {
                env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
            };
            let mut live = mk_deployment(&json!([]));
            match &env {
                Some(env) => live["spec"]["template"]["spec"]["containers"][0]["env"] = entries(env),
                None => {
                    let container = live["spec"]["template"]["spec"]["containers"][0].as_object_mut().unwrap();
                    container.remove("env");
                }
            }
            live["spec"]["replicas"] = json!(replicas);
            let mut change = mk_change(None, None);
            (change.field, change.before, change.after) = match which {
                0 => (Field::Replicas, Some(json!(replicas)), Some(json!(0))),
                1 => (Field::Unschedulable, None, Some(json!(true))),
                _ => {
                    let before = env.and_then(|env| env.get(&name).cloned()).map(Value::from);
                    (Field::Env { container: "server".into(), name }, before, after.map(Value::from))
                }
            };
            (live, change)
        })
    }

    proptest! {
        #[test]
        fn what_is_changed_and_reverted_is_as_before((live, change) in cases()) {
            let Some(patch) = change.apply(&live) else {
                // Nothing to do, or nothing that could be done.
                prop_assert!(change.before == change.after);
                return Ok(());
            };
            let broken = patched(&live, &patch).unwrap();
            let Revert::Patch(back) = change.revert(Some(&broken)) else { panic!("cannot be put back") };
            let mut healed = patched(&broken, &back).unwrap();
            prop_assert_eq!(change.revert(Some(&healed)), Revert::IsBack);
            // A list that was made for the one variable stays, empty, which the API takes for none.
            let container = &mut healed["spec"]["template"]["spec"]["containers"][0];
            if container["env"] == json!([]) && live["spec"]["template"]["spec"]["containers"][0].get("env").is_none() {
                container.as_object_mut().unwrap().remove("env");
            }
            // A variable that was removed comes back at the end of the list.
            prop_assert_eq!(sorted(healed), sorted(live));
        }

        #[test]
        fn what_somebody_has_put_there_since_is_never_overwritten((live, change) in cases(), theirs in "[x-z]") {
            let Some(patch) = change.apply(&live) else { return Ok(()) };
            let broken = patched(&live, &patch).unwrap();
            let other = Change { before: change.after.clone(), after: Some(Value::from(theirs)), ..change.clone() };
            let Some(patch) = other.apply(&broken) else { return Ok(()) };
            let edited = patched(&broken, &patch).unwrap();
            let kept = matches!(change.revert(Some(&edited)), Revert::TakenOver { .. });
            prop_assert!(kept);
            // And if they are quicker than the patch that was made before, its test fails.
            let Revert::Patch(stale) = change.revert(Some(&broken)) else { panic!("cannot be put back") };
            prop_assert_eq!(patched(&edited, &stale), None);
        }
    }

    fn sorted(mut object: Value) -> Value {
        if let Some(env) = object.pointer_mut("/spec/template/spec/containers/0/env").and_then(Value::as_array_mut) {
            env.sort_by_key(Value::to_string);
        }
        object
    }
}
