//! `oom`: the memory limit of a running container is lowered to just above its use, then it gets work to do.
//!
//! The kernel kills it as soon as it needs more. It starts again under the same limit: a process that needs more for its
//! start than it had crashes from then on, another one serves until it is killed again.
//!
//! Minimum version: 1.34. `pods/resize` came with 1.33, but refused to lower a memory limit without a restart until
//! 1.34 (kubernetes/kubernetes#133012). Who fights it: nobody; VerticalPodAutoscalers recommend more memory afterwards.

use std::time::Duration;

use super::crash_loop::live_needs;
use super::target::{Target, delete_by_hand, patch, replaced};
use super::{FaultType, Injection, Undo};
use crate::fault::access::{Need, need, wish};
use crate::fault::act::{Activity, PodRef};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::fault::squeeze::{memory_limit, with_memory_limit};
use crate::predict::{Gap, Gone, Loss, alert, predict};
use crate::service::Service;

/// Requests at the same time: each of them takes memory.
const IN_FLIGHT: u16 = 100;

/// From the beginning of the squeeze to the first kill: steps of a few seconds each.
const BEGINS: Gap = Gap { shortest: Duration::from_secs(1), longest: Duration::from_secs(40) };

pub(super) struct Oom;

impl FaultType for Oom {
    fn name(&self) -> &'static str {
        "oom"
    }

    fn about(&self) -> &'static str {
        "squeeze a running container's memory until the kernel kills it"
    }

    fn undo(&self) -> Undo {
        Undo::Live
    }

    fn since(&self) -> Option<u32> {
        Some(34)
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = live_needs("set a deadline");
        needs.push(need("patch", "", "pods/resize", "lower the memory limit"));
        needs.push(wish("get", "metrics.k8s.io", "pods", "see how much memory is used"));
        needs
    }

    fn unfit(&self, _: Service) -> Option<String> {
        None
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let target = Target::of(scene, wish.service)?;
        // One pod: that its siblings take over is part of the picture.
        let victims = target.chosen(scene, Some(1))?;
        let container = target.container_name()?;
        let Some(from) = memory_limit(victims[0], container) else {
            return Err(Refusal::new(
                format!("container {container} of {} has no memory limit that could be lowered", wish.service),
                "give it one (resources.limits.memory), or take --fault crash-loop",
            ));
        };
        // What Kubernetes would refuse later, it is better to refuse now.
        with_memory_limit(victims[0], container, from / 2)?;
        let survivors = target.survivors(&victims);
        let gone = Gone {
            begins: BEGINS,
            flaps: true,
            ..Gone::at_once(wish.service, survivors, wish.bound, target.grace(), target.readiness())
        };
        let until = Gap { shortest: Duration::ZERO, ..gone.until() };
        let killed = alert("BoutiqueOOMKilled", [BEGINS.shortest; 2], until, "the kernel kills it at its memory limit");
        let predicted = predict(&Loss::Gone(gone))
            .alert(killed)
            .ending(replaced(&target, survivors))
            .note("the kernel kills it again and again until the pod is replaced; whether it serves in between depends on what it needs to start");
        Ok(Injection {
            acts: victims.iter().filter_map(|pod| patch(scene, wish, pod, [])).collect(),
            activity: PodRef::of(victims[0]).map(|pod| Activity::Squeeze {
                pod,
                container: container.to_owned(),
                from,
                in_flight: IN_FLIGHT,
            }),
            canary: false,
            prediction: predicted,
            heals_itself: false,
            comes_back: target.comes_back(),
            company: company(Touched::Pods, target.deployment, &scene.autoscalers),
            by_hand: delete_by_hand(&scene.namespace, &victims),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_scene, mk_wish};
    use super::*;

    #[test]
    fn one_pod_is_marked_first_and_then_squeezed_from_its_limit() {
        let injection = Oom.inject(&mk_scene(2), &mk_wish(Service::Currencyservice)).unwrap();
        assert_eq!(injection.acts.len(), 1);
        let Some(Activity::Squeeze { pod, from, .. }) = injection.activity else { panic!("no squeeze") };
        assert_eq!((pod.name.as_str(), from), ("currencyservice-0", 256 << 20));
    }

    #[test]
    fn without_a_limit_there_is_nothing_to_lower() {
        let mut scene = mk_scene(1);
        for pod in &mut scene.pods {
            pod["spec"]["containers"][0]["resources"] = serde_json::json!({});
        }
        let refusal = Oom.inject(&scene, &mk_wish(Service::Currencyservice)).unwrap_err();
        assert!(refusal.to_string().contains("no memory limit"), "{refusal}");
    }
}
