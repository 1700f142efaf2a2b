//! An ingress that terraform has forgotten comes back whole, and then there is nothing to do.

use boutique_acceptance::terraform::Module;

use super::place::{ADDRESS, Place, chart, provider};

fn imported(place: &Place, resource: &str) -> Module {
    let module = Module::with_provider(&provider(), resource);
    let id = format!("{}/edge", place.namespace.name);
    module.run(&["import", "-no-color", "-input=false", ADDRESS, &id]).expect_success("terraform import");
    module.expect_empty_plan("after an import");
    module
}

#[test]
fn with_a_controller_that_it_installs_and_without_a_certificate() {
    let place = Place::bare("import");
    let name = &place.namespace.name;
    let controller = format!(
        "kind = \"traefik\", install = true, class = \"{name}\", namespace = \"{name}-c\", release = \"edge\", \
         service_type = \"ClusterIP\", replicas = 2, chart = {{ name = {chart:?} }}, \
         values = {{ commonLabels = {{ team = \"shop\" }}, log = {{ level = \"DEBUG\" }} }}",
        chart = chart()
    );
    let settings = format!(
        "path_prefix = \"/online-boutique\"\n  service = {{ name = \"frontend\", port = 8080 }}\n  \
         hosts = {{ \"grafana.{name}.local\" = {{ service = \"grafana\", port = 3000 }} }}\n  \
         annotations = {{ \"example.com/owner\" = \"shop\" }}\n  load_generator = {{ users = 2 }}\n  \
         adopt = \"always\"\n  wait = {{ until = \"none\" }}\n  timeouts = {{ create = \"4m\" }}"
    );
    // The port of the Service is another one there, so that it is not the default that comes back.
    let patch = "[{\"op\": \"replace\", \"path\": \"/spec/ports/0/port\", \"value\": 8080}]";
    place.namespace.kubectl(&["patch", "service", "frontend", "--type=json", "--patch", patch]).expect_success("patch");
    let resource = place.resource_with(&controller, &settings);
    place.apply(&resource).expect_success("terraform apply");
    place.expect_empty_plan("after an apply");

    let module = imported(&place, &resource);
    let (before, after) = (place.module.state(ADDRESS), module.state(ADDRESS));
    assert_eq!(before, after, "the same resource");
    module.destroy().expect_success("terraform destroy");
    assert!(place.namespace.get("ingress", "edge").is_null(), "what was imported can be destroyed");
}

#[test]
fn with_a_certificate_of_its_own_and_a_controller_of_others() {
    let place = Place::reachable("import-tls");
    let resource = place.resource("tls = { self_signed = true, redirect = false }");
    place.apply(&resource).expect_success("terraform apply");
    place.expect_empty_plan("after an apply");

    let module = imported(&place, &resource);
    let (before, after) = (place.module.state(ADDRESS), module.state(ADDRESS));
    assert!(after["ca_certificate"].as_str().is_some_and(|pem| pem.contains("BEGIN CERTIFICATE")), "{after}");
    assert_eq!(before, after, "the same resource");
}

#[test]
fn what_is_not_there_and_what_is_no_id_are_told_apart() {
    let resource = "resource \"boutique_ingress\" \"edge\" {\n  name = \"edge\"\n  namespace = \"nowhere\"\n  host = \"shop.local\"\n  \
                    controller = { kind = \"traefik\" }\n}\n";
    let module = Module::with_provider(&provider(), resource);
    let import = |id: &str| module.run(&["import", "-no-color", "-input=false", ADDRESS, id]);
    let said = import("nowhere/edge").expect_failure("terraform import");
    said.assert_says(&["There is no such ingress", "adopt = \"always\""]);
    let said = import("edge").expect_failure("terraform import");
    said.assert_says(&["Invalid import id", "namespace/name"]);
}
