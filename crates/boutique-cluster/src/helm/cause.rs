//! What an apply of a release did, and why it did not come to its end.

use std::time::Duration;

use boutique_core::{
    contract::NewerContract,
    finding::Finding,
    helm::{BadChart, BadRecord, BadRelease, ChartMetadata, Complaint, ReleaseId, ReleaseStatus, WriteOnlyMissing},
};

use super::{
    crds::CrdError,
    error::{HelmError, lines},
    read::ReadError,
};
use crate::{bounds::Interrupted, event::Change, lease::LeaseError, request::ApiError};

/// What an apply of a release did, as far as it came.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Number of the newest revision.
    pub revision: u64,
    /// Its status.
    pub status: ReleaseStatus,
    /// The chart of that revision.
    pub chart: ChartMetadata,
    /// Digest of the chart that was asked for; none if it was not loaded.
    pub digest: Option<String>,
    /// CRDs that were written.
    pub crds: Vec<Change>,
    /// Warnings of helm and the API server.
    pub warnings: Vec<String>,
}

/// An apply that did not come to its end.
#[derive(Debug)]
pub struct ApplyError {
    /// Why.
    pub cause: Cause,
    /// The release as it stands now; none if there is none. What is here exists and belongs into the state.
    pub partial: Option<Applied>,
}

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// helm or the chart.
    #[error(transparent)]
    Helm(#[from] Box<HelmError>),
    /// helm refused or failed.
    #[error("Helm release {id}: {}", refusal(complaints, findings, evidence, ending.as_deref()))]
    Refused {
        /// The release.
        id: ReleaseId,
        /// What helm said, made readable.
        complaints: Vec<Complaint>,
        /// What the pods of a failed hook show.
        findings: Vec<Finding>,
        /// The last words of the pods of a failed hook.
        evidence: Vec<String>,
        /// How helm ended, if not by itself.
        ending: Option<String>,
    },
    /// A hook will not succeed; helm was stopped instead of waiting for its timeout.
    #[error("Helm release {id}: a hook will not succeed{}", found(findings))]
    Hook {
        /// The release.
        id: ReleaseId,
        /// Why.
        findings: Vec<Finding>,
    },
    /// Somebody else may be at work.
    #[error(
        "revision {revision} of Helm release {id} is {status}: {by:?} began it {} s ago and nothing shows that it was \
         abandoned: wait until it is done; it counts as abandoned after {} s more without a change (or: helm rollback {} -n {})",
        silent.as_secs(), left.as_secs(), id.name, id.namespace
    )]
    Locked {
        /// The release.
        id: ReleaseId,
        /// Its status.
        status: ReleaseStatus,
        /// Its revision.
        revision: u64,
        /// Who wrote it last.
        by: String,
        /// Since when it has not changed.
        silent: Duration,
        /// When it counts as abandoned.
        left: Duration,
    },
    /// The namespace is not there and was not to be made.
    #[error("namespace {0} does not exist: create it, or let it be created (create_namespace)")]
    NamespaceMissing(String),
    /// The namespace is on its way out.
    #[error("namespace {0} is being deleted: wait until it is gone (kubectl get namespace {0}), then apply again")]
    NamespaceTerminating(String),
    /// The lease cannot be had.
    #[error(transparent)]
    Lease(Box<LeaseError>),
    /// Another writer took the lease while we wrote.
    #[error(
        "another writer took over Helm release {0} while this one was silent for too long; run again when it is done"
    )]
    LeaseLost(ReleaseId),
    /// Values that are needed are not there.
    #[error(transparent)]
    WriteOnly(#[from] WriteOnlyMissing),
    /// The CRDs.
    #[error(transparent)]
    Crds(#[from] CrdError),
    /// The chart's files.
    #[error("chart {chart}: {source}")]
    Chart {
        /// The chart.
        chart: String,
        /// Why.
        source: BadChart,
    },
    /// A newer release wrote our record.
    #[error(transparent)]
    Contract(#[from] NewerContract),
    /// Our record is damaged.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// Helm's record is damaged.
    #[error(transparent)]
    Release(#[from] BadRelease),
    /// Reading back failed.
    #[error(transparent)]
    Read(#[from] Box<ReadError>),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It was called off, or its time was over.
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
}

impl From<LeaseError> for Cause {
    fn from(error: LeaseError) -> Self {
        Self::Lease(Box::new(error))
    }
}

fn refusal(complaints: &[Complaint], findings: &[Finding], evidence: &[String], ending: Option<&str>) -> String {
    let mut said = match ending {
        Some(ending) => format!("helm was {ending}"),
        None => String::new(),
    };
    let parts = [lines(complaints), found(findings).trim_start().to_owned(), evidence.join("\n")];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        said = if said.is_empty() { part.clone() } else { format!("{said}\n{part}") };
    }
    said
}

fn found(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n{finding}")).collect()
}

impl std::fmt::Display for ApplyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.cause)?;
        match &self.partial {
            Some(Applied { revision, status, .. }) => {
                write!(f, "\nrevision {revision} of the release is {status}; the next apply goes on from there")
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApplyError {}
