//! Hosts that several want, and Ingresses that a controller refuses.

use serde_json::Value;

use super::route::{Edge, Route, hosts};
use super::{error, full_name};
use crate::edge::controller::SameHost;
use crate::edge::{items, name, namespace, string};
use crate::finding::{Code, Finding, Severity};

pub(super) fn judge(edge: &Edge<'_>, route: &Route<'_>) -> Vec<Finding> {
    let mut findings = claimed(edge, route);
    findings.extend(rejected(edge, route));
    findings
}

/// Whether an Ingress is one of those under judgement.
fn is_ours(edge: &Edge<'_>, ingress: &Value) -> bool {
    edge.routes.iter().any(|route| route.namespace() == namespace(ingress) && route.name() == name(ingress))
}

fn claimed(edge: &Edge<'_>, route: &Route<'_>) -> Vec<Finding> {
    let class = edge.class_name(route.value());
    let others = edge.seen.ingresses.iter().flatten().filter(|other| {
        // Of two Ingresses under judgement each would accuse the other.
        let is_other = !is_ours(edge, other) || is_earlier(edge, other, route);
        // Controllers of other classes do not read it.
        is_other && full_name(other) != full_name(route.value()) && edge.class_name(other) == class
    });
    let mut findings = Vec::new();
    for other in others {
        findings.extend(route.hosts().filter_map(|host| claimed_by(edge, route, other, host)));
    }
    findings
}

/// Two Ingresses of one namespace that both are judged: only the later one is said to collide.
fn is_earlier(edge: &Edge<'_>, other: &Value, route: &Route<'_>) -> bool {
    edge.spec().is_none() && age(other) < age(route.value())
}

/// Age by which controllers decide: when it was made, then its identity.
fn age(ingress: &Value) -> (&str, String) {
    // One that is not there yet will be the youngest.
    (string(ingress, "/metadata/creationTimestamp").unwrap_or("9"), full_name(ingress))
}

fn paths<'a>(ingress: &'a Value, host: &str) -> Vec<&'a str> {
    items(ingress, "/spec/rules")
        .filter(|rule| rule["host"] == host)
        .flat_map(|rule| items(rule, "/http/paths"))
        .map(|path| path["path"].as_str().unwrap_or("/"))
        .collect()
}

fn claimed_by(edge: &Edge<'_>, route: &Route<'_>, other: &Value, host: &str) -> Option<Finding> {
    if !hosts(other).any(|theirs| theirs == host) {
        return None;
    }
    let rule = edge.known(route).map_or(SameHost::Undefined, |known| known.same_host);
    let theirs = paths(other, host);
    let shared = paths(route.value(), host).into_iter().find(|path| theirs.contains(path));
    if rule != SameHost::OlderTakesAll && shared.is_none() {
        return None;
    }
    let title = edge.known(route).map_or("the controller", |known| known.title);
    let ours_is_older = route.is_live && age(route.value()) < age(other);
    let mut finding = error(Code::HOST_CLAIMED, format!("{host} is claimed by another Ingress, {}", full_name(other)));
    finding.object = route.reference();
    let what = match (rule, shared) {
        (SameHost::OlderTakesAll, _) | (_, None) => "the host".to_owned(),
        (_, Some(path)) => format!("the path {path}"),
    };
    finding.cause.push(match (rule, ours_is_older) {
        (SameHost::Undefined, _) => format!("{title} does not say which of two equal routes wins"),
        (_, true) => {
            format!("{title} gives {what} to the older Ingress, {}, and drops the other", full_name(route.value()))
        }
        (_, false) => format!("{title} gives {what} to the older Ingress, {}", full_name(other)),
    });
    if ours_is_older && rule != SameHost::Undefined {
        finding.severity = Severity::Warning;
        finding.settled = false;
    }
    let made = string(other, "/metadata/creationTimestamp").unwrap_or("an unknown time");
    let manager = string(other, "/metadata/labels/app.kubernetes.io~1managed-by");
    finding.evidence.push(match manager {
        Some(manager) => format!("{} was made at {made}, managed by {manager}", full_name(other)),
        None => format!("{} was made at {made}", full_name(other)),
    });
    let remove = format!("kubectl -n {} delete ingress {}", namespace(other), name(other));
    finding.fix = match edge.spec() {
        Some(_) => format!("use another host, or remove it from the other Ingress; if nobody needs that: {remove}"),
        None => format!("remove the host from one of them; if nobody needs the other: {remove}"),
    };
    Some(finding)
}

/// Reasons of events in which a controller says that it does not serve an Ingress as it is.
const REFUSALS: [&str; 3] = ["Rejected", "AddedOrUpdatedWithError", "AddedOrUpdatedWithWarning"];
/// Reasons of events that end a refusal.
const ACCEPTANCES: [&str; 2] = ["AddedOrUpdated", "Updated"];

fn rejected(edge: &Edge<'_>, route: &Route<'_>) -> Option<Finding> {
    let newest = edge
        .seen
        .events
        .iter()
        .filter(|event| {
            let about = &event["involvedObject"];
            about["kind"] == "Ingress" && about["name"] == route.name() && about["namespace"] == route.namespace()
        })
        .rfind(|event| {
            let reason = event["reason"].as_str().unwrap_or_default();
            REFUSALS.contains(&reason) || ACCEPTANCES.contains(&reason)
        })?;
    let reason = newest["reason"].as_str().filter(|reason| REFUSALS.contains(reason))?;
    let message = newest["message"].as_str().unwrap_or_default().trim();
    let title = edge.known(route).map_or("the controller", |known| known.title);
    let is_warning = reason == "AddedOrUpdatedWithWarning";
    let verb = if is_warning { "takes" } else { "refuses" };
    let rest = if is_warning { " with a warning" } else { "" };
    let mut finding = error(Code::INGRESS_REJECTED, format!("{title} {verb} the Ingress {}{rest}", route.name()));
    if is_warning {
        finding.severity = Severity::Warning;
        finding.settled = false;
    }
    finding.object = route.reference();
    finding.evidence.push(format!("{reason}: {message}"));
    if message.contains("hosts are taken") {
        finding.cause.push("another Ingress or VirtualServer has its hosts already".to_owned());
    }
    finding.fix = match edge.spec() {
        Some(_) if message.contains("annotations") => "correct annotations, as the event says, and apply".to_owned(),
        Some(_) => "correct what the event names, and apply".to_owned(),
        None => format!("correct what the event names: kubectl -n {} edit ingress {}", route.namespace(), route.name()),
    };
    Some(finding)
}
