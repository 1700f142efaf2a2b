//! Why a set could not be read, applied or destroyed.

use std::fmt;

use boutique_core::{
    contract::{NewerContract, SetId},
    inventory::BadInventory,
    object::ObjectRef,
    revision::BadRevision,
};

use super::{Applied, Destroyed};
use crate::{
    apply::{Conflict, Problem},
    bounds::Interrupted,
    lease::LeaseError,
    request::ApiError,
};

/// Why a set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A record is damaged.
    #[error("{}", with_source(.0))]
    Inventory(#[from] BadInventory),
    /// A record is damaged.
    #[error("{}", with_source(.0))]
    Revision(#[from] BadRevision),
}

fn with_source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error} ({source})"))
}

/// An apply that did not come to its end.
#[derive(Debug)]
pub struct ApplyError {
    /// Why.
    pub cause: Cause,
    /// What was done before; it is in the cluster, belongs to the set, and the next apply goes on from it.
    pub partial: Applied,
}

/// A destroy that did not come to its end.
#[derive(Debug)]
pub struct DestroyError {
    /// Why.
    pub cause: Cause,
    /// What was done before.
    pub partial: Destroyed,
}

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The request makes no sense; nothing was sent.
    #[error("the objects of {} cannot be applied: {reason}", id.described())]
    Malformed {
        /// The set.
        id: SetId,
        /// Why.
        reason: String,
    },
    /// The namespace is not there and was not to be made.
    #[error("namespace {0} does not exist: create it first, or name another one")]
    NamespaceMissing(String),
    /// The namespace is on its way out.
    #[error("namespace {0} is being deleted: wait until it is gone (kubectl get namespace {0}), then apply again")]
    NamespaceTerminating(String),
    /// Another stack lives in the namespace.
    #[error(
        "namespace {namespace} already holds stack {other:?}: one stack per namespace; choose another namespace, or destroy that stack"
    )]
    OtherStack {
        /// The namespace.
        namespace: String,
        /// The stack there.
        other: String,
    },
    /// Objects of other tools bear our names.
    #[error("{}", foreign(.0))]
    Foreign(Vec<ForeignObject>),
    /// Others own fields with other values; nothing was written.
    #[error("{}", conflicts(.0))]
    Conflicts(Vec<Conflict>),
    /// RBAC lacks verbs; nothing was written.
    #[error("{}", rights(namespace, missing))]
    Rights {
        /// The namespace.
        namespace: String,
        /// Verb and resource, such as `create` `deployments.apps`.
        missing: Vec<(String, String)>,
    },
    /// The lease cannot be had.
    #[error(transparent)]
    Lease(Box<LeaseError>),
    /// Another writer took the lease while we wrote.
    #[error("another writer took over {} while this one was silent for too long; run again when it is done", .0.described())]
    LeaseLost(SetId),
    /// A newer release wrote the records.
    #[error(transparent)]
    Contract(#[from] NewerContract),
    /// A record is damaged.
    #[error("{}", with_source(.0))]
    Inventory(#[from] BadInventory),
    /// A record is damaged.
    #[error("{}", with_source(.0))]
    Revision(#[from] BadRevision),
    /// What belongs to the set and is no object of it failed.
    #[error(transparent)]
    Companion(super::CompanionError),
    /// Objects were not written.
    #[error("{}", problems(.0))]
    Problems(Vec<Problem>),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It was called off, or its time was over.
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
    /// Objects do not go.
    #[error("{}", staying(.0))]
    Staying(Vec<(ObjectRef, String)>),
}

impl From<LeaseError> for Cause {
    fn from(error: LeaseError) -> Self {
        Self::Lease(Box::new(error))
    }
}

/// An object of our name that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignObject {
    /// The object.
    pub object: ObjectRef,
    /// Whose it is, as far as its labels and managedFields tell.
    pub owner: String,
}

fn foreign(objects: &[ForeignObject]) -> String {
    let mut text = String::new();
    for foreign in objects {
        text = format!("{text}{} exists and belongs to {}\n", foreign.object, foreign.owner);
    }
    let what = super::plural(objects.len(), "object");
    format!(
        "{text}{what} of other tools would be overwritten: choose another namespace, remove them, or take them over (adopt = \"always\")"
    )
}

fn conflicts(conflicts: &[Conflict]) -> String {
    let each: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    format!("{}\nnothing was written", each.join("\n"))
}

fn rights(namespace: &str, missing: &[(String, String)]) -> String {
    let each: Vec<String> = missing.iter().map(|(verb, resource)| format!("{verb} {resource}")).collect();
    format!(
        "the credentials may not {} in namespace {namespace}: allow it in a Role; nothing was written",
        each.join(", ")
    )
}

fn problems(problems: &[Problem]) -> String {
    let mut each: Vec<String> = problems.iter().map(ToString::to_string).collect();
    // One missing right or one broken connection fails every object in the same way; three tell enough.
    if each.len() > 3 {
        let more = each.len() - 3;
        each.truncate(3);
        each.push(format!("and {} more", super::plural(more, "problem")));
    }
    each.join("\n")
}

fn staying(objects: &[(ObjectRef, String)]) -> String {
    let each: Vec<String> = objects.iter().map(|(object, why)| format!("{object} {why}")).collect();
    format!("{} still there: {}", super::plural(objects.len(), "object"), each.join("; "))
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        match self.partial.changes.len() {
            0 => Ok(()),
            written => write!(
                f,
                "\n{} written before that; nothing is lost: the next apply goes on from there",
                super::plural(written, "object")
            ),
        }
    }
}

impl std::error::Error for ApplyError {}

impl fmt::Display for DestroyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        match self.partial.deleted.len() {
            0 => Ok(()),
            gone => write!(f, "\n{} deleted before that; destroy again to go on", super::plural(gone, "object")),
        }
    }
}

impl std::error::Error for DestroyError {}
