//! `leak`: redis-cart is filled until the kernel kills it. Upstream gives carts no expiry and Redis no `maxmemory`, so this
//! is what enough shoppers would do in months.
//!
//! The keys carry a prefix of the fault and expire with it, so that nothing is left if Redis survives. If it does not, its
//! container starts again in the same pod, and starts empty: carts are lost.
//!
//! Minimum version: any. Who fights it: nobody.

use std::time::Duration;

use super::target::Target;
use super::{FaultType, Injection, Undo};
use crate::fault::access::{Need, need};
use crate::fault::act::{Activity, PodRef};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::fault::squeeze::memory_limit;
use crate::predict::{Gap, Kill, Loss, alert, predict};
use crate::service::Service;

/// Most that is filled in at all: half a gibibyte beyond any sensible limit of this database.
const MOST: u64 = 1 << 30;

pub(super) struct Leak;

impl FaultType for Leak {
    fn name(&self) -> &'static str {
        "leak"
    }

    fn about(&self) -> &'static str {
        "fill redis-cart until its memory does not suffice"
    }

    fn undo(&self) -> Undo {
        Undo::Live
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            need("get", "", "pods/portforward", "talk to Redis"),
            need("create", "", "pods/portforward", "talk to Redis"),
        ]
    }

    fn unfit(&self, service: Service) -> Option<String> {
        (service != Service::RedisCart).then(|| "only redis-cart keeps what it is given".to_owned())
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let target = Target::of(scene, wish.service)?;
        let victims = target.chosen(scene, Some(1))?;
        let container = target.container_name()?;
        let Some(limit) = memory_limit(victims[0], container).filter(|limit| *limit <= MOST) else {
            return Err(Refusal::new(
                format!(
                    "container {container} of redis-cart has no memory limit up to 1Gi: filling it would hurt its node"
                ),
                "give it one (resources.limits.memory), or take --fault redis-outage",
            ));
        };
        let over = wish.bound / 2;
        // The container starts again in its pod: nothing has to be scheduled, and nothing pulled.
        let kill = Kill { grace: Duration::ZERO, ..target.kill(&victims, Duration::ZERO) };
        let mut predicted = predict(&Loss::Killed(kill));
        predicted.lasts = Some(wish.bound);
        predicted.begins = Some(Gap { shortest: over / 2, longest: wish.bound });
        // Both remember a kill for longer than it takes.
        let remembered = Gap { shortest: over + Duration::from_secs(120), longest: over + Duration::from_secs(600) };
        let full = Gap { shortest: over, longest: wish.bound };
        let most_of_it = [over * 85 / 100; 2];
        predicted.alerts.clear();
        let predicted = predicted
            .alert(alert("BoutiqueOOMKilled", [over / 2; 2], remembered, "the kernel kills Redis at its memory limit"))
            .alert(alert("BoutiqueRedisMemory", most_of_it, full, "more than 85 % of the limit are used"))
            .note(format!("until Redis is full, after about {} s, no page shows anything", over.as_secs()))
            .note("the container starts again in its pod and is empty: the pod is Ready again within seconds");
        Ok(Injection {
            acts: Vec::new(),
            activity: PodRef::of(victims[0]).map(|pod| Activity::FillRedis {
                pod,
                bytes: limit + limit / 10,
                over,
                expire: wish.bound,
            }),
            canary: false,
            prediction: predicted,
            heals_itself: false,
            comes_back: Duration::ZERO,
            company: company(Touched::Pods, target.deployment, &scene.autoscalers),
            by_hand: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_scene, mk_wish};
    use super::*;

    #[test]
    fn more_than_fits_is_filled_in_and_expires_with_the_fault() {
        let injection = Leak.inject(&mk_scene(1), &mk_wish(Service::RedisCart)).unwrap();
        let Some(Activity::FillRedis { bytes, over, expire, .. }) = injection.activity else { panic!("no filling") };
        assert!(bytes > 256 << 20);
        assert!(over < expire);
        assert_eq!((injection.acts.len(), expire), (0, Duration::from_secs(60)));
    }
}
