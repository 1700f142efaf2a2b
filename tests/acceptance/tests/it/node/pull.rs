//! An image that cannot be pulled, and what the apply says of it.

use std::time::{Duration, Instant};

use boutique_acceptance::lab;
use boutique_acceptance::stack::{ADDRESS, Stack};
use boutique_core::service::Service;

/// On the node's own loopback, where nobody listens: no traffic leaves.
const NOWHERE: &str = "127.0.0.1:1/shop/adservice:v1";

#[test]
fn an_image_that_cannot_be_pulled_ends_the_apply_early_with_service_pod_reason_and_advice() {
    // One pod is enough to fail, so the rest of the shop stays away.
    let present = [Service::Adservice, Service::RedisCart, Service::Loadgenerator];
    let others: Vec<String> = Service::ALL
        .into_iter()
        .filter(|service| !present.contains(service))
        .map(|service| format!("{service} = {{ enabled = false }}"))
        .collect();
    let settings = |adservice: &str| {
        format!(
            "services = {{ {}, adservice = {{ {adservice} }} }}\n  load_generator = {{ enabled = false }}\n  \
             cart = {{ address = \"nowhere:6379\" }}\n  timeouts = {{ create = \"20m\", update = \"20m\" }}",
            others.join(", ")
        )
    };
    let stack = Stack::new(lab::node(), "pull", &settings(&format!("image = \"{NOWHERE}\"")));
    let begun = Instant::now();
    let said = stack.module.apply().expect_failure("terraform apply");
    assert!(begun.elapsed() < Duration::from_secs(600), "it waited for an image that never comes:\n{}", said.text());

    let text = said.unwrapped();
    let pods = stack.namespace.list("pods");
    let pod = pods[0]["metadata"]["name"].as_str().expect("a pod has a name");
    for word in ["adservice", pod, NOWHERE, "cannot be pulled", "because the registry cannot be reached", "fix"] {
        assert!(text.contains(word), "the error does not say {word:?}:\n{}", said.text());
    }
    assert!(text.contains("ErrImagePull") || text.contains("ImagePullBackOff"), "no reason:\n{}", said.text());
    assert!(text.contains("services.adservice.image"), "no attribute to set:\n{}", said.text());

    let state = stack.module.state(ADDRESS);
    assert!(state["pending"].to_string().contains("adservice is not ready"), "the state says what is left: {state}");
    stack.set(&settings(""));
    stack.module.run(&["untaint", "-no-color", ADDRESS]).expect_success("terraform untaint");
    stack.settle();
}
