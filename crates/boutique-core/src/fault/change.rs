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
        (None, Some(to)) if object.get("env").is_none() => {
            patch.push(json!({"op": "add", "path": env, "value": [{"name": name, "value": to}]}));
        }
        (None, Some(to)) => {
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
}
