//! Following objects: LIST once, then WATCH, however often the stream ends.

use std::{collections::BTreeMap, time::Duration};

use boutique_core::object::{Kind, ObjectRef};
use futures::StreamExt as _;
use http::Method;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    connect::Cluster,
    request::{ApiError, Failure, Operation, Refusal, build, encode},
};

/// After how many seconds the server ends a watch, which then is taken up again.
const SERVER_ENDS: u64 = 60;

/// When a watch that is silent counts as broken: a connection can die without a word.
const CLIENT_ENDS: Duration = Duration::from_secs(75);

/// What is followed: a kind, and a label or field selector.
#[derive(Debug, Clone)]
pub struct Follow {
    /// The kind.
    pub kind: Kind,
    /// Label selector; empty: all.
    pub labels: String,
    /// Field selector; empty: all.
    pub fields: String,
    /// Whether a user who may not watch this kind can go on without it.
    pub optional: bool,
}

impl Follow {
    /// All objects of a kind that a label selector finds.
    pub fn labelled(kind: Kind, labels: impl Into<String>) -> Self {
        Self { kind, labels: labels.into(), fields: String::new(), optional: false }
    }

    fn query(&self) -> String {
        let mut query = String::new();
        for (key, value) in [("labelSelector", &self.labels), ("fieldSelector", &self.fields)] {
            if !value.is_empty() {
                query = format!("{query}&{key}={}", encode(value));
            }
        }
        query
    }
}

enum Message {
    All(Kind, Vec<Value>),
    Changed(Box<Value>),
    Removed(ObjectRef),
    Denied(Kind),
    Failed(Box<ApiError>),
}

/// Live objects, kept up to date by watches. Following ends when it is dropped.
pub struct Followed {
    objects: BTreeMap<ObjectRef, Value>,
    waited_for: usize,
    denied: Vec<Kind>,
    message_rx: mpsc::Receiver<Message>,
    _tasks: JoinSet<()>,
}

impl std::fmt::Debug for Followed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Followed").field("objects", &self.objects.len()).finish_non_exhaustive()
    }
}

impl Followed {
    /// Begins to follow in one namespace. Nothing is known before the first [`Followed::changed`].
    pub fn start(cluster: &Cluster, namespace: &str, follows: Vec<Follow>) -> Self {
        let (message_tx, message_rx) = mpsc::channel(256);
        let mut tasks = JoinSet::new();
        let waited_for = follows.len();
        for follow in follows {
            tasks.spawn(follow_one(cluster.clone(), namespace.to_owned(), follow, message_tx.clone()));
        }
        Self { objects: BTreeMap::new(), waited_for, denied: Vec::new(), message_rx, _tasks: tasks }
    }

    /// Waits until every kind has been listed once, and from then on until something changes.
    ///
    /// # Errors
    /// A failure that another try would not mend.
    pub async fn changed(&mut self) -> Result<(), ApiError> {
        loop {
            let Some(message) = self.message_rx.recv().await else {
                // Every follower was denied: nothing will ever change.
                return std::future::pending().await;
            };
            self.take(message)?;
            while let Ok(message) = self.message_rx.try_recv() {
                self.take(message)?;
            }
            if self.waited_for == 0 {
                return Ok(());
            }
        }
    }

    fn take(&mut self, message: Message) -> Result<(), ApiError> {
        match message {
            Message::All(kind, items) => {
                self.waited_for = self.waited_for.saturating_sub(1);
                self.objects.retain(|object, _| !(object.group == kind.group && object.kind == kind.kind));
                self.objects.extend(items.into_iter().filter_map(|item| Some((ObjectRef::of(&item)?, item))));
            }
            Message::Changed(object) => {
                if let Some(reference) = ObjectRef::of(&object) {
                    self.objects.insert(reference, *object);
                }
            }
            Message::Removed(object) => {
                self.objects.remove(&object);
            }
            Message::Denied(kind) => {
                self.waited_for = self.waited_for.saturating_sub(1);
                self.denied.push(kind);
            }
            Message::Failed(error) => return Err(*error),
        }
        Ok(())
    }

    /// Whether every kind has been listed once.
    pub fn is_complete(&self) -> bool {
        self.waited_for == 0
    }

    /// One object, as last seen.
    pub fn get(&self, object: &ObjectRef) -> Option<&Value> {
        self.objects.get(object)
    }

    /// All objects, as last seen.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectRef, &Value)> {
        self.objects.iter()
    }

    /// Optional kinds that the user may not read.
    pub fn denied(&self) -> &[Kind] {
        &self.denied
    }
}

async fn follow_one(cluster: Cluster, namespace: String, follow: Follow, message_tx: mpsc::Sender<Message>) {
    let mut trouble = 0_u32;
    loop {
        let ended = list_and_watch(&cluster, &namespace, &follow, &message_tx, &mut trouble).await;
        let message = match ended {
            Ended::Unwanted => return,
            Ended::Forgotten => continue,
            Ended::Denied if follow.optional => Message::Denied(follow.kind),
            Ended::Failed(error) if trouble < 8 && is_passing(&error) => {
                trouble += 1;
                tracing::debug!(%error, "the watch is begun anew");
                tokio::time::sleep(Duration::from_millis(250 * u64::from(trouble))).await;
                continue;
            }
            Ended::Failed(error) => Message::Failed(error),
            Ended::Denied => return,
        };
        drop(message_tx.send(message).await);
        return;
    }
}

enum Ended {
    /// The server no longer knows the version we came to: list again.
    Forgotten,
    /// Nobody listens any more.
    Unwanted,
    Denied,
    Failed(Box<ApiError>),
}

fn is_passing(error: &ApiError) -> bool {
    error.is_unreachable() || error.refusal().is_some_and(|refusal| refusal.code == 429 || refusal.code >= 500)
}

async fn list_and_watch(
    cluster: &Cluster,
    namespace: &str,
    follow: &Follow,
    message_tx: &mpsc::Sender<Message>,
    trouble: &mut u32,
) -> Ended {
    let kind = follow.kind;
    let failed = |error: ApiError| match error.refusal().map(|refusal| refusal.code) {
        Some(403) if follow.optional => Ended::Denied,
        Some(410) => Ended::Forgotten,
        _ => Ended::Failed(Box::new(error)),
    };
    let list = match list(cluster, namespace, follow).await {
        Ok(list) => list,
        Err(error) => return failed(error),
    };
    let mut version = list.resource_version;
    if message_tx.send(Message::All(kind, list.items)).await.is_err() {
        return Ended::Unwanted;
    }
    loop {
        let uri = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={SERVER_ENDS}&resourceVersion={version}{}",
            kind.path(Some(namespace)),
            follow.query()
        );
        let operation = Operation::on("watch", kind, Some(namespace), None);
        let mut lines = match cluster.lines(operation, build(Method::GET, &uri, None, Vec::new())).await {
            Ok(lines) => std::pin::pin!(lines),
            Err(error) => return failed(error),
        };
        *trouble = 0;
        // A stream that breaks is taken up again where it ended.
        while let Ok(Some(Ok(line))) = tokio::time::timeout(CLIENT_ENDS, lines.next()).await {
            let Ok(mut event) = serde_json::from_str::<Value>(&line) else { break };
            let object = event.get_mut("object").map(Value::take).unwrap_or_default();
            if let Some(seen) = object.pointer("/metadata/resourceVersion").and_then(Value::as_str) {
                version = seen.to_owned();
            }
            let message = match event.get("type").and_then(Value::as_str) {
                Some("ADDED" | "MODIFIED") => Message::Changed(Box::new(object)),
                Some("DELETED") => match ObjectRef::of(&object) {
                    Some(object) => Message::Removed(object),
                    None => continue,
                },
                Some("ERROR") => {
                    let code = object.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
                    let operation = Operation::on("watch", kind, Some(namespace), None);
                    let refusal = Box::new(Refusal::read(code.unwrap_or(500), &object.to_string(), None));
                    return failed(ApiError {
                        operation: Box::new(operation),
                        failure: Failure::Refused(refusal),
                        hint: None,
                    });
                }
                _ => continue,
            };
            if message_tx.send(message).await.is_err() {
                return Ended::Unwanted;
            }
        }
        if message_tx.is_closed() {
            return Ended::Unwanted;
        }
    }
}

async fn list(cluster: &Cluster, namespace: &str, follow: &Follow) -> Result<crate::list::List, ApiError> {
    cluster.list_where(follow.kind, Some(namespace), &follow.labels, &follow.fields).await
}
