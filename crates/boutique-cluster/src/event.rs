//! What happens during a long call, as data: the provider logs it, the plugin draws it.

use std::{fmt, sync::Arc, time::Duration};

use boutique_core::{object::ObjectRef, status::Status};
use tokio::sync::mpsc;

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was not there.
    Created,
    /// It was there and is another now.
    Configured,
    /// It was as it should be.
    Unchanged,
    /// It is gone, or on its way out.
    Deleted,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
        })
    }
}

/// The result for one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The object.
    pub object: ObjectRef,
    /// What was done.
    pub action: Action,
    /// Its UID, which changes when it is deleted and made again.
    pub uid: String,
    /// The generation that was written; a wait accepts no older one.
    pub generation: i64,
}

/// Something that happened. Its `Display` is one line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The namespace was made.
    NamespaceCreated {
        /// Its name.
        namespace: String,
    },
    /// Another writer is at work; we wait for it.
    LeaseHeld {
        /// Who.
        holder: String,
        /// How long we wait at most.
        patience: Duration,
    },
    /// The lease of a writer that is gone was taken over.
    LeaseTaken {
        /// How we know that it is gone.
        evidence: String,
    },
    /// The inventory says that the apply has begun: from now on something may exist.
    Begun,
    /// We wait for objects that are being deleted, because objects of the same name are to be made.
    Leaving {
        /// How many.
        count: usize,
    },
    /// An object was written.
    Applied(Change),
    /// Fields were taken from another manager.
    Forced {
        /// The object.
        object: ObjectRef,
        /// The fields and their managers.
        fields: Vec<String>,
    },
    /// Environment variables that somebody added were removed.
    VariablesRemoved {
        /// The object.
        object: ObjectRef,
        /// Their places.
        paths: Vec<String>,
    },
    /// An object was deleted.
    Deleted {
        /// The object.
        object: ObjectRef,
    },
    /// A revision was stored.
    RevisionStored {
        /// Its number.
        number: u64,
    },
    /// How a wait stands; told whenever that changes.
    Waiting {
        /// Objects that are ready.
        ready: usize,
        /// Objects in all.
        total: usize,
        /// The others, with what they wait for.
        missing: Vec<(ObjectRef, Status)>,
    },
    /// How a deletion stands; told whenever that changes.
    Deleting {
        /// Objects that are still there.
        left: usize,
    },
    /// A person should know this.
    Warning(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NamespaceCreated { namespace } => write!(f, "namespace {namespace} created"),
            Self::LeaseHeld { holder, patience } => {
                write!(f, "{holder} is writing to this stack; waiting up to {} s", patience.as_secs())
            }
            Self::LeaseTaken { evidence } => write!(f, "lease taken over: {evidence}"),
            Self::Begun => f.write_str("the inventory says that the apply has begun"),
            Self::Leaving { count } => write!(f, "waiting for {count} objects that are being deleted"),
            Self::Applied(change) => write!(f, "{} {}", change.object, change.action),
            Self::Forced { object, fields } => write!(f, "{object}: taken over {}", fields.join(", ")),
            Self::VariablesRemoved { object, paths } => write!(f, "{object}: removed {}", paths.join(", ")),
            Self::Deleted { object } => write!(f, "{object} deleted"),
            Self::RevisionStored { number } => write!(f, "revision {number} stored"),
            Self::Waiting { ready, total, missing } => {
                write!(f, "{ready} of {total} ready")?;
                missing.iter().try_for_each(|(object, status)| write!(f, "; {}: {}", object.name, status.reason))
            }
            Self::Deleting { left } => write!(f, "{left} objects still to go"),
            Self::Warning(text) => write!(f, "warning: {text}"),
        }
    }
}

/// Where events go.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

impl Events {
    /// To a function, which must return quickly.
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Nowhere.
    pub fn none() -> Self {
        Self::new(|_| ())
    }

    /// Into a channel.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (event_tx, event_rx) = mpsc::unbounded_channel();
        // A receiver that went away wants no more events.
        let events = Self::new(move |event| drop(event_tx.send(event)));
        (events, event_rx)
    }

    /// Tells one event.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}
