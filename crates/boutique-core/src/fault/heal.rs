//! Undoing a fault from its record alone: by its author, by the next writing verb of anybody, or by `terraform apply`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, Revert};
use super::record::Fault;
use crate::object::ObjectRef;

/// One thing that undoing a fault may take.
#[derive(Debug, Clone, PartialEq)]
pub struct Cure<'a> {
    /// The change that is to be taken back.
    pub change: &'a Change,
    /// How.
    pub revert: Revert,
}

/// How each changed field is put back, given the objects as they are now. Pods and added objects need no decision: they are
/// deleted by UID and with the fuse.
pub fn cures<'a>(fault: &'a Fault, live: &BTreeMap<ObjectRef, Value>) -> Vec<Cure<'a>> {
    // Last changed first, as with every undo.
    fault.changes.iter().rev().map(|change| Cure { change, revert: change.revert(live.get(&change.object)) }).collect()
}
