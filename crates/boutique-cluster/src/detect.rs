//! Whether anybody would have been told: alerts of the shop's own Prometheus while a fault runs.
//!
//! Prometheus records which alerts fire as the series `ALERTS`. Its samples say when: the first one of a series is the
//! evaluation at which the alert fired, to the interval of the rules. Asking for the last minute each time misses none
//! between two questions, nor while the API server was away for a moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boutique_core::monitoring::Windows;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::connect::Cluster;
use crate::monitoring::ask::{self, NoAnswer};
use crate::request::encode;

mod alerts;
mod find;

pub use alerts::FiringAlert;

use alerts::Seen;
use find::Watcher;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(2);
/// How long one may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How far back one reaches at least.
const BACK: i64 = 60;

/// Whether alerts can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Prometheus answers.
    Watching {
        /// Where it is, as `namespace/service`.
        prometheus: String,
    },
    /// No alert can be seen, whether or not one fires.
    Blind {
        /// Why, as a sentence without a full stop.
        reason: String,
    },
}

/// How fast the monitoring of a shop runs; none where no alert can be seen.
pub async fn pace(cluster: &Cluster, namespace: &str) -> Option<Windows> {
    Box::pin(find::find(cluster, namespace)).await.ok().map(|watcher| watcher.windows)
}

/// What was detected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// Whether alerts could be seen at all. If not, that there is none says nothing.
    pub standing: Standing,
    /// Alerts that fired, also those that did before anything was broken, in order of time.
    pub alerts: Vec<FiringAlert>,
}

impl Detected {
    /// Alerts that fired from a moment on.
    pub fn since(&self, moment: Timestamp) -> impl Iterator<Item = &FiringAlert> {
        self.alerts.iter().filter(move |alert| alert.fired_since(moment))
    }
}

/// Watches the alerts of a shop until it is dropped or stopped.
pub struct Detector {
    standing: Standing,
    state: Arc<Mutex<State>>,
    questions: Option<(Questions, JoinHandle<()>)>,
}

#[derive(Default)]
struct State {
    seen: Seen,
    /// Why the last question was not answered.
    silent: Option<String>,
}

impl Detector {
    /// Finds the Prometheus of the shop's monitoring and begins to watch. A shop without one, and a user who may not ask it,
    /// are no errors: see [`Detector::standing`].
    pub async fn start(cluster: &Cluster, namespace: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        // Boxed, because callers keep this future within others.
        let watcher = match Box::pin(find::find(cluster, namespace)).await {
            Ok(watcher) => watcher,
            Err(reason) => return Self { standing: Standing::Blind { reason }, state, questions: None },
        };
        let standing = Standing::Watching { prometheus: watcher.place.0.id() };
        let questions = Questions { cluster: cluster.clone(), watcher: Arc::new(watcher), state: state.clone() };
        if let Err(why) = questions.ask().await {
            let reason = format!("alerts cannot be seen: {why}");
            return Self { standing: Standing::Blind { reason }, state, questions: None };
        }
        let asking = tokio::spawn(questions.clone().go_on());
        Self { standing, state, questions: Some((questions, asking)) }
    }

    /// Whether alerts can be seen.
    pub fn standing(&self) -> Standing {
        self.standing.clone()
    }

    /// Alerts seen so far, in order of time.
    pub fn alerts(&self) -> Vec<FiringAlert> {
        lock(&self.state).seen.alerts()
    }

    /// Asks once more, and stops.
    pub async fn stop(mut self) -> Detected {
        let mut standing = self.standing.clone();
        if let Some((questions, asking)) = self.questions.take() {
            asking.abort();
            // What fired while nobody could ask is not known. The last minute is, if this answer comes.
            if questions.ask().await.is_err()
                && let Some(why) = lock(&self.state).silent.take()
            {
                standing = Standing::Blind { reason: format!("Prometheus was lost sight of: {why}") };
            }
        }
        Detected { standing, alerts: self.alerts() }
    }
}

impl Drop for Detector {
    fn drop(&mut self) {
        if let Some((_, asking)) = &self.questions {
            asking.abort();
        }
    }
}

#[derive(Clone)]
struct Questions {
    cluster: Cluster,
    watcher: Arc<Watcher>,
    state: Arc<Mutex<State>>,
}

impl Questions {
    async fn go_on(self) {
        let mut every = interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            // Remembered in the state; the next answer covers what this one would have said.
            let _ = self.ask().await;
        }
    }

    /// Asks what fires, and notes it down.
    async fn ask(&self) -> Result<(), String> {
        let path = self.watcher.question();
        let asked = tokio::time::timeout(LIMIT, ask::get(&self.cluster, &self.watcher.place, &path)).await;
        let answer = match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(NoAnswer::Forbidden(why) | NoAnswer::NotYet(why))) => Err(why),
            Err(_) => Err(format!("{} did not answer within {} s", self.watcher.place.0.url(), LIMIT.as_secs())),
        };
        let mut state = lock(&self.state);
        match answer {
            Ok(answer) => {
                state.silent = None;
                state.seen.add(&answer, self.watcher.interval, self.watcher.ahead);
                Ok(())
            }
            Err(why) => {
                state.silent = Some(why.clone());
                Err(why)
            }
        }
    }
}

impl Watcher {
    /// The path that asks for the samples of alerts that fired lately.
    fn question(&self) -> String {
        let back = BACK.max(3 * self.interval.as_secs());
        let (namespace, stack) = (&self.namespace, &self.stack);
        let expr = format!("ALERTS{{alertstate=\"firing\",namespace={namespace:?},stack={stack:?}}}[{back}s]");
        format!("/api/v1/query?query={}", encode(&expr))
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far the clock of an answer is ahead of the middle of the time in which it was asked for.
fn ahead(answer: &Value, asked: Timestamp, answered: Timestamp) -> Option<SignedDuration> {
    let theirs = alerts::moment(answer.pointer("/data/result/0")?)?;
    let middle = asked + answered.duration_since(asked) / 2;
    Some(theirs.duration_since(middle))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_difference_of_the_clocks_is_taken_from_the_middle_of_the_question() {
        let at = |millis: i64| Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap();
        let answer = json!({"status": "success", "data": {"resultType": "scalar", "result": [1_800_000_003.5, "1"]}});
        assert_eq!(ahead(&answer, at(0), at(1_000)), Some(SignedDuration::from_secs(3)));
        assert_eq!(ahead(&json!({}), at(0), at(1)), None);
    }
}
