//! Charts of one's own: what changes of their CRDs is in the plan and what stays of them is said once, and a repository behind
//! a password.

use std::fs;
use std::process::Command;

use boutique_lab::copy_folder;

use super::place::{ADDRESS, Place, chart};
use super::server::{Server, answer};

fn crd(group: &str, plural: &str, field: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}}}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {{openAPIV3Schema: {{type: object, properties: {{{field}: {{type: string}}}}}}}}
",
        kind = plural.to_uppercase()
    )
}

#[test]
fn an_upgrade_of_crds_is_a_warning_of_the_plan_and_what_stays_of_them_is_one_line() {
    let place = Place::bare("crds");
    let name = &place.namespace.name;
    // CRDs belong to the whole cluster, so each run has a group of its own.
    let group = format!("{name}.example.com");
    let folder = place.module.folder().join("chart");
    copy_folder(&chart(), &folder).expect("the chart can be copied");
    fs::remove_file(folder.join("crds/traefik.yaml")).expect("it is there");
    let write = |plural: &str, field: &str| {
        fs::write(folder.join(format!("crds/{plural}.yaml")), crd(&group, plural, field))
            .expect("a file can be written");
    };
    write("doors", "colour");
    write("gates", "colour");
    let controller = format!(
        "kind = \"traefik\", install = true, class = \"{name}\", namespace = \"{name}-c\", service_type = \"ClusterIP\", \
         chart = {{ name = {folder:?} }}"
    );
    let resource = place.resource_with(&controller, "wait = { until = \"none\" }");
    place.apply(&resource).expect_success("terraform apply");
    place.module.expect_empty_plan("after an apply");

    write("gates", "size");
    let plan = place.module.plan();
    assert_eq!(plan.actions(ADDRESS), ["update"], "{}", plan.said.text());
    let changed = format!("CustomResourceDefinition gates.{group}: the schema of v1 changes");
    plan.said.assert_says(&["Custom resource definitions of the cluster change", &changed]);
    assert!(!plan.said.unwrapped().contains(&format!("doors.{group}")), "what stays as it is, is left out");
    place.module.apply().expect_success("terraform apply");
    let live = place.namespace.get("crd", &format!("gates.{group}"));
    let properties = &live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    assert!(properties["size"].is_object(), "helm itself would have left it as it was: {properties}");

    let said = place.module.destroy().expect_success("terraform destroy");
    let both = ["doors", "gates"].map(|plural| format!("{plural}.{group}"));
    let line = format!(
        "2 CustomResourceDefinitions of the chart are kept, and with them every object of their kinds: {}",
        both.join(", ")
    );
    said.assert_says(&[&line]);
    let [doors, gates] = &both;
    place.namespace.cluster(&["delete", "crd", doors, gates]).expect_success("they were kept");
}

#[test]
fn a_chart_comes_from_a_repository_behind_a_password_that_is_seen_nowhere() {
    let place = Place::bare("repository");
    let helm = boutique_lab::helm(&boutique_lab::Progress::stderr()).expect("the lab has a helm");
    let folder = place.module.folder();
    let packaged = Command::new(helm).arg("package").arg(chart()).arg("-d").arg(folder).output().expect("helm starts");
    assert!(packaged.status.success(), "{packaged:?}");
    let archives = fs::read_dir(folder).expect("is there").flatten().map(|entry| entry.path());
    let archive =
        archives.into_iter().find(|path| path.extension().is_some_and(|end| end == "tgz")).expect("an archive");
    let version = archive.file_stem().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("traefik-"));
    let version = version.expect("the name of the chart and its version").to_owned();
    let index = format!(
        "apiVersion: v1\nentries: {{traefik: [{{apiVersion: v2, name: traefik, version: {version}, urls: [chart.tgz]}}]}}\n"
    );
    let archive = fs::read(archive).expect("is there");
    let server = Server::http(move |head| {
        // `ann:hunter22`
        if !head.to_ascii_lowercase().contains("authorization: basic yw5uomh1bnrlcjiy") {
            return answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"charts\"\r\n", b"no");
        }
        match head.split_whitespace().nth(1) {
            Some("/index.yaml") => answer("200 OK", "", index.as_bytes()),
            Some("/chart.tgz") => answer("200 OK", "", &archive),
            _ => answer("404 Not Found", "", b""),
        }
    });
    let resource = |password: &str| {
        let name = &place.namespace.name;
        let controller = format!(
            "kind = \"traefik\", install = true, class = \"{name}\", namespace = \"{name}-c\", service_type = \"ClusterIP\", \
             chart = {{ name = \"traefik\", repository = \"http://127.0.0.1:{}\", version = {version:?}, username = \"ann\", \
             password_wo = {password:?} }}",
            server.port
        );
        place.resource_with(&controller, "wait = { until = \"none\" }")
    };
    let said = place.apply(&resource("wrong-password")).expect_failure("terraform apply");
    said.assert_says(&["The controller was not installed", "credentials"]);
    assert!(!said.text().contains("wrong-password"), "{}", said.text());
    if !place.module.state(ADDRESS).is_null() {
        place.module.run(&["untaint", ADDRESS]).expect_success("terraform untaint");
    }
    let said = place.apply(&resource("hunter22")).expect_success("terraform apply");
    place.module.expect_empty_plan("after an apply");
    let state = fs::read_to_string(place.module.folder().join("terraform.tfstate")).expect("there is a state");
    assert!(!state.contains("hunter22") && !said.text().contains("hunter22"), "a password is kept in no state");
    assert_eq!(place.module.state(ADDRESS)["release"]["chart_version"], version.as_str());

    // A plan needs no repository, and says what it could not look at.
    let away = resource("hunter22").replace(&format!("127.0.0.1:{}", server.port), "127.0.0.1:1");
    place.rewrite(&away);
    let plan = place.module.plan();
    assert_eq!(plan.actions(ADDRESS), ["update"], "{}", plan.said.text());
    plan.said.assert_says(&["Custom resource definitions were not compared", "127.0.0.1:1", "apply will find out"]);
    place.module.destroy().expect_success("terraform destroy");
}
