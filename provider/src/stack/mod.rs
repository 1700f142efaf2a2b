//! `boutique_stack`: the shop.

mod apply;
mod delete;
mod import;
mod model;
mod notes;
mod plan;
mod read;
mod report;
mod specification;
mod validate;
mod wait;

use std::time::Duration;

use tfplugin_rs::{Change, Context, Create, Diagnostics, List, Operation, Outcome, Plan, Resource, Update, Value};

use crate::connection::Connection;
use crate::managed::{Managed, close, default_timeout};
use model::StackModel;

/// The resource.
pub(crate) struct Stack;

impl Managed for Stack {
    const THING: &'static str = "shop";
    const LOSS: &'static str = ", with its carts";

    fn pending(model: &mut StackModel) -> &mut Value<List<String>> {
        &mut model.pending
    }

    fn revision(model: &mut StackModel) -> &mut Value<u64> {
        &mut model.revision
    }

    fn close(model: &mut StackModel) {
        close(&mut model.revision);
    }
}

impl Resource for Stack {
    type Model = StackModel;
    type Data = Connection;
    const TYPE: &'static str = "boutique_stack";

    fn validate(&self, config: &StackModel) -> Diagnostics {
        validate::validate(config)
    }

    fn timeout(&self, operation: Operation, values: &StackModel) -> Duration {
        values.timeouts.of(operation, default_timeout(operation))
    }

    async fn modify_plan(
        &self,
        ctx: &Context<Self>,
        change: &Change<StackModel>,
        plan: &mut Plan<StackModel>,
    ) -> Result<(), Diagnostics> {
        plan::modify(ctx, change, plan).await
    }

    async fn create(&self, ctx: &Context<Self>, Create { plan, .. }: Create<StackModel>) -> Outcome<StackModel> {
        apply::apply(ctx, plan, None).await
    }

    async fn read(&self, ctx: &Context<Self>, state: StackModel) -> Outcome<StackModel, Option<StackModel>> {
        read::read(ctx, state).await
    }

    async fn update(&self, ctx: &Context<Self>, request: Update<StackModel>) -> Outcome<StackModel> {
        apply::apply(ctx, request.plan, Some(request.prior)).await
    }

    async fn delete(&self, ctx: &Context<Self>, state: StackModel) -> Outcome<StackModel, ()> {
        delete::delete(ctx, state).await
    }

    async fn import(&self, ctx: &Context<Self>, id: &str) -> Outcome<StackModel> {
        import::import(ctx, id).await
    }
}
