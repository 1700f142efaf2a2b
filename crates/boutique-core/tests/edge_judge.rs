//! Situations at the edge, each a healthy one with one thing broken, and what is said about them.

use boutique_core::edge::judge::{EdgeObservation, SecretFacts};
use boutique_core::edge::probe::{Answer, CertificateFacts, Probe, Via};
use boutique_core::edge::{IngressSpec, Inputs, judge, render};
use boutique_core::finding::{Code, Finding};
use serde_json::{Value, json};

#[path = "edge_judge/issuers.rs"]
mod issuers;

const MADE: &str = "2026-08-01T10:00:00Z";
const NOW: &str = "2026-08-01T11:00:00Z";

fn mk_spec(kind: &str) -> IngressSpec {
    serde_json::from_value(json!({
        "name": "shop", "namespace": "shop", "host": "shop.local",
        "controller": {"kind": kind, "install": true}, "tls": {"self_signed": true},
    }))
    .expect("is a specification")
}

fn mk_certificate() -> CertificateFacts {
    CertificateFacts {
        not_before: "2026-07-01T00:00:00Z".parse().expect("is a time"),
        not_after: "2027-07-01T00:00:00Z".parse().expect("is a time"),
        names: vec!["shop.local".to_owned()],
        subject: "shop.local".to_owned(),
        issuer: "boutique shop/shop".to_owned(),
    }
}

fn mk_class(name: &str, controller: &str) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name,
        "annotations": {"meta.helm.sh/release-name": "edge", "meta.helm.sh/release-namespace": "edge"}},
        "spec": {"controller": controller}})
}

fn mk_controller(namespace: &str, chart: &str, args: &[&str]) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": format!("{chart}-controller"), "labels": {"app.kubernetes.io/name": chart},
            "annotations": {"meta.helm.sh/release-name": chart, "meta.helm.sh/release-namespace": namespace}},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "controller", "args": args}]}}}})
}

fn mk_pod(ready: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "nginx-ingress", "name": "nginx-ingress-controller-1", "creationTimestamp": MADE},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
            "containerStatuses": if ready { json!([]) } else { json!([{"ready": false, "state": {"waiting": {
                "reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}}]) }}})
}

fn mk_probe(status: u16, body: &str) -> Probe {
    Probe {
        host: "shop.local".to_owned(),
        scheme: "https".to_owned(),
        path: "/".to_owned(),
        via: Via::Outside("192.0.2.1:443".to_owned()),
        answer: Answer::Http { status, location: None, server: Some("nginx".to_owned()), body: body.to_owned() },
        certificate: Some(mk_certificate()),
    }
}

const HOME: &str = "<title>Home · Online Boutique</title>";
const UNKNOWN: &str = "<html><body><h1>404 Not Found</h1><hr><center>nginx/1.29.0</center></body></html>";

/// A shop behind F5's nginx with a certificate of its own, in which nothing is wrong.
fn mk_healthy() -> EdgeObservation {
    let spec = mk_spec("f5-nginx");
    let ingresses = render(&spec, &Inputs::default())
        .expect("renders")
        .into_iter()
        .map(|manifest| {
            let mut live = manifest.into_value();
            live["metadata"]["creationTimestamp"] = json!(MADE);
            live
        })
        .collect();
    EdgeObservation {
        namespace: "shop".to_owned(),
        spec: Some(spec),
        classes: Some(vec![mk_class("nginx", "nginx.org/ingress-controller")]),
        ingresses: Some(ingresses),
        services: Some(vec![
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "frontend"},
                "spec": {"type": "ClusterIP", "selector": {"app": "frontend"}, "ports": [{"name": "http", "port": 80}]}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "cartservice"},
                "spec": {"type": "ClusterIP", "selector": {"app": "cartservice"}, "ports": [{"name": "grpc", "port": 7070}]}}),
        ]),
        endpoint_slices: Some(vec![json!({
            "metadata": {"namespace": "shop", "labels": {"kubernetes.io/service-name": "frontend"}},
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}],
        })]),
        frontend: Some(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "shop", "name": "frontend", "creationTimestamp": MADE},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "server", "env": []}]}}}})),
        controllers: Some(vec![mk_controller("nginx-ingress", "nginx-ingress", &["-ingress-class=nginx"])]),
        controller_pods: Some(vec![mk_pod(true)]),
        controller_service: Some(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"namespace": "nginx-ingress", "name": "nginx-ingress-controller", "creationTimestamp": MADE},
            "spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "ports": [
                {"name": "http", "port": 80, "nodePort": 30080}, {"name": "https", "port": 443, "nodePort": 30443}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})),
        nodes: Vec::new(),
        secrets: Some(vec![SecretFacts {
            namespace: "shop".to_owned(),
            name: "shop-tls".to_owned(),
            kind: "kubernetes.io/tls".to_owned(),
            has_certificate: true,
            has_key: true,
            certificate: Some(mk_certificate()),
            problem: None,
        }]),
        cert_manager: None,
        events: Vec::new(),
        probes: vec![mk_probe(200, HOME)],
        at: NOW.parse().ok(),
    }
}

fn said(observation: &EdgeObservation) -> String {
    let one = |finding: &Finding| format!("{finding}\n  settled {}", if finding.settled { "yes" } else { "no" });
    judge(observation).iter().map(one).collect::<Vec<_>>().join("\n\n")
}

fn codes(observation: &EdgeObservation) -> Vec<Code> {
    judge(observation).iter().map(|finding| finding.code).collect()
}

fn list(field: &mut Option<Vec<Value>>) -> &mut Vec<Value> {
    field.as_mut().expect("was observed")
}

/// The healthy shop, as anyone sees it who did not make it with us.
fn mk_foreign() -> EdgeObservation {
    EdgeObservation { spec: None, ..mk_healthy() }
}

#[test]
fn nothing_is_said_about_a_healthy_edge() {
    assert_eq!(said(&mk_healthy()), "");
    assert_eq!(said(&mk_foreign()), "");
}

#[test]
fn what_was_not_observed_is_not_judged() {
    let unseen =
        EdgeObservation { spec: mk_healthy().spec, namespace: "shop".to_owned(), ..EdgeObservation::default() };
    assert_eq!(said(&unseen), "");
    assert_eq!(said(&EdgeObservation::default()), "");
}

#[test]
fn a_controller_that_was_uninstalled_left_its_class_behind() {
    let mut observation = mk_healthy();
    observation.controllers = Some(Vec::new());
    observation.controller_pods = Some(Vec::new());
    observation.probes[0].answer = Answer::Refused("connection refused".to_owned());
    observation.probes[0].certificate = None;
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_controller_that_is_scaled_to_zero() {
    let mut observation = mk_foreign();
    observation.controller_pods = Some(Vec::new());
    list(&mut observation.controllers)[0]["spec"]["replicas"] = json!(0);
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_controller_whose_pod_crashes() {
    let mut observation = mk_healthy();
    observation.controller_pods = Some(vec![mk_pod(false)]);
    insta::assert_snapshot!(said(&observation));
    observation.at = "2026-08-01T10:00:10Z".parse().ok();
    let finding = judge(&observation).remove(0);
    assert!(!finding.settled, "a pod may still start");
}

#[test]
fn a_class_that_nobody_has_made() {
    let mut observation = mk_healthy();
    observation.classes = Some(vec![mk_class("traefik", "traefik.io/ingress-controller")]);
    observation.probes = vec![mk_probe(404, UNKNOWN)];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn an_ingress_without_a_class_where_none_is_the_default() {
    let mut observation = mk_foreign();
    list(&mut observation.ingresses)[0]["spec"].as_object_mut().expect("is one").remove("ingressClassName");
    insta::assert_snapshot!(said(&observation));
    let default = json!({"ingressclass.kubernetes.io/is-default-class": "true"});
    list(&mut observation.classes)[0]["metadata"]["annotations"] = default;
    assert_eq!(codes(&observation), []);
}

#[test]
fn a_class_that_the_community_controller_has() {
    let mut observation = mk_healthy();
    observation.classes = Some(vec![mk_class("nginx", "k8s.io/ingress-nginx")]);
    observation.controllers = Some(vec![mk_controller("ingress-nginx", "ingress-nginx", &["--ingress-class=nginx"])]);
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn two_controllers_that_both_serve_the_class_nginx() {
    let mut observation = mk_healthy();
    let community =
        mk_controller("ingress-nginx", "ingress-nginx", &["/nginx-ingress-controller", "--ingress-class=nginx"]);
    list(&mut observation.controllers).push(community);
    insta::assert_snapshot!(said(&observation));
    list(&mut observation.controllers)[1]["spec"]["replicas"] = json!(0);
    assert_eq!(codes(&observation), []);
}

#[test]
fn one_controller_that_is_installed_twice_answers_twice() {
    let mut observation = mk_foreign();
    observation.classes = Some(vec![mk_class("nginx", "traefik.io/ingress-controller")]);
    let named = mk_controller("one", "traefik", &["--providers.kubernetesingress.ingressClass=nginx"]);
    let unnamed = mk_controller("two", "traefik", &["--providers.kubernetesingress"]);
    let other = mk_controller("three", "traefik", &["--providers.kubernetesingress.ingressClass=internal"]);
    observation.controllers = Some(vec![named, unnamed, other]);
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_service_that_does_not_exist() {
    let mut observation = mk_healthy();
    list(&mut observation.services).remove(0);
    observation.endpoint_slices = Some(Vec::new());
    observation.probes = vec![mk_probe(502, "<center>nginx</center>")];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_port_that_the_service_does_not_have() {
    let mut observation = mk_foreign();
    list(&mut observation.ingresses)[0]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] =
        json!({"name": "web"});
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_frontend_that_is_scaled_to_zero() {
    let mut observation = mk_healthy();
    observation.endpoint_slices = Some(Vec::new());
    observation.frontend.as_mut().expect("is there")["spec"]["replicas"] = json!(0);
    observation.probes = vec![mk_probe(502, "<center>nginx</center>")];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_frontend_whose_pods_are_not_ready() {
    let mut observation = mk_healthy();
    list(&mut observation.endpoint_slices)[0]["endpoints"][0]["conditions"]["ready"] = json!(false);
    insta::assert_snapshot!(said(&observation));
    observation.at = "2026-08-01T10:00:30Z".parse().ok();
    assert!(!judge(&observation)[0].settled, "a shop that starts gets its endpoints by waiting");
    observation.at = NOW.parse().ok();
    let mut settled = |status: &str, since: &str| {
        observation.frontend.as_mut().expect("is there")["status"] =
            json!({"conditions": [{"type": "Available", "status": status, "lastTransitionTime": since}]});
        judge(&observation)[0].settled
    };
    assert!(!settled("False", "2026-08-01T10:59:30Z"), "an old shop may be changing its only pod");
    assert!(settled("False", "2026-08-01T10:50:00Z"));
    assert!(!settled("True", "2026-08-01T10:50:00Z"), "endpoints are a moment behind their pods");
}

#[test]
fn a_frontend_below_another_path() {
    let mut observation = mk_healthy();
    observation.frontend.as_mut().expect("is there")["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "BASE_URL", "value": "/online-boutique"}]);
    observation.probes = vec![mk_probe(404, "404 page not found")];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_tls_secret_that_is_gone() {
    let mut observation = mk_healthy();
    observation.spec.as_mut().expect("is there").tls = serde_json::from_value(json!({"secret": "shop-tls"})).ok();
    observation.secrets = Some(Vec::new());
    observation.probes[0].answer = Answer::TlsFailed("tlsv1 unrecognized name".to_owned());
    observation.probes[0].certificate = None;
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_certificate_that_cert_manager_does_not_make() {
    let mut observation = mk_foreign();
    observation.secrets = Some(Vec::new());
    list(&mut observation.ingresses)[0]["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] =
        json!("letsencrypt");
    insta::assert_snapshot!(said(&observation));
    observation.at = "2026-08-01T10:01:00Z".parse().ok();
    assert!(!judge(&observation)[0].settled, "an issuer takes its time");
}

#[test]
fn a_secret_of_another_form() {
    let mut observation = mk_foreign();
    let secret = &mut observation.secrets.as_mut().expect("was observed")[0];
    (secret.kind, secret.has_key, secret.certificate) = ("Opaque".to_owned(), false, None);
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_secret_of_another_type_is_refused_by_f5_only() {
    let mut observation = mk_foreign();
    observation.secrets.as_mut().expect("was observed")[0].kind = "Opaque".to_owned();
    insta::assert_snapshot!(said(&observation));
    observation.classes = Some(vec![mk_class("nginx", "traefik.io/ingress-controller")]);
    assert!(said(&observation).contains("is not of type"));
    assert!(!said(&observation).contains("takes certificates from Secrets of that type only"));
}

#[test]
fn a_certificate_for_another_host_that_has_expired() {
    let mut observation = mk_foreign();
    let certificate = CertificateFacts {
        not_after: "2026-07-31T00:00:00Z".parse().expect("is a time"),
        names: vec!["*.example.com".to_owned(), "example.com".to_owned()],
        ..mk_certificate()
    };
    observation.secrets.as_mut().expect("was observed")[0].certificate = Some(certificate);
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_certificate_is_spoken_of_two_weeks_before_its_end() {
    let mut observation = mk_healthy();
    let mut ends = |day: &str| {
        let certificate = CertificateFacts { not_after: day.parse().expect("is a time"), ..mk_certificate() };
        observation.secrets.as_mut().expect("was observed")[0].certificate = Some(certificate);
        codes(&observation)
    };
    assert_eq!(ends("2026-08-16T00:00:00Z"), []);
    assert_eq!(ends("2026-08-15T00:00:00Z"), [Code::CERTIFICATE_EXPIRES_SOON]);
    assert_eq!(ends("2026-08-01T11:00:00Z"), [Code::CERTIFICATE_NOT_VALID]);
}

#[test]
fn a_host_that_another_namespace_had_first() {
    let mut observation = mk_healthy();
    let mut other = list(&mut observation.ingresses)[0].clone();
    other["metadata"] = json!({"namespace": "blog", "name": "blog", "creationTimestamp": "2026-07-01T00:00:00Z",
        "labels": {"app.kubernetes.io/managed-by": "Helm"}});
    other["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/blog");
    list(&mut observation.ingresses).push(other);
    observation.events = vec![mk_event("Rejected", "All hosts are taken by other resources")];
    observation.probes = vec![mk_probe(404, UNKNOWN)];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_host_that_another_wants_later_is_only_warned_of() {
    let mut observation = mk_foreign();
    let mut other = list(&mut observation.ingresses)[0].clone();
    other["metadata"] = json!({"namespace": "blog", "name": "blog", "creationTimestamp": "2026-08-01T10:30:00Z"});
    list(&mut observation.ingresses).push(other);
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn controllers_that_merge_paths_collide_on_one_path_only() {
    let mut observation = mk_foreign();
    observation.classes = Some(vec![mk_class("nginx", "traefik.io/ingress-controller")]);
    let mut other = list(&mut observation.ingresses)[0].clone();
    other["metadata"] = json!({"namespace": "blog", "name": "blog", "creationTimestamp": "2026-07-01T00:00:00Z"});
    other["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/blog");
    list(&mut observation.ingresses).push(other);
    assert_eq!(codes(&observation), []);
    list(&mut observation.ingresses)[1]["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/");
    assert_eq!(codes(&observation), [Code::HOST_CLAIMED]);
    list(&mut observation.ingresses)[1]["spec"]["ingressClassName"] = json!("other");
    list(&mut observation.classes).push(mk_class("other", "example.com/other"));
    assert_eq!(codes(&observation), [], "another class has another controller");
}

fn mk_event(reason: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "reason": reason, "message": message,
        "involvedObject": {"kind": "Ingress", "namespace": "shop", "name": "shop"}})
}

#[test]
fn an_ingress_that_the_controller_refuses() {
    let mut observation = mk_healthy();
    let message = "annotations.nginx.org/proxy-read-timeout: Invalid value: \"soon\": must be a time";
    observation.events = vec![mk_event("AddedOrUpdated", "Configuration was added"), mk_event("Rejected", message)];
    insta::assert_snapshot!(said(&observation));
    observation.events.push(mk_event("AddedOrUpdated", "Configuration was updated"));
    assert_eq!(codes(&observation), [], "what was corrected is no trouble any more");
}

#[test]
fn a_load_balancer_on_a_bare_cluster() {
    let mut observation = mk_healthy();
    observation.controller_service.as_mut().expect("is there")["status"] = json!({});
    observation.nodes = vec![json!({"metadata": {"name": "node-1"}, "status": {
        "addresses": [{"type": "InternalIP", "address": "10.1.0.1"}], "conditions": [{"type": "Ready", "status": "True"}]}})];
    insta::assert_snapshot!(said(&observation));
    observation.at = "2026-08-01T10:00:10Z".parse().ok();
    assert!(!judge(&observation)[0].settled, "a cloud takes its time");
    observation.controller_service.as_mut().expect("is there")["spec"]["type"] = json!("ClusterIP");
    assert_eq!(codes(&observation), [], "who asked for no address needs none");
}

#[test]
fn an_address_that_nothing_gets_through_to() {
    let mut observation = mk_healthy();
    observation.probes[0].answer = Answer::TimedOut("no answer within 5 s".to_owned());
    observation.probes.push(Probe { via: Via::Inside, ..mk_probe(200, HOME) });
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_frontend_without_the_page_is_told_from_a_controller_without_the_host() {
    let mut observation = mk_healthy();
    observation.frontend = None;
    observation.probes = vec![mk_probe(404, "404 page not found")];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_further_host_may_be_there_before_its_service() {
    let mut observation = mk_healthy();
    let spec = observation.spec.as_mut().expect("is there");
    spec.hosts =
        serde_json::from_value(json!({"grafana.shop.local": {"service": "grafana", "port": 3000}})).expect("is one");
    let wanted = render(spec, &Inputs::default()).expect("renders");
    observation.ingresses = Some(wanted.into_iter().map(|manifest| manifest.into_value()).collect());
    let names = vec!["shop.local".to_owned(), "grafana.shop.local".to_owned()];
    observation.secrets.as_mut().expect("was observed")[0].certificate =
        Some(CertificateFacts { names, ..mk_certificate() });
    observation.probes.push(Probe { host: "grafana.shop.local".to_owned(), ..mk_probe(502, "<center>nginx</center>") });
    insta::assert_snapshot!(said(&observation));
    // What is wrong with one host is no reason for another.
    observation.probes[0] = mk_probe(502, "<center>nginx</center>");
    assert_eq!(codes(&observation), [Code::EDGE_GATEWAY_ERROR, Code::BACKEND_MISSING]);
}

#[test]
fn a_host_that_the_controller_does_not_know() {
    let mut observation = mk_healthy();
    observation.probes = vec![mk_probe(404, UNKNOWN)];
    insta::assert_snapshot!(said(&observation));
    observation.ingresses = Some(Vec::new());
    assert!(said(&observation).contains("the Ingress shop/shop does not exist"));
}

#[test]
fn a_page_that_hangs() {
    let mut observation = mk_healthy();
    observation.probes = vec![mk_probe(504, "<center>nginx</center>")];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_shop_that_answers_500_is_reached() {
    let mut observation = mk_healthy();
    observation.probes = vec![mk_probe(500, "could not retrieve products: rpc error: code = Unavailable")];
    assert_eq!(codes(&observation), [], "the stack's own findings say what is wrong with it");
}

#[test]
fn a_default_certificate() {
    let mut observation = mk_foreign();
    observation.classes = Some(vec![mk_class("nginx", "traefik.io/ingress-controller")]);
    let shown = CertificateFacts { subject: "TRAEFIK DEFAULT CERT".to_owned(), ..mk_certificate() };
    observation.probes[0].certificate = Some(shown);
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn an_address_at_which_something_else_listens() {
    let mut observation = mk_healthy();
    observation.probes = vec![mk_probe(200, "<h1>Welcome to the printer</h1>")];
    insta::assert_snapshot!(said(&observation));
}

#[test]
fn a_redirect_to_https_is_no_trouble_and_one_to_elsewhere_is() {
    let mut observation = mk_healthy();
    let mut redirect = |to: &str| {
        let location = Some(to.to_owned());
        observation.probes[0].answer = Answer::Http { status: 301, location, server: None, body: String::new() };
        codes(&observation)
    };
    assert_eq!(redirect("https://shop.local:443/"), []);
    assert_eq!(redirect("/cart"), []);
    assert_eq!(redirect("https://login.example.com/?to=shop.local"), [Code::OTHER_ANSWER]);
}

#[test]
fn a_host_that_no_route_names_may_be_answered_404() {
    let mut observation = mk_healthy();
    observation.probes.push(Probe { host: "other.local".to_owned(), ..mk_probe(404, UNKNOWN) });
    assert_eq!(codes(&observation), []);
}

#[test]
fn the_retired_controller_is_warned_of_and_nothing_else_is_wrong() {
    let mut observation = mk_foreign();
    observation.classes = Some(vec![mk_class("nginx", "k8s.io/ingress-nginx")]);
    insta::assert_snapshot!(said(&observation));
}

mod wild {
    use proptest::prelude::*;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec![
            "kind",
            "Ingress",
            "metadata",
            "name",
            "namespace",
            "shop",
            "annotations",
            "labels",
            "spec",
            "rules",
            "host",
            "shop.local",
            "http",
            "paths",
            "path",
            "backend",
            "service",
            "port",
            "number",
            "tls",
            "hosts",
            "secretName",
            "ingressClassName",
            "nginx",
            "controller",
            "status",
            "loadBalancer",
            "ingress",
            "conditions",
            "type",
            "Ready",
            "endpoints",
            "app.kubernetes.io/name",
            "nginx-ingress",
            "template",
            "containers",
            "args",
            "-ingress-class=nginx",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            word.clone().prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((word.clone(), inner), 0..6).prop_map(|fields| fields
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<Value>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn objects_of_any_form_make_no_panic(lists in prop::collection::vec(prop::collection::vec(any_json(), 0..4), 7), with_spec in any::<bool>()) {
            let mut lists = lists.into_iter();
            let healthy = mk_healthy();
            let observation = EdgeObservation {
                spec: healthy.spec.filter(|_| with_spec),
                classes: lists.next(),
                ingresses: lists.next(),
                services: lists.next(),
                endpoint_slices: lists.next(),
                controllers: lists.next(),
                controller_pods: lists.next(),
                events: lists.next().unwrap_or_default(),
                ..healthy
            };
            let _ = judge(&observation);
        }
    }
}
