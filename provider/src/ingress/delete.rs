//! Destroy.

use boutique_cluster::applyset::Cause;
use boutique_cluster::bounds::Bounds;
use boutique_cluster::edge::{self, EdgeDestroy};
use boutique_cluster::event::Events;
use boutique_core::contract::SetId;
use tfplugin_rs::{Answer, Context, Diagnostic, Diagnostics, Failure, Outcome};

use super::model::IngressModel;
use super::{Ingress, specification};
use crate::connection::sentence;
use crate::managed::{VERSION, cluster_to_destroy, sentences};

pub(super) async fn delete(ctx: &Context<Ingress>, mut state: IngressModel) -> Outcome<IngressModel, ()> {
    let cluster = cluster_to_destroy(ctx).await?;
    let request = EdgeDestroy {
        id: SetId::ingress(state.namespace.require("namespace")?, state.name.require("name")?),
        spec: specification::read(&state).ok().map(|reading| reading.spec),
        helm: ctx.data().helm().clone(),
        tool_version: VERSION.to_owned(),
    };
    let bounds = Bounds { cancel: ctx.cancellation_token(), deadline: ctx.deadline().into() };
    let events = Events::new(|event| tracing::info!("{event}"));
    match Box::pin(edge::destroy(cluster, request, &bounds, &events)).await {
        Ok(destroyed) if destroyed.kept.is_empty() => Ok(().into()),
        Ok(destroyed) => {
            let mut diagnostics = Diagnostics::none();
            let kept: Vec<String> = destroyed.kept.iter().map(|kept| sentence(kept)).collect();
            diagnostics.push(Diagnostic::warning("Something was kept", kept.join("\n")));
            Ok(Answer::with((), diagnostics))
        }
        Err(error) => {
            let summary = match &error.cause {
                Cause::Interrupted(_) => "The destroy was interrupted",
                Cause::Staying(_) => "Some objects do not go",
                _ => "The ingress was not destroyed",
            };
            let left = "the destroy did not come to its end; destroy again, or apply to restore the ingress".to_owned();
            state.pending = sentences(&[left]);
            let detail =
                format!("{} What is left stays in the state; destroy again to go on.", sentence(&error.to_string()));
            Err(Failure::with_state(state, Diagnostic::error(summary, detail)))
        }
    }
}
