//! Helm's own record of a revision: a Secret with the release as base64 of gzip of JSON.
//!
//! Source: Helm's storage driver for Secrets (`sh.helm.release.v1.<name>.v<revision>`, type `helm.sh/release.v1`).

use std::{
    fmt,
    io::{Read as _, Write as _},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    chart::ChartMetadata,
    manifest::{BadManifestText, documents},
    release::ReleaseId,
    unlock::LEASE_LABEL,
};
use crate::object::{Kind, Manifest};

/// No release is longer: Helm stores it in one Secret of at most 1 MiB, gzipped.
const MAX_CONTENT: u64 = 256 << 20;

/// Status of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReleaseStatus {
    /// The revision that stands.
    Deployed,
    /// A later one stands.
    Superseded,
    /// Its install or upgrade failed; the next upgrade may go over it.
    Failed,
    /// It is gone and its history was kept.
    Uninstalled,
    /// It is being taken down, or that was interrupted.
    Uninstalling,
    /// It is being installed, or that was interrupted.
    PendingInstall,
    /// It is being upgraded, or that was interrupted.
    PendingUpgrade,
    /// It is being rolled back, or that was interrupted.
    PendingRollback,
    /// Anything else.
    Unknown,
}

impl ReleaseStatus {
    const NAMES: [(Self, &'static str); 9] = [
        (Self::Deployed, "deployed"),
        (Self::Superseded, "superseded"),
        (Self::Failed, "failed"),
        (Self::Uninstalled, "uninstalled"),
        (Self::Uninstalling, "uninstalling"),
        (Self::PendingInstall, "pending-install"),
        (Self::PendingUpgrade, "pending-upgrade"),
        (Self::PendingRollback, "pending-rollback"),
        (Self::Unknown, "unknown"),
    ];

    fn read(text: &str) -> Self {
        Self::NAMES.iter().find(|(_, name)| *name == text).map_or(Self::Unknown, |(status, _)| *status)
    }

    /// Whether somebody works on the revision, or was interrupted at it. Helm refuses an upgrade then.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback | Self::Uninstalling)
    }
}

impl fmt::Display for ReleaseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(status, _)| status == self).map_or("unknown", |(_, name)| name);
        f.pad(name)
    }
}

/// One revision as Helm stored it. `config` may hold secrets, so `Debug` shows neither it nor the manifest.
#[derive(Clone, PartialEq)]
pub struct StoredRelease {
    /// Its identity.
    pub id: ReleaseId,
    /// Number of the revision, counted from 1.
    pub revision: u64,
    /// Status.
    pub status: ReleaseStatus,
    /// Helm's words about the status.
    pub description: String,
    /// When the release was installed first.
    pub first_deployed: Option<Timestamp>,
    /// When this revision was made, by the clock of the machine that helm ran on.
    pub last_deployed: Option<Timestamp>,
    /// The chart.
    pub chart: ChartMetadata,
    /// The values that were given, secrets included.
    pub config: Value,
    /// The rendered objects, hooks excepted.
    pub manifest: String,
    /// Rendered hooks.
    pub hooks: Vec<Value>,
    /// Whether the server applied it (`ssa`, new in Helm 4), else the client.
    pub is_server_side: bool,
    /// Value of the label that names the boutique run which made it.
    pub maker: Option<String>,
    /// When its Secret was written last, by the API server's clock.
    pub changed_at: Option<Timestamp>,
    /// Who wrote the Secret last, as managedFields say.
    pub writer: Option<String>,
}

impl fmt::Debug for StoredRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRelease")
            .field("id", &self.id)
            .field("revision", &self.revision)
            .field("status", &self.status)
            .field("chart", &self.chart)
            .finish_non_exhaustive()
    }
}

/// A Secret that holds no readable release.
#[derive(Debug, thiserror::Error)]
pub enum BadRelease {
    /// It holds no `release`.
    #[error("Secret {secret} is no record of a Helm release: it has no data.release")]
    Missing {
        /// The Secret.
        secret: String,
    },
    /// It is damaged.
    #[error("Helm's record {secret} is damaged ({said}): roll back to a revision before it, or delete that Secret")]
    Damaged {
        /// The Secret.
        secret: String,
        /// What the decoder said.
        said: String,
    },
}

#[derive(Deserialize)]
struct Raw {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    info: RawInfo,
    #[serde(default)]
    chart: RawChart,
    #[serde(default)]
    config: Value,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    hooks: Option<Vec<RawHook>>,
    #[serde(default)]
    apply_method: String,
}

#[derive(Deserialize, Default)]
struct RawInfo {
    #[serde(default)]
    first_deployed: Value,
    #[serde(default)]
    last_deployed: Value,
    #[serde(default)]
    status: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize, Default)]
struct RawChart {
    #[serde(default)]
    metadata: ChartMetadata,
}

#[derive(Deserialize)]
struct RawHook {
    #[serde(default)]
    manifest: String,
}

impl StoredRelease {
    /// Reads a live Secret.
    ///
    /// # Errors
    /// When it holds no release, or a damaged one.
    pub fn read(secret: &Value) -> Result<Self, BadRelease> {
        let json = content(secret)?;
        let raw: Raw = serde_json::from_slice(&json).map_err(|error| damaged(secret, &error))?;
        let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let namespace = secret.pointer("/metadata/namespace").and_then(Value::as_str);
        let label = |key: &str| secret.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str());
        let hooks = raw.hooks.unwrap_or_default();
        let hooks = hooks.iter().filter_map(|hook| documents(&hook.manifest).ok()).flatten().collect();
        let (changed_at, writer) = last_write(secret);
        Ok(Self {
            id: ReleaseId::new(namespace.unwrap_or(&raw.namespace), raw.name),
            revision: raw.version,
            status: ReleaseStatus::read(&raw.info.status),
            description: raw.info.description,
            first_deployed: time(&raw.info.first_deployed),
            last_deployed: time(&raw.info.last_deployed),
            chart: raw.chart.metadata,
            config: if raw.config.is_null() { json!({}) } else { raw.config },
            manifest: raw.manifest,
            hooks,
            is_server_side: raw.apply_method == "ssa",
            maker: label(LEASE_LABEL).map(str::to_owned),
            changed_at,
            writer,
        })
    }

    /// Number of the revision that a live Secret holds, read from its label without unpacking it.
    pub fn revision_of(secret: &Value) -> Option<u64> {
        secret.pointer("/metadata/labels/version")?.as_str()?.parse().ok()
    }

    /// The rendered objects, hooks excepted.
    ///
    /// # Errors
    /// When the manifest is no YAML.
    pub fn objects(&self) -> Result<Vec<Value>, BadManifestText> {
        documents(&self.manifest)
    }

    /// A live Secret rewritten as failed, to be put in its place. Its `resourceVersion` stays, so that somebody who was
    /// quicker is not overwritten.
    ///
    /// # Errors
    /// When it holds no release, or a damaged one.
    pub fn failed(secret: &Value, description: &str, now: Timestamp) -> Result<Manifest, BadRelease> {
        let mut release: Value = serde_json::from_slice(&content(secret)?).map_err(|error| damaged(secret, &error))?;
        release["info"]["status"] = Value::from("failed");
        release["info"]["description"] = Value::from(description);
        let mut rewritten = secret.clone();
        rewritten["apiVersion"] = Value::from("v1");
        rewritten["kind"] = Value::from("Secret");
        rewritten["data"]["release"] = Value::from(pack(&release));
        rewritten["metadata"]["labels"]["status"] = Value::from("failed");
        rewritten["metadata"]["labels"]["modifiedAt"] = Value::from(now.as_second().to_string());
        if let Some(metadata) = rewritten["metadata"].as_object_mut() {
            metadata.shift_remove("managedFields");
        }
        Manifest::of_kind(Kind::SECRET, rewritten).map_err(|error| damaged(secret, &error))
    }
}

fn name_of(secret: &Value) -> String {
    let text = |key: &str| secret.pointer("/metadata").and_then(|metadata| metadata.get(key)?.as_str()).unwrap_or("?");
    format!("{}/{}", text("namespace"), text("name"))
}

fn damaged(secret: &Value, error: &dyn fmt::Display) -> BadRelease {
    BadRelease::Damaged { secret: name_of(secret), said: error.to_string() }
}

/// The release's JSON. Older Helm wrote it without gzip, and readers must take that.
fn content(secret: &Value) -> Result<Vec<u8>, BadRelease> {
    let data = secret.pointer("/data/release").and_then(Value::as_str);
    let data = data.ok_or_else(|| BadRelease::Missing { secret: name_of(secret) })?;
    let text = BASE64_STANDARD.decode(data).map_err(|error| damaged(secret, &error))?;
    let packed = BASE64_STANDARD.decode(text.trim_ascii()).map_err(|error| damaged(secret, &error))?;
    if !packed.starts_with(&[0x1f, 0x8b, 0x08]) {
        return Ok(packed);
    }
    let mut json = Vec::new();
    let read = GzDecoder::new(packed.as_slice()).take(MAX_CONTENT).read_to_end(&mut json);
    read.map_err(|error| damaged(secret, &error))?;
    Ok(json)
}

fn pack(release: &Value) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to a Vec cannot fail.
    let json = serde_json::to_vec(release).unwrap_or_default();
    let packed = gzip.write_all(&json).and_then(|()| gzip.finish()).unwrap_or_default();
    BASE64_STANDARD.encode(BASE64_STANDARD.encode(packed))
}

fn last_write(secret: &Value) -> (Option<Timestamp>, Option<String>) {
    let entries = secret.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let writes = entries.filter_map(|entry| {
        let at: Timestamp = entry.get("time")?.as_str()?.parse().ok()?;
        Some((at, entry.get("manager")?.as_str()?.to_owned()))
    });
    let created = secret.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
    match writes.max_by_key(|(at, _)| *at) {
        Some((at, manager)) => (Some(at), Some(manager)),
        None => (created.and_then(|created| created.parse().ok()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(status: &str) -> Value {
        json!({
            "name": "web", "namespace": "shop", "version": 3,
            "info": {"first_deployed": "2026-01-01T10:00:00.123456789+02:00", "last_deployed": "2026-01-02T10:00:00Z",
                "deleted": "", "status": status, "description": "Upgrade complete", "notes": "hello"},
            "chart": {"metadata": {"name": "web", "version": "1.2.3", "appVersion": "9"}, "files": [], "templates": []},
            "config": {"replicas": 2, "exact": 0.1},
            "manifest": "---\n# Source: web/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
            "hooks": [{"name": "h", "manifest": "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: h\n"}],
            "apply_method": "ssa",
        })
    }

    fn secret(data: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": {
                "name": "sh.helm.release.v1.web.v3", "namespace": "shop", "resourceVersion": "77",
                "labels": {"name": "web", "owner": "helm", "status": "pending-upgrade", "version": "3", LEASE_LABEL: "u.3"},
                "creationTimestamp": "2026-01-02T10:00:00Z",
                "managedFields": [{"manager": "helm", "time": "2026-01-02T10:00:05Z"}],
            },
            "data": {"release": data},
        })
    }

    #[test]
    fn a_release_is_read_from_its_secret() {
        let stored = StoredRelease::read(&secret(&pack(&release("pending-upgrade")))).unwrap();
        assert_eq!(stored.id.to_string(), "shop/web");
        assert_eq!((stored.revision, stored.status), (3, ReleaseStatus::PendingUpgrade));
        assert_eq!(stored.chart.version, "1.2.3");
        assert_eq!(stored.chart.app_version.as_deref(), Some("9"));
        assert_eq!(stored.objects().unwrap().len(), 1);
        assert_eq!(stored.hooks.len(), 1);
        assert!(stored.is_server_side && stored.first_deployed.is_some());
        assert_eq!(stored.maker.as_deref(), Some("u.3"));
        assert_eq!(stored.changed_at.unwrap().to_string(), "2026-01-02T10:00:05Z");
        assert_eq!(stored.writer.as_deref(), Some("helm"));
    }

    #[test]
    fn a_release_that_is_not_gzipped_is_read_too() {
        let json = serde_json::to_vec(&release("deployed")).unwrap();
        let data = BASE64_STANDARD.encode(BASE64_STANDARD.encode(json));
        assert_eq!(StoredRelease::read(&secret(&data)).unwrap().status, ReleaseStatus::Deployed);
    }

    #[test]
    fn a_release_is_marked_failed_and_nothing_else_of_it_changes() {
        let now = "2026-01-03T00:00:00Z".parse().unwrap();
        let failed = StoredRelease::failed(&secret(&pack(&release("pending-upgrade"))), "unlocked", now).unwrap();
        assert_eq!(failed.get("/metadata/resourceVersion"), Some(&json!("77")));
        assert_eq!(failed.get("/metadata/labels/status"), Some(&json!("failed")));
        let json: Value = serde_json::from_slice(&content(failed.value()).unwrap()).unwrap();
        let mut expected = release("failed");
        expected["info"]["description"] = json!("unlocked");
        assert_eq!(json, expected);
    }

    #[test]
    fn a_damaged_record_names_its_secret() {
        for data in ["", "!", "AAAA", "e30="] {
            let error = StoredRelease::read(&secret(data)).unwrap_err().to_string();
            assert!(error.contains("shop/sh.helm.release.v1.web.v3"), "{error}");
        }
        let missing = StoredRelease::read(&json!({"metadata": {"name": "x"}})).unwrap_err();
        assert!(matches!(missing, BadRelease::Missing { .. }));
    }

    #[test]
    fn the_statuses_of_unfinished_work_are_pending() {
        let pending = ReleaseStatus::NAMES.iter().filter(|(status, _)| status.is_pending()).map(|(_, name)| *name);
        assert_eq!(
            pending.collect::<Vec<_>>(),
            ["uninstalling", "pending-install", "pending-upgrade", "pending-rollback"]
        );
        for (status, name) in ReleaseStatus::NAMES {
            assert_eq!(ReleaseStatus::read(name), status);
            assert_eq!(status.to_string(), name);
        }
    }

    #[test]
    fn no_value_is_shown_by_debug() {
        let stored = StoredRelease::read(&secret(&pack(&release("deployed")))).unwrap();
        assert!(!format!("{stored:?}").contains("replicas"));
    }
}
