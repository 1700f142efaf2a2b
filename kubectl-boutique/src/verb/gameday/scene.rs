//! Where a gameday takes place: looked at once, before anything is done.

use std::collections::BTreeMap;

use boutique_cluster::connect::Cluster;
use boutique_cluster::detect::{Detector, Standing};
use boutique_cluster::storefront::{self, Storefront};
use boutique_cluster::{access, fault, observe, prober};
use boutique_core::fault::is_allowed;
use boutique_core::gameday::journal::Place as Record;
use boutique_core::gameday::{Gameday, Plan, ready_pods, shop_digest, unmet};
use boutique_core::object::Kind;
use boutique_core::service::Service;

use super::run::RunArgs;
use crate::ctx::{Ctx, Place};
use crate::error::Error;

/// A shop on which a gameday is to be run.
pub(super) struct Stage {
    /// As the journal keeps it.
    pub(super) record: Record,
    pub(super) storefront: Storefront,
    pub(super) rate: u32,
    /// Why the gameday makes no sense here.
    pub(super) unmet: Vec<String>,
    /// Whether faults are allowed here without asking.
    pub(super) allowed: bool,
}

pub(super) async fn look(
    ctx: &Ctx,
    cluster: &Cluster,
    place: &Place,
    (gameday, plan): (&Gameday, &Plan),
    args: &RunArgs,
) -> Result<Stage, Error> {
    let namespace = place.namespace.as_str();
    let (scene, version, stack, who, detector, home) = tokio::join!(
        fault::scene(cluster, namespace),
        observe::server_version(cluster),
        observe::stack_name(cluster, namespace),
        access::whoami(cluster),
        Detector::start(cluster, namespace),
        cluster.get(Kind::NAMESPACE, None, namespace),
    );
    let scene = scene?;
    let prometheus = match detector.standing() {
        Standing::Watching { prometheus } => Some(prometheus),
        Standing::Blind { .. } => None,
    };
    let (storefront, said) = match args.storefront()? {
        Some(storefront) => (storefront.clone(), format!("pages are asked for at {storefront}")),
        None => {
            let chosen = storefront::choose(cluster, namespace).await?;
            (chosen.storefront, chosen.said)
        }
    };
    ctx.out.note(&said);
    let rate = rate(ctx, &storefront, gameday.steady.rate)?;
    let ready = ready_pods(&scene);
    // Namespaces may be out of sight for this user; then they say nothing.
    let home = home.ok().flatten().unwrap_or_default();
    Ok(Stage {
        unmet: unmet(&gameday.needs, &plan.steps, &ready, prometheus.is_some()),
        allowed: place.said && is_allowed(&[&home]),
        record: Record {
            who,
            server: cluster.server().to_owned(),
            server_version: version?,
            namespace: namespace.to_owned(),
            stack: stack?,
            stack_digest: Some(shop_digest(&scene)),
            plugin_version: env!("CARGO_PKG_VERSION").to_owned(),
            way: storefront.to_string(),
            rate,
            replicas: names(ready),
            prometheus,
        },
        storefront,
        rate,
    })
}

fn names(ready: BTreeMap<Service, u64>) -> BTreeMap<String, u64> {
    ready.into_iter().map(|(service, count)| (service.to_string(), count)).collect()
}

/// The rate that the file asks for, or the one that the way bears: a gameday that takes longer is better than none.
fn rate(ctx: &Ctx, storefront: &Storefront, wanted: u32) -> Result<u32, Error> {
    match prober::timetable(storefront, Some(wanted)) {
        Ok(timetable) => Ok(timetable.rate),
        Err(why) => {
            let rate = prober::timetable(storefront, None)?.rate;
            ctx.out
                .warn(&format!("{why}; going on with {rate} a second, so steps that need many requests take longer"));
            Ok(rate)
        }
    }
}
