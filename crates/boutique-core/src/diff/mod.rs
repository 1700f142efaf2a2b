//! Drift: live objects against objects as applied, on the paths that were applied.
//!
//! A field that we do not apply is nobody's drift, with two exceptions, which server-side apply alone would leave there:
//! an environment variable that somebody added to a container of ours changes how *our* container runs, and an element
//! of ours under another merge key (a renamed container, a port with another number) would stand beside ours.

mod compare;
mod managed;
mod path;
mod schema;

use std::{collections::HashMap, fmt};

use serde_json::Value;

use crate::object::{Manifest, ObjectRef};

pub use compare::{Difference, differences, renamed};
pub use managed::{Writer, is_controller, last_writer, owns};
pub use path::{Path, Step, set_path};

/// One deviation of the cluster from what was applied. Its `Display` is one readable sentence without a full stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The object.
    pub object: ObjectRef,
    /// The place; empty when the object as a whole is missing or on its way out.
    pub path: Path,
    /// The value that was applied; none for an environment variable that somebody added.
    pub old: Option<Value>,
    /// The value that stands there; none when it is gone.
    pub new: Option<Value>,
    /// Who wrote it last, if that is recorded.
    pub writer: Option<Writer>,
}

impl Drift {
    /// Whether the object itself is gone or being deleted.
    pub fn is_whole_object(&self) -> bool {
        self.path.is_empty()
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (_, None) if self.path.is_empty() => return write!(f, "{} is missing", self.object),
            (_, Some(_)) if self.path.is_empty() => return write!(f, "{} is being deleted", self.object),
            (Some(old), Some(new)) => {
                let (within, old, new) = narrow(old, new);
                write!(f, "{}: {}{within} is {}, applied {}", self.object, self.path, short(new), short(old))?;
            }
            (Some(old), None) => write!(f, "{}: {} is absent, applied {}", self.object, self.path, short(old))?,
            (None, Some(new)) => write!(f, "{}: {} was added as {}", self.object, self.path, short(new))?,
            (None, None) => write!(f, "{}: {} changed", self.object, self.path)?,
        }
        match &self.writer {
            Some(writer) => write!(f, "; last written by {writer}"),
            None => Ok(()),
        }
    }
}

/// The most characters of a value that are shown.
const MOST: usize = 120;

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= MOST {
        return text;
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}…")
}

/// The first place within two long values where they differ, so that it is not cut off: steps, applied, live.
fn narrow<'a>(mut old: &'a Value, mut new: &'a Value) -> (String, &'a Value, &'a Value) {
    let mut steps = String::new();
    if old.to_string().chars().count() <= MOST {
        return (steps, old, new);
    }
    loop {
        let below = match (old, new) {
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                let at = a.iter().zip(b).position(|(a, b)| a != b);
                at.map(|at| (format!("[{at}]"), &a[at], &b[at]))
            }
            (Value::Object(a), Value::Object(b)) => a
                .iter()
                .filter_map(|(name, a)| Some((name, a, b.get(name)?)))
                .find(|(_, a, b)| a != b)
                .map(|(name, a, b)| (format!(".{name}"), a, b)),
            _ => None,
        };
        let Some((step, a, b)) = below else { return (steps, old, new) };
        steps.push_str(&step);
        (old, new) = (a, b);
    }
}

/// Every deviation of the live objects from the applied ones. An applied object without a live one is missing; live
/// objects that were not applied are passed over.
pub fn diff(applied: &[Manifest], live: &[Value]) -> Vec<Drift> {
    let live: HashMap<ObjectRef, &Value> =
        live.iter().filter_map(|object| Some((ObjectRef::of(object)?, object))).collect();
    let mut drift = Vec::new();
    for manifest in applied {
        let object = manifest.reference();
        let whole =
            |new: Option<Value>| Drift { object: object.clone(), path: Path::default(), old: None, new, writer: None };
        let Some(found) = live.get(&object) else {
            drift.push(whole(None));
            continue;
        };
        if let Some(since) = found.pointer("/metadata/deletionTimestamp").filter(|since| !since.is_null()) {
            drift.push(whole(Some(since.clone())));
            continue;
        }
        drift.extend(differences(manifest, found).into_iter().map(|difference| Drift {
            object: object.clone(),
            writer: last_writer(found, &difference.path),
            path: difference.path,
            old: difference.old,
            new: difference.new,
        }));
    }
    drift
}

#[cfg(test)]
mod tests;
