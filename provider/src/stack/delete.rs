//! Destroy.

use boutique_cluster::applyset::{self, DestroyRequest};
use boutique_cluster::event::Events;
use boutique_core::contract::SetId;
use tfplugin_rs::{Context, Outcome};

use super::Stack;
use super::model::StackModel;
use crate::managed::{VERSION, bounds, cluster_to_destroy, destroyed};

pub(super) async fn delete(ctx: &Context<Stack>, state: StackModel) -> Outcome<StackModel, ()> {
    let cluster = cluster_to_destroy(ctx).await?;
    let id = SetId::stack(state.namespace.require("namespace")?, state.name.require("name")?);
    let events = Events::new(|event| tracing::info!("{event}"));
    let outcome = applyset::destroy(cluster, DestroyRequest::new(id, VERSION), &bounds(ctx), &events).await;
    destroyed::<Stack>(state, outcome)
}
