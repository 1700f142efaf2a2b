//! What is asked for.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::source::ChartSource;
use crate::contract::is_dns_label;

/// Identity of a release: `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseId {
    /// Namespace that Helm stores the release in.
    pub namespace: String,
    /// Name of the release.
    pub name: String,
}

impl ReleaseId {
    /// An identity from its two parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// Name of our record (a ConfigMap) and of the lease beside the release.
    pub fn record_name(&self) -> String {
        format!("boutique-release-{}", self.name)
    }

    /// Label selector of Helm's own records of all revisions.
    pub fn selector(&self) -> String {
        format!("owner=helm,name={}", self.name)
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An id that is not `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no id of a Helm release: write namespace/name, for example ingress/traefik")]
pub struct BadReleaseId(pub String);

impl FromStr for ReleaseId {
    type Err = BadReleaseId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((namespace, name)) if is_dns_label(namespace) && is_release_name(name) => {
                Ok(Self::new(namespace, name))
            }
            _ => Err(BadReleaseId(text.to_owned())),
        }
    }
}

/// Helm's rule: a DNS subdomain of at most 53 characters.
fn is_release_name(name: &str) -> bool {
    name.len() <= 53 && name.split('.').all(is_dns_label)
}

/// What becomes of the CRDs that a chart brings in its `crds` folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Crds {
    /// They are applied before the release, new and changed ones. Helm alone never changes them.
    #[default]
    Apply,
    /// They are left alone: somebody else sees to them.
    Skip,
}

/// A release as it is to be.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its identity.
    pub id: ReleaseId,
    /// The chart.
    pub chart: ChartSource,
    /// Values laid on the chart's own; an object, or null for none.
    pub values: Value,
    /// Values that are sent and never shown, laid on `values`.
    pub write_only: Option<WriteOnly>,
    /// Whether to make the namespace if it is not there.
    pub create_namespace: bool,
    /// What becomes of the chart's CRDs.
    pub crds: Crds,
    /// Whether to install without checking values against the chart's schema. Needed without internet for a schema that
    /// refers to others by URL.
    pub skip_schema_validation: bool,
    /// Whether to take over objects that exist already and belong to no release, or to another one (helm ≥ 3.17).
    pub take_ownership: bool,
    /// Whether to take fields that others own (helm 4, where the release is applied by the server).
    pub force_conflicts: bool,
    /// How many revisions Helm keeps.
    pub history: u32,
    /// How long an unfinished operation of a stranger must have been silent before it counts as abandoned.
    pub unlock_after: Duration,
    /// Whether to leave as it is what a run that was killed has left: only for the control run of tests, which must notice.
    pub without_recovery: bool,
}

/// Values that are sent and never shown.
#[derive(Clone, PartialEq)]
pub struct WriteOnly {
    /// Grows when the values change. As long as it is the one that was recorded, the values in the release are kept.
    pub version: i64,
    /// The values; none when they are not at hand, which is an error if the version says that they have changed.
    pub values: Option<Value>,
}

impl fmt::Debug for WriteOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteOnly").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Release {
    /// A release with everything else at its default.
    pub fn new(id: ReleaseId, chart: ChartSource, values: Value) -> Self {
        Self {
            id,
            chart,
            values,
            write_only: None,
            create_namespace: false,
            crds: Crds::default(),
            skip_schema_validation: false,
            take_ownership: false,
            force_conflicts: false,
            history: 10,
            unlock_after: Duration::from_secs(600),
            without_recovery: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = ReleaseId::new("ingress", "traefik");
        assert_eq!(id.to_string().parse::<ReleaseId>(), Ok(id));
        assert!("ingress/my.release".parse::<ReleaseId>().is_ok());
        for bad in ["traefik", "a/b/c", "A/b", &format!("a/{}", "b".repeat(54))] {
            assert!(bad.parse::<ReleaseId>().unwrap_err().to_string().contains("ingress/traefik"), "{bad}");
        }
    }

    #[test]
    fn write_only_values_are_not_printed() {
        let write_only = WriteOnly { version: 1, values: Some(serde_json::json!({"password": "s3cret"})) };
        assert!(!format!("{write_only:?}").contains("s3cret"));
    }
}
