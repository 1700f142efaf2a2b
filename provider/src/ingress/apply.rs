//! Create and update: one way, because applying is the same for an ingress that is there and one that is not.

use boutique_cluster::apply::PlannedDrift;
use boutique_cluster::edge::{self, EdgeApplied, EdgeReading, EdgeRequest, Reached};
use boutique_cluster::event::Events;
use boutique_cluster::shared::ReleaseSettings;
use boutique_core::edge::IngressSpec;
use tfplugin_rs::{Answer, Context, Diagnostics, Outcome};

use super::model::IngressModel;
use super::specification::{self, Reading};
use super::{Ingress, read, report};
use crate::control;
use crate::managed::{
    DRIFT, Managed as _, Run, VERSION, interrupted, remember_drift, sentences, warn_once, with_unread, with_warnings,
};
use crate::release::{self, Secrets};

/// What is said while nobody knows yet whether the shop is reached.
pub(super) const NOT_REACHED: &str =
    "the shop was not reached through the edge after the last apply; the next apply tries again";

pub(super) async fn apply(
    ctx: &Context<Ingress>,
    plan: IngressModel,
    config: &IngressModel,
    prior: Option<IngressModel>,
) -> Outcome<IngressModel> {
    let Reading { spec, .. } = specification::read(&plan)?;
    let settings = settings(ctx, &plan, config)?;
    let run = Run::begin(ctx, plan, prior).await?;
    let request = EdgeRequest {
        spec: spec.clone(),
        settings,
        planned_drift: ctx.private().get::<Vec<PlannedDrift>>(DRIFT).unwrap_or_default(),
        tool_version: VERSION.to_owned(),
    };
    let (events, mut event_rx) = Events::channel();

    let work = Box::pin(edge::apply(run.cluster, request, &run.bounds, &events));
    let applied = match run.follow(&mut event_rx, work).await {
        Ok(applied) => applied,
        Err(error) => return run.not_applied(&error),
    };
    ctx.private().remove(DRIFT);
    run.keep(&applied.set, &[NOT_REACHED.to_owned()]);
    let wait = run.plan.wait.known().and_then(|wait| wait.until.as_str()) != Some("none");
    let work = Box::pin(finish(&run, &spec, &applied, wait));
    let reached = match run.follow(&mut event_rx, work).await {
        Ok(reached) => reached,
        Err(unreached) => {
            let mut state = state(&run, &applied, &[NOT_REACHED.to_owned()]);
            read_into(&run, &mut state, &spec).await;
            if report::was_called_off(&unreached) && run.was_stopped() {
                return interrupted::<Ingress>(state);
            }
            return run.not_done(state, report::unreached(&unreached));
        }
    };
    read_back(&run, &applied, &spec, reached).await
}

/// Waits until the shop is reached, or only says that nothing is waited for.
async fn finish(
    run: &Run<'_, Ingress>,
    spec: &IngressSpec,
    applied: &EdgeApplied,
    wait: bool,
) -> Result<Option<Reached>, Box<edge::Unreached>> {
    if wait {
        let authority = applied.authority.as_deref();
        return edge::wait(run.cluster, spec, authority, VERSION, &run.bounds).await.map(Some);
    }
    edge::finish(run.cluster, spec, VERSION, &run.bounds).await.map(|()| None)
}

/// What the controller's release needs beside the specification.
pub(super) fn settings(
    ctx: &Context<Ingress>,
    plan: &IngressModel,
    config: &IngressModel,
) -> Result<ReleaseSettings, Diagnostics> {
    let controller = config.controller.known();
    let chart = controller.and_then(|controller| controller.chart.known());
    let secrets = Secrets {
        username: chart.and_then(|chart| chart.username.as_str()),
        password: chart.and_then(|chart| chart.password_wo.known()),
        version: controller.and_then(|controller| controller.values_wo_version.known().copied()),
        values: specification::secret_values(config)?,
    };
    Ok(release::settings(ctx, secrets, &plan.adopt, plan.force_conflicts))
}

/// The state once everything is written.
fn state(run: &Run<'_, Ingress>, applied: &EdgeApplied, pending: &[String]) -> IngressModel {
    let mut state = run.state(&applied.set, pending);
    state.ca_certificate = applied.authority.clone().into();
    state
}

/// Fills in what can be read of an edge that is not reached yet.
async fn read_into(run: &Run<'_, Ingress>, state: &mut IngressModel, spec: &IngressSpec) {
    let version = secret_version(state);
    let reading = run.bounds.run(edge::read(run.cluster, &spec.id(), Some(spec), version)).await;
    if let Ok(Ok(reading)) = reading {
        read::fill(state, &reading);
    }
    Ingress::close(state);
}

/// The version of the secret values that a resource wants.
pub(super) fn secret_version(model: &IngressModel) -> Option<i64> {
    model.controller.known().and_then(|controller| controller.values_wo_version.known().copied())
}

/// The answer of an apply that did all it should: the truth about the edge as it now is.
async fn read_back(
    run: &Run<'_, Ingress>,
    applied: &EdgeApplied,
    spec: &IngressSpec,
    reached: Option<Reached>,
) -> Outcome<IngressModel> {
    let mut state = state(run, applied, &[]);
    let reading = run.bounds.run(edge::read(run.cluster, &spec.id(), Some(spec), secret_version(&state))).await;
    let (reading, unread): (Option<EdgeReading>, Option<String>) = match reading {
        Ok(Ok(reading)) => (Some(reading), None),
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(interrupted) => (None, Some(interrupted.to_string())),
    };
    if let Some(reading) = &reading {
        remember_drift(run.ctx, &reading.set)?;
        read::fill(&mut state, reading);
        state.pending = sentences(&reading.pending);
    }
    Ingress::close(&mut state);
    let answer = with_warnings(control::warn(Answer::from(state)), &applied.set);
    let answer = warn_once(answer, "Something was kept", &applied.kept);
    let warnings = reached.map(|reached| reached.warnings).unwrap_or_default();
    let answer = warn_once(answer, "About the way in", &warnings);
    Ok(with_unread::<Ingress>(answer, unread))
}
