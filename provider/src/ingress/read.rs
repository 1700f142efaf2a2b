//! Refresh: what the cluster says about the edge.

use boutique_cluster::edge::{self, EdgeReading};
use boutique_core::contract::SetId;
use boutique_core::edge::IngressSpec;
use tfplugin_rs::{Answer, Context, Diagnostic, Outcome, Value};

use super::apply::secret_version;
use super::model::IngressModel;
use super::{Ingress, plan, specification};
use crate::connection::sentence;
use crate::managed::{
    Managed as _, Refresh, SKIP, in_time, refresh, refreshed, remember_drift, sentences, take_newest, unreadable,
};
use crate::release;

pub(super) async fn read(
    ctx: &Context<Ingress>,
    mut state: IngressModel,
) -> Outcome<IngressModel, Option<IngressModel>> {
    let cluster = match refresh(ctx).await? {
        Refresh::From(cluster) => cluster,
        Refresh::Keep(Some(warning)) => return Ok(Answer::with(Some(state), warning)),
        Refresh::Keep(None) => return Ok(Some(state).into()),
    };
    let id = SetId::ingress(state.namespace.require("namespace")?, state.name.require("name")?);
    let known = specification::read(&state).ok().map(|reading| reading.spec);
    let asked = edge::read(cluster, &id, known.as_ref(), secret_version(&state));
    let reading = in_time(ctx, &id, asked)
        .await
        .map_err(|why| Diagnostic::error("The ingress cannot be refreshed", format!("{}{SKIP}", sentence(&why))))?;
    if !reading.set.exists {
        return Ok(None.into());
    }
    remember_drift(ctx, &reading.set)?;
    let warning = take_newest::<Ingress>(&mut state, &reading.set, || recorded(&id, &reading));
    fill(&mut state, &reading);
    state.pending = sentences(&reading.pending);
    refreshed(state, warning)
}

/// Fills in what only the cluster tells.
pub(super) fn fill(state: &mut IngressModel, reading: &EdgeReading) {
    if let Some(outputs) = &reading.outputs {
        state.address = outputs.address.clone().into();
        state.url = outputs.url.clone().into();
        state.hosts_entry = outputs.hosts_entry.clone().into();
    }
    if state.tls.known().is_some_and(|tls| tls.self_signed == Value::Known(true)) {
        // A certificate that somebody deleted is no reason to forget whom others trust.
        if reading.authority.is_some() {
            state.ca_certificate = reading.authority.clone().into();
        }
    } else {
        state.ca_certificate = Value::Null;
    }
    release::fill(&mut state.release, reading.release.as_ref());
}

/// The resource as the newest revision records it; none where there is no revision. The error is a warning: somebody
/// with a newer provider applied, and what they said cannot be read here.
pub(super) fn recorded(id: &SetId, reading: &EdgeReading) -> Result<Option<IngressModel>, Diagnostic> {
    let Some(revision) = &reading.set.revision else { return Ok(None) };
    let unreadable = |said: String| unreadable::<Ingress>(id, revision, &said);
    let spec: IngressSpec =
        serde_json::from_value(revision.spec.clone()).map_err(|error| unreadable(error.to_string()))?;
    let mut model = specification::model(&spec);
    model.manifest_digest = plan::manifest_digest(&spec).map_err(|diagnostic| unreadable(diagnostic.detail))?.into();
    model.class = spec.class().into();
    if spec.controller.install {
        // A chart that was read from a folder of another machine cannot be looked at here.
        model.release = plan::release(&spec, None).ok().into();
    }
    model.revision = revision.number.into();
    model.pending = sentences(&reading.pending);
    fill(&mut model, reading);
    Ingress::close(&mut model);
    Ok(Some(model))
}
