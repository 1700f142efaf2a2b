//! What goes on while a fault lasts, beyond the acts at its beginning.

mod delay;
mod load;
mod redis;
mod squeeze;

pub(super) use delay::set_up;

use boutique_core::fault::{Activity, Fault, Injection};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{connect::Cluster, request::ApiError, storefront::Storefront};

/// Something that goes on. It ends when it is called off, and then has cleared up after itself.
#[derive(Debug)]
pub struct Ongoing {
    /// What happens, one line each, as it happens.
    pub lines: UnboundedReceiver<String>,
    /// Comes to its end after it was called off; what it did in all, one line each.
    pub task: JoinHandle<Result<Vec<String>, ActivityError>>,
}

/// Why an activity could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    /// The API server refused.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// Something else was in the way: a whole sentence.
    #[error("{0}")]
    Other(String),
}

impl From<ApiError> for ActivityError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

/// What an activity works with.
struct Work {
    cluster: Cluster,
    fault: Fault,
    storefront: Storefront,
    cancel: CancellationToken,
    lines: UnboundedSender<String>,
}

impl Work {
    fn say(&self, line: impl Into<String>) {
        // Who does not listen does not want to know.
        drop(self.lines.send(line.into()));
    }
}

/// Begins what goes on while the fault lasts; none for a fault whose acts are all there is. Call it off before [`super::undo`]
/// and await it.
pub fn activity(
    cluster: &Cluster,
    fault: &Fault,
    injection: &Injection,
    storefront: Storefront,
    cancel: CancellationToken,
) -> Option<Ongoing> {
    let activity = injection.activity.clone()?;
    let (line_tx, lines) = mpsc::unbounded_channel();
    let work = Work { cluster: cluster.clone(), fault: fault.clone(), storefront, cancel, lines: line_tx };
    let task = tokio::spawn(async move {
        match activity {
            Activity::Load { in_flight } => load::load(&work, in_flight).await,
            Activity::Squeeze { pod, container, from, in_flight } => {
                squeeze::squeeze(&work, &pod, &container, from, in_flight).await
            }
            Activity::FillRedis { pod, bytes, over, expire } => {
                redis::fill(&work, &redis::Filling { pod: &pod, bytes, over, expire }).await
            }
            Activity::Delay { .. } => delay::goes_on_by_itself(),
        }
    });
    Some(Ongoing { lines, task })
}
