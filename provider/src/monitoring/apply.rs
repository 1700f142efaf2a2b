//! Create and update: one way, because applying is the same for a monitoring that is there and one that is not.

use boutique_cluster::apply::PlannedDrift;
use boutique_cluster::event::Events;
use boutique_cluster::monitoring::{
    self, MonitoringApplied, MonitoringReading, MonitoringRequest, Until, Unwatched, Watched,
};
use boutique_cluster::shared::ReleaseSettings;
use boutique_core::monitoring::MonitoringSpec;
use tfplugin_rs::{Answer, Context, Diagnostics, Outcome};

use super::model::MonitoringModel;
use super::specification::{self, Reading};
use super::{Monitoring, read, report};
use crate::control;
use crate::managed::{
    DRIFT, Managed as _, Run, VERSION, interrupted, remember_drift, sentences, warn_once, with_unread, with_warnings,
};
use crate::release::{self, Secrets};

/// What is said while nobody knows yet whether the shop is watched.
const NOT_WATCHED: &str = "Prometheus did not scrape the shop after the last apply; the next apply looks again";

pub(super) async fn apply(
    ctx: &Context<Monitoring>,
    plan: MonitoringModel,
    config: &MonitoringModel,
    prior: Option<MonitoringModel>,
) -> Outcome<MonitoringModel> {
    let Reading { spec, .. } = specification::read(&plan)?;
    let settings = settings(ctx, &plan, config)?;
    let run = Run::begin(ctx, plan, prior).await?;
    let password = config.grafana.known().and_then(|grafana| grafana.admin_password_wo.known());
    let request = MonitoringRequest {
        spec: spec.clone(),
        settings,
        grafana_password: password.map(|password| password.expose().to_owned()),
        planned_drift: ctx.private().get::<Vec<PlannedDrift>>(DRIFT).unwrap_or_default(),
        tool_version: VERSION.to_owned(),
    };
    let (events, mut event_rx) = Events::channel();

    let work = Box::pin(monitoring::apply(run.cluster, request, &run.bounds, &events));
    let applied = match run.follow(&mut event_rx, work).await {
        Ok(applied) => applied,
        Err(error) => return run.not_applied(&error),
    };
    ctx.private().remove(DRIFT);
    run.keep(&applied.set, &[NOT_WATCHED.to_owned()]);
    let work = Box::pin(finish(&run, &spec, &applied, &events));
    let watched = match run.follow(&mut event_rx, work).await {
        Ok(watched) => watched,
        Err(unwatched) => {
            let mut state = run.state(&applied.set, &[NOT_WATCHED.to_owned()]);
            read_into(&run, &mut state, &spec).await;
            if unwatched.was_called_off() && run.was_stopped() {
                return interrupted::<Monitoring>(state);
            }
            return run.not_done(state, report::unwatched(&unwatched));
        }
    };
    read_back(&run, &applied, &spec, watched).await
}

/// Waits until the shop is watched, or only says that nothing is waited for.
async fn finish(
    run: &Run<'_, Monitoring>,
    spec: &MonitoringSpec,
    applied: &MonitoringApplied,
    events: &Events,
) -> Result<Watched, Box<Unwatched>> {
    let until = match run.plan.wait.known().and_then(|wait| wait.until.as_str()) {
        Some("none") => {
            return monitoring::finish(run.cluster, spec, VERSION, &run.bounds).await.map(|()| Watched::default());
        }
        Some("ready") => Until::Ready,
        _ => Until::Scraping,
    };
    monitoring::wait(run.cluster, spec, applied, until, VERSION, &run.bounds, events).await
}

/// What the release needs beside the specification.
pub(super) fn settings(
    ctx: &Context<Monitoring>,
    plan: &MonitoringModel,
    config: &MonitoringModel,
) -> Result<ReleaseSettings, Diagnostics> {
    let chart = config.chart.known();
    let secrets = Secrets {
        username: chart.and_then(|chart| chart.username.as_str()),
        password: chart.and_then(|chart| chart.password_wo.known()),
        version: secret_version(config),
        values: specification::secret_values(config)?,
    };
    Ok(release::settings(ctx, secrets, &plan.adopt, plan.force_conflicts))
}

/// The version of the secret values that a resource wants.
pub(super) fn secret_version(model: &MonitoringModel) -> Option<i64> {
    model.chart.known().and_then(|chart| chart.values_wo_version.known().copied())
}

/// Fills in what can be read of a shop that is not watched yet.
async fn read_into(run: &Run<'_, Monitoring>, state: &mut MonitoringModel, spec: &MonitoringSpec) {
    let version = secret_version(state);
    let reading = run.bounds.run(Box::pin(monitoring::read(run.cluster, &spec.id(), Some(spec), version))).await;
    if let Ok(Ok(reading)) = reading {
        read::fill(state, &reading);
    }
    Monitoring::close(state);
}

/// The answer of an apply that did all it should: the truth about the monitoring as it now is.
async fn read_back(
    run: &Run<'_, Monitoring>,
    applied: &MonitoringApplied,
    spec: &MonitoringSpec,
    watched: Watched,
) -> Outcome<MonitoringModel> {
    let mut state = run.state(&applied.set, &[]);
    let version = secret_version(&state);
    let reading = run.bounds.run(Box::pin(monitoring::read(run.cluster, &spec.id(), Some(spec), version))).await;
    let (reading, unread): (Option<MonitoringReading>, Option<String>) = match reading {
        Ok(Ok(reading)) => (Some(reading), None),
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(interrupted) => (None, Some(interrupted.to_string())),
    };
    if let Some(reading) = &reading {
        remember_drift(run.ctx, &reading.set)?;
        read::fill(&mut state, reading);
        state.pending = sentences(&reading.pending);
    }
    Monitoring::close(&mut state);
    let answer = with_warnings(control::warn(Answer::from(state)), &applied.set);
    let answer = warn_once(answer, "Something was kept", &applied.kept);
    let known = applied.warnings.iter().map(ToString::to_string);
    let warnings: Vec<String> = known.chain(watched.warnings).collect();
    let answer = warn_once(answer, "About what is watched", &warnings);
    Ok(with_unread::<Monitoring>(answer, unread))
}
