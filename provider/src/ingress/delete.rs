//! Destroy.

use boutique_cluster::edge::{self, EdgeDestroy};
use boutique_cluster::event::Events;
use boutique_core::contract::SetId;
use tfplugin_rs::{Context, Outcome};

use super::model::IngressModel;
use super::{Ingress, specification};
use crate::managed::{VERSION, bounds, cluster_to_destroy, destroyed};

pub(super) async fn delete(ctx: &Context<Ingress>, state: IngressModel) -> Outcome<IngressModel, ()> {
    let cluster = cluster_to_destroy(ctx).await?;
    let request = EdgeDestroy {
        id: SetId::ingress(state.namespace.require("namespace")?, state.name.require("name")?),
        spec: specification::read(&state).ok().map(|reading| reading.spec),
        helm: ctx.data().helm().clone(),
        tool_version: VERSION.to_owned(),
    };
    let events = Events::new(|event| tracing::info!("{event}"));
    let outcome = Box::pin(edge::destroy(cluster, request, &bounds(ctx), &events)).await;
    destroyed::<Ingress>(state, outcome)
}
