//! Create and update: one way, because applying is the same for a shop that is there and one that is not.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use boutique_cluster::apply::PlannedDrift;
use boutique_cluster::bounds::Bounds;
use boutique_cluster::connect::Cluster;
use boutique_cluster::event::{Event, Events};
use boutique_cluster::stack::{self, Adopt, Applied, ApplyRequest};
use boutique_core::render::{self, RenderError};
use boutique_core::spec::StackSpec;
use tfplugin_rs::{Answer, Context, Diagnostic, Diagnostics, Outcome, Value};
use tokio::sync::mpsc::UnboundedReceiver;

use super::model::{StackModel, WaitFor};
use super::specification::{self, Reading};
use super::{Stack, VERSION, notes, report, validate, wait};
use crate::connection::sentence;

/// Time kept back from the practitioner's timeout, to find out why it passed.
const TO_EXPLAIN: Duration = Duration::from_secs(3);

/// One apply under way.
pub(super) struct Run<'a> {
    pub(super) ctx: &'a Context<Stack>,
    pub(super) cluster: &'a Cluster,
    pub(super) bounds: Bounds,
    pub(super) plan: StackModel,
    /// None while the shop is created.
    pub(super) prior: Option<StackModel>,
}

pub(super) async fn apply(ctx: &Context<Stack>, plan: StackModel, prior: Option<StackModel>) -> Outcome<StackModel> {
    let Reading { spec, .. } = specification::read(&plan)?;
    let request = request(ctx, &spec, &plan)?;
    let cluster = ctx.data().cluster().await.map_err(|reason| reason.error("apply the shop"))?;
    let deadline = ctx.deadline().checked_sub(TO_EXPLAIN).unwrap_or_else(|| ctx.deadline());
    let bounds = Bounds { cancel: ctx.cancellation_token(), deadline: deadline.into() };
    let run = Run { ctx, cluster, bounds, plan, prior };
    let (events, mut event_rx) = Events::channel();

    let written = run.follow(&mut event_rx, Box::pin(stack::apply(cluster, request, &run.bounds, &events))).await;
    let applied = match written {
        Ok(applied) => applied,
        Err(error) => return report::not_applied(&run, &error),
    };
    ctx.private().remove(notes::DRIFT);
    run.keep(&applied, &["the wait for the shop did not come to its end; the next apply waits again".to_owned()]);
    if run.plan.wait_for() != WaitFor::None
        && let Err(failure) = run.follow(&mut event_rx, Box::pin(wait::wait(&run, &applied, &events))).await
    {
        return failure.outcome(&run, &applied);
    }
    run.read_back(&applied).await
}

/// What the engine is asked to do.
fn request(ctx: &Context<Stack>, spec: &StackSpec, plan: &StackModel) -> Result<ApplyRequest, Diagnostics> {
    let manifests = render::stack(spec).map_err(|error| match error {
        RenderError::Invalid { problems } => validate::problems(&problems),
        RenderError::Version(error) => {
            Diagnostic::error("Invalid version", sentence(&error.to_string())).at("version").into()
        }
    })?;
    let stored =
        serde_json::to_value(spec).map_err(|error| Diagnostic::caused_by("The specification has no JSON", &error))?;
    Ok(ApplyRequest {
        planned_drift: ctx.private().get::<Vec<PlannedDrift>>(notes::DRIFT).unwrap_or_default(),
        force_conflicts: plan.force_conflicts == Value::Known(true),
        adopt: if plan.adopt.as_str() == Some("always") { Adopt::Always } else { Adopt::Never },
        wait_follows: plan.wait_for() != WaitFor::None,
        versions: BTreeMap::from([("shop".to_owned(), spec.version.clone())]),
        ..ApplyRequest::new(spec.id(), stored, manifests, VERSION)
    })
}

impl Run<'_> {
    /// Does the work, logs what happens, and notes as soon as something exists that it does.
    async fn follow<T>(&self, event_rx: &mut UnboundedReceiver<Event>, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(event) = event_rx.recv() => self.note(&event),
                done = &mut work => return done,
            }
        }
    }

    fn note(&self, event: &Event) {
        match event {
            Event::Warning(_) => tracing::warn!("{event}"),
            _ => tracing::info!("{event}"),
        }
        if matches!(event, Event::Applied(_)) {
            self.ctx.checkpoint(&self.half_written());
        }
    }

    /// Saves that everything is written, and what is left to do.
    fn keep(&self, applied: &Applied, pending: &[String]) {
        self.ctx.checkpoint(&self.state(applied, pending));
    }

    /// The state once everything is written.
    pub(super) fn state(&self, applied: &Applied, pending: &[String]) -> StackModel {
        let mut state = self.plan.clone();
        state.revision = applied.revision.into();
        state.pending = sentences(pending);
        state
    }

    /// The state while only a part is written: what was planned for a new shop, what was there for one that changes, so
    /// that the next plan shows the change again.
    pub(super) fn half_written(&self) -> StackModel {
        let mut state = self.prior.clone().unwrap_or_else(|| self.plan.clone());
        state.pending = sentences(&["the last apply did not come to its end; the next apply completes it".to_owned()]);
        if !state.revision.is_known() {
            state.revision = Value::Null;
        }
        state
    }

    /// The answer of an apply that did all it should: the truth about the shop as it now is.
    async fn read_back(self, applied: &Applied) -> Outcome<StackModel> {
        let read = self.bounds.run(stack::read(self.cluster, &self.id())).await;
        let (pending, unread) = match read {
            Ok(Ok(reading)) => {
                notes::remember_drift(self.ctx, &reading)?;
                (reading.pending, None)
            }
            Ok(Err(error)) => (Vec::new(), Some(error.to_string())),
            Err(interrupted) => (Vec::new(), Some(interrupted.to_string())),
        };
        let mut answer = Answer::from(self.state(applied, &pending));
        for warning in &applied.warnings {
            answer = answer.warn("The API server warns", sentence(warning));
        }
        match unread {
            Some(why) => Ok(answer.warn(
                "The shop was not read back",
                format!("It is applied. Whether somebody changed it meanwhile is not known: {}", sentence(&why)),
            )),
            None => Ok(answer),
        }
    }

    pub(super) fn id(&self) -> boutique_core::contract::StackId {
        let text = |value: &Value<String>| value.as_str().unwrap_or_default().to_owned();
        boutique_core::contract::StackId::new(text(&self.plan.namespace), text(&self.plan.name))
    }
}

/// The attribute `pending`.
pub(super) fn sentences(pending: &[String]) -> Value<Vec<Value<String>>> {
    pending.iter().cloned().map(Value::Known).collect::<Vec<_>>().into()
}
