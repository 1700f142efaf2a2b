//! `kill-pods`: deletes pods of a service. The plainest of faults, and what nodes do to pods every day.

use std::time::Duration;

use serde_json::Value;

use super::{FaultType, Injection, Undo};
use crate::fault::access::{Need, need};
use crate::fault::act::{Act, PodRef};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::predict::{Kill, Loss, Readiness, predict};
use crate::service::Service;

pub(super) struct KillPods;

impl FaultType for KillPods {
    fn name(&self) -> &'static str {
        "kill-pods"
    }

    fn about(&self) -> &'static str {
        "delete pods; their ReplicaSet replaces them"
    }

    fn undo(&self) -> Undo {
        Undo::Live
    }

    fn needs(&self) -> Vec<Need> {
        vec![need("delete", "", "pods", "kill them")]
    }

    fn unfit(&self, _: Service) -> Option<String> {
        None
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let service = wish.service;
        let template = scene.deployment(service)?.pointer("/spec/template").unwrap_or(&Value::Null);
        let pods = scene.living_pods(service);
        let victims: Vec<PodRef> =
            pods.iter().filter_map(|pod| PodRef::of(pod)).take(wish.count.unwrap_or(usize::MAX)).collect();
        if victims.is_empty() {
            return Err(Refusal::new(
                format!("{service} has no pod to kill"),
                format!("see kubectl boutique status -n {}", scene.namespace),
            ));
        }
        let stated = template.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64).unwrap_or(30);
        let kill = Kill {
            service,
            killed: victims.len(),
            survivors: pods.len() - victims.len(),
            grace: wish.grace.unwrap_or_else(|| Duration::from_secs(stated)),
            readiness: Readiness::of_template(template),
        };
        Ok(Injection {
            acts: victims.into_iter().map(|pod| Act::Delete { pod, grace: wish.grace }).collect(),
            activity: None,
            canary: false,
            prediction: predict(&Loss::Killed(kill)),
            heals_itself: true,
            comes_back: Duration::ZERO,
            company: Vec::new(),
            by_hand: Vec::new(),
        })
    }
}
