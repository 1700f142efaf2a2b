//! The objects of one Terraform resource as a whole: read them, apply them, wait for them, take them down.
//!
//! A set is an ApplySet in kubectl's sense, with an inventory, revisions and a lease of its own.

mod apply;
mod begin;
mod destroy;
mod draft;
mod error;
pub(crate) mod leftovers;
pub(crate) mod namespace;
mod preflight;
mod read;
mod request;
mod rights;
mod wait;

use std::pin::Pin;

use boutique_core::{
    contract::{self, Owner, SetId},
    object::{Kind, Manifest},
};
use serde_json::Value;

use crate::bounds::{Bounds, Interrupted};

pub use apply::{apply, apply_after};
pub use destroy::{DestroyRequest, Destroyed, destroy, destroy_then};
pub use error::{ApplyError, Cause, DestroyError, ForeignObject, ReadError};
pub use read::{SetReading, read};
pub use request::{Adopt, Applied, ApplyRequest, Expected, Safeguards};
pub(crate) use wait::until_current;
pub use wait::{Target, WaitError, WaitRequest, Waited, finish, wait};

/// Kinds that members of a set may have. Secrets are not among them: revisions hold their members whole.
pub fn member_kinds(owner: Owner) -> &'static [Kind] {
    const WORKLOADS: &[Kind] = &[
        Kind::DEPLOYMENT,
        Kind::SERVICE,
        Kind::SERVICE_ACCOUNT,
        Kind::CONFIG_MAP,
        Kind::PERSISTENT_VOLUME_CLAIM,
        Kind::POD_DISRUPTION_BUDGET,
        Kind::HORIZONTAL_POD_AUTOSCALER,
        Kind::NETWORK_POLICY,
    ];
    const ROUTES: &[Kind] = &[Kind::INGRESS, Kind::MIDDLEWARE, Kind::DEPLOYMENT];
    const WATCH: &[Kind] = &[
        Kind::DEPLOYMENT,
        Kind::SERVICE,
        Kind::SERVICE_ACCOUNT,
        Kind::CONFIG_MAP,
        Kind::INGRESS,
        Kind::PROMETHEUS_RULE,
        Kind::SERVICE_MONITOR,
        Kind::POD_MONITOR,
        Kind::PROBE,
    ];
    match owner {
        Owner::Stack => WORKLOADS,
        Owner::Ingress => ROUTES,
        Owner::Monitoring => WATCH,
    }
}

/// Manifests as they are sent: with the labels by which members are found. Volume claims carry no `part-of`, so that no
/// ApplySet tool prunes data.
pub fn as_sent(id: &SetId, manifests: &[Manifest]) -> Vec<Manifest> {
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

/// Work that belongs to a set and is no object of it, such as a Helm release. It is done under the set's lease.
pub type Companion<'a, T = Option<Rendered>> = Pin<Box<dyn Future<Output = Result<T, CompanionError>> + Send + 'a>>;

/// Objects that could only be rendered when the work before them was done; they stand in the place of the requested ones.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// What was rendered; stored in the revision.
    pub spec: Value,
    /// The objects.
    pub manifests: Vec<Manifest>,
}

/// What such work says when it fails.
pub type CompanionError = Box<dyn std::error::Error + Send + Sync>;

/// No such work.
fn alone<'a, T: Default + Send + 'a>() -> Companion<'a, T> {
    Box::pin(std::future::ready(Ok(T::default())))
}

/// The cause of an end that a companion met. Who called it off need not be told what broke by that.
fn called_off(bounds: &Bounds, error: CompanionError) -> Cause {
    match bounds.interrupted() {
        Some(by @ Interrupted::Cancelled) => Cause::Interrupted(by),
        Some(Interrupted::Deadline) | None => Cause::Companion(error),
    }
}

fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
