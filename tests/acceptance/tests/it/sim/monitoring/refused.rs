//! What cannot work is refused before anything is written, with what to do.

use boutique_acceptance::lab;
use boutique_acceptance::terraform::Said;

use super::place::Place;

/// The apply is refused with these words, and nothing of it stays: not even the namespace of the monitoring.
fn refused(place: &Place, resource: &str, words: &[&str]) -> Said {
    let said = place.apply(resource).expect_failure("terraform apply");
    said.assert_says(words);
    let left = place.watch.cluster(&["get", "namespace", &place.watch.name, "--ignore-not-found", "--output=name"]);
    assert_eq!(left.expect_success("kubectl get").stdout, "", "nothing is left");
    said
}

#[test]
fn a_shop_and_an_ingress_that_are_not_there_are_named() {
    let place = Place::new("watch-missing");
    let shop = place.shop.name.clone();
    let resource = place.plain("ingress = \"SHOP/edge\"").replace("SHOP", &shop);
    refused(&place, &resource, &["BTQ-3015", &format!("there is no ingress {shop}/edge"), "boutique_ingress.NAME.id"]);
    let elsewhere = place.plain("").replace(&format!("{shop}/shop"), "nowhere/shop");
    refused(&place, &elsewhere, &["BTQ-3014", "namespace nowhere holds no shop \"shop\"", "boutique_stack.NAME.id"]);
}

#[test]
fn a_chart_that_is_not_there_is_named() {
    let place = Place::new("watch-chart");
    let resource = place.plain("").replace("charts/monitoring", "charts/no-such-chart");
    place.rewrite(&resource);
    let said = place.module.run(&["plan", "-no-color", "-input=false"]).expect_failure("terraform plan");
    said.assert_says(&["The chart cannot be read", "charts/no-such-chart"]);
}

#[test]
fn a_second_operator_for_the_same_namespace_is_refused_and_one_that_exists_is_used() {
    let place = Place::new("watch-two");
    // Somebody else's operator and Prometheus, which select by a label of their own.
    let other = place.shop.name.clone();
    let watch = place.watch.name.clone();
    let manifests = format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: their-operator, annotations: {{meta.helm.sh/release-name: theirs, meta.helm.sh/release-namespace: {other}}}}}
spec:
  selector: {{matchLabels: {{app: their-operator}}}}
  template:
    metadata: {{labels: {{app: their-operator}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: operator
          image: registry.invalid/operator:1
          args: ['--prometheus-config-reloader=registry.invalid/reloader:1', '--namespaces={watch},{other}']
"
    );
    place.shop.apply(&manifests, &[]).expect_success("kubectl apply");
    let words =
        ["BTQ-3008", "their-operator", "chart = { existing = true, selector_labels = { release = \"theirs\" } }"];
    refused(&place, &place.plain(""), &words);

    let existing = |labels: &str| {
        format!(
            "resource \"boutique_monitoring\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"{watch}\"\n  stack = \
             \"{other}/shop\"\n  chart = {{ existing = true{labels} }}\n  wait = {{ until = \"none\" }}\n}}\n"
        )
    };
    let prometheus = format!(
        "apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {{name: theirs}}
spec:
  ruleSelector: {{matchLabels: {{team: {other}}}}}
  serviceMonitorSelector: {{matchLabels: {{team: {other}}}}}
  podMonitorSelector: {{matchLabels: {{team: {other}}}}}
  probeSelector: {{matchLabels: {{team: {other}}}}}
  ruleNamespaceSelector: {{}}
  serviceMonitorNamespaceSelector: {{}}
  podMonitorNamespaceSelector: {{}}
  probeNamespaceSelector: {{}}
"
    );
    super::place::crds();
    place.shop.apply(&prometheus, &[]).expect_success("kubectl apply");
    refused(&place, &existing(""), &["BTQ-3005", "does not select PrometheusRule"]);

    let labels = format!(", selector_labels = {{ team = \"{other}\" }}");
    place.settle(&existing(&labels));
    let state = place.module.state(super::place::ADDRESS);
    assert!(state["release"].is_null() && state["grafana_secret"].is_null(), "{state}");
    assert_eq!(state["prometheus_service"], format!("{other}/prometheus-operated"));
    let rule = place.watch.get("prometheusrule", "shop-slo");
    assert_eq!(rule["metadata"]["labels"]["team"], other.as_str());
    place.module.destroy().expect_success("terraform destroy");
    assert!(!place.shop.get("prometheus", "theirs").is_null(), "what others installed stays");
}

#[test]
fn a_release_that_others_installed_is_not_touched() {
    let place = Place::new("watch-foreign");
    let watch = place.watch.name.clone();
    let helm = boutique_lab::helm(&boutique_lab::Progress::stderr()).expect("helm is built");
    let install = std::process::Command::new(helm)
        .args(["install", &place.release(), "--create-namespace", "--namespace", &watch, "--kubeconfig"])
        .arg(lab::sim())
        .arg(super::place::chart())
        .args(["--set", "prometheusOperator.namespaces.releaseNamespace=true", "--set", "grafana.enabled=false"])
        .output()
        .expect("helm starts");
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    let said = place.apply(&place.plain("")).expect_failure("terraform apply");
    said.assert_says(&["was not installed by this provider", "chart = { existing = true }", "adopt = \"always\""]);
    assert!(place.watch.get("probe", "shop-journey-home-service").is_null(), "nothing was written");
}

#[test]
fn a_node_exporter_whose_port_is_taken_says_so_and_how_to_do_without() {
    let place = Place::new("watch-port");
    let taken = "apiVersion: v1
kind: Pod
metadata: {name: theirs}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: exporter, image: 'registry.invalid/exporter:1', ports: [{containerPort: 9100, hostPort: 9100}]}]
";
    place.shop.apply(taken, &[]).expect_success("kubectl apply");
    place
        .shop
        .kubectl(&["wait", "pod/theirs", "--for=condition=Ready", "--timeout=60s"])
        .expect_success("kubectl wait");
    let resource = place.plain("").replace("nodeExporter = { enabled = false }", "");
    let said = place.apply(&resource).expect_failure("terraform apply");
    said.assert_says(&["The operator does not come up", "BTQ-3009", "nodeExporter = { enabled = false }"]);
    place.module.run(&["untaint", "-no-color", super::place::ADDRESS]).expect_success("terraform untaint");
    place.settle(&place.plain(""));
}
