//! The Helm release of a resource, as Terraform sees it.

use std::fmt::Display;
use std::time::Duration;

use boutique_cluster::helm::{self, ReleaseReading};
use boutique_cluster::shared::ReleaseSettings;
use boutique_core::edge::ChartChoice;
use boutique_core::helm::{ChartSource, Login, WriteOnly};
use serde_json::Value as Json;
use tfplugin_rs::{Context, Diagnostic, Map, Model, Path, Resource, Secret, Value};

use crate::connection::{Connection, sentence};
use crate::{control, dynamic};

/// Longest look for a chart and at the cluster. It only serves a warning.
pub(crate) const LOOK: Duration = Duration::from_secs(30);

/// A Helm release.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct ReleaseModel {
    /// Name of the release.
    #[attr(computed)]
    pub(crate) name: Value<String>,
    /// Its namespace.
    #[attr(computed)]
    pub(crate) namespace: Value<String>,
    /// Where the chart comes from.
    #[attr(computed)]
    pub(crate) chart: Value<String>,
    /// What the values come to, ours and yours, by path, each as JSON. Secret values are not among them.
    #[attr(computed)]
    pub(crate) values: Value<Map<String>>,
    /// SHA-256 of a chart that is a folder or an archive; null for others.
    #[attr(computed)]
    pub(crate) chart_digest: Value<String>,
    /// Version of the chart that is installed.
    #[attr(computed)]
    pub(crate) chart_version: Value<String>,
    /// Version of what is installed, as the chart says.
    #[attr(computed)]
    pub(crate) app_version: Value<String>,
    /// Helm's number of the release.
    #[attr(computed)]
    pub(crate) revision: Value<u64>,
}

/// The release as it will be. What only the chart tells is that of the prior release as long as nothing changes.
pub(crate) fn planned(
    (namespace, name): (&str, &str),
    choice: Option<ChartChoice>,
    values: &Json,
    at: &Path,
    prior: Option<&ReleaseModel>,
) -> Result<ReleaseModel, Diagnostic> {
    let source = choice.map(|choice| {
        ChartSource::parse(&choice.chart, choice.repository.as_deref(), choice.version.as_deref())
            .map_err(|error| Diagnostic::error("Invalid chart", sentence(&error.to_string())).at(at.clone()))
    });
    let source = source.transpose()?;
    // Of a chart on this machine, a change of its content is a change; of all others the version tells.
    let digest = match &source {
        Some(ChartSource::Path(path)) => match helm::local_chart(path) {
            Ok(chart) => Value::Known(chart.digest),
            Err(error) => {
                let said = sentence(&error.to_string());
                return Err(Diagnostic::error("The chart cannot be read", said).at(at.clone()));
            }
        },
        _ => Value::Null,
    };
    let values: Map<String> = dynamic::leaves(values).into_iter().map(|(path, value)| (path, value.into())).collect();
    let mut release = ReleaseModel {
        name: name.into(),
        namespace: namespace.into(),
        chart: source.map(|source| source.to_string()).into(),
        values: values.into(),
        chart_digest: digest,
        chart_version: Value::Unknown,
        app_version: Value::Unknown,
        revision: Value::Unknown,
    };
    if let Some(prior) = prior {
        let mut same = release.clone();
        same.chart_version = prior.chart_version.clone();
        same.app_version = prior.app_version.clone();
        same.revision = prior.revision;
        if same == *prior {
            release = same;
        }
    }
    Ok(release)
}

/// Whether another chart will be installed than the one that is.
pub(crate) fn changes_chart(prior: &Value<ReleaseModel>, plan: &Value<ReleaseModel>) -> bool {
    let chart = |release: &Value<ReleaseModel>| {
        let release = release.known()?;
        Some((release.chart.as_str()?.to_owned(), release.chart_digest.as_str().map(str::to_owned)))
    };
    let (old, new) = (chart(prior), chart(plan));
    old.is_some() && new.is_some() && old != new
}

/// What only apply will tell.
pub(crate) fn open(release: &mut Value<ReleaseModel>) {
    if let Value::Known(release) = release {
        (release.chart_version, release.app_version) = (Value::Unknown, Value::Unknown);
        release.revision = Value::Unknown;
    }
}

/// Sets what is not known yet to null: nobody will tell it any more.
pub(crate) fn close(release: &mut Value<ReleaseModel>) {
    crate::managed::close(release);
    if let Value::Known(release) = release {
        for text in [&mut release.chart_digest, &mut release.chart_version, &mut release.app_version] {
            crate::managed::close(text);
        }
        crate::managed::close(&mut release.revision);
    }
}

/// Fills in what only the cluster tells.
pub(crate) fn fill(release: &mut Value<ReleaseModel>, reading: Option<&ReleaseReading>) {
    if let (Value::Known(release), Some(reading)) = (release, reading) {
        release.chart_version = reading.release.chart.version.clone().into();
        release.app_version = reading.release.chart.app_version.clone().into();
        release.revision = reading.release.revision.into();
    }
}

/// What the new chart changes of the CRDs in the cluster, as a warning: other users of them are concerned, too, and helm
/// itself would leave them as they are.
pub(crate) fn crd_warning<E: Display>(compared: Result<Vec<String>, E>, at: &Path) -> Option<Diagnostic> {
    let (summary, detail) = match compared {
        Ok(changes) if changes.is_empty() => return None,
        Ok(changes) => ("Custom resource definitions of the cluster change", changes.join("\n")),
        Err(error) => (
            "Custom resource definitions were not compared",
            format!("{} Whether the new chart changes them, apply will find out.", sentence(&error.to_string())),
        ),
    };
    Some(Diagnostic::warning(summary, detail).at(at.clone()))
}

/// Secret parts of a configuration that a release needs.
pub(crate) struct Secrets<'a> {
    /// User name for the repository.
    pub(crate) username: Option<&'a str>,
    /// Password for the repository.
    pub(crate) password: Option<&'a Secret>,
    /// Version of the secret values.
    pub(crate) version: Option<i64>,
    /// Secret values.
    pub(crate) values: Option<Json>,
}

/// What a release needs beside its specification.
pub(crate) fn settings<R: Resource<Data = Connection>>(
    ctx: &Context<R>,
    secrets: Secrets<'_>,
    adopt: &Value<String>,
    force_conflicts: Value<bool>,
) -> ReleaseSettings {
    let Secrets { username, password, version, values } = secrets;
    let login = username.map(|username| Login {
        username: username.to_owned(),
        password: password.map(|password| password.expose().to_owned()).unwrap_or_default(),
    });
    ReleaseSettings {
        helm: ctx.data().helm().clone(),
        login,
        write_only: version.map(|version| WriteOnly { version, values }),
        adopt: adopt.as_str() == Some("always"),
        force_conflicts: force_conflicts == Value::Known(true),
        without_recovery: control::is_on(),
    }
}
