//! A fault in company: of a second person, of whoever edits the Deployment meanwhile, of an autoscaler, of `terraform`.

use std::path::Path;

use boutique_acceptance::fault::{Look, Running, plugin, record, residue, start, unhealthy};
use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::stack::ADDRESS;
use boutique_acceptance::terraform::Said;
use serde_json::Value;

use super::shop;

#[test]
fn others_are_kept_out_their_edits_stay_and_whoever_applies_ends_the_fault() {
    let (_room, stack) = shop("company");
    let namespace = &stack.namespace;
    edited_meanwhile(namespace);
    // What somebody wrote by hand is drift, and the next apply takes it back.
    stack.settle();
    beside_an_autoscaler(namespace);
    stack.expect_empty_plan("after a fault beside an autoscaler");

    let before = Look::at(namespace);
    let broken = begin(namespace, &["emailservice", "--fault=scale-to-zero", "--for=120s"]);
    namespace.await_object("deployment", "emailservice", |email| email["spec"]["replicas"] == 0);
    let id = text(&record(namespace)["id"]);

    let second = quickly(namespace.kubeconfig(), namespace, &["break", "adservice", "--yes"]);
    assert_eq!(second.code, 4, "a second person is refused:\n{}", second.text());
    second.assert_says(&[&id, "scale-to-zero", "emailservice"]);
    let listed = quickly(namespace.kubeconfig(), namespace, &["faults"]);
    listed.expect_success("kubectl boutique faults").assert_says(&[&id, "scale-to-zero"]);

    let plan = stack.module.plan();
    assert!(plan.pending(ADDRESS).join("\n").contains(&id), "pending names the fault: {:?}", plan.pending(ADDRESS));
    let applied = stack.module.apply().expect_success("terraform apply");
    applied.assert_says(&[&id]);
    namespace.await_object("deployment", "emailservice", |email| email["spec"]["replicas"] == 1);
    stack.expect_empty_plan("after an apply that ended a fault");
    let ended = broken.end();
    assert!([0, 2, 3].contains(&ended.code), "its author sees that it is over:\n{}", ended.text());
    assert_eq!(before.differences(&Look::at(namespace)), Vec::<String>::new());
    assert_eq!(residue(namespace), Vec::<String>::new());
    stack.module.destroy().expect_success("terraform destroy");
}

/// Somebody changes the very Deployment: theirs stays, the fault's goes.
fn edited_meanwhile(namespace: &Namespace) {
    let wrong =
        |frontend: &Value| variable(frontend, "CART_SERVICE_ADDR").is_some_and(|value| value != "cartservice:7070");
    let broken = begin(namespace, &["frontend", "--fault=bad-address", "--peer=cartservice", "--for=15s"]);
    namespace.await_object("deployment", "frontend", wrong);
    namespace
        .kubectl(&["set", "env", "deployment/frontend", "FRONTEND_MESSAGE=mine"])
        .expect_success("kubectl set env");
    let ended = broken.end();
    let frontend = namespace.get("deployment", "frontend");
    assert_eq!(variable(&frontend, "FRONTEND_MESSAGE").as_deref(), Some("mine"), "theirs is kept:\n{}", ended.text());
    assert_eq!(variable(&frontend, "CART_SERVICE_ADDR").as_deref(), Some("cartservice:7070"), "{}", ended.text());
    let differences = &serde_json::from_str::<Value>(&ended.stdout).expect("a report")["proof"]["differences"];
    assert!(differences.to_string().contains("frontend: spec.template"), "theirs is named: {}", ended.text());
    assert_eq!(residue(namespace), Vec::<String>::new());
}

/// An autoscaler of the target is named before, and has its own way after.
fn beside_an_autoscaler(namespace: &Namespace) {
    namespace
        .kubectl(&["autoscale", "deployment/recommendationservice", "--min=1", "--max=2", "--name=more"])
        .expect_success("kubectl autoscale");
    let before = Look::at(namespace);
    let run = ["recommendationservice", "--fault=scale-to-zero", "--for=5s"];
    let ended = begin(namespace, &run).end();
    assert!([0, 2, 3].contains(&ended.code), "it came to its end:\n{}", ended.text());
    ended.assert_says(&["HorizontalPodAutoscaler more"]);
    assert_eq!(before.differences(&Look::at(namespace)), Vec::<String>::new());
    assert_eq!(unhealthy(namespace), Vec::<String>::new());
    namespace.kubectl(&["delete", "horizontalpodautoscaler", "more"]).expect_success("kubectl delete");
}

fn begin(namespace: &Namespace, args: &[&str]) -> Running {
    // A busy machine lets pages time out, which is no trouble of the shop's.
    let all = [&["break"], args, &["--yes", "--force", "--output=json"]].concat();
    start(plugin(namespace.kubeconfig(), &namespace.name, &all))
}

fn quickly(kubeconfig: &Path, namespace: &Namespace, args: &[&str]) -> Said {
    start(plugin(kubeconfig, &namespace.name, args)).end()
}

/// A variable of a Deployment's first container.
fn variable(deployment: &Value, name: &str) -> Option<String> {
    let variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"].as_array()?;
    variables.iter().find(|variable| variable["name"] == name).map(|variable| text(&variable["value"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
