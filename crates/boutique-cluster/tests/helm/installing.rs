//! Install, upgrade, import, uninstall.

use std::time::Duration;

use boutique_cluster::{
    bounds::Bounds,
    event::{Event, Events},
    helm::{self, ReleaseStatus, WriteOnly},
};
use boutique_core::{helm::values_diff, object::Kind};
use serde_json::json;

use crate::harness::{Web, bounds};

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_installed_waited_for_upgraded_and_taken_down() {
    let web = Web::new("life").await;
    assert!(web.read().await.is_none());
    let applied = web.apply(json!({"replicas": 1})).await;
    assert_eq!((applied.revision, applied.status), (1, ReleaseStatus::Deployed));
    assert!(applied.digest.is_some_and(|digest| digest.starts_with("sha256:")));
    let waited = helm::wait(&web.cluster, &web.id, &bounds(), &Events::none()).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(waited.ready.len(), 1, "the Deployment is waited for, the load balancer's address is not");
    assert_eq!(web.drift().await, Vec::<String>::new());

    let reading = web.reading().await;
    assert_eq!(reading.release.chart.version, "1.0.0");
    assert_eq!(reading.release.chart.app_version.as_deref(), Some("2.5"));
    assert!(reading.release.last_deployed.is_some() && reading.pending().is_empty() && !reading.is_foreign());
    assert_eq!(reading.values(), json!({"replicas": 1}));
    let changes = values_diff(&reading.values(), &json!({"replicas": 2}), &reading.sensitive());
    assert_eq!(changes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["replicas: 1 → 2"]);

    let applied = web.apply(json!({"replicas": 2})).await;
    assert_eq!(applied.revision, 2);
    assert_eq!(web.live(Kind::DEPLOYMENT, "web").await.unwrap()["spec"]["replicas"], 2);
    // Values that are asked for no more go back to the chart's.
    web.apply(json!({})).await;
    assert_eq!(web.live(Kind::DEPLOYMENT, "web").await.unwrap()["spec"]["replicas"], 1);

    let done = web.uninstall().await;
    assert_eq!(done.deleted.len(), 4, "{done:?}");
    for (kind, name) in [(Kind::DEPLOYMENT, "web"), (Kind::SECRET, "web"), (Kind::CONFIG_MAP, "boutique-release-web")] {
        assert!(web.live(kind, name).await.is_none(), "{kind} {name} is gone");
    }
    assert!(web.live(Kind::LEASE, "boutique-release-web").await.is_none());
    assert!(web.read().await.is_none());
    assert_eq!(web.uninstall().await.deleted, [], "once more is no error");
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstall_ends_when_the_objects_are_gone_and_goes_on_after_it_was_called_off() {
    let web = std::sync::Arc::new(Web::new("finalizer").await);
    web.apply(json!({})).await;
    let finalizers = json!(["example.com/hold"]);
    web.patch(Kind::CONFIG_MAP, "web", json!([{"op": "add", "path": "/metadata/finalizers", "value": finalizers}]))
        .await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let (events, mut event_rx) = Events::channel();
    let taking_down = tokio::spawn({
        let (web, bounds) = (std::sync::Arc::clone(&web), Bounds { cancel: cancel.clone(), ..bounds() });
        async move {
            let request = helm::UninstallRequest::new(web.id.clone());
            helm::uninstall(&web.helm, &web.cluster, &request, &bounds, &events).await
        }
    });
    let held = async { while !matches!(event_rx.recv().await, Some(Event::Deleting { left: 1 })) {} };
    tokio::time::timeout(Duration::from_secs(60), held).await.expect("all but one go");
    cancel.cancel();
    let error = taking_down.await.unwrap().unwrap_err();
    let said = error.to_string();
    assert!(said.contains(&format!("ConfigMap {}/web", web.namespace())) && said.contains("finalizers"), "{said}");
    web.patch(Kind::CONFIG_MAP, "web", json!([{"op": "remove", "path": "/metadata/finalizers"}])).await;
    web.uninstall().await;
    assert!(web.live(Kind::CONFIG_MAP, "boutique-release-web").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_made_if_asked_for_and_goes_with_the_release() {
    let web = Web::without_namespace("made").await;
    let error = web.refused(&web.release(json!({}))).await;
    assert!(error.to_string().contains("does not exist") && error.partial.is_none(), "{error}");
    let mut release = web.release(json!({}));
    release.create_namespace = true;
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));
    web.uninstall().await;
    let namespace = web.cluster.get(Kind::NAMESPACE, None, web.namespace()).await.unwrap();
    assert!(namespace.is_none_or(|namespace| namespace["metadata"]["deletionTimestamp"].is_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn write_only_values_survive_an_unrelated_change_and_are_shown_nowhere() {
    let web = Web::new("secret").await;
    let mut release = web.release(json!({"text": "one"}));
    release.write_only = Some(WriteOnly { version: 1, values: Some(json!({"password": "hunter22"})) });
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));
    let password = || async {
        let secret = web.live(Kind::SECRET, "web").await.unwrap();
        secret["data"]["password"].as_str().unwrap().to_owned()
    };
    assert_eq!(password().await, "aHVudGVyMjI=");
    // The values are no longer at hand, and something else changes.
    let mut release = web.release(json!({"text": "two"}));
    release.write_only = Some(WriteOnly { version: 1, values: None });
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(password().await, "aHVudGVyMjI=");
    let reading = web.reading().await;
    assert_eq!(reading.values(), json!({"text": "two"}));
    let record = web.live(Kind::CONFIG_MAP, "boutique-release-web").await.unwrap();
    web.patch(Kind::SECRET, "web", json!([{"op": "replace", "path": "/data/password", "value": "c3RvbGVu"}])).await;
    let drift = web.drift().await;
    assert!(drift[0].contains("data.password") && drift[0].contains("(sensitive)"), "{drift:?}");
    let seen = format!("{reading:?} {record} {drift:?}");
    for secret in ["hunter22", "aHVudGVyMjI=", "c3RvbGVu"] {
        assert!(!seen.contains(secret), "{secret} is seen");
    }
    // A greater version without values asks for them.
    release.write_only = Some(WriteOnly { version: 2, values: None });
    let error = web.refused(&release).await;
    assert!(error.to_string().contains("version went from 1 to 2"), "{error}");
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn write_only_values_of_an_install_that_failed_are_not_seen_and_given_again_by_the_next() {
    let web = Web::new("secret-early").await;
    let mut release = web.release(json!({"text": "one", "hook": "fails"}));
    release.write_only = Some(WriteOnly { version: 1, values: Some(json!({"password": "hunter22"})) });
    web.refused(&release).await;
    let reading = web.reading().await;
    assert_eq!(reading.values(), json!({"text": "one", "hook": "fails"}), "helm has them, and we know their place");
    assert_eq!(reading.secrets().hide("it was hunter22"), "it was (sensitive)");
    release.values = json!({"text": "two"});
    release.write_only = Some(WriteOnly { version: 1, values: Some(json!({"password": "hunter33"})) });
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));
    let secret = web.live(Kind::SECRET, "web").await.unwrap();
    assert_eq!(secret["data"]["password"], "aHVudGVyMzM=", "no version was installed, so those that are given count");
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_others_installed_is_read_and_taken_over_as_it_is() {
    let web = Web::new("import").await;
    let mut helm = std::process::Command::new(crate::harness::program());
    helm.args(["install", "web"]).arg(web.chart()).args(["--set", "replicas=3", "--namespace", web.namespace()]);
    helm.env("KUBECONFIG", &crate::harness::lab().kubeconfig);
    assert!(helm.output().unwrap().status.success());
    let reading = web.reading().await;
    assert!(reading.is_foreign() && reading.record.is_none());
    assert_eq!((reading.release.chart.name.as_str(), reading.values()), ("web", json!({"replicas": 3})));
    assert_eq!(web.drift().await, Vec::<String>::new());
    let applied = web.apply(reading.values()).await;
    assert_eq!(applied.revision, 2);
    assert!(!web.reading().await.is_foreign());
    web.finish().await;
}
