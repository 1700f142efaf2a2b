//! Refresh: what the cluster says about the shop.

use boutique_cluster::stack::{self, StackReading};
use boutique_core::contract::StackId;
use boutique_core::render;
use boutique_core::spec::StackSpec;
use tfplugin_rs::{Answer, Context, Diagnostic, Outcome};

use super::apply::sentences;
use super::model::StackModel;
use super::{Stack, notes, specification};
use crate::connection::{NoCluster, sentence};

/// How to do without the cluster.
pub(super) const SKIP: &str =
    " To plan without the cluster, use -refresh=false, or set offline = true in the provider block.";

pub(super) async fn read(ctx: &Context<Stack>, mut state: StackModel) -> Outcome<StackModel, Option<StackModel>> {
    let cluster = match ctx.data().cluster().await {
        Ok(cluster) => cluster,
        Err(reason @ NoCluster::Broken(_)) => {
            let mut error = reason.error("refresh the shop");
            error.detail.push_str(SKIP);
            return Err(error.into());
        }
        // An error here would make it impossible to plan the cluster that the shop lives in.
        Err(reason) => {
            return Ok(match reason.not_checked() {
                Some(warning) => Answer::with(Some(state), warning),
                None => Some(state).into(),
            });
        }
    };
    let id = StackId::new(state.namespace.require("namespace")?, state.name.require("name")?);
    let reading = stack::read(cluster, &id).await.map_err(|error| {
        Diagnostic::error("The shop cannot be refreshed", format!("{}{SKIP}", sentence(&error.to_string())))
    })?;
    if !reading.exists {
        return Ok(None.into());
    }
    notes::remember_drift(ctx, &reading)?;
    let mut warning = None;
    if let Some(revision) = &reading.revision
        && state.revision.known() != Some(&revision.number)
    {
        match recorded(&id, &reading) {
            Ok(Some(recorded)) => state = recorded,
            Ok(None) => {}
            Err(diagnostic) => warning = Some(diagnostic),
        }
    }
    let mut pending = reading.pending;
    if ctx.private().get::<bool>(notes::PURCHASE_DUE) == Some(true) {
        pending.push(notes::PURCHASE_DUE_SENTENCE.to_owned());
    }
    state.pending = sentences(&pending);
    Ok(match warning {
        Some(warning) => Answer::with(Some(state), warning),
        None => Some(state).into(),
    })
}

/// The resource as the newest revision records it; none where there is no revision. The error is a warning: somebody
/// with a newer provider applied, and what they said cannot be read here.
pub(super) fn recorded(id: &StackId, reading: &StackReading) -> Result<Option<StackModel>, Diagnostic> {
    let Some(revision) = &reading.revision else { return Ok(None) };
    let unreadable = |said: String| {
        Diagnostic::warning(
            "The newest revision cannot be read",
            format!(
                "Revision {} of {id} was written by {} with settings that this provider does not know ({said}). Use the \
                 release that wrote it, or a newer one; an apply with this one sets the shop back to this configuration.",
                revision.number, revision.created_by
            ),
        )
    };
    let spec: StackSpec =
        serde_json::from_value(revision.spec.clone()).map_err(|error| unreadable(error.to_string()))?;
    let manifests = render::stack(&spec).map_err(|error| unreadable(error.to_string()))?;
    let effective = render::effective(&spec).map_err(|error| unreadable(error.to_string()))?;
    let mut model = specification::model(&spec);
    // A revision that another release rendered differently is not what this one would write.
    let same = stack::as_sent(id, &manifests) == revision.objects;
    model.manifest_digest = render::digest(if same { &manifests } else { &revision.objects }).into();
    model.services_effective = specification::effective(effective).into();
    model.revision = revision.number.into();
    model.pending = sentences(&reading.pending);
    Ok(Some(model))
}
