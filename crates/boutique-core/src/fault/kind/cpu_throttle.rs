//! `cpu-throttle`: the CPU limit of running containers becomes a hundredth of a CPU, in place.
//!
//! Minimum version: 1.33 (`pods/resize`). A limit that was not there cannot be taken away again, and neither can the
//! deadline: the pods are replaced at the end. Who fights it: an autoscaler on CPU sees use that is far above the lowered
//! request and adds pods.

use super::crash_loop::live_needs;
use super::target::{Target, delete_by_hand, patch, replaced};
use super::{FaultType, Injection, Undo};
use crate::fault::access::{Need, need};
use crate::fault::act::{Act, Activity, PodRef};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::fault::squeeze::with_cpu_limit;
use crate::predict::{Gap, Loss, Slow, alert, comes_back, predict};
use crate::service::Service;

/// Thousandths of a CPU that are left: the least that Kubernetes can enforce (1 ms in each period of 100 ms).
const LEFT: u64 = 10;

/// Requests at the same time beside the prober's: who has nothing to do does not need a CPU.
const IN_FLIGHT: u16 = 4;

pub(super) struct CpuThrottle;

impl FaultType for CpuThrottle {
    fn name(&self) -> &'static str {
        "cpu-throttle"
    }

    fn about(&self) -> &'static str {
        "leave running containers a hundredth of a CPU"
    }

    fn undo(&self) -> Undo {
        Undo::Live
    }

    fn since(&self) -> Option<u32> {
        Some(33)
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = live_needs("set a deadline");
        needs.push(need("patch", "", "pods/resize", "lower the CPU limit"));
        needs
    }

    fn unfit(&self, _: Service) -> Option<String> {
        None
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let target = Target::of(scene, wish.service)?;
        let victims = target.chosen(scene, wish.count)?;
        let container = target.container_name()?;
        let mut acts = Vec::new();
        for pod in &victims {
            let resources = with_cpu_limit(pod, container, LEFT)?;
            let Some((marked, pod)) = patch(scene, wish, pod, []).zip(PodRef::of(pod)) else { continue };
            acts.extend([marked, Act::Resize { pod, container: container.to_owned(), resources }]);
        }
        let survivors = target.survivors(&victims);
        let slow = Slow {
            service: wish.service,
            caller: None,
            by: None,
            begins: Gap::NONE,
            lasts: wish.bound,
            ends: comes_back(target.readiness()),
            rolled: None,
        };
        let until = Gap { shortest: wish.bound, longest: wish.bound };
        let throttled =
            alert("BoutiqueCPUThrottling", [std::time::Duration::ZERO; 2], until, "it waits for CPU in most periods");
        let mut predicted = predict(&Loss::Slow(slow))
            .alert(throttled)
            .ending(replaced(&target, survivors))
            .note("where it is so slow that its probes give up (1 s, three times), it leaves its Service or is restarted, and pages fail");
        if survivors > 0 {
            predicted =
                predicted.note("each caller keeps the connection that it has: those of the other pods notice nothing");
        }
        Ok(Injection {
            acts,
            activity: Some(Activity::Load { in_flight: IN_FLIGHT }),
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
    fn each_pod_is_marked_before_it_is_throttled() {
        let injection = CpuThrottle.inject(&mk_scene(2), &mk_wish(Service::Currencyservice)).unwrap();
        assert!(matches!(injection.acts[0], Act::PatchPod { .. }));
        let requests: Vec<_> = injection.acts.iter().filter_map(|act| act.request("shop")).collect();
        insta::assert_json_snapshot!(requests);
    }
}
