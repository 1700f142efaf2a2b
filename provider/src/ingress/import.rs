//! Import by `namespace/name`: the settings come from the newest revision.

use boutique_cluster::edge;
use boutique_core::contract::{Owner, SetId};
use tfplugin_rs::{Context, Diagnostic, Outcome};

use super::model::IngressModel;
use super::{Ingress, read};
use crate::connection::sentence;
use crate::managed::{no_revision, remember_drift};

pub(super) async fn import(ctx: &Context<Ingress>, id: &str) -> Outcome<IngressModel> {
    let id = SetId::parse(Owner::Ingress, id.trim())
        .map_err(|error| Diagnostic::error("Invalid import id", sentence(&error.to_string())))?;
    let cluster = ctx.data().cluster().await.map_err(|reason| reason.error("import the ingress"))?;
    let reading = edge::read(cluster, &id, None, None)
        .await
        .map_err(|error| Diagnostic::error("The ingress cannot be imported", sentence(&error.to_string())))?;
    if !reading.set.exists {
        return Err(Diagnostic::error(
            "There is no such ingress",
            format!(
                "Nothing in the cluster {} belongs to the ingress {id}. Ingress objects that others made have none yet: give \
                 a boutique_ingress the same name, namespace and host, and adopt = \"always\", and apply it instead.",
                cluster.server()
            ),
        )
        .into());
    }
    let Some(model) = read::recorded(&id, &reading)? else {
        return Err(no_revision::<Ingress>(&id).into());
    };
    remember_drift(ctx, &reading.set)?;
    Ok(model.into())
}
