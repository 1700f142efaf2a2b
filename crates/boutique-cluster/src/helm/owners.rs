//! Who owns what: from a pod up to the workload that wants it; and findings about what a chart brought.

use std::collections::HashMap;

use boutique_core::{
    finding::Finding,
    judge::{Observation, judge},
    object::Kind,
};
use serde_json::Value;

/// Live objects by UID.
pub(super) struct Owners<'a>(HashMap<&'a str, &'a Value>);

/// Pod → ReplicaSet → Deployment is the longest chain there is; a ring cannot be, and must not hang us.
const LONGEST: usize = 8;

impl<'a> Owners<'a> {
    pub(super) fn of(objects: &'a [Value]) -> Self {
        let by_uid = objects.iter().filter_map(|object| Some((object.pointer("/metadata/uid")?.as_str()?, object)));
        Self(by_uid.collect())
    }

    /// The object itself and its owners, nearest first.
    pub(super) fn roots(&self, object: &'a Value) -> impl Iterator<Item = &'a Value> {
        let mut chain = vec![object];
        while let Some(next) = chain.last().and_then(|last| self.owner(last)) {
            if chain.len() == LONGEST {
                break;
            }
            chain.push(next);
        }
        chain.into_iter()
    }

    fn owner(&self, object: &Value) -> Option<&'a Value> {
        let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
        let controller = owners.iter().find(|owner| owner["controller"] == true).or_else(|| owners.first())?;
        self.0.get(controller.get("uid")?.as_str()?).copied()
    }
}

/// What [`judge`] finds, with the way out that somebody has whose objects come from a chart: the shop's own attributes
/// decide nothing here.
pub(super) fn findings(observation: &Observation) -> Vec<Finding> {
    let mut findings = judge(observation);
    for finding in &mut findings {
        let Some(object) = &finding.object else { continue };
        let place = object.namespace.as_deref().map(|namespace| format!("-n {namespace} ")).unwrap_or_default();
        let kind = object.kind.to_ascii_lowercase();
        let look = format!("kubectl {place}describe {kind} {}", object.name);
        let look = if object.kind == Kind::POD.kind {
            format!("{look}; kubectl {place}logs {} --all-containers", object.name)
        } else {
            look
        };
        finding.fix =
            format!("correct it by the chart's values, or in the cluster, and apply again; to look closer: {look}");
    }
    findings
}
