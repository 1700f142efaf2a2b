//! Why a monitoring could not be read, or the work beside its objects failed.

use boutique_core::{finding::Finding, spec::Problem};

use super::grafana::GrafanaError;
use crate::{applyset, bounds::Interrupted, edge::CertificateError, helm, request::ApiError, shared::SharedError};

/// Why the work beside the objects failed. Its `Display` is whole text.
#[derive(Debug, thiserror::Error)]
pub enum MonitoringError {
    /// What was observed says that it cannot work.
    #[error("{}", listed(.0))]
    Findings(Vec<Finding>),
    /// It does not fit this shop and edge.
    #[error("{}", problems(.0))]
    Unfit(Vec<Problem>),
    /// The release of operator and Prometheus.
    #[error(transparent)]
    Operator(#[from] SharedError),
    /// The release does not come up, and what was observed says why.
    #[error("{}\n{error}", listed(.findings))]
    Stuck {
        /// Why.
        findings: Vec<Finding>,
        /// What helm or the wait said.
        error: SharedError,
    },
    /// Grafana's password.
    #[error(transparent)]
    Grafana(#[from] GrafanaError),
    /// The certificate of Grafana's host.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The objects cannot be rendered.
    #[error(transparent)]
    Render(#[from] boutique_core::monitoring::MonitoringError),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It was called off, or its time was over.
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
}

/// Why a monitoring could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its objects or records.
    #[error(transparent)]
    Set(#[from] applyset::ReadError),
    /// Its release.
    #[error(transparent)]
    Release(#[from] Box<helm::ReadError>),
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn problems(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
