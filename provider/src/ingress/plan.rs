//! The plan: what rendering decides is known, nothing in it rests on a question to the cluster or to a repository.

use boutique_cluster::bounds::Bounds;
use boutique_cluster::edge::crd_changes;
use boutique_cluster::shared::ReleaseSettings;
use boutique_core::edge::{self, IngressSpec, Inputs};
use boutique_core::render::digest;
use tfplugin_rs::{Change, Context, Diagnostic, Diagnostics, Path, Plan, Value};

use super::Ingress;
use super::apply::settings;
use super::model::IngressModel;
use super::specification::{self, Reading};
use super::validate;
use crate::connection::sentence;
use crate::managed::{Looked, look_at_namespace};
use crate::release::{self, ReleaseModel};

/// Stands for the controller's address in the digest of the routes: the real one is known only when it is there.
const SOME_ADDRESS: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

pub(super) async fn modify(
    ctx: &Context<Ingress>,
    change: &Change<IngressModel>,
    plan: &mut Plan<IngressModel>,
) -> Result<(), Diagnostics> {
    let reading = specification::read(plan)?;
    let problems = validate::problems(plan, &reading.spec);
    if problems.has_errors() {
        return Err(problems);
    }
    decide(plan, &reading, change.prior.as_ref())?;
    match &change.prior {
        Some(prior) => {
            settle(prior, plan);
            if release::changes_chart(&prior.release, &plan.release) {
                let settings = settings(ctx, plan, &change.config)?;
                if let Some(warning) = crds(ctx, &reading.spec, &settings).await {
                    plan.warn(warning);
                }
            }
        }
        None => {
            open(plan);
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
fn decide(plan: &mut IngressModel, reading: &Reading, prior: Option<&IngressModel>) -> Result<(), Diagnostic> {
    let Reading { spec, complete, controller_complete } = reading;
    let prior_release = prior.and_then(|prior| prior.release.known());
    plan.release = match (spec.controller.install, controller_complete) {
        (_, false) => Value::Unknown,
        (false, true) => Value::Null,
        (true, true) => release(spec, prior_release)?.into(),
    };
    plan.class = if *controller_complete { spec.class().into() } else { Value::Unknown };
    if !complete {
        plan.manifest_digest = Value::Unknown;
        return Ok(());
    }
    plan.id = spec.id().to_string().into();
    plan.manifest_digest = manifest_digest(spec)?.into();
    Ok(())
}

/// Digest of the routes.
pub(super) fn manifest_digest(spec: &IngressSpec) -> Result<String, Diagnostic> {
    let inputs = Inputs { edge_address: Some(SOME_ADDRESS), ..Inputs::default() };
    let manifests = edge::render(spec, &inputs)
        .map_err(|error| Diagnostic::error("The ingress cannot be rendered", sentence(&error.to_string())))?;
    Ok(digest(&manifests))
}

/// The release as it will be.
pub(super) fn release(spec: &IngressSpec, prior: Option<&ReleaseModel>) -> Result<ReleaseModel, Diagnostic> {
    let id = (spec.controller_namespace(), spec.release());
    release::planned(id, edge::chart(spec), &edge::values(spec), &chart_path(), prior)
}

fn chart_path() -> Path {
    Path::attribute("controller").then("chart")
}

/// What the new chart changes of the CRDs in the cluster.
async fn crds(ctx: &Context<Ingress>, spec: &IngressSpec, settings: &ReleaseSettings) -> Option<Diagnostic> {
    let cluster = ctx.data().cluster().await.ok()?;
    let compared = Box::pin(crd_changes(cluster, spec, settings, &Bounds::within(release::LOOK))).await;
    release::crd_warning(compared, &chart_path())
}

/// What only apply will tell.
fn open(plan: &mut IngressModel) {
    (plan.pending, plan.revision) = (Value::Unknown, Value::Unknown);
    (plan.address, plan.url, plan.hosts_entry) = (Value::Unknown, Value::Unknown, Value::Unknown);
    let is_self_signed = match &plan.tls {
        Value::Known(tls) => tls.self_signed != Value::Known(false),
        Value::Unknown => true,
        Value::Null => false,
    };
    plan.ca_certificate = if is_self_signed { Value::Unknown } else { Value::Null };
    release::open(&mut plan.release);
}

/// Says what apply will find out: nothing new where nothing changes and nothing is left to do.
fn settle(prior: &IngressModel, plan: &mut IngressModel) {
    (plan.pending, plan.revision) = (prior.pending.clone(), prior.revision);
    (plan.address, plan.url, plan.hosts_entry) = (prior.address.clone(), prior.url.clone(), prior.hosts_entry.clone());
    plan.ca_certificate = prior.ca_certificate.clone();
    let nothing_left = prior.pending.known().is_some_and(Vec::is_empty);
    if *plan != *prior || !nothing_left {
        open(plan);
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::edge::{ControllerKind, TlsSpec};
    use serde_json::json;

    use super::*;
    use crate::dynamic;

    fn mk_spec() -> IngressSpec {
        let mut spec = IngressSpec::new("shop", "shop", "shop.local", ControllerKind::Traefik);
        spec.controller.install = true;
        spec.tls = Some(TlsSpec { self_signed: true, ..TlsSpec::default() });
        spec
    }

    fn mk_applied() -> IngressModel {
        let mut model = specification::model(&mk_spec());
        let reading = specification::read(&model).expect("reads");
        decide(&mut model, &reading, None).expect("renders");
        (model.pending, model.revision) = (Vec::new().into(), 1.into());
        (model.address, model.url) = ("192.0.2.7".into(), "https://shop.local".into());
        model.hosts_entry = "192.0.2.7 shop.local".into();
        model.ca_certificate = "PEM".into();
        if let Value::Known(release) = &mut model.release {
            (release.chart_version, release.app_version) = ("41.3.0".into(), "v3.7.11".into());
            release.revision = 1.into();
        }
        model
    }

    fn settled(prior: &IngressModel, change: impl FnOnce(&mut IngressModel)) -> IngressModel {
        let mut plan = prior.clone();
        change(&mut plan);
        let reading = specification::read(&plan).expect("reads");
        decide(&mut plan, &reading, Some(prior)).expect("renders");
        settle(prior, &mut plan);
        plan
    }

    fn set_values(plan: &mut IngressModel, values: &serde_json::Value) {
        if let Value::Known(controller) = &mut plan.controller {
            controller.values = dynamic::any(values).into();
        }
    }

    #[test]
    fn nothing_changed_and_nothing_pending_is_an_empty_plan() {
        let prior = mk_applied();
        assert_eq!(settled(&prior, |_| ()), prior);
    }

    #[test]
    fn what_is_pending_makes_a_plan_of_its_own() {
        let prior = IngressModel { pending: vec!["drift".into()].into(), ..mk_applied() };
        let plan = settled(&prior, |_| ());
        assert!(plan.pending.is_unknown() && plan.revision.is_unknown() && plan.ca_certificate.is_unknown());
        assert_eq!((plan.manifest_digest, plan.class), (prior.manifest_digest, prior.class));
    }

    #[test]
    fn a_change_of_values_shows_by_path_before_it_is_made() {
        let prior = mk_applied();
        let plan = settled(&prior, |plan| set_values(plan, &json!({"deployment": {"replicas": 2}})));
        let release = plan.release.known().expect("is known");
        let values = release.values.known().expect("is known");
        assert_eq!(values["deployment.replicas"].as_str(), Some("2"));
        assert!(release.chart_version.is_unknown() && plan.pending.is_unknown());
        assert_eq!(plan.manifest_digest, prior.manifest_digest, "the routes stay");
    }

    #[test]
    fn an_unknown_value_leaves_only_what_follows_from_it_unknown() {
        let prior = mk_applied();
        let plan = settled(&prior, |plan| {
            if let Value::Known(controller) = &mut plan.controller {
                controller.class = Value::Unknown;
            }
        });
        assert!(plan.release.is_unknown() && plan.class.is_unknown() && plan.manifest_digest.is_unknown());
        assert_eq!(plan.host, prior.host);
    }

    #[test]
    fn without_a_certificate_of_our_own_there_is_no_authority_and_without_an_installation_no_release() {
        let plan = settled(&mk_applied(), |plan| {
            plan.tls = Value::Null;
            if let Value::Known(controller) = &mut plan.controller {
                controller.install = false.into();
            }
        });
        assert!(plan.ca_certificate.is_null() && plan.release.is_null());
    }
}
