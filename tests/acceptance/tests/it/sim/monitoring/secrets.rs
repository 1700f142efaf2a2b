//! What is secret stands in the cluster only.

use std::fs;
use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::place::{ADDRESS, Place};

const PASSWORD: &str = "opensesame-grafana";
const VALUE: &str = "opensesame-value";

/// Every file of a folder and below that holds a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|at| at == text.as_bytes())) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn grafanas_password_is_made_once_or_given_and_is_nowhere_but_in_its_secret() {
    let place = Place::new("watch-secret");
    let name = format!("boutique-grafana-{}", place.release());
    let password = |place: &Place| place.watch.get("secret", &name)["data"]["admin-password"].clone();
    place.settle(&place.plain(""));
    let made = password(&place);
    assert!(made.as_str().is_some_and(|encoded| encoded.len() > 40), "{made}");
    place.settle(&place.plain("platform = \"kind\""));
    assert_eq!(password(&place), made, "it is made once");

    credentials_are_read_for_one_run(&place, made.as_str().unwrap_or_default());

    let chart = format!("values_wo = {{ grafana = {{ env = {{ SECRET = \"{VALUE}\" }} }} }}, values_wo_version = 1");
    let resource = |version: u8| {
        let grafana =
            format!("grafana = {{ admin_password_wo = \"{PASSWORD}\", admin_password_wo_version = {version} }}");
        place.resource(&chart, "", &format!("wait = {{ until = \"none\" }}\n  {grafana}"))
    };
    let module = &place.module;
    place.rewrite(&resource(1));
    let planned = module.plan();
    let said = place.apply(&resource(1)).expect_success("terraform apply");
    module.expect_empty_plan("after an apply");
    let given = BASE64_STANDARD.encode(PASSWORD);
    assert_eq!(password(&place), given.as_str());
    let secret = place.watch.get("secret", &name);
    assert_eq!(secret["metadata"]["annotations"]["boutique.dev/password-version"], "1", "{}", secret["metadata"]);
    let pods = place.watch.list("deployments");
    let grafana =
        pods.iter().find(|one| one["metadata"]["name"].as_str().is_some_and(|name| name.ends_with("-grafana")));
    let annotations = &grafana.expect("there is a Grafana")["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["boutique.dev/password-version"], "1", "a new password starts it anew");

    for secret in [PASSWORD, VALUE, &given] {
        let files = files_with(module.folder(), secret);
        let files: Vec<&String> = files.iter().filter(|file| !file.ends_with("main.tf")).collect();
        assert!(files.is_empty(), "{secret} is in {files:?}");
        assert!(!said.text().contains(secret) && !planned.said.text().contains(secret));
        // The configuration is what it is; nothing of it may come back.
        for part in ["resource_changes", "planned_values", "prior_state"] {
            assert!(!planned.json[part].to_string().contains(secret), "{secret} is in {part}");
        }
        for object in place.watch.list("configmaps") {
            assert!(!object.to_string().contains(secret), "{secret} is in {}", object["metadata"]["name"]);
        }
    }

    place.watch.kubectl(&["delete", "secret", &name]).expect_success("kubectl delete");
    place.expect_pending(&["with Grafana's password is missing"]);
    place.settle(&resource(1));
    assert_eq!(password(&place), given.as_str());
    module.destroy().expect_success("terraform destroy");
    assert!(module.state(ADDRESS).is_null());
}

/// The ephemeral resource hands them to whoever needs them, and they are in no state.
fn credentials_are_read_for_one_run(place: &Place, encoded: &str) {
    let password = BASE64_STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = password.expect("the Secret holds a text");
    let user = format!(
        r#"
ephemeral "boutique_grafana_credentials" "shop" {{
  monitoring = {ADDRESS}.id
  revision   = {ADDRESS}.revision
}}
resource "terraform_data" "user" {{
  provisioner "local-exec" {{
    command     = "printf %s:%s \"$GRAFANA_USER\" \"$GRAFANA_PASSWORD\" > told"
    environment = {{
      GRAFANA_USER     = ephemeral.boutique_grafana_credentials.shop.username
      GRAFANA_PASSWORD = ephemeral.boutique_grafana_credentials.shop.password
    }}
  }}
}}
"#
    );
    let said = place.apply(&format!("{}{user}", place.plain("platform = \"kind\""))).expect_success("terraform apply");
    assert!(!said.text().contains(&password));
    let told = fs::read_to_string(place.module.folder().join("told")).expect("the user was told");
    assert_eq!(told, format!("admin:{password}"));
    fs::remove_file(place.module.folder().join("told")).expect("the file goes");
    assert_eq!(files_with(place.module.folder(), &password), Vec::<String>::new());
}
