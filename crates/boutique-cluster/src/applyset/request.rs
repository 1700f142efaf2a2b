//! What an apply is asked to do, and what it did.

use std::collections::{BTreeMap, BTreeSet};

use boutique_core::{
    contract::SetId,
    helm::ReleaseId,
    object::{Kind, Manifest},
    revision::Admitted,
};
use serde_json::Value;

use super::Target;
use crate::{
    apply::PlannedDrift,
    event::{Action, Change},
    lease::LeaseTiming,
};

/// Whether objects of other tools may be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adopt {
    /// They are refused.
    #[default]
    Never,
    /// They become members of the set, with all that it sets.
    Always,
}

/// What the caller expects to be there. It costs time to be wrong, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expected {
    /// The set, perhaps.
    #[default]
    Set,
    /// A namespace without the set.
    Namespace,
    /// Not even the namespace.
    Nothing,
}

/// What to apply, and how.
#[derive(Debug, Clone)]
pub struct ApplyRequest {
    /// The set.
    pub id: SetId,
    /// The specification that was rendered; stored in the revision.
    pub spec: Value,
    /// The rendered objects, all in the set's namespace.
    pub manifests: Vec<Manifest>,
    /// Helm releases that belong to the set; the companion installs them.
    pub releases: BTreeSet<ReleaseId>,
    /// Places that the plan showed as drift.
    pub planned_drift: Vec<PlannedDrift>,
    /// Whether to take every field that others own.
    pub force_conflicts: bool,
    /// Whether to take over objects of other tools.
    pub adopt: Adopt,
    /// What is expected to be there.
    pub expected: Expected,
    /// Whether a success may be answered while the lease is still on its way back; see [`Cluster::settled`].
    ///
    /// [`Cluster::settled`]: crate::connect::Cluster::settled
    pub release_afterwards: bool,
    /// Whether to make the namespace if it is not there. It is then deleted with the set.
    pub create_namespace: bool,
    /// Whether the caller will wait for the set; until that wait is over, it is pending.
    pub wait_follows: bool,
    /// Version of the program, for the records.
    pub tool_version: String,
    /// Further versions for the revision, such as `catalogue`.
    pub versions: BTreeMap<String, String>,
    /// How the lease runs.
    pub lease: LeaseTiming,
    /// Whether inventory and lease are used; see [`Safeguards`].
    pub safeguards: Safeguards,
}

/// Whether an apply uses inventory and lease. They are switched off only in control runs of tests, which show that the
/// tests of killed applies would notice if they did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Safeguards {
    /// They are used.
    #[default]
    On,
    /// Members are looked for among the kinds of the objects at hand, and anybody may write.
    Off,
}

impl ApplyRequest {
    /// A request with everything else at its default.
    pub fn new(id: SetId, spec: Value, manifests: Vec<Manifest>, tool_version: impl Into<String>) -> Self {
        Self {
            id,
            spec,
            manifests,
            releases: BTreeSet::new(),
            planned_drift: Vec::new(),
            force_conflicts: false,
            adopt: Adopt::default(),
            expected: Expected::default(),
            release_afterwards: false,
            create_namespace: true,
            wait_follows: false,
            tool_version: tool_version.into(),
            versions: BTreeMap::new(),
            lease: LeaseTiming::default(),
            safeguards: Safeguards::default(),
        }
    }
}

/// What an apply did.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// Results, object by object, in the order of their completion.
    pub changes: Vec<Change>,
    /// The revision that now stands; none if the apply did not come so far.
    pub revision: Option<u64>,
    /// Warnings of the API server.
    pub warnings: Vec<String>,
    /// Whether the namespace was made.
    pub namespace_created: bool,
    /// Whether the inventory says that the apply began: from there on, something of the set exists.
    pub began: bool,
    /// Paths on which admission changed what was sent.
    pub admitted: Vec<Admitted>,
}

impl Applied {
    /// What to wait for: the Deployments that were written, at the generation that was written.
    pub fn targets(&self) -> Vec<Target> {
        let written = self.changes.iter().filter(|change| change.action != Action::Deleted);
        written
            .filter(|change| change.object.known_kind() == Some(Kind::DEPLOYMENT))
            .map(|change| Target { object: change.object.clone(), generation: change.generation })
            .collect()
    }

    /// How many objects met this fate.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}
