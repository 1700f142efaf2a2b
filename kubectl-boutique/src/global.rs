//! kubectl's global flags, under the same names and with the same meaning.

use std::path::{Path, PathBuf};
use std::time::Duration;

use boutique_cluster::connect::ConnectSpec;
use clap::Args;

use crate::duration;
use crate::error::Error;
use crate::style::ColorChoice;

const HEADING: &str = "Global flags (as kubectl's)";

/// Flags that every verb takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GlobalArgs {
    /// Namespace of the shop
    #[arg(short, long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub(crate) namespace: Option<String>,

    /// Kubeconfig file
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub(crate) context: Option<String>,

    /// Cluster entry of the kubeconfig
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true, help_heading = HEADING)]
    pub(crate) cluster: Option<String>,

    /// User entry of the kubeconfig
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true, help_heading = HEADING)]
    pub(crate) user: Option<String>,

    /// URL of the API server
    #[arg(short, long, global = true, value_name = "URL", hide_short_help = true, help_heading = HEADING)]
    pub(crate) server: Option<String>,

    /// Bearer token
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true, help_heading = HEADING)]
    pub(crate) token: Option<String>,

    /// File with the certificates of the authorities that the API server's certificate must come from
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true, help_heading = HEADING)]
    pub(crate) certificate_authority: Option<PathBuf>,

    /// File with a client certificate
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true, help_heading = HEADING)]
    pub(crate) client_certificate: Option<PathBuf>,

    /// File with the client certificate's key
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true, help_heading = HEADING)]
    pub(crate) client_key: Option<PathBuf>,

    /// Trust any certificate of the API server
    #[arg(
        long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_short_help = true, help_heading = HEADING
    )]
    pub(crate) insecure_skip_tls_verify: Option<bool>,

    /// Name that the API server's certificate must bear
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true, help_heading = HEADING)]
    pub(crate) tls_server_name: Option<String>,

    /// User to act as
    #[arg(long = "as", global = true, value_name = "USER", hide_short_help = true, help_heading = HEADING)]
    pub(crate) as_user: Option<String>,

    /// Group to act as; may be repeated
    #[arg(long, global = true, value_name = "GROUP", hide_short_help = true, help_heading = HEADING)]
    pub(crate) as_group: Vec<String>,

    /// Longest wait for one answer of the API server; 0 waits forever
    #[arg(
        long, global = true, value_name = "DURATION", value_parser = duration::parse,
        hide_short_help = true, help_heading = HEADING
    )]
    pub(crate) request_timeout: Option<Duration>,

    /// Kept for scripts: nothing is cached
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Kept for scripts: preferences of kubectl itself do not matter here
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub(crate) kuberc: Option<PathBuf>,

    /// How much to tell on stderr; 6 and more print every request
    #[arg(
        short = 'v', long = "v", global = true, value_name = "LEVEL", default_value_t = 0,
        hide_default_value = true, help_heading = HEADING
    )]
    pub(crate) verbosity: u8,

    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_short_help = true, help_heading = HEADING)]
    pub(crate) color: ColorChoice,
}

/// "0 waits forever" of kubectl, as something a clock can hold.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

impl GlobalArgs {
    /// The connection that the flags and the environment describe.
    ///
    /// # Errors
    ///
    /// When a certificate file cannot be read.
    pub(crate) fn connect_spec(&self, env: impl Fn(&str) -> Option<String>) -> Result<ConnectSpec, Error> {
        let flags = ConnectSpec {
            config_paths: self.kubeconfig.iter().cloned().collect(),
            config_context: self.context.clone(),
            config_context_cluster: self.cluster.clone(),
            config_context_auth_info: self.user.clone(),
            host: self.server.clone(),
            token: self.token.clone(),
            cluster_ca_certificate: self.certificate_authority.as_deref().map(read).transpose()?,
            client_certificate: self.client_certificate.as_deref().map(read).transpose()?,
            client_key: self.client_key.as_deref().map(read).transpose()?,
            insecure: self.insecure_skip_tls_verify,
            tls_server_name: self.tls_server_name.clone(),
            impersonate: self.as_user.clone(),
            impersonate_groups: self.as_group.clone(),
            namespace: self.namespace.clone(),
            request_timeout: self.request_timeout.map(|limit| if limit.is_zero() { FOREVER } else { limit }),
            ..ConnectSpec::default()
        };
        Ok(ConnectSpec::kubectl(flags, env))
    }
}

/// The text of a file that a flag names.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::File { path: path.display().to_string(), reason: error.to_string() })
}
