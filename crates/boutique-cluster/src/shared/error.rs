//! Why the work on a shared release failed.

use boutique_core::{
    helm::{BadChartSource, ReleaseId},
    shared::NoJoin,
};

use super::record::RecordError;
use crate::{applyset, bounds::Interrupted, helm, request::ApiError};

/// Why the work on a shared release failed. Its `Display` is whole text.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// It is shared, and others want another one.
    #[error(transparent)]
    NoJoin(#[from] NoJoin),
    /// A release of that name is there, and it is not ours.
    #[error("Helm release {release} is there and was not installed by this provider: {way_out}")]
    Foreign {
        /// The release.
        release: ReleaseId,
        /// What to do.
        way_out: &'static str,
    },
    /// The chart is named wrongly.
    #[error(transparent)]
    Chart(#[from] BadChartSource),
    /// The record of the release's users.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The namespace of the release.
    #[error(transparent)]
    Namespace(Box<applyset::Cause>),
    /// Helm itself.
    #[error(transparent)]
    Helm(#[from] Box<helm::HelmError>),
    /// The release could not be read.
    #[error(transparent)]
    Unread(#[from] Box<helm::ReadError>),
    /// The release could not be installed or upgraded.
    #[error(transparent)]
    Release(#[from] Box<helm::ApplyError>),
    /// What it installed does not come up.
    #[error(transparent)]
    Wait(#[from] Box<helm::WaitError>),
    /// The release could not be uninstalled.
    #[error(transparent)]
    Uninstall(#[from] Box<helm::UninstallError>),
    /// The chart's CRDs cannot be read.
    #[error(transparent)]
    Crds(#[from] boutique_core::helm::BadChart),
    /// CRDs cannot be compared.
    #[error(transparent)]
    Compare(#[from] helm::CrdError),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It was called off, or its time was over.
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
}

/// Why it cannot be said what an apply would put right of a release.
#[derive(Debug, thiserror::Error)]
pub enum PendingError {
    /// The release could not be read.
    #[error(transparent)]
    Release(#[from] Box<helm::ReadError>),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
}
