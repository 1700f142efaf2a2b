//! `boutique_ingress` and the real Terraform, without a cluster.

use serde_json::json;

use crate::terraform::Module;
use crate::{OFFLINE, UNREACHABLE};

fn ingress(settings: &str) -> String {
    let host =
        if settings.contains(" host =") || settings.starts_with("host =") { "" } else { "host = \"shop.local\"" };
    let controller = "controller = { kind = \"f5-nginx\", install = true }";
    let controller = if settings.contains("controller = {") { "" } else { controller };
    format!(
        "resource \"boutique_ingress\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"shop\"\n  {host}\n  {controller}\n  \
         {settings}\n}}\n"
    )
}

#[test]
fn bad_configurations_are_refused_with_the_attribute_and_a_way_out() {
    let module = Module::new("");
    for (settings, said) in [
        ("host = \"https://shop.local\"", "a host has no scheme"),
        ("host = \"Shop.local\"", "write \"shop.local\""),
        ("path_prefix = \"online-boutique\"", "write \"/online-boutique\""),
        ("service = { port = 0 }", "Invalid service.port"),
        ("hosts = { \"shop.local\" = { service = \"grafana\" } }", "Invalid hosts[\"shop.local\"]"),
        ("tls = {}", "set exactly one of secret, cert_manager and self_signed = true"),
        ("tls = { self_signed = true, secret = \"x\" }", "Invalid tls"),
        ("controller = { kind = \"nginx\" }", "\"nginx\" is not one of \"f5-nginx\", \"traefik\""),
        ("controller = { kind = \"existing\" }", "Invalid controller.class"),
        ("controller = { kind = \"traefik\", replicas = 2 }", "this is for a controller that is installed here"),
        ("controller = { kind = \"traefik\", install = true, values = \"a: 1\" }", "use yamldecode(file("),
        (
            "controller = { kind = \"traefik\", install = true }\n  proxy_timeouts = { read = 5 }",
            "Invalid proxy_timeouts",
        ),
        ("wait = { until = \"sunset\" }", "\"sunset\" is not one of \"none\", \"reachable\""),
    ] {
        module.rewrite(&ingress(settings));
        let found = module.validate();
        assert_eq!(found.code, 1, "{settings}:\n{}", found.text);
        let text = found.unwrapped().to_lowercase();
        assert!(text.contains(&said.to_lowercase()), "{settings}:\n{}", found.text);
    }
}

#[test]
fn a_retired_controller_is_a_warning_that_says_what_to_move_to() {
    let module = Module::new(&ingress("controller = { kind = \"ingress-nginx\", install = true }"));
    let said = module.validate();
    assert_eq!(said.code, 0, "{}", said.text);
    let text = said.unwrapped();
    assert!(text.contains("retired in March 2026") && text.contains("\"f5-nginx\" or \"traefik\""), "{}", said.text);
}

#[test]
fn an_edge_is_planned_without_a_cluster_and_the_plan_says_what_the_chart_is_told() {
    let settings = "tls = { self_signed = true }\n  controller = { kind = \"traefik\", install = true, \
                    values = { deployment = { replicas = 2 } } }";
    let module = Module::new(&format!("{OFFLINE}{}", ingress(settings)));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(!said.text.contains("Warning"), "{}", said.text);
    insta::assert_snapshot!(said.changes());
}

#[test]
fn an_edge_that_takes_its_namespace_from_the_stack_is_planned_in_one_go() {
    let stack = "resource \"boutique_stack\" \"shop\" {\n  name = \"shop\"\n  namespace = \"shop\"\n}\n";
    let edge = ingress("").replace("namespace = \"shop\"", "namespace = boutique_stack.shop.namespace");
    let module = Module::new(&format!("{OFFLINE}{stack}{edge}"));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.text.contains("2 to add, 0 to change, 0 to destroy"), "{}", said.text);
}

#[test]
fn a_cluster_that_is_not_there_is_a_warning_for_a_new_edge_and_an_error_for_apply() {
    let module = Module::new(&format!("{UNREACHABLE}{}", ingress("")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.unwrapped().contains("https://127.0.0.1:1 is not reachable"), "{}", said.text);
    let said = module.apply();
    assert_eq!(said.code, 1);
    assert!(said.unwrapped().contains("https://127.0.0.1:1 is not reachable"), "{}", said.text);
    assert_eq!(module.run(&["state", "list"]).stdout, "", "nothing was made, so nothing is in the state");
}

/// A module whose edge is in the state as if it had been applied.
fn mk_applied(settings: &str) -> Module {
    let module = Module::new(&format!("{OFFLINE}{}", ingress(settings)));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    module.pretend_applied_with(|attributes| {
        for (name, told) in
            [("address", "192.0.2.7"), ("url", "http://shop.local"), ("hosts_entry", "192.0.2.7 shop.local")]
        {
            attributes[name] = json!(told);
        }
        let release = &mut attributes["release"];
        (release["chart_version"], release["app_version"]) = (json!("2.6.4"), json!("5.5.4"));
        release["revision"] = json!(1);
        // In state, a value of any type stands beside its type.
        let values = attributes["controller"]["values"].take();
        if !values.is_null() {
            let ty = json!(["object", {"controller": ["object", {"logLevel": "string"}]}]);
            attributes["controller"]["values"] = json!({"value": values, "type": ty});
        }
    });
    module
}

const VALUES: &str =
    "controller = { kind = \"f5-nginx\", install = true, values = { controller = { logLevel = \"info\" } } }";

#[test]
fn the_second_plan_is_empty() {
    for settings in ["", VALUES, "load_generator = {}\n  annotations = { \"nginx.org/proxy-buffering\" = \"false\" }"] {
        let said = mk_applied(settings).plan(&[]);
        assert_eq!(said.code, 0, "{settings}:\n{}", said.text);
    }
}

#[test]
fn an_existing_edge_whose_cluster_is_not_there_is_an_error_unless_it_is_left_alone() {
    let module = mk_applied("");
    module.rewrite(&format!("{UNREACHABLE}{}", ingress("")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 1, "{}", said.text);
    let text = said.unwrapped();
    assert!(text.contains("The ingress cannot be refreshed"), "{}", said.text);
    assert!(text.contains("use -refresh=false, or set offline = true in the provider block"), "{}", said.text);
    let said = module.plan(&["-refresh=false"]);
    assert_eq!(said.code, 0, "{}", said.text);
}

#[test]
fn a_changed_value_shows_by_its_path_and_leaves_the_routes_alone() {
    let module = mk_applied(VALUES);
    module.rewrite(&format!("{OFFLINE}{}", ingress(&VALUES.replace("info", "debug"))));
    let said = module.plan(&[]);
    insta::assert_snapshot!(said.changes());
}

#[test]
fn a_host_changes_in_place_and_a_namespace_replaces() {
    let module = mk_applied("");
    let actions = |settings: String| {
        module.rewrite(&format!("{OFFLINE}{settings}"));
        assert_eq!(module.plan(&[]).code, 2);
        module.planned()["resource_changes"][0]["change"]["actions"].to_string()
    };
    assert_eq!(actions(ingress("host = \"other.local\"")), r#"["update"]"#);
    assert_eq!(actions(ingress("").replace("namespace = \"shop\"", "namespace = \"other\"")), r#"["delete","create"]"#);
}

#[test]
fn a_chart_that_is_not_there_is_an_error_of_the_plan() {
    let settings = "controller = { kind = \"traefik\", install = true, chart = { name = \"./no-such-chart\" } }";
    let module = Module::new(&format!("{OFFLINE}{}", ingress(settings)));
    let said = module.plan(&[]);
    assert_eq!(said.code, 1, "{}", said.text);
    assert!(said.unwrapped().contains("no-such-chart: there is no such folder or archive"), "{}", said.text);
}
