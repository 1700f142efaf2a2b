//! `bad-address`: a variable by which a service finds another one points nowhere.
//!
//! The rollout succeeds, because no health check of this shop calls anybody: new pods become Ready, old ones go, and only
//! then pages fail. The address is a closed port of the pod itself, so that calls are refused at once and no name server is
//! asked.
//!
//! Minimum version: any. Who fights it: whoever deployed the template.

use std::time::Duration;

use serde_json::{Value, json};

use super::target::{Target, name};
use super::{FaultType, Injection, Undo};
use crate::catalogue::workload;
use crate::fault::access::{Need, need};
use crate::fault::act::Act;
use crate::fault::change::{Change, Field};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::object::{Kind, ObjectRef};
use crate::predict::{Cut, Loss, Manner, callees_by_harm, predict};
use crate::service::Service;

/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1";

pub(super) struct BadAddress;

impl FaultType for BadAddress {
    fn name(&self) -> &'static str {
        "bad-address"
    }

    fn about(&self) -> &'static str {
        "point the address of --peer nowhere; the rollout succeeds all the same"
    }

    fn undo(&self) -> Undo {
        Undo::Changed
    }

    fn needs(&self) -> Vec<Need> {
        change_needs()
    }

    fn unfit(&self, service: Service) -> Option<String> {
        workload(service).callees().is_empty().then(|| "it calls nobody".to_owned())
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let caller = wish.service;
        let target = Target::of(scene, caller)?;
        target.refuse_if_paused(&scene.namespace)?;
        let callee = peer(wish)?;
        let change = readdress(scene, &target, callee, NOWHERE)?;
        let rollout = target.rollout();
        let cut = Cut {
            caller: Some(caller),
            callee,
            manner: Manner::Refused,
            open_connections_survive: false,
            begins: rollout,
            lasts: wish.bound,
            ends: rollout,
            rolled: Some(caller),
            killed: None,
        };
        let mut prediction = predict(&Loss::Cut(cut))
            .ending("the old address comes back by a rollout: pages work when the first new pod is Ready")
            .note(format!("until a new pod of {caller} is Ready, {rollout}, nobody notices anything"));
        prediction.service = caller;
        if caller == Service::Loadgenerator {
            prediction = prediction.note("the simulated shoppers find nobody; the shop does not notice");
        }
        Ok(Injection {
            by_hand: vec![set_env(&scene.namespace, caller, &change)],
            acts: vec![Act::Change(change)],
            activity: None,
            canary: false,
            prediction,
            heals_itself: false,
            comes_back: Duration::ZERO,
            company: company(Touched::Template, target.deployment, &scene.autoscalers),
        })
    }
}

/// Rights of a fault that changes a Deployment.
pub(super) fn change_needs() -> Vec<Need> {
    vec![
        need("get", "apps", "deployments", "see what would be changed"),
        need("patch", "apps", "deployments", "change it, and put it back"),
    ]
}

/// The other end: the one that was named, or the one whose loss hurts most.
fn peer(wish: &Wish) -> Result<Service, Refusal> {
    let callees = callees_by_harm(wish.service);
    let named = wish.peer.or_else(|| callees.first().copied());
    named.filter(|peer| callees.contains(peer)).ok_or_else(|| {
        let names: Vec<&str> = callees.iter().map(|callee| callee.name()).collect();
        match wish.peer {
            Some(peer) => {
                Refusal::new(format!("{} does not call {peer}", wish.service), format!("it calls {}", names.join(", ")))
            }
            None => Refusal::new(format!("{} calls nobody", wish.service), "take another --fault"),
        }
    })
}

/// The change of the variable by which `target` finds `callee`.
pub(super) fn readdress(scene: &Scene, target: &Target<'_>, callee: Service, address: &str) -> Result<Change, Refusal> {
    let caller = target.service;
    let container = target.container_name()?;
    let refuse = |reason: String| Refusal::new(reason, "take --fault scale-to-zero or --fault crash-loop");
    let variable = workload(caller).env.iter().find(|env| env.value.callee() == Some(callee)).map(|env| env.name);
    let variable = variable.ok_or_else(|| refuse(format!("{caller} has no variable for the address of {callee}")))?;
    let entries = target.container().and_then(|container| container.get("env")).and_then(Value::as_array);
    let entry = entries.and_then(|entries| entries.iter().find(|entry| name(entry) == variable));
    let before = entry.and_then(|entry| entry.get("value")).cloned().ok_or_else(|| {
        refuse(format!("{variable} of Deployment {caller} holds no plain value, so that it cannot be exchanged"))
    })?;
    if before == address {
        return Err(refuse(format!("{variable} of Deployment {caller} is {address} already")));
    }
    Ok(Change {
        object: ObjectRef::new(Kind::DEPLOYMENT, &scene.namespace, caller.name()),
        uid: target.uid(),
        field: Field::Env { container: container.to_owned(), name: variable.to_owned() },
        before: Some(before),
        after: Some(json!(address)),
    })
}

/// The line for a shell that puts a variable back.
pub(super) fn set_env(namespace: &str, service: Service, change: &Change) -> String {
    let Field::Env { container, name } = &change.field else { return String::new() };
    let back = match &change.before {
        Some(Value::String(value)) => format!("{name}={value}"),
        Some(value) => format!("{name}={value}"),
        None => format!("{name}-"),
    };
    format!("kubectl set env -n {namespace} deployment/{service} -c {container} {back}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_scene, mk_wish};
    use super::*;

    #[test]
    fn the_callee_that_hurts_most_is_taken_unless_one_is_named() {
        let injection = BadAddress.inject(&mk_scene(1), &mk_wish(Service::Frontend)).unwrap();
        let Act::Change(change) = &injection.acts[0] else { panic!("no change") };
        assert_eq!(
            change.to_string(),
            "Deployment shop/frontend: env CURRENCY_SERVICE_ADDR currencyservice:7000 → 127.0.0.1:1"
        );
        assert_eq!(
            injection.by_hand,
            ["kubectl set env -n shop deployment/frontend -c server CURRENCY_SERVICE_ADDR=currencyservice:7000"]
        );
        let wish = Wish { peer: Some(Service::Adservice), ..mk_wish(Service::Frontend) };
        let injection = BadAddress.inject(&mk_scene(1), &wish).unwrap();
        assert!(matches!(&injection.acts[0], Act::Change(change) if change.to_string().contains("AD_SERVICE_ADDR")));
    }

    #[test]
    fn a_stranger_is_refused_with_the_names_of_those_who_are_called() {
        let wish = Wish { peer: Some(Service::Paymentservice), ..mk_wish(Service::Cartservice) };
        let refusal = BadAddress.inject(&mk_scene(1), &wish).unwrap_err();
        assert_eq!(
            (refusal.reason.as_str(), refusal.remedy.as_str()),
            ("cartservice does not call paymentservice", "it calls redis-cart")
        );
    }

    #[test]
    fn a_paused_rollout_and_a_value_from_elsewhere_are_refused() {
        let mut scene = mk_scene(1);
        let frontend = scene.deployments.iter_mut().find(|live| live["metadata"]["name"] == "frontend").unwrap();
        frontend["spec"]["paused"] = json!(true);
        let refusal = BadAddress.inject(&scene, &mk_wish(Service::Frontend)).unwrap_err();
        assert!(refusal.remedy.starts_with("kubectl rollout resume"), "{}", refusal.remedy);
        let cart = scene.deployments.iter_mut().find(|live| live["metadata"]["name"] == "cartservice").unwrap();
        cart["spec"]["template"]["spec"]["containers"][0]["env"] =
            json!([{"name": "REDIS_ADDR", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "url"}}}]);
        let refusal = BadAddress.inject(&scene, &mk_wish(Service::Cartservice)).unwrap_err();
        assert!(refusal.reason.contains("no plain value"), "{}", refusal.reason);
    }
}
