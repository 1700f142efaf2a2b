//! Hooks: Jobs and Pods that helm waits for in the middle of an install. helm waits for its whole timeout and then says
//! that it has; their pods say sooner, and why.

use std::{collections::HashSet, time::Duration};

use boutique_core::{
    finding::{Finding, Severity},
    helm::is_hook,
    judge::Observation,
    object::{Kind, ObjectRef},
    status::{Phase, status},
};
use jiff::Timestamp;
use serde_json::Value;

use super::owners::{Owners, findings};
use crate::{
    connect::Cluster,
    evidence::{add_logs, last_words},
    watch::{Follow, Followed},
};

/// UIDs of what is there before helm begins: hooks of earlier attempts, which helm removes before it makes its own.
pub(super) async fn known(cluster: &Cluster, namespace: &str) -> HashSet<String> {
    // Who may not look finds no hooks later either.
    let objects = cluster.list_all([Kind::JOB, Kind::POD], namespace, "").await.unwrap_or_default();
    objects.iter().filter_map(uid).map(str::to_owned).collect()
}

fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid")?.as_str()
}

/// Comes when a hook in this namespace that was not known will not succeed, with the reason. Never comes otherwise.
pub(super) async fn hopeless(cluster: &Cluster, namespace: &str, known: &HashSet<String>) -> Vec<Finding> {
    let mut follows = [Kind::JOB, Kind::POD].map(|kind| Follow::labelled(kind, "")).to_vec();
    let mut warnings = Follow::labelled(Kind::EVENT, "");
    warnings.fields = "type=Warning".to_owned();
    follows.push(warnings);
    // Who may not look waits for helm.
    follows.iter_mut().for_each(|follow| follow.optional = true);
    let mut followed = Followed::start(cluster, namespace, follows);
    loop {
        match tokio::time::timeout(Duration::from_secs(2), followed.changed()).await {
            Ok(Ok(())) => {}
            // Some findings are believed only when they have lasted.
            Err(_) if followed.is_complete() => {}
            Err(_) => continue,
            Ok(Err(error)) => {
                tracing::debug!(%error, "hooks are not watched");
                return std::future::pending().await;
            }
        }
        let (mut objects, mut events) = (Vec::new(), Vec::new());
        let is_new = |live: &&Value| uid(live).is_none_or(|uid| !known.contains(uid));
        for (reference, live) in followed.objects().filter(|(_, live)| is_new(live)) {
            if reference.kind == Kind::EVENT.kind { &mut events } else { &mut objects }.push(live.clone());
        }
        let mut observation = Observation { objects, events, logs: Vec::new(), at: Some(Timestamp::now()) };
        if !settled(&observation).is_empty() {
            add_logs(cluster, namespace, &mut observation).await;
            return settled(&observation);
        }
    }
}

/// What the pods of hooks show after helm has said that one failed: findings, and the last words of those that ended
/// badly.
pub(super) async fn evidence(
    cluster: &Cluster,
    namespace: &str,
    known: &HashSet<String>,
) -> (Vec<Finding>, Vec<String>) {
    let look = async {
        let kinds = [Kind::JOB, Kind::POD, Kind::EVENT];
        let objects = cluster.list_all(kinds, namespace, "").await.unwrap_or_default();
        let new = objects.into_iter().filter(|object| uid(object).is_none_or(|uid| !known.contains(uid)));
        let (events, objects) = new.partition(|object| object["kind"] == Kind::EVENT.kind);
        let mut observation = Observation { objects, events, logs: Vec::new(), at: None };
        of_hooks(&mut observation);
        add_logs(cluster, namespace, &mut observation).await;
        let of_kind = |kind: Kind| observation.objects.iter().filter(move |object| object["kind"] == kind.kind);
        let failed = of_kind(Kind::POD).filter(|pod| pod["status"]["phase"] == "Failed").take(3);
        let mut words = futures::future::join_all(failed.map(|pod| last_words(cluster, pod))).await;
        words.extend(of_kind(Kind::JOB).filter_map(|job| {
            let status = status(job);
            let object = ObjectRef::of(job)?;
            (status.phase == Phase::Failed).then(|| format!("{object}: {}", status.reason))
        }));
        (findings(&observation), words)
    };
    tokio::time::timeout(Duration::from_secs(5), look).await.unwrap_or_default()
}

/// Findings about pods of hooks that waiting will not end.
fn settled(observation: &Observation) -> Vec<Finding> {
    let mut hooks = observation.clone();
    of_hooks(&mut hooks);
    findings(&hooks).into_iter().filter(|finding| finding.settled && finding.severity == Severity::Error).collect()
}

/// Leaves only hooks and what belongs to them.
fn of_hooks(observation: &mut Observation) {
    let owners = Owners::of(&observation.objects);
    let is_of_hook = |object: &Value| owners.roots(object).any(is_hook);
    let kept: Vec<Value> = observation.objects.iter().filter(|object| is_of_hook(object)).cloned().collect();
    observation.objects = kept;
}
