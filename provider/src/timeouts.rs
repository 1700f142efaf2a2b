//! `timeouts` as it is stored in revisions.

use serde_json::{Map as JsonMap, Value as Json, json};
use tfplugin_rs::Timeouts;

/// The set ones, as text.
pub(crate) fn to_json(timeouts: &Timeouts) -> Json {
    let mut map = JsonMap::new();
    let Timeouts { create, read, update, delete } = timeouts;
    for (name, value) in [("create", create), ("read", read), ("update", update), ("delete", delete)] {
        if let Some(text) = value.as_str() {
            map.insert(name.to_owned(), json!(text));
        }
    }
    map.into()
}

/// What [`to_json`] wrote.
pub(crate) fn from_json(stored: &Json) -> Timeouts {
    let text = |name: &str| stored.get(name).and_then(Json::as_str).map(str::to_owned).into();
    Timeouts { create: text("create"), read: text("read"), update: text("update"), delete: text("delete") }
}
