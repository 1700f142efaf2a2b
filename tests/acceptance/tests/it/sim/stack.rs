//! `boutique_stack` on a real API server: what a plan shows, what an apply writes, what a destroy leaves.

use boutique_acceptance::lab;
use boutique_acceptance::stack::{ADDRESS, Stack, resource};

#[test]
fn an_applied_stack_plans_nothing_and_its_destroy_leaves_nothing() {
    let stack = Stack::applied(lab::sim(), "lifecycle", "");
    let before = stack.versions();
    assert!(before.len() >= 33, "11 services and redis: {before:?}");
    stack.expect_empty_plan("after the first apply");
    assert_eq!(stack.versions(), before, "a plan writes nothing");

    stack.module.destroy().expect_success("terraform destroy");
    let left = stack.namespace.cluster(&["get", "namespace", &stack.namespace.name, "--ignore-not-found"]);
    assert_eq!(left.stdout, "", "the namespace that the stack created is gone");
}

#[test]
fn a_destroy_in_a_namespace_of_somebody_else_leaves_it_and_what_it_held() {
    let stack = Stack::new(lab::sim(), "guest", "");
    stack.namespace.cluster(&["create", "namespace", &stack.namespace.name]).expect_success("kubectl create namespace");
    stack.namespace.kubectl(&["create", "configmap", "theirs"]).expect_success("kubectl create configmap");
    stack.module.apply().expect_success("terraform apply");
    stack.module.destroy().expect_success("terraform destroy");
    let kinds = "deployments,services,serviceaccounts,configmaps,leases,replicasets,pods,persistentvolumeclaims";
    let left: Vec<String> = stack
        .namespace
        .list(kinds)
        .iter()
        .filter(|object| object["metadata"]["deletionTimestamp"].is_null())
        .map(|object| format!("{}/{}", object["kind"], object["metadata"]["name"]).replace('"', ""))
        .filter(|name| {
            !["ServiceAccount/default", "ConfigMap/kube-root-ca.crt", "ConfigMap/theirs"].contains(&name.as_str())
        })
        .collect();
    assert_eq!(left, Vec::<String>::new());
    assert_ne!(stack.namespace.get("configmap", "theirs"), serde_json::Value::Null);
}

#[test]
fn what_other_tools_change_is_shown_by_name_and_put_right() {
    let stack = Stack::applied(lab::sim(), "drift", "");
    let kubectl = |args: &[&str]| stack.namespace.kubectl(args).expect_success("kubectl");

    kubectl(&["scale", "deployment/cartservice", "--replicas=3"]);
    stack.expect_pending(&["Deployment", "cartservice", "spec.replicas", "3", "1", "kubectl"]);
    stack.settle();
    assert_eq!(stack.namespace.get("deployment", "cartservice")["spec"]["replicas"], 1);

    kubectl(&["set", "image", "deployment/frontend", "server=example.com/other:1"]);
    stack.expect_pending(&["frontend", "image", "example.com/other:1"]);
    stack.settle();

    kubectl(&["set", "env", "deployment/cartservice", "REDIS_ADDR=elsewhere:6379", "EXTRA=1"]);
    stack.expect_pending(&["cartservice", "REDIS_ADDR", "elsewhere:6379", "EXTRA"]);
    stack.settle();
    let containers =
        stack.namespace.get("deployment", "cartservice")["spec"]["template"]["spec"]["containers"].to_string();
    assert!(!containers.contains("EXTRA") && !containers.contains("elsewhere"), "{containers}");

    kubectl(&["delete", "deployment/adservice", "service/emailservice"]);
    stack.expect_pending(&["Deployment", "adservice", "Service", "emailservice", "missing"]);
    stack.settle();
    assert_eq!(stack.namespace.get("service", "emailservice")["spec"]["ports"][0]["targetPort"], 8080);
}

#[test]
fn what_is_not_ours_is_no_drift() {
    let stack = Stack::applied(lab::sim(), "foreign", "");
    let kubectl = |args: &[&str]| stack.namespace.kubectl(args).expect_success("kubectl");
    kubectl(&["annotate", "deployment/frontend", "other.example/tool=was-here"]);
    kubectl(&["label", "service/frontend", "other.example/team=blue"]);
    kubectl(&["patch", "deployment/cartservice", "--type=merge", "--patch={\"spec\":{\"minReadySeconds\":1}}"]);
    kubectl(&[
        "patch",
        "deployment/adservice",
        "--subresource=status",
        "--type=merge",
        "--patch={\"status\":{\"conditions\":[{\"type\":\"Other\",\"status\":\"True\"}]}}",
    ]);
    stack.expect_empty_plan("after changes of foreign fields");
}

#[test]
fn a_change_of_replicas_is_in_place_and_writes_one_object() {
    let stack = Stack::applied(lab::sim(), "replicas", "");
    let before = stack.versions();
    let generations = |stack: &Stack| -> std::collections::BTreeMap<String, i64> {
        let deployments = stack.namespace.list("deployments,services,serviceaccounts");
        deployments
            .iter()
            .map(|o| {
                (format!("{}/{}", o["kind"], o["metadata"]["name"]), o["metadata"]["generation"].as_i64().unwrap_or(0))
            })
            .collect()
    };
    let generations_before = generations(&stack);
    stack.set("services = { currencyservice = { replicas = 2 } }");
    let plan = stack.module.plan();
    assert_eq!(plan.actions(ADDRESS), ["update"], "{}", plan.said.text());
    stack.settle();
    let generations_after = generations(&stack);
    let changed: Vec<_> =
        generations_after.iter().filter(|(name, g)| generations_before[*name] != **g).map(|(n, _)| n).collect();
    assert_eq!(changed, ["\"Deployment\"/\"currencyservice\""]);
    let after = stack.versions();
    assert!(before.iter().all(|(name, (uid, _))| after[name].0 == *uid), "no object was recreated");
}

#[test]
fn a_disabled_service_is_pruned_and_comes_back() {
    let stack = Stack::applied(lab::sim(), "prune", "");
    stack.set("services = { adservice = { enabled = false } }");
    stack.settle();
    assert!(stack.namespace.get("deployment", "adservice").is_null());
    assert!(stack.namespace.get("service", "adservice").is_null());
    stack.set("");
    stack.settle();
    assert!(!stack.namespace.get("deployment", "adservice").is_null());
}

#[test]
fn tracing_adds_a_collector_and_three_variables_and_leaves_nothing_behind() {
    let stack = Stack::applied(lab::sim(), "tracing", "");
    let variables = |name: &str| {
        let deployment = stack.namespace.get("deployment", name);
        deployment["spec"]["template"]["spec"]["containers"][0]["env"].as_array().map_or(0, Vec::len)
    };
    let (before, email, cart) = (stack.versions(), variables("emailservice"), variables("cartservice"));
    let collector = |kind: &str| {
        stack.namespace.get(kind, "opentelemetrycollector")["metadata"]["labels"]["boutique.dev/stack"].clone()
    };
    let kinds = ["deployment", "service", "configmap", "serviceaccount"];

    stack.set("tracing = true\n  collector = { resources = { limits = { memory = \"300Mi\" } } }");
    stack.settle();
    assert_eq!(kinds.map(collector), ["shop"; 4]);
    assert_eq!((variables("emailservice"), variables("cartservice")), (email + 3, cart));
    let status = stack.namespace.boutique(&["status", "-o", "json"]);
    assert!(
        status.stdout.contains("emailservice") && !status.stdout.contains("opentelemetrycollector"),
        "{}",
        status.stdout
    );
    let id = format!("{}/shop", stack.namespace.name);
    let settings = "tracing = true\n  collector = { resources = { limits = { memory = \"300Mi\" } } }";
    let module = boutique_acceptance::terraform::Module::new(
        stack.namespace.kubeconfig(),
        &resource(&stack.namespace.name, settings),
    );
    module.run(&["import", "-no-color", ADDRESS, &id]).expect_success("terraform import");
    assert!(!module.plan().changes, "an imported shop still traces");

    let configuration =
        ["patch", "configmap/opentelemetrycollector", "--type=merge", "--patch={\"data\":{\"config.yaml\":\"\"}}"];
    stack.namespace.kubectl(&configuration).expect_success("kubectl patch");
    stack.expect_pending(&["ConfigMap", "opentelemetrycollector", "config.yaml"]);

    stack.set("");
    stack.settle();
    assert!(kinds.iter().all(|kind| collector(kind).is_null()), "pruned");
    assert_eq!(variables("emailservice"), email);
    assert_eq!(stack.versions().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[test]
fn another_namespace_or_name_means_replacement() {
    let stack = Stack::applied(lab::sim(), "replace", "");
    let elsewhere = resource(&format!("{}-b", stack.namespace.name), "");
    stack.module.rewrite(stack.namespace.kubeconfig(), &elsewhere);
    let plan = stack.module.plan();
    assert_eq!(plan.actions(ADDRESS), ["delete", "create"], "{}", plan.said.text());
}

#[test]
fn an_imported_stack_plans_nothing() {
    let stack = Stack::applied(lab::sim(), "import", "services = { adservice = { replicas = 2 } }");
    let module = boutique_acceptance::terraform::Module::new(
        stack.namespace.kubeconfig(),
        &resource(&stack.namespace.name, "services = { adservice = { replicas = 2 } }"),
    );
    let id = format!("{}/shop", stack.namespace.name);
    module.run(&["import", "-no-color", ADDRESS, &id]).expect_success("terraform import");
    let plan = module.plan();
    assert!(!plan.changes, "{}", plan.said.text());
}
