//! `crash-loop`: the image of running pods becomes one that ends at once, so that the container crashes again and again.
//!
//! A container's image is one of the few fields of a running pod that may change; the kubelet stops the container and starts
//! the new image in its place, again and again with a growing pause. Neither the Deployment nor anybody who watches it
//! sees a difference. A command that the pod template states stays and is not in the new image: that crashes, too. An image
//! that the node cannot pull breaks the pod as well, only under another name (ImagePullBackOff).
//!
//! Minimum version: any. Who fights it: nobody, for the ReplicaSet still counts the pod as its own.

use serde_json::{Value, json};

use super::target::{Target, delete_by_hand, name, patch, replaced};
use super::{FaultType, Injection, Undo};
use crate::catalogue::{Version, catalogue};
use crate::fault::access::{Need, need};
use crate::fault::act::Act;
use crate::fault::company::{Touched, company};
use crate::fault::scene::{Refusal, Scene, Wish};
use crate::predict::{Gone, Loss, Prediction, alert, predict};
use crate::service::Service;

pub(super) struct CrashLoop;

impl FaultType for CrashLoop {
    fn name(&self) -> &'static str {
        "crash-loop"
    }

    fn about(&self) -> &'static str {
        "exchange the image of running pods for one that ends at once"
    }

    fn undo(&self) -> Undo {
        Undo::Live
    }

    fn needs(&self) -> Vec<Need> {
        live_needs("exchange the image, and set a deadline")
    }

    fn unfit(&self, _: Service) -> Option<String> {
        None
    }

    fn inject(&self, scene: &Scene, wish: &Wish) -> Result<Injection, Refusal> {
        let target = Target::of(scene, wish.service)?;
        let victims = target.chosen(scene, wish.count)?;
        let image = wish.image.clone().unwrap_or_else(|| small_image(scene));
        let acts = exchange(scene, wish, &target, &victims, &image)?;
        let survivors = target.survivors(&victims);
        Ok(Injection {
            acts,
            activity: None,
            canary: false,
            prediction: prediction(&target, survivors, wish),
            heals_itself: false,
            comes_back: target.comes_back(),
            company: company(Touched::Pods, target.deployment, &scene.autoscalers),
            by_hand: delete_by_hand(&scene.namespace, &victims),
        })
    }
}

/// Rights of a fault that patches pods and replaces them afterwards.
pub(super) fn live_needs(purpose: &'static str) -> Vec<Need> {
    vec![need("patch", "", "pods", purpose), need("delete", "", "pods", "replace them afterwards")]
}

/// What happens to pages while pods crash.
pub(super) fn prediction(target: &Target<'_>, survivors: usize, wish: &Wish) -> Prediction {
    let gone = Gone::at_once(target.service, survivors, wish.bound, target.grace(), target.readiness());
    let until = gone.until();
    let predicted = predict(&Loss::Gone(gone))
        .ending(replaced(target, survivors))
        .note("only the running pods change: the Deployment, and whoever watches it, sees no difference");
    let crashes = "the container ends soon after each start";
    let alert = |name, reason| alert(name, [std::time::Duration::ZERO; 2], until, reason);
    predicted
        .alert(alert("BoutiqueCrashLooping", crashes))
        .alert(alert("BoutiqueReplicasMissing", "its pods are not ready"))
}

/// One patch for each pod: deadline, label and image take effect together or not at all.
pub(super) fn exchange(
    scene: &Scene,
    wish: &Wish,
    target: &Target<'_>,
    victims: &[&Value],
    image: &str,
) -> Result<Vec<Act>, Refusal> {
    let container = target.container_name()?;
    let mut acts = Vec::new();
    for pod in victims {
        let containers = pod.pointer("/spec/containers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let Some((at, entry)) = containers.iter().enumerate().find(|(_, entry)| name(entry) == container) else {
            continue;
        };
        if entry.get("image").and_then(Value::as_str) == Some(image) {
            return Err(Refusal::new(
                format!("{} runs {image} already, so that nothing would change", target.service),
                "name another image with --image",
            ));
        }
        let path = format!("/spec/containers/{at}");
        let more = [
            json!({"op": "test", "path": format!("{path}/name"), "value": container}),
            json!({"op": "replace", "path": format!("{path}/image"), "value": image}),
        ];
        acts.extend(patch(scene, wish, pod, more));
    }
    if acts.is_empty() {
        return Err(Refusal::new(
            format!("no pod of {} has the container {container} of its Deployment", target.service),
            "wait until its rollout is over",
        ));
    }
    Ok(acts)
}

/// The small image that this shop's load generator uses, which its nodes can get; upstream's where it has none. It holds a
/// shell as its command, and a shell that nobody talks to ends at once.
pub(super) fn small_image(scene: &Scene) -> String {
    let generator = scene.deployment(Service::Loadgenerator).ok();
    let used = generator.and_then(|live| live.pointer("/spec/template/spec/initContainers/0/image"));
    let upstream = || catalogue(&Version::NEWEST.to_string()).map(|(known, _)| known.init_image.to_owned());
    used.and_then(Value::as_str).map_or_else(|| upstream().unwrap_or_default(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mk_scene, mk_wish};
    use super::*;

    #[test]
    fn deadline_label_and_image_are_one_patch() {
        let scene = mk_scene(1);
        let injection = CrashLoop.inject(&scene, &mk_wish(Service::Cartservice)).unwrap();
        let requests: Vec<_> = injection.acts.iter().filter_map(|act| act.request("shop")).collect();
        insta::assert_json_snapshot!(requests);
    }

    #[test]
    fn an_image_that_runs_already_is_refused() {
        let scene = mk_scene(1);
        let image = scene.living_pods(Service::Cartservice)[0].pointer("/spec/containers/0/image").unwrap().clone();
        let wish = Wish { image: image.as_str().map(str::to_owned), ..mk_wish(Service::Cartservice) };
        assert!(CrashLoop.inject(&scene, &wish).unwrap_err().to_string().contains("already"));
    }

    #[test]
    fn the_image_is_the_one_that_the_shop_itself_uses() {
        let mut scene = mk_scene(1);
        assert!(small_image(&scene).starts_with("busybox:"));
        let generator = scene.deployments.iter_mut().find(|live| live["metadata"]["name"] == "loadgenerator").unwrap();
        generator["spec"]["template"]["spec"]["initContainers"] = json!([{"image": "mirror.local/busybox:1"}]);
        assert_eq!(small_image(&scene), "mirror.local/busybox:1");
        scene.deployments.clear();
        assert!(small_image(&scene).starts_with("busybox:"));
    }
}
