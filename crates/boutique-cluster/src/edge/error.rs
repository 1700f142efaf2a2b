//! Why an edge could not be read, or the work beside its routes failed.

use boutique_core::finding::Finding;

use super::certificate::CertificateError;
use crate::{applyset, bounds::Interrupted, helm, request::ApiError, shared::SharedError};

/// Why the work beside the routes failed. Its `Display` is whole text.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// What was observed says that it cannot work.
    #[error("{}", findings(.0))]
    Findings(Vec<Finding>),
    /// The controller's release.
    #[error(transparent)]
    Controller(#[from] SharedError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The routes cannot be rendered.
    #[error(transparent)]
    Render(#[from] boutique_core::edge::EdgeError),
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
