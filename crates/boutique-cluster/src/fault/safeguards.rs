//! The control run of tests: faults without fuse and without deadlines, which the check of killed processes must notice.
//!
//! Only builds with debug assertions have it; whoever sets it is told so by every fault.

use boutique_core::object::Manifest;
use serde_json::Value;

const VARIABLE: &str = "BOUTIQUE_TEST_SAFEGUARDS";

/// Whether faults are to last for ever.
pub(super) fn are_off() -> bool {
    cfg!(debug_assertions) && std::env::var_os(VARIABLE).is_some_and(|value| value == "off")
}

/// What a fault says of itself in a control run.
pub(super) fn warning() -> Option<String> {
    are_off().then(|| {
        format!("{VARIABLE}=off: nothing ends this fault if its author dies; that is for tests of this program")
    })
}

/// The fuse, which never blows in a control run.
pub(super) fn fuse(mut fuse: Manifest) -> Manifest {
    if are_off()
        && let Some(Value::Object(spec)) = fuse.get_mut("/spec")
    {
        spec.remove("ttlSecondsAfterFinished");
    }
    fuse
}

/// The operations on a pod, without a deadline in a control run.
pub(super) fn patch(mut patch: Vec<Value>) -> Vec<Value> {
    if are_off() {
        patch.retain(|op| op["path"] != "/spec/activeDeadlineSeconds");
    }
    patch
}
