//! Helm releases as data: what is asked for, what Helm stored, what differs, and what Helm complains of.
//!
//! Nothing here runs `helm` or asks a cluster; boutique-cluster does, and carries out what these functions answer.

mod chart;
mod command;
mod complaint;
mod crds;
mod manifest;
mod record;
mod release;
mod secrets;
mod source;
mod stored;
mod unlock;
mod values;
mod version;
mod write_only;

pub use chart::{BadChart, Chart, ChartFiles, ChartMetadata, is_ignored};
pub use command::{Unsupported, UpgradeRun, pull, pull_oci, repo_update, uninstall, upgrade};
pub use complaint::{Complaint, Trouble, complaints, is_out_of_reach};
pub use crds::{CrdChange, lost_versions, with_digest};
pub use manifest::{BadManifestText, documents, is_hook, is_kept, mask, normalise, split};
pub use record::{BadRecord, ReleaseRecord, WriteOnlyRecord};
pub use release::{BadReleaseId, Crds, Release, ReleaseId, WriteOnly};
pub use secrets::Secrets;
pub use source::{BadChartSource, ChartSource, Login};
pub use stored::{BadRelease, ReleaseStatus, StoredRelease};
pub use unlock::{LEASE_LABEL, Lock, Maker, lock};
pub use values::{ValueChange, ValuePath, ValueStep, merge, values_diff};
pub use version::{BadVersion, HelmVersion, OLDEST};
pub use write_only::{Effective, WriteOnlyMissing, effective, secrets_at, visible};
