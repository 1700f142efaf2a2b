//! What goes on beside the fault while it lasts: load, a limit that is lowered, keys that fill a store.

use boutique_cluster::connect::Cluster;
use boutique_cluster::fault::{self, Ongoing};
use boutique_core::fault::Fault;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;

/// An activity, or none.
pub(super) struct Work {
    cancel: CancellationToken,
    ongoing: Option<Ongoing>,
}

impl Work {
    pub(super) fn start(cluster: &Cluster, fault: &Fault, plan: &Plan) -> Self {
        let cancel = CancellationToken::new();
        let ongoing = fault::activity(cluster, fault, &plan.injection, plan.storefront.clone(), cancel.clone());
        Self { cancel, ongoing }
    }

    /// The next thing it has to say; never, once it has said all.
    pub(super) async fn line(&mut self) -> String {
        if let Some(ongoing) = &mut self.ongoing
            && let Some(line) = ongoing.lines.recv().await
        {
            return line;
        }
        std::future::pending().await
    }

    /// Ends it, and says what came of it. Must be over before the fault is undone.
    pub(super) async fn stop(&mut self) -> Vec<String> {
        self.cancel.cancel();
        let Some(mut ongoing) = self.ongoing.take() else { return Vec::new() };
        let ended = ongoing.task.await;
        let mut lines = Vec::new();
        while let Ok(line) = ongoing.lines.try_recv() {
            lines.push(line);
        }
        match ended {
            Ok(Ok(said)) => lines.extend(said),
            Ok(Err(error)) => lines.push(error.to_string()),
            Err(error) => lines.push(format!("it ended early: {error}")),
        }
        lines
    }
}
