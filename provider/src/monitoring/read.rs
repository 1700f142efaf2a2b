//! Refresh: what the cluster says about the monitoring.

use boutique_cluster::monitoring::{self, MonitoringReading};
use boutique_core::contract::SetId;
use boutique_core::monitoring::MonitoringSpec;
use tfplugin_rs::{Answer, Context, Diagnostic, Outcome};

use super::apply::secret_version;
use super::model::MonitoringModel;
use super::{Monitoring, plan, specification};
use crate::connection::sentence;
use crate::managed::{
    Managed as _, Refresh, SKIP, in_time, refresh, refreshed, remember_drift, sentences, take_newest, unreadable,
};
use crate::release;

pub(super) async fn read(
    ctx: &Context<Monitoring>,
    mut state: MonitoringModel,
) -> Outcome<MonitoringModel, Option<MonitoringModel>> {
    let cluster = match refresh(ctx).await? {
        Refresh::From(cluster) => cluster,
        Refresh::Keep(Some(warning)) => return Ok(Answer::with(Some(state), warning)),
        Refresh::Keep(None) => return Ok(Some(state).into()),
    };
    let id = SetId::monitoring(state.namespace.require("namespace")?, state.name.require("name")?);
    let known = specification::read(&state).ok().map(|reading| reading.spec);
    let asked = Box::pin(monitoring::read(cluster, &id, known.as_ref(), secret_version(&state)));
    let reading = in_time(ctx, &id, asked)
        .await
        .map_err(|why| Diagnostic::error("The monitoring cannot be refreshed", format!("{}{SKIP}", sentence(&why))))?;
    if !reading.set.exists {
        return Ok(None.into());
    }
    remember_drift(ctx, &reading.set)?;
    let warning = take_newest::<Monitoring>(&mut state, &reading.set, || recorded(&id, &reading));
    fill(&mut state, &reading);
    state.pending = sentences(&reading.pending);
    refreshed(state, warning)
}

/// Fills in what only the cluster tells.
pub(super) fn fill(state: &mut MonitoringModel, reading: &MonitoringReading) {
    release::fill(&mut state.release, reading.release.as_ref());
    state.prometheus_service = reading.prometheus.as_ref().map(|place| place.id()).into();
    state.prometheus_url = reading.prometheus.as_ref().map(|place| place.url()).into();
    state.grafana_url = reading.grafana_url.clone().into();
}

/// The resource as the newest revision records it; none where there is no revision. The error is a warning: somebody
/// with a newer provider applied, and what they said cannot be read here.
pub(super) fn recorded(id: &SetId, reading: &MonitoringReading) -> Result<Option<MonitoringModel>, Diagnostic> {
    let Some(revision) = &reading.set.revision else { return Ok(None) };
    let unreadable = |said: String| unreadable::<Monitoring>(id, revision, &said);
    let spec: MonitoringSpec =
        serde_json::from_value(revision.spec.clone()).map_err(|error| unreadable(error.to_string()))?;
    let mut model = specification::model(&spec);
    model.manifest_digest = plan::manifest_digest(&spec).map_err(|diagnostic| unreadable(diagnostic.detail))?.into();
    model.grafana_secret = plan::grafana_secret(&spec);
    if !spec.chart.existing {
        // A chart that was read from a folder of another machine cannot be looked at here.
        model.release = plan::release(&spec, None).ok().into();
    }
    model.revision = revision.number.into();
    model.pending = sentences(&reading.pending);
    fill(&mut model, reading);
    Monitoring::close(&mut model);
    Ok(Some(model))
}
