//! The namespace of a stack.

use boutique_core::{
    contract::{self, FIELD_MANAGER, StackId},
    object::{Kind, Manifest, ObjectRef},
};
use serde_json::{Value, json};

use super::Cause;
use crate::{
    connect::Cluster,
    event::{Event, Events},
    request::Propagation,
};

/// A namespace that is there and stays.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Its UID, if the stack made it, now or in an apply that did not come to its end.
    pub(super) ours: Option<String>,
    /// Whether it was made just now.
    pub(super) is_new: bool,
}

/// Sees to the namespace: it must be there and stay. Makes it if asked to.
pub(super) async fn ensure(cluster: &Cluster, id: &StackId, create: bool, events: &Events) -> Result<Found, Cause> {
    let namespace = match cluster.get(Kind::NAMESPACE, None, &id.namespace).await {
        Ok(found) => found,
        // Who may write in a namespace need not be allowed to read it; the writes will tell.
        Err(error) if error.missing_verb().is_some() => return Ok(Found::default()),
        Err(error) => return Err(error.into()),
    };
    if let Some(namespace) = namespace {
        return found(id, &namespace);
    }
    if !create {
        return Err(Cause::NamespaceMissing(id.namespace.clone()));
    }
    let mut manifest = Manifest::new(Kind::NAMESPACE, "", &id.namespace, json!({}));
    manifest.set_annotation(contract::CREATED_FOR, id.to_string());
    match cluster.create(&manifest, FIELD_MANAGER).await {
        Ok(namespace) => {
            events.tell(Event::NamespaceCreated { namespace: id.namespace.clone() });
            Ok(Found { is_new: true, ..found(id, &namespace)? })
        }
        // Someone made it in between; it is theirs, unless it says otherwise.
        Err(error) if error.is_already_exists() => match cluster.get(Kind::NAMESPACE, None, &id.namespace).await? {
            Some(namespace) => found(id, &namespace),
            None => Err(Cause::NamespaceMissing(id.namespace.clone())),
        },
        Err(error) => Err(error.into()),
    }
}

/// Deletes the namespace that was made just now. A failure is no harm: the annotation tells the next apply whose it is.
pub(super) async fn withdraw(cluster: &Cluster, id: &StackId, found: &Found) {
    let object = ObjectRef::new(Kind::NAMESPACE, "", &id.namespace);
    let uid = found.ours.as_deref();
    if let Err(error) = cluster.delete(&object, Kind::NAMESPACE, Propagation::Background, uid).await {
        tracing::debug!(%error, "the new namespace was not withdrawn");
    }
}

fn found(id: &StackId, namespace: &Value) -> Result<Found, Cause> {
    if is_terminating(namespace) {
        return Err(Cause::NamespaceTerminating(id.namespace.clone()));
    }
    Ok(Found { ours: made_for(id, namespace), is_new: false })
}

pub(super) fn is_terminating(namespace: &Value) -> bool {
    namespace.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// UID of a namespace whose annotation says that the stack made it.
pub(super) fn made_for(id: &StackId, namespace: &Value) -> Option<String> {
    let annotation =
        namespace.pointer("/metadata/annotations").and_then(|all| all.get(contract::CREATED_FOR)?.as_str());
    let uid = namespace.pointer("/metadata/uid").and_then(Value::as_str);
    uid.filter(|_| annotation == Some(&id.to_string())).map(str::to_owned)
}
