//! Clusters that cannot be reached, and users who are not let in.

use boutique_cluster::connect::{Cluster, ConnectSpec};
use boutique_core::object::Kind;
use boutique_lab::{Identity, Validity};

use crate::harness::{cluster_of, lab, spec};

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_told_with_its_date() {
    let identity = Identity { user: "late".into(), group: Some("system:masters".into()), validity: Validity::Expired };
    let kubeconfig = lab().mint("late", &identity).unwrap();
    let error = cluster_of(kubeconfig).await.list(Kind::POD, Some("default"), "").await.unwrap_err().to_string();
    assert!(error.contains("the client certificate of user \"late\" expired at"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_server_is_named_within_seconds() {
    let spec = ConnectSpec { host: Some("https://127.0.0.1:1".into()), ..spec() };
    let cluster = Cluster::connect(&spec).await.unwrap();
    let error = cluster.list(Kind::POD, Some("default"), "").await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    let text = error.to_string();
    assert!(text.contains("https://127.0.0.1:1 is not reachable") && text.contains("refused"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_authority_is_not_trusted() {
    let other = include_str!("../../src/connect/expired.pem");
    let spec = ConnectSpec { cluster_ca_certificate: Some(other.into()), ..spec() };
    let outcome = match Cluster::connect(&spec).await {
        Ok(cluster) => cluster.list(Kind::POD, Some("default"), "").await.unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(outcome.contains("certificate"), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_rights_is_told_the_verb_and_the_resource() {
    let identity = Identity { user: "guest".into(), group: None, validity: Validity::Long };
    let kubeconfig = lab().mint("guest", &identity).unwrap();
    let error = cluster_of(kubeconfig).await.list(Kind::DEPLOYMENT, Some("default"), "").await.unwrap_err();
    assert_eq!(error.missing_verb().as_deref(), Some("list"));
    let text = error.to_string();
    assert!(text.contains("allow the verb list on deployments.apps in a Role in namespace default"), "{text}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_credential_command_is_asked_for_credentials() {
    use std::os::unix::fs::PermissionsExt as _;
    // The lab's own client certificate, handed out by a command.
    let kubeconfig = std::fs::read_to_string(&lab().kubeconfig).unwrap();
    let data = |key: &str| {
        let line = kubeconfig.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: "))).unwrap();
        line.trim().trim_matches('"').to_owned()
    };
    let pem = |key: &str| {
        let json = serde_json::Value::String(data(key));
        let bytes: k8s_openapi::ByteString = serde_json::from_value(json).unwrap();
        String::from_utf8(bytes.0).unwrap()
    };
    let answer = serde_json::json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {
            "clientCertificateData": pem("client-certificate-data"),
            "clientKeyData": pem("client-key-data"),
        },
    });
    let folder = tempfile::tempdir().unwrap();
    let (script, content) = (folder.path().join("credentials"), folder.path().join("answer.json"));
    std::fs::write(&content, answer.to_string()).unwrap();
    std::fs::write(&script, format!("#!/bin/sh\ncat {}\n", content.display())).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let exec = boutique_cluster::connect::Exec {
        api_version: "client.authentication.k8s.io/v1".into(),
        command: script.display().to_string(),
        ..boutique_cluster::connect::Exec::default()
    };
    let cluster = Cluster::connect(&ConnectSpec { exec: Some(exec), ..spec() }).await.unwrap();
    cluster.list(Kind::POD, Some("default"), "").await.unwrap();
}
