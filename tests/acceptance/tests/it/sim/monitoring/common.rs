//! The common case: installed, changed, found changed by others, imported, taken down.

use boutique_acceptance::terraform::Module;

use super::place::{ADDRESS, Place, provider};

#[test]
fn a_shop_is_watched_put_right_changed_and_left_without_a_trace_but_crds() {
    let place = Place::new("watch");
    let said = place.settle(&place.plain(""));
    said.assert_says(&["BTQ-3016", "tracing = true"]);
    let state = place.module.state(ADDRESS);
    let (watch, release) = (&place.watch.name, place.release());
    assert_eq!(state["release"]["name"], release.as_str());
    assert_eq!(state["release"]["revision"], 1);
    assert_eq!(state["pending"].as_array().map(Vec::len), Some(0), "{state}");
    let full = format!("{release}-kube-prometheus");
    let full = full.get(..26).unwrap_or(&full).trim_end_matches('-');
    assert_eq!(state["prometheus_service"], format!("{watch}/{full}-prometheus"));
    assert_eq!(state["grafana_secret"], format!("boutique-grafana-{release}"));
    for (kind, name) in [
        ("service", format!("{full}-prometheus")),
        ("prometheusrule", "shop-signals".to_owned()),
        ("prometheusrule", "shop-slo".to_owned()),
        ("prometheusrule", "shop-alerts".to_owned()),
        ("servicemonitor", "shop-collector".to_owned()),
        ("probe", "shop-journey-checkout-service".to_owned()),
        ("probe", "shop-reach-cartservice".to_owned()),
        ("deployment", "shop-blackbox".to_owned()),
        ("configmap", "shop-dashboard-shop".to_owned()),
    ] {
        let live = place.watch.get(kind, &name);
        assert!(!live.is_null(), "{kind}/{name} is there");
    }
    assert!(place.watch.get("probe", "shop-reach-adservice").is_null(), "the shop has no such service");
    let rule = place.watch.get("prometheusrule", "shop-alerts");
    assert_eq!(rule["metadata"]["labels"]["release"], release.as_str(), "{rule}");

    // Drift of custom kinds.
    let patch = "[{\"op\": \"replace\", \"path\": \"/spec/groups/0/rules/0/expr\", \"value\": \"vector(0)\"}]";
    let edit = ["patch", "prometheusrule", "shop-alerts", "--type=json", "--patch", patch];
    place.watch.kubectl(&edit).expect_success("kubectl patch");
    place.watch.kubectl(&["delete", "probe", "shop-reach-cartservice"]).expect_success("kubectl delete");
    place.expect_pending(&["PrometheusRule", "shop-alerts", "vector(0)", "shop-reach-cartservice"]);
    place.settle(&place.plain(""));
    let rule = place.watch.get("prometheusrule", "shop-alerts");
    assert_ne!(rule["spec"]["groups"][0]["rules"][0]["expr"], "vector(0)");

    // A service more.
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: adservice}\nspec: {selector: {app: a}, ports: [{port: 9555}]}\n";
    place.shop.apply(service, &[]).expect_success("kubectl apply");
    place.expect_pending(&["other services", "adservice"]);
    place.settle(&place.plain(""));
    assert!(!place.watch.get("probe", "shop-reach-adservice").is_null());

    // Values and objective.
    let changed = place.resource(
        "",
        "kubeApiServer = { enabled = false }",
        "wait = { until = \"none\" }\n  slo = { availability = 99.5 }\n  windows = \"lab\"\n  retention = \"12d\"",
    );
    place.settle(&changed);
    let state = place.module.state(ADDRESS);
    assert_eq!(state["release"]["revision"], 2);
    assert_eq!(state["release"]["values"]["prometheus.prometheusSpec.retention"], "\"12d\"");
    let prometheus = place.watch.get("prometheus", &format!("{full}-prometheus"));
    assert_eq!(prometheus["spec"]["retention"], "12d");

    // The release, too, drifts and is put right.
    let patch = "{\"spec\": {\"retention\": \"1d\"}}";
    let edit = ["patch", "prometheus", &format!("{full}-prometheus"), "--type=merge", "--patch", patch];
    place.watch.kubectl(&edit).expect_success("kubectl patch");
    place.expect_pending(&["Prometheus", "spec.retention is \"1d\", applied \"12d\""]);
    place.apply(&changed).expect_failure("terraform apply").assert_says(&["kubectl-patch", "force_conflicts = true"]);
    let changed = changed.replace("slo =", "force_conflicts = true\n  slo =");
    place.settle(&changed);

    // Import.
    let id = format!("{watch}/shop");
    let module = Module::with_provider(&provider(), &changed);
    module.run(&["import", "-no-color", "-input=false", ADDRESS, &id]).expect_success("terraform import");
    module.expect_empty_plan("after an import");
    assert_eq!(place.module.state(ADDRESS), module.state(ADDRESS), "the same resource");

    // What a running operator makes and never deletes.
    let kubelet = format!("{full}-kubelet");
    for args in [
        &["create", "service", "clusterip", &kubelet, "--clusterip=None", "--namespace=kube-system"][..],
        &["label", "service", &kubelet, "app.kubernetes.io/managed-by=prometheus-operator", "--namespace=kube-system"],
    ] {
        place.shop.cluster(args).expect_success("kubectl");
    }

    module.destroy().expect_success("terraform destroy");
    let left =
        place.shop.cluster(&["get", "service", &kubelet, "-n", "kube-system", "--ignore-not-found", "--output=name"]);
    assert_eq!(left.expect_success("kubectl get").stdout, "", "the operator's Service goes with it");
    let cluster = |args: &[&str]| place.watch.cluster(args).expect_success("kubectl get").stdout;
    assert_eq!(cluster(&["get", "namespace", watch, "--ignore-not-found", "--output=name"]), "");
    let of_release = format!("release={release}");
    let left = cluster(&["get", "clusterroles,clusterrolebindings", "--selector", &of_release, "--output=name"]);
    assert_eq!(left, "");
    let crd = cluster(&["get", "crd", "prometheusrules.monitoring.coreos.com", "--output=name"]);
    assert!(crd.contains("prometheusrules"), "CRDs stay: {crd}");
}
