//! Bad input: each gets an error that names the attribute or the object, and changes nothing.

use std::path::Path;

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::lab;
use boutique_acceptance::stack::{ADDRESS, Stack, resource};
use boutique_acceptance::terraform::{Module, Said};

/// `terraform plan` of a stack with these settings fails and says all of `words`.
fn refused_at_plan(settings: &str, words: &[&str]) {
    let module = Module::new(Path::new("/nonexistent/kubeconfig"), &resource("shop", settings));
    let said = module.run(&["validate", "-no-color"]).expect_failure("terraform validate");
    says(&said, words);
}

fn says(said: &Said, words: &[&str]) {
    let text = said.unwrapped();
    for word in words {
        assert!(text.contains(word), "the error does not say {word:?}:\n{}", said.text());
    }
}

#[test]
fn an_unknown_service_is_named_and_the_known_ones_are_listed() {
    refused_at_plan("services = { cartservise = { replicas = 2 } }", &["cartservise", "cartservice"]);
}

#[test]
fn a_malformed_version_is_refused() {
    refused_at_plan("version = \"latest\"", &["version", "latest", "v0.10.6"]);
}

#[test]
fn a_malformed_quantity_is_refused() {
    let settings = "services = { adservice = { resources = { limits = { memory = \"12 pounds\" } } } }";
    refused_at_plan(settings, &["adservice", "memory", "12 pounds"]);
}

#[test]
fn a_malformed_image_is_refused() {
    refused_at_plan("services = { adservice = { image = \"Not An Image\" } }", &["adservice", "image", "Not An Image"]);
}

#[test]
fn negative_replicas_are_refused() {
    refused_at_plan("services = { adservice = { replicas = -1 } }", &["adservice", "replicas", "-1"]);
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let name = "n".repeat(64);
    let module = Module::new(Path::new("/nonexistent/kubeconfig"), &resource(&name, ""));
    let said = module.run(&["validate", "-no-color"]).expect_failure("terraform validate");
    says(&said, &["namespace", "63"]);
}

#[test]
fn a_missing_kubeconfig_is_a_warning_at_plan_and_an_error_at_apply() {
    let module = Module::new(Path::new("/nonexistent/kubeconfig"), &resource("shop", ""));
    let plan = module.plan();
    assert_eq!(plan.actions(ADDRESS), ["create"], "a create is planned offline");
    says(&plan.said, &["Warning", "/nonexistent/kubeconfig"]);
    says(&module.apply().expect_failure("terraform apply"), &["Error", "/nonexistent/kubeconfig"]);
}

#[test]
fn a_context_that_the_kubeconfig_lacks_is_named_with_those_it_has() {
    let provider = format!(
        "provider \"boutique\" {{\n  config_path = \"{}\"\n  config_context = \"elsewhere\"\n}}",
        lab::sim().display()
    );
    let module = Module::with_provider(&provider, &resource("shop", ""));
    says(&module.apply().expect_failure("terraform apply"), &["elsewhere", "context"]);
}

#[test]
fn an_expired_certificate_is_named_as_such() {
    let kubeconfig = lab::expired();
    let module = Module::new(&kubeconfig, &resource("never-made", ""));
    says(&module.apply().expect_failure("terraform apply"), &["certificate", "expired"]);
}

#[test]
fn an_unreachable_server_is_an_error_for_an_existing_stack_and_nothing_is_forgotten() {
    let stack = Stack::applied(lab::sim(), "unreachable", "");
    let provider = "provider \"boutique\" {\n  host = \"https://127.0.0.1:1\"\n  insecure = true\n}";
    stack.module.rewrite_provider(provider, &resource(&stack.namespace.name, ""));
    says(&stack.module.run(&["plan", "-no-color"]).expect_failure("terraform plan"), &["127.0.0.1:1", "refused"]);
    assert!(!stack.module.state(ADDRESS).is_null(), "the state still holds the stack");
    stack.module.run(&["plan", "-no-color", "-refresh=false"]).expect_success("terraform plan -refresh=false");
}

#[test]
fn a_namespace_that_is_terminating_is_named() {
    let stack = Stack::new(lab::sim(), "terminating", "");
    let name = stack.namespace.name.clone();
    stack.namespace.cluster(&["create", "namespace", &name]).expect_success("kubectl create namespace");
    let held = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: held\n  finalizers: [example.com/held]\n";
    stack.namespace.apply(held, &[]).expect_success("kubectl apply");
    stack.namespace.cluster(&["delete", "namespace", &name, "--wait=false"]).expect_success("kubectl delete");
    let said = stack.module.apply().expect_failure("terraform apply");
    says(&said, &[&name, "terminating"]);
    let release = "--patch={\"metadata\":{\"finalizers\":null}}";
    stack.namespace.kubectl(&["patch", "configmap/held", "--type=merge", release]).expect_success("kubectl patch");
}

#[test]
fn a_verb_that_rbac_lacks_is_named_with_its_resource() {
    let namespace = Namespace::new(lab::sim(), "rbac").create();
    let kubeconfig = lab::user("limited");
    let everything_but = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: limited}
rules:
- {apiGroups: ['', apps, policy, autoscaling, networking.k8s.io, coordination.k8s.io, discovery.k8s.io], resources: ['*'], verbs: [get, list, watch, create, update, delete]}
- {apiGroups: ['', coordination.k8s.io], resources: [configmaps, leases, services, serviceaccounts], verbs: [patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: limited}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: limited}
subjects: [{kind: User, name: limited}]
";
    namespace.apply(everything_but, &[]).expect_success("kubectl apply");
    let module = Module::new(&kubeconfig, &resource(&namespace.name, ""));
    says(&module.apply().expect_failure("terraform apply"), &["patch", "deployments", &namespace.name]);
}

#[test]
fn an_object_of_another_tool_is_refused_unless_adoption_is_asked_for() {
    let stack = Stack::new(lab::sim(), "theirs", "");
    let name = stack.namespace.name.clone();
    stack.namespace.cluster(&["create", "namespace", &name]).expect_success("kubectl create namespace");
    stack
        .namespace
        .kubectl(&["create", "service", "clusterip", "frontend", "--tcp=80:8080"])
        .expect_success("kubectl create");
    let before = stack.namespace.get("service", "frontend");
    says(&stack.module.apply().expect_failure("terraform apply"), &["Service", "frontend", "adopt"]);
    assert_eq!(stack.namespace.get("service", "frontend"), before, "nothing was changed");
    assert_eq!(stack.namespace.list("deployments,leases"), Vec::<serde_json::Value>::new(), "nothing was made");
    stack.set("adopt = \"always\"");
    stack.settle();
}

#[test]
fn a_quota_that_is_exceeded_is_named_by_the_apply() {
    let stack = Stack::new(lab::sim(), "quota", "timeouts = { create = \"90s\" }");
    let name = stack.namespace.name.clone();
    stack.namespace.cluster(&["create", "namespace", &name]).expect_success("kubectl create namespace");
    stack.namespace.kubectl(&["create", "quota", "tight", "--hard=pods=3"]).expect_success("kubectl create quota");
    let said = stack.module.apply().expect_failure("terraform apply");
    says(&said, &["tight", "exceeded quota", "pods=3"]);
    assert!(!stack.module.state(ADDRESS).is_null(), "what exists is in state");
}
