//! The fuse: a Job without pods that owns what a fault adds. Kubernetes deletes the Job when its time is over, and with it
//! all that it owns, even if nobody of ours is alive then.
//!
//! A Job with `completions: 0` is complete at once (Kubernetes' Job controller, `syncJob`); `ttlSecondsAfterFinished` deletes
//! it with foreground propagation (ttlafterfinished controller).

use std::time::Duration;

use serde_json::json;

use super::kind::Undo;
use super::record::Fault;
use crate::contract::{FAULT, PLUGIN_MANAGER};
use crate::object::{Kind, Manifest};

/// Name of a fault's fuse.
pub fn fuse_name(fault: &str) -> String {
    format!("boutique-fuse-{fault}")
}

/// How much longer the fuse of a changed fault burns. What was added there is what a changed field points at, and must not
/// go before a healer has put the field back.
const LATER: Duration = Duration::from_secs(24 * 3600);

/// The fuse of a fault, which blows after `bound`; for a changed fault a day later.
pub fn fuse(fault: &Fault, bound: Duration) -> Manifest {
    let bound = if fault.undo == Undo::Changed { bound + LATER } else { bound };
    let labels = json!({FAULT: fault.id, "app.kubernetes.io/managed-by": PLUGIN_MANAGER});
    let body = json!({
        "metadata": {"labels": labels},
        "spec": {
            "completions": 0,
            "ttlSecondsAfterFinished": bound.as_secs(),
            // Never started, but a Job without a template is refused.
            "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "none", "image": "registry.k8s.io/pause:3.10"}],
            }},
        },
    });
    Manifest::new(Kind::JOB, &fault.namespace, &fuse_name(&fault.id), body)
}
