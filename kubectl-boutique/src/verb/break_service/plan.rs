//! What is going to be done, gathered before anything is.

use std::time::Duration;

use boutique_cluster::connect::Cluster;
use boutique_cluster::inject::Victim;
use boutique_cluster::storefront::Storefront;
use boutique_cluster::{access, faults, observe};
use boutique_core::fault::{Fault, GUARD, Need, Stage, Undo, common_needs, company, is_allowed, kind};
use boutique_core::object::Kind;
use boutique_core::predict::{Kill, Prediction, Readiness, predict};
use boutique_core::service::Service;
use serde_json::{Value, json};

use super::BreakArgs;
use crate::ctx::{Ctx, Place};
use crate::error::Error;

/// Time around the measurement in which the fault may still be going on: steady state before, last answers after.
const MARGIN: Duration = Duration::from_secs(30);

/// The kind of fault.
const KIND: &str = "kill-pods";

/// Everything that is known before the fault.
pub(super) struct Plan {
    pub(super) fault: Fault,
    pub(super) victims: Vec<Victim>,
    pub(super) grace: Option<Duration>,
    pub(super) prediction: Prediction,
    pub(super) rights: Vec<(Need, bool)>,
    /// Who else has a say, as sentences.
    pub(super) company: Vec<String>,
    /// UID of the Deployment, for events.
    pub(super) deployment_uid: String,
    /// The fault that runs here already.
    pub(super) running: Option<Fault>,
    /// Whether faults are allowed here without asking.
    pub(super) allowed: bool,
    pub(super) storefront: Storefront,
}

pub(super) async fn make(ctx: &Ctx, cluster: &Cluster, place: &Place, args: &BreakArgs) -> Result<Plan, Error> {
    let namespace = place.namespace.as_str();
    let mut needs = common_needs();
    needs.extend(kind::by_name(KIND).map(kind::FaultType::needs).unwrap_or_default());
    let (shop, stack, rights, scalers, home, who, storefront) = tokio::join!(
        observe::shop(cluster, namespace),
        observe::stack_name(cluster, namespace),
        access::check(cluster, &needs, namespace),
        cluster.list(Kind::HORIZONTAL_POD_AUTOSCALER, Some(namespace), ""),
        cluster.get(Kind::NAMESPACE, None, namespace),
        access::whoami(cluster),
        Storefront::open(cluster, namespace),
    );
    let (objects, _) = shop?;
    let named = |object: &&Value| object.pointer("/metadata/name").and_then(Value::as_str) == Some(args.service.name());
    let missing = || Error::NoSuchWorkload { service: args.service.to_string(), namespace: namespace.to_owned() };
    let deployment = objects.deployments.iter().find(named).ok_or_else(missing)?;
    let pods = living_pods(&objects.pods, args.service);
    let victims: Vec<Victim> =
        pods.iter().filter_map(|pod| Victim::of(pod)).take(args.count.map_or(usize::MAX, usize::from)).collect();
    let grace = args.grace_period.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let prediction = predict(&kill(args.service, deployment, pods.len(), victims.len(), grace));
    let now = ctx.now();
    let until =
        now + jiff::SignedDuration::try_from(args.at_most + MARGIN).unwrap_or(jiff::SignedDuration::from_hours(1));
    let fault = Fault {
        id: faults::new_id(),
        kind: KIND.to_owned(),
        service: args.service,
        peer: None,
        namespace: namespace.to_owned(),
        stack: stack?,
        who,
        since: now,
        until,
        stage: Stage::Active,
        undo: Undo::Live,
        changes: Vec::new(),
        pods: Vec::new(),
        added: Vec::new(),
        fuse: None,
        prediction: json!(prediction),
        result: None,
    };
    // Namespaces and autoscalers may be out of sight for this user; then they say nothing.
    let home = home.ok().flatten().unwrap_or_default();
    let scalers = scalers.map(|list| list.items).unwrap_or_default();
    Ok(Plan {
        fault,
        victims,
        grace,
        prediction,
        rights: rights?,
        company: company(deployment, &scalers),
        deployment_uid: deployment.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
        running: running(&objects.faults).filter(|other| !other.is_expired(now)),
        allowed: is_allowed(&[&home, deployment]),
        storefront: storefront?,
    })
}

fn running(records: &[Value]) -> Option<Fault> {
    let guard = records.iter().find(|record| record.pointer("/metadata/name").and_then(Value::as_str) == Some(GUARD));
    Fault::from_config_map(guard?).ok()
}

/// The refusal of a second fault.
pub(super) fn busy(other: &Fault) -> Error {
    let namespace = &other.namespace;
    Error::Refused {
        reason: format!("another fault runs in namespace {namespace}: {other}"),
        remedy: format!(
            "wait until it is over; if its author is gone: kubectl delete configmap -n {namespace} {GUARD}"
        ),
    }
}

fn kill(service: Service, deployment: &Value, pods: usize, victims: usize, grace: Option<Duration>) -> Kill {
    let template = deployment.pointer("/spec/template").unwrap_or(&Value::Null);
    let stated = template.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64).unwrap_or(30);
    Kill {
        service,
        killed: victims,
        survivors: pods.saturating_sub(victims),
        grace: grace.unwrap_or_else(|| Duration::from_secs(stated)),
        readiness: Readiness::of_template(template),
    }
}

/// Pods of the service that are not on their way out already.
fn living_pods(pods: &[Value], service: Service) -> Vec<&Value> {
    let app = |pod: &Value| pod.pointer("/metadata/labels/app").and_then(Value::as_str) == Some(service.name());
    let going = |pod: &Value| {
        pod.pointer("/metadata/deletionTimestamp").is_some()
            || matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Failed" | "Succeeded"))
    };
    pods.iter().filter(|pod| app(pod) && !going(pod)).collect()
}

impl Plan {
    /// Rights that are missing and cannot be done without.
    pub(super) fn missing_rights(&self) -> Vec<&Need> {
        // Without the service proxy the pages are reached by port-forward.
        let needless = |need: &Need| need.resource == "services/proxy" && self.storefront.way() == "port-forward";
        self.rights
            .iter()
            .filter(|(need, held)| !held && need.required && !needless(need))
            .map(|(need, _)| need)
            .collect()
    }

    /// Refuses what would fail half-way.
    pub(super) fn refuse_what_cannot_be(&self) -> Result<(), Error> {
        let Fault { service, namespace, .. } = &self.fault;
        let missing = self.missing_rights();
        if !missing.is_empty() {
            let rights: Vec<String> = missing.iter().map(ToString::to_string).collect();
            return Err(Error::Refused {
                reason: format!("{} may not {} in namespace {namespace}", self.fault.who, rights.join(", ")),
                remedy: "ask for a Role with these verbs, or act as somebody who has them (--as, --context)".to_owned(),
            });
        }
        if let Some(other) = &self.running {
            return Err(busy(other));
        }
        if self.victims.is_empty() {
            return Err(Error::Refused {
                reason: format!("{service} has no pod to kill"),
                remedy: format!("see kubectl boutique status -n {namespace}"),
            });
        }
        Ok(())
    }
}
