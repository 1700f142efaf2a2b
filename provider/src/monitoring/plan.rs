//! The plan: what rendering decides is known, nothing in it rests on a question to the cluster or to a repository.

use std::time::Duration;

use boutique_cluster::bounds::Bounds;
use boutique_cluster::monitoring::{Seen, crd_changes, look};
use boutique_cluster::shared::ReleaseSettings;
use boutique_core::monitoring::{self, Inputs, MonitoringSpec, installed_prometheus};
use boutique_core::render::digest;
use tfplugin_rs::{Change, Context, Diagnostic, Diagnostics, Path, Plan, Value};

use super::Monitoring;
use super::apply::settings;
use super::model::MonitoringModel;
use super::specification::{self, Reading};
use super::validate::{self, said};
use crate::connection::sentence;
use crate::managed::{Looked, look_at_namespace};
use crate::release::{self, ReleaseModel};

/// Longest look at the shop. It only serves a warning.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn modify(
    ctx: &Context<Monitoring>,
    change: &Change<MonitoringModel>,
    plan: &mut Plan<MonitoringModel>,
) -> Result<(), Diagnostics> {
    let reading = specification::read(plan)?;
    let problems = validate::problems(&reading.spec);
    if problems.has_errors() {
        return Err(problems);
    }
    decide(plan, &reading, change.prior.as_ref())?;
    match &change.prior {
        Some(prior) => {
            settle(prior, plan);
            if **plan != *prior && reading.complete {
                for warning in shop(ctx, &reading.spec).await {
                    plan.warn(warning);
                }
            }
            if release::changes_chart(&prior.release, &plan.release) {
                let settings = settings(ctx, plan, &change.config)?;
                if let Some(warning) = crds(ctx, &reading.spec, &settings).await {
                    plan.warn(warning);
                }
            }
        }
        None => {
            open(plan, &reading.spec);
            let namespace = plan.namespace.as_str().map(str::to_owned);
            if let Some(namespace) = namespace
                && let Looked::Warning(warning) = look_at_namespace(ctx, &namespace).await
            {
                plan.warn(warning);
            } else if reading.complete {
                for warning in shop(ctx, &reading.spec).await {
                    plan.warn(warning);
                }
            }
        }
    }
    Ok(())
}

/// Fills in what follows from the specification, as far as that is known.
fn decide(plan: &mut MonitoringModel, reading: &Reading, prior: Option<&MonitoringModel>) -> Result<(), Diagnostic> {
    let Reading { spec, complete, release_complete } = reading;
    let prior_release = prior.and_then(|prior| prior.release.known());
    plan.release = match (spec.chart.existing, release_complete) {
        (_, false) => Value::Unknown,
        (true, true) => Value::Null,
        (false, true) => release(spec, prior_release)?.into(),
    };
    plan.grafana_secret = if *release_complete { grafana_secret(spec) } else { Value::Unknown };
    if !complete {
        plan.manifest_digest = Value::Unknown;
        return Ok(());
    }
    plan.id = spec.id().to_string().into();
    plan.manifest_digest = manifest_digest(spec)?.into();
    Ok(())
}

/// Name of the Secret with Grafana's password.
pub(super) fn grafana_secret(spec: &MonitoringSpec) -> Value<String> {
    spec.has_grafana().then(|| spec.grafana_secret()).into()
}

/// Digest of the objects.
pub(super) fn manifest_digest(spec: &MonitoringSpec) -> Result<String, Diagnostic> {
    let manifests = monitoring::render(spec, &Inputs::stand_in(spec))
        .map_err(|error| Diagnostic::error("The monitoring cannot be rendered", sentence(&error.to_string())))?;
    Ok(digest(&manifests))
}

/// The release as it will be.
pub(super) fn release(spec: &MonitoringSpec, prior: Option<&ReleaseModel>) -> Result<ReleaseModel, Diagnostic> {
    let id = (spec.namespace.as_str(), spec.release());
    release::planned(id, monitoring::chart(spec), &monitoring::values(spec), &chart_path(), prior)
}

fn chart_path() -> Path {
    Path::attribute("chart")
}

/// What the new chart changes of the CRDs in the cluster.
async fn crds(ctx: &Context<Monitoring>, spec: &MonitoringSpec, settings: &ReleaseSettings) -> Option<Diagnostic> {
    let cluster = ctx.data().cluster().await.ok()?;
    let compared = Box::pin(crd_changes(cluster, spec, settings, &Bounds::within(release::LOOK))).await;
    release::crd_warning(compared, &chart_path())
}

/// Warnings about the shop and its ingress as they are now. Both may be applied before this is: where there is nothing at
/// all yet, nothing is said.
async fn shop(ctx: &Context<Monitoring>, spec: &MonitoringSpec) -> Vec<Diagnostic> {
    let Ok(cluster) = ctx.data().cluster().await else { return Vec::new() };
    let Ok(Ok(Seen { inputs, has_shop, has_ingress })) =
        tokio::time::timeout(LOOK, Box::pin(look(cluster, spec))).await
    else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    let services = inputs.services.as_ref().is_some_and(|services| !services.is_empty());
    if has_shop == Some(false) && services {
        let detail = format!(
            "Namespace {} holds no shop {:?} now. Apply needs it: take stack from boutique_stack.NAME.id.",
            spec.shop_namespace(),
            spec.shop_name()
        );
        warnings.push(Diagnostic::warning("The shop is not there yet", detail).at("stack"));
    }
    if let Some(ingress) = spec.ingress.as_deref().filter(|_| has_ingress == Some(false) && has_shop == Some(true)) {
        let detail =
            format!("There is no ingress {ingress} now. Apply needs it: take ingress from boutique_ingress.NAME.id.");
        warnings.push(Diagnostic::warning("The ingress is not there yet", detail).at("ingress"));
    }
    for problem in monitoring::against(spec, &inputs) {
        let path = specification::path(&problem);
        warnings.push(Diagnostic::warning(format!("About {path}"), said(&problem)).at(path));
    }
    warnings
}

/// What only apply will tell.
fn open(plan: &mut MonitoringModel, spec: &MonitoringSpec) {
    (plan.pending, plan.revision) = (Value::Unknown, Value::Unknown);
    match installed_prometheus(spec).filter(|_| !plan.release.is_unknown()) {
        Some(place) => {
            (plan.prometheus_service, plan.prometheus_url) = (place.id().into(), place.url().into());
        }
        None => (plan.prometheus_service, plan.prometheus_url) = (Value::Unknown, Value::Unknown),
    }
    plan.grafana_url =
        if spec.grafana.host.is_none() && !plan.grafana.is_unknown() { Value::Null } else { Value::Unknown };
    release::open(&mut plan.release);
}

/// Says what apply will find out: nothing new where nothing changes and nothing is left to do.
fn settle(prior: &MonitoringModel, plan: &mut MonitoringModel) {
    (plan.pending, plan.revision) = (prior.pending.clone(), prior.revision);
    (plan.prometheus_service, plan.prometheus_url) = (prior.prometheus_service.clone(), prior.prometheus_url.clone());
    plan.grafana_url = prior.grafana_url.clone();
    let nothing_left = prior.pending.known().is_some_and(Vec::is_empty);
    if (*plan != *prior || !nothing_left)
        && let Ok(reading) = specification::read(plan)
    {
        open(plan, &reading.spec);
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::contract::SetId;
    use serde_json::json;

    use super::super::model::ChartModel;
    use super::*;
    use crate::dynamic;

    fn mk_applied() -> MonitoringModel {
        let spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        let mut model = specification::model(&spec);
        let reading = specification::read(&model).expect("reads");
        decide(&mut model, &reading, None).expect("renders");
        open(&mut model, &spec);
        (model.pending, model.revision) = (Vec::new().into(), 1.into());
        if let Value::Known(release) = &mut model.release {
            (release.chart_version, release.app_version) = ("88.5.3".into(), "v0.93.1".into());
            release.revision = 1.into();
        }
        model
    }

    fn settled(prior: &MonitoringModel, change: impl FnOnce(&mut MonitoringModel)) -> MonitoringModel {
        let mut plan = prior.clone();
        change(&mut plan);
        let reading = specification::read(&plan).expect("reads");
        decide(&mut plan, &reading, Some(prior)).expect("renders");
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
        let prior = MonitoringModel { pending: vec!["drift".into()].into(), ..mk_applied() };
        let plan = settled(&prior, |_| ());
        assert!(plan.pending.is_unknown() && plan.revision.is_unknown());
        assert_eq!(plan.manifest_digest, prior.manifest_digest);
        assert_eq!(plan.prometheus_url, prior.prometheus_url, "the chart's names say where it is");
    }

    #[test]
    fn a_change_of_values_shows_by_path_before_it_is_made() {
        let prior = mk_applied();
        let plan = settled(&prior, |plan| {
            let values = dynamic::any(&json!({"nodeExporter": {"enabled": false}}));
            plan.chart = ChartModel { existing: false.into(), values: values.into(), ..ChartModel::default() }.into();
        });
        let release = plan.release.known().expect("is known");
        assert_eq!(release.values.known().expect("is known")["nodeExporter.enabled"].as_str(), Some("false"));
        assert!(release.chart_version.is_unknown() && plan.pending.is_unknown());
        assert_eq!(plan.manifest_digest, prior.manifest_digest, "the objects stay");
    }

    #[test]
    fn an_objective_changes_the_objects_and_leaves_the_release() {
        let prior = mk_applied();
        let plan = settled(&prior, |plan| {
            let slo = super::super::model::SloModel { availability: 99.5.into(), ..Default::default() };
            plan.slo = slo.into();
        });
        assert_ne!(plan.manifest_digest, prior.manifest_digest);
        let values = |model: &MonitoringModel| model.release.known().map(|release| release.values.clone());
        assert_eq!(values(&plan), values(&prior));
    }

    #[test]
    fn an_existing_operator_has_no_release_and_no_grafana_of_ours() {
        let plan = settled(&mk_applied(), |plan| {
            plan.chart = ChartModel { existing: true.into(), ..ChartModel::default() }.into();
        });
        assert!(plan.release.is_null() && plan.grafana_secret.is_null() && plan.prometheus_url.is_unknown());
    }

    #[test]
    fn an_unknown_value_leaves_only_what_follows_from_it_unknown() {
        let prior = mk_applied();
        let plan = settled(&prior, |plan| plan.stack = Value::Unknown);
        assert!(plan.manifest_digest.is_unknown() && !plan.release.is_unknown());
        let plan = settled(&prior, |plan| plan.retention = Value::Unknown);
        assert!(plan.release.is_unknown() && plan.grafana_secret.is_unknown());
    }
}
