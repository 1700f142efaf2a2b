//! Between Terraform's values of any type and JSON.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use serde_json::{Map as JsonMap, Value as Json, json};
use tfplugin_rs::{Any, Dynamic, Number, Type};

/// A value as JSON, and whether all of it is known. What is unknown is null here.
pub(crate) fn json(any: &Any) -> (Json, bool) {
    let mut complete = true;
    let json = to_json(&any.value, &mut complete);
    (json, complete)
}

fn to_json(value: &Dynamic, complete: &mut bool) -> Json {
    match value {
        Dynamic::Null => Json::Null,
        Dynamic::Unknown(_) => {
            *complete = false;
            Json::Null
        }
        Dynamic::Bool(flag) => (*flag).into(),
        // With all its digits.
        Dynamic::Number(number) => {
            serde_json::Number::from_str(&number.to_string()).map_or_else(|_| number.to_f64().into(), Json::Number)
        }
        Dynamic::String(text) => text.clone().into(),
        Dynamic::List(items) | Dynamic::Set(items) => items.iter().map(|item| to_json(item, complete)).collect(),
        Dynamic::Map(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), to_json(value, complete))).collect::<JsonMap<_, _>>().into()
        }
        Dynamic::Any(any) => to_json(&any.value, complete),
    }
}

/// JSON as the value that Terraform makes of the same text in a configuration: objects and tuples.
pub(crate) fn any(json: &Json) -> Any {
    let (ty, value) = from_json(json);
    Any { ty, value }
}

fn from_json(json: &Json) -> (Type, Dynamic) {
    match json {
        Json::Null => (Type::Dynamic, Dynamic::Null),
        Json::Bool(flag) => (Type::Bool, Dynamic::Bool(*flag)),
        Json::Number(number) => {
            let number = Number::from_str(&number.to_string()).unwrap_or_else(|_| Number::from(0_i64));
            (Type::Number, Dynamic::Number(number))
        }
        Json::String(text) => (Type::String, Dynamic::String(text.clone())),
        Json::Array(items) => {
            let (types, values) = items.iter().map(from_json).unzip();
            (Type::Tuple(types), Dynamic::List(values))
        }
        Json::Object(map) => {
            let (mut types, mut values) = (Vec::new(), Vec::new());
            for (key, value) in map {
                let (ty, value) = from_json(value);
                types.push((key.clone(), ty));
                values.push((key.clone(), value));
            }
            (Type::Object(types.into_iter().collect()), Dynamic::Map(values.into_iter().collect()))
        }
    }
}

/// Values of a chart, which are an object or nothing; the error completes "Here is …".
pub(crate) fn object(json: Json) -> Result<Option<JsonMap<String, Json>>, &'static str> {
    match json {
        Json::Object(values) => Ok(Some(values)),
        Json::Null => Ok(None),
        Json::String(_) => Err("a text. Write the values as an object, or use yamldecode(file(…))"),
        Json::Array(_) => Err("a list. Write the values as one object"),
        _ => Err("no object. Write the values as an object"),
    }
}

/// Every leaf of an object by its path, as JSON: what a plan shows line by line.
pub(crate) fn leaves(values: &Json) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    collect(String::new(), values, &mut leaves);
    leaves
}

fn collect(path: String, value: &Json, leaves: &mut BTreeMap<String, String>) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                // A dot within a key would look like a step.
                let key = if key.contains('.') { format!("[{}]", json!(key)) } else { key.clone() };
                let below = if path.is_empty() { key } else { format!("{path}.{key}") };
                collect(below, value, leaves);
            }
        }
        other => {
            if !path.is_empty() {
                leaves.insert(path, other.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back_as_it_was_written_with_every_digit() {
        let text = r#"{"a": [1, "two", null, {"b": true}], "big": 12345678901234567890123, "small": 0.1}"#;
        let value: Json = serde_json::from_str(text).expect("is JSON");
        assert_eq!(json(&any(&value)), (value, true));
    }

    #[test]
    fn what_is_unknown_is_said_and_left_null() {
        let value = Dynamic::Map([("a".to_owned(), Dynamic::UNKNOWN)].into());
        let ty = Type::Object([("a".to_owned(), Type::String)].into());
        assert_eq!(json(&Any { ty, value }), (json!({"a": null}), false));
    }

    #[test]
    fn values_are_shown_leaf_by_leaf() {
        let shown = leaves(&json!({"a": {"b.c": 1, "d": [1]}, "e": {}, "f": null}));
        let expected = [(r#"a.["b.c"]"#, "1"), ("a.d", "[1]"), ("e", "{}"), ("f", "null")];
        assert_eq!(shown, expected.map(|(path, value)| (path.to_owned(), value.to_owned())).into());
    }
}
