//! Reading a release: what Helm stored, and our record beside it.

use boutique_core::{
    helm::{
        BadManifestText, BadRecord, BadRelease, ReleaseId, ReleaseRecord, ReleaseStatus, Secrets, StoredRelease,
        ValuePath, secrets_at, visible,
    },
    object::Kind,
};
use http::{HeaderValue, Method, header};
use serde_json::Value;

use crate::{
    connect::Cluster,
    list::is_list,
    request::{ApiError, Operation, build, encode},
};

const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// A release as it stands.
#[derive(Debug, Clone)]
pub struct ReleaseReading {
    /// Its newest revision.
    pub release: StoredRelease,
    /// Our record; none for a release that others installed.
    pub record: Option<ReleaseRecord>,
}

impl ReleaseReading {
    /// The values that were given, without what is or was write-only.
    pub fn values(&self) -> Value {
        visible(&self.release.config, &self.sensitive())
    }

    /// Where write-only values are, and where those of other revisions were.
    pub fn sensitive(&self) -> Vec<ValuePath> {
        self.record.as_ref().map(ReleaseRecord::sensitive).unwrap_or_default()
    }

    /// The write-only values, to keep them out of what is shown.
    pub fn secrets(&self) -> Secrets {
        secrets_at(&self.release.config, &self.sensitive())
    }

    /// Whether the last revision was not made by an apply of ours: another one installed, upgraded or rolled back.
    pub fn is_foreign(&self) -> bool {
        self.record.as_ref().is_none_or(|record| record.revision != self.release.revision)
    }

    /// What is unfinished, as sentences. Empty when the release is deployed.
    pub fn pending(&self) -> Vec<String> {
        let StoredRelease { id, revision, status, description, .. } = &self.release;
        let said =
            if description.is_empty() { String::new() } else { format!(": {}", self.secrets().hide(description)) };
        match status {
            ReleaseStatus::Deployed => Vec::new(),
            ReleaseStatus::Failed => vec![format!("revision {revision} of Helm release {id} failed{said}")],
            status if status.is_pending() => {
                vec![format!(
                    "revision {revision} of Helm release {id} is {status}; somebody works on it, or was interrupted"
                )]
            }
            status => vec![format!("revision {revision} of Helm release {id} is {status}{said}")],
        }
    }
}

/// Why a release could not be read. That it is not there is no error.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Helm's record is damaged.
    #[error(transparent)]
    Release(#[from] BadRelease),
    /// Our record is damaged.
    #[error("{0}")]
    Record(#[from] BadRecord),
    /// The release's manifest is no YAML.
    #[error("Helm release {id}: {source}")]
    Manifest {
        /// The release.
        id: ReleaseId,
        /// Why.
        source: BadManifestText,
    },
}

impl From<ApiError> for Box<ReadError> {
    fn from(error: ApiError) -> Self {
        Self::new(error.into())
    }
}

impl From<BadRelease> for Box<ReadError> {
    fn from(error: BadRelease) -> Self {
        Self::new(error.into())
    }
}

impl From<BadRecord> for Box<ReadError> {
    fn from(error: BadRecord) -> Self {
        Self::new(error.into())
    }
}

/// Reads a release. None only when the API server says that there is no revision of it, or that it was uninstalled: a
/// server that cannot be reached, or refuses, is an error and never an absence.
///
/// # Errors
/// Any failure of a request, and records that are damaged.
pub async fn read(cluster: &Cluster, id: &ReleaseId) -> Result<Option<ReleaseReading>, Box<ReadError>> {
    let name = id.record_name();
    let record = cluster.get(Kind::CONFIG_MAP, Some(&id.namespace), &name);
    let (secret, record) = tokio::try_join!(newest(cluster, id), record)?;
    let Some(secret) = secret else { return Ok(None) };
    let release = StoredRelease::read(&secret)?;
    if release.status == ReleaseStatus::Uninstalled {
        return Ok(None);
    }
    let record = match record {
        Some(record) => ReleaseRecord::read(id, &record)?,
        None => None,
    };
    Ok(Some(ReleaseReading { release, record }))
}

/// Whether a live object says that it belongs to this release; one that says nothing does not.
pub(super) fn is_of(id: &ReleaseId, object: &Value) -> bool {
    let annotation = |key: &str| object.pointer("/metadata/annotations").and_then(|all| all.get(key)?.as_str());
    annotation("meta.helm.sh/release-name") == Some(&id.name)
        && annotation("meta.helm.sh/release-namespace") == Some(&id.namespace)
}

/// The Secret of the newest revision. The names come first and without content, because a release may have ten
/// revisions of a megabyte each.
pub(super) async fn newest(cluster: &Cluster, id: &ReleaseId) -> Result<Option<Value>, ApiError> {
    // A revision may be removed between the two requests when others upgrade.
    for _ in 0..3 {
        let Some((_, name)) = revisions(cluster, id).await?.pop() else { return Ok(None) };
        if let Some(mut secret) = cluster.get(Kind::SECRET, Some(&id.namespace), &name).await? {
            secret["apiVersion"] = Value::from("v1");
            secret["kind"] = Value::from("Secret");
            return Ok(Some(secret));
        }
    }
    Ok(None)
}

/// Revisions between two others, exclusively. One that cannot be read is left out: it made nothing.
pub(super) async fn between(
    cluster: &Cluster,
    id: &ReleaseId,
    after: u64,
    before: u64,
) -> Result<Vec<StoredRelease>, ApiError> {
    let mut found = Vec::new();
    for (number, name) in revisions(cluster, id).await? {
        if number > after && number < before {
            let secret = cluster.get(Kind::SECRET, Some(&id.namespace), &name).await?;
            found.extend(secret.and_then(|secret| StoredRelease::read(&secret).ok()));
        }
    }
    Ok(found)
}

/// Number and Secret of every revision, oldest first.
pub(super) async fn revisions(cluster: &Cluster, id: &ReleaseId) -> Result<Vec<(u64, String)>, ApiError> {
    let path = Kind::SECRET.path(Some(&id.namespace));
    let uri = format!("{path}?labelSelector={}", encode(&id.selector()));
    let mut request = build(Method::GET, &uri, None, Vec::new());
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(METADATA));
    let operation = Operation::on("list", Kind::SECRET, Some(&id.namespace), None);
    let answer = cluster.send(operation.clone(), request).await?.object()?;
    is_list(&answer, operation)?;
    let items = answer.get("items").and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<(u64, String)> = items
        .filter_map(|item| {
            Some((StoredRelease::revision_of(item)?, item.pointer("/metadata/name")?.as_str()?.to_owned()))
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}
