//! Deployments whose pods are not even made, and namespaces that take none.

use serde_json::Value;

use super::{Observation, app, condition, known, namespace as namespace_of, ownership, reference, string};
use crate::finding::{Code, Finding, Severity};

/// Seconds in which ending pods may still free a quota.
const QUOTA_PATIENCE: i64 = 15;

/// What is wrong with a rollout itself.
pub(super) fn judge<'a>(observation: &'a Observation, deployment: &'a Value) -> Vec<Finding> {
    if !ownership::is_observed(deployment) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    findings.extend(not_created(observation, deployment));
    if let Some(progressing) = condition(deployment, "Progressing")
        && progressing["reason"] == "ProgressDeadlineExceeded"
    {
        let name = app(deployment);
        let namespace = namespace_of(deployment);
        findings.push(Finding {
            code: Code::PROGRESS_DEADLINE,
            severity: Severity::Error,
            service: Some(name.to_owned()),
            object: reference(deployment),
            summary: format!("{name}: the rollout made no progress within its deadline"),
            cause: Vec::new(),
            evidence: progressing["message"].as_str().map(str::to_owned).into_iter().collect(),
            fix: format!("see why its pods do not come up: kubectl -n {namespace} describe pods -l app={name}"),
            settled: true,
        });
    }
    findings
}

/// Pods that the API server refuses: the words stand in the Deployment's condition, or in an event of the ReplicaSet
/// before the condition is there.
fn not_created<'a>(observation: &'a Observation, deployment: &'a Value) -> Option<Finding> {
    let failure = condition(deployment, "ReplicaFailure").filter(|failure| failure["status"] == "True");
    let event = ownership::newest_replica_set(observation, deployment)
        .filter(|replica_set| wants_pods(replica_set))
        .and_then(|replica_set| observation.events_of(replica_set, "FailedCreate").last());
    let said = failure.and_then(|failure| failure["message"].as_str()).or_else(|| event?["message"].as_str())?;
    let since = failure.and_then(|failure| failure["lastTransitionTime"].as_str()).or_else(|| {
        let event = event?;
        event["firstTimestamp"].as_str().or_else(|| event["eventTime"].as_str())
    });
    let name = app(deployment);
    let namespace = namespace_of(deployment);
    let (code, summary, cause, fix, patience) = if said.contains("exceeded quota") || said.contains("failed quota") {
        (
            Code::QUOTA_EXCEEDED,
            "a quota of the namespace leaves no room for its pods",
            quota_cause(said),
            format!(
                "raise the quota (kubectl -n {namespace} get resourcequota), or use profile = \"small\" or fewer replicas"
            ),
            QUOTA_PATIENCE,
        )
    } else if said.contains("violates PodSecurity") {
        (
            Code::POD_SECURITY,
            "Pod Security of the namespace refuses its pods",
            None,
            match known(name) {
                Some(_) => format!(
                    "let terraform manage the shop, whose pods satisfy \"restricted\", or lower the level: kubectl label \
                     namespace {namespace} pod-security.kubernetes.io/enforce=baseline --overwrite"
                ),
                None => format!(
                    "lower the level: kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline \
                     --overwrite"
                ),
            },
            0,
        )
    } else {
        (
            Code::PODS_NOT_CREATED,
            "the API server refuses its pods",
            said.contains("serviceaccount").then(|| "its ServiceAccount does not exist".to_owned()),
            format!("the message names who refuses: kubectl -n {namespace} describe replicasets -l app={name}"),
            QUOTA_PATIENCE,
        )
    };
    Some(Finding {
        code,
        severity: Severity::Error,
        service: Some(name.to_owned()),
        object: reference(deployment),
        summary: format!("{name}: {summary}"),
        cause: cause.into_iter().collect(),
        evidence: vec![said.to_owned()],
        fix,
        settled: observation.lasted(since, patience),
    })
}

fn wants_pods(replica_set: &Value) -> bool {
    let count = |pointer| replica_set.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    count("/status/replicas") < count("/spec/replicas")
}

/// `exceeded quota: small, requested: limits.memory=128Mi, used: …, limited: …` in words.
fn quota_cause(said: &str) -> Option<String> {
    let part = |word: &str| Some(said.split_once(word)?.1.split(", ").next()?.trim().to_owned());
    let name = part("exceeded quota: ").or_else(|| part("failed quota: "))?;
    match (part("requested: "), part("used: "), part("limited: ")) {
        (Some(requested), Some(used), Some(limited)) => {
            Some(format!("it asks for {requested}, {used} is used, and the quota {name} allows {limited}"))
        }
        _ => Some(format!("the quota {name} asks for what the pods do not state")),
    }
}

/// A namespace that is going away.
pub(super) fn namespace(observation: &Observation) -> Vec<Finding> {
    observation
        .of_kind("Namespace")
        .filter(|namespace| namespace["status"]["phase"] == "Terminating")
        .map(|namespace| {
            let name = string(namespace, "/metadata/name").unwrap_or_default();
            let evidence = super::items(namespace, "/status/conditions")
                .filter(|condition| condition["status"] == "True")
                .filter_map(|condition| condition["message"].as_str().map(str::to_owned))
                .collect();
            Finding {
                code: Code::NAMESPACE_TERMINATING,
                severity: Severity::Error,
                service: None,
                object: reference(namespace),
                summary: format!("the namespace {name} is being deleted and takes nothing new"),
                cause: Vec::new(),
                evidence,
                fix: format!(
                    "wait for it (kubectl wait --for=delete namespace/{name}) and apply again; if it does not go, kubectl \
                     get namespace {name} -o yaml names what holds it"
                ),
                settled: true,
            }
        })
        .collect()
}
