//! What is known about the cluster when an operation begins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use boutique_cluster::applyset::Expected;
use boutique_cluster::connect::{Cluster, ConnectSpec, Exec};
use boutique_cluster::helm::{Download, HelmSettings};
use tfplugin_rs::{Diagnostic, List, Map, Secret, Value};
use tokio::sync::OnceCell;

use crate::provider::{ExecModel, HelmModel, ProviderModel};

/// The provider's configuration, ready to connect. Nothing is connected before an operation needs it, because a plan
/// often needs nothing, and a kubeconfig may not have been written yet.
#[derive(Debug)]
pub struct Connection {
    way: Way,
    cluster: OnceCell<Cluster>,
    helm: HelmSettings,
    /// Namespaces that a plan has found missing.
    missing: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
enum Way {
    /// The practitioner asked to leave the cluster alone.
    Offline,
    /// These attributes come from something that does not exist yet.
    Unknown(Vec<&'static str>),
    Known(Box<ConnectSpec>),
}

/// Why an operation has no cluster to talk to.
#[derive(Debug)]
pub(crate) enum NoCluster {
    /// `offline = true`.
    Offline,
    /// Attributes that will be known after apply.
    Unknown(Vec<&'static str>),
    /// The configuration leads to no connection; a whole sentence or several.
    Broken(String),
}

impl Connection {
    /// Reads the provider block; `env` looks environment variables up.
    pub(crate) fn new(config: &ProviderModel, env: impl Fn(&str) -> Option<String>) -> Self {
        let mut reader = Reader::default();
        let attributes = reader.read(config);
        let way = if config.offline == Value::Known(true) {
            Way::Offline
        } else if reader.unknown.is_empty() {
            Way::Known(Box::new(ConnectSpec::provider(attributes, env)))
        } else {
            Way::Unknown(reader.unknown)
        };
        Self { way, cluster: OnceCell::new(), helm: helm(&config.helm), missing: Mutex::default() }
    }

    /// Remembers that a namespace is not there, or that it is.
    pub(crate) fn remember_namespace(&self, namespace: &str, is_there: bool) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if is_there {
            missing.remove(namespace);
        } else {
            missing.insert(namespace.to_owned());
        }
    }

    /// What there is where something new is applied, as far as the plan has seen it.
    pub(crate) fn expected(&self, namespace: &str) -> Expected {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.contains(namespace) { Expected::Nothing } else { Expected::Namespace }
    }

    /// Waits for what goes on in the background.
    pub(crate) async fn settled(&self) {
        if let Some(cluster) = self.cluster.get() {
            cluster.settled().await;
        }
    }

    /// Which helm installs charts.
    pub(crate) fn helm(&self) -> &HelmSettings {
        &self.helm
    }

    /// The cluster; connected at the first call that succeeds. No request is sent.
    pub(crate) async fn cluster(&self) -> Result<&Cluster, NoCluster> {
        match &self.way {
            Way::Offline => Err(NoCluster::Offline),
            Way::Unknown(attributes) => Err(NoCluster::Unknown(attributes.clone())),
            Way::Known(spec) => self
                .cluster
                .get_or_try_init(|| Cluster::connect(spec))
                .await
                .map_err(|error| NoCluster::Broken(error.to_string())),
        }
    }
}

impl NoCluster {
    /// The error of an operation that cannot do without a cluster; `verb` says what was to be done.
    pub(crate) fn error(&self, verb: &str) -> Diagnostic {
        match self {
            Self::Offline => Diagnostic::error(
                format!("Cannot {verb}: the provider is offline"),
                "The provider block says offline = true, so no cluster is asked or changed. Remove it to go on.",
            ),
            Self::Unknown(attributes) => Diagnostic::error(
                format!("Cannot {verb}: the cluster is not known yet"),
                format!(
                    "In the provider block, {} will be known only after apply. Apply what they come from first, for \
                     example with -target.",
                    attributes.join(", ")
                ),
            ),
            Self::Broken(said) => {
                Diagnostic::error(format!("Cannot {verb}: no connection to a cluster"), sentence(said))
            }
        }
    }

    /// The warning of a plan that was made without asking the cluster.
    pub(crate) fn not_checked(&self) -> Option<Diagnostic> {
        let why = match self {
            // Asked for, so no surprise.
            Self::Offline => return None,
            Self::Unknown(attributes) => {
                format!("In the provider block, {} will be known only after apply.", attributes.join(", "))
            }
            Self::Broken(said) => sentence(said),
        };
        Some(not_checked(&why))
    }
}

/// Which helm. What is unknown counts as not set: nothing is planned with helm, and apply knows all.
fn helm(config: &Value<HelmModel>) -> HelmSettings {
    let Some(helm) = config.known() else { return HelmSettings::default() };
    let download = helm.download.known().and_then(|download| {
        Some(Download { url: download.url.as_str()?.to_owned(), sha256: download.sha256.as_str()?.to_owned() })
    });
    HelmSettings { binary: helm.path.as_str().map(PathBuf::from), download, ..HelmSettings::default() }
}

/// The warning of a plan that says nothing about the cluster, with the reason.
pub(crate) fn not_checked(why: &str) -> Diagnostic {
    Diagnostic::warning(
        "The cluster was not checked",
        format!("{why} The plan is made from the configuration alone; what the cluster says, apply will find out."),
    )
}

/// A message as a sentence.
pub(crate) fn sentence(message: &str) -> String {
    let mut letters = message.trim().chars();
    let begun: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    if begun.ends_with(['.', '!', '?']) { begun } else { format!("{begun}.") }
}

/// Reads attributes and notes which are unknown.
#[derive(Default)]
struct Reader {
    unknown: Vec<&'static str>,
}

impl Reader {
    fn take<T: Clone>(&mut self, name: &'static str, value: &Value<T>) -> Option<T> {
        if value.is_unknown() && !self.unknown.contains(&name) {
            self.unknown.push(name);
        }
        value.known().cloned()
    }

    fn secret(&mut self, name: &'static str, value: &Value<Secret>) -> Option<String> {
        self.take(name, value).map(|secret| secret.expose().to_owned())
    }

    fn list(&mut self, name: &'static str, value: &Value<List<String>>) -> Vec<String> {
        let items = self.take(name, value).unwrap_or_default();
        items.iter().filter_map(|item| self.take(name, item)).collect()
    }

    fn map(&mut self, name: &'static str, value: &Value<Map<String>>) -> BTreeMap<String, String> {
        let items = self.take(name, value).unwrap_or_default();
        items.into_iter().filter_map(|(key, item)| Some((key, self.take(name, &item)?))).collect()
    }

    fn exec(&mut self, value: &Value<ExecModel>) -> Option<Exec> {
        let exec = self.take("exec", value)?;
        Some(Exec {
            api_version: self.take("exec", &exec.api_version).unwrap_or_default(),
            command: self.take("exec", &exec.command).unwrap_or_default(),
            args: self.list("exec", &exec.args),
            env: self.map("exec", &exec.env),
        })
    }

    fn read(&mut self, config: &ProviderModel) -> ConnectSpec {
        let mut paths = self.list("config_paths", &config.config_paths);
        if let Some(path) = self.take("config_path", &config.config_path) {
            paths = vec![path];
        }
        ConnectSpec {
            config_paths: paths.into_iter().map(PathBuf::from).collect(),
            config_context: self.take("config_context", &config.config_context),
            config_context_cluster: self.take("config_context_cluster", &config.config_context_cluster),
            config_context_auth_info: self.take("config_context_auth_info", &config.config_context_auth_info),
            host: self.take("host", &config.host),
            username: self.take("username", &config.username),
            password: self.secret("password", &config.password),
            token: self.secret("token", &config.token),
            client_certificate: self.take("client_certificate", &config.client_certificate),
            client_key: self.secret("client_key", &config.client_key),
            cluster_ca_certificate: self.take("cluster_ca_certificate", &config.cluster_ca_certificate),
            tls_server_name: self.take("tls_server_name", &config.tls_server_name),
            insecure: self.take("insecure", &config.insecure),
            proxy_url: self.take("proxy_url", &config.proxy_url),
            exec: self.exec(&config.exec),
            request_timeout: Some(Duration::from_secs(30)),
            ..ConnectSpec::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_connection(config: &ProviderModel) -> Connection {
        Connection::new(config, |name| (name == "KUBE_CONFIG_PATH").then(|| "/home/me/.kube/config".to_owned()))
    }

    async fn no_cluster(config: &ProviderModel) -> NoCluster {
        mk_connection(config).cluster().await.expect_err("has no cluster")
    }

    #[tokio::test]
    async fn an_unknown_attribute_never_falls_back_to_another_kubeconfig() {
        let config = ProviderModel { host: Value::Unknown, token: Value::Unknown, ..ProviderModel::default() };
        let reason = no_cluster(&config).await;
        assert!(matches!(&reason, NoCluster::Unknown(attributes) if attributes == &["host", "token"]));
        let warning = reason.not_checked().expect("warns");
        assert!(!warning.is_error() && warning.detail.contains("host, token"));
    }

    #[tokio::test]
    async fn an_unknown_element_of_a_list_counts_as_unknown() {
        let paths = Value::Known(vec![Value::from("/a"), Value::Unknown]);
        let config = ProviderModel { config_paths: paths, ..ProviderModel::default() };
        assert!(matches!(no_cluster(&config).await, NoCluster::Unknown(attributes) if attributes == ["config_paths"]));
    }

    #[tokio::test]
    async fn a_missing_kubeconfig_is_named_when_it_is_needed() {
        let config = ProviderModel { config_path: "/nowhere/kubeconfig".into(), ..ProviderModel::default() };
        let error = no_cluster(&config).await.error("apply");
        assert!(error.detail.contains("/nowhere/kubeconfig"), "{}", error.detail);
    }

    #[tokio::test]
    async fn offline_goes_before_everything_and_warns_of_nothing() {
        let config = ProviderModel { offline: true.into(), host: Value::Unknown, ..ProviderModel::default() };
        let reason = no_cluster(&config).await;
        assert!(reason.not_checked().is_none());
        assert!(reason.error("apply").detail.contains("offline = true"));
    }
}
