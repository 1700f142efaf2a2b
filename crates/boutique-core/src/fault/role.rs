//! Rights of a fault as RBAC objects: a user who has exactly these can do it, and no more.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::{Need, common_needs};
use super::kind::FaultType;
use crate::contract::PLUGIN_MANAGER;
use crate::object::{Kind, Manifest};

/// Every right that a kind of fault takes: the common ones and its own, each once.
pub fn needs(kind: &dyn FaultType) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for need in common_needs().into_iter().chain(kind.needs()) {
        let same =
            |known: &&mut Need| (known.verb, known.group, known.resource) == (need.verb, need.group, need.resource);
        match needs.iter_mut().find(same) {
            Some(known) => known.required |= need.required,
            None => needs.push(need),
        }
    }
    needs
}

/// A Role with exactly the rights of a kind of fault in a namespace, and a ClusterRole where some are about nodes.
pub fn role(kind: &dyn FaultType, namespace: &str) -> Vec<Manifest> {
    let name = format!("boutique-break-{}", kind.name());
    let (cluster, here): (Vec<Need>, Vec<Need>) = needs(kind).into_iter().partition(Need::is_of_the_cluster);
    let labels = json!({"app.kubernetes.io/managed-by": PLUGIN_MANAGER});
    let body = |needs: &[Need]| json!({"metadata": {"labels": labels}, "rules": rules(needs)});
    let mut manifests = vec![Manifest::new(Kind::ROLE, namespace, &name, body(&here))];
    if !cluster.is_empty() {
        manifests.push(Manifest::new(Kind::CLUSTER_ROLE, namespace, &name, body(&cluster)));
    }
    manifests
}

/// One rule for each resource, with its verbs.
fn rules(needs: &[Need]) -> Vec<Value> {
    let mut verbs: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for need in needs {
        verbs.entry((need.group, need.resource)).or_default().push(need.verb);
    }
    verbs
        .into_iter()
        .map(|((group, resource), verbs)| json!({"apiGroups": [group], "resources": [resource], "verbs": verbs}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::kind;

    #[test]
    fn a_role_has_each_right_of_its_kind_and_no_other() {
        for kind in kind::ALL {
            let mut granted: Vec<String> = Vec::new();
            for manifest in role(*kind, "shop") {
                for rule in manifest.value()["rules"].as_array().unwrap() {
                    for verb in rule["verbs"].as_array().unwrap() {
                        granted.push(format!("{} {} {}", verb, rule["apiGroups"][0], rule["resources"][0]));
                    }
                }
            }
            let mut needed: Vec<String> = needs(*kind)
                .iter()
                .map(|need| format!("\"{}\" \"{}\" \"{}\"", need.verb, need.group, need.resource))
                .collect();
            granted.sort();
            needed.sort();
            assert_eq!(granted, needed, "{}", kind.name());
        }
    }
}
