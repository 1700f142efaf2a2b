//! Import by `namespace/name`: the settings come from the newest revision.

use boutique_cluster::applyset;
use boutique_core::contract::{Owner, SetId};
use tfplugin_rs::{Context, Diagnostic, Outcome};

use super::model::StackModel;
use super::{Stack, read};
use crate::connection::sentence;
use crate::managed::{no_revision, remember_drift};

pub(super) async fn import(ctx: &Context<Stack>, id: &str) -> Outcome<StackModel> {
    let id = SetId::parse(Owner::Stack, id.trim())
        .map_err(|error| Diagnostic::error("Invalid import id", sentence(&error.to_string())))?;
    let cluster = ctx.data().cluster().await.map_err(|reason| reason.error("import the shop"))?;
    let reading = applyset::read(cluster, &id)
        .await
        .map_err(|error| Diagnostic::error("The shop cannot be imported", sentence(&error.to_string())))?;
    if !reading.exists {
        return Err(Diagnostic::error(
            "There is no such shop",
            format!(
                "Nothing in the cluster {} belongs to the stack {id}. A shop that kubectl or Helm installed has no stack \
                 yet: give a boutique_stack the same namespace and adopt = \"always\", and apply it instead.",
                cluster.server()
            ),
        )
        .into());
    }
    let Some(model) = read::recorded(&id, &reading)? else {
        return Err(no_revision::<Stack>(&id).into());
    };
    remember_drift(ctx, &reading)?;
    Ok(model.into())
}
