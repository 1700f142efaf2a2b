//! The first questions of an apply, asked all at once.
//!
//! Each round trip counts when the server is far away. An apply that expects no set asks for the lease by making it, and
//! looks at what is there without having it yet.

use std::collections::{BTreeSet, HashSet};

use boutique_core::{
    contract::SetId,
    object::{Kind, Manifest, ObjectRef},
};
use serde_json::Value;

use super::{
    ApplyRequest, Cause, Expected, Safeguards,
    namespace::{self, Place},
    rights,
};
use crate::{
    connect::Cluster,
    event::Events,
    lease::{Held, LeaseName, Sought},
    prune::is_member,
    request::ApiError,
    revisions::Records,
};

/// What is there: records, and objects of the kinds that are to be written.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) records: Records,
    pub(super) live: Vec<Value>,
}

impl Seen {
    /// Looks without the lease; none where that failed, or where a set is expected.
    async fn ahead(cluster: &Cluster, request: &ApplyRequest, manifests: &[Manifest]) -> Option<Self> {
        if request.expected == Expected::Set || request.safeguards == Safeguards::Off {
            return None;
        }
        let kinds: BTreeSet<Kind> = manifests.iter().map(Manifest::kind).collect();
        let live = cluster.list_all(kinds, &request.id.namespace, "");
        let (records, live) = tokio::join!(Records::read(cluster, &request.id), live);
        Some(Self { records: records.ok()?, live: live.ok()? })
    }

    /// Whether there was nothing that an apply has to mind: no record, no member, no object of a name that is to be written.
    pub(super) fn is_nothing(&self, id: &SetId, manifests: &[Manifest]) -> bool {
        let desired: HashSet<ObjectRef> = manifests.iter().map(Manifest::reference).collect();
        let matters =
            |live: &Value| is_member(id, live) || ObjectRef::of(live).is_some_and(|live| desired.contains(&live));
        let records = self.records.any() || !self.records.faults.is_empty() || !self.records.other_stacks.is_empty();
        !records && !self.live.iter().any(matters)
    }
}

/// The answers to the first questions, but for the lease.
pub(super) struct Begun {
    pub(super) namespace: Result<namespace::Found, Cause>,
    /// Verbs that the credentials lack.
    pub(super) missing: Vec<(String, String)>,
    pub(super) seen: Option<Seen>,
}

/// Asks. The lease is answered in a place of its own, so that the caller still has it when this is called off.
pub(super) async fn begin(
    cluster: &Cluster,
    request: &ApplyRequest,
    manifests: &[Manifest],
    (name, lease): (&LeaseName, &mut Option<Result<Sought, ApiError>>),
    events: &Events,
) -> Begun {
    let id = &request.id;
    let made_for = id.created_for();
    let place = Place { namespace: &id.namespace, made_for: &made_for };
    let seek = async {
        let at_once = request.expected == Expected::Namespace && request.safeguards == Safeguards::On;
        *lease = Some(if at_once {
            Held::make(cluster, name, request.lease).await
        } else {
            Held::look(cluster, name).await.map(Sought::Found)
        });
    };
    let (namespace, missing, seen, ()) = tokio::join!(
        namespace::ensure(cluster, place, request.create_namespace, events),
        rights::missing(cluster, &id.namespace, manifests),
        Seen::ahead(cluster, request, manifests),
        seek,
    );
    Begun { namespace, missing, seen }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_there_when_no_object_is_ours_or_has_a_name_of_ours() {
        let id = SetId::stack("shop", "shop");
        let desired = [Manifest::new(Kind::SERVICE, "shop", "frontend", json!({}))];
        let is_nothing = |live: Manifest| {
            Seen { records: Records::default(), live: vec![live.into_value()] }.is_nothing(&id, &desired)
        };
        assert!(is_nothing(Manifest::new(Kind::SERVICE, "shop", "other", json!({}))));
        assert!(!is_nothing(desired[0].clone()));
        let mut member = Manifest::new(Kind::SERVICE, "shop", "old", json!({}));
        for (key, value) in id.labels() {
            member.set_label(key, value);
        }
        assert!(!is_nothing(member));
        let mut others = Records::default();
        others.other_stacks.push("second".into());
        assert!(!Seen { records: others, live: Vec::new() }.is_nothing(&id, &desired));
    }
}
