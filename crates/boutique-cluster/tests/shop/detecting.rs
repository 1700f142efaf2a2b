//! Alerts of the Prometheus that watches a shop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use boutique_cluster::connect::{Cluster, ConnectSpec};
use boutique_cluster::detect::{Detector, Standing};
use boutique_core::contract::SetId;
use boutique_core::inventory::Inventory;
use boutique_core::monitoring::{MonitoringSpec, Windows};
use boutique_core::revision::Revision;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// An API server with the records of a monitoring, and a Prometheus behind its service proxy.
#[derive(Clone, Default)]
struct Watched {
    records: Vec<Value>,
    /// Namespaces whose ConfigMaps may be listed; none stands for all.
    may_list: Option<&'static str>,
    may_ask: bool,
    /// When each alert fired.
    firing: Arc<Mutex<Vec<(&'static str, Timestamp)>>>,
}

fn mk_watched(namespace: &str, stack: &SetId) -> Watched {
    let spec = MonitoringSpec { windows: Windows::Lab, ..MonitoringSpec::new(namespace, "shop", stack) };
    let revision = Revision {
        number: 1,
        spec: serde_json::to_value(&spec).expect("is JSON"),
        objects: Vec::new(),
        admitted: Vec::new(),
        created_at: Timestamp::UNIX_EPOCH,
        created_by: "ann".to_owned(),
        versions: BTreeMap::new(),
    };
    let inventory = Inventory::default().record(&spec.id(), "1.0.0");
    let records = [inventory, revision.record(&spec.id())].map(|record| record.into_value()).to_vec();
    Watched { records, may_ask: true, ..Watched::default() }
}

async fn start(watched: &Watched) -> Cluster {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let host = Some(format!("http://{}", listener.local_addr().expect("it has an address")));
    let app = Router::new().fallback(answer).with_state(watched.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Cluster::connect(&ConnectSpec { host, ..ConnectSpec::default() }).await.expect("the settings are good")
}

async fn answer(State(watched): State<Watched>, uri: Uri) -> Response {
    let path = uri.path();
    if path.ends_with("/configmaps") {
        let namespace = path.strip_prefix("/api/v1/namespaces/").and_then(|rest| rest.split('/').next());
        if watched.may_list.is_some_and(|allowed| namespace != Some(allowed)) {
            return forbidden("list", "configmaps");
        }
        return json_of(&json!({"kind": "ConfigMapList", "items": watched.records}));
    }
    if path.ends_with("/proxy/api/v1/query") {
        if !watched.may_ask {
            return forbidden("get", "services/proxy");
        }
        let now = Timestamp::now().as_millisecond() as f64 / 1000.0;
        let scalar = uri.query() == Some("query=time()");
        return json_of(&match scalar {
            true => json!({"status": "success", "data": {"resultType": "scalar", "result": [now, now.to_string()]}}),
            false => {
                let query = uri.query().unwrap_or_default();
                assert!(query.contains("namespace%3D%22shop%22%2Cstack%3D%22small%22"), "{query}");
                let firing = watched.firing.lock().expect("no test panics with it");
                let result: Vec<Value> = firing.iter().map(|(name, at)| series(name, *at)).collect();
                json!({"status": "success", "data": {"resultType": "matrix", "result": result}})
            }
        });
    }
    StatusCode::NOT_FOUND.into_response()
}

fn series(name: &str, at: Timestamp) -> Value {
    let metric = json!({"__name__": "ALERTS", "alertname": name, "alertstate": "firing", "service": "cartservice"});
    json!({"metric": metric, "values": [[at.as_millisecond() as f64 / 1000.0, "1"]]})
}

fn forbidden(verb: &str, resource: &str) -> Response {
    let message =
        format!("{resource} is forbidden: User \"ann\" cannot {verb} resource \"{resource}\" in API group \"\"");
    let status = json!({"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": message, "code": 403});
    (StatusCode::FORBIDDEN, json_of(&status)).into_response()
}

fn json_of(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}

fn why_blind(standing: Standing) -> String {
    match standing {
        Standing::Blind { reason } => reason,
        Standing::Watching { prometheus } => panic!("watches {prometheus}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_that_fire_while_a_fault_runs_are_told_apart_from_earlier_ones() {
    let watched = mk_watched("watch", &SetId::stack("shop", "small"));
    let begun = Timestamp::now();
    let note = |name, at| watched.firing.lock().expect("no test panics with it").push((name, at));
    note("BoutiqueNoTraffic", begun - SignedDuration::from_secs(40));
    let cluster = start(&watched).await;
    let detector = Detector::start(&cluster, "shop").await;
    let prometheus = "watch/kube-prometheus-stack-prometheus".to_owned();
    assert_eq!(detector.standing(), Standing::Watching { prometheus });
    assert_eq!(detector.alerts().len(), 1);
    note("BoutiqueServiceDown", begun + SignedDuration::from_secs(20));
    let detected = detector.stop().await;
    let names = |alerts: Vec<&boutique_cluster::detect::FiringAlert>| -> Vec<String> {
        alerts.iter().map(|alert| alert.name.clone()).collect()
    };
    assert_eq!(names(detected.alerts.iter().collect()), ["BoutiqueNoTraffic", "BoutiqueServiceDown"]);
    assert_eq!(names(detected.since(begun).collect()), ["BoutiqueServiceDown"]);
    assert_eq!(detected.alerts[1].label("service"), Some("cartservice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_nobody_watches_is_told_as_such() {
    let watched = mk_watched("watch", &SetId::stack("elsewhere", "small"));
    let detector = Detector::start(&start(&watched).await, "shop").await;
    let reason = why_blind(detector.stop().await.standing);
    assert_eq!(reason, "no boutique_monitoring watches the shop of namespace shop");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_look_everywhere_finds_the_monitoring_in_its_usual_place() {
    let mut watched = mk_watched("monitoring", &SetId::stack("shop", "small"));
    watched.may_list = Some("monitoring");
    let detector = Detector::start(&start(&watched).await, "shop").await;
    assert!(matches!(detector.standing(), Standing::Watching { .. }), "{:?}", detector.standing());
    watched.may_list = Some("nowhere");
    let detector = Detector::start(&start(&watched).await, "shop").await;
    let reason = why_blind(detector.standing());
    assert!(reason.ends_with("this user may not look into the others"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_prometheus_is_told_so() {
    let mut watched = mk_watched("watch", &SetId::stack("shop", "small"));
    watched.may_ask = false;
    let detector = Detector::start(&start(&watched).await, "shop").await;
    let reason = why_blind(detector.standing());
    assert!(reason.starts_with("this user may not ask Prometheus through the API server: "), "{reason}");
}
