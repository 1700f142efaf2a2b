use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::Diagnostic;

/// The provider's own notes on an object: JSON values by key, kept by Terraform in state, shown to nobody. They are not
/// encrypted.
#[derive(Debug, Default)]
pub struct Private(Mutex<BTreeMap<String, Json>>);

impl Private {
    /// Reads the bytes that Terraform kept. No bytes are no notes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Diagnostic> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(bytes).map(|notes| Self(Mutex::new(notes))).map_err(|error| {
            Diagnostic::error(
                "Private state does not read",
                format!(
                    "The provider's private data of this object is damaged: {error}. Remove the object from state and \
                     import it again."
                ),
            )
        })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let notes = self.notes();
        if notes.is_empty() { Vec::new() } else { serde_json::to_vec(&*notes).unwrap_or_default() }
    }

    /// The note under `key`, if there is one of this type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.notes().get(key).cloned().and_then(|note| serde_json::from_value(note).ok())
    }

    /// Writes the note under `key`.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn set<T: Serialize>(&self, key: impl Into<String>, note: T) -> Result<(), serde_json::Error> {
        let note = serde_json::to_value(note)?;
        self.notes().insert(key.into(), note);
        Ok(())
    }

    /// Removes the note under `key`.
    pub fn remove(&self, key: &str) {
        self.notes().remove(key);
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Json>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_their_bytes_and_no_notes_are_no_bytes() {
        let private = Private::default();
        assert_eq!(private.to_bytes(), b"");
        private.set("uid", "abc").unwrap();
        let again = Private::from_bytes(&private.to_bytes()).unwrap();
        assert_eq!(again.get::<String>("uid").as_deref(), Some("abc"));
        assert_eq!(again.get::<i64>("uid"), None);
    }

    #[test]
    fn damaged_bytes_are_an_error_that_says_what_to_do() {
        assert!(Private::from_bytes(b"\x00").unwrap_err().detail.contains("import it again"));
    }
}
