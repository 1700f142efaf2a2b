//! Routes as an API server reads them, and everything that is refused before one is asked.

use boutique_core::edge::{EdgeError, IngressSpec, Inputs, needs_edge_address, render, values};
use boutique_core::object::{Kind, Manifest};
use boutique_core::render::stack;
use boutique_core::spec::StackSpec;
use proptest::prelude::*;
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "callers write json!({…}) in place")]
fn mk_spec(patch: Value) -> IngressSpec {
    let mut spec =
        json!({"name": "shop", "namespace": "shop", "host": "shop.local", "controller": {"kind": "f5-nginx"}});
    for (key, value) in patch.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).expect("is a specification")
}

fn mk_routes(patch: Value) -> Vec<Manifest> {
    let inputs = Inputs { edge_address: "10.96.0.9".parse().ok(), ..Inputs::default() };
    render(&mk_spec(patch), &inputs).expect("renders")
}

fn as_yaml(value: &Value) -> String {
    // JSON is YAML; read as such, numbers of any length print as numbers.
    let value: serde_yaml_ng::Value = serde_yaml_ng::from_str(&value.to_string()).expect("is YAML");
    serde_yaml_ng::to_string(&value).expect("is YAML")
}

fn yaml(manifests: &[Manifest]) -> String {
    manifests.iter().map(|manifest| as_yaml(manifest.value())).collect::<Vec<_>>().join("---\n")
}

fn problems(patch: Value) -> String {
    mk_spec(patch).validate().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_host_through_f5s_nginx() {
    insta::assert_snapshot!(yaml(&mk_routes(json!({}))));
}

#[test]
fn through_node_ports_traefik_redirects_from_one_to_the_other_first() {
    let spec = mk_spec(json!({"controller": {"kind": "traefik"}, "tls": {"self_signed": true}}));
    let inputs = Inputs { node_ports: Some((30_080, 30_443)), ..Inputs::default() };
    let manifests = render(&spec, &inputs).expect("renders");
    let redirect = manifests[0].get("/spec/redirectRegex").expect("redirects");
    assert_eq!(*redirect, json!({"regex": "^http://([^/:]+):30080(/.*)?$", "replacement": "https://${1}:30443${2}"}));
    let order = manifests[2].get("/metadata/annotations/traefik.ingress.kubernetes.io~1router.middlewares");
    assert_eq!(
        order.and_then(Value::as_str),
        Some("shop-shop-redirect-port@kubernetescrd,shop-shop-redirect@kubernetescrd")
    );
    let nginx = mk_spec(json!({"tls": {"self_signed": true}}));
    assert_eq!(render(&nginx, &inputs).expect("renders"), render(&nginx, &Inputs::default()).expect("renders"));
}

#[test]
fn tls_below_a_path_through_ingress_nginx() {
    insta::assert_snapshot!(yaml(&mk_routes(json!({
        "controller": {"kind": "ingress-nginx", "class": "edge"},
        "path": "/online-boutique",
        "tls": {"secret": "shop-cert"},
        "timeouts": {"read": 45},
        "annotations": {"nginx.ingress.kubernetes.io/proxy-buffering": "on"},
    }))));
}

#[test]
fn further_hosts_through_traefik_with_a_redirect_and_an_issuer() {
    insta::assert_snapshot!(yaml(&mk_routes(json!({
        "controller": {"kind": "traefik"},
        "hosts": {"grafana.shop.local": {"service": "grafana", "port": 3000}, "*.apps.shop.local": {"service": "apps"}},
        "tls": {"cert_manager": {"name": "letsencrypt"}},
    }))));
}

#[test]
fn an_existing_controller_gets_nothing_that_only_some_controllers_read() {
    let routes = mk_routes(json!({
        "controller": {"kind": "existing", "class": "internal"},
        "tls": {"self_signed": true},
        "annotations": {"example.com/team": "shop"},
    }));
    insta::assert_snapshot!(yaml(&routes));
}

#[test]
fn shoppers_come_through_the_edge_under_the_right_name() {
    let routes = mk_routes(json!({"load_generator": {"users": 20, "rate": 2}}));
    insta::assert_snapshot!(yaml(&routes[1..]));
}

#[test]
fn shoppers_wait_for_the_controllers_address() {
    let spec = mk_spec(json!({"path": "/online-boutique", "load_generator": {}}));
    assert!(needs_edge_address(&spec));
    assert_eq!(render(&spec, &Inputs::default()).expect("renders").len(), 1);
    let inputs = Inputs {
        edge_address: "fd00::9".parse().ok(),
        http_port: Some(8000),
        load_image: Some("mirror.local/loadgenerator:v0.10.5".to_owned()),
        ..Inputs::default()
    };
    let routes = render(&spec, &inputs).expect("renders");
    let pod = routes[1].get("/spec/template/spec").expect("is a Deployment");
    assert_eq!(pod["hostAliases"], json!([{"ip": "fd00::9", "hostnames": ["shop.local"]}]));
    assert_eq!(pod["containers"][0]["env"][0]["value"], "shop.local:8000/online-boutique");
    assert_eq!(pod["containers"][0]["image"], "mirror.local/loadgenerator:v0.10.5");
    let without = mk_spec(json!({"load_generator": {"enabled": false}}));
    assert!(!needs_edge_address(&without));
}

/// A base path only works if the stack moves along with it.
#[test]
fn a_frontend_below_a_path_is_probed_and_asked_there() {
    let shop: StackSpec = serde_json::from_value(json!({
        "name": "shop", "namespace": "shop", "services": {"frontend": {"env": {"BASE_URL": "/online-boutique"}}},
    }))
    .expect("is a shop");
    let container = |name: &str| {
        let all = stack(&shop).expect("renders");
        let found = all.into_iter().find(|one| one.kind() == Kind::DEPLOYMENT && one.name() == name).expect("is there");
        found.get("/spec/template/spec/containers/0").expect("has one").clone()
    };
    let frontend = container("frontend");
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(frontend[probe]["httpGet"]["path"], "/online-boutique/_healthz", "{probe}");
    }
    assert_eq!(container("loadgenerator")["env"][0]["value"], "frontend:80/online-boutique");
}

#[test]
fn a_setting_of_the_shop_does_not_touch_a_further_host() {
    let base = json!({"hosts": {"grafana.shop.local": {"service": "grafana"}}});
    let mut other = base.clone();
    other["timeouts"] = json!({"read": 90});
    other["annotations"] = json!({"nginx.org/proxy-buffering": "false"});
    other["path"] = json!("/shop");
    let (one, two) = (mk_routes(base), mk_routes(other));
    assert_ne!(one[0], two[0]);
    assert_eq!(one[1], two[1]);
}

#[test]
fn a_persons_annotation_lies_above_ours() {
    let routes = mk_routes(json!({"annotations": {"nginx.org/proxy-read-timeout": "5m"}}));
    assert_eq!(routes[0].get("/metadata/annotations/nginx.org~1proxy-read-timeout"), Some(&json!("5m")));
}

#[test]
fn values_of_every_chart() {
    let all: Vec<String> = ["f5-nginx", "ingress-nginx", "traefik"]
        .map(|kind| {
            let controller = json!({"kind": kind, "install": true, "service_type": "NodePort", "replicas": 2});
            format!("# {kind}\n{}", as_yaml(&values(&mk_spec(json!({"controller": controller})))))
        })
        .to_vec();
    insta::assert_snapshot!(all.join("---\n"));
}

#[test]
fn every_problem_names_its_attribute_and_a_way_out() {
    insta::assert_snapshot!(problems(json!({
        "name": "Shop", "namespace": "n".repeat(64), "host": "https://shop.local/", "path": "shop/",
        "service": {"service": "front_end", "port": 0},
        "hosts": {"https://shop.local/": {}, "*.*.local": {}, "10.0.0.1": {}, "Grafana.Local": {}, "a.local:80": {}},
        "controller": {"kind": "existing", "install": true, "release": "x".repeat(54), "namespace": "a.b", "replicas": 0},
        "tls": {"secret": "shop_cert", "self_signed": true, "redirect": true},
        "timeouts": {"read": 0},
        "annotations": {"kubernetes.io/ingress.class": "nginx", "bad key": ""},
        "load_generator": {"users": -1, "rate": 0, "image": "Load"},
    })));
}

#[test]
fn hosts_are_names_and_nothing_else() {
    for (host, said) in [
        ("*.shop.local", "write shop.shop.local here and \"*.shop.local\" under hosts"),
        ("192.0.2.1", "routes are told apart by names"),
        ("Shop.Local", "write \"shop.local\""),
        ("shop.local/cart", "write \"shop.local\" and set path"),
        ("shop.local:8080", "a host has no port"),
        ("shop..local", "\"\" is no part of one"),
        ("", "is no host name"),
    ] {
        let found = problems(json!({"host": host}));
        assert!(found.starts_with("host: ") && found.contains(said), "{host}: {found}");
    }
    assert_eq!(problems(json!({"hosts": {"*.shop.local": {}, "www.shop.local": {}}})), "");
    assert!(problems(json!({"hosts": {"shop.local": {}}})).contains("the shop's own host"));
}

#[test]
fn a_path_has_the_form_of_the_frontends_base_url() {
    assert_eq!(problems(json!({"path": "/online-boutique"})), "");
    assert_eq!(problems(json!({"path": "/a/b.c"})), "");
    for (path, said) in [
        ("/", "leave it out"),
        ("shop", "write \"/shop\""),
        ("/shop/", "write \"/shop\""),
        ("/shop//x", "no plain path"),
        ("/../x", "no plain path"),
        ("/shop?x", "no plain path"),
    ] {
        let found = problems(json!({"path": path}));
        assert!(found.contains(said), "{path}: {found}");
    }
}

#[test]
fn a_certificate_has_one_source() {
    for tls in [json!({}), json!({"redirect": true}), json!({"secret": "a", "cert_manager": {"name": "b"}})] {
        let found = problems(json!({ "tls": tls }));
        assert!(found.contains("set exactly one of secret, cert_manager and self_signed"), "{found}");
    }
    assert_eq!(problems(json!({"tls": {"cert_manager": {"kind": "Issuer", "name": "ca"}}})), "");
}

#[test]
fn what_one_controller_cannot_do_is_said_before_it_is_not_done() {
    let traefik = problems(json!({"controller": {"kind": "traefik"}, "timeouts": {"read": 60}}));
    assert!(traefik.contains("Traefik has timeouts for the whole controller only"), "{traefik}");
    let existing = json!({"kind": "existing", "class": "x"});
    assert!(
        problems(json!({"controller": existing, "timeouts": {"read": 60}})).contains("which one this is is not known")
    );
    let load = problems(json!({"tls": {"self_signed": true}, "load_generator": {}}));
    assert!(load.contains("set tls.redirect = false"), "{load}");
    assert_eq!(problems(json!({"tls": {"self_signed": true, "redirect": false}, "load_generator": {}})), "");
    let unset = problems(json!({"controller": {"kind": "traefik", "replicas": 2, "values": {"a": 1}}}));
    assert!(unset.contains("controller.replicas") && unset.contains("controller.values"), "{unset}");
}

#[test]
fn values_do_not_contradict_the_attributes_that_say_the_same() {
    let controller = |values: Value| {
        problems(
            json!({"controller": {"kind": "ingress-nginx", "install": true, "service_type": "NodePort", "values": values}}),
        )
    };
    let found = controller(
        json!({"controller": {"ingressClassResource": {"name": "other"}, "service": {"type": "LoadBalancer"}}}),
    );
    assert!(found.contains("controller.ingressClassResource.name = \"other\" contradicts controller.class"), "{found}");
    assert!(found.contains("contradicts controller.service_type"), "{found}");
    assert_eq!(controller(json!({"controller": {"service": {"type": "NodePort", "nodePorts": {"http": 30080}}}})), "");
}

#[test]
fn a_retired_controller_and_an_annotation_for_another_one_are_warned_of() {
    let spec = mk_spec(json!({
        "controller": {"kind": "ingress-nginx"},
        "annotations": {"nginx.org/proxy-buffering": "false", "example.com/x": "y"},
    }));
    assert_eq!(spec.validate(), []);
    let warnings: Vec<String> = spec.warnings().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"));
    assert_eq!(mk_spec(json!({})).warnings(), []);
}

#[test]
fn what_is_not_valid_is_not_rendered() {
    let error = render(&mk_spec(json!({"host": ""})), &Inputs::default()).expect_err("is not valid");
    assert!(matches!(&error, EdgeError::Invalid { problems } if problems.len() == 1));
    assert!(error.to_string().starts_with("the specification of the ingress is not valid: host: "), "{error}");
}

#[test]
fn a_name_leaves_room_for_the_load_generator() {
    let long = "s".repeat(50);
    assert_eq!(problems(json!({"name": long})), "");
    assert!(problems(json!({"name": long, "load_generator": {}})).contains("at most 49 characters"));
}

proptest! {
    #[test]
    fn no_text_makes_the_checks_panic(host in "\\PC{0,40}", path in "\\PC{0,20}", key in "\\PC{0,20}") {
        let _ = problems(json!({"host": host, "path": path, "hosts": {host.clone(): {}}, "annotations": {key: ""}}));
    }

    #[test]
    fn what_is_valid_renders_one_ingress_for_each_host(host in "[a-z0-9]{1,8}(\\.[a-z0-9-]{1,8}){0,2}", other in "[a-z]{1,8}\\.local") {
        let spec = mk_spec(json!({"host": host, "hosts": {other: {}}}));
        if spec.validate().is_empty() {
            let routes = render(&spec, &Inputs::default()).expect("renders");
            let names: Vec<&str> = routes.iter().map(Manifest::name).collect();
            prop_assert_eq!(names, spec.ingress_names());
        }
    }
}
