//! Import by `namespace/name`: the settings come from the newest revision.

use boutique_cluster::monitoring;
use boutique_core::contract::{Owner, SetId};
use tfplugin_rs::{Context, Diagnostic, Outcome};

use super::model::MonitoringModel;
use super::{Monitoring, read};
use crate::connection::sentence;
use crate::managed::{no_revision, remember_drift};

pub(super) async fn import(ctx: &Context<Monitoring>, id: &str) -> Outcome<MonitoringModel> {
    let id = SetId::parse(Owner::Monitoring, id.trim())
        .map_err(|error| Diagnostic::error("Invalid import id", sentence(&error.to_string())))?;
    let cluster = ctx.data().cluster().await.map_err(|reason| reason.error("import the monitoring"))?;
    let reading = Box::pin(monitoring::read(cluster, &id, None, None))
        .await
        .map_err(|error| Diagnostic::error("The monitoring cannot be imported", sentence(&error.to_string())))?;
    if !reading.set.exists {
        return Err(Diagnostic::error(
            "There is no such monitoring",
            format!(
                "Nothing in the cluster {} belongs to the monitoring {id}. An operator that others installed has none yet: \
                 give a boutique_monitoring this name and namespace with chart = {{ existing = true }}, and apply it instead.",
                cluster.server()
            ),
        )
        .into());
    }
    let Some(model) = read::recorded(&id, &reading)? else {
        return Err(no_revision::<Monitoring>(&id).into());
    };
    remember_drift(ctx, &reading.set)?;
    Ok(model.into())
}
