//! A machine without helm: the error names both ways out of that, and one of them is tried.

use std::fs;
use std::path::PathBuf;

use boutique_lab::Progress;

use super::authority::signed;
use super::place::{ADDRESS, Place, chart, provider_with};
use super::registry::digest;
use super::server::{Server, file};

/// A shop on a machine without helm and with a cache of its own; this file names the authorities that are believed.
fn mk_place(test: &str, authorities: Option<&str>) -> Place {
    let text = |path: PathBuf| -> &'static str { Box::leak(path.display().to_string().into_boxed_str()) };
    Place::with_variables(test, |folder| {
        let mut variables =
            vec![("PATH", "/nowhere"), ("BOUTIQUE_HELM", ""), ("XDG_CACHE_HOME", text(folder.join("cache")))];
        if let Some(authorities) = authorities {
            let file = folder.join("authorities.pem");
            fs::write(&file, authorities).expect("a file can be written");
            variables.push(("SSL_CERT_FILE", text(file)));
        }
        variables
    })
}

#[test]
fn helm_is_fetched_once_over_https_and_only_if_it_is_what_was_asked_for() {
    let program = boutique_lab::helm(&Progress::stderr()).expect("the lab has a helm");
    let (trusted, pair) = signed();
    let server = Server::https(move || Some(pair.clone()), file(&program));
    let sum = digest(&fs::read(&program).expect("is there")).replace("sha256:", "");
    let place = mk_place("download", Some(&trusted));
    let name = &place.namespace.name;
    let controller = format!(
        "kind = \"traefik\", install = true, class = \"{name}\", namespace = \"{name}-c\", service_type = \"ClusterIP\", \
         chart = {{ name = {:?} }}",
        chart()
    );
    let resource = place.resource_with(&controller, "wait = { until = \"none\" }");
    let apply = |helm: &str| {
        place.module.rewrite_provider(&provider_with(helm), &resource);
        place.module.apply()
    };
    let download = |sum: &str| {
        format!("helm = {{ download = {{ url = \"https://127.0.0.1:{}/helm\", sha256 = {sum:?} }} }}", server.port)
    };

    let said = apply("").expect_failure("terraform apply");
    said.assert_says(&[
        "was not found: neither",
        "helm.path",
        "BOUTIQUE_HELM",
        "on PATH",
        "helm.download with url and sha256",
    ]);
    let said = apply(&download(&"0".repeat(64))).expect_failure("terraform apply");
    said.assert_says(&[&format!("has sha256 {sum}"), "helm.download.sha256 says 0000", "it was not used"]);
    let there = ["get", "namespace", &format!("{name}-c"), "--ignore-not-found", "--output=name"];
    assert_eq!(place.namespace.cluster(&there).stdout, "", "nothing was begun without helm");
    assert!(place.module.state(ADDRESS).is_null(), "and nothing is in the state");

    apply(&download(&sum)).expect_success("terraform apply");
    let asked = server.asked();
    assert_eq!(asked, 2, "once for each sum");
    place.module.destroy().expect_success("terraform destroy");
    assert_eq!(server.asked(), asked, "it was kept");
}

#[test]
fn a_server_whose_authority_nobody_knows_is_not_believed() {
    let (_, pair) = signed();
    let server = Server::https(move || Some(pair.clone()), |_| Vec::new());
    let place = mk_place("distrust", None);
    let url = format!("https://127.0.0.1:{}/helm", server.port);
    let helm = format!("helm = {{ download = {{ url = {url:?}, sha256 = \"{}\" }} }}", "0".repeat(64));
    let controller = "kind = \"traefik\", install = true, service_type = \"ClusterIP\"";
    place.module.rewrite_provider(&provider_with(&helm), &place.resource_with(controller, ""));
    let said = place.module.apply().expect_failure("terraform apply");
    said.assert_says(&["could not be fetched from", &url, "UnknownIssuer", "SSL_CERT_FILE names a file with others"]);
    assert!(place.module.state(ADDRESS).is_null(), "nothing was begun");
}
