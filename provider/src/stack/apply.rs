//! Create and update: one way, because applying is the same for a shop that is there and one that is not.

use std::collections::BTreeMap;

use boutique_cluster::apply::PlannedDrift;
use boutique_cluster::applyset::{self, Adopt, Applied, ApplyRequest, Expected, Safeguards};
use boutique_cluster::event::Events;
use boutique_core::contract::SetId;
use boutique_core::render::{self, RenderError};
use boutique_core::spec::StackSpec;
use tfplugin_rs::{Answer, Context, Diagnostic, Diagnostics, Outcome, Value};

use super::model::{StackModel, WaitFor};
use super::specification::{self, Reading};
use super::{Stack, validate, wait};
use crate::connection::sentence;
use crate::control;
use crate::managed::{DRIFT, Run, VERSION, remember_drift, with_unread, with_warnings};

pub(super) async fn apply(ctx: &Context<Stack>, plan: StackModel, prior: Option<StackModel>) -> Outcome<StackModel> {
    let Reading { spec, .. } = specification::read(&plan)?;
    let request = request(ctx, &spec, &plan, prior.is_none())?;
    let run = Run::begin(ctx, plan, prior).await?;
    let (events, mut event_rx) = Events::channel();

    let written =
        run.follow(&mut event_rx, Box::pin(applyset::apply(run.cluster, request, &run.bounds, &events))).await;
    let applied = match written {
        Ok(applied) => applied,
        Err(error) => return run.not_applied(&error),
    };
    ctx.private().remove(DRIFT);
    if run.plan.wait_for() != WaitFor::None {
        run.keep(&applied, &["the wait for the shop did not come to its end; the next apply waits again".to_owned()]);
        if let Err(failure) = run.follow(&mut event_rx, Box::pin(wait::wait(&run, &applied, &events))).await {
            return failure.outcome(&run, &applied);
        }
    }
    read_back(&run, &applied).await
}

/// What the engine is asked to do.
fn request(
    ctx: &Context<Stack>,
    spec: &StackSpec,
    plan: &StackModel,
    is_new: bool,
) -> Result<ApplyRequest, Diagnostics> {
    let manifests = render::stack(spec).map_err(|error| match error {
        RenderError::Invalid { problems } => validate::problems(&problems),
        RenderError::Version(error) => {
            Diagnostic::error("Invalid version", sentence(&error.to_string())).at("version").into()
        }
    })?;
    let stored =
        serde_json::to_value(spec).map_err(|error| Diagnostic::caused_by("The specification has no JSON", &error))?;
    Ok(ApplyRequest {
        planned_drift: ctx.private().get::<Vec<PlannedDrift>>(DRIFT).unwrap_or_default(),
        force_conflicts: plan.force_conflicts == Value::Known(true),
        adopt: if plan.adopt.as_str() == Some("always") { Adopt::Always } else { Adopt::Never },
        expected: if is_new { ctx.data().expected(&spec.id().namespace) } else { Expected::Set },
        release_afterwards: true,
        wait_follows: plan.wait_for() != WaitFor::None,
        safeguards: if control::is_on() { Safeguards::Off } else { Safeguards::On },
        versions: BTreeMap::from([("shop".to_owned(), spec.version.clone())]),
        ..ApplyRequest::new(spec.id(), stored, manifests, VERSION)
    })
}

/// The answer of an apply that did all it should: the truth about the shop as it now is.
async fn read_back(run: &Run<'_, Stack>, applied: &Applied) -> Outcome<StackModel> {
    let (pending, unread) = if run.plan.wait_for() == WaitFor::None {
        // The objects answered a moment ago what they are; reading them again would say the same.
        (Vec::new(), None)
    } else {
        match run.bounds.run(applyset::read(run.cluster, &id(&run.plan))).await {
            Ok(Ok(reading)) => {
                remember_drift(run.ctx, &reading)?;
                (reading.pending, None)
            }
            Ok(Err(error)) => (Vec::new(), Some(error.to_string())),
            Err(interrupted) => (Vec::new(), Some(interrupted.to_string())),
        }
    };
    let answer = with_warnings(control::warn(Answer::from(run.state(applied, &pending))), applied);
    Ok(with_unread::<Stack>(answer, unread))
}

/// The identity of the shop of a plan.
pub(super) fn id(plan: &StackModel) -> SetId {
    let text = |value: &Value<String>| value.as_str().unwrap_or_default().to_owned();
    SetId::stack(text(&plan.namespace), text(&plan.name))
}
