//! Write-only values of a controller's chart.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boutique_acceptance::terraform::Said;
use boutique_core::revision::Revision;
use flate2::read::DeflateDecoder;
use serde_json::Value;

use super::door::{Door, NAME};

const SECRET: &str = "hunter22-correct-horse";

const VARIABLE: &str = "variable \"password\" {\n  type = string\n  ephemeral = true\n  sensitive = true\n}\n";

fn resource(door: &Door, text: &str, password: &str, version: u32) -> String {
    let write_only = format!("values_wo = {{ password = {password} }}\n    values_wo_version = {version}");
    // A plain value in the same place counts for nothing.
    let values = format!("text = \"{text}\", password = \"plain\"");
    format!("{VARIABLE}{}", door.resource(&values, &write_only, ""))
}

/// The password that the release's Secret holds.
fn password(door: &Door) -> String {
    let secret = door.edge.get("secret", NAME);
    let data = BASE64_STANDARD.decode(secret["data"]["password"].as_str().unwrap_or_default()).unwrap_or_default();
    String::from_utf8_lossy(&data).into_owned()
}

/// Asserts that the password is in none of these bytes, neither plain nor as the API server writes it.
fn expect_unseen(place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in [SECRET.to_owned(), BASE64_STANDARD.encode(SECRET)] {
        if let Some(at) = text.find(&secret) {
            let around: String = text[..at].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{place} holds the password, after: {around}");
        }
    }
}

/// The content of every file of a ZIP archive, which is what a saved plan is.
fn unzipped(archive: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    for start in archive.windows(4).enumerate().filter(|(_, four)| four == b"PK\x03\x04").map(|(at, _)| at) {
        let number = |at: usize| usize::from(u16::from_le_bytes([archive[start + at], archive[start + at + 1]]));
        let data = start + 30 + number(26) + number(28);
        DeflateDecoder::new(&archive[data..]).read_to_end(&mut content).expect("a file of the archive is deflated");
    }
    content
}

/// Looks through all that terraform and the provider keep and say.
fn expect_secret_unseen(door: &Door, said: &[&Said]) {
    for said in said {
        expect_unseen("the output with all logs", said.text().as_bytes());
    }
    look_through(door.module.folder());
    for namespace in [&door.shop, &door.edge] {
        for record in namespace.list("configmaps,ingresses,leases") {
            expect_unseen("a record in the cluster", record.to_string().as_bytes());
            if let Ok(revision) = Revision::read(&record) {
                expect_unseen("a revision", serde_json::to_string(&revision).expect("is JSON").as_bytes());
            }
        }
    }
}

fn look_through(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the module can be read").flatten() {
        let path = entry.path();
        let name = path.display().to_string();
        if entry.file_name() == ".terraform" || path.extension().is_some_and(|extension| extension == "tf") {
            continue;
        }
        let bytes = fs::read(&path).expect("a file can be read");
        expect_unseen(&name, &bytes);
        if name.ends_with(".plan") {
            let content = unzipped(&bytes);
            assert!(String::from_utf8_lossy(&content).contains("boutique_ingress"), "{name} was read");
            expect_unseen(&name, &content);
        }
        if name.contains("tfstate") {
            let state: Value = serde_json::from_slice(&bytes).expect("a state is JSON");
            for instance in state["resources"][0]["instances"].as_array().into_iter().flatten() {
                let private = BASE64_STANDARD.decode(instance["private"].as_str().unwrap_or_default());
                expect_unseen("the private state", &private.expect("is base64"));
            }
        }
    }
}

#[test]
fn write_only_values_survive_an_unrelated_change_and_are_kept_and_said_nowhere() {
    let door = Door::with_variables("secret", &[("TF_VAR_password", SECRET), ("TF_LOG", "TRACE")]);
    door.rewrite(&resource(&door, "before", "var.password", 1));
    let plan = door.module.plan();
    let first = door.module.run(&["apply", "-no-color", "saved.plan"]).expect_success("terraform apply");
    assert!(first.stderr.contains("TRACE"), "all logs are looked through");
    assert_eq!(password(&door), SECRET);
    expect_secret_unseen(&door, &[&plan.said, &first]);

    // Something else changes; a secret that changed counts only with its version.
    door.rewrite(&resource(&door, "after", "\"another\"", 1));
    let plan = door.module.plan();
    let second = door.module.run(&["apply", "-no-color", "saved.plan"]).expect_success("terraform apply");
    assert_eq!(password(&door), SECRET, "it is still there");
    door.expect_whole("after");
    expect_secret_unseen(&door, &[&plan.said, &second]);

    door.rewrite(&resource(&door, "after", "\"another\"", 2));
    door.module.apply().expect_success("terraform apply");
    assert_eq!(password(&door), "another");
    door.expect_whole("after");
}
