//! How to reach a cluster: what may be said about it, and which saying wins.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

/// Everything that may be said about a connection. What is not said comes from a kubeconfig, or is left out.
#[derive(Clone, Default)]
pub struct ConnectSpec {
    /// Kubeconfig files, merged in order: the first to say something wins.
    pub config_paths: Vec<PathBuf>,
    /// Who named those files, for messages: `config_path`, `KUBECONFIG`, `--kubeconfig`, …
    pub config_paths_from: String,
    /// Whether a file that does not exist is passed over, as kubectl does with the files of `KUBECONFIG`.
    pub skip_missing_files: bool,
    /// Context to use instead of the current one.
    pub config_context: Option<String>,
    /// Cluster entry to use instead of the context's.
    pub config_context_cluster: Option<String>,
    /// User entry to use instead of the context's.
    pub config_context_auth_info: Option<String>,
    /// URL of the API server.
    pub host: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// User of basic authentication.
    pub username: Option<String>,
    /// Password of basic authentication.
    pub password: Option<String>,
    /// Client certificate, PEM text.
    pub client_certificate: Option<String>,
    /// Key of the client certificate, PEM text.
    pub client_key: Option<String>,
    /// Certificates of the authorities that sign the server's certificate, PEM text.
    pub cluster_ca_certificate: Option<String>,
    /// Whether to trust any server certificate.
    pub insecure: Option<bool>,
    /// Name that the server's certificate must bear, instead of the host of the URL.
    pub tls_server_name: Option<String>,
    /// Proxy for all requests: `http`, `https` or `socks5`.
    pub proxy_url: Option<String>,
    /// Command that prints credentials.
    pub exec: Option<Exec>,
    /// User to act as.
    pub impersonate: Option<String>,
    /// Groups to act as.
    pub impersonate_groups: Vec<String>,
    /// Default namespace instead of the context's.
    pub namespace: Option<String>,
    /// Longest wait for one answer, watches excepted; default 60 s.
    pub request_timeout: Option<Duration>,
}

/// A command that prints credentials (`client.authentication.k8s.io`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exec {
    /// API version of its input and output.
    pub api_version: String,
    /// Command.
    pub command: String,
    /// Arguments.
    pub args: Vec<String>,
    /// Environment, added to ours.
    pub env: BTreeMap<String, String>,
}

/// Prints what is said without any secret.
impl fmt::Debug for ConnectSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectSpec")
            .field("config_paths", &self.config_paths)
            .field("config_context", &self.config_context)
            .field("host", &self.host)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("insecure", &self.insecure)
            .finish_non_exhaustive()
    }
}

impl ConnectSpec {
    /// The provider's rule, which is that of `hashicorp/kubernetes`: an attribute, else its `KUBE_…` variable, else the
    /// kubeconfig files that one of both names; `~/.kube/config` is never read unasked. `env` looks a variable up.
    #[must_use]
    pub fn provider(attributes: Self, env: impl Fn(&str) -> Option<String>) -> Self {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let home = env("HOME");
        let mut spec = attributes;
        if spec.config_paths.is_empty() {
            if let Some(path) = env("KUBE_CONFIG_PATH") {
                spec.config_paths = vec![PathBuf::from(path)];
                spec.config_paths_from = "KUBE_CONFIG_PATH".into();
            } else if let Some(paths) = env("KUBE_CONFIG_PATHS") {
                spec.config_paths = std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect();
                spec.config_paths_from = "KUBE_CONFIG_PATHS".into();
            }
        } else if spec.config_paths_from.is_empty() {
            spec.config_paths_from =
                if spec.config_paths.len() == 1 { "config_path".into() } else { "config_paths".into() };
        }
        spec.config_paths = spec.config_paths.iter().map(|path| expand(path, home.as_deref())).collect();
        let or = |value: &mut Option<String>, name: &str| {
            if value.is_none() {
                *value = env(name);
            }
        };
        or(&mut spec.config_context, "KUBE_CTX");
        or(&mut spec.config_context_auth_info, "KUBE_CTX_AUTH_INFO");
        or(&mut spec.config_context_cluster, "KUBE_CTX_CLUSTER");
        or(&mut spec.host, "KUBE_HOST");
        or(&mut spec.username, "KUBE_USER");
        or(&mut spec.password, "KUBE_PASSWORD");
        or(&mut spec.token, "KUBE_TOKEN");
        or(&mut spec.tls_server_name, "KUBE_TLS_SERVER_NAME");
        or(&mut spec.client_certificate, "KUBE_CLIENT_CERT_DATA");
        or(&mut spec.client_key, "KUBE_CLIENT_KEY_DATA");
        or(&mut spec.cluster_ca_certificate, "KUBE_CLUSTER_CA_CERT_DATA");
        or(&mut spec.proxy_url, "KUBE_PROXY_URL");
        spec.insecure = spec.insecure.or_else(|| env("KUBE_INSECURE").map(|value| is_true(&value)));
        spec
    }

    /// kubectl's rule: flags, else the file of `--kubeconfig`, else the files of `KUBECONFIG`, else `~/.kube/config`.
    /// `env` looks a variable up.
    #[must_use]
    pub fn kubectl(flags: Self, env: impl Fn(&str) -> Option<String>) -> Self {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let home = env("HOME").or_else(|| env("USERPROFILE"));
        let mut spec = flags;
        if spec.config_paths.is_empty() {
            spec.skip_missing_files = true;
            if let Some(paths) = env("KUBECONFIG") {
                spec.config_paths = std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect();
                spec.config_paths_from = "KUBECONFIG".into();
            } else if let Some(home) = &home {
                spec.config_paths = vec![PathBuf::from(home).join(".kube").join("config")];
                spec.config_paths_from = "the default".into();
            }
        } else if spec.config_paths_from.is_empty() {
            spec.config_paths_from = "--kubeconfig".into();
        }
        spec
    }
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "t" | "true" | "yes")
}

fn expand(path: &std::path::Path, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn an_attribute_wins_over_its_variable() {
        let attributes = ConnectSpec { config_context: Some("mine".into()), ..ConnectSpec::default() };
        let spec = ConnectSpec::provider(attributes, env(&[("KUBE_CTX", "theirs"), ("KUBE_TOKEN", "t")]));
        assert_eq!(spec.config_context.as_deref(), Some("mine"));
        assert_eq!(spec.token.as_deref(), Some("t"));
    }

    #[test]
    fn the_provider_never_reads_a_kubeconfig_unasked() {
        let spec = ConnectSpec::provider(ConnectSpec::default(), env(&[("HOME", "/home/a"), ("KUBECONFIG", "/k")]));
        assert!(spec.config_paths.is_empty());
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        let attributes = ConnectSpec { config_paths: vec!["~/.kube/config".into()], ..ConnectSpec::default() };
        let spec = ConnectSpec::provider(attributes, env(&[("HOME", "/home/a")]));
        assert_eq!(spec.config_paths, [PathBuf::from("/home/a/.kube/config")]);
        assert_eq!(spec.config_paths_from, "config_path");
    }

    #[test]
    fn kubectl_reads_the_flag_then_the_variable_then_the_default() {
        let vars = [("HOME", "/home/a"), ("KUBECONFIG", "/one:/two")];
        let flag = ConnectSpec { config_paths: vec!["/flag".into()], ..ConnectSpec::default() };
        let flagged = ConnectSpec::kubectl(flag, env(&vars));
        assert_eq!((flagged.config_paths.len(), flagged.skip_missing_files), (1, false));
        let listed = ConnectSpec::kubectl(ConnectSpec::default(), env(&vars));
        assert_eq!(listed.config_paths, [PathBuf::from("/one"), PathBuf::from("/two")]);
        assert!(listed.skip_missing_files);
        let default = ConnectSpec::kubectl(ConnectSpec::default(), env(&vars[..1]));
        assert_eq!(default.config_paths, [PathBuf::from("/home/a/.kube/config")]);
    }

    #[test]
    fn no_secret_is_printed() {
        let spec =
            ConnectSpec { token: Some("s3cret".into()), password: Some("s3cret".into()), ..ConnectSpec::default() };
        assert!(!format!("{spec:?}").contains("s3cret"));
    }
}
