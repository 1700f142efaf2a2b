//! Refresh: what the cluster says about the shop.

use boutique_cluster::applyset::{self, SetReading};
use boutique_core::contract::SetId;
use boutique_core::render;
use boutique_core::spec::StackSpec;
use tfplugin_rs::{Answer, Context, Diagnostic, Outcome};

use super::model::StackModel;
use super::{Stack, notes, specification};
use crate::connection::sentence;
use crate::managed::{Refresh, SKIP, in_time, refresh, refreshed, remember_drift, sentences, take_newest, unreadable};

pub(super) async fn read(ctx: &Context<Stack>, mut state: StackModel) -> Outcome<StackModel, Option<StackModel>> {
    let cluster = match refresh(ctx).await? {
        Refresh::From(cluster) => cluster,
        Refresh::Keep(Some(warning)) => return Ok(Answer::with(Some(state), warning)),
        Refresh::Keep(None) => return Ok(Some(state).into()),
    };
    let id = SetId::stack(state.namespace.require("namespace")?, state.name.require("name")?);
    let reading = in_time(ctx, &id, applyset::read(cluster, &id))
        .await
        .map_err(|why| Diagnostic::error("The shop cannot be refreshed", format!("{}{SKIP}", sentence(&why))))?;
    if !reading.exists {
        return Ok(None.into());
    }
    remember_drift(ctx, &reading)?;
    // A state from before the attribute; without this its first plan would show a default as a change.
    if state.tracing.is_null() {
        state.tracing = false.into();
    }
    let warning = take_newest::<Stack>(&mut state, &reading, || recorded(&id, &reading));
    let mut pending = reading.pending;
    if ctx.private().get::<bool>(notes::PURCHASE_DUE) == Some(true) {
        pending.push(notes::PURCHASE_DUE_SENTENCE.to_owned());
    }
    state.pending = sentences(&pending);
    refreshed(state, warning)
}

/// The resource as the newest revision records it; none where there is no revision. The error is a warning: somebody
/// with a newer provider applied, and what they said cannot be read here.
pub(super) fn recorded(id: &SetId, reading: &SetReading) -> Result<Option<StackModel>, Diagnostic> {
    let Some(revision) = &reading.revision else { return Ok(None) };
    let unreadable = |said: String| unreadable::<Stack>(id, revision, &said);
    let spec: StackSpec =
        serde_json::from_value(revision.spec.clone()).map_err(|error| unreadable(error.to_string()))?;
    let manifests = render::stack(&spec).map_err(|error| unreadable(error.to_string()))?;
    let effective = render::effective(&spec).map_err(|error| unreadable(error.to_string()))?;
    let mut model = specification::model(&spec);
    // A revision that another release rendered differently is not what this one would write.
    let same = applyset::as_sent(id, &manifests) == revision.objects;
    model.manifest_digest = render::digest(if same { &manifests } else { &revision.objects }).into();
    model.services_effective = specification::effective(effective).into();
    model.revision = revision.number.into();
    model.pending = sentences(&reading.pending);
    Ok(Some(model))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use boutique_core::revision::Revision;
    use serde_json::json;

    use super::*;

    fn mk_reading() -> (SetId, SetReading) {
        let spec = StackSpec::new("shop", "shop");
        let id = spec.id();
        let revision = Revision {
            number: 7,
            spec: serde_json::to_value(&spec).expect("is JSON"),
            objects: applyset::as_sent(&id, &render::stack(&spec).expect("renders")),
            admitted: Vec::new(),
            created_at: "2026-07-11T10:00:00Z".parse().expect("is a time"),
            created_by: "ann@laptop".into(),
            versions: BTreeMap::new(),
        };
        (id, SetReading { exists: true, revision: Some(revision), ..SetReading::default() })
    }

    #[test]
    fn a_revision_gives_back_the_resource_that_it_was_applied_from() {
        let (id, reading) = mk_reading();
        let model = recorded(&id, &reading).expect("reads").expect("is there");
        let manifests = render::stack(&StackSpec::new("shop", "shop")).expect("renders");
        assert_eq!(model.manifest_digest.as_str(), Some(render::digest(&manifests).as_str()));
        assert_eq!((model.id.as_str(), model.revision.known()), (Some("shop/shop"), Some(&7)));
        assert!(model.services.is_null() && model.load_generator.is_null());
    }

    #[test]
    fn a_revision_of_a_release_that_rendered_otherwise_has_another_digest() {
        let (id, mut reading) = mk_reading();
        let same = recorded(&id, &reading).expect("reads").expect("is there").manifest_digest;
        if let Some(revision) = &mut reading.revision {
            revision.objects.pop();
        }
        assert_ne!(recorded(&id, &reading).expect("reads").expect("is there").manifest_digest, same);
    }

    #[test]
    fn settings_of_a_newer_release_are_a_warning_that_names_who_applied_them() {
        let (id, mut reading) = mk_reading();
        if let Some(revision) = &mut reading.revision {
            revision.spec["network_policies"] = json!(true);
        }
        let warning = recorded(&id, &reading).expect_err("cannot be read");
        assert!(!warning.is_error() && warning.detail.contains("ann@laptop"), "{}", warning.detail);
        assert!(warning.detail.contains("network_policies"), "{}", warning.detail);
    }
}
