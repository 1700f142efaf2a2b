//! `redis-outage`: redis-cart crashes again and again, as with `crash-loop`; the outage that no probe of the services sees.
//!
//! cartservice answers its health checks with a constant, so it stays Ready while every page that shows a cart fails.
//!
//! Minimum version: any. Who fights it: nobody.

use super::crash_loop::{exchange, live_needs, prediction, small_image};
use super::target::{Target, delete_by_hand};
use super::{FaultType, Injection, Undo};
use crate::fault::access::Need;
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::service::Service;

pub(super) struct RedisOutage;

impl FaultType for RedisOutage {
    fn name(&self) -> &'static str {
        "redis-outage"
    }

    fn about(&self) -> &'static str {
        "take the carts' database away: green pods, broken pages"
    }

    fn undo(&self) -> Undo {
        Undo::Live
    }

    fn needs(&self) -> Vec<Need> {
        live_needs("exchange the image, and set a deadline")
    }

    fn unfit(&self, service: Service) -> Option<String> {
        (service != Service::RedisCart).then(|| "it takes redis-cart away, and nothing else".to_owned())
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let target = Target::of(scene, wish.service)?;
        let victims = target.chosen(scene, None)?;
        let image = wish.image.clone().unwrap_or_else(|| small_image(scene));
        let acts = exchange(scene, wish, &target, &victims, &image)?;
        let predicted = prediction(&target, 0, wish)
            .note("cartservice stays Ready and answers health checks: look at pages, not at pods")
            .note("the error takes up to 5 s to come where cartservice waits for a connection to Redis");
        Ok(Injection {
            acts,
            activity: None,
            canary: false,
            prediction: predicted,
            heals_itself: false,
            comes_back: target.comes_back(),
            company: company(Touched::Pods, target.deployment, &scene.autoscalers),
            by_hand: delete_by_hand(&scene.namespace, &victims),
        })
    }
}
