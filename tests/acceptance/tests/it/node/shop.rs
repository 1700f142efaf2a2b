//! The shop on a real node: real pods, real traffic, both programs as a user runs them.

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::lab;
use boutique_acceptance::room::{MEASURED_SHOP, UPSTREAM_SHOP, room};
use boutique_acceptance::stack::Stack;
use boutique_core::render::{UpstreamOptions, upstream};
use serde_json::Value;

/// Without a load generator: two shops at once are enough for two cores.
const QUIET: &str = "load_generator = { enabled = false }";

#[test]
fn a_shop_applied_by_terraform_sells_breaks_and_recovers_and_is_gone_after_its_destroy() {
    let settings = format!("{QUIET}\n  wait = {{ until = \"purchase\" }}");
    let node = lab::node();
    let _room = room(MEASURED_SHOP);
    let stack = Stack::applied(node, "shop", &settings);
    stack.expect_empty_plan("after an apply that bought something");
    sells_and_recovers(&stack.namespace);
    stack.expect_empty_plan("after a break that healed by itself");
    stack.module.destroy().expect_success("terraform destroy");
    let left = stack.namespace.cluster(&["get", "namespace", &stack.namespace.name, "--ignore-not-found"]);
    assert_eq!(left.stdout, "", "the namespace that the stack created is gone");
}

#[test]
fn a_shop_installed_by_kubectl_from_upstreams_manifests_is_seen_sells_and_recovers() {
    let node = lab::node();
    let _room = room(UPSTREAM_SHOP);
    let namespace = Namespace::new(node, "upstream").create();
    let objects = upstream("v0.10.6", UpstreamOptions::default()).expect("v0.10.6 is known");
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    namespace.apply(&list.to_string(), &[]).expect_success("kubectl apply");
    namespace
        .kubectl(&["wait", "--for=condition=Available", "deployments", "--all", "--timeout=300s"])
        .expect_success("kubectl wait");
    sells_and_recovers(&namespace);
    namespace.cluster(&["delete", "namespace", &namespace.name]).expect_success("kubectl delete namespace");
}

/// `status`, `buy` and `break` as a user types them.
fn sells_and_recovers(namespace: &Namespace) {
    let status = namespace.boutique(&["status", "--output=json"]).expect_success("kubectl boutique status");
    let status: Value = serde_json::from_str(&status.stdout).expect("status prints JSON");
    assert!(status["kind"].is_string() && status["apiVersion"].is_string(), "{status}");

    let bought = namespace.boutique(&["buy"]).expect_success("kubectl boutique buy");
    assert!(bought.stdout.contains("bought \"Sunglasses\""), "{}", bought.text());

    let before = namespace.list("pods");
    let broken = namespace.boutique(&["break", "cartservice", "--yes", "--force", "--for=120s"]);
    // 0 as predicted, 2 not, 3 too little seen: other tests make pages late here, and the campaign judges the prediction.
    assert!([0, 2, 3].contains(&broken.code), "the shop healed itself:\n{}", broken.text());
    for word in ["cartservice", "predicted", "observed", "availability", "recovery"] {
        assert!(broken.stdout.to_lowercase().contains(word), "the verdict does not say {word:?}:\n{}", broken.text());
    }
    let pod = |pods: &[Value]| -> Option<String> {
        let pod = pods.iter().find(|pod| pod["metadata"]["labels"]["app"] == "cartservice")?;
        pod["metadata"]["uid"].as_str().map(str::to_owned)
    };
    assert_ne!(pod(&before), pod(&namespace.list("pods")), "the pod was really killed");
    namespace.boutique(&["status"]).expect_success("kubectl boutique status");
}
