//! Values of a chart: merged as Helm merges them, and compared path by path.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One step into values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ValueStep {
    /// Into an element of a list.
    Index(usize),
    /// Into a key of a map.
    Key(String),
}

/// A place in values. `Display` writes it as Helm's `--set` does: `controller.env[0].name`; a key with a dot in it
/// is quoted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ValuePath(Vec<ValueStep>);

impl ValuePath {
    /// A path of keys alone.
    pub fn of_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(keys.into_iter().map(|key| ValueStep::Key(key.to_owned())).collect())
    }

    /// Its steps.
    pub fn steps(&self) -> &[ValueStep] {
        &self.0
    }

    /// This path and one key more.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(ValueStep::Key(key.to_owned()))
    }

    fn then(&self, step: ValueStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Whether this place is that one or lies within it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The value at this place.
    pub fn get<'a>(&self, values: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(values, |at, step| match step {
            ValueStep::Key(key) => at.get(key),
            ValueStep::Index(index) => at.get(index),
        })
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                ValueStep::Index(index) => write!(f, "[{index}]")?,
                ValueStep::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    let plain = !key.is_empty() && !key.contains(['.', '[', ' ', '"']);
                    if plain { f.write_str(key)? } else { write!(f, "{key:?}")? }
                }
            }
        }
        Ok(())
    }
}

/// One difference between two sets of values. `Display` is one line.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueChange {
    /// The place.
    pub path: ValuePath,
    /// Before; none where there was nothing, or where it must not be shown.
    pub old: Option<Value>,
    /// After; none where there is nothing, or where it must not be shown.
    pub new: Option<Value>,
    /// Whether the place holds a write-only value: neither side is kept here then.
    pub sensitive: bool,
}

impl fmt::Display for ValueChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match (self.sensitive, &self.old, &self.new) {
            (true, ..) => write!(f, "{path}: (sensitive) changed"),
            (_, Some(old), Some(new)) => write!(f, "{path}: {} → {}", short(old), short(new)),
            (_, None, Some(new)) => write!(f, "{path}: added as {}", short(new)),
            (_, Some(old), None) => write!(f, "{path}: {} removed", short(old)),
            (_, None, None) => write!(f, "{path}: changed"),
        }
    }
}

fn short(value: &Value) -> String {
    const MOST: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= MOST {
        return text;
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}…")
}

/// Every difference between two sets of values, leaf by leaf, in the order of the keys. Values at and below `sensitive`
/// places are compared and not shown. A map without keys is the same as none: neither changes what a chart does.
pub fn values_diff(old: &Value, new: &Value, sensitive: &[ValuePath]) -> Vec<ValueChange> {
    let mut changes = Vec::new();
    let said = |values: &'_ Value| !values.is_null() && !is_empty_map(values);
    if said(old) || said(new) {
        compare(
            &ValuePath::default(),
            Some(old).filter(|v| said(v)),
            Some(new).filter(|v| said(v)),
            sensitive,
            &mut changes,
        );
    }
    changes
}

fn compare(
    path: &ValuePath,
    old: Option<&Value>,
    new: Option<&Value>,
    sensitive: &[ValuePath],
    changes: &mut Vec<ValueChange>,
) {
    let hidden = sensitive.iter().any(|place| path.is_within(place));
    let map = |value: Option<&Value>| value.and_then(Value::as_object).map(without_empty).unwrap_or_default();
    // An empty map that comes or goes within a list is a change, and has no keys to tell it by.
    let is_map = |value: Option<&Value>| value.is_none_or(|value| value.is_object() && !is_empty_map(value));
    match (old, new) {
        (None, None) => {}
        (Some(old), Some(new)) if same(old, new) => {}
        _ if hidden => {
            changes.push(ValueChange { path: path.clone(), old: None, new: None, sensitive: true });
        }
        (Some(Value::Object(_)), Some(Value::Object(_))) | (None, _) | (_, None) if is_map(old) && is_map(new) => {
            let (old, new) = (map(old), map(new));
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                compare(&path.key(key), old.get(key), new.get(key), sensitive, changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                compare(&path.then(ValueStep::Index(index)), old.get(index), new.get(index), sensitive, changes);
            }
        }
        (old, new) => {
            // A write-only value inside must not be shown either.
            let holds = sensitive.iter().any(|place| place.is_within(path));
            changes.push(if holds {
                ValueChange { path: path.clone(), old: None, new: None, sensitive: true }
            } else {
                ValueChange { path: path.clone(), old: old.cloned(), new: new.cloned(), sensitive: false }
            });
        }
    }
}

/// Whether two values are the same to a chart. Helm stores numbers as Go's floats, so `1.0` comes back as `1`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let (a, b) = (without_empty(a), without_empty(b));
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn without_empty(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter().filter(|(_, value)| !is_empty_map(value)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn is_empty_map(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.values().all(is_empty_map))
}

/// `over` laid on `base`, as Helm does with several files of values: maps merge, anything else replaces.
pub fn merge(base: &Value, over: &Value) -> Value {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            let mut merged = base.clone();
            for (key, value) in over {
                let laid = merged.get(key).map_or_else(|| value.clone(), |base| merge(base, value));
                merged.insert(key.clone(), laid);
            }
            Value::Object(merged)
        }
        (base, Value::Null) if base.is_object() => base.clone(),
        (_, over) => over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn lines(old: &Value, new: &Value, sensitive: &[ValuePath]) -> Vec<String> {
        values_diff(old, new, sensitive).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_change_is_one_line_with_its_path() {
        let old = json!({"replicas": 1, "env": [{"name": "A", "value": "x"}], "gone": true, "node": {"kubernetes.io/os": "linux"}});
        let new = json!({"replicas": 2, "env": [{"name": "A", "value": "y"}, {"name": "B"}], "service": {"type": "NodePort"},
            "node": {"kubernetes.io/os": "windows"}});
        assert_eq!(
            lines(&old, &new, &[]),
            [
                r#"env[0].value: "x" → "y""#,
                r#"env[1].name: added as "B""#,
                "gone: true removed",
                r#"node."kubernetes.io/os": "linux" → "windows""#,
                "replicas: 1 → 2",
                r#"service.type: added as "NodePort""#,
            ]
        );
    }

    #[test]
    fn sensitive_places_are_compared_and_not_shown() {
        let sensitive = [ValuePath::of_keys(["admin", "password"]), ValuePath::of_keys(["tokens"])];
        let old = json!({"admin": {"password": "old-s3cret", "user": "a"}, "tokens": ["t0-s3cret"]});
        let new = json!({"admin": {"password": "new-s3cret", "user": "b"}, "tokens": ["t1-s3cret"]});
        let lines = lines(&old, &new, &sensitive);
        assert_eq!(
            lines,
            ["admin.password: (sensitive) changed", r#"admin.user: "a" → "b""#, "tokens: (sensitive) changed"]
        );
        assert!(!format!("{:?}", values_diff(&old, &new, &sensitive)).contains("s3cret"));
        assert_eq!(values_diff(&old, &old, &sensitive), []);
    }

    #[test]
    fn a_map_that_becomes_a_scalar_does_not_show_the_secret_in_it() {
        let sensitive = [ValuePath::of_keys(["admin", "password"])];
        let changes = values_diff(&json!({"admin": {"password": "s3cret"}}), &json!({"admin": "none"}), &sensitive);
        assert_eq!(changes.len(), 1);
        assert!(!format!("{changes:?}").contains("s3cret"), "{changes:?}");
    }

    #[test]
    fn what_helm_stores_in_another_form_is_no_change() {
        assert_eq!(lines(&json!({"a": 1.0, "b": {}}), &json!({"a": 1, "c": {"d": {}}}), &[]), Vec::<String>::new());
        assert_eq!(lines(&json!({"a": null}), &json!({}), &[]), ["a: null removed"]);
    }

    #[test]
    fn maps_merge_and_anything_else_replaces() {
        let base = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        let over = json!({"a": {"c": 3}, "l": [9], "n": null});
        assert_eq!(merge(&base, &over), json!({"a": {"b": 1, "c": 3}, "l": [9], "n": null}));
        assert_eq!(merge(&Value::Null, &over), over);
        assert_eq!(merge(&base, &Value::Null), base);
    }

    fn mk_values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z.]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z.]{1,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_same_values_never_differ_and_different_ones_say_where(a in mk_values(), b in mk_values()) {
            prop_assert_eq!(values_diff(&a, &a, &[]), []);
            let says_nothing = |values: &Value| values.is_null() || is_empty_map(values);
            let equal = same(&a, &b) || (says_nothing(&a) && says_nothing(&b));
            prop_assert_eq!(values_diff(&a, &b, &[]).is_empty(), equal);
        }

        #[test]
        fn a_merge_is_made_of_its_second_part_wherever_that_speaks(a in mk_values(), b in mk_values()) {
            let merged = merge(&a, &b);
            prop_assert_eq!(merge(&merged, &b), merged);
        }
    }
}
