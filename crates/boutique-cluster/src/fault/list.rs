//! What there is to know of faults in a namespace.

use boutique_core::{
    fault::{Fault, GUARD, PodRef, Stage, UnreadableFault},
    object::{Kind, ObjectRef},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    heal::standing,
    patience::{label, name},
    record::records,
    residue,
};
use crate::{connect::Cluster, request::ApiError};

/// Something that [`list`] found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A fault that runs.
    Active(Fault),
    /// A fault whose time is over and that nobody has undone.
    Expired(Fault),
    /// A fault that is over and undone.
    Ended(Fault),
    /// A record that this release cannot read.
    Unreadable(UnreadableFault),
    /// A pod that a fault's deadline has ended. Harmless; the next verb that writes removes it.
    FailedPod {
        /// The pod.
        pod: PodRef,
        /// Id of the fault.
        fault: String,
    },
    /// An object whose fault is over, or that no record knows.
    Residue {
        /// The object.
        object: ObjectRef,
        /// Id of the fault.
        fault: String,
    },
}

/// All faults of a namespace that its records tell of, those that stand first, the others newest first; and what is left of
/// faults beside them.
///
/// # Errors
///
/// When records cannot be listed. Objects that this user may not see are not looked for.
pub async fn list(cluster: &Cluster, namespace: &str, now: Timestamp) -> Result<Vec<Found>, ApiError> {
    let objects = residue::look(cluster, namespace).await?;
    let records = records(cluster, namespace).await?;
    Ok(sort(&objects, &records, now))
}

fn sort(objects: &[Value], records: &[Value], now: Timestamp) -> Vec<Found> {
    let standing = standing(records);
    let mut ended = Vec::new();
    let mut unreadable = Vec::new();
    for record in records {
        match Fault::from_config_map(record) {
            Ok(fault) if fault.stage != Stage::Active && name(record) != GUARD => ended.push(fault),
            Ok(_) => {}
            Err(error) => unreadable.push(error),
        }
    }
    ended.sort_by_key(|fault| std::cmp::Reverse(fault.since));
    let stands = |fault: Fault| if fault.is_expired(now) { Found::Expired(fault) } else { Found::Active(fault) };
    let mut found: Vec<Found> = standing.into_iter().map(stands).collect();
    found.extend(unreadable.into_iter().map(Found::Unreadable));
    found.extend(residue::of(objects, records).into_iter().filter_map(left));
    found.extend(ended.into_iter().map(Found::Ended));
    found
}

fn left(object: &Value) -> Option<Found> {
    let fault = label(object)?.to_owned();
    let reference = ObjectRef::of(object)?;
    let failed = object.pointer("/status/phase").and_then(Value::as_str) == Some("Failed");
    match PodRef::of(object) {
        Some(pod) if failed && reference.known_kind() == Some(Kind::POD) => Some(Found::FailedPod { pod, fault }),
        _ => Some(Found::Residue { object: reference, fault }),
    }
}
