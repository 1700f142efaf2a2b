//! `partition`: a NetworkPolicy keeps callers from a service.
//!
//! Policies only ever allow, and what one of them allows no other one forbids. So a policy can cut only where none stands
//! yet: at the callee, it lets in everybody but the callers; where policies say already who comes in, one at the callers
//! lets out everything but the callee. Where both are taken, the fault is refused: added to a rule that allows the way it
//! would do nothing, and added to one that forbids all else it would open what was closed.
//!
//! Whether connections that are open already are cut, Kubernetes leaves to the network, and many look at new ones only. gRPC
//! keeps a connection for the life of a pod, so the pods of the service are replaced once, after the policy is there:
//! whoever may not come in finds that out then, and everybody else comes back to the new pods.
//!
//! Minimum version: any, with a network that enforces policies, which a canary proves first. Who fights it: nobody.

use std::time::Duration;

use serde_json::{Value, json};

use super::target::{Target, name_of};
use super::{FaultType, Injection, Undo};
use crate::catalogue::calls;
use crate::contract::FAULT;
use crate::fault::access::{Need, need, wish};
use crate::fault::act::{Act, PodRef};
use crate::fault::company::{Touched, company};
use crate::fault::fuse::fuse_name;
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::fault::selector::selects;
use crate::object::{Kind, Manifest};
use crate::predict::{Cut, Gap, Loss, Manner, predict};
use crate::service::Service;

/// How long it may take until every node of a cluster has heard of a policy.
const SPREADS: Gap = Gap { shortest: Duration::ZERO, longest: Duration::from_secs(10) };

pub(super) struct Partition;

impl FaultType for Partition {
    fn name(&self) -> &'static str {
        "partition"
    }

    fn about(&self) -> &'static str {
        "cut the network between a service and --peer, or all its callers"
    }

    fn undo(&self) -> Undo {
        Undo::Added
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            need("create", "networking.k8s.io", "networkpolicies", "cut the network"),
            wish("watch", "networking.k8s.io", "networkpolicies", "see that it is gone"),
            wish("delete", "networking.k8s.io", "networkpolicies", "remove it where the fuse is missing"),
            need("create", "batch", "jobs", "light the fuse"),
            need("list", "batch", "jobs", "find the fuse"),
            need("delete", "batch", "jobs", "put out the fuse, and all that hangs on it"),
            need("create", "", "pods", "send a canary through the network"),
            need("delete", "", "pods", "take the canary back, and break connections"),
            need("list", "", "services", "find a way for the canary"),
        ]
    }

    fn unfit(&self, service: Service) -> Option<String> {
        (service == Service::Loadgenerator)
            .then(|| "nobody calls it; cut frontend from it: --peer loadgenerator".into())
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let target = Target::of(scene, wish.service)?;
        let (caller, callee) = ends(wish)?;
        let policy = policy(scene, wish, caller, callee)?;
        let cut = Cut {
            caller,
            callee,
            manner: Manner::RefusedOrSilent,
            open_connections_survive: false,
            begins: SPREADS,
            lasts: wish.bound,
            ends: SPREADS,
            rolled: None,
            killed: Some(target.kill(&target.pods, target.grace())),
        };
        let mut prediction = predict(&Loss::Cut(cut))
            .note(format!("the pods of {} are replaced once: connections that are open would go on otherwise", wish.service))
            .note("some networks refuse what a policy forbids, others drop it, and then calls hang until somebody gives up")
            .note("a caller that was cut asks again with growing pauses, so that it may take a minute after the end");
        prediction.service = wish.service;
        if callee == Service::Frontend && caller.is_none() {
            prediction = prediction.note("the kubelet, and on some networks the API server's proxy, still get through");
        }
        let pods = target.pods.iter().filter_map(|pod| PodRef::of(pod));
        let replaced = pods.map(|pod| Act::Delete { pod, grace: None });
        Ok(Injection {
            acts: std::iter::once(Act::Add(policy)).chain(replaced).collect(),
            activity: None,
            canary: true,
            prediction,
            heals_itself: false,
            comes_back: Duration::ZERO,
            company: company(Touched::Pods, target.deployment, &scene.autoscalers),
            by_hand: vec![format!(
                "kubectl delete job -n {} {} --cascade=foreground",
                scene.namespace,
                fuse_name(&wish.id)
            )],
        })
    }
}

/// Who is cut from whom. A peer may be at either end.
fn ends(wish: &Wish) -> Result<(Option<Service>, Service), Refusal> {
    let (service, Some(peer)) = (wish.service, wish.peer) else { return Ok((None, wish.service)) };
    let calls = |caller: Service, callee: Service| calls(caller).iter().any(|call| call.service == callee);
    if calls(peer, service) {
        Ok((Some(peer), service))
    } else if calls(service, peer) {
        Ok((Some(service), peer))
    } else {
        let others = Service::ALL.into_iter().filter(|other| calls(*other, service) || calls(service, *other));
        let names: Vec<&str> = others.map(Service::name).collect();
        Err(Refusal::new(
            format!("{service} and {peer} do not talk to each other"),
            format!("{service} talks to {}", names.join(", ")),
        ))
    }
}

fn policy(scene: &Scene, wish: &Wish, caller: Option<Service>, callee: Service) -> Result<Manifest, Refusal> {
    let callers: Vec<Service> = match caller {
        Some(caller) => vec![caller],
        None => {
            Service::ALL.into_iter().filter(|other| calls(*other).iter().any(|call| call.service == callee)).collect()
        }
    };
    let governed = |service: Service, direction: &str| {
        scene.policies.iter().find(|policy| governs(policy, service, direction)).map(name_of)
    };
    let at_callee = governed(callee, "Ingress");
    let at_callers = callers.iter().find_map(|caller| governed(*caller, "Egress"));
    let spec = match (at_callee, at_callers) {
        (None, _) => ingress(scene, caller, callee),
        // Shoppers do not come from pods whose way out could be closed.
        (Some(_), None) if !(callee == Service::Frontend && caller.is_none()) => egress(scene, &callers, callee),
        (Some(policy), _) => {
            return Err(Refusal::new(
                format!(
                    "NetworkPolicy {policy} says already who may reach {callee}, and what it allows no other policy forbids"
                ),
                "take --fault bad-address on the caller, or --fault scale-to-zero",
            ));
        }
    };
    let body = json!({"metadata": {"labels": {FAULT: wish.id}}, "spec": spec});
    Ok(Manifest::new(Kind::NETWORK_POLICY, &scene.namespace, &format!("boutique-fault-{}", wish.id), body))
}

/// Lets in everybody but the callers; nobody, where no caller is named.
fn ingress(scene: &Scene, caller: Option<Service>, callee: Service) -> Value {
    let rules = match caller {
        Some(caller) => json!([{"from": all_pods_but(scene, &[caller])}]),
        None => json!([]),
    };
    json!({"podSelector": {"matchLabels": {"app": callee.name()}}, "policyTypes": ["Ingress"], "ingress": rules})
}

/// Lets out everything but what goes to the callee. Name servers may be no pods, so that their port is open to all.
fn egress(scene: &Scene, callers: &[Service], callee: Service) -> Value {
    let names: Vec<&str> = callers.iter().map(|caller| caller.name()).collect();
    json!({
        "podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": names}]},
        "policyTypes": ["Egress"],
        "egress": [
            {"to": all_pods_but(scene, &[callee])},
            {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        ],
    })
}

/// Pods of this namespace but some, and all pods of the others.
fn all_pods_but(scene: &Scene, services: &[Service]) -> Value {
    let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
    json!([
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": names}]}},
        {"namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [scene.namespace]}]}},
    ])
}

/// Whether a policy has a say in one direction of a service's pods.
fn governs(policy: &Value, service: Service, direction: &str) -> bool {
    let types = policy.pointer("/spec/policyTypes").and_then(Value::as_array);
    let speaks = match types {
        Some(types) => types.iter().any(|stated| stated == direction),
        None => direction == "Ingress" || policy.pointer("/spec/egress").is_some(),
    };
    let labels = json!({"app": service.name()});
    speaks && policy.pointer("/spec/podSelector").is_none_or(|selector| selects(selector, &labels))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_scene, mk_wish};
    use super::*;

    fn spec(scene: &Scene, wish: &Wish) -> Value {
        match &Partition.inject(scene, wish).unwrap().acts[0] {
            Act::Add(policy) => policy.value()["spec"].clone(),
            _ => panic!("nothing is added"),
        }
    }

    fn mk_policy(direction: &str, app: &str) -> Value {
        json!({"metadata": {"name": "walls"},
            "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": [direction]}})
    }

    #[test]
    fn without_a_peer_nobody_gets_in() {
        let spec = spec(&mk_scene(1), &mk_wish(Service::Cartservice));
        assert_eq!(spec["podSelector"], json!({"matchLabels": {"app": "cartservice"}}));
        assert_eq!(spec["ingress"], json!([]));
    }

    #[test]
    fn a_peer_may_be_at_either_end() {
        let to = Wish { peer: Some(Service::Frontend), ..mk_wish(Service::Cartservice) };
        let from = Wish { peer: Some(Service::Cartservice), ..mk_wish(Service::Frontend) };
        assert_eq!(spec(&mk_scene(1), &to), spec(&mk_scene(1), &from));
        insta::assert_json_snapshot!(spec(&mk_scene(1), &to));
        let stranger = Wish { peer: Some(Service::Adservice), ..mk_wish(Service::Cartservice) };
        let refusal = Partition.inject(&mk_scene(1), &stranger).unwrap_err();
        assert_eq!(refusal.remedy, "cartservice talks to frontend, checkoutservice, redis-cart");
    }

    #[test]
    fn where_policies_let_in_the_way_out_is_closed() {
        let mut scene = mk_scene(1);
        scene.policies = vec![mk_policy("Ingress", "cartservice")];
        let wish = Wish { peer: Some(Service::Frontend), ..mk_wish(Service::Cartservice) };
        insta::assert_json_snapshot!(spec(&scene, &wish));
    }

    #[test]
    fn where_both_ends_have_policies_it_is_refused() {
        let mut scene = mk_scene(1);
        scene.policies = vec![mk_policy("Ingress", "cartservice"), mk_policy("Egress", "frontend")];
        let refusal = Partition.inject(&scene, &mk_wish(Service::Cartservice)).unwrap_err();
        assert!(refusal.reason.starts_with("NetworkPolicy walls says already"), "{}", refusal.reason);
    }
}
