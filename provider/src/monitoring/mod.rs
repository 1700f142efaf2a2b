//! `boutique_monitoring`: what watches the shop.

mod apply;
mod credentials;
mod delete;
mod import;
mod model;
mod plan;
mod read;
mod report;
mod specification;
mod validate;

use std::time::Duration;

use boutique_cluster::applyset::{Applied, Cause};
use tfplugin_rs::{Change, Context, Create, Diagnostics, List, Operation, Outcome, Plan, Resource, Update, Value};

use crate::connection::Connection;
use crate::managed::{Managed, close, default_timeout};
use crate::release;
pub(crate) use credentials::GrafanaCredentials;
use model::MonitoringModel;

/// The resource.
pub(crate) struct Monitoring;

impl Managed for Monitoring {
    const THING: &'static str = "monitoring";
    const LOSS: &'static str = ", with the samples of a Prometheus that has no volume";

    fn pending(model: &mut MonitoringModel) -> &mut Value<List<String>> {
        &mut model.pending
    }

    fn revision(model: &mut MonitoringModel) -> &mut Value<u64> {
        &mut model.revision
    }

    fn close(model: &mut MonitoringModel) {
        close(&mut model.revision);
        for text in [
            &mut model.prometheus_service,
            &mut model.prometheus_url,
            &mut model.grafana_url,
            &mut model.grafana_secret,
        ] {
            close(text);
        }
        release::close(&mut model.release);
    }

    // Before the first object is written, the release may have been.
    fn left_something(partial: &Applied) -> bool {
        partial.began
    }

    fn summary(cause: &Cause) -> String {
        report::summary(cause)
    }
}

impl Resource for Monitoring {
    type Model = MonitoringModel;
    type Data = Connection;
    const TYPE: &'static str = "boutique_monitoring";

    fn validate(&self, config: &MonitoringModel) -> Diagnostics {
        validate::validate(config)
    }

    fn timeout(&self, operation: Operation, values: &MonitoringModel) -> Duration {
        values.timeouts.of(operation, default_timeout(operation))
    }

    async fn modify_plan(
        &self,
        ctx: &Context<Self>,
        change: &Change<MonitoringModel>,
        plan: &mut Plan<MonitoringModel>,
    ) -> Result<(), Diagnostics> {
        plan::modify(ctx, change, plan).await
    }

    async fn create(&self, ctx: &Context<Self>, request: Create<MonitoringModel>) -> Outcome<MonitoringModel> {
        // Boxed, because the framework keeps this future within others.
        Box::pin(apply::apply(ctx, request.plan, &request.config, None)).await
    }

    async fn read(
        &self,
        ctx: &Context<Self>,
        state: MonitoringModel,
    ) -> Outcome<MonitoringModel, Option<MonitoringModel>> {
        read::read(ctx, state).await
    }

    async fn update(&self, ctx: &Context<Self>, request: Update<MonitoringModel>) -> Outcome<MonitoringModel> {
        Box::pin(apply::apply(ctx, request.plan, &request.config, Some(request.prior))).await
    }

    async fn delete(&self, ctx: &Context<Self>, state: MonitoringModel) -> Outcome<MonitoringModel, ()> {
        delete::delete(ctx, state).await
    }

    async fn import(&self, ctx: &Context<Self>, id: &str) -> Outcome<MonitoringModel> {
        import::import(ctx, id).await
    }
}
