//! Kubeconfig files and explicit settings, folded into one configuration of kube.

use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use serde_json::{Map, Value, json};

use super::{ConnectError, ConnectSpec, certificate};

/// What was chosen, for messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    pub(super) context: Option<String>,
    pub(super) user: Option<String>,
    pub(super) certificate_until: Option<jiff::Timestamp>,
    /// The command that prints credentials.
    pub(super) command: Option<String>,
}

const ONLY: &str = "boutique";

/// The configuration that a specification asks for, and the same as a kubeconfig for other programs.
pub(super) async fn configure(spec: &ConnectSpec) -> Result<(kube::Config, Chosen, Value), ConnectError> {
    let files = read_files(spec)?;
    let configured = match (files, &spec.host) {
        (None, None) if is_in_cluster() => {
            let mut config =
                kube::Config::incluster().map_err(|error| ConnectError::InCluster { said: error.to_string() })?;
            if let Some(namespace) = &spec.namespace {
                config.default_namespace.clone_from(namespace);
            }
            let document = of_pod(&config);
            (config, Chosen::default(), document)
        }
        (None, None) => return Err(ConnectError::NotConfigured),
        (files, _) => {
            let (document, chosen) = fold(spec, files.as_ref())?;
            let kubeconfig: Kubeconfig = serde_json::from_value(document.clone())
                .map_err(|error| ConnectError::Invalid { said: error.to_string() })?;
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .map_err(|error| unusable(&error, &chosen))?;
            (config, chosen, document)
        }
    };
    Ok(configured)
}

/// The service account of this pod as a kubeconfig.
fn of_pod(config: &kube::Config) -> Value {
    let folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    let cluster =
        json!({"server": config.cluster_url.to_string(), "certificate-authority": format!("{folder}/ca.crt")});
    document(&cluster, &json!({"tokenFile": format!("{folder}/token")}), &json!({"cluster": ONLY, "user": ONLY}))
}

/// A kubeconfig with one of each.
fn document(cluster: &Value, user: &Value, context: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": ONLY,
        "contexts": [{"name": ONLY, "context": context}],
        "clusters": [{"name": ONLY, "cluster": cluster}],
        "users": [{"name": ONLY, "user": user}],
    })
}

fn read_files(spec: &ConnectSpec) -> Result<Option<Value>, ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in &spec.config_paths {
        if !path.exists() {
            if spec.skip_missing_files {
                continue;
            }
            return Err(ConnectError::FileMissing { path: path.clone(), set_by: spec.config_paths_from.clone() });
        }
        let unreadable = |error: KubeconfigError| ConnectError::FileUnreadable {
            path: path.clone(),
            set_by: spec.config_paths_from.clone(),
            said: error.to_string(),
        };
        let file = Kubeconfig::read_from(path).map_err(unreadable)?;
        merged = Some(match merged {
            None => file,
            Some(merged) => merged.merge(file).map_err(unreadable)?,
        });
    }
    // An empty file says nothing, like no file.
    let said = merged.filter(|file| !(file.contexts.is_empty() && file.clusters.is_empty()));
    said.map(serde_json::to_value).transpose().map_err(|error| ConnectError::Invalid { said: error.to_string() })
}

/// One kubeconfig with one context, in which explicit settings have replaced those of the files.
fn fold(spec: &ConnectSpec, files: Option<&Value>) -> Result<(Value, Chosen), ConnectError> {
    let mut chosen = Chosen::default();
    let (mut cluster, mut user, mut context) = (Map::new(), Map::new(), Map::new());
    if let Some(files) = files {
        let current = files.get("current-context").and_then(Value::as_str).filter(|name| !name.is_empty());
        let name = spec.config_context.as_deref().or(current);
        let paths = || spec.config_paths.clone();
        match name {
            Some(name) => {
                context = entry(files, "contexts", "context", name).ok_or_else(|| ConnectError::ContextMissing {
                    context: name.to_owned(),
                    paths: paths(),
                    available: names(files, "contexts"),
                })?;
                chosen.context = Some(name.to_owned());
            }
            None if spec.host.is_none() && spec.config_context_cluster.is_none() => {
                return Err(ConnectError::NoContext { paths: paths(), available: names(files, "contexts") });
            }
            None => {}
        }
        let text = |map: &Map<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(name) = spec.config_context_cluster.clone().or_else(|| text(&context, "cluster")) {
            cluster = entry(files, "clusters", "cluster", &name).ok_or_else(|| ConnectError::EntryMissing {
                what: "cluster",
                name: name.clone(),
                available: names(files, "clusters"),
            })?;
        }
        let name = spec.config_context_auth_info.clone().or_else(|| text(&context, "user"));
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            user = entry(files, "users", "user", &name).ok_or_else(|| ConnectError::EntryMissing {
                what: "user",
                name: name.clone(),
                available: names(files, "users"),
            })?;
            chosen.user = Some(name);
        }
    }
    overlay_cluster(spec, &mut cluster)?;
    overlay_user(spec, &mut user);
    chosen.certificate_until = certificate_until(&user);
    chosen.command = user.get("exec").and_then(|exec| exec.get("command")?.as_str()).map(str::to_owned);
    let mut only = json!({"cluster": ONLY, "user": ONLY});
    if let Some(namespace) = spec.namespace.clone().map(Value::String).or_else(|| context.get("namespace").cloned()) {
        only["namespace"] = namespace;
    }
    let document = document(&Value::Object(cluster), &Value::Object(user), &only);
    Ok((document, chosen))
}

fn overlay_cluster(spec: &ConnectSpec, cluster: &mut Map<String, Value>) -> Result<(), ConnectError> {
    if let Some(host) = &spec.host {
        let url = if host.contains("://") { host.clone() } else { format!("https://{host}") };
        let uri: http::Uri = url.parse().map_err(|error: http::uri::InvalidUri| ConnectError::BadHost {
            host: host.clone(),
            said: error.to_string(),
        })?;
        if uri.host().is_none() || !matches!(uri.scheme_str(), Some("https" | "http")) {
            return Err(ConnectError::BadHost { host: host.clone(), said: "no https URL".into() });
        }
        cluster.insert("server".into(), url.into());
    }
    if let Some(pem) = &spec.cluster_ca_certificate {
        cluster.shift_remove("certificate-authority");
        cluster.insert("certificate-authority-data".into(), base64(pem).into());
    }
    if let Some(insecure) = spec.insecure {
        cluster.insert("insecure-skip-tls-verify".into(), insecure.into());
    }
    if let Some(name) = &spec.tls_server_name {
        cluster.insert("tls-server-name".into(), name.clone().into());
    }
    if let Some(proxy) = &spec.proxy_url {
        cluster.insert("proxy-url".into(), proxy.clone().into());
    }
    Ok(())
}

fn overlay_user(spec: &ConnectSpec, user: &mut Map<String, Value>) {
    // One way to say who we are replaces the others; a token beside the file's certificate would otherwise tell two.
    let says_who =
        spec.token.is_some() || spec.exec.is_some() || spec.username.is_some() || spec.client_certificate.is_some();
    if says_who {
        user.clear();
    }
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            user.insert(key.to_owned(), value);
        }
    };
    set("token", spec.token.clone().map(Value::String));
    set("username", spec.username.clone().map(Value::String));
    set("password", spec.password.clone().map(Value::String));
    set("client-certificate-data", spec.client_certificate.as_deref().map(|pem| base64(pem).into()));
    set("client-key-data", spec.client_key.as_deref().map(|pem| base64(pem).into()));
    set("as", spec.impersonate.clone().map(Value::String));
    set("as-groups", (!spec.impersonate_groups.is_empty()).then(|| json!(spec.impersonate_groups)));
    set(
        "exec",
        spec.exec.as_ref().map(|exec| {
            let env: Vec<Value> = exec.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            json!({
                "apiVersion": exec.api_version,
                "command": exec.command,
                "args": exec.args,
                "env": env,
                "interactiveMode": "Never",
            })
        }),
    );
}

fn certificate_until(user: &Map<String, Value>) -> Option<jiff::Timestamp> {
    let text = |key: &str| user.get(key).and_then(Value::as_str);
    let pem = match (text("client-certificate-data"), text("client-certificate")) {
        (Some(data), _) => unbase64(data)?,
        (None, Some(path)) => std::fs::read_to_string(path).ok()?,
        (None, None) => return None,
    };
    certificate::not_after(&pem)
}

fn entry(files: &Value, list: &str, key: &str, name: &str) -> Option<Map<String, Value>> {
    let named =
        files.get(list)?.as_array()?.iter().find(|named| named.get("name").and_then(Value::as_str) == Some(name))?;
    Some(named.get(key).and_then(Value::as_object).cloned().unwrap_or_default())
}

fn names(files: &Value, list: &str) -> Vec<String> {
    let named = files.get(list).and_then(Value::as_array).into_iter().flatten();
    named.filter_map(|named| named.get("name").and_then(Value::as_str)).map(str::to_owned).collect()
}

fn unusable(error: &KubeconfigError, chosen: &Chosen) -> ConnectError {
    let context = chosen.context.clone().unwrap_or_else(|| "(none)".into());
    match error {
        KubeconfigError::MissingClusterUrl => ConnectError::NoServer { context },
        error => ConnectError::Unusable { context, said: error.to_string() },
    }
}

fn is_in_cluster() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
        && PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token").exists()
}

fn base64(text: &str) -> String {
    use k8s_openapi::ByteString;
    // k8s-openapi's byte string is base64 in JSON; this saves a dependency.
    match serde_json::to_value(ByteString(text.as_bytes().to_vec())) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}

fn unbase64(text: &str) -> Option<String> {
    let bytes: k8s_openapi::ByteString = serde_json::from_value(Value::String(text.trim().to_owned())).ok()?;
    String::from_utf8(bytes.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
apiVersion: v1
kind: Config
current-context: lab
contexts:
- {name: lab, context: {cluster: lab, user: admin, namespace: shop}}
- {name: other, context: {cluster: gone, user: admin}}
clusters:
- {name: lab, cluster: {server: 'https://127.0.0.1:6443'}}
users:
- {name: admin, user: {token: from-file}}
";

    fn spec(folder: &tempfile::TempDir) -> ConnectSpec {
        let path = folder.path().join("config");
        std::fs::write(&path, FILE).unwrap();
        ConnectSpec { config_paths: vec![path], config_paths_from: "config_path".into(), ..ConnectSpec::default() }
    }

    async fn error(spec: ConnectSpec) -> String {
        configure(&spec).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn other_programs_get_the_same_connection_as_one_kubeconfig() {
        let folder = tempfile::tempdir().unwrap();
        let exec =
            crate::connect::Exec { command: "get-token".into(), args: vec!["--cluster".into()], ..Default::default() };
        for (spec, user) in [
            (spec(&folder), json!({"token": "from-file"})),
            (ConnectSpec { token: Some("given".into()), ..spec(&folder) }, json!({"token": "given"})),
        ] {
            let (_, _, document) = configure(&spec).await.unwrap();
            assert_eq!(document["users"][0]["user"], user);
            assert_eq!(document["clusters"][0]["cluster"]["server"], "https://127.0.0.1:6443");
            assert_eq!(document["contexts"][0]["context"]["namespace"], "shop");
        }
        let (document, _) =
            fold(&ConnectSpec { exec: Some(exec), host: Some("https://x".into()), ..Default::default() }, None)
                .unwrap();
        assert_eq!(document["users"][0]["user"]["exec"]["command"], "get-token");
    }

    #[tokio::test]
    async fn the_current_context_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let (config, chosen, _) = configure(&spec(&folder)).await.unwrap();
        assert_eq!(config.cluster_url.to_string(), "https://127.0.0.1:6443/");
        assert_eq!(config.default_namespace, "shop");
        assert_eq!(chosen.user.as_deref(), Some("admin"));
    }

    #[tokio::test]
    async fn explicit_settings_replace_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let spec = ConnectSpec { host: Some("10.0.0.1:6443".into()), insecure: Some(true), ..spec(&folder) };
        let (config, _, _) = configure(&spec).await.unwrap();
        assert_eq!(config.cluster_url.to_string(), "https://10.0.0.1:6443/");
        assert!(config.accept_invalid_certs);
    }

    #[tokio::test]
    async fn a_missing_file_is_named_with_who_asked_for_it() {
        let spec = ConnectSpec {
            config_paths: vec!["/nowhere/config".into()],
            config_paths_from: "config_path".into(),
            ..ConnectSpec::default()
        };
        let error = error(spec).await;
        assert!(error.contains("/nowhere/config") && error.contains("config_path"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_context_is_named_with_those_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let error = error(ConnectSpec { config_context: Some("kind-shop".into()), ..spec(&folder) }).await;
        assert!(error.contains("kind-shop") && error.contains("lab, other"), "{error}");
    }

    #[tokio::test]
    async fn a_context_that_points_nowhere_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let error = error(ConnectSpec { config_context: Some("other".into()), ..spec(&folder) }).await;
        assert!(error.contains("cluster \"gone\""), "{error}");
    }

    #[tokio::test]
    async fn a_credential_command_that_fails_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let command = "no-such-credential-command".to_owned();
        let api_version = "client.authentication.k8s.io/v1".to_owned();
        let exec = super::super::Exec { api_version, command, ..super::super::Exec::default() };
        let spec = ConnectSpec { exec: Some(exec), ..spec(&folder) };
        let error = super::super::Cluster::connect(&spec).await.unwrap_err().to_string();
        assert!(error.contains("command \"no-such-credential-command\""), "{error}");
    }

    #[tokio::test]
    async fn nothing_said_is_an_error_and_never_localhost() {
        let error = error(ConnectSpec::default()).await;
        assert!(error.contains("config_path"), "{error}");
    }

    #[tokio::test]
    async fn what_is_no_yaml_is_told_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(&folder);
        std::fs::write(&spec.config_paths[0], "{ no").unwrap();
        let path = spec.config_paths[0].display().to_string();
        assert!(error(spec).await.contains(&path));
    }
}
