//! Write-only values: merged into every upgrade, kept when they have not changed, never shown.

use serde_json::{Map, Value};

use super::{
    record::WriteOnlyRecord,
    release::{ReleaseId, WriteOnly},
    secrets::Secrets,
    values::{ValuePath, ValueStep, merge},
};

/// The values that are sent.
#[derive(Clone)]
pub struct Effective {
    /// All of them, secrets included.
    pub values: Value,
    /// What of them must not be seen.
    pub secrets: Secrets,
    /// What the record remembers; none without write-only values.
    pub record: Option<WriteOnlyRecord>,
}

/// Write-only values are needed and not at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the write-only values of release {id} are needed ({why}), and none are given: give them again, with a version \
     that is greater than the last"
)]
pub struct WriteOnlyMissing {
    /// The release.
    pub id: ReleaseId,
    /// Why.
    pub why: String,
}

/// The values to send: the plain ones with the write-only ones on them. Where the version is the one that was recorded,
/// what the release holds at the recorded places counts, so that an unrelated upgrade neither loses nor asks for it.
///
/// # Errors
/// When write-only values are asked for, have changed by their version or are not in the release, and none are given.
pub fn effective(
    id: &ReleaseId,
    values: &Value,
    write_only: Option<&WriteOnly>,
    recorded: Option<&WriteOnlyRecord>,
    stored: Option<&Value>,
) -> Result<Effective, WriteOnlyMissing> {
    let none = || Value::Object(Map::new());
    let plain = if values.is_null() { none() } else { values.clone() };
    let Some(write_only) = write_only else {
        return Ok(Effective { values: plain, secrets: Secrets::default(), record: None });
    };
    let same = recorded.filter(|recorded| recorded.version == write_only.version);
    let kept = same.zip(stored).and_then(|(recorded, stored)| take(stored, &recorded.paths));
    let secret = match (kept, &write_only.values) {
        (Some(kept), _) => kept,
        (None, Some(given)) => given.clone(),
        (None, None) => {
            let why = match (recorded, stored) {
                (_, None) => "the release is not there yet".to_owned(),
                (None, _) => "the release was not made with any".to_owned(),
                (Some(recorded), _) if recorded.version != write_only.version => {
                    format!("their version went from {} to {}", recorded.version, write_only.version)
                }
                (Some(_), _) => "somebody has removed them from the release".to_owned(),
            };
            return Err(WriteOnlyMissing { id: id.clone(), why });
        }
    };
    let mut secrets = Secrets::default();
    secrets.add_values(&secret);
    let paths = leaves(&secret);
    let record = WriteOnlyRecord { version: write_only.version, paths };
    Ok(Effective { values: merge(&plain, &secret), secrets, record: Some(record) })
}

impl std::fmt::Debug for Effective {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Effective").field("record", &self.record).finish_non_exhaustive()
    }
}

/// The stored values without those at these places, for state and plan.
pub fn visible(stored: &Value, sensitive: &[ValuePath]) -> Value {
    let mut values = stored.clone();
    for path in sensitive {
        remove(&mut values, path.steps());
    }
    values
}

/// The secrets that a release holds at these places.
pub fn secrets_at(stored: &Value, sensitive: &[ValuePath]) -> Secrets {
    let mut secrets = Secrets::default();
    sensitive.iter().filter_map(|path| path.get(stored)).for_each(|value| secrets.add_values(value));
    secrets
}

/// Places of what merging replaces as a whole: everything but maps with keys.
fn leaves(values: &Value) -> Vec<ValuePath> {
    fn walk(path: &ValuePath, value: &Value, found: &mut Vec<ValuePath>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(&path.key(key), value, found)),
            _ => found.push(path.clone()),
        }
    }
    let mut found = Vec::new();
    walk(&ValuePath::default(), values, &mut found);
    found
}

/// What stands at all these places, as values of their own; none if one of them is empty.
fn take(stored: &Value, paths: &[ValuePath]) -> Option<Value> {
    let mut taken = Value::Object(Map::new());
    for path in paths {
        let nested = path.steps().iter().rev().try_fold(path.get(stored)?.clone(), |inner, step| match step {
            ValueStep::Key(key) => Some(Value::Object(Map::from_iter([(key.clone(), inner)]))),
            ValueStep::Index(_) => None,
        })?;
        taken = merge(&taken, &nested);
    }
    Some(taken)
}

/// Removes a place, and the maps that become empty by that.
fn remove(values: &mut Value, steps: &[ValueStep]) {
    let Some((ValueStep::Key(key), rest)) = steps.split_first() else { return };
    let Some(map) = values.as_object_mut() else { return };
    if rest.is_empty() {
        map.shift_remove(key);
    } else if let Some(inner) = map.get_mut(key) {
        remove(inner, rest);
        if inner.as_object().is_some_and(Map::is_empty) {
            map.shift_remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id() -> ReleaseId {
        ReleaseId::new("monitoring", "stack")
    }

    fn given(version: i64, values: Option<Value>) -> WriteOnly {
        WriteOnly { version, values }
    }

    #[test]
    fn an_unrelated_change_keeps_what_the_release_holds() {
        let secret = json!({"grafana": {"adminPassword": "s3cret"}, "tokens": ["a", "b"]});
        let first = effective(&id(), &json!({"replicas": 1}), Some(&given(1, Some(secret))), None, None).unwrap();
        assert_eq!(first.values["grafana"]["adminPassword"], "s3cret");
        let record = first.record.unwrap();
        let second =
            effective(&id(), &json!({"replicas": 2}), Some(&given(1, None)), Some(&record), Some(&first.values))
                .unwrap();
        assert_eq!(second.values, json!({"replicas": 2, "grafana": {"adminPassword": "s3cret"}, "tokens": ["a", "b"]}));
        assert_eq!(second.record, Some(record));
        assert_eq!(second.secrets.hide("it is s3cret"), "it is (sensitive)");
    }

    #[test]
    fn values_that_are_given_with_the_recorded_version_do_not_replace_what_stands() {
        let record = WriteOnlyRecord { version: 1, paths: vec![ValuePath::of_keys(["password"])] };
        let again = given(1, Some(json!({"password": "another"})));
        let sent =
            effective(&id(), &Value::Null, Some(&again), Some(&record), Some(&json!({"password": "first"}))).unwrap();
        assert_eq!(sent.values, json!({"password": "first"}));
    }

    #[test]
    fn a_greater_version_sends_the_new_ones_and_asks_for_them_if_they_are_not_given() {
        let record = WriteOnlyRecord { version: 1, paths: vec![ValuePath::of_keys(["password"])] };
        let stored = json!({"password": "first"});
        let new = given(2, Some(json!({"password": "second"})));
        let sent = effective(&id(), &Value::Null, Some(&new), Some(&record), Some(&stored)).unwrap();
        assert_eq!(sent.values, json!({"password": "second"}));
        let error = effective(&id(), &Value::Null, Some(&given(2, None)), Some(&record), Some(&stored)).unwrap_err();
        assert!(error.to_string().contains("monitoring/stack") && error.to_string().contains("from 1 to 2"), "{error}");
    }

    #[test]
    fn what_somebody_removed_from_the_release_is_asked_for_again() {
        let record = WriteOnlyRecord { version: 1, paths: vec![ValuePath::of_keys(["password"])] };
        let error = effective(&id(), &Value::Null, Some(&given(1, None)), Some(&record), Some(&json!({}))).unwrap_err();
        assert!(error.to_string().contains("removed"), "{error}");
    }

    #[test]
    fn what_is_visible_holds_no_write_only_value_and_no_trace_of_it() {
        let paths = [ValuePath::of_keys(["grafana", "adminPassword"]), ValuePath::of_keys(["a", "b", "c"])];
        let stored = json!({"grafana": {"adminPassword": "s3cret", "user": "ann"}, "a": {"b": {"c": 1}}});
        assert_eq!(visible(&stored, &paths), json!({"grafana": {"user": "ann"}}));
        assert_eq!(secrets_at(&stored, &paths).hide("s3cret"), "(sensitive)");
    }
}
