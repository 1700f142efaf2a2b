//! Faults: what can be done to a shop on purpose, how it is undone, and what the cluster remembers of it.
//!
//! Everything here decides and nothing acts. A kind of fault ([`kind::FaultType`]) turns what is seen of the shop into an
//! [`Injection`]: requests as data, the prediction, and what has to be put back. The record ([`Fault`]) holds the latter, so
//! that anybody can undo a fault whose author has gone away.

use serde_json::Value;

mod access;
mod act;
mod change;
mod company;
mod event;
mod fuse;
mod heal;
pub mod kind;
pub mod proof;
mod record;
mod role;
mod scene;
mod selector;
mod squeeze;

pub use access::{Need, access_review, common_needs};
pub use act::{Act, Activity, PodRef, Request};
pub use change::{Change, Field, Revert};
pub use company::{Touched, company};
pub use event::event;
pub use fuse::{fuse, fuse_name};
pub use heal::{Cure, cures};
pub use kind::{FaultType, Injection, Undo};
pub use record::{Fault, GUARD, HISTORY, Stage, UnreadableFault, surplus};
pub use role::{needs, role};
pub use scene::{Refusal, Scene, Wish};
pub use squeeze::{memory_limit, with_cpu_limit, with_memory_limit};

/// Label or annotation on the namespace or on the target's Deployment; the value `allowed` lets faults run without asking.
pub const FAULTS: &str = "boutique.dev/faults";

/// Whether one of these objects carries [`FAULTS`] with the value `allowed`.
pub fn is_allowed(objects: &[&Value]) -> bool {
    let marked = |object: &Value, place: &str| {
        object.pointer(&format!("/metadata/{place}")).and_then(|map| map.get(FAULTS)).and_then(Value::as_str)
            == Some("allowed")
    };
    objects.iter().any(|object| marked(object, "labels") || marked(object, "annotations"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_word_allowed_allows() {
        let mk = |place: &str, value: &str| json!({"metadata": {place: {FAULTS: value}}});
        assert!(is_allowed(&[&json!({}), &mk("labels", "allowed")]));
        assert!(is_allowed(&[&mk("annotations", "allowed")]));
        assert!(!is_allowed(&[&mk("labels", "yes")]));
        assert!(!is_allowed(&[]));
    }
}
