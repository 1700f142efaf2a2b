//! A Helm release that several sets may share: installed or changed only if something differs, and left in good order.

use boutique_core::{
    contract::SetId,
    helm::{ChartSource, Login, Release, ReleaseId, ReleaseStatus, WriteOnly, values_diff, visible},
    object::Kind,
    shared::{Joining, Shape, UsersRecord, Wanted, joining},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    error::{PendingError, SharedError},
    record::{self, RecordError, Then},
};
use crate::{
    applyset::namespace::{self, Place, Removal},
    bounds::Bounds,
    connect::Cluster,
    event::Events,
    helm::{self, Helm, HelmSettings, Reach, ReleaseReading, UninstallRequest},
};

/// What a release needs beside the specification.
#[derive(Debug, Clone, Default)]
pub struct ReleaseSettings {
    /// Which helm.
    pub helm: HelmSettings,
    /// Credentials for the chart's repository.
    pub login: Option<Login>,
    /// Secret values, merged over all others.
    pub write_only: Option<WriteOnly>,
    /// Whether a release that others installed is taken over.
    pub adopt: bool,
    /// Whether fields are taken from every other writer.
    pub force_conflicts: bool,
    /// Whether what a killed apply has left of the release stays as it is: only for the control run of tests.
    pub without_recovery: bool,
}

/// A release that a set installs.
pub(crate) struct Installed<S> {
    /// How it is shared.
    pub(crate) wanted: Wanted<S>,
    /// The release as it is wanted.
    pub(crate) release: Release,
}

impl ReleaseSettings {
    /// The release as it is wanted, with everything that the specification does not say.
    ///
    /// # Errors
    /// When the chart is named wrongly.
    pub(crate) fn release(
        &self,
        id: ReleaseId,
        chart: (&str, Option<&str>, Option<&str>),
        values: Value,
    ) -> Result<Release, SharedError> {
        let (name, repository, version) = chart;
        let source = ChartSource::parse(name, repository, version)?;
        Ok(Release {
            write_only: self.write_only.clone(),
            take_ownership: self.adopt,
            force_conflicts: self.force_conflicts,
            without_recovery: self.without_recovery,
            ..Release::new(id, source.with_login(self.login.clone()), values)
        })
    }
}

/// A shared release under way.
pub(crate) struct Sharing<'a, S> {
    pub(crate) cluster: &'a Cluster,
    /// The set that uses it.
    pub(crate) id: SetId,
    /// The release as it is wanted; none for one that is not installed by this set.
    pub(crate) installed: Option<Installed<S>>,
    /// The release that is used, whoever installed it.
    pub(crate) named: Option<ReleaseId>,
    pub(crate) settings: &'a ReleaseSettings,
    pub(crate) bounds: &'a Bounds,
    pub(crate) events: &'a Events,
}

impl<S: Shape> Sharing<'_, S> {
    /// Whether this set may install or join what is there, asked before anything is written.
    pub(crate) async fn check(&self) -> Result<(), SharedError> {
        let Some(Installed { wanted, release }) = &self.installed else { return Ok(()) };
        let found = record::read(self.cluster, &release.id).await?;
        match joining(found.as_ref(), wanted) {
            Joining::Refuse(why) => Err(why.into()),
            Joining::Install if found.is_none() => match helm::read(self.cluster, &release.id).await? {
                Some(reading) if reading.record.is_none() && !self.settings.adopt => {
                    Err(SharedError::Foreign { release: release.id.clone(), way_out: S::FOREIGN })
                }
                Some(_) => Ok(()),
                // Who has no helm must not begin.
                None => self.helm().await.map(drop),
            },
            Joining::Install | Joining::Manage | Joining::Join => Ok(()),
        }
    }

    /// Records the use of the release, and installs or changes it where that is ours to do. Answers whether its values are
    /// ours to say.
    pub(crate) async fn ensure(&self) -> Result<(), SharedError> {
        let Some(Installed { wanted, release }) = &self.installed else { return self.use_what_is_there().await };
        let id = &release.id;
        let made_for = made_for(id);
        let place = Place { namespace: &id.namespace, made_for: &made_for };
        let found = namespace::ensure(self.cluster, place, true, self.events);
        self.bounds.run(found).await?.map_err(|cause| SharedError::Namespace(Box::new(cause)))?;
        let joining = self.bounds.run(self.join(id, wanted)).await??;
        let reading = self.bounds.run(helm::read(self.cluster, id)).await??;
        if let Some(release) = self.to_run(release.clone(), &joining, reading.as_ref()).await? {
            let helm = self.helm().await?;
            let applied = helm::apply(&helm, self.cluster, &release, self.bounds, self.events).await?;
            tracing::info!(release = %id, revision = applied.revision, "the release of the {} is applied", S::THING);
        }
        helm::wait(self.cluster, id, self.bounds, self.events).await?;
        Ok(())
    }

    async fn helm(&self) -> Result<Helm, SharedError> {
        Ok(Helm::find(&self.settings.helm, |name| std::env::var(name).ok(), self.bounds).await?)
    }

    async fn join(&self, id: &ReleaseId, wanted: &Wanted<S>) -> Result<Joining, SharedError> {
        record::change(self.cluster, id, |found| {
            let joining = joining(found.as_ref(), wanted);
            if let Joining::Refuse(why) = joining {
                return Err(SharedError::from(why));
            }
            let mut record = found.unwrap_or_else(|| UsersRecord::new(wanted));
            if joining != Joining::Join {
                record.shape = wanted.shape.clone();
            }
            record.add(&wanted.id, true, Timestamp::now());
            Ok((Then::Write(record), joining))
        })
        .await
    }

    /// A release that others of ours installed stays as long as this set uses it.
    async fn use_what_is_there(&self) -> Result<(), SharedError> {
        let Some(release) = &self.named else { return Ok(()) };
        record::change::<S, _, _>(self.cluster, release, |found| {
            Ok::<_, SharedError>(match found {
                None => (Then::Keep, ()),
                Some(mut record) => {
                    record.add(&self.id, false, Timestamp::now());
                    (Then::Write(record), ())
                }
            })
        })
        .await
    }

    /// What helm is to install or upgrade to; none if it has nothing to do. Who joins others repairs what they installed,
    /// with their values, and changes nothing.
    async fn to_run(
        &self,
        release: Release,
        joining: &Joining,
        reading: Option<&ReleaseReading>,
    ) -> Result<Option<Release>, SharedError> {
        let Some(reading) = reading else { return Ok(Some(release)) };
        let joins = *joining == Joining::Join;
        let wanted = if joins { as_it_is(release, reading) } else { release };
        if reading.release.status != ReleaseStatus::Deployed {
            return Ok(Some(wanted));
        }
        let differs = !joins && (!differences(&wanted, reading).is_empty() || has_other_content(&wanted, reading)?);
        if differs || !self.bounds.run(helm::drift(self.cluster, reading)).await??.is_empty() {
            return Ok(Some(wanted));
        }
        Ok(None)
    }
}

/// A release with the values that it has.
fn as_it_is(release: Release, reading: &ReleaseReading) -> Release {
    let recorded = reading.record.as_ref().and_then(|record| record.write_only.as_ref());
    let write_only = recorded.map(|recorded| WriteOnly { version: recorded.version, values: None });
    let values = visible(&reading.release.config, recorded.map_or(&[], |recorded| &recorded.paths));
    Release { values, write_only, ..release }
}

/// Whether a chart on this machine has another content than the one that was installed.
fn has_other_content(release: &Release, reading: &ReleaseReading) -> Result<bool, SharedError> {
    match (&release.chart, &reading.record) {
        (ChartSource::Path(path), Some(record)) => Ok(helm::local_chart(path)?.digest != record.digest),
        _ => Ok(false),
    }
}

/// Of a release that no apply of ours has recorded.
const NOT_COMPLETED: &str = "no apply of this provider has completed it";

/// In what a release differs from the one that is wanted, as sentences.
fn differences(release: &Release, reading: &ReleaseReading) -> Vec<String> {
    let mut differences = Vec::new();
    let wanted = release.chart.to_string();
    match &reading.record {
        None => differences.push(NOT_COMPLETED.to_owned()),
        Some(record) if !record.is_complete() => differences.push(NOT_COMPLETED.to_owned()),
        Some(record) if record.chart != wanted => {
            differences.push(format!("the chart is {}, wanted is {wanted}", record.chart));
        }
        Some(_) if reading.is_foreign() => {
            differences.push(format!("somebody else made revision {}", reading.release.revision));
        }
        Some(_) => {}
    }
    // What write-only values lie over is not to be seen either, and makes no difference.
    let wanted = visible(&release.values, &reading.sensitive());
    let changes = values_diff(&reading.values(), &wanted, &[]);
    differences.extend(changes.iter().map(|change| format!("value {change}")));
    let stored = reading.record.as_ref().and_then(|record| record.write_only.as_ref()).map(|stored| stored.version);
    if stored != release.write_only.as_ref().map(|wanted| wanted.version) {
        differences.push("secret values of another version are wanted".to_owned());
    }
    differences
}

/// What an apply would put right of a release, as sentences.
pub(crate) async fn pending<S: Shape>(
    cluster: &Cluster,
    installed: &Installed<S>,
) -> Result<(Option<ReleaseReading>, Vec<String>), PendingError> {
    let Installed { wanted, release } = installed;
    let Some(reading) = helm::read(cluster, &release.id).await? else {
        return Ok((None, vec![format!("Helm release {} is missing; the next apply installs it", release.id)]));
    };
    let mut pending = reading.pending();
    if pending.is_empty() {
        let differences = match joins(cluster, wanted, &release.id).await? {
            true => Vec::new(),
            false => differences(release, &reading),
        };
        pending.extend(differences.into_iter().map(|what| format!("Helm release {}: {what}", release.id)));
        pending.extend(helm::drift(cluster, &reading).await?.iter().map(ToString::to_string));
    }
    Ok((Some(reading), pending))
}

/// Whether others use the release, too, so that what they want counts. A record that cannot be read is apply's to complain
/// about.
async fn joins<S: Shape>(cluster: &Cluster, wanted: &Wanted<S>, release: &ReleaseId) -> Result<bool, PendingError> {
    match record::read(cluster, release).await {
        Ok(found) => Ok(joining(found.as_ref(), wanted) == Joining::Join),
        Err(RecordError::Api(error)) => Err(error.into()),
        Err(RecordError::Unreadable(_) | RecordError::Unwritable(_)) => Ok(false),
    }
}

/// What an apply would change of the CRDs that came with a chart, as sentences.
pub(crate) async fn crd_changes(
    cluster: &Cluster,
    release: &Release,
    settings: &ReleaseSettings,
    bounds: &Bounds,
) -> Result<Vec<String>, SharedError> {
    let chart = match &release.chart {
        ChartSource::Path(path) => helm::local_chart(path)?,
        source => {
            let helm = Helm::find(&settings.helm, |name| std::env::var(name).ok(), bounds).await?;
            helm.chart(source, Reach::Network, bounds).await?
        }
    };
    let crds = chart.chart.crds(&release.values)?;
    let changes = bounds.run(helm::crd_changes(cluster, &crds)).await??;
    Ok(changes.iter().map(ToString::to_string).collect())
}

/// How a release was left.
pub(crate) enum Left {
    /// It is uninstalled; what was kept of it, as sentences.
    Uninstalled(Vec<String>),
    /// It stays; says why, if that is worth telling.
    Stays(Option<String>),
}

/// How a user stands to a release.
enum Standing {
    /// Nobody recorded any user.
    Unrecorded,
    /// It is the only user.
    Last,
    /// Others use it, too; says who.
    Shared(String),
}

/// Leaves a release: forgets this user, and uninstalls the release when it was the last.
pub(crate) async fn leave<S: Shape>(
    cluster: &Cluster,
    id: &SetId,
    release: &ReleaseId,
    settings: &HelmSettings,
    bounds: &Bounds,
    events: &Events,
) -> Result<Left, SharedError> {
    let standing = bounds
        .run(record::change::<S, _, _>(cluster, release, |found| {
            Ok::<_, SharedError>(match found {
                None => (Then::Keep, Standing::Unrecorded),
                Some(mut record) => match record.can_uninstall(id) {
                    // The last user stays on record until the release is gone, so that nobody joins it meanwhile unseen.
                    Ok(()) => (Then::Keep, Standing::Last),
                    Err(in_use) => {
                        record.remove(id);
                        (Then::Write(record), Standing::Shared(in_use.to_string()))
                    }
                },
            })
        }))
        .await??;
    if let Standing::Shared(why) = standing {
        return Ok(Left::Stays(Some(why)));
    }
    let mut kept = Vec::new();
    match bounds.run(helm::read(cluster, release)).await?? {
        Some(reading) if reading.record.is_none() && matches!(standing, Standing::Unrecorded) => {
            return Ok(Left::Stays(Some(format!("Helm release {release} stays: others installed it"))));
        }
        Some(_) => {
            let helm = Helm::find(settings, |name| std::env::var(name).ok(), bounds).await?;
            let request = UninstallRequest::new(release.clone());
            kept.extend(helm::uninstall(&helm, cluster, &request, bounds, events).await?.kept);
        }
        None => {}
    }
    bounds.run(record::remove::<S>(cluster, release)).await??;
    let namespace = bounds.run(cluster.get(Kind::NAMESPACE, None, &release.namespace)).await?;
    // Who may not see namespaces has made none.
    let namespace: Option<Value> = namespace.ok().flatten();
    if let Some(namespace) = namespace.filter(|live| namespace::made_for(&made_for(release), live).is_some())
        && let Removal::Kept(why) = bounds.run(namespace::remove(cluster, &namespace, events)).await??
    {
        kept.push(why);
    }
    Ok(Left::Uninstalled(kept))
}

/// Note on a namespace that was made for a release.
fn made_for(release: &ReleaseId) -> String {
    format!("release {release}")
}

/// Whether a release's record names this user.
pub(crate) async fn is_used_by<S: Shape>(
    cluster: &Cluster,
    release: &ReleaseId,
    id: &SetId,
) -> Result<bool, SharedError> {
    let record = record::read::<S>(cluster, release).await?;
    Ok(record.is_some_and(|record| record.users.contains_key(&id.to_string())))
}
