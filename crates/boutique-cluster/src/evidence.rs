//! What `judge` needs beyond the shop's own objects: ReplicaSets, events, and the last words of containers in trouble.

use std::time::Duration;

use boutique_core::judge::{LogTail, LogsWanted, Observation, logs_wanted};
use boutique_core::object::Kind;
use boutique_core::view::{SELECTOR, ShopObjects};
use http::Method;
use serde_json::Value;

use crate::connect::Cluster;
use crate::request::build;

/// Last lines of a log that are read.
const LINES: u32 = 20;

/// Containers whose logs are read.
const CONTAINERS: usize = 8;

/// How long one log may take; a kubelet that does not answer must not hide what is known already.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that can be observed of a shop whose objects are known already. What the caller may not read is left out:
/// less is found then, and nothing wrong.
pub async fn observation(cluster: &Cluster, shop: &ShopObjects) -> Observation {
    let namespace = shop.namespace.as_str();
    // The slices of all Services: the shop's own view holds only those of the way in.
    let (replica_sets, slices, events) = tokio::join!(
        cluster.list(Kind::REPLICA_SET, Some(namespace), SELECTOR),
        cluster.list(Kind::ENDPOINT_SLICE, Some(namespace), ""),
        cluster.list(Kind::EVENT, Some(namespace), ""),
    );
    let mut objects: Vec<_> =
        [&shop.deployments, &shop.pods].into_iter().flat_map(|list| list.iter().cloned()).collect();
    objects.extend(replica_sets.map(|list| list.items).unwrap_or_default());
    // A Service without its slices would be taken for one without endpoints.
    if let Ok(slices) = slices {
        objects.extend(slices.items);
        objects.extend(shop.services.iter().cloned());
    }
    let mut observation = Observation {
        objects,
        events: events.map(|list| list.items).unwrap_or_default(),
        logs: Vec::new(),
        at: Some(jiff::Timestamp::now()),
    };
    add_logs(cluster, namespace, &mut observation).await;
    observation
}

/// Adds the last words of containers in trouble, of as many as a person would read.
pub(crate) async fn add_logs(cluster: &Cluster, namespace: &str, observation: &mut Observation) {
    let wanted = logs_wanted(observation).into_iter().take(CONTAINERS);
    let tails = wanted.map(|wanted| tokio::time::timeout(PATIENCE, tail(cluster, namespace, wanted)));
    observation.logs = futures::future::join_all(tails).await.into_iter().flatten().flatten().collect();
}

/// How a pod ended that runs no more, and the last lines it wrote: for Jobs, whose pods nobody starts again.
pub(crate) async fn last_words(cluster: &Cluster, pod: &Value) -> String {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"].into_iter();
    let statuses = statuses.filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    let failed = statuses.filter_map(|status| {
        let ended = status.pointer("/state/terminated")?;
        let code = ended.get("exitCode").and_then(Value::as_i64).unwrap_or(0);
        (code != 0).then(|| (status.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(), code))
    });
    let mut said = format!("Pod {namespace}/{name} failed {}", text("/status/reason"));
    for (container, code) in failed.collect::<Vec<_>>() {
        said = format!("{said}\n  container {container} ended with exit code {code}");
        let wanted = LogsWanted { pod: name.to_owned(), container, previous: false };
        if let Ok(Some(log)) = tokio::time::timeout(PATIENCE, tail(cluster, namespace, wanted)).await {
            log.lines.iter().for_each(|line| said = format!("{said}\n  | {line}"));
        }
    }
    said
}

async fn tail(cluster: &Cluster, namespace: &str, wanted: LogsWanted) -> Option<LogTail> {
    let LogsWanted { pod, container, previous } = wanted;
    let path = Kind::POD.object_path(Some(namespace), &pod);
    let uri = format!("{path}/log?container={container}&previous={previous}&tailLines={LINES}");
    let response = cluster.raw(build(Method::GET, &uri, None, Vec::new())).await.ok()?;
    // A container that has not written yet is answered with an error, whose text is no log.
    if !response.status().is_success() {
        return None;
    }
    let lines = String::from_utf8_lossy(response.body()).lines().map(str::to_owned).collect();
    Some(LogTail { pod, container, lines })
}
