//! `latency`: a service answers late.
//!
//! productcatalogservice can do that itself (`EXTRA_LATENCY`). Before any other one, a proxy is put (toxiproxy, whose image
//! has to be named), and one caller is given the proxy's address: connections of gRPC live as long as their pods, so that
//! only a rollout of the caller makes new ones.
//!
//! The proxy outlives the fault by a day if nobody undoes it: the caller's address still points at it.
//!
//! Minimum version: any. Who fights it: whoever deployed the template.

use std::time::Duration;

use serde_json::{Value, json};

use super::bad_address::{change_needs, readdress, set_env};
use super::target::{Target, name};
use super::{FaultType, Injection, Undo};
use crate::catalogue::{address, calls};
use crate::contract::FAULT;
use crate::fault::access::{Need, wish};
use crate::fault::act::{Act, Activity};
use crate::fault::change::{Change, Field};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::object::{Kind, Manifest, ObjectRef};
use crate::predict::{Loss, Slow, predict};
use crate::service::Service;

/// The variable by which productcatalogservice slows itself down; a duration as Go writes it.
const KNOB: &str = "EXTRA_LATENCY";

/// Port of toxiproxy's API, and the one on which it takes calls here.
const CONTROL: u16 = 8474;
const LISTEN: u16 = 8475;

pub(super) struct Latency;

impl FaultType for Latency {
    fn name(&self) -> &'static str {
        "latency"
    }

    fn about(&self) -> &'static str {
        "hold up every answer by --delay; a proxy does it for all but productcatalogservice"
    }

    fn undo(&self) -> Undo {
        Undo::Changed
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = change_needs();
        // For productcatalogservice nothing is added.
        needs.extend([
            wish("create", "", "pods", "put a proxy before the service"),
            wish("create", "", "services", "give the proxy an address"),
            wish("create", "", "pods/proxy", "tell the proxy what to do"),
            wish("create", "batch", "jobs", "light the fuse"),
            wish("list", "batch", "jobs", "find the fuse"),
            wish("delete", "batch", "jobs", "put out the fuse, and all that hangs on it"),
            wish("watch", "", "services", "see that its address is gone"),
        ]);
        needs
    }

    fn unfit(&self, service: Service) -> Option<String> {
        match service {
            Service::Loadgenerator => Some("nobody waits for it".to_owned()),
            Service::Frontend => {
                Some("shoppers reach it through its Service, which a proxy cannot stand before".to_owned())
            }
            _ => None,
        }
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        if wish.service == Service::Productcatalogservice && wish.image.is_none() {
            by_itself(scene, wish)
        } else {
            by_proxy(scene, wish)
        }
    }
}

fn by_itself(scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
    let target = Target::of(scene, wish.service)?;
    target.refuse_if_paused(&scene.namespace)?;
    let entries = target.container().and_then(|container| container.get("env")).and_then(Value::as_array);
    let entry = entries.and_then(|entries| entries.iter().find(|entry| name(entry) == KNOB));
    if entry.is_some_and(|entry| entry.get("value").is_none()) {
        return Err(Refusal::new(
            format!("{KNOB} of Deployment {} holds no plain value, so that it cannot be exchanged", wish.service),
            "name a proxy with --image",
        ));
    }
    let change = Change {
        object: ObjectRef::new(Kind::DEPLOYMENT, &scene.namespace, wish.service.name()),
        uid: target.uid(),
        field: Field::Env { container: target.container_name()?.to_owned(), name: KNOB.to_owned() },
        before: entry.and_then(|entry| entry.get("value")).cloned(),
        after: Some(json!(format!("{}ms", wish.delay.as_millis()))),
    };
    if change.before == change.after {
        return Err(Refusal::new(format!("{} is that slow already ({KNOB})", wish.service), "choose another --delay"));
    }
    Ok(injection(scene, wish, &target, None, vec![Act::Change(change)]))
}

fn by_proxy(scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
    let service = wish.service;
    let Some(image) = &wish.image else {
        return Err(Refusal::new(
            format!("{service} cannot slow itself down; only productcatalogservice can"),
            "give the image of a proxy: --image ghcr.io/shopify/toxiproxy:2.12.0",
        ));
    };
    let caller = caller(scene, wish)?;
    let target = Target::of(scene, caller)?;
    target.refuse_if_paused(&scene.namespace)?;
    scene.deployment(service)?;
    let name = format!("boutique-fault-{}", wish.id);
    let change = readdress(scene, &target, service, &format!("{name}:{LISTEN}"))?;
    let upstream = match &change.before {
        Some(Value::String(before)) => before.clone(),
        _ => address(service).unwrap_or_default(),
    };
    let acts =
        vec![Act::Add(proxy(scene, wish, &name, image)), Act::Add(front(scene, wish, &name)), Act::Change(change)];
    let mut injection = injection(scene, wish, &target, Some(caller), acts);
    injection.activity =
        Some(Activity::Delay { service, pod: name, control: CONTROL, listen: LISTEN, upstream, by: wish.delay });
    Ok(injection)
}

fn injection(scene: &Scene, wish: &Wish, target: &Target<'_>, caller: Option<Service>, acts: Vec<Act>) -> Injection {
    let rollout = target.rollout();
    let slow = Slow {
        service: wish.service,
        caller,
        by: Some(wish.delay),
        begins: rollout,
        lasts: wish.bound,
        ends: rollout,
        rolled: Some(target.service),
    };
    let mut prediction = predict(&Loss::Slow(slow))
        .ending("all is as fast as before when the first pod of the old template is Ready")
        .note(format!("until a new pod of {} is Ready, {rollout}, nobody notices anything", target.service))
        .note("while its pods are exchanged, at both ends, requests fail for moments");
    if rollout.longest >= wish.bound {
        prediction = prediction.note("the rollout may take longer than the fault lasts: give it more with --for");
    }
    let by_hand = acts.iter().filter_map(|act| match act {
        Act::Change(change) => Some(set_env(&scene.namespace, target.service, change)),
        _ => None,
    });
    Injection {
        by_hand: by_hand.collect(),
        acts,
        activity: None,
        canary: false,
        prediction,
        heals_itself: false,
        comes_back: Duration::ZERO,
        company: company(Touched::Template, target.deployment, &scene.autoscalers),
    }
}

/// Whose calls go through the proxy: the frontend's, if it calls the service, or else those of whoever does.
fn caller(scene: &Scene, wish: &Wish) -> Result<Service, Refusal> {
    let calls = |caller: Service| calls(caller).iter().any(|call| call.service == wish.service);
    let here = |caller: &Service| calls(*caller) && scene.deployment(*caller).is_ok();
    let callers: Vec<Service> =
        Service::ALL.into_iter().filter(here).filter(|caller| *caller != Service::Loadgenerator).collect();
    let chosen = wish.peer.or_else(|| callers.first().copied());
    chosen.filter(|caller| callers.contains(caller)).ok_or_else(|| {
        let names: Vec<&str> = callers.iter().map(|caller| caller.name()).collect();
        let remedy = match names.len() {
            0 => "take another --fault".to_owned(),
            _ => format!("{} is called by {}", wish.service, names.join(", ")),
        };
        Refusal::new(format!("nobody of that name calls {} in this shop", wish.service), remedy)
    })
}

fn proxy(scene: &Scene, wish: &Wish, name: &str, image: &str) -> Manifest {
    let body = json!({
        "metadata": {"labels": {FAULT: wish.id, "app": name}},
        "spec": {
            "automountServiceAccountToken": false,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "toxiproxy",
                "image": image,
                "args": ["-host=0.0.0.0"],
                "ports": [{"name": "control", "containerPort": CONTROL}, {"name": "calls", "containerPort": LISTEN}],
                "readinessProbe": {"tcpSocket": {"port": CONTROL}, "periodSeconds": 1},
                "resources": {
                    "requests": {"cpu": "10m", "memory": "16Mi"},
                    "limits": {"memory": "128Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": true,
                },
            }],
        },
    });
    Manifest::new(Kind::POD, &scene.namespace, name, body)
}

fn front(scene: &Scene, wish: &Wish, name: &str) -> Manifest {
    let body = json!({
        "metadata": {"labels": {FAULT: wish.id}},
        "spec": {"selector": {"app": name}, "ports": [{"name": "calls", "port": LISTEN, "targetPort": LISTEN}]},
    });
    Manifest::new(Kind::SERVICE, &scene.namespace, name, body)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_scene, mk_wish};
    use super::*;

    #[test]
    fn the_catalogue_slows_itself_down_and_forgets_it_afterwards() {
        let injection = Latency.inject(&mk_scene(1), &mk_wish(Service::Productcatalogservice)).unwrap();
        let Act::Change(change) = &injection.acts[0] else { panic!("no change") };
        assert_eq!(change.to_string(), "Deployment shop/productcatalogservice: env EXTRA_LATENCY unset → 200ms");
        assert_eq!(
            injection.by_hand,
            ["kubectl set env -n shop deployment/productcatalogservice -c server EXTRA_LATENCY-"]
        );
    }

    #[test]
    fn others_need_a_proxy_and_say_so() {
        let refusal = Latency.inject(&mk_scene(1), &mk_wish(Service::Paymentservice)).unwrap_err();
        assert!(refusal.remedy.contains("--image"), "{}", refusal.remedy);
    }

    #[test]
    fn a_proxy_hands_on_to_the_address_that_was_there() {
        let wish = Wish { image: Some("toxiproxy:2".into()), ..mk_wish(Service::Paymentservice) };
        let injection = Latency.inject(&mk_scene(1), &wish).unwrap();
        let Some(Activity::Delay { upstream, pod, .. }) = &injection.activity else { panic!("no delay") };
        assert_eq!((upstream.as_str(), pod.as_str()), ("paymentservice:50051", "boutique-fault-a1b2"));
        let Act::Change(change) = &injection.acts[2] else { panic!("no change") };
        assert_eq!(
            change.to_string(),
            "Deployment shop/checkoutservice: env PAYMENT_SERVICE_ADDR paymentservice:50051 → boutique-fault-a1b2:8475"
        );
        let requests: Vec<_> = injection.acts.iter().filter_map(|act| act.request("shop")).collect();
        insta::assert_json_snapshot!(requests);
    }
}
