//! The plan: everything that rendering decides is known, nothing in it rests on a question to the cluster.

use boutique_core::render;
use tfplugin_rs::{Change, Context, Diagnostic, Diagnostics, Plan, Value};

use super::model::StackModel;
use super::specification::{self, Reading};
use super::{Stack, validate};
use crate::connection::sentence;
use crate::managed::{Looked, look_at_namespace};

pub(super) async fn modify(
    ctx: &Context<Stack>,
    change: &Change<StackModel>,
    plan: &mut Plan<StackModel>,
) -> Result<(), Diagnostics> {
    if plan.version.is_unknown() && change.config.version.is_null() {
        plan.version = plan.version_or_newest().into();
    }
    let Reading { spec, complete } = specification::read(plan)?;
    let problems = validate::problems(&spec.validate());
    if problems.has_errors() {
        return Err(problems);
    }
    decide(plan, complete.then_some(&spec))?;
    match &change.prior {
        Some(prior) => settle(prior, plan),
        None => {
            (plan.pending, plan.revision) = (Value::Unknown, Value::Unknown);
            let namespace = plan.namespace.as_str().map(str::to_owned);
            if let Some(namespace) = namespace
                && let Looked::Warning(warning) = look_at_namespace(ctx, &namespace).await
            {
                plan.warn(warning);
            }
        }
    }
    Ok(())
}

/// Fills in what follows from the specification, as far as that is known.
fn decide(plan: &mut StackModel, spec: Option<&boutique_core::spec::StackSpec>) -> Result<(), Diagnostic> {
    let Some(spec) = spec else {
        (plan.services_effective, plan.manifest_digest) = (Value::Unknown, Value::Unknown);
        return Ok(());
    };
    let rendered = render::stack(spec).and_then(|manifests| Ok((manifests, render::effective(spec)?)));
    let (manifests, effective) =
        rendered.map_err(|error| Diagnostic::error("The shop cannot be rendered", sentence(&error.to_string())))?;
    plan.id = spec.id().to_string().into();
    plan.services_effective = specification::effective(effective).into();
    plan.manifest_digest = render::digest(&manifests).into();
    Ok(())
}

/// Says what apply will find out: nothing new where nothing changes and nothing is left to do.
fn settle(prior: &StackModel, plan: &mut StackModel) {
    (plan.pending, plan.revision) = (prior.pending.clone(), prior.revision);
    let nothing_left = prior.pending.known().is_some_and(Vec::is_empty);
    if *plan != *prior || !nothing_left {
        (plan.pending, plan.revision) = (Value::Unknown, Value::Unknown);
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::spec::StackSpec;

    use super::*;

    fn mk_applied() -> StackModel {
        let spec = StackSpec::new("shop", "shop");
        let mut model = specification::model(&spec);
        decide(&mut model, Some(&spec)).expect("renders");
        model.pending = Vec::new().into();
        model.revision = 1.into();
        model
    }

    fn settled(prior: &StackModel, change: impl FnOnce(&mut StackModel)) -> StackModel {
        let mut plan = prior.clone();
        change(&mut plan);
        let Reading { spec, complete } = specification::read(&plan).expect("reads");
        decide(&mut plan, complete.then_some(&spec)).expect("renders");
        settle(prior, &mut plan);
        plan
    }

    #[test]
    fn nothing_changed_and_nothing_pending_is_an_empty_plan() {
        let prior = mk_applied();
        assert_eq!(settled(&prior, |_| ()), prior);
    }

    #[test]
    fn what_is_pending_makes_a_plan_of_its_own() {
        let prior = StackModel { pending: vec!["drift".into()].into(), ..mk_applied() };
        let plan = settled(&prior, |_| ());
        assert!(plan.pending.is_unknown() && plan.revision.is_unknown());
        assert_eq!(plan.manifest_digest, prior.manifest_digest);
    }

    #[test]
    fn a_change_shows_what_it_comes_to_before_it_is_made() {
        let prior = mk_applied();
        let plan = settled(&prior, |plan| plan.profile = "ha".into());
        assert!(plan.pending.is_unknown());
        assert_ne!(plan.manifest_digest, prior.manifest_digest);
        let effective = plan.services_effective.known().expect("is known");
        assert_eq!(effective["frontend"].known().expect("is known").replicas, Value::Known(2));
    }

    #[test]
    fn a_rendering_that_changed_with_the_provider_is_a_change() {
        let prior = StackModel { manifest_digest: "sha256:of-an-older-provider".into(), ..mk_applied() };
        assert!(settled(&prior, |_| ()).pending.is_unknown());
    }

    #[test]
    fn what_is_unknown_leaves_only_what_follows_from_it_unknown() {
        let prior = mk_applied();
        let plan = settled(&prior, |plan| plan.image_registry = Value::Unknown);
        assert!(plan.services_effective.is_unknown() && plan.manifest_digest.is_unknown() && plan.pending.is_unknown());
        assert_eq!(plan.profile, prior.profile);
    }

    #[test]
    fn a_resource_survives_its_way_through_the_specification() {
        let mut model = mk_applied();
        model.wait = super::super::model::WaitModel { until: "purchase".into() }.into();
        model.timeouts = tfplugin_rs::Timeouts { create: "10m".into(), ..Default::default() }.into();
        model.adopt = "always".into();
        let spec = specification::read(&model).expect("reads").spec;
        let again = specification::model(&spec);
        assert_eq!(
            (again.wait, again.timeouts, again.adopt, again.services),
            (model.wait, model.timeouts, model.adopt, Value::Null)
        );
    }
}
