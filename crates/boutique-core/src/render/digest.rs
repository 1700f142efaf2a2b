//! One line that changes when any rendered byte changes.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::object::Manifest;

/// `sha256:<hex>` over the manifests as canonical JSON: keys sorted, no spaces, in the given order of objects.
#[must_use]
pub fn digest(manifests: &[Manifest]) -> String {
    let mut text = String::new();
    for manifest in manifests {
        canonical(manifest.value(), &mut text);
        text.push('\n');
    }
    of_text(&text)
}

/// `sha256:<hex>` of a text.
pub(super) fn of_text(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold("sha256:".to_owned(), |mut hex, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(&map[key], text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                canonical(item, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Kind;

    #[test]
    fn the_order_of_keys_does_not_count_and_every_value_does() {
        let manifest = |body: Value| digest(&[Manifest::new(Kind::SERVICE, "shop", "a", body)]);
        let one = manifest(json!({"spec": {"a": 1, "b": [1, 2]}}));
        assert_eq!(one, manifest(json!({"spec": {"b": [1, 2], "a": 1}})));
        assert_ne!(one, manifest(json!({"spec": {"b": [2, 1], "a": 1}})));
        assert_ne!(one, manifest(json!({"spec": {"a": "1", "b": [1, 2]}})));
        assert_eq!(one.len(), "sha256:".len() + 64);
    }
}
