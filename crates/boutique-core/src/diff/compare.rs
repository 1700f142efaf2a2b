//! One applied object against one live object.

use serde_json::{Map, Value};

use super::{
    path::{Path, Step},
    schema::{self, ListType},
};
use crate::object::{Kind, Manifest};

/// A place where a live object is not as applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The place. In a list or map that has one owner as a whole, the place is that whole.
    pub path: Path,
    /// Applied.
    pub old: Option<Value>,
    /// Live.
    pub new: Option<Value>,
}

/// Every place of an applied object where the live one differs in meaning. Identity, `status` and what the server adds
/// to `metadata` are never compared.
pub fn differences(applied: &Manifest, live: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let compare = Compare { kind: applied.kind() };
    let root = Path::default();
    let Some(fields) = applied.value().as_object() else { return found };
    for (name, value) in fields {
        match name.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                let path = root.field("metadata");
                for part in ["labels", "annotations", "finalizers", "ownerReferences"] {
                    if let Some(value) = value.get(part) {
                        let live = live.get("metadata").and_then(|metadata| metadata.get(part));
                        compare.value(&path.field(part), value, live, &mut found);
                    }
                }
            }
            _ => compare.value(&root.field(name), value, live.get(name), &mut found),
        }
    }
    found
}

struct Compare {
    kind: Kind,
}

impl Compare {
    fn value(&self, path: &Path, applied: &Value, live: Option<&Value>, found: &mut Vec<Difference>) {
        let live = live.filter(|live| !live.is_null());
        match (applied, live) {
            (Value::Null, _) => {}
            (applied, None) => {
                if says_something(path, applied) {
                    found.push(difference(path, Some(applied), None));
                }
            }
            (Value::Object(applied), Some(Value::Object(live))) => self.map(path, applied, live, found),
            (Value::Array(applied), Some(Value::Array(live))) => self.list(path, applied, live, found),
            (applied, Some(live)) => {
                let scalars = !applied.is_object() && !applied.is_array();
                if !(scalars && schema::same_scalar(path, applied, live)) {
                    found.push(difference(path, Some(applied), Some(live)));
                }
            }
        }
    }

    fn map(&self, path: &Path, applied: &Map<String, Value>, live: &Map<String, Value>, found: &mut Vec<Difference>) {
        if !schema::is_atomic_map(path) {
            for (name, value) in applied {
                self.value(&path.field(name), value, live.get(name), found);
            }
            return;
        }
        let mut inside = Vec::new();
        for (name, value) in applied {
            self.value(&path.field(name), value, live.get(name), &mut inside);
        }
        if !inside.is_empty() || (schema::is_selector(path) && has_more(applied, live)) {
            found.push(Difference {
                path: path.clone(),
                old: Some(Value::Object(applied.clone())),
                new: Some(Value::Object(live.clone())),
            });
        }
    }

    fn list(&self, path: &Path, applied: &[Value], live: &[Value], found: &mut Vec<Difference>) {
        match schema::list_type(self.kind, path) {
            ListType::Map(keys) => self.keyed(path, keys, applied, live, found),
            ListType::Set => {
                for value in applied.iter().filter(|value| !live.contains(value)) {
                    found.push(difference(&path.then(Step::Value(value.clone())), Some(value), None));
                }
            }
            ListType::Atomic => {
                let mut inside = Vec::new();
                for (applied, live) in applied.iter().zip(live) {
                    self.value(path, applied, Some(live), &mut inside);
                }
                if applied.len() != live.len() || !inside.is_empty() {
                    found.push(Difference {
                        path: path.clone(),
                        old: Some(Value::Array(applied.to_vec())),
                        new: Some(Value::Array(live.to_vec())),
                    });
                }
            }
        }
    }

    fn keyed(&self, path: &Path, keys: &[&str], applied: &[Value], live: &[Value], found: &mut Vec<Difference>) {
        for element in applied {
            let Some(step) = schema::key_step(element, keys) else { continue };
            let counterpart = live.iter().find(|live| step.matches(live));
            let path = path.then(step);
            match (element, counterpart) {
                (_, None) => found.push(difference(&path, Some(element), None)),
                (Value::Object(applied), Some(Value::Object(live))) => self.map(&path, applied, live, found),
                _ => {}
            }
        }
        let renamed = self.renamed(path, keys, applied, live);
        for (step, element) in strangers(keys, applied, live) {
            if path.last_field() == "env" || renamed.iter().any(|(stranger, _)| *stranger == step) {
                found.push(difference(&path.then(step), None, Some(element)));
            }
        }
    }

    /// Elements of ours that stand under other merge keys: each stranger that is, but for its keys, as an applied element
    /// that is missing, with the step into that.
    fn renamed(&self, path: &Path, keys: &[&str], applied: &[Value], live: &[Value]) -> Vec<(Step, Step)> {
        let without_keys = |element: &Value| {
            let mut rest = element.as_object().cloned().unwrap_or_default();
            rest.retain(|name, _| !keys.contains(&name.as_str()));
            rest
        };
        let mut renamed: Vec<(Step, Step)> = Vec::new();
        for element in applied {
            let Some(ours) = schema::key_step(element, keys) else { continue };
            if live.iter().any(|live| ours.matches(live)) {
                continue;
            }
            let twin = strangers(keys, applied, live).find(|(step, stranger)| {
                let mut inside = Vec::new();
                self.map(&path.then(ours.clone()), &without_keys(element), &without_keys(stranger), &mut inside);
                inside.is_empty() && !renamed.iter().any(|(taken, _)| taken == step)
            });
            renamed.extend(twin.map(|(stranger, _)| (stranger, ours)));
        }
        renamed
    }
}

/// Live elements of a keyed list that were not applied.
fn strangers<'a>(
    keys: &'a [&'a str],
    applied: &'a [Value],
    live: &'a [Value],
) -> impl Iterator<Item = (Step, &'a Value)> {
    live.iter()
        .filter_map(|element| Some((schema::key_step(element, keys)?, element)))
        .filter(|(step, _)| !applied.iter().any(|applied| step.matches(applied)))
}

/// Pairs among the differences of an object: an element of ours that is absent, and the same under other merge keys, which
/// was added. Server-side apply alone would put ours beside it, which the server may refuse (two ports of one name) or,
/// worse, run (two containers). Environment variables are never paired: they are removed.
pub fn renamed(differences: &[Difference]) -> Vec<(Path, Path)> {
    let mut pairs: Vec<(Path, Path)> = Vec::new();
    let list = |path: &Path| path.parent().filter(|list| list.last_field() != "env");
    let is_element = |path: &Path| matches!(path.steps().last(), Some(Step::Key(_)));
    for added in differences.iter().filter(|difference| difference.old.is_none() && is_element(&difference.path)) {
        let Some(parent) = list(&added.path) else { continue };
        let absent = differences.iter().find(|difference| {
            difference.new.is_none()
                && is_element(&difference.path)
                && difference.path.parent().as_ref() == Some(&parent)
                && !pairs.iter().any(|(_, taken)| *taken == difference.path)
        });
        pairs.extend(absent.map(|absent| (added.path.clone(), absent.path.clone())));
    }
    pairs
}

fn difference(path: &Path, old: Option<&Value>, new: Option<&Value>) -> Difference {
    Difference { path: path.clone(), old: old.cloned(), new: new.cloned() }
}

/// Whether leaving this value out changes its meaning. The API leaves out empty strings, lists and maps by itself.
fn says_something(path: &Path, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty() || path.last_field() == "storageClassName",
        Value::Array(list) => list.iter().any(|element| !element.is_null()),
        Value::Object(map) if map.is_empty() => schema::empty_map_speaks(path),
        Value::Object(map) => map.iter().any(|(name, value)| says_something(&path.field(name), value)),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Whether a live selector holds an entry that we did not apply, at its top or in its `matchLabels`.
fn has_more(applied: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    live.iter().any(|(name, live)| match (applied.get(name), live) {
        (_, Value::Null) => false,
        (None, Value::Array(list)) => !list.is_empty(),
        (None, Value::Object(map)) => !map.is_empty(),
        (None, _) => true,
        (Some(Value::Object(applied)), Value::Object(live)) => live.keys().any(|key| !applied.contains_key(key)),
        (Some(_), _) => false,
    })
}
