//! Destroy.

use boutique_cluster::event::Events;
use boutique_cluster::monitoring::{self, MonitoringDestroy};
use boutique_core::contract::SetId;
use tfplugin_rs::{Context, Outcome};

use super::model::MonitoringModel;
use super::{Monitoring, specification};
use crate::managed::{VERSION, bounds, cluster_to_destroy, destroyed};

pub(super) async fn delete(ctx: &Context<Monitoring>, state: MonitoringModel) -> Outcome<MonitoringModel, ()> {
    let cluster = cluster_to_destroy(ctx).await?;
    let request = MonitoringDestroy {
        id: SetId::monitoring(state.namespace.require("namespace")?, state.name.require("name")?),
        spec: specification::read(&state).ok().map(|reading| reading.spec),
        helm: ctx.data().helm().clone(),
        tool_version: VERSION.to_owned(),
    };
    let events = Events::new(|event| tracing::info!("{event}"));
    let outcome = Box::pin(monitoring::destroy(cluster, request, &bounds(ctx), &events)).await;
    destroyed::<Monitoring>(state, outcome)
}
