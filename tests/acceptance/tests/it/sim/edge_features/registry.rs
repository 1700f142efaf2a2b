//! A chart of an OCI registry over TLS, behind a password.

use std::fs;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::authority::signed;
use super::place::{ADDRESS, Place, chart};
use super::server::{Server, answer};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(crate) fn digest(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// What a registry with one chart answers to the head of a request.
fn registry(archive: Vec<u8>) -> (String, impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) {
    let config = b"{\"apiVersion\": \"v2\", \"name\": \"traefik\", \"version\": \"0.1.0\"}".to_vec();
    let part = |kind: &str, content: &[u8]| serde_json::json!({"mediaType": kind, "digest": digest(content), "size": content.len()});
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": part("application/vnd.cncf.helm.config.v1+json", &config),
        "layers": [part("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &archive)],
    });
    let manifest = manifest.to_string().into_bytes();
    let name = digest(&manifest);
    let serve = move |head: &str| {
        // `ann:hunter22`
        if !head.to_ascii_lowercase().contains("authorization: basic yw5uomh1bnrlcjiy") {
            return answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"charts\"\r\n", b"");
        }
        let mut words = head.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let asked = path.rsplit('/').next().unwrap_or_default();
        let found: Option<(&str, &[u8])> = match path.split('/').nth(4) {
            _ if path == "/v2/" => Some(("application/json", b"{}")),
            Some("manifests") if asked == "0.1.0" || asked == digest(&manifest) => Some((MANIFEST, &manifest)),
            Some("blobs") => {
                let blobs = [&config, &archive];
                let blob = blobs.into_iter().find(|blob| digest(blob) == asked);
                blob.map(|blob| ("application/octet-stream", blob.as_slice()))
            }
            _ => None,
        };
        let Some((kind, content)) = found else {
            return answer(
                "404 Not Found",
                "",
                b"{\"errors\": [{\"code\": \"MANIFEST_UNKNOWN\", \"message\": \"unknown\"}]}",
            );
        };
        let headers = format!("Content-Type: {kind}\r\nDocker-Content-Digest: {}\r\n", digest(content));
        let mut whole = answer("200 OK", &headers, content);
        if method == "HEAD" {
            whole.truncate(whole.len() - content.len());
        }
        whole
    };
    (name, serve)
}

#[test]
fn a_chart_of_a_registry_is_pinned_by_digest_and_its_password_is_kept_nowhere() {
    let (trusted, pair) = signed();
    let place = Place::with_variables("registry", |folder| {
        let file = folder.join("authorities.pem");
        fs::write(&file, trusted).expect("a file can be written");
        vec![("SSL_CERT_FILE", Box::leak(file.display().to_string().into_boxed_str()))]
    });
    let helm = boutique_lab::helm(&boutique_lab::Progress::stderr()).expect("the lab has a helm");
    let folder = place.module.folder();
    let packaged = Command::new(helm).arg("package").arg(chart()).arg("-d").arg(folder).output().expect("helm starts");
    assert!(packaged.status.success(), "{packaged:?}");
    let archive = fs::read(folder.join("traefik-0.1.0.tgz")).expect("the chart of the tests is 0.1.0");
    let (name, serve) = registry(archive);
    let server = Server::https(move || Some(pair.clone()), serve);

    let resource = |reference: &str| {
        let name = &place.namespace.name;
        let controller = format!(
            "kind = \"traefik\", install = true, class = \"{name}\", namespace = \"{name}-c\", service_type = \"ClusterIP\", \
             chart = {{ name = \"oci://127.0.0.1:{}/charts/traefik{reference}\", username = \"ann\", password_wo = \"hunter22\" }}",
            server.port
        );
        place.resource_with(&controller, "wait = { until = \"none\" }")
    };
    let said = place.apply(&resource(":9.9.9")).expect_failure("terraform apply");
    said.assert_says(&["The controller was not installed", "the registry does not have it"]);
    if !place.module.state(ADDRESS).is_null() {
        place.module.run(&["untaint", ADDRESS]).expect_success("terraform untaint");
    }
    let said = place.apply(&resource(&format!("@{name}"))).expect_success("terraform apply");
    place.module.expect_empty_plan("after an apply");
    let state = fs::read_to_string(place.module.folder().join("terraform.tfstate")).expect("there is a state");
    assert!(!state.contains("hunter22") && !said.text().contains("hunter22"), "a password is kept in no state");
    let release = place.module.state(ADDRESS)["release"].take();
    assert_eq!(release["chart_version"], "0.1.0");
    assert!(release["chart"].as_str().is_some_and(|chart| chart.ends_with(&name)), "{release}");
    place.module.destroy().expect_success("terraform destroy");
}
