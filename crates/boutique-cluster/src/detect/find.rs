//! Finding the Prometheus that watches a shop.

use std::collections::BTreeMap;

use boutique_core::{
    contract::{MONITORING, MONITORING_NAMESPACE, RECORD, Record, SetId},
    monitoring::{MonitoringSpec, PrometheusPlace, Windows, judge::selection::chosen},
    object::Kind,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{LIMIT, ahead};
use crate::{
    connect::Cluster,
    monitoring::ask::{self, NoAnswer},
    request::ApiError,
    revisions::Records,
};

/// Where a monitoring lies unless somebody put it elsewhere; looked at by users who may not look everywhere.
const USUAL: &str = "monitoring";

/// The Prometheus of a shop, and how it labels the shop's alerts.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) place: (PrometheusPlace, String),
    /// Namespace of the shop.
    pub(super) namespace: String,
    /// Name of the shop.
    pub(super) stack: String,
    /// Between two evaluations of the rules.
    pub(super) interval: SignedDuration,
    /// How far its clock is ahead of this machine's.
    pub(super) ahead: SignedDuration,
    /// How fast it runs.
    pub(super) windows: Windows,
}

/// The Prometheus that watches the shop of a namespace; an error says why alerts cannot be seen.
pub(super) async fn find(cluster: &Cluster, namespace: &str) -> Result<Watcher, String> {
    let monitorings = monitorings(cluster, namespace).await?;
    let mut unreadable = None;
    let mut spec = None;
    for id in &monitorings.ids {
        match specification(cluster, id).await {
            Ok(Some(found)) if found.shop_namespace() == namespace => spec = Some(found),
            Ok(_) => {}
            Err(error) => unreadable = Some(error.to_string()),
        }
    }
    let Some(spec) = spec else {
        return Err(match (unreadable, monitorings.everywhere) {
            (Some(error), _) => format!("the monitoring of the shop cannot be read: {error}"),
            (None, true) => format!("no boutique_monitoring watches the shop of namespace {namespace}"),
            (None, false) => format!(
                "no boutique_monitoring that watches the shop of namespace {namespace} was found in it or in namespace \
                 {USUAL}, and this user may not look into the others"
            ),
        });
    };
    let prometheuses = prometheuses(cluster).await.map_err(|error| format!("Prometheus cannot be found: {error}"))?;
    let live = chosen(&spec, &prometheuses, &BTreeMap::new());
    let place = ask::place(&spec, live)
        .ok_or_else(|| format!("no Prometheus was found for the monitoring {}/{}", spec.namespace, spec.name))?;
    let ahead = clock(cluster, &place).await?;
    Ok(Watcher {
        place,
        namespace: spec.shop_namespace().to_owned(),
        stack: spec.shop_name().to_owned(),
        interval: SignedDuration::from_secs(i64::from(spec.pace().interval.seconds())),
        ahead,
        windows: spec.windows,
    })
}

struct Monitorings {
    ids: Vec<SetId>,
    /// Whether all namespaces were looked at.
    everywhere: bool,
}

async fn monitorings(cluster: &Cluster, namespace: &str) -> Result<Monitorings, String> {
    let selector = format!("{RECORD}={},{MONITORING}", Record::Inventory.label());
    let told = |error: ApiError| format!("monitorings cannot be listed: {error}");
    match cluster.list(Kind::CONFIG_MAP, None, &selector).await {
        Err(error) if error.missing_verb().is_some() => {}
        list => return Ok(Monitorings { ids: ids(&list.map_err(told)?.items), everywhere: true }),
    }
    let mut found = Vec::new();
    for namespace in [namespace, USUAL] {
        match cluster.list(Kind::CONFIG_MAP, Some(namespace), &selector).await {
            Err(error) if error.missing_verb().is_some() => {}
            list => found.extend(list.map_err(told)?.items),
        }
    }
    Ok(Monitorings { ids: ids(&found), everywhere: false })
}

fn ids(records: &[Value]) -> Vec<SetId> {
    let id = |record: &Value| {
        let label = |key: &str| record.pointer("/metadata/labels")?.get(key)?.as_str().map(str::to_owned);
        Some(SetId::monitoring(label(MONITORING_NAMESPACE)?, label(MONITORING)?))
    };
    let mut ids: Vec<SetId> = records.iter().filter_map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn specification(cluster: &Cluster, id: &SetId) -> Result<Option<MonitoringSpec>, ApiError> {
    let newest = Records::read(cluster, id).await?.newest().ok().flatten();
    Ok(newest.and_then(|revision| serde_json::from_value(revision.spec).ok()))
}

async fn prometheuses(cluster: &Cluster) -> Result<Vec<Value>, ApiError> {
    match cluster.list(Kind::PROMETHEUS, None, "").await {
        Err(error) if error.is_not_found() || error.missing_verb().is_some() => Ok(Vec::new()),
        list => Ok(list?.items),
    }
}

/// How far Prometheus' clock is ahead; that it answers at all says that this user may ask it.
async fn clock(cluster: &Cluster, place: &(PrometheusPlace, String)) -> Result<SignedDuration, String> {
    let asked = Timestamp::now();
    let answer = tokio::time::timeout(LIMIT, ask::get(cluster, place, "/api/v1/query?query=time()")).await;
    match answer {
        Ok(Ok(answer)) => Ok(ahead(&answer, asked, Timestamp::now()).unwrap_or_default()),
        Ok(Err(NoAnswer::Forbidden(why))) => {
            Err(format!("this user may not ask Prometheus through the API server: {why}"))
        }
        Ok(Err(NoAnswer::NotYet(why))) => Err(format!("Prometheus does not answer: {why}")),
        Err(_) => Err(format!("Prometheus does not answer: {} is silent", place.0.url())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_monitoring_is_known_by_the_labels_of_its_records_once() {
        let labels = json!({"boutique.dev/monitoring": "shop", "boutique.dev/monitoring-namespace": "watch"});
        let record = json!({"metadata": {"name": "inventory", "labels": labels}});
        let other = json!({"metadata": {"name": "other"}});
        assert_eq!(ids(&[record.clone(), other, record]), [SetId::monitoring("watch", "shop")]);
    }
}
