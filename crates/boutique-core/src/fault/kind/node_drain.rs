//! `node-drain`: the node of a service is closed for new pods, and this shop's pods are evicted from it.
//!
//! As `kubectl drain`, but other people's pods stay. PodDisruptionBudgets have their say: a refused eviction (429) is a
//! result. On the only node of a cluster nothing finds a new place, and everything waits until the node is opened again.
//!
//! Minimum version: any. Who fights it: autoscalers of nodes, which may take a closed, empty node away.

use std::time::Duration;

use serde_json::{Value, json};

use super::target::{Target, is_ready, name_of};
use super::{FaultType, Injection, Undo};
use crate::fault::access::{Need, need};
use crate::fault::act::{Act, PodRef};
use crate::fault::change::{Change, Field};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::fault::selector::selects;
use crate::object::{Kind, ObjectRef};
use crate::predict::{Drained, Loss, predict};
use crate::service::Service;

pub(super) struct NodeDrain;

impl FaultType for NodeDrain {
    fn name(&self) -> &'static str {
        "node-drain"
    }

    fn about(&self) -> &'static str {
        "close the node of a service, and evict this shop's pods from it"
    }

    fn undo(&self) -> Undo {
        Undo::Changed
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            need("list", "", "nodes", "see where pods could go"),
            need("get", "", "nodes", "see whether the node is open"),
            need("patch", "", "nodes", "close the node, and open it again"),
            need("create", "", "pods/eviction", "evict pods"),
        ]
    }

    fn unfit(&self, _: Service) -> Option<String> {
        None
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let target = Target::of(scene, wish.service)?;
        let first = target.chosen(scene, Some(1))?;
        let Some(name) = node_of(first[0]) else {
            return Err(Refusal::new(format!("{} runs on no node yet", wish.service), "wait until it does"));
        };
        let Some(node) = scene.nodes.iter().find(|node| name_of(node) == name) else {
            return Err(Refusal::new(
                format!("node {name} cannot be seen by this user"),
                "ask for a ClusterRole with get, list and patch of nodes, or take --fault kill-pods",
            ));
        };
        let cordon = cordon(node);
        let by_hand: Vec<String> = cordon.iter().map(|_| format!("kubectl uncordon {name}")).collect();
        let (leaving, staying) = choose(scene, name);
        let elsewhere = scene.nodes.iter().any(|other| name_of(other) != name && is_open(other));
        let drained = Drained { service: wish.service, evicted: kills(scene, &leaving)?, elsewhere, lasts: wish.bound };
        let mut prediction = predict(&Loss::Drained(drained))
            .note(format!("{} pods of this shop leave node {name}; pods of others stay", leaving.len()));
        prediction = match elsewhere {
            true => prediction.ending("the node is opened again; pods that have gone elsewhere stay there"),
            false => prediction
                .ending("the node is opened again, and everything that waited starts at the same time")
                .note("no other node takes pods: evicted ones wait until this one is opened again"),
        };
        for (pod, budget) in &staying {
            prediction =
                prediction.note(format!("PodDisruptionBudget {budget} keeps pod {pod}: its eviction is refused (429)"));
        }
        let mut company = company(Touched::Pods, target.deployment, &scene.autoscalers);
        company.extend(node_company(node));
        let evictions = leaving
            .iter()
            .chain(
                staying
                    .iter()
                    .filter_map(|(name, _)| scene.pods.iter().find(|pod| name_of(pod) == *name))
                    .collect::<Vec<_>>()
                    .iter(),
            )
            .filter_map(|pod| PodRef::of(pod))
            .map(|pod| Act::Evict { pod })
            .collect::<Vec<_>>();
        Ok(Injection {
            acts: cordon.map(Act::Change).into_iter().chain(evictions).collect(),
            activity: None,
            canary: false,
            prediction,
            heals_itself: false,
            comes_back: Duration::ZERO,
            company,
            by_hand,
        })
    }
}

/// Closes the node; nothing where it is closed already, for then somebody else has to open it.
fn cordon(node: &Value) -> Option<Change> {
    let before = node.pointer("/spec/unschedulable").cloned();
    let uid = node.pointer("/metadata/uid").and_then(Value::as_str)?.to_owned();
    (before != Some(json!(true))).then(|| Change {
        object: ObjectRef::new(Kind::NODE, "", name_of(node)),
        uid,
        field: Field::Unschedulable,
        before,
        after: Some(json!(true)),
    })
}

/// Pods of the shop on a node: those that go, and those that a budget keeps, with its name. Both are asked to go.
fn choose<'a>(scene: &'a Scene, node: &str) -> (Vec<&'a Value>, Vec<(&'a str, &'a str)>) {
    let allowed = |budget: &Value| budget.pointer("/status/disruptionsAllowed").and_then(Value::as_u64).unwrap_or(0);
    let mut left: Vec<(&Value, u64)> = scene.budgets.iter().map(|budget| (budget, allowed(budget))).collect();
    let mut leaving = Vec::new();
    let mut staying = Vec::new();
    let here = Service::ALL.into_iter().flat_map(|service| scene.living_pods(service));
    for pod in here.filter(|pod| node_of(pod) == Some(node)) {
        let labels = pod.pointer("/metadata/labels").unwrap_or(&Value::Null);
        let mut guards = left
            .iter_mut()
            .filter(|(budget, _)| budget.pointer("/spec/selector").is_some_and(|one| selects(one, labels)));
        match guards.next() {
            Some((budget, 0)) => staying.push((name_of(pod), name_of(budget))),
            Some((_, allowed)) => {
                *allowed -= 1;
                leaving.push(pod);
            }
            None => leaving.push(pod),
        }
    }
    (leaving, staying)
}

/// What leaves, by service.
fn kills(scene: &Scene, leaving: &[&Value]) -> Result<Vec<crate::predict::Kill>, Refusal> {
    let mut kills = Vec::new();
    for service in Service::ALL {
        let app = |pod: &&&Value| pod.pointer("/metadata/labels/app").and_then(Value::as_str) == Some(service.name());
        let of_it: Vec<&Value> = leaving.iter().filter(app).copied().collect();
        if !of_it.is_empty() {
            let target = Target::of(scene, service)?;
            kills.push(target.kill(&of_it, target.grace()));
        }
    }
    Ok(kills)
}

/// Whether a node takes pods that ask for nothing special.
fn is_open(node: &Value) -> bool {
    let taints = node.pointer("/spec/taints").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let closed = taints.iter().any(|taint| taint["effect"] == "NoSchedule" || taint["effect"] == "NoExecute");
    is_ready(node) && !closed && node.pointer("/spec/unschedulable") != Some(&json!(true))
}

fn node_of(pod: &Value) -> Option<&str> {
    pod.pointer("/spec/nodeName").and_then(Value::as_str)
}

fn node_company(node: &Value) -> Option<String> {
    let name = name_of(node);
    let labelled = node.pointer("/metadata/labels").is_some_and(|labels| labels.get("karpenter.sh/nodepool").is_some());
    labelled.then(|| format!("Karpenter manages node {name} and may take it away while it is empty"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_node, mk_scene, mk_wish};
    use super::*;

    #[test]
    fn only_pods_of_the_shop_on_that_node_are_evicted() {
        let scene = mk_scene(2);
        let injection = NodeDrain.inject(&scene, &mk_wish(Service::Frontend)).unwrap();
        assert!(
            matches!(&injection.acts[0], Act::Change(change) if change.to_string() == "Node node-a: unschedulable unset → true")
        );
        let evicted = injection.acts.iter().filter(|act| matches!(act, Act::Evict { .. })).count();
        assert_eq!(evicted, scene.pods.iter().filter(|pod| node_of(pod) == Some("node-a")).count());
        assert_eq!(injection.by_hand, ["kubectl uncordon node-a"]);
    }

    #[test]
    fn a_node_that_somebody_has_closed_stays_closed() {
        let mut scene = mk_scene(1);
        scene.nodes[0]["spec"]["unschedulable"] = json!(true);
        let injection = NodeDrain.inject(&scene, &mk_wish(Service::Frontend)).unwrap();
        assert!(injection.acts.iter().all(|act| matches!(act, Act::Evict { .. })));
        assert!(injection.by_hand.is_empty());
    }

    #[test]
    fn a_budget_keeps_as_many_pods_as_it_says() {
        let mut scene = mk_scene(2);
        scene.nodes = vec![mk_node("node-a")];
        for pod in &mut scene.pods {
            pod["spec"]["nodeName"] = json!("node-a");
        }
        let (leaving, staying) = choose(&scene, "node-a");
        assert_eq!(leaving.len() + staying.len(), scene.pods.len());
        assert!(staying.contains(&("frontend-1", "frontend")), "{staying:?}");
        let injection = NodeDrain.inject(&scene, &mk_wish(Service::Frontend)).unwrap();
        assert!(injection.prediction.notes.iter().any(|note| note.contains("keeps pod frontend-1")));
    }

    #[test]
    fn who_may_not_see_nodes_is_refused() {
        let mut scene = mk_scene(1);
        scene.nodes.clear();
        assert!(NodeDrain.inject(&scene, &mk_wish(Service::Frontend)).unwrap_err().remedy.contains("ClusterRole"));
    }
}
