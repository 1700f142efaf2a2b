//! Where in an object: the path syntax of server-side apply.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schema;
use crate::object::Manifest;

/// A place in an object, as server-side apply names it. Shown without the leading dot:
/// `spec.template.spec.containers[name="server"].image`.
///
/// Names of fields may hold dots themselves (annotations do), so the text cannot be read back; it can be compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(Vec<Step>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Into a field of a map.
    Field(String),
    /// Into the element of a list with these values of its merge keys.
    Key(Map<String, Value>),
    /// Into the element of a set with this value.
    Value(Value),
}

impl Path {
    /// Whether it is the object itself.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// This path and one field more.
    #[must_use]
    pub fn field(&self, name: impl Into<String>) -> Self {
        self.then(Step::Field(name.into()))
    }

    /// This path and one list element more, found by one merge key.
    #[must_use]
    pub fn key(&self, key: &str, value: impl Into<Value>) -> Self {
        self.then(Step::Key(Map::from_iter([(key.to_owned(), value.into())])))
    }

    /// This path and one step more.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The path without its last step; none for the object itself.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, way)| Self(way.to_vec()))
    }

    /// The last field's name on this path; list elements are passed over.
    pub fn last_field(&self) -> &str {
        self.fields().next_back().unwrap_or_default()
    }

    /// The names of fields on this path.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Key(_) | Step::Value(_) => None,
        })
    }

    /// The JSON pointer of this place in an object, for a JSON Patch; none if the object has no such place.
    pub fn pointer(&self, object: &Value) -> Option<String> {
        let (mut at, mut pointer) = (object, String::new());
        for step in &self.0 {
            match step {
                Step::Field(name) => {
                    at = at.get(name)?;
                    pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                }
                Step::Key(_) | Step::Value(_) => {
                    let index = at.as_array()?.iter().position(|element| step.matches(element))?;
                    at = at.get(index)?;
                    pointer = format!("{pointer}/{index}");
                }
            }
        }
        Some(pointer)
    }
}

impl Step {
    /// Whether this step leads into that element of a list.
    pub fn matches(&self, element: &Value) -> bool {
        match self {
            Self::Field(_) => false,
            Self::Key(keys) => keys.iter().all(|(key, value)| schema::key_value(element, key).as_ref() == Some(value)),
            Self::Value(value) => element == value,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Key(keys) => {
                    let mut keys: Vec<_> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                    keys.sort_unstable();
                    write!(f, "[{}]", keys.join(","))?;
                }
                Step::Value(value) => write!(f, "[={value}]")?,
            }
        }
        Ok(())
    }
}

/// Puts a value at a place in a manifest, making what is missing on the way; null removes.
pub fn set_path(manifest: &mut Manifest, path: &Path, value: Value) {
    let Some((last, way)) = path.0.split_last() else { return };
    let Some(mut at) = manifest.get_mut("") else { return };
    for step in way {
        let Some(next) = enter(at, step) else { return };
        at = next;
    }
    match (last, &value) {
        (Step::Field(name), Value::Null) => {
            if let Some(map) = at.as_object_mut() {
                map.shift_remove(name);
            }
        }
        (Step::Key(_) | Step::Value(_), Value::Null) => {
            if let Some(list) = at.as_array_mut() {
                list.retain(|element| !last.matches(element));
            }
        }
        _ => {
            if let Some(place) = enter(at, last) {
                *place = value;
            }
        }
    }
}

fn enter<'a>(at: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match step {
        Step::Field(name) => {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            Some(at.as_object_mut()?.entry(name.clone()).or_insert(Value::Null))
        }
        Step::Key(_) | Step::Value(_) => {
            if at.is_null() {
                *at = Value::Array(Vec::new());
            }
            let list = at.as_array_mut()?;
            let index = list.iter().position(|element| step.matches(element)).unwrap_or(list.len());
            if index == list.len() {
                list.push(match step {
                    Step::Key(keys) => Value::Object(keys.clone()),
                    Step::Value(value) => value.clone(),
                    Step::Field(_) => return None,
                });
            }
            list.get_mut(index)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn server_env() -> Path {
        Path::default().field("spec").field("containers").key("name", "server").field("env").key("name", "A")
    }

    #[test]
    fn a_path_reads_as_the_server_writes_it() {
        assert_eq!(server_env().field("value").to_string(), r#"spec.containers[name="server"].env[name="A"].value"#);
        let port = Step::Key(Map::from_iter([("protocol".to_owned(), json!("TCP")), ("port".to_owned(), json!(80))]));
        assert_eq!(Path::default().field("ports").then(port).to_string(), r#"ports[port=80,protocol="TCP"]"#);
        let finalizer = Path::default().field("finalizers").then(Step::Value(json!("x")));
        assert_eq!(finalizer.to_string(), r#"finalizers[="x"]"#);
    }

    #[test]
    fn a_pointer_counts_the_elements_of_the_live_object() {
        let live = json!({"spec": {"containers": [{"name": "proxy"}, {"name": "server", "env": [{"name": "A"}]}]}});
        assert_eq!(server_env().pointer(&live).as_deref(), Some("/spec/containers/1/env/0"));
        assert_eq!(server_env().field("value").pointer(&live), None);
        let annotation = Path::default().field("a/b~c");
        assert_eq!(annotation.pointer(&json!({"a/b~c": 1})).as_deref(), Some("/a~1b~0c"));
    }

    #[test]
    fn setting_a_place_makes_the_way_and_null_removes_it() {
        let mut manifest =
            Manifest::try_from(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}})).unwrap();
        set_path(&mut manifest, &server_env().field("value"), json!("1"));
        assert_eq!(manifest.get("/spec/containers/0/env/0"), Some(&json!({"name": "A", "value": "1"})));
        set_path(&mut manifest, &server_env(), Value::Null);
        assert_eq!(manifest.get("/spec/containers/0/env"), Some(&json!([])));
    }
}
