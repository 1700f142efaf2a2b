//! `scale-to-zero`: a Deployment keeps no pod.
//!
//! Minimum version: any. Who fights it: whoever deployed it; KEDA. Kubernetes' own autoscaler rests while there are no
//! replicas and goes on when they are back.

use std::time::Duration;

use serde_json::json;

use super::bad_address::change_needs;
use super::target::Target;
use super::{FaultType, Injection, Undo};
use crate::fault::access::Need;
use crate::fault::act::Act;
use crate::fault::change::{Change, Field};
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::object::{Kind, ObjectRef};
use crate::predict::{Gone, Loss, predict};
use crate::service::Service;

pub(super) struct ScaleToZero;

impl FaultType for ScaleToZero {
    fn name(&self) -> &'static str {
        "scale-to-zero"
    }

    fn about(&self) -> &'static str {
        "leave a service without pods, as somebody who scales the wrong one"
    }

    fn undo(&self) -> Undo {
        Undo::Changed
    }

    fn needs(&self) -> Vec<Need> {
        change_needs()
    }

    fn unfit(&self, _: Service) -> Option<String> {
        None
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let service = wish.service;
        let target = Target::of(scene, service)?;
        let replicas = target.replicas();
        if replicas == 0 {
            return Err(Refusal::new(
                format!("{service} has no replicas already"),
                format!("kubectl scale -n {} deployment/{service} --replicas=1", scene.namespace),
            ));
        }
        let change = Change {
            object: ObjectRef::new(Kind::DEPLOYMENT, &scene.namespace, service.name()),
            uid: target.uid(),
            field: Field::Replicas,
            before: target.deployment.pointer("/spec/replicas").cloned(),
            after: Some(json!(0)),
        };
        let gone = Gone::at_once(service, 0, wish.bound, target.grace(), target.readiness());
        // No pod is missing where none is wanted, and an alert on missing replicas stays silent.
        let prediction = predict(&Loss::Gone(gone))
            .ending(format!("scaled back to {replicas}: the first call gets through once a new pod is Ready"));
        Ok(Injection {
            by_hand: vec![format!("kubectl scale -n {} deployment/{service} --replicas={replicas}", scene.namespace)],
            acts: vec![Act::Change(change)],
            activity: None,
            canary: false,
            prediction,
            heals_itself: false,
            comes_back: Duration::ZERO,
            company: company(Touched::Replicas, target.deployment, &scene.autoscalers),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_scene, mk_wish};
    use super::*;

    #[test]
    fn the_number_that_was_there_is_what_comes_back() {
        let injection = ScaleToZero.inject(&mk_scene(2), &mk_wish(Service::Frontend)).unwrap();
        assert!(matches!(&injection.acts[0], Act::Change(change) if change.before == Some(json!(2))));
        assert_eq!(injection.by_hand, ["kubectl scale -n shop deployment/frontend --replicas=2"]);
    }

    #[test]
    fn nothing_cannot_be_taken_from_nothing() {
        let mut scene = mk_scene(1);
        for live in &mut scene.deployments {
            live["spec"]["replicas"] = json!(0);
        }
        assert!(ScaleToZero.inject(&scene, &mk_wish(Service::Frontend)).is_err());
    }
}
