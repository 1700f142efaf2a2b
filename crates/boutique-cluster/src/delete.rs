//! Deleting objects: always with a stated propagation, and only the very object we mean.

use boutique_core::object::{Kind, ObjectRef};
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{ApiError, Operation, Propagation, delete_request},
};

/// What a delete found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The object was there and goes now.
    Deleted,
    /// It was not there.
    Absent,
    /// Another object of that name is there now; it was left alone.
    Replaced,
}

impl Cluster {
    /// Deletes one object; with a UID, only the object of that UID.
    ///
    /// # Errors
    /// Any failure but that the object is absent or another one.
    pub async fn delete(
        &self,
        object: &ObjectRef,
        kind: Kind,
        propagation: Propagation,
        uid: Option<&str>,
    ) -> Result<Gone, ApiError> {
        let operation = Operation::on("delete", kind, object.namespace.as_deref(), Some(&object.name));
        match self.send(operation, delete_request(object, kind, propagation, uid)).await {
            Ok(_) => Ok(Gone::Deleted),
            Err(error) if error.is_not_found() => Ok(Gone::Absent),
            Err(error) if error.is_conflict() && uid.is_some() => Ok(Gone::Replaced),
            Err(error) => Err(error),
        }
    }

    /// Deletes a live object as it was read, by its UID.
    ///
    /// # Errors
    /// As [`Cluster::delete`].
    pub async fn delete_live(&self, live: &Value, propagation: Propagation) -> Result<Gone, ApiError> {
        let Some(object) = ObjectRef::of(live) else { return Ok(Gone::Absent) };
        let Some(kind) = object.known_kind() else { return Ok(Gone::Absent) };
        let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
        self.delete(&object, kind, propagation, uid).await
    }
}
