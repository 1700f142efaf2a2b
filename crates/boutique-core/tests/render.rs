//! What the renderer produces, as a person and as an API server read it.

use boutique_core::catalogue::Catalogue;
use boutique_core::object::Manifest;
use boutique_core::render::{digest, effective, stack};
use boutique_core::spec::StackSpec;
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "callers write json!({…}) in place")]
fn mk_spec(patch: Value) -> StackSpec {
    let mut spec = json!({"name": "shop", "namespace": "shop"});
    for (key, value) in patch.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).expect("is a specification")
}

fn mk_stack(patch: Value) -> Vec<Manifest> {
    stack(&mk_spec(patch)).expect("renders")
}

fn yaml(manifests: &[Manifest]) -> String {
    let document = |manifest: &Manifest| {
        // JSON is YAML; read as such, numbers of any length print as numbers.
        let value: serde_yaml_ng::Value = serde_yaml_ng::from_str(&manifest.value().to_string()).expect("is YAML");
        serde_yaml_ng::to_string(&value).expect("is YAML")
    };
    manifests.iter().map(document).collect::<Vec<_>>().join("---\n")
}

fn only(manifests: &[Manifest], keep: impl Fn(&Manifest) -> bool) -> Vec<Manifest> {
    manifests.iter().filter(|manifest| keep(manifest)).cloned().collect()
}

fn index(manifests: &[Manifest]) -> String {
    manifests.iter().map(|manifest| manifest.reference().to_string()).collect::<Vec<_>>().join("\n")
}

fn pod(manifest: &Manifest) -> Option<&Value> {
    manifest.get("/spec/template/spec")
}

#[test]
fn a_standard_shop() {
    insta::assert_snapshot!(yaml(&mk_stack(json!({}))));
}

#[test]
fn a_small_shop_from_a_mirror() {
    let manifests = mk_stack(json!({"profile": "small", "image_registry": "localhost:5000/shop"}));
    insta::assert_snapshot!(yaml(&only(&manifests, |manifest| manifest.kind().is_workload())));
}

#[test]
fn a_highly_available_shop() {
    insta::assert_snapshot!(yaml(&mk_stack(json!({"profile": "ha"}))));
}

#[test]
fn a_shop_with_an_external_redis_has_none_of_its_own() {
    let manifests = mk_stack(json!({"cart": {"external": {"address": "redis.example.com:6379,ssl=true"}}}));
    assert!(!index(&manifests).contains("redis-cart"));
    insta::assert_snapshot!(yaml(&only(&manifests, |manifest| manifest.name() == "cartservice")));
}

#[test]
fn disabled_services_are_absent_and_the_frontend_still_knows_their_addresses() {
    let manifests = mk_stack(json!({
        "services": {"adservice": {"enabled": false}, "emailservice": {"enabled": false}},
        "load_generator": {"enabled": false},
    }));
    insta::assert_snapshot!(index(&manifests));
    let frontend = manifests.iter().find(|manifest| manifest.reference().to_string() == "Deployment shop/frontend");
    let env =
        frontend.and_then(|frontend| frontend.get("/spec/template/spec/containers/0/env")).expect("has variables");
    for name in ["AD_SERVICE_ADDR", "SHOPPING_ASSISTANT_SERVICE_ADDR"] {
        assert!(env.as_array().expect("is a list").iter().any(|variable| variable["name"] == name), "{name}");
    }
}

#[test]
fn upstreams_probes_come_back_when_asked_for() {
    let manifests = mk_stack(json!({"probes": "upstream"}));
    let probes: Vec<String> = manifests
        .iter()
        .filter_map(|manifest| {
            let container = manifest.get("/spec/template/spec/containers/0")?;
            assert!(container.get("startupProbe").is_none());
            let (ready, live) = (container.get("readinessProbe")?, container.get("livenessProbe")?);
            Some(format!("{}\n  {ready}\n  {live}", manifest.name()))
        })
        .collect();
    insta::assert_snapshot!(probes.join("\n"));
}

#[test]
fn settings_of_one_service_change_that_service_only() {
    let manifests = mk_stack(json!({"services": {"frontend": {
        "replicas": 0,
        "image": "example.com/frontend:green",
        "env": {"BANNER_COLOR": "green", "ENABLE_PROFILER": "1"},
        "resources": {"limits": {"memory": "48Mi"}},
    }}}));
    let plain = mk_stack(json!({}));
    let changed: Vec<&Manifest> = manifests.iter().filter(|manifest| !plain.contains(manifest)).collect();
    assert_eq!(changed.len(), 1);
    insta::assert_snapshot!(yaml(&only(&manifests, |manifest| manifest == changed[0])));
}

#[test]
fn nobody_gets_a_load_balancer_who_did_not_ask_for_it() {
    let external = |patch| only(&mk_stack(patch), |manifest| manifest.name() == "frontend-external");
    assert_eq!(external(json!({})), []);
    let asked = external(json!({"frontend_external": "LoadBalancer"}));
    assert_eq!(asked[0].get("/spec/type"), Some(&json!("LoadBalancer")));
}

#[test]
fn every_version_renders_with_its_own_images() {
    for version in Catalogue::versions().map(|version| version.to_string()).chain(["v0.12.0".to_owned()]) {
        let effective = effective(&mk_spec(json!({"version": version}))).expect("renders");
        for (service, values) in effective {
            let fits = values.image.ends_with(&format!("/{service}:{version}")) || values.image == "redis:alpine";
            assert!(fits, "{version}: {}", values.image);
        }
    }
    let rate = |version: &str| yaml(&mk_stack(json!({"version": version}))).contains("RATE");
    assert!(!rate("v0.10.2") && rate("v0.10.3"));
}

#[test]
fn contract_labels_are_on_objects_and_never_in_templates_or_selectors() {
    for manifest in mk_stack(json!({"profile": "ha", "frontend_external": "NodePort", "tracing": true})) {
        let labels: Vec<(&str, &str)> = manifest.labels().collect();
        assert!(labels.contains(&("boutique.dev/stack", "shop")), "{}", manifest.reference());
        assert!(labels.contains(&("boutique.dev/stack-namespace", "shop")), "{}", manifest.reference());
        for pointer in ["/spec/template/metadata/labels", "/spec/selector/matchLabels", "/spec/selector"] {
            let Some(Value::Object(found)) = manifest.get(pointer) else { continue };
            let found = found.get("matchLabels").and_then(Value::as_object).unwrap_or(found);
            assert_eq!(found.keys().collect::<Vec<_>>(), ["app"], "{} {pointer}", manifest.reference());
        }
    }
}

#[test]
fn rendering_twice_gives_one_digest_and_any_setting_another() {
    let of = |patch| digest(&mk_stack(patch));
    assert_eq!(of(json!({})), of(json!({})));
    assert_ne!(of(json!({})), of(json!({"load_generator": {"users": 11}})));
}

#[test]
fn an_invalid_shop_is_not_rendered() {
    let error = stack(&mk_spec(json!({"services": {"frontend": {"replicas": -1}}}))).expect_err("is invalid");
    assert!(error.to_string().contains("services.frontend.replicas: -1 is out of range"), "{error}");
}

#[test]
fn every_pod_satisfies_pod_security_restricted() {
    let mut checked = 0;
    for profile in ["small", "standard", "ha"] {
        for manifest in mk_stack(json!({"profile": profile})) {
            if let Some(pod) = pod(&manifest) {
                assert_eq!(violations(pod), [""; 0], "{profile} {}", manifest.reference());
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 36);
}

#[test]
fn the_check_of_pod_security_finds_what_it_should() {
    let upstream = boutique_core::render::upstream("v0.10.6", Default::default()).expect("renders");
    let frontend = upstream.iter().find(|object| object["kind"] == "Deployment").expect("has Deployments");
    assert_eq!(violations(&frontend["spec"]["template"]["spec"]), ["server: seccompProfile"]);
    let bad = json!({
        "hostNetwork": true,
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
        "containers": [{"name": "c", "ports": [{"hostPort": 80}], "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}],
    });
    assert_eq!(violations(&bad).len(), 8, "{:?}", violations(&bad));
}

/// What the *restricted* level of Pod Security Standards forbids and a pod has, or wants and a pod lacks.
fn violations(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for host in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod[host] == true {
            found.push(host.to_owned());
        }
    }
    if pod["securityContext"]["sysctls"].is_array() {
        found.push("sysctls".to_owned());
    }
    let allowed =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        if !allowed.iter().any(|kind| volume.get(kind).is_some()) {
            found.push(format!("volume {}", volume["name"]));
        }
    }
    let containers = ["initContainers", "containers", "ephemeralContainers"];
    for container in containers.into_iter().filter_map(|list| pod[list].as_array()).flatten() {
        let name = container["name"].as_str().unwrap_or_default();
        let own = &container["securityContext"];
        // A container's setting goes before its pod's.
        let effective = |field: &str| own.get(field).unwrap_or_else(|| &pod["securityContext"][field]);
        let mut want = |holds: bool, what: &str| {
            if !holds {
                found.push(format!("{name}: {what}"));
            }
        };
        want(own["privileged"] != true, "privileged");
        want(own["allowPrivilegeEscalation"] == false, "allowPrivilegeEscalation");
        want(own["capabilities"]["drop"] == json!(["ALL"]), "capabilities.drop");
        let added = own["capabilities"]["add"].as_array().cloned().unwrap_or_default();
        want(added.iter().all(|added| added == "NET_BIND_SERVICE"), "capabilities.add");
        want(effective("runAsNonRoot") == true, "runAsNonRoot");
        want(effective("runAsUser") != 0, "runAsUser");
        let seccomp = &effective("seccompProfile")["type"];
        want(seccomp == "RuntimeDefault" || seccomp == "Localhost", "seccompProfile");
        want(own.get("procMount").is_none(), "procMount");
        let ports = container["ports"].as_array().cloned().unwrap_or_default();
        want(ports.iter().all(|port| port.get("hostPort").is_none()), "hostPort");
    }
    found
}

#[test]
fn a_shop_that_traces_has_a_collector_and_three_variables_more_in_seven_services() {
    let manifests = mk_stack(json!({"tracing": true}));
    let plain = mk_stack(json!({}));
    let (collector, rest): (Vec<Manifest>, Vec<Manifest>) =
        manifests.into_iter().partition(|manifest| manifest.name() == "opentelemetrycollector");
    insta::assert_snapshot!(yaml(&collector));

    assert_eq!(rest.len(), plain.len());
    let mut traced = Vec::new();
    for (mut with, without) in rest.into_iter().zip(&plain) {
        if with == *without {
            continue;
        }
        let env = with.get_mut("/spec/template/spec/containers/0/env").and_then(Value::as_array_mut).expect("has");
        let added: Vec<Value> = env.drain(env.len() - 3..).collect();
        traced.push(with.name().to_owned());
        let expected = json!([
            {"name": "ENABLE_TRACING", "value": "1"},
            {"name": "COLLECTOR_SERVICE_ADDR", "value": "opentelemetrycollector:4317"},
            {"name": "OTEL_SERVICE_NAME", "value": with.name()},
        ]);
        assert_eq!(Value::from(added), expected);
        assert_eq!(with, *without, "nothing else changes");
    }
    traced.sort();
    assert_eq!(
        traced,
        [
            "checkoutservice",
            "currencyservice",
            "emailservice",
            "frontend",
            "paymentservice",
            "productcatalogservice",
            "recommendationservice"
        ]
    );
}

#[test]
fn a_collector_takes_what_a_person_says_of_it_and_restarts_by_its_configuration_alone() {
    let deployment = |patch| {
        let manifests = mk_stack(patch);
        only(&manifests, |manifest| manifest.reference().to_string() == "Deployment shop/opentelemetrycollector")
            .pop()
            .expect("is there")
    };
    let pointer = "/spec/template/spec/containers/0";
    let small = deployment(json!({"tracing": true, "profile": "small", "image_registry": "localhost:5000/shop"}));
    let container = small.get(pointer).expect("is there");
    assert_eq!(container["image"], "localhost:5000/shop/otel/opentelemetry-collector-contrib:0.157.0");
    assert_eq!(
        container["resources"],
        json!({"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}})
    );

    let own = deployment(json!({"tracing": true, "collector": {
        "image": "example.com/collector:1", "resources": {"limits": {"memory": "100Mi"}},
    }}));
    let container = own.get(pointer).expect("is there");
    assert_eq!(container["image"], "example.com/collector:1");
    assert_eq!(container["env"], json!([{"name": "GOMEMLIMIT", "value": "80MiB"}]));
    assert_eq!(container["resources"]["requests"]["memory"], "100Mi", "never above the limit");

    let digest = |patch| deployment(patch).get("/spec/template/metadata/annotations").cloned();
    let plain = digest(json!({"tracing": true}));
    assert_eq!(plain, digest(json!({"tracing": true, "load_generator": {"users": 1}})));
    let below = json!({"tracing": true, "services": {"frontend": {"env": {"BASE_URL": "/shop"}}}});
    assert_ne!(plain, digest(below), "the pages are elsewhere");
}

#[test]
fn a_variable_of_a_persons_own_stands_above_what_tracing_sets() {
    let manifests = mk_stack(json!({"tracing": true, "services": {"emailservice": {"env": {"ENABLE_TRACING": "0"}}}}));
    let email = only(&manifests, |manifest| manifest.reference().to_string() == "Deployment shop/emailservice");
    let env = email[0].get("/spec/template/spec/containers/0/env").and_then(Value::as_array).expect("is there");
    let values: Vec<_> = env.iter().filter(|variable| variable["name"] == "ENABLE_TRACING").collect();
    assert_eq!(values, [&json!({"name": "ENABLE_TRACING", "value": "0"})]);
}
