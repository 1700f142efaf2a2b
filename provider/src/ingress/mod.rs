//! `boutique_ingress`: the way into the shop from outside.

mod apply;
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
use model::IngressModel;

/// The resource.
pub(crate) struct Ingress;

impl Managed for Ingress {
    const THING: &'static str = "ingress";
    const LOSS: &'static str = ", for a moment without a way in";

    fn pending(model: &mut IngressModel) -> &mut Value<List<String>> {
        &mut model.pending
    }

    fn revision(model: &mut IngressModel) -> &mut Value<u64> {
        &mut model.revision
    }

    fn close(model: &mut IngressModel) {
        close(&mut model.revision);
        for text in
            [&mut model.address, &mut model.url, &mut model.hosts_entry, &mut model.class, &mut model.ca_certificate]
        {
            close(text);
        }
        release::close(&mut model.release);
    }

    // Before the first route is written, the controller's release may have been.
    fn left_something(partial: &Applied) -> bool {
        partial.began
    }

    fn summary(cause: &Cause) -> String {
        report::summary(cause)
    }
}

impl Resource for Ingress {
    type Model = IngressModel;
    type Data = Connection;
    const TYPE: &'static str = "boutique_ingress";

    fn validate(&self, config: &IngressModel) -> Diagnostics {
        validate::validate(config)
    }

    fn timeout(&self, operation: Operation, values: &IngressModel) -> Duration {
        values.timeouts.of(operation, default_timeout(operation))
    }

    async fn modify_plan(
        &self,
        ctx: &Context<Self>,
        change: &Change<IngressModel>,
        plan: &mut Plan<IngressModel>,
    ) -> Result<(), Diagnostics> {
        plan::modify(ctx, change, plan).await
    }

    async fn create(&self, ctx: &Context<Self>, request: Create<IngressModel>) -> Outcome<IngressModel> {
        // Boxed, because the framework keeps this future within others.
        Box::pin(apply::apply(ctx, request.plan, &request.config, None)).await
    }

    async fn read(&self, ctx: &Context<Self>, state: IngressModel) -> Outcome<IngressModel, Option<IngressModel>> {
        read::read(ctx, state).await
    }

    async fn update(&self, ctx: &Context<Self>, request: Update<IngressModel>) -> Outcome<IngressModel> {
        Box::pin(apply::apply(ctx, request.plan, &request.config, Some(request.prior))).await
    }

    async fn delete(&self, ctx: &Context<Self>, state: IngressModel) -> Outcome<IngressModel, ()> {
        delete::delete(ctx, state).await
    }

    async fn import(&self, ctx: &Context<Self>, id: &str) -> Outcome<IngressModel> {
        import::import(ctx, id).await
    }
}
