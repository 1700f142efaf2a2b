//! Why helm was not found, could not be run, or did not get a chart.

use std::{fmt, path::PathBuf};

use boutique_core::helm::{BadChart, BadVersion, Complaint, Unsupported};

use crate::bounds::Interrupted;

/// Trouble with helm itself or with a chart. `Display` is the whole text and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum HelmError {
    /// There is no helm.
    #[error(
        "helm was not found: neither helm.path nor BOUTIQUE_HELM names one, and there is none on PATH; install helm {} or \
         newer (https://helm.sh/docs/intro/install), or let it be fetched once: helm.download with url and sha256",
        boutique_core::helm::OLDEST
    )]
    Missing,
    /// The one that was named is not there.
    #[error("{by} names {}, which is no program: correct it, or leave it out to use helm from PATH", path.display())]
    NamedMissing {
        /// Who named it.
        by: &'static str,
        /// The path.
        path: PathBuf,
    },
    /// It does not run.
    #[error("{} could not be run: {said}", path.display())]
    NotRun {
        /// The program.
        path: PathBuf,
        /// What the system said.
        said: String,
    },
    /// It is not the right one.
    #[error("{}: {source}", path.display())]
    Version {
        /// The program.
        path: PathBuf,
        /// Why.
        source: BadVersion,
    },
    /// It could not be fetched.
    #[error("helm could not be fetched from {url}: {said}")]
    Download {
        /// Where from.
        url: String,
        /// Why.
        said: String,
    },
    /// What was fetched is not what was asked for.
    #[error("what {url} answered has sha256 {found}, and helm.download.sha256 says {expected}: it was not used")]
    Checksum {
        /// Where from.
        url: String,
        /// What was asked for.
        expected: String,
        /// What came.
        found: String,
    },
    /// A file of our own could not be written or read.
    #[error("{}: {said}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        said: String,
    },
    /// The chart is not in the cache, and the network was not to be asked.
    #[error("chart {chart} is not in the cache, and was not looked for on the network")]
    NotCached {
        /// The chart.
        chart: String,
    },
    /// The chart cannot be had.
    #[error("chart {chart}: {}", lines(complaints))]
    Chart {
        /// The chart.
        chart: String,
        /// What helm said, made readable.
        complaints: Vec<Complaint>,
        /// Whether the network or the server was in the way, so that it may work another time.
        out_of_reach: bool,
    },
    /// There is nothing at the path.
    #[error("chart {}: there is no such folder or archive", path.display())]
    ChartMissing {
        /// The path.
        path: PathBuf,
    },
    /// What is there is no chart.
    #[error("chart {chart}: {source}")]
    BadChart {
        /// The chart.
        chart: String,
        /// Why.
        source: BadChart,
    },
    /// This helm cannot do it.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// It was called off, or its time was over.
    #[error("helm was stopped: {0}")]
    Interrupted(#[from] Interrupted),
}

impl HelmError {
    /// Whether the chart may be there and only could not be reached or was not in the cache: a plan then goes on
    /// without it and says so.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self, Self::NotCached { .. } | Self::Chart { out_of_reach: true, .. })
    }

    pub(super) fn file(path: impl Into<PathBuf>, error: &dyn fmt::Display) -> Self {
        Self::File { path: path.into(), said: error.to_string() }
    }
}

pub(super) fn lines(complaints: &[Complaint]) -> String {
    complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
