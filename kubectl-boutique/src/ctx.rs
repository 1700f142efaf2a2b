//! What every verb is given: flags, output, clock, and the cluster once it is asked for.

use boutique_cluster::connect::Cluster;
use boutique_cluster::observe;
use jiff::Timestamp;

use crate::error::Error;
use crate::global::GlobalArgs;
use crate::output::Output;

/// Context of one run.
pub(crate) struct Ctx {
    pub(crate) global: GlobalArgs,
    pub(crate) out: Output,
}

/// Where a shop was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    /// Whether the user (or the context) said so; false when it is simply the only shop of the cluster.
    pub(crate) said: bool,
}

impl Ctx {
    /// The cluster that the flags describe. Sends nothing.
    pub(crate) async fn cluster(&self) -> Result<Cluster, Error> {
        Ok(Cluster::connect(&self.global.connect_spec(env)?).await?)
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// The namespace of the shop: the flag's or the context's; if that holds no shop and the flag was not given, the only
    /// one of the cluster that does.
    pub(crate) async fn place(&self, cluster: &Cluster) -> Result<Place, Error> {
        let namespace = cluster.default_namespace().to_owned();
        if !observe::find(cluster, Some(&namespace)).await?.is_empty() {
            return Ok(Place { namespace, said: true });
        }
        // Looking elsewhere may be forbidden; then there is nothing better to say than what is known.
        let elsewhere = observe::find(cluster, None).await.unwrap_or_default();
        match elsewhere.as_slice() {
            [only] if self.global.namespace.is_none() => {
                self.out.note(&format!("no shop in namespace {namespace}; using the only one found: {only}"));
                Ok(Place { namespace: only.clone(), said: false })
            }
            _ => Err(Error::NoShop { namespace, elsewhere }),
        }
    }
}

/// The environment, read in one place.
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
