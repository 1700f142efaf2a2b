//! `kill-pods`: deletes pods of a service. The plainest of faults, and what nodes do to pods every day.
//!
//! Minimum version: any. Who fights it: nobody; replacing pods is what a ReplicaSet is for.

use std::time::Duration;

use super::target::Target;
use super::{FaultType, Injection, Undo};
use crate::fault::access::{Need, need};
use crate::fault::act::{Act, PodRef};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::predict::{Loss, predict};
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
        let target = Target::of(scene, wish.service)?;
        let victims = target.chosen(scene, wish.count)?;
        let kill = target.kill(&victims, wish.grace.unwrap_or_else(|| target.grace()));
        let pods = victims.iter().filter_map(|pod| PodRef::of(pod));
        Ok(Injection {
            acts: pods.map(|pod| Act::Delete { pod, grace: wish.grace }).collect(),
            activity: None,
            canary: false,
            prediction: predict(&Loss::Killed(kill)),
            heals_itself: true,
            comes_back: Duration::ZERO,
            company: company(Touched::Pods, target.deployment, &scene.autoscalers),
            by_hand: Vec::new(),
        })
    }
}
