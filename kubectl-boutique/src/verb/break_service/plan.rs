//! What is going to be done, gathered before anything is.

use boutique_cluster::connect::Cluster;
use boutique_cluster::fault::{self, Found};
use boutique_cluster::storefront::{self, Storefront};
use boutique_cluster::{access, detect, observe, prober};
use boutique_core::fault::kind::default_for;
use boutique_core::fault::{Act, Fault, FaultType, Injection, Need, Refusal, Request, Scene, Stage, is_allowed, needs};
use boutique_core::monitoring::Windows;
use boutique_core::object::Kind;
use boutique_core::probe::Timetable;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::order::Order;
use crate::ctx::{Ctx, Place};
use crate::draw::plan::Before;
use crate::error::Error;

/// Everything that is known before the fault.
pub(crate) struct Plan {
    /// As it would be recorded; times are set when it begins.
    pub(crate) fault: Fault,
    pub(crate) kind: &'static dyn FaultType,
    /// Why this kind, where nobody has named one.
    pub(crate) chosen: Option<String>,
    pub(crate) injection: Injection,
    pub(crate) scene: Scene,
    pub(crate) rights: Vec<(Need, bool)>,
    /// UID of the Deployment, for events.
    pub(super) deployment_uid: String,
    /// The fault that runs here already.
    pub(super) running: Option<Fault>,
    /// How fast the shop's monitoring runs; none where nobody watches it.
    pub(crate) windows: Option<Windows>,
    /// Whether faults are allowed here without asking.
    pub(super) allowed: bool,
    pub(crate) storefront: Storefront,
    /// The way to the pages, in a sentence.
    pub(crate) way: String,
    pub(crate) timetable: Timetable,
}

/// Looks at the shop, and decides what an order means there. Writes nothing.
pub(crate) async fn plan(ctx: &Ctx, cluster: &Cluster, place: &Place, order: &Order) -> Result<Plan, Error> {
    let (namespace, service) = (place.namespace.as_str(), order.wish.service);
    let (scene, stack, home, who, found, windows) = tokio::join!(
        fault::scene(cluster, namespace),
        observe::stack_name(cluster, namespace),
        cluster.get(Kind::NAMESPACE, None, namespace),
        access::whoami(cluster),
        fault::list(cluster, namespace, ctx.now()),
        detect::pace(cluster, namespace),
    );
    let scene = scene?;
    // Whoever may not see records is told so with the other rights that are missing.
    let found = match found {
        Err(error) if error.missing_verb().is_some() => Vec::new(),
        found => found?,
    };
    let deployment = scene
        .deployment(service)
        .map_err(|_| Error::NoSuchWorkload { service: service.to_string(), namespace: namespace.to_owned() })?;
    let (kind, chosen) = match order.kind {
        Some(kind) => (kind, None),
        None => {
            let (kind, reason) = default_for(service, &scene);
            (kind, Some(reason))
        }
    };
    fits(kind, service, &scene)?;
    let injection = kind.inject(&scene, &order.wish)?;
    let (storefront, way) = way(cluster, namespace, order).await?;
    let timetable = prober::timetable(&storefront, order.rate)?;
    let mut rights = access::check(cluster, &needs(kind), namespace).await?;
    // Pages that are asked for by a route or by port-forward need no service proxy.
    rights.retain(|(need, _)| need.resource != "services/proxy" || storefront.way() == "service-proxy");
    let now = ctx.now();
    // Namespaces may be out of sight for this user; then they say nothing.
    let home = home.ok().flatten().unwrap_or_default();
    let fault = Fault {
        id: order.wish.id.clone(),
        kind: kind.name().to_owned(),
        service,
        peer: order.wish.peer,
        namespace: namespace.to_owned(),
        stack: stack?,
        who,
        since: now,
        until: until(now, order, &injection),
        stage: Stage::Active,
        undo: kind.undo(),
        changes: Vec::new(),
        pods: Vec::new(),
        added: Vec::new(),
        fuse: None,
        prediction: json!(injection.prediction),
        result: None,
    };
    Ok(Plan {
        chosen,
        kind,
        windows,
        deployment_uid: deployment.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
        running: found.into_iter().find_map(|found| match found {
            Found::Active(fault) => Some(fault),
            _ => None,
        }),
        allowed: is_allowed(&[&home, deployment]),
        fault,
        injection,
        rights,
        storefront,
        way,
        timetable,
        scene,
    })
}

/// When a fault that begins now is over at the latest.
pub(super) fn until(now: Timestamp, order: &Order, injection: &Injection) -> Timestamp {
    now + SignedDuration::try_from(injection.over(order.wish.bound)).unwrap_or(SignedDuration::from_hours(1))
}

/// Refuses a kind that this service or this cluster cannot have.
fn fits(kind: &'static dyn FaultType, service: boutique_core::service::Service, scene: &Scene) -> Result<(), Refusal> {
    if let Some(reason) = kind.unfit(service) {
        return Err(Refusal::new(
            format!("{} is nothing for {service}: {reason}", kind.name()),
            "kubectl boutique break --list shows what each kind is for",
        ));
    }
    match kind.since() {
        Some(since) if scene.minor != 0 && scene.minor < since => Err(Refusal::new(
            format!("{} needs Kubernetes 1.{since}, and this cluster is 1.{}", kind.name(), scene.minor),
            "choose another kind: kubectl boutique break --list",
        )),
        _ => Ok(()),
    }
}

async fn way(cluster: &Cluster, namespace: &str, order: &Order) -> Result<(Storefront, String), Error> {
    if let Some(storefront) = &order.storefront {
        return Ok((storefront.clone(), format!("at {storefront}")));
    }
    let chosen = storefront::choose(cluster, namespace).await?;
    Ok((chosen.storefront, chosen.said))
}

/// The refusal of a second fault.
pub(super) fn busy(other: &Fault) -> Error {
    let namespace = &other.namespace;
    Error::Refused {
        reason: format!("another fault runs in namespace {namespace}: {other}"),
        remedy: format!("wait until it is over, or end it: kubectl boutique heal {} -n {namespace}", other.id),
    }
}

impl Plan {
    /// Rights that are missing and cannot be done without.
    pub(super) fn missing_rights(&self) -> Vec<&Need> {
        self.rights.iter().filter(|(need, held)| !held && need.required).map(|(need, _)| need).collect()
    }

    /// Refuses what would fail half-way.
    pub(crate) fn refuse_what_cannot_be(&self) -> Result<(), Error> {
        let namespace = &self.fault.namespace;
        let missing = self.missing_rights();
        if !missing.is_empty() {
            let rights: Vec<String> = missing.iter().map(ToString::to_string).collect();
            return Err(Error::Refused {
                reason: format!("{} may not {} in namespace {namespace}", self.fault.who, rights.join(", ")),
                remedy: "ask for a Role with these verbs, or act as somebody who has them (--as, --context)".to_owned(),
            });
        }
        self.running.as_ref().map_or(Ok(()), |other| Err(busy(other)))
    }

    /// Requests that the fault consists of, in order: guard, record, the fuse where there is one, and what is done.
    pub(crate) fn requests(&self) -> Vec<Request> {
        fault::requests(&self.fault, &self.injection, &self.scene)
    }

    /// What there is to say beforehand.
    pub(crate) fn before(&self, order: &Order) -> Before<'_> {
        Before {
            service: self.fault.service,
            namespace: &self.fault.namespace,
            kind: self.kind,
            chosen: self.chosen.as_deref(),
            injection: &self.injection,
            bound: order.wish.bound,
            windows: self.windows,
        }
    }

    /// Names of running pods that the fault touches.
    pub(super) fn touched(&self) -> Vec<String> {
        let name = |act: &Act| match act {
            Act::Delete { pod, .. } | Act::Evict { pod } | Act::PatchPod { pod, .. } | Act::Resize { pod, .. } => {
                Some(pod.name.clone())
            }
            Act::Add(_) | Act::Change(_) => None,
        };
        let mut names: Vec<String> = self.injection.acts.iter().filter_map(name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What is done, in a few words for the one who is asked to agree.
    pub(crate) fn deed(&self) -> String {
        let Fault { kind, service, peer, .. } = &self.fault;
        let peer = peer.map(|peer| format!(" towards {peer}")).unwrap_or_default();
        format!("{kind} of {service}{peer}")
    }
}
