use crate::codec::{CodecError, from_json, from_msgpack, to_msgpack};
use crate::schema::Schema;
use crate::{Diagnostic, Dynamic};

/// A value as it came, to be read by a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawValue {
    pub(crate) msgpack: Vec<u8>,
    pub(crate) json: Vec<u8>,
}

impl RawValue {
    /// Reads a value. No bytes at all are null.
    pub(super) fn read(&self, schema: &Schema, what: &str) -> Result<Dynamic, Diagnostic> {
        let ty = schema.ty();
        if !self.msgpack.is_empty() {
            return from_msgpack(&self.msgpack, &ty).map_err(|error| unreadable(what, &error));
        }
        if !self.json.is_empty() {
            let json = serde_json::from_slice(&self.json).map_err(|error| unreadable(what, &error))?;
            return from_json(&json, &ty).map_err(|error| unreadable(what, &error));
        }
        Ok(Dynamic::Null)
    }
}

/// Writes a value for the wire.
pub(super) fn encode(value: &Dynamic, schema: &Schema, what: &str) -> Result<Vec<u8>, Diagnostic> {
    to_msgpack(value, &schema.ty()).map_err(|CodecError { path, problem }| {
        Diagnostic::provider_bug(
            format!("The {what} cannot be sent"),
            format!("At {path} the {what} does not conform to the schema: {problem}."),
        )
        .at(path)
    })
}

pub(super) fn unreadable(what: &str, error: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::error(
        format!("The {what} does not read"),
        format!(
            "Terraform sent a {what} that does not fit the provider's schema: {error}. Check that the provider that \
             Terraform runs is the one that it loaded the schema from."
        ),
    )
}
