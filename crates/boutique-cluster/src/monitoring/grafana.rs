//! Grafana's password: made once, or given, and kept in a Secret beside the release. Nothing of it is ever an answer but to
//! who asks for the credentials.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boutique_core::{
    contract::{CONTRACT, CONTRACT_VERSION, FIELD_MANAGER, SetId},
    monitoring::{
        MonitoringSpec,
        values::{GRAFANA_PASSWORD_KEY, GRAFANA_USER_KEY},
    },
    object::{Kind, Manifest},
};
use rand::{RngExt as _, distr::Alphanumeric};
use serde_json::{Value, json};

use crate::{
    connect::Cluster,
    request::{ApiError, Propagation},
    revisions::Records,
};

/// Name of Grafana's administrator.
const USER: &str = "admin";
/// Characters of a generated password.
const LENGTH: usize = 32;
/// Label on the Secret: the release whose Grafana reads it.
const RELEASE: &str = "boutique.dev/grafana";
/// Annotation on the Secret: version of the password that somebody gave.
const VERSION: &str = "boutique.dev/password-version";

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum GrafanaError {
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Somebody else has a Secret of that name.
    #[error(
        "Secret {namespace}/{name} exists and was not made for this Grafana: delete it (kubectl delete secret {name} -n \
         {namespace}), or name another release (chart.release)"
    )]
    Foreign {
        /// Namespace of the Secret.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A password of this version is wanted, and none is given.
    #[error(
        "version {0} of Grafana's password is wanted, and none is given: set grafana.admin_password_wo, or remove \
         grafana.admin_password_wo_version to have one generated"
    )]
    NoPassword(i64),
    /// Nobody has applied such a monitoring.
    #[error("there is no monitoring {0} yet: apply it first")]
    NoMonitoring(SetId),
    /// It installs no Grafana.
    #[error("the monitoring {0} installs no Grafana: its chart exists already, or grafana.enabled is false")]
    NoGrafana(SetId),
    /// There is no Secret, or it is not complete.
    #[error("Secret {namespace}/{name} holds no credentials of Grafana: apply the monitoring, which makes it")]
    Missing {
        /// Namespace of the Secret.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// How to log in to Grafana.
#[derive(Clone)]
pub struct Credentials {
    /// Name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// What is wrong with the Secret as it stands; none if nothing is.
fn unfit(spec: &MonitoringSpec, live: Option<&Value>) -> Option<String> {
    let Some(live) = live else { return Some("is missing; the next apply makes it".to_owned()) };
    if read(live).is_none() {
        return Some("holds no credentials; the next apply makes new ones".to_owned());
    }
    let wanted = spec.grafana.password_version.map(|version| version.to_string());
    let stands = version(live);
    (wanted.is_some() && stands != wanted.as_deref())
        .then(|| "holds another version of the password than is wanted; the next apply changes it".to_owned())
}

fn version(live: &Value) -> Option<&str> {
    live.pointer("/metadata/annotations").and_then(|annotations| annotations.get(VERSION)?.as_str())
}

fn read(live: &Value) -> Option<Credentials> {
    let part = |key: &str| {
        let encoded = live.pointer("/data").and_then(|data| data.get(key)?.as_str())?;
        String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok().filter(|text| !text.is_empty())
    };
    Some(Credentials { username: part(GRAFANA_USER_KEY)?, password: part(GRAFANA_PASSWORD_KEY)? })
}

fn is_ours(spec: &MonitoringSpec, live: &Value) -> bool {
    let label = live.pointer("/metadata/labels").and_then(|labels| labels.get(RELEASE)?.as_str());
    label == Some(spec.release())
}

/// Makes the Secret, or changes it where another version of the password is wanted.
pub(super) async fn ensure(cluster: &Cluster, spec: &MonitoringSpec, given: Option<&str>) -> Result<(), GrafanaError> {
    let name = spec.grafana_secret();
    loop {
        let live = cluster.get(Kind::SECRET, Some(&spec.namespace), &name).await?;
        if live.as_ref().is_some_and(|live| !is_ours(spec, live)) {
            return Err(GrafanaError::Foreign { namespace: spec.namespace.clone(), name });
        }
        if unfit(spec, live.as_ref()).is_none() {
            return Ok(());
        }
        let password = match (spec.grafana.password_version, given) {
            (None, _) => rand::rng().sample_iter(Alphanumeric).take(LENGTH).map(char::from).collect(),
            (Some(_), Some(given)) => given.to_owned(),
            (Some(version), None) => return Err(GrafanaError::NoPassword(version)),
        };
        let mut manifest = secret(spec, &name, &password);
        let written = match live.as_ref().and_then(|live| live.pointer("/metadata/resourceVersion")) {
            None => cluster.create(&manifest, FIELD_MANAGER).await,
            Some(resource_version) => {
                if let Some(metadata) = manifest.get_mut("/metadata").and_then(Value::as_object_mut) {
                    metadata.insert("resourceVersion".to_owned(), resource_version.clone());
                }
                cluster.replace(&manifest, FIELD_MANAGER).await
            }
        };
        match written {
            Ok(_) => return Ok(()),
            // Somebody was quicker: look at what they made.
            Err(error) if error.is_conflict() || error.is_already_exists() => {}
            Err(error) if live.is_some() && error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn secret(spec: &MonitoringSpec, name: &str, password: &str) -> Manifest {
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let data = json!({GRAFANA_USER_KEY: encode(USER), GRAFANA_PASSWORD_KEY: encode(password)});
    let mut manifest = Manifest::new(Kind::SECRET, &spec.namespace, name, json!({"type": "Opaque", "data": data}));
    manifest.set_label(RELEASE, spec.release());
    manifest.set_label("app.kubernetes.io/managed-by", "boutique");
    manifest.set_label(CONTRACT, CONTRACT_VERSION.to_string());
    if let Some(version) = spec.grafana.password_version {
        manifest.set_annotation(VERSION, version.to_string());
    }
    manifest
}

/// What an apply would put right, as a sentence.
pub(super) async fn pending(cluster: &Cluster, spec: &MonitoringSpec) -> Result<Option<String>, ApiError> {
    if !spec.has_grafana() {
        return Ok(None);
    }
    let name = spec.grafana_secret();
    let live = match cluster.get(Kind::SECRET, Some(&spec.namespace), &name).await {
        // Who may not read Secrets cannot tell.
        Err(error) if error.missing_verb().is_some() => return Ok(None),
        live => live?,
    };
    Ok(unfit(spec, live.as_ref()).map(|why| format!("Secret {}/{name} with Grafana's password {why}", spec.namespace)))
}

/// Deletes the Secret of a release that is gone.
pub(super) async fn remove(cluster: &Cluster, namespace: &str, release: &str) -> Result<(), ApiError> {
    let ours = cluster.list(Kind::SECRET, Some(namespace), &format!("{RELEASE}={release}")).await?;
    for secret in &ours.items {
        cluster.delete_live(secret, Propagation::Background).await?;
    }
    Ok(())
}

/// The credentials of a monitoring's Grafana.
///
/// # Errors
/// When there is no such monitoring or no Grafana, or the Secret cannot be read or holds none.
pub async fn credentials(cluster: &Cluster, id: &SetId) -> Result<Credentials, GrafanaError> {
    let revision = Records::read(cluster, id).await?.newest().ok().flatten();
    let spec = revision.and_then(|revision| serde_json::from_value::<MonitoringSpec>(revision.spec).ok());
    let Some(spec) = spec else { return Err(GrafanaError::NoMonitoring(id.clone())) };
    if !spec.has_grafana() {
        return Err(GrafanaError::NoGrafana(id.clone()));
    }
    let name = spec.grafana_secret();
    let live = cluster.get(Kind::SECRET, Some(&spec.namespace), &name).await?;
    let found = live.as_ref().filter(|live| is_ours(&spec, live)).and_then(read);
    found.ok_or_else(|| GrafanaError::Missing { namespace: spec.namespace.clone(), name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_spec(version: Option<i64>) -> MonitoringSpec {
        let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        spec.grafana.password_version = version;
        spec
    }

    #[test]
    fn a_secret_reads_back_and_is_known_as_ours() {
        let spec = mk_spec(Some(1));
        let live = secret(&spec, &spec.grafana_secret(), "s3cret").into_value();
        let read = read(&live).unwrap();
        assert_eq!((read.username.as_str(), read.password.as_str()), ("admin", "s3cret"));
        assert!(is_ours(&spec, &live));
        let mut other = mk_spec(None);
        other.chart.release = Some("other".into());
        assert!(!is_ours(&other, &live));
    }

    #[test]
    fn a_password_is_changed_for_a_new_version_only() {
        let live = |version| {
            let spec = mk_spec(version);
            secret(&spec, &spec.grafana_secret(), "s3cret").into_value()
        };
        assert_eq!(unfit(&mk_spec(Some(1)), Some(&live(Some(1)))), None);
        assert!(unfit(&mk_spec(Some(2)), Some(&live(Some(1)))).is_some());
        assert!(unfit(&mk_spec(Some(1)), Some(&live(None))).is_some());
        // Who no longer gives one keeps the one that is there.
        assert_eq!(unfit(&mk_spec(None), Some(&live(Some(1)))), None);
        assert_eq!(unfit(&mk_spec(None), Some(&live(None))), None);
        assert!(unfit(&mk_spec(None), None).is_some());
        let mut empty = live(None);
        empty["data"][GRAFANA_PASSWORD_KEY] = json!("");
        assert!(unfit(&mk_spec(None), Some(&empty)).is_some());
    }
}
