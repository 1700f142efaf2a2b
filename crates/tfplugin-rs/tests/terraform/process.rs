use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::harness::{Workspace, example};

const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

#[test]
fn terraform_works_with_tls_and_without() {
    for disable in ["", "1"] {
        let workspace = Workspace::corner("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n}\n")
            .set("TF_DISABLE_PLUGIN_TLS", disable);
        workspace.apply().ok();
        workspace.plan().ok();
        workspace.destroy().ok();
    }
}

#[test]
fn a_long_temporary_directory_does_not_hinder_the_socket() {
    let workspace = Workspace::corner("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n}\n");
    let long = workspace.path(&"long/".repeat(30));
    std::fs::create_dir_all(&long).unwrap();
    let workspace = workspace.set("TMPDIR", long.to_str().unwrap());
    workspace.plan().changes();
}

#[test]
fn a_person_who_starts_a_provider_is_told_what_it_is() {
    let output = Command::new(example("tiny")).env_remove("TF_PLUGIN_MAGIC_COOKIE").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("is the Terraform provider registry.terraform.io/example/tiny"), "{text}");
}

#[test]
fn the_handshake_names_a_private_socket_that_goes_with_the_process() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut child = Command::new(example("tiny"))
        .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
        .env("PLUGIN_PROTOCOL_VERSIONS", "6,5")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let fields: Vec<&str> = line.trim_end().split('|').collect();
    assert_eq!((fields[0], fields[1], fields[2], fields[4], fields[5]), ("1", "6", "unix", "grpc", ""));
    let socket = std::path::Path::new(fields[3]);
    let directory = socket.parent().unwrap();
    assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    // Interrupts are Terraform's business; SIGTERM ends the process.
    for signal in ["-INT", "-TERM"] {
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    }
    assert!(child.wait().unwrap().success());
    assert!(!directory.exists());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn logs_arrive_with_level_and_fields_and_without_secrets() {
    let workspace = Workspace::corner("").set("TF_LOG_PROVIDER", "trace");
    let things = workspace.path("things");
    workspace.write(&format!(
        "provider \"corner\" {{\n  directory = {things:?}\n  token = \"hunter2\"\n}}\nresource \"corner_thing\" \"a\" {{\n  name = \"one\"\n}}\n"
    ));
    let run = workspace.plan().changes();
    let line = run.text.lines().find(|line| line.contains("planning a thing")).unwrap();
    assert!(line.contains("tf_rpc=PlanResourceChange") && line.contains("tf_resource_type=corner_thing"), "{line}");
    run.says("[INFO]  provider.terraform-provider-corner: configured the corner")
        .says("token=\"***\"")
        .says("tf_rpc=PlanResourceChange")
        .does_not_say("hunter2");
}

#[test]
fn the_schema_is_what_the_models_say() {
    let workspace = Workspace::corner("");
    let run = workspace.run(&["providers", "schema", "-json"]).ok();
    let json: serde_json::Value =
        serde_json::from_str(run.text.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    let schema = &json["provider_schemas"]["registry.terraform.io/example/corner"]["resource_schemas"]["corner_thing"];
    insta::assert_json_snapshot!(schema);
}
