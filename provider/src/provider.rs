//! The provider block.

use std::time::Duration;

use tfplugin_rs::{
    Answer, Configure, Diagnostic, Diagnostics, List, Map, Model, Path, Provider, Registered, Secret, Value,
};

use crate::connection::Connection;
use crate::ingress::Ingress;
use crate::monitoring::{GrafanaCredentials, Monitoring};
use crate::stack::Stack;

/// The provider.
#[derive(Clone, Copy, Debug)]
pub struct Boutique;

/// Online Boutique, Google's demo shop, on any Kubernetes cluster. The cluster is named as in `hashicorp/kubernetes`:
/// the same attributes, the same `KUBE_*` variables, the same precedence; in a pod, its ServiceAccount. A cluster is
/// never guessed: `~/.kube/config` is read only where `config_path` or `KUBE_CONFIG_PATH` names it.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct ProviderModel {
    /// Path of the kubeconfig; `~` is the home folder. Environment: `KUBE_CONFIG_PATH`.
    #[attr(optional)]
    pub config_path: Value<String>,
    /// Paths of several kubeconfigs, merged in this order. Environment: `KUBE_CONFIG_PATHS`.
    #[attr(optional)]
    pub config_paths: Value<List<String>>,
    /// Context to use instead of the kubeconfig's current one. Environment: `KUBE_CTX`.
    #[attr(optional)]
    pub config_context: Value<String>,
    /// Cluster entry to use instead of the context's. Environment: `KUBE_CTX_CLUSTER`.
    #[attr(optional)]
    pub config_context_cluster: Value<String>,
    /// User entry to use instead of the context's. Environment: `KUBE_CTX_AUTH_INFO`.
    #[attr(optional)]
    pub config_context_auth_info: Value<String>,
    /// URL of the API server. Environment: `KUBE_HOST`.
    #[attr(optional)]
    pub host: Value<String>,
    /// User of basic authentication. Environment: `KUBE_USER`.
    #[attr(optional)]
    pub username: Value<String>,
    /// Password of basic authentication. Environment: `KUBE_PASSWORD`.
    #[attr(optional, sensitive)]
    pub password: Value<Secret>,
    /// Bearer token. Environment: `KUBE_TOKEN`.
    #[attr(optional, sensitive)]
    pub token: Value<Secret>,
    /// Client certificate, PEM text. Environment: `KUBE_CLIENT_CERT_DATA`.
    #[attr(optional)]
    pub client_certificate: Value<String>,
    /// Key of the client certificate, PEM text. Environment: `KUBE_CLIENT_KEY_DATA`.
    #[attr(optional, sensitive)]
    pub client_key: Value<Secret>,
    /// Certificates of the authorities that sign the server's certificate, PEM text. Environment:
    /// `KUBE_CLUSTER_CA_CERT_DATA`.
    #[attr(optional)]
    pub cluster_ca_certificate: Value<String>,
    /// Name that the server's certificate bears, where it is not the host of the URL. Environment:
    /// `KUBE_TLS_SERVER_NAME`.
    #[attr(optional)]
    pub tls_server_name: Value<String>,
    /// Whether any server certificate is trusted. Environment: `KUBE_INSECURE`.
    #[attr(optional)]
    pub insecure: Value<bool>,
    /// Proxy of all requests: `http://`, `https://` or `socks5://`. Environment: `KUBE_PROXY_URL`.
    #[attr(optional)]
    pub proxy_url: Value<String>,
    /// Command that prints credentials, such as `aws eks get-token`.
    #[attr(optional)]
    pub exec: Value<ExecModel>,
    /// Whether the cluster is left alone: plans are made from configuration and state only, and nothing can be applied.
    #[attr(optional)]
    pub offline: Value<bool>,
    /// The `helm` program that installs charts: version 3.14 or newer.
    #[attr(optional)]
    pub helm: Value<HelmModel>,
}

/// The `helm` program.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct HelmModel {
    /// Path of the program. Environment: `BOUTIQUE_HELM`; left out, it is looked for on `PATH`.
    #[attr(optional)]
    pub path: Value<String>,
    /// Where to fetch it from, once, on machines that have none. Nothing is fetched without it.
    #[attr(optional)]
    pub download: Value<DownloadModel>,
}

/// A program to fetch.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct DownloadModel {
    /// URL of helm's release archive, such as `https://get.helm.sh/helm-v3.19.0-linux-amd64.tar.gz`, or of the bare program.
    /// The server's certificate is judged by the system's authorities, or by those of the file that `SSL_CERT_FILE` names;
    /// `HTTPS_PROXY` and `NO_PROXY` count.
    #[attr(required)]
    pub url: Value<String>,
    /// SHA-256 of the archive, in hexadecimal digits.
    #[attr(required)]
    pub sha256: Value<String>,
}

/// A command that prints credentials.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct ExecModel {
    /// API version of what it prints: `client.authentication.k8s.io/v1` or `…/v1beta1`.
    #[attr(required)]
    pub api_version: Value<String>,
    /// The command.
    #[attr(required)]
    pub command: Value<String>,
    /// Its arguments.
    #[attr(optional)]
    pub args: Value<List<String>>,
    /// Variables added to its environment.
    #[attr(optional)]
    pub env: Value<Map<String>>,
}

impl Provider for Boutique {
    type Config = ProviderModel;
    type Data = Connection;
    const ADDRESS: &'static str = boutique_core::contract::PROVIDER_ADDRESS;

    async fn close(&self, connection: &Connection) {
        connection.settled().await;
    }

    // Stopping a helm that does not listen takes five seconds, and what it left is looked at then.
    fn grace(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn resources(&self) -> Vec<Registered<Connection>> {
        vec![
            Registered::resource(Stack),
            Registered::resource(Ingress),
            Registered::resource(Monitoring),
            Registered::ephemeral(GrafanaCredentials),
        ]
    }

    fn validate(&self, config: &ProviderModel) -> Diagnostics {
        let mut diagnostics = Diagnostics::none();
        if config.config_path.is_known() && config.config_paths.is_known() {
            diagnostics.push(conflict("config_paths", "config_path", "name all files in config_paths"));
        }
        if config.token.is_known() && config.exec.is_known() {
            diagnostics.push(conflict("exec", "token", "keep the one that the cluster expects"));
        }
        if config.insecure == Value::Known(true) && config.cluster_ca_certificate.is_known() {
            let what = "keep cluster_ca_certificate, which is the safe one";
            diagnostics.push(conflict("insecure", "cluster_ca_certificate", what));
        }
        diagnostics
    }

    async fn configure(&self, request: Configure<ProviderModel>) -> Result<Answer<Connection>, Diagnostics> {
        Ok(Connection::new(&request.config, |name| std::env::var(name).ok()).into())
    }
}

fn conflict(attribute: &str, other: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{attribute} and {other} contradict each other"),
        format!("Only one of {attribute} and {other} can be set: {what}."),
    )
    .at(Path::attribute(attribute))
}
