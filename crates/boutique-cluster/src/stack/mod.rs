//! A stack as a whole: read it, apply it, wait for it, take it down.

mod apply;
mod destroy;
mod error;
mod leftovers;
mod namespace;
mod preflight;
mod read;
mod rights;
mod wait;

use boutique_core::{
    contract::{self, StackId},
    object::{Kind, Manifest},
};

pub use apply::{Adopt, Applied, ApplyRequest, Safeguards, apply};
pub use destroy::{DestroyRequest, Destroyed, destroy};
pub use error::{ApplyError, Cause, DestroyError, ForeignObject, ReadError};
pub use read::{StackReading, read};
pub use wait::{Target, WaitError, WaitRequest, Waited, wait};

/// Kinds that a member of a stack may have. Secrets are not among them yet.
pub const MEMBER_KINDS: [Kind; 8] = [
    Kind::DEPLOYMENT,
    Kind::SERVICE,
    Kind::SERVICE_ACCOUNT,
    Kind::CONFIG_MAP,
    Kind::PERSISTENT_VOLUME_CLAIM,
    Kind::POD_DISRUPTION_BUDGET,
    Kind::HORIZONTAL_POD_AUTOSCALER,
    Kind::NETWORK_POLICY,
];

/// Manifests as they are sent: with the labels by which members are found. Volume claims carry no `part-of`, so that no
/// ApplySet tool prunes data.
pub fn as_sent(id: &StackId, manifests: &[Manifest]) -> Vec<Manifest> {
    let applyset = boutique_core::inventory::applyset_id(&id.parent_name(), &id.namespace);
    let mut sent = manifests.to_vec();
    for manifest in &mut sent {
        for (key, value) in id.labels() {
            manifest.set_label(key, value);
        }
        if manifest.kind() != Kind::PERSISTENT_VOLUME_CLAIM {
            manifest.set_label(contract::APPLYSET_PART_OF, applyset.clone());
        }
    }
    sent
}

fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
