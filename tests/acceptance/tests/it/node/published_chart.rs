//! The published kube-prometheus-stack in place of our small chart. `BOUTIQUE_CHARTS` names a folder with two archives of it,
//! packaged from its repository: the one that the provider pins, and the older one of [`OLDER`].
//!
//! Off is what has no image here: Grafana, Alertmanager, and the jobs that make the webhook's certificate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::lab;
use boutique_acceptance::prometheus::Prometheus;
use boutique_acceptance::room::room;
use boutique_acceptance::terraform::{Module, provider_with_helm};
use boutique_core::contract::SetId;
use boutique_core::monitoring::chart::CHART;
use boutique_core::monitoring::{MonitoringSpec, Rule, Windows, dashboards, rules};
use boutique_lab::{Cache, Progress, image};
use serde_json::{Value, json};

const ADDRESS: &str = "boutique_monitoring.shop";
/// The last version before the operator whose CRDs differ.
const OLDER: &str = "87.21.0";
/// The whole node: an operator that watches the whole cluster wants no other one beside it.
const ALL: u32 = 1_000_000;
/// One of the CRDs, and where it says whose it is.
const CRD: &str = "prometheuses.monitoring.coreos.com";
const CRD_VERSION: &str = "/metadata/annotations/operator.prometheus.io~1version";

/// The lab with a real node and every image of the chart that runs there.
fn node() -> &'static Path {
    let running = lab::real();
    let progress = Progress::stderr();
    let loaded = Cache::of_user().and_then(|cache| {
        let mut images = image::monitoring(&cache, &progress)?;
        images.push(image::node_exporter(&cache, &progress)?);
        running.load_images(&images)
    });
    loaded.unwrap_or_else(|error| panic!("images of monitoring: {error:#}"));
    &running.kubeconfig
}

fn archive(version: &str) -> PathBuf {
    let folder = std::env::var_os("BOUTIQUE_CHARTS").expect("BOUTIQUE_CHARTS names a folder");
    let file = PathBuf::from(folder).join(format!("kube-prometheus-stack-{version}.tgz"));
    assert!(file.is_file(), "there is no {}", file.display());
    file
}

/// Lays values over others.
fn over(mut values: Value, above: &Value) -> Value {
    match (&mut values, above) {
        (Value::Object(map), Value::Object(above)) => {
            for (key, value) in above {
                let below = map.remove(key).unwrap_or_default();
                map.insert(key.clone(), over(below, value));
            }
            values
        }
        _ => above.clone(),
    }
}

fn values() -> Value {
    json!({
        "alertmanager": {"enabled": false},
        "prometheusOperator": {"admissionWebhooks": {"enabled": false}, "tls": {"enabled": false}},
    })
}

/// The older chart with the programs of the newer one: only those are here.
fn older_values() -> Value {
    let operator = format!("v{}", CHART.app_version.trim_start_matches('v'));
    let programs = json!({
        "prometheusOperator": {"image": {"tag": operator}, "prometheusConfigReloader": {"image": {"tag": operator}}},
        "prometheus": {"prometheusSpec": {"image": {"tag": "v3.14.0-distroless"}}},
        "kube-state-metrics": {"image": {"tag": "v2.20.0"}},
    });
    over(values(), &programs)
}

/// Shop and monitoring as configuration text.
fn body(shop: &str, company: &str, version: &str, values: &Value, settings: &str) -> String {
    format!(
        r#"
resource "boutique_stack" "shop" {{
  name      = "shop"
  namespace = "{shop}"
  profile   = "small"
  tracing   = true
}}

resource "boutique_monitoring" "shop" {{
  name      = "shop"
  namespace = "{company}"
  stack     = boutique_stack.shop.id
  windows   = "lab"
  grafana   = {{ enabled = false }}
  chart     = {{ name = {chart:?}, values = jsondecode({values:?}) }}
  {settings}
}}
"#,
        chart = archive(version),
        values = values.to_string(),
    )
}

fn crd_version(namespace: &Namespace) -> String {
    let said = namespace.cluster(&["get", "crd", CRD, "--output=json"]).expect_success("kubectl get crd");
    let crd: Value = serde_json::from_str(&said.stdout).expect("kubectl shows JSON");
    crd.pointer(CRD_VERSION).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Asserts that all targets are up, all rules of ours are loaded and well, and what the dashboards ask is answered.
fn assert_watched(prometheus: &Prometheus, spec: &MonitoringSpec) {
    prometheus.await_answer("sum(boutique:requests:rate{source=\"spans\"}) > 0", Duration::from_secs(120));
    for job in ["kubelet", "kube-state-metrics", "node-exporter", "opentelemetrycollector", "boutique-journeys"] {
        prometheus.await_answer(&format!("up{{job={job:?}}} == 1"), Duration::from_secs(60));
    }
    assert!(prometheus.query("up == 0").is_empty(), "{}", prometheus.standing());

    let groups = rules(spec);
    let names: Vec<&str> = groups.iter().flat_map(|group| &group.rules).map(Rule::name).collect();
    let loaded = prometheus.rules();
    let ours: Vec<&Value> =
        loaded.iter().filter(|rule| rule["name"].as_str().is_some_and(|name| names.contains(&name))).collect();
    assert_eq!(ours.len(), names.len(), "rules that Prometheus has loaded");
    let sick: Vec<&&Value> = ours.iter().filter(|rule| rule["health"] != "ok").collect();
    assert!(sick.is_empty(), "rules that do not work: {sick:#?}");

    let chosen = BTreeMap::from([("service", "cartservice"), ("node", ".*")]);
    for dashboard in dashboards::all(spec) {
        for asked in dashboard.expressions(&chosen) {
            if asked.may_be_empty.is_some() {
                prometheus.query(&asked.expr);
            } else {
                prometheus.await_answer(&asked.expr, Duration::from_secs(120));
            }
        }
    }
}

#[test]
fn the_published_chart_is_installed_upgraded_with_its_crds_changed_and_removed() {
    let kubeconfig = node();
    let _room = room(ALL);
    let (shop, company) = (Namespace::new(kubeconfig, "watched"), Namespace::new(kubeconfig, "published"));
    let provider = provider_with_helm(kubeconfig);
    let body =
        |version: &str, values: &Value, settings: &str| body(&shop.name, &company.name, version, values, settings);

    let module = Module::with_provider(&provider, &body(OLDER, &older_values(), ""));
    module.apply().expect_success("terraform apply");
    module.expect_empty_plan("after an apply");
    let before = crd_version(&company);

    module.rewrite_provider(&provider, &body(CHART.version, &values(), ""));
    module.plan().said.assert_says(&["Custom resource definitions of the cluster change", CRD]);
    module.apply().expect_success("terraform apply of the newer chart");
    module.expect_empty_plan("after an upgrade");
    let after = crd_version(&company);
    assert!(before != after && CHART.app_version.ends_with(&after), "{before} -> {after}");

    let mut spec = MonitoringSpec::new(&company.name, "shop", &SetId::stack(&shop.name, "shop"));
    spec.windows = Windows::Lab;
    assert_watched(&Prometheus::in_state(&company, &module.state(ADDRESS)), &spec);

    module.rewrite_provider(&provider, &body(CHART.version, &values(), "retention = \"40d\""));
    module.apply().expect_success("terraform apply of another value");
    module.expect_empty_plan("after another value");
    let retention = ["get", "prometheus", "--output=jsonpath={.items[*].spec.retention}"];
    assert_eq!(company.kubectl(&retention).expect_success("kubectl get prometheus").stdout, "40d");

    module.destroy().expect_success("terraform destroy").assert_says(&["are kept", CRD]);
    let left =
        company.cluster(&["get", "namespaces", &shop.name, &company.name, "--ignore-not-found", "--output=name"]);
    assert_eq!(left.stdout, "", "everything is gone");
    assert_eq!(crd_version(&company), after, "CRDs stay, and with them what others made of them");
}
