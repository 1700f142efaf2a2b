use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::Kind;

fn applied() -> Manifest {
    Manifest::new(
        Kind::DEPLOYMENT,
        "shop",
        "cartservice",
        json!({
            "metadata": {"labels": {"app": "cartservice"}},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {"app": "cartservice"}},
                "template": {
                    "metadata": {"labels": {"app": "cartservice"}},
                    "spec": {
                        "automountServiceAccountToken": false,
                        "containers": [{
                            "name": "server",
                            "image": "cartservice:v1",
                            "args": ["--port", "7070"],
                            "ports": [{"containerPort": 7070}],
                            "env": [{"name": "REDIS_ADDR", "value": "redis-cart:6379"}, {"name": "EMPTY", "value": ""}],
                            "readinessProbe": {"grpc": {"port": 7070}, "periodSeconds": 10},
                            "resources": {"limits": {"cpu": "1000m", "memory": "128Mi"}},
                        }],
                        "volumes": [{"name": "tmp", "emptyDir": {}}],
                        "tolerations": [],
                    },
                },
            },
        }),
    )
}

/// What an API server makes of [`applied`]: defaults, canonical quantities, a status, other managers' fields.
fn live() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "cartservice", "namespace": "shop", "uid": "u", "resourceVersion": "7", "generation": 1,
            "labels": {"app": "cartservice"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "managedFields": [
                {"manager": "boutique-provider", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": {}},
                {"manager": "kubectl", "operation": "Update", "subresource": "scale", "time": "2026-01-01T00:00:05Z",
                 "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            ],
        },
        "spec": {
            "replicas": 1,
            "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": {"app": "cartservice"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": {"app": "cartservice"}, "creationTimestamp": null},
                "spec": {
                    "automountServiceAccountToken": false,
                    "dnsPolicy": "ClusterFirst",
                    "containers": [
                        {"name": "proxy", "image": "injected:1", "env": [{"name": "X", "value": "1"}]},
                        {
                            "name": "server",
                            "image": "cartservice:v1",
                            "imagePullPolicy": "IfNotPresent",
                            "args": ["--port", "7070"],
                            "ports": [{"containerPort": 7070, "protocol": "TCP"}],
                            "env": [{"name": "REDIS_ADDR", "value": "redis-cart:6379"}, {"name": "EMPTY"}],
                            "readinessProbe": {"grpc": {"port": 7070, "service": ""}, "periodSeconds": 10, "timeoutSeconds": 1},
                            "resources": {"limits": {"cpu": "1", "memory": "128Mi"}},
                        },
                    ],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                },
            },
        },
        "status": {"replicas": 1},
    })
}

fn sentences(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut live = live();
    change(&mut live);
    diff(&[applied()], &[live]).iter().map(ToString::to_string).collect()
}

fn server(live: &mut Value) -> &mut Value {
    live.pointer_mut("/spec/template/spec/containers/1").unwrap()
}

#[test]
fn defaults_and_other_spellings_are_no_drift() {
    assert_eq!(sentences(|_| {}), Vec::<String>::new());
}

#[test]
fn scaling_is_told_with_its_writer() {
    assert_eq!(
        sentences(|live| live["spec"]["replicas"] = json!(5)),
        [r#"Deployment shop/cartservice: spec.replicas is 5, applied 1; last written by "kubectl" (scale)"#]
    );
}

#[test]
fn another_image_is_found_by_the_containers_name_and_not_its_place() {
    assert_eq!(
        sentences(|live| server(live)["image"] = json!("x:2")),
        [
            r#"Deployment shop/cartservice: spec.template.spec.containers[name="server"].image is "x:2", applied "cartservice:v1""#
        ]
    );
}

#[test]
fn an_added_changed_or_removed_variable_is_drift() {
    let env = r#"Deployment shop/cartservice: spec.template.spec.containers[name="server"].env"#;
    assert_eq!(
        sentences(|live| server(live)["env"].as_array_mut().unwrap().push(json!({"name": "DEBUG", "value": "1"}))),
        [format!(r#"{env}[name="DEBUG"] was added as {{"name":"DEBUG","value":"1"}}"#)]
    );
    assert_eq!(
        sentences(|live| server(live)["env"][0]["value"] = json!("other:1")),
        [format!(r#"{env}[name="REDIS_ADDR"].value is "other:1", applied "redis-cart:6379""#)]
    );
    let removed = sentences(|live| {
        server(live)["env"].as_array_mut().unwrap().remove(0);
    });
    assert_eq!(
        removed,
        [format!(r#"{env}[name="REDIS_ADDR"] is absent, applied {{"name":"REDIS_ADDR","value":"redis-cart:6379"}}"#)]
    );
}

#[test]
fn what_we_do_not_apply_is_no_drift() {
    let quiet = sentences(|live| {
        live["status"]["replicas"] = json!(9);
        live["metadata"]["annotations"]["other.tool/seen"] = json!("yes");
        live["metadata"]["labels"]["team"] = json!("blue");
        live["spec"]["minReadySeconds"] = json!(3);
        live["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = json!("2");
        server(live)["resources"]["limits"]["ephemeral-storage"] = json!("1Gi");
    });
    assert_eq!(quiet, Vec::<String>::new());
}

#[test]
fn a_selector_with_one_entry_more_is_another_selector() {
    let service = Manifest::new(Kind::SERVICE, "shop", "frontend", json!({"spec": {"selector": {"app": "frontend"}}}));
    let mut live = service.value().clone();
    assert_eq!(diff(std::slice::from_ref(&service), std::slice::from_ref(&live)), []);
    live["spec"]["selector"]["tier"] = json!("gone");
    let drift = diff(&[service], &[live]);
    assert_eq!(drift.len(), 1);
    assert_eq!(drift[0].path.to_string(), "spec.selector");
}

#[test]
fn a_list_with_one_owner_is_told_as_a_whole() {
    let drift = sentences(|live| server(live)["args"] = json!(["--port", "1"]));
    assert_eq!(
        drift,
        [
            r#"Deployment shop/cartservice: spec.template.spec.containers[name="server"].args is ["--port","1"], applied ["--port","7070"]"#
        ]
    );
}

#[test]
fn another_source_of_a_volume_is_drift() {
    let drift =
        sentences(|live| live["spec"]["template"]["spec"]["volumes"][0] = json!({"name": "tmp", "hostPath": {}}));
    assert_eq!(drift.len(), 1, "{drift:?}");
    assert!(drift[0].contains(r#"volumes[name="tmp"].emptyDir is absent"#), "{drift:?}");
}

#[test]
fn a_missing_and_a_leaving_object_are_drift() {
    assert_eq!(diff(&[applied()], &[])[0].to_string(), "Deployment shop/cartservice is missing");
    let leaving = sentences(|live| live["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"));
    assert_eq!(leaving, ["Deployment shop/cartservice is being deleted"]);
}

#[test]
fn a_switch_that_was_applied_as_false_and_is_gone_is_drift() {
    let drift = sentences(|live| {
        live["spec"]["template"]["spec"].as_object_mut().unwrap().remove("automountServiceAccountToken");
    });
    assert_eq!(drift.len(), 1, "{drift:?}");
}

#[test]
fn an_element_under_another_key_is_one_missing_and_one_too_many() {
    let drift = sentences(|live| server(live)["name"] = json!("main"));
    assert_eq!(drift.len(), 2, "{drift:?}");
    assert!(drift[0].contains(r#"containers[name="server"] is absent"#), "{drift:?}");
    assert!(drift[1].contains(r#"containers[name="main"] was added"#), "{drift:?}");
    let mut renamed = live();
    server(&mut renamed)["name"] = json!("main");
    let pairs = super::renamed(&differences(&applied(), &renamed));
    assert_eq!(pairs.len(), 1);
    assert_eq!(pairs[0].1.to_string(), r#"spec.template.spec.containers[name="server"]"#);
}

/// JSON pointers of every scalar in an object.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| leaves(value, &format!("{at}/{name}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), found));
        }
        Value::String(text) if text.is_empty() => {}
        _ => found.push(at.to_owned()),
    }
}

fn other(value: &Value, salt: u32) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1 + i64::from(salt)),
        _ => json!(format!("changed-{salt}")),
    }
}

proptest! {
    #[test]
    fn every_changed_leaf_that_was_applied_is_found(pick in any::<prop::sample::Index>(), salt in 0_u32..1000) {
        let manifest = applied();
        let mut all = Vec::new();
        leaves(&manifest.value()["spec"], "/spec", &mut all);
        let pointer = pick.get(&all);
        let mut live = manifest.value().clone();
        let leaf = live.pointer_mut(pointer).unwrap();
        *leaf = other(leaf, salt);
        let drift = diff(&[manifest], &[live]);
        prop_assert!(!drift.is_empty(), "{} was not found", pointer);
    }

    #[test]
    fn every_removed_leaf_that_was_applied_is_found(pick in any::<prop::sample::Index>()) {
        let manifest = applied();
        let mut all = Vec::new();
        leaves(&manifest.value()["spec"], "/spec", &mut all);
        let pointer = pick.get(&all);
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut live = manifest.value().clone();
        match live.pointer_mut(parent).unwrap() {
            Value::Object(map) => { map.shift_remove(name); }
            Value::Array(list) => { list.remove(name.parse::<usize>().unwrap()); }
            _ => unreachable!("a leaf lies in a map or a list"),
        }
        prop_assert!(!diff(&[manifest], &[live]).is_empty(), "{} was not found", pointer);
    }

    #[test]
    fn added_fields_are_never_drift(pick in any::<prop::sample::Index>(), name in "x[a-z]{1,8}") {
        let manifest = applied();
        let mut live = live();
        let places = ["/metadata/annotations", "/metadata/labels", "/spec", "/spec/template/spec", "/status",
            "/spec/template/spec/containers/1", "/spec/template/spec/containers/1/resources/limits",
            "/spec/template/metadata/labels"];
        let place = *pick.get(&places);
        live.pointer_mut(place).unwrap()[name] = json!("theirs");
        prop_assert_eq!(diff(&[manifest], &[live]), []);
    }
}

#[test]
fn what_changed_in_a_long_list_is_shown_and_not_its_beginning() {
    let rules = |expr: &str| {
        let rule = |name: &str, expr: &str| json!({"record": name, "expr": expr, "labels": {"stack": "shop"}});
        json!([rule("boutique:requests:rate", "sum(rate(x[5m]))"), rule("boutique:errors:rate", expr)])
    };
    let body = |expr: &str| json!({"spec": {"groups": [{"name": "boutique.signals", "rules": rules(expr)}]}});
    let applied = Manifest::new(Kind::PROMETHEUS_RULE, "monitoring", "shop-signals", body("sum(rate(y[5m]))"));
    let live = Manifest::new(Kind::PROMETHEUS_RULE, "monitoring", "shop-signals", body("vector(0)")).into_value();
    let drift = diff(&[applied], &[live]);
    assert_eq!(
        drift[0].to_string(),
        r#"PrometheusRule monitoring/shop-signals: spec.groups[name="boutique.signals"].rules[1].expr is "vector(0)", applied "sum(rate(y[5m]))""#
    );
}
