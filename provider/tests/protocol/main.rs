//! The provider and the real Terraform, without a cluster: what is refused, what is planned offline, and what happens
//! when the cluster is not known or not there.

mod ingress;
mod monitoring;
mod terraform;

use terraform::Module;

const OFFLINE: &str = "provider \"boutique\" {\n  offline = true\n}\n";
/// A port on which nothing listens.
const UNREACHABLE: &str = "provider \"boutique\" {\n  host = \"https://127.0.0.1:1\"\n  token = \"t\"\n}\n";

fn shop(settings: &str) -> String {
    format!("resource \"boutique_stack\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"shop\"\n  {settings}\n}}\n")
}

#[test]
fn bad_configurations_are_refused_with_the_attribute_and_a_way_out() {
    let module = Module::new("");
    for (settings, said) in [
        (
            "services = { cart-service = {} }",
            r#"Unknown service with boutique_stack.shop, on main.tf line 11, in resource "boutique_stack" "shop": 11: services = { cart-service = {} } No service of Online Boutique is called "cart-service" (did you mean "cartservice"?)"#,
        ),
        ("version = \"0.10\"", "releases are written like \"v0.10.6\""),
        ("version = \"v0.9.1\"", "v0.9.1 is older than v0.10.0"),
        ("profile = \"huge\"", "\"huge\" is not one of \"small\", \"standard\", \"ha\""),
        ("services = { frontend = { replicas = -1 } }", "-1 is out of range. Use a number from 0 to 500."),
        ("services = { frontend = { image = \"Front End\" } }", "\"Front End\" is no image reference"),
        (
            "services = { adservice = { resources = { limits = { memory = \"lots\" } } } }",
            r#"Invalid services["adservice"].resources.limits.memory"#,
        ),
        (
            "services = { adservice = { resources = { requests = { memory = \"2Gi\" } } } }",
            "The memory request 2Gi is above the limit 300Mi. Set resources.limits.memory to 2Gi or more",
        ),
        ("image_registry = \"https://example.com\"", "leave out \"https://\""),
        ("cart = { store = \"redis\", address = \"redis:6379\" }", "contradict each other"),
        ("load_generator = { users = -3 }", "-3 is out of range. Use a number from 0 to 10000."),
        ("wait = { until = \"sunset\" }", "\"sunset\" is not one of \"none\", \"ready\", \"purchase\""),
        ("timeouts = { create = \"soon\" }", "\"soon\" is refused"),
        ("trace = true", "An argument named \"trace\" is not expected here"),
        ("collector = { image = \"a b\" }", "\"a b\" is no image reference"),
        (
            "tracing = true\n  collector = { resources = { requests = { memory = \"1Gi\" } } }",
            "The memory request 1Gi is above the limit 256Mi. Set resources.limits.memory to 1Gi or more",
        ),
    ] {
        module.rewrite(&shop(settings));
        let found = module.validate();
        assert_eq!(found.code, 1, "{settings}:\n{}", found.text);
        assert!(found.unwrapped().contains(said), "{settings}:\n{}", found.text);
    }
    module.rewrite(&shop("").replace("name = \"shop\"", &format!("name = \"{}\"", "x".repeat(64))));
    assert!(module.validate().unwrapped().contains("has 64 characters. Names of namespaces"));
}

#[test]
fn contradicting_connections_are_refused() {
    let provider = "provider \"boutique\" {\n  config_path = \"a\"\n  config_paths = [\"b\"]\n}\n";
    let said = Module::new(&format!("{provider}{}", shop(""))).plan(&[]);
    assert!(said.unwrapped().contains("config_paths and config_path contradict each other"), "{}", said.text);
}

#[test]
fn a_newer_version_is_a_warning() {
    let module = Module::new(&shop("version = \"v0.11.0\""));
    let said = module.validate();
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(said.unwrapped().contains("Version v0.11.0 is newer than the newest known one, v0.10.6"), "{}", said.text);
}

#[test]
fn a_shop_is_planned_without_a_cluster_and_the_plan_says_what_it_comes_to() {
    let settings = "profile = \"small\"\n  services = { adservice = { enabled = false }, frontend = { replicas = 2 } }";
    let module = Module::new(&format!("{OFFLINE}{}", shop(settings)));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(!said.text.contains("Warning"), "{}", said.text);
    insta::assert_snapshot!(said.changes());
}

#[test]
fn an_offline_provider_applies_nothing() {
    let module = Module::new(&format!("{OFFLINE}{}", shop("")));
    let said = module.apply();
    assert_eq!(said.code, 1);
    assert!(said.unwrapped().contains("The provider block says offline = true"), "{}", said.text);
}

#[test]
fn a_provider_whose_cluster_comes_into_being_in_the_same_apply_plans_with_a_warning() {
    let module = Module::new(&format!(
        "resource \"terraform_data\" \"cluster\" {{\n  input = \"https://127.0.0.1:1\"\n}}\n\
         provider \"boutique\" {{\n  host = terraform_data.cluster.output\n}}\n{}",
        shop("")
    ));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    let text = said.unwrapped();
    assert!(text.contains("Warning: The cluster was not checked"), "{}", said.text);
    assert!(text.contains("In the provider block, host will be known only after apply."), "{}", said.text);
}

#[test]
fn a_cluster_that_is_not_there_is_a_warning_for_a_new_shop_and_an_error_for_apply() {
    let module = Module::new(&format!("{UNREACHABLE}{}", shop("")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.unwrapped().contains("https://127.0.0.1:1 is not reachable"), "{}", said.text);
    let said = module.apply();
    assert_eq!(said.code, 1);
    assert!(said.unwrapped().contains("https://127.0.0.1:1 is not reachable"), "{}", said.text);
    assert_eq!(module.run(&["state", "list"]).stdout, "", "nothing was made, so nothing is in the state");
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named() {
    let provider = "provider \"boutique\" {\n  config_path = \"/nowhere/kubeconfig\"\n}\n";
    let module = Module::new(&format!("{provider}{}", shop("")));
    assert_eq!(module.plan(&[]).code, 2);
    let said = module.apply();
    assert_eq!(said.code, 1);
    assert!(
        said.unwrapped().contains("The kubeconfig /nowhere/kubeconfig (from config_path) does not exist"),
        "{}",
        said.text
    );
}

#[test]
fn without_any_configuration_no_cluster_is_guessed() {
    let module = Module::new(&shop(""));
    let said = module.apply();
    assert_eq!(said.code, 1);
    assert!(said.unwrapped().contains("No cluster is configured: set config_path"), "{}", said.text);
}

/// A module whose shop is in the state as if it had been applied.
fn mk_applied(settings: &str) -> Module {
    let module = Module::new(&format!("{OFFLINE}{}", shop(settings)));
    assert_eq!(module.plan(&[]).code, 2);
    module.pretend_applied();
    module
}

#[test]
fn the_second_plan_is_empty() {
    for settings in
        ["", "load_generator = { users = 3 }\n  services = { frontend = { env = { A = \"b\" } } }\n  wait = {}"]
    {
        let said = mk_applied(settings).plan(&[]);
        assert_eq!(said.code, 0, "{}", said.text);
    }
}

#[test]
fn an_existing_shop_whose_cluster_is_not_there_is_an_error_unless_it_is_left_alone() {
    let module = mk_applied("");
    module.rewrite(&format!("{UNREACHABLE}{}", shop("")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 1, "{}", said.text);
    let text = said.unwrapped();
    assert!(text.contains("The shop cannot be refreshed"), "{}", said.text);
    assert!(text.contains("use -refresh=false, or set offline = true in the provider block"), "{}", said.text);
    assert_eq!(module.plan(&["-refresh=false"]).code, 0);
}

#[test]
fn an_existing_shop_whose_cluster_is_not_known_is_kept_as_it_is_with_a_warning() {
    let module = mk_applied("");
    module.rewrite(&format!(
        "resource \"terraform_data\" \"cluster\" {{\n  input = \"https://127.0.0.1:1\"\n}}\n\
         provider \"boutique\" {{\n  host = terraform_data.cluster.output\n}}\n{}",
        shop("")
    ));
    let said = module.plan(&[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.unwrapped().contains("The cluster was not checked"), "{}", said.text);
    assert!(said.text.contains("1 to add, 0 to change, 0 to destroy"), "{}", said.text);
}

#[test]
fn replicas_change_in_place_and_a_namespace_replaces() {
    let module = mk_applied("");
    let actions = |settings: String| {
        module.rewrite(&format!("{OFFLINE}{settings}"));
        assert_eq!(module.plan(&[]).code, 2);
        module.planned()["resource_changes"][0]["change"]["actions"].to_string()
    };
    assert_eq!(actions(shop("services = { frontend = { replicas = 2 } }")), r#"["update"]"#);
    assert_eq!(actions(shop("").replace("namespace = \"shop\"", "namespace = \"other\"")), r#"["delete","create"]"#);
    assert_eq!(actions(shop("").replace(" name = \"shop\"", " name = \"other\"")), r#"["delete","create"]"#);
}

#[test]
fn a_change_of_one_service_shows_only_that_service() {
    let module = mk_applied("");
    module.rewrite(&format!("{OFFLINE}{}", shop("services = { frontend = { replicas = 2 } }")));
    let said = module.plan(&[]);
    insta::assert_snapshot!(said.changes());
}

#[test]
fn a_shop_that_names_no_version_keeps_its_own() {
    let module = mk_applied("version = \"v0.10.4\"");
    module.rewrite(&format!("{OFFLINE}{}", shop("")));
    let said = module.plan(&[]);
    assert_eq!(said.code, 0, "{}", said.text);
}

#[test]
fn the_schema_is_this() {
    let module = Module::new(&shop(""));
    let said = module.run(&["providers", "schema", "-json"]);
    let schema: serde_json::Value = serde_json::from_str(&said.stdout).expect("terraform shows schemas as JSON");
    let provider = schema["provider_schemas"].as_object().and_then(|all| all.values().next()).expect("has a provider");
    insta::assert_snapshot!(serde_json::to_string_pretty(provider).expect("is JSON"));
}
