//! Why an edge could not be read, or the work beside its routes failed.

use boutique_core::{
    edge::users::NoJoin,
    finding::Finding,
    helm::{BadChartSource, ReleaseId},
};

use super::{certificate::CertificateError, users::RecordError};
use crate::{applyset, bounds::Interrupted, helm, request::ApiError};

/// Why the work beside the routes failed. Its `Display` is whole text.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// What was observed says that it cannot work.
    #[error("{}", findings(.0))]
    Findings(Vec<Finding>),
    /// The controller is shared, and others want another one.
    #[error(transparent)]
    NoJoin(#[from] NoJoin),
    /// A release of that name is there, and it is not ours.
    #[error(
        "Helm release {0} is there and was not installed by this provider: use it as it is (controller.install = false), \
         take it over (adopt = \"always\"), or name another one (controller.release)"
    )]
    ForeignRelease(ReleaseId),
    /// The chart is named wrongly.
    #[error(transparent)]
    Chart(#[from] BadChartSource),
    /// The record of the controller's users.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The namespace of the controller.
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
    /// The controller does not come up.
    #[error(transparent)]
    Wait(#[from] Box<helm::WaitError>),
    /// The release could not be uninstalled.
    #[error(transparent)]
    Uninstall(#[from] Box<helm::UninstallError>),
    /// The routes cannot be rendered.
    #[error(transparent)]
    Render(#[from] boutique_core::edge::EdgeError),
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

/// Why an edge could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its routes or records.
    #[error(transparent)]
    Set(#[from] applyset::ReadError),
    /// Its release.
    #[error(transparent)]
    Release(#[from] Box<helm::ReadError>),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
}

fn findings(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
