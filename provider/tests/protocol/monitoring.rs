//! `boutique_monitoring` and the real Terraform, without a cluster.

use crate::terraform::Module;
use crate::{OFFLINE, UNREACHABLE};

fn monitoring(settings: &str) -> String {
    let stack = if settings.contains("stack =") { "" } else { "stack = \"shop/shop\"" };
    format!(
        "resource \"boutique_monitoring\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"monitoring\"\n  {stack}\n  \
         {settings}\n}}\n"
    )
}

#[test]
fn bad_configurations_are_refused_with_the_attribute_and_a_way_out() {
    let module = Module::new("");
    for (settings, said) in [
        ("slo = { availability = 0 }", "0 % promises nothing, so it can never be missed"),
        ("slo = { availability = 100 }", "100 % leaves no room for a single error"),
        ("slo = { availability = 101 }", "use per cent above 0 and below 100"),
        ("slo = { latency = 100 }", "Invalid slo.latency"),
        ("slo = { latency_ms = 300 }", "use one of 5, 10, 25, 50, 100, 250, 500, 1000"),
        ("slo = { period_days = 0 }", "Invalid slo.period_days"),
        ("stack = \"shop\"", "take it from the stack: boutique_stack.NAME.id"),
        ("ingress = \"shop.local\"", "take it from the ingress: boutique_ingress.NAME.id"),
        ("ingress = \"other/shop\"", "leads to the shop of namespace other, not to shop/shop"),
        ("chart = { name = \"./no/such/chart\" }", "The chart cannot be read"),
        ("chart = { values = \"a: 1\" }", "use yamldecode(file("),
        ("chart = { values = [1] }", "Here is a list"),
        ("chart = { values_wo = { a = 1 } }", "Set values_wo_version = 1"),
        ("chart = { existing = true, version = \"88.5.3\" }", "Invalid chart.version"),
        ("chart = { password_wo = \"x\" }", "password_wo has no user name"),
        ("chart = { values = { grafana = { enabled = false } } }", "contradicts grafana.enabled = true"),
        ("chart = { selector_labels = { team = \"shop\" } }", "looks for the label release"),
        ("platform = \"minikube\"", "\"minikube\" is not one of \"any\", \"kind\""),
        ("retention = \"10 days\"", "is no duration that Prometheus takes"),
        ("retention = \"90d\"\n  storage = { size = \"1Gi\" }", "the volume cannot hold that: 20000 series"),
        ("storage = { size = \"8GB\" }", "\"8GB\" is no quantity"),
        ("windows = \"fast\"", "\"fast\" is not one of \"standard\", \"lab\""),
        ("journeys = [\"home\", \"basket\"]", "There is no journey \"basket\": use home, product, add_to_cart"),
        ("blackbox_image = \"a b\"", "\"a b\" is no image reference"),
        ("alerts = { disabled = [\"BoutiqueOOM\"] }", "there is no alert \"BoutiqueOOM\""),
        ("alerts = { labels = { severity = \"page\" } }", "Invalid alerts.labels[\"severity\"]"),
        ("grafana = { host = \"grafana.shop.local\" }", "a host needs an ingress that leads to it"),
        ("grafana = { admin_password_wo = \"s3cret\" }", "Set admin_password_wo_version = 1"),
        ("grafana = { admin_password_wo = \"abc\", admin_password_wo_version = 1 }", "the four characters"),
        ("wait = { until = \"sunset\" }", "\"sunset\" is not one of \"none\", \"ready\", \"scraping\""),
    ] {
        module.rewrite(&format!("{OFFLINE}{}", monitoring(settings)));
        let found = module.plan(&[]);
        assert_eq!(found.code, 1, "{settings}:\n{}", found.text);
        let text = found.unwrapped().to_lowercase();
        assert!(text.contains(&said.to_lowercase()), "{settings}:\n{}", found.text);
        assert!(!found.text.contains("s3cret"), "{settings}:\n{}", found.text);
    }
}

#[test]
fn a_volume_that_may_be_too_small_is_a_warning_with_the_sum() {
    let module = Module::new(&monitoring("retention = \"40d\"\n  storage = { size = \"8Gi\" }"));
    let said = module.validate();
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(said.unwrapped().contains("The volume may be too small: 60000 series, a sample each 30s"), "{}", said.text);
}

#[test]
fn a_monitoring_is_planned_without_a_cluster_and_the_plan_says_what_the_chart_is_told() {
    let settings = "slo = { availability = 99.95 }\n  grafana = { admin_password_wo = \"s3cret\", admin_password_wo_version \
                    = 1 }\n  chart = { values = { nodeExporter = { enabled = false } } }";
    let module = Module::new(&format!("{OFFLINE}{}", monitoring(settings)));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(!said.text.contains("Warning") && !said.text.contains("s3cret"), "{}", said.text);
    insta::assert_snapshot!(said.changes());
}

#[test]
fn shop_edge_and_monitoring_are_planned_in_one_go() {
    let stack =
        "resource \"boutique_stack\" \"shop\" {\n  name = \"shop\"\n  namespace = \"shop\"\n  tracing = true\n}\n";
    let edge = "resource \"boutique_ingress\" \"shop\" {\n  name = \"shop\"\n  namespace = boutique_stack.shop.namespace\n  \
                host = \"shop.local\"\n  controller = { kind = \"traefik\", install = true }\n}\n";
    let watch = monitoring(
        "stack = boutique_stack.shop.id\n  ingress = boutique_ingress.shop.id\n  grafana = { host = \"grafana.shop.local\" }",
    );
    let module = Module::new(&format!("{OFFLINE}{stack}{edge}{watch}"));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.text.contains("3 to add, 0 to change, 0 to destroy"), "{}", said.text);
}

#[test]
fn a_cluster_that_is_not_there_is_a_warning_for_a_new_monitoring_and_an_error_for_apply() {
    let module = Module::new(&format!("{UNREACHABLE}{}", monitoring("")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.text.contains("Warning"), "{}", said.text);
    let said = module.apply();
    assert_eq!(said.code, 1, "{}", said.text);
}

#[test]
fn credentials_are_asked_for_when_there_can_be_some() {
    let user = |more: &str| {
        format!(
            "ephemeral \"boutique_grafana_credentials\" \"shop\" {{\n  monitoring = boutique_monitoring.shop.id\n  {more}\n}}\n"
        )
    };
    let module =
        Module::new(&format!("{OFFLINE}{}{}", monitoring(""), user("revision = boutique_monitoring.shop.revision")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    module.rewrite(&format!("{OFFLINE}{}{}", monitoring(""), user("")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 1, "{}", said.text);
    assert!(said.unwrapped().contains("offline"), "{}", said.text);
    module.rewrite("ephemeral \"boutique_grafana_credentials\" \"shop\" {\n  monitoring = \"shop\"\n}\n");
    let said = module.validate();
    assert!(said.unwrapped().contains("Take it from the monitoring: boutique_monitoring.NAME.id"), "{}", said.text);
}
