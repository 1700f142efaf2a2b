//! The namespace of a set, or of a Helm release: made if it is not there, and taken away again by whoever made it.

use boutique_core::{
    contract::{self, FIELD_MANAGER},
    object::{Kind, Manifest, ObjectRef},
};
use serde_json::{Value, json};

use super::{Cause, leftovers};
use crate::{
    connect::Cluster,
    event::{Event, Events},
    request::{ApiError, Propagation},
};

/// A namespace, and the note that says for whom it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Its name.
    pub(crate) namespace: &'a str,
    /// Value of the annotation [`contract::CREATED_FOR`].
    pub(crate) made_for: &'a str,
}

/// A namespace that is there and stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Its UID, if it was made for us, now or in an apply that did not come to its end.
    pub(crate) ours: Option<String>,
    /// Whether it was made just now.
    pub(crate) is_new: bool,
}

/// Sees to the namespace: it must be there and stay. Makes it if asked to.
pub(crate) async fn ensure(cluster: &Cluster, place: Place<'_>, create: bool, events: &Events) -> Result<Found, Cause> {
    let name = place.namespace;
    let namespace = match cluster.get(Kind::NAMESPACE, None, name).await {
        Ok(found) => found,
        // Who may write in a namespace need not be allowed to read it; the writes will tell.
        Err(error) if error.missing_verb().is_some() => return Ok(Found::default()),
        Err(error) => return Err(error.into()),
    };
    if let Some(namespace) = namespace {
        return found(place, &namespace);
    }
    if !create {
        return Err(Cause::NamespaceMissing(name.to_owned()));
    }
    let mut manifest = Manifest::new(Kind::NAMESPACE, "", name, json!({}));
    manifest.set_annotation(contract::CREATED_FOR, place.made_for);
    match cluster.create(&manifest, FIELD_MANAGER).await {
        Ok(namespace) => {
            events.tell(Event::NamespaceCreated { namespace: name.to_owned() });
            Ok(Found { is_new: true, ..found(place, &namespace)? })
        }
        // Someone made it in between; it is theirs, unless it says otherwise.
        Err(error) if error.is_already_exists() => match cluster.get(Kind::NAMESPACE, None, name).await? {
            Some(namespace) => found(place, &namespace),
            None => Err(Cause::NamespaceMissing(name.to_owned())),
        },
        Err(error) => Err(error.into()),
    }
}

/// Deletes the namespace that was made just now. A failure is no harm: the annotation tells the next apply whose it is.
pub(super) async fn withdraw(cluster: &Cluster, name: &str, found: &Found) {
    let object = ObjectRef::new(Kind::NAMESPACE, "", name);
    let uid = found.ours.as_deref();
    if let Err(error) = cluster.delete(&object, Kind::NAMESPACE, Propagation::Background, uid).await {
        tracing::debug!(%error, "the new namespace was not withdrawn");
    }
}

/// What became of a namespace that was to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Removal {
    /// It is gone.
    Gone,
    /// It stays; says why.
    Kept(String),
}

/// Deletes this very namespace, which is ours, unless something is left in it, and waits until it is gone.
pub(crate) async fn remove(cluster: &Cluster, live: &Value, events: &Events) -> Result<Removal, ApiError> {
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (name, uid) = (text("/metadata/name"), text("/metadata/uid"));
    match leftovers::find(cluster, name).await {
        Ok(left) if left.is_empty() => {}
        Ok(left) => {
            return Ok(Removal::Kept(format!("namespace {name} is kept: it still holds {}", left.join(", "))));
        }
        Err(error) => {
            let why = format!("namespace {name} is kept: whether it is empty cannot be told: {error}");
            return Ok(Removal::Kept(why));
        }
    }
    let object = ObjectRef::new(Kind::NAMESPACE, "", name);
    match cluster.delete(&object, Kind::NAMESPACE, Propagation::Background, Some(uid)).await {
        Ok(_) => {}
        Err(error) if error.missing_verb().is_some() => {
            return Ok(Removal::Kept(format!("namespace {name} is kept: {error}")));
        }
        Err(error) => return Err(error),
    }
    events.tell(Event::Deleted { object });
    until_gone(cluster, name).await?;
    Ok(Removal::Gone)
}

/// Waits until a namespace that is on its way out is gone, or another one of its name is there.
pub(super) async fn until_gone(cluster: &Cluster, name: &str) -> Result<(), ApiError> {
    // Namespaces cannot be followed by who may only read this one; asking twice a second costs little.
    while let Some(namespace) = cluster.get(Kind::NAMESPACE, None, name).await? {
        if !is_terminating(&namespace) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    Ok(())
}

fn found(place: Place<'_>, namespace: &Value) -> Result<Found, Cause> {
    if is_terminating(namespace) {
        return Err(Cause::NamespaceTerminating(place.namespace.to_owned()));
    }
    Ok(Found { ours: made_for(place.made_for, namespace), is_new: false })
}

pub(super) fn is_terminating(namespace: &Value) -> bool {
    namespace.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// UID of a namespace whose annotation says that it was made for this.
pub(crate) fn made_for(made_for: &str, namespace: &Value) -> Option<String> {
    let annotation =
        namespace.pointer("/metadata/annotations").and_then(|all| all.get(contract::CREATED_FOR)?.as_str());
    let uid = namespace.pointer("/metadata/uid").and_then(Value::as_str);
    uid.filter(|_| annotation == Some(made_for)).map(str::to_owned)
}
