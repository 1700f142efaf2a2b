//! Reaching a cluster.

mod certificate;
mod kubeconfig;
mod spec;
mod transport;

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
pub use spec::{ConnectSpec, Exec};
use tokio_util::task::TaskTracker;

/// A connection to one cluster. Cheap to clone; all clones share connections and the request counter.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

struct Shared {
    client: kube::Client,
    kubeconfig: Value,
    identity: Identity,
    request_timeout: Duration,
    requests: AtomicU64,
    background: TaskTracker,
}

/// Whom we talk to and as whom, for messages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    pub(crate) server: String,
    pub(crate) context: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) certificate_until: Option<jiff::Timestamp>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("server", &self.shared.identity.server).finish_non_exhaustive()
    }
}

/// Why there is no connection to try. No request has been sent yet.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A kubeconfig that was asked for is not there.
    #[error(
        "the kubeconfig {} (from {set_by}) does not exist: write it, or name another one",
        path.display()
    )]
    FileMissing {
        /// The file.
        path: PathBuf,
        /// Who asked for it.
        set_by: String,
    },
    /// A kubeconfig cannot be read.
    #[error("the kubeconfig {} (from {set_by}) cannot be read: {said}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// Who asked for it.
        set_by: String,
        /// What the reader said.
        said: String,
    },
    /// The context that was asked for is in no file.
    #[error("there is no context {context:?} in {}; {}", files(paths), available_in_words("contexts", available))]
    ContextMissing {
        /// The context.
        context: String,
        /// The files.
        paths: Vec<PathBuf>,
        /// Contexts there are.
        available: Vec<String>,
    },
    /// No context was asked for and the files name no current one.
    #[error(
        "{} names no current context: set config_context (or --context); {}",
        files(paths),
        available_in_words("contexts", available)
    )]
    NoContext {
        /// The files.
        paths: Vec<PathBuf>,
        /// Contexts there are.
        available: Vec<String>,
    },
    /// A context points to an entry that does not exist.
    #[error("the kubeconfig has no {what} {name:?}; {}", available_in_words(&format!("{what}s"), available))]
    EntryMissing {
        /// `cluster` or `user`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Entries there are.
        available: Vec<String>,
    },
    /// The context's cluster has no server.
    #[error("the cluster of context {context:?} has no server URL: set host, or repair the kubeconfig")]
    NoServer {
        /// The context.
        context: String,
    },
    /// A host that is no URL.
    #[error("host {host:?} is no URL of an API server ({said}): write it like https://10.0.0.1:6443")]
    BadHost {
        /// The host.
        host: String,
        /// What is wrong.
        said: String,
    },
    /// Settings that no connection can be made of.
    #[error("the settings of context {context:?} make no connection: {said}")]
    Unusable {
        /// The context.
        context: String,
        /// What kube said.
        said: String,
    },
    /// Settings of a wrong type.
    #[error("the connection settings cannot be read: {said}")]
    Invalid {
        /// What the reader said.
        said: String,
    },
    /// Nobody said which cluster.
    #[error(
        "no cluster is configured: set config_path (or KUBE_CONFIG_PATH) in the provider, or --kubeconfig (or KUBECONFIG) \
         for the plugin, or host with credentials; a cluster on this machine is never guessed"
    )]
    NotConfigured,
    /// The service account of this pod cannot be used.
    #[error("running in a pod, but its service account cannot be used: {said}")]
    InCluster {
        /// What kube said.
        said: String,
    },
    /// Certificates, keys or the credential command do not work.
    #[error("the credentials{} cannot be used: {said}", of_user(user.as_deref()))]
    Credentials {
        /// User entry of the kubeconfig.
        user: Option<String>,
        /// What was said.
        said: String,
    },
}

fn files(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn available_in_words(what: &str, available: &[String]) -> String {
    if available.is_empty() { format!("there are no {what}") } else { format!("{what}: {}", available.join(", ")) }
}

pub(crate) fn of_user(user: Option<&str>) -> String {
    user.map(|user| format!(" of user {user:?}")).unwrap_or_default()
}

/// This program and its version, as kubectl tells them: so an audit log shows who it was.
fn user_agent() -> http::HeaderValue {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let program = program.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{program}/{} ({}/{})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    http::HeaderValue::from_str(&name).unwrap_or_else(|_| http::HeaderValue::from_static("boutique"))
}

impl Cluster {
    /// Reads the configuration and prepares the connection. Sends no request: an unreachable server shows at the first
    /// one. A credential command of the kubeconfig runs here.
    ///
    /// # Errors
    /// When configuration is missing or contradicts itself; the message says which setting to change.
    pub async fn connect(spec: &ConnectSpec) -> Result<Self, ConnectError> {
        let (mut config, chosen, kubeconfig) = kubeconfig::configure(spec).await?;
        config.connect_timeout = Some(Duration::from_secs(10));
        // Answers of the service proxy must not be retried behind our back; requests retry what they may by themselves.
        config.default_retry = false;
        config.headers.push((http::header::USER_AGENT, user_agent()));
        let identity = Identity {
            server: config.cluster_url.to_string().trim_end_matches('/').to_owned(),
            context: chosen.context,
            user: chosen.user,
            certificate_until: chosen.certificate_until,
        };
        let client = transport::client(config).map_err(|error| ConnectError::Credentials {
            user: identity.user.clone(),
            said: match &chosen.command {
                Some(command) => format!("command {command:?}: {}", crate::request::chain(&error)),
                None => crate::request::chain(&error),
            },
        })?;
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                kubeconfig,
                identity,
                request_timeout: spec.request_timeout.unwrap_or(Duration::from_secs(60)),
                requests: AtomicU64::new(0),
                background: TaskTracker::new(),
            }),
        })
    }

    /// Namespace of the context, else `default`.
    pub fn default_namespace(&self) -> &str {
        self.shared.client.default_namespace()
    }

    /// URL of the API server.
    pub fn server(&self) -> &str {
        &self.shared.identity.server
    }

    /// Context of the kubeconfig, if one was used.
    pub fn context(&self) -> Option<&str> {
        self.shared.identity.context.as_deref()
    }

    /// Requests sent so far by all clones.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Does work whose end nobody waits for but [`Cluster::settled`]. Its first request is on its way when this returns:
    /// a caller that goes on without a pause would keep it from being sent.
    pub(crate) async fn afterwards(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.shared.background.spawn(work);
        tokio::task::yield_now().await;
    }

    /// Waits for what still goes on in the background, such as giving a lease back. To be called before the program ends.
    pub async fn settled(&self) {
        self.shared.background.close();
        self.shared.background.wait().await;
    }

    pub(crate) fn count_request(&self) {
        self.shared.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn kube(&self) -> &kube::Client {
        &self.shared.client
    }

    /// The connection as a kubeconfig, for programs that we start. It holds credentials.
    pub(crate) fn kubeconfig(&self) -> &Value {
        &self.shared.kubeconfig
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.shared.request_timeout
    }
}
