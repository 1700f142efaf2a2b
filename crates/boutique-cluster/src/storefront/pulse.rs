//! Whether the API server is well, asked when a page did not come through it.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::connect::Cluster;
use crate::request::build;

/// An API server that takes longer than this for its version is not well.
const QUICK: Duration = Duration::from_secs(1);

/// The API server's answer about itself counts for so long.
const FRESH: Duration = Duration::from_millis(500);

/// Asks for the API server's version, which takes it nothing and which everybody may read.
#[derive(Clone)]
pub(super) struct Pulse {
    cluster: Cluster,
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Pulse {
    pub(super) fn of(cluster: &Cluster) -> Self {
        Self { cluster: cluster.clone(), last: Arc::default() }
    }

    /// Whether it is well now. Who comes while somebody asks waits for the same answer.
    pub(super) async fn beats(&self) -> bool {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((at, beats)) = *last
            && at + FRESH > came
        {
            return beats;
        }
        let asked = Instant::now();
        let answer = self.cluster.raw(build(Method::GET, "/version", None, Vec::new()));
        let answered = tokio::time::timeout(QUICK, answer).await;
        let beats = matches!(answered, Ok(Ok(response)) if response.status().is_success());
        *last = Some((asked, beats));
        beats
    }
}
