//! The controller: does anybody listen, and under which address.

use serde_json::Value;

use super::route::{Edge, Route};
use super::{error, full_name, warning};
use crate::edge::controller::{Controller, release_of};
use crate::edge::outputs::{EdgeObjects, Reach, is_ready, outputs};
use crate::edge::{items, name, namespace, string};
use crate::finding::{Code, Finding};
use crate::object::{Kind, ObjectRef};

/// Seconds that a controller may take to start, its image included.
const START_PATIENCE: i64 = 90;
/// Seconds in which a cluster that has a load balancer has given an address.
const ADDRESS_PATIENCE: i64 = 60;

pub(super) fn judge(edge: &Edge<'_>) -> Vec<Finding> {
    gone(edge).into_iter().chain(no_address(edge)).collect()
}

fn gone(edge: &Edge<'_>) -> Option<Finding> {
    let pods = edge.seen.controller_pods.as_ref()?;
    let route = edge.routes.first()?;
    let class = edge.class(edge.class_name(route.value())?)?;
    let here: Vec<&Value> = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect();
    if here.iter().any(|pod| is_ready(pod)) {
        return None;
    }
    let known = edge.known(route);
    let title =
        known.map_or_else(|| string(class, "/spec/controller").unwrap_or("the controller"), |known| known.title);
    let mut finding = error(
        Code::CONTROLLER_GONE,
        format!("the IngressClass {} exists, and no pod of its controller is ready", name(class)),
    );
    finding.object = Some(ObjectRef::new(Kind::INGRESS_CLASS, "", name(class)));
    let workload = workload(edge, route, class);
    finding.cause.push(match (workload, here.len()) {
        (Some(workload), _) if workload["spec"]["replicas"] == 0 => {
            format!("the {} {} is scaled to zero", kind(workload), full_name(workload))
        }
        (Some(workload), 0) => format!("the {} {} has no pod", kind(workload), full_name(workload)),
        (None, 0) if edge.seen.controllers.is_some() => {
            format!("{title} is not installed any more: its IngressClass was left behind")
        }
        (_, 0) => format!("{title} has no pod"),
        (_, count) => none_ready(count),
    });
    finding.evidence = here.iter().map(|pod| format!("pod {}: {}", full_name(pod), said(pod))).collect();
    finding.settled = here.is_empty()
        || here.iter().all(|pod| edge.seen.lasted(string(pod, "/metadata/creationTimestamp"), START_PATIENCE));
    finding.fix = fix(edge, route, class, workload, &here, known);
    Some(finding)
}

fn fix(
    edge: &Edge<'_>,
    route: &Route<'_>,
    class: &Value,
    workload: Option<&Value>,
    pods: &[&Value],
    known: Option<&Controller>,
) -> String {
    if let Some(workload) = workload.filter(|workload| workload["spec"]["replicas"] == 0) {
        let target = format!("{}/{}", kind(workload).to_ascii_lowercase(), name(workload));
        return format!("kubectl -n {} scale {target} --replicas=1", namespace(workload));
    }
    if let Some(pod) = pods.first() {
        return format!("see why it does not become ready: kubectl -n {} describe pod {}", namespace(pod), name(pod));
    }
    if let Some(workload) = workload {
        let target = format!("{} {}", kind(workload).to_ascii_lowercase(), name(workload));
        return format!("see why it makes none: kubectl -n {} describe {target}", namespace(workload));
    }
    match edge.spec() {
        Some(spec) if spec.controller.install => "apply again: the controller is installed anew".to_owned(),
        Some(_) => "set controller.install = true, or install the controller again".to_owned(),
        None => format!(
            "install {} again, or delete the class (kubectl delete ingressclass {}) and use another: kubectl -n {} edit \
             ingress {}",
            known.map_or("its controller", |known| known.title),
            name(class),
            route.namespace(),
            route.name()
        ),
    }
}

/// The controller's own Deployment: that of the release which made the class, else one of the class' kind that serves it.
fn workload<'a>(edge: &Edge<'a>, route: &Route<'_>, class: &Value) -> Option<&'a Value> {
    let workloads = || edge.seen.controllers.iter().flatten();
    let release = release_of(class);
    let of_release = |workload: &&Value| release.is_some() && release_of(workload) == release;
    let of_kind = |workload: &&Value| {
        super::classes::claims(workload, name(class), string(class, "/spec/controller"))
            .is_some_and(|served| Some(served.kind) == edge.known(route).map(|known| known.kind))
    };
    workloads().find(of_release).or_else(|| workloads().find(of_kind))
}

/// Pods that are there and not ready, in words.
pub(super) fn none_ready(count: usize) -> String {
    if count == 1 { "its only pod is not ready".to_owned() } else { format!("none of its {count} pods is ready") }
}

fn kind(workload: &Value) -> &str {
    workload["kind"].as_str().unwrap_or("Deployment")
}

/// Why a pod is not ready, in the words of its status.
fn said(pod: &Value) -> String {
    let status = items(pod, "/status/containerStatuses").find(|status| status["ready"] != true);
    let waiting = status.and_then(|status| {
        let waiting = status.pointer("/state/waiting").or_else(|| status.pointer("/lastState/terminated"))?;
        let reason = waiting["reason"].as_str()?;
        Some(match waiting["message"].as_str() {
            Some(message) => format!("{reason}: {}", message.trim()),
            None => reason.to_owned(),
        })
    });
    let unscheduled = || {
        let found = items(pod, "/status/conditions")
            .find(|one| one["type"] == "PodScheduled" && one["status"] == "False" && one["message"].is_string())?;
        Some(format!("{}: {}", found["reason"].as_str()?, found["message"].as_str()?))
    };
    waiting
        .or_else(unscheduled)
        .unwrap_or_else(|| format!("{}, not ready", string(pod, "/status/phase").unwrap_or("unknown")))
}

/// A load balancer that nobody serves. A Service of another type was meant to be reached as it is.
fn no_address(edge: &Edge<'_>) -> Option<Finding> {
    let spec = edge.spec()?;
    let service = edge.seen.controller_service.as_ref()?;
    if string(service, "/spec/type") != Some("LoadBalancer") {
        return None;
    }
    let objects = EdgeObjects {
        controller_service: Some(service.clone()),
        ingress: edge.routes.first().map(|route| route.value().clone()),
        nodes: Vec::new(),
        controller_pods: Vec::new(),
    };
    let found = outputs(spec, &objects);
    if found.reach != Reach::Nowhere {
        return None;
    }
    let objects = EdgeObjects {
        nodes: edge.seen.nodes.clone(),
        controller_pods: edge.seen.controller_pods.clone().unwrap_or_default(),
        ..objects
    };
    let by_node = outputs(spec, &objects);
    let mut finding = warning(
        Code::NO_ADDRESS,
        format!("the load balancer {} has no address: {} is not reached from outside", full_name(service), spec.host),
    );
    finding.object = ObjectRef::of(service);
    finding
        .cause
        .push("nothing in the cluster, and no cloud around it, serves Services of type LoadBalancer".to_owned());
    if let Some((address, port)) = by_node.outside {
        finding.evidence.push(format!("its node port answers at {address}:{port} as far as nodes are reached"));
    }
    let note = found.note.unwrap_or_default();
    finding.fix = match (spec.controller.install, note.split_once(". Until then: ")) {
        (true, Some((_, forward))) => format!(
            "set controller.service_type = \"NodePort\", or install a load balancer such as MetalLB; until then: {forward}"
        ),
        (_, Some((_, forward))) => format!("install a load balancer such as MetalLB; until then: {forward}"),
        (_, None) => note,
    };
    finding.settled = edge.seen.lasted(string(service, "/metadata/creationTimestamp"), ADDRESS_PATIENCE);
    Some(finding)
}
