//! Helm releases: read, compared, applied, waited for, taken down. A real `helm` does what helm does; the rest is ours:
//! who may write, what a stuck release means, CRDs, waiting with reasons, drift.

mod cause;
mod charts;
mod crds;
mod drift;
mod error;
mod fetch;
mod folder;
mod hooks;
mod owners;
mod process;
mod program;
mod read;
mod uninstall;
mod unlock;
mod upgrade;
mod wait;

pub use boutique_core::helm::{ChartMetadata, ChartSource, Crds, Login, Release, ReleaseId, ReleaseStatus, WriteOnly};
pub use cause::{Applied, ApplyError, Cause};
pub use charts::{LoadedChart, Reach, local_chart};
pub use crds::{CrdError, crd_changes};
pub use drift::drift;
pub use error::HelmError;
pub use program::{Download, Helm, HelmSettings};
pub use read::{ReadError, ReleaseReading, read};
pub use uninstall::{UninstallError, UninstallRequest, Uninstalled, uninstall};
pub use upgrade::apply;
pub use wait::{WaitError, Waited, wait};
