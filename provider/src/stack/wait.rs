//! Waiting for a shop: until its pods are ready, and until somebody has bought something.

use std::time::Duration;

use boutique_cluster::applyset::{self, Applied, WaitError, WaitRequest};
use boutique_cluster::bounds::{Bounds, Interrupted};
use boutique_cluster::event::Events;
use boutique_cluster::purchase::{self, Purchase};
use boutique_cluster::request::ApiError;
use boutique_cluster::storefront::Storefront;
use boutique_core::service::Service;
use tokio::time::Instant;

use super::apply::id;
use super::model::WaitFor;
use super::{Stack, notes};
use crate::managed::{Run, VERSION};

/// Longest answer of one page.
const PAGE: Duration = Duration::from_secs(10);
/// Pause between two purchases.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a shop whose pods are all ready may still refuse: gRPC's longest back-off is two minutes.
const PATIENCE: Duration = Duration::from_secs(150);

/// Why a wait ended without success.
pub(super) enum WaitFailure {
    /// Pods.
    Ready(Box<WaitError>),
    /// The purchase: the last one that was tried.
    Purchase(Box<Purchase>),
    /// The purchase could not be tried.
    Api(Box<ApiError>),
    /// The purchase was called off.
    Interrupted(Interrupted),
}

/// Waits for what the resource asks for.
pub(super) async fn wait(run: &Run<'_, Stack>, applied: &Applied, events: &Events) -> Result<(), WaitFailure> {
    let request = WaitRequest {
        id: id(&run.plan),
        // The load generator needs the shop; nobody needs the load generator.
        targets: applied
            .targets()
            .into_iter()
            .filter(|target| target.object.name != Service::Loadgenerator.name())
            .collect(),
        tool_version: VERSION.to_owned(),
    };
    let wants_purchase = run.plan.wait_for() == WaitFor::Purchase;
    if wants_purchase {
        // Only fails for values without a JSON form, and `true` has one.
        let _ = run.ctx.private().set(notes::PURCHASE_DUE, true);
    }
    applyset::wait(run.cluster, &request, &run.bounds, events).await.map_err(WaitFailure::Ready)?;
    if wants_purchase {
        Box::pin(buy(run)).await?;
    }
    run.ctx.private().remove(notes::PURCHASE_DUE);
    Ok(())
}

/// Buys something, again and again until it works.
async fn buy(run: &Run<'_, Stack>) -> Result<(), WaitFailure> {
    let deadline = run.bounds.deadline.min(Instant::now() + PATIENCE);
    let bounds = Bounds { cancel: run.bounds.cancel.clone(), deadline };
    let namespace = id(&run.plan).namespace;
    let open =
        bounds.run(Box::pin(Storefront::open(run.cluster, &namespace))).await.map_err(WaitFailure::Interrupted)?;
    let storefront = open.map_err(|error| WaitFailure::Api(Box::new(error)))?;
    let mut last = None;
    loop {
        let session = purchase::session();
        let attempt = purchase::buy(&storefront, &session, PAGE, |hop| {
            tracing::debug!(page = %hop.page, status = hop.status, millis = hop.millis, "purchase");
        });
        match (bounds.run(Box::pin(attempt)).await, last.take()) {
            (Ok(purchase), _) if purchase.receipt.is_some() => {
                tracing::info!(way = purchase.way, "a synthetic customer bought something");
                return Ok(());
            }
            (Ok(purchase), _) => last = Some(purchase),
            (Err(Interrupted::Deadline), Some(purchase)) => return Err(WaitFailure::Purchase(Box::new(purchase))),
            (Err(interrupted), _) => return Err(WaitFailure::Interrupted(interrupted)),
        }
        // The deadline is looked at by the next attempt, which knows what the last one said.
        let pause = bounds.run(tokio::time::sleep(PAUSE)).await;
        if pause == Err(Interrupted::Cancelled) {
            return Err(WaitFailure::Interrupted(Interrupted::Cancelled));
        }
    }
}
