//! Rendered objects: from Helm's text to JSON, and comparable with live objects.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::secrets::Secrets;
use crate::diff::Drift;

/// A document of a manifest that is no YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a document of the manifest{} is no YAML: {said}", source_name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default())]
pub struct BadManifestText {
    /// The template it comes from, if Helm's comment says so.
    pub source_name: Option<String>,
    /// What the reader said.
    pub said: String,
}

/// The documents of a manifest, as texts.
pub fn split(manifest: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in manifest.split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            documents.push(&manifest[start..at]);
            start = at + line.len();
        }
        at += line.len();
    }
    documents.push(&manifest[start..]);
    documents.retain(|document| !document.trim().is_empty());
    documents
}

/// The objects of a manifest. Empty documents are passed over, lists are opened.
///
/// # Errors
/// When a document is no YAML.
pub fn documents(manifest: &str) -> Result<Vec<Value>, BadManifestText> {
    let mut objects = Vec::new();
    for document in split(manifest) {
        let bad = |error: serde_yaml_ng::Error| BadManifestText {
            source_name: document.lines().find_map(|line| line.strip_prefix("# Source: ")).map(str::to_owned),
            said: error.to_string(),
        };
        let value = Value::deserialize(serde_yaml_ng::Deserializer::from_str(document)).map_err(bad)?;
        match value.get("items") {
            Some(Value::Array(items)) if value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) => {
                objects.extend(items.iter().filter(|item| item.is_object()).cloned());
            }
            _ if value.is_object() => objects.push(value),
            _ => {}
        }
    }
    Ok(objects)
}

/// Whether Helm runs the object as a hook instead of keeping it.
pub fn is_hook(object: &Value) -> bool {
    annotation(object, "helm.sh/hook").is_some()
}

/// Whether Helm leaves the object where it is when the release goes.
pub fn is_kept(object: &Value) -> bool {
    annotation(object, "helm.sh/resource-policy") == Some("keep")
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// An applied object in the form in which the API server keeps it, as far as that changes what can be compared:
/// `stringData` of a Secret becomes `data`, and plain scalars that Helm reads by the rules of YAML 1.1 (`0644`, `yes`)
/// become what the live object says they are.
#[must_use]
pub fn normalise(applied: &Value, live: &Value) -> Value {
    let mut object = applied.clone();
    if object["kind"] == "Secret" {
        let text = object.as_object_mut().and_then(|object| object.shift_remove("stringData"));
        for (key, text) in text.as_ref().and_then(Value::as_object).into_iter().flatten() {
            if let Some(text) = text.as_str() {
                object["data"][key] = Value::from(BASE64_STANDARD.encode(text));
            }
        }
    }
    adopt_types(&mut object, live);
    object
}

fn adopt_types(applied: &mut Value, live: &Value) {
    match (&mut *applied, live) {
        (Value::Object(applied), Value::Object(live)) => {
            for (key, applied) in applied {
                if let Some(live) = live.get(key) {
                    adopt_types(applied, live);
                }
            }
        }
        (Value::Array(applied), Value::Array(live)) => {
            for (index, applied) in applied.iter_mut().enumerate() {
                let name = applied.get("name").cloned();
                let named = name.and_then(|name| live.iter().find(|live| live.get("name") == Some(&name)));
                if let Some(live) = named.or_else(|| live.get(index)) {
                    adopt_types(applied, live);
                }
            }
        }
        (Value::String(text), Value::Number(number)) => {
            let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix('0'));
            let octal = octal.and_then(|digits| u64::from_str_radix(digits, 8).ok());
            if octal.is_some() && octal == number.as_u64() {
                *applied = live.clone();
            }
        }
        (Value::String(text), Value::Bool(live)) => {
            let yes = matches!(text.to_ascii_lowercase().as_str(), "yes" | "on" | "y");
            let no = matches!(text.to_ascii_lowercase().as_str(), "no" | "off" | "n");
            if (yes && *live) || (no && !*live) {
                *applied = Value::Bool(*live);
            }
        }
        // A label or a data entry that the chart forgot to quote.
        (Value::Bool(flag), Value::String(live)) if flag.to_string() == *live => *applied = Value::from(live.as_str()),
        _ => {}
    }
}

/// Takes out of a difference what must not be seen: all that a Secret holds, and every place where one of `secrets`
/// stands.
#[must_use]
pub fn mask(mut drift: Drift, secrets: &Secrets) -> Drift {
    let whole = drift.is_whole_object();
    let in_secret = drift.object.kind == "Secret"
        && drift.object.group.is_empty()
        && drift.path.fields().next().is_some_and(|field| field != "metadata");
    for side in [&mut drift.old, &mut drift.new] {
        let Some(value) = side else { continue };
        if !whole && (in_secret || secrets.are_in(value)) {
            *value = Secrets::hidden();
        }
    }
    drift
}

/// Sorted keys, for digests that must not depend on the order of a map.
pub(super) fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            Value::Object(Map::from_iter(keys.into_iter().map(|key| (key.clone(), canonical(&map[key])))))
        }
        Value::Array(list) => Value::Array(list.iter().map(canonical).collect()),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{diff::Path, object::ObjectRef};

    #[test]
    fn documents_are_told_apart_and_empty_ones_passed_over() {
        let manifest = "\
---
# Source: web/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  script: |
    a --- b
    ----
---
# Source: web/templates/empty.yaml
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: b}}
- {apiVersion: v1, kind: Service, metadata: {name: c}}
";
        let names: Vec<Value> =
            documents(manifest).unwrap().iter().map(|object| object["metadata"]["name"].clone()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_document_that_is_no_yaml_names_its_template() {
        let error = documents("---\n# Source: web/templates/bad.yaml\na: [\n").unwrap_err().to_string();
        assert!(error.contains("web/templates/bad.yaml"), "{error}");
    }

    #[test]
    fn hooks_and_kept_objects_are_known_by_their_annotations() {
        let hook = json!({"metadata": {"annotations": {"helm.sh/hook": "pre-install"}}});
        let kept = json!({"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}});
        assert!(is_hook(&hook) && !is_kept(&hook));
        assert!(is_kept(&kept) && !is_hook(&kept));
    }

    #[test]
    fn an_applied_object_takes_the_form_in_which_the_server_keeps_it() {
        let applied = json!({"kind": "Secret", "stringData": {"a": "x"}, "data": {"b": "eQ=="},
            "spec": {"mode": "0644", "wait": "yes", "list": [{"name": "n", "on": "off"}], "text": "0644"}, "label": true});
        let live = json!({"kind": "Secret", "data": {"a": "eA==", "b": "eQ=="},
            "spec": {"mode": 420, "wait": true, "list": [{"name": "m"}, {"name": "n", "on": false}], "text": "0644"}, "label": "true"});
        assert_eq!(
            normalise(&applied, &live),
            json!({"kind": "Secret", "data": {"b": "eQ==", "a": "eA=="},
                "spec": {"mode": 420, "wait": true, "list": [{"name": "n", "on": false}], "text": "0644"}, "label": "true"})
        );
    }

    #[test]
    fn a_value_that_differs_is_never_taken_for_the_same() {
        for (applied, live) in
            [(json!("0644"), json!(644)), (json!("yes"), json!(false)), (json!(true), json!("false"))]
        {
            let applied = json!({"x": applied});
            assert_eq!(normalise(&applied, &json!({"x": live})), applied);
        }
    }

    #[test]
    fn what_a_secret_holds_and_where_a_secret_stands_is_not_shown() {
        let drift = |kind: &str, path: Path| Drift {
            object: ObjectRef {
                group: String::new(),
                kind: kind.into(),
                namespace: Some("shop".into()),
                name: "x".into(),
            },
            path,
            old: Some(json!("s3cret")),
            new: Some(json!("other")),
            writer: None,
        };
        let data = Path::default().field("data").field("password");
        let masked = mask(drift("Secret", data.clone()), &Secrets::default());
        assert_eq!(masked.to_string(), r#"Secret shop/x: data.password is "(sensitive)", applied "(sensitive)""#);
        let label = Path::default().field("metadata").field("labels").field("a");
        assert!(mask(drift("Secret", label), &Secrets::default()).to_string().contains("other"));
        let mut secrets = Secrets::default();
        secrets.add("s3cret");
        let masked = mask(drift("ConfigMap", data), &secrets).to_string();
        assert!(!masked.contains("s3cret") && masked.contains("other"), "{masked}");
    }
}
