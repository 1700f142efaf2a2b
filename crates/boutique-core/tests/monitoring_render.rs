//! A shop's monitoring as an API server reads it. Rules and dashboards have goldens of their own.

use std::collections::BTreeSet;

use boutique_core::contract::SetId;
use boutique_core::edge::{ControllerKind, Issuer, IssuerKind};
use boutique_core::monitoring::{
    Certificate, EdgeInputs, Inputs, Inside, MonitoringSpec, Windows, blackbox::IMAGE, render,
};
use boutique_core::object::{Kind, Manifest};
use boutique_core::render::stack;
use boutique_core::service::Service;
use boutique_core::spec::StackSpec;
use serde_json::Value;

fn mk_spec() -> MonitoringSpec {
    MonitoringSpec::new("monitoring", "shop", &SetId::stack("store", "main"))
}

fn mk_edge() -> EdgeInputs {
    EdgeInputs {
        kind: Some(ControllerKind::Traefik),
        namespace: "traefik".to_owned(),
        pod_labels: [("app.kubernetes.io/name".to_owned(), "traefik".to_owned())].into(),
        metrics: true,
        inside: Some(Inside { service: "traefik".to_owned(), port: 443 }),
        host: "shop.local".to_owned(),
        tls: true,
        outside_port: Some(30_443),
        class: "traefik".to_owned(),
        certificate: Some(Certificate::SelfSigned),
    }
}

fn mk_inputs(edge: Option<EdgeInputs>) -> Inputs {
    let services = Some([Service::Frontend, Service::Cartservice, Service::RedisCart].into());
    Inputs { services, edge, ..Inputs::default() }
}

fn yaml(manifests: &[Manifest]) -> String {
    let as_yaml = |value: &Value| {
        let value: serde_yaml_ng::Value = serde_yaml_ng::from_str(&value.to_string()).expect("is YAML");
        serde_yaml_ng::to_string(&value).expect("is YAML")
    };
    let own =
        |manifest: &&Manifest| manifest.kind() != Kind::PROMETHEUS_RULE && !manifest.name().contains("-dashboard-");
    manifests.iter().filter(own).map(|manifest| as_yaml(manifest.value())).collect::<Vec<_>>().join("---\n")
}

fn find<'a>(manifests: &'a [Manifest], kind: Kind, name: &str) -> &'a Manifest {
    let found = manifests.iter().find(|manifest| manifest.kind() == kind && manifest.name() == name);
    found.unwrap_or_else(|| panic!("{kind} {name} is rendered"))
}

#[test]
fn a_shop_without_an_edge_of_ours() {
    insta::assert_snapshot!(yaml(&render(&mk_spec(), &mk_inputs(None)).expect("renders")));
}

#[test]
fn a_shop_behind_traefik_with_a_grafana_beside_it() {
    let mut spec = mk_spec();
    spec.ingress = Some("store/main".to_owned());
    spec.grafana.host = Some("grafana.shop.local".to_owned());
    spec.journeys = [boutique_core::monitoring::Journey::Checkout].into();
    insta::assert_snapshot!(yaml(&render(&spec, &mk_inputs(Some(mk_edge()))).expect("renders")));
}

#[test]
fn a_certificate_of_grafanas_host_comes_from_where_the_shops_does() {
    let mut spec = mk_spec();
    spec.ingress = Some("store/main".to_owned());
    spec.grafana.host = Some("grafana.shop.local".to_owned());
    let ingress = |certificate| {
        let inputs = mk_inputs(Some(EdgeInputs { certificate, ..mk_edge() }));
        let manifests = render(&spec, &inputs).expect("renders");
        find(&manifests, Kind::INGRESS, "shop-grafana").clone()
    };
    let issuer = Issuer { kind: IssuerKind::ClusterIssuer, name: "letsencrypt".to_owned() };
    let managed = ingress(Some(Certificate::CertManager(issuer)));
    let annotation = managed.get("/metadata/annotations/cert-manager.io~1cluster-issuer");
    assert_eq!(annotation.and_then(Value::as_str), Some("letsencrypt"));
    assert_eq!(managed.get("/spec/tls/0/secretName").and_then(Value::as_str), Some("shop-grafana-tls"));
    let secret = ingress(Some(Certificate::Secret("wildcard".to_owned())));
    assert_eq!(secret.get("/spec/tls/0/secretName").and_then(Value::as_str), Some("wildcard"));
    assert!(ingress(None).get("/spec/tls").is_none());
}

#[test]
fn what_prometheus_reads_carries_the_labels_that_it_selects_by() {
    let mut spec = mk_spec();
    spec.chart.existing = true;
    spec.chart.selector_labels = [("team".to_owned(), "shop".to_owned())].into();
    let manifests = render(&spec, &mk_inputs(Some(mk_edge()))).expect("renders");
    let selected = [Kind::PROMETHEUS_RULE, Kind::SERVICE_MONITOR, Kind::POD_MONITOR, Kind::PROBE];
    let kinds: BTreeSet<Kind> = manifests.iter().map(Manifest::kind).collect();
    for manifest in &manifests {
        let label = manifest.get("/metadata/labels/team").and_then(Value::as_str);
        assert_eq!(label == Some("shop"), selected.contains(&manifest.kind()), "{}", manifest.reference());
    }
    assert!(selected.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

#[test]
fn every_service_of_a_whole_shop_is_reached_but_the_one_that_listens_nowhere() {
    let manifests = render(&mk_spec(), &Inputs::default()).expect("renders");
    let shop = stack(&StackSpec::new("store", "main")).expect("renders");
    for service in Service::ALL {
        let name = format!("shop-reach-{}", service.name());
        let probe = manifests.iter().find(|manifest| manifest.name() == name);
        assert_eq!(probe.is_some(), service != Service::Loadgenerator, "{name}");
        let Some(target) = probe.and_then(|probe| probe.get("/spec/targets/staticConfig/static/0")?.as_str()) else {
            continue;
        };
        // The port that is asked is one of the Service that the stack renders.
        let ports = find(&shop, Kind::SERVICE, service.name()).get("/spec/ports").cloned().unwrap_or_default();
        let port = target.trim_end_matches("/_healthz").rsplit_once(':').map(|(_, port)| port).unwrap_or_default();
        let rendered = ports.as_array().into_iter().flatten().any(|one| one["port"].as_u64() == port.parse().ok());
        assert!(rendered, "{target}: {ports}");
    }
}

#[test]
fn in_a_lab_nobody_waits_longer_than_until_the_next_scrape() {
    let spec = MonitoringSpec { windows: Windows::Lab, ..mk_spec() };
    let manifests = render(&spec, &Inputs::default()).expect("renders");
    for probe in manifests.iter().filter(|manifest| manifest.kind() == Kind::PROBE) {
        let text = |pointer: &str| probe.get(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert_eq!((text("/spec/interval").as_str(), text("/spec/scrapeTimeout").as_str()), ("5s", "5s"));
    }
}

#[test]
fn rendering_is_the_same_whenever_it_is_done_and_every_name_is_taken_once() {
    let (spec, inputs) = (mk_spec(), mk_inputs(Some(mk_edge())));
    let manifests = render(&spec, &inputs).expect("renders");
    assert_eq!(render(&spec, &inputs).expect("renders"), manifests);
    let names: BTreeSet<String> = manifests.iter().map(|manifest| manifest.reference().to_string()).collect();
    assert_eq!(names.len(), manifests.len());
}

#[test]
fn another_exporter_and_another_base_path_are_taken() {
    let mut spec = mk_spec();
    assert!(yaml(&render(&spec, &Inputs::default()).expect("renders")).contains(IMAGE));
    spec.blackbox_image = Some("registry.example.com/blackbox:1".to_owned());
    let inputs = Inputs { base_path: "/online-boutique".to_owned(), ..Inputs::default() };
    let text = yaml(&render(&spec, &inputs).expect("renders"));
    assert!(text.contains("registry.example.com/blackbox:1") && !text.contains(IMAGE));
    assert!(text.contains("http://frontend.store.svc/online-boutique/cart/checkout"), "{text}");
    assert!(text.contains("http://frontend.store.svc:80/online-boutique/_healthz"), "{text}");
}
