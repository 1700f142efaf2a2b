//! What others change in a release.

use boutique_core::object::Kind;
use serde_json::json;

use crate::harness::Web;

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_is_named_with_the_writer_and_put_right() {
    let web = Web::new("drift").await;
    web.apply(json!({})).await;
    web.patch(Kind::CONFIG_MAP, "web", json!([{"op": "replace", "path": "/data/text", "value": "theirs"}])).await;
    web.patch(Kind::DEPLOYMENT, "web", json!([{"op": "replace", "path": "/spec/replicas", "value": 4}])).await;
    // An object without Helm's label is not taken for a missing one.
    web.patch(
        Kind::SERVICE,
        "web",
        json!([{"op": "remove", "path": "/metadata/labels/app.kubernetes.io~1managed-by"}]),
    )
    .await;
    let mut drift = web.drift().await;
    drift.sort_unstable();
    let place = web.namespace();
    assert_eq!(
        drift,
        [
            format!(r#"ConfigMap {place}/web: data.text is "theirs", applied "hello"; last written by "kubectl-edit""#),
            format!(r#"Deployment {place}/web: spec.replicas is 4, applied 1; last written by "kubectl-edit""#),
        ]
    );

    // Who owns the fields now is named, and nothing is taken from them unasked. Helm 3 knows no owners.
    if web.helm.version().major >= 4 {
        let error = web.refused(&web.release(json!({"replicas": 2, "text": "ours"}))).await;
        let said = error.to_string();
        for part in ["kubectl-edit", ".data.text", ".spec.replicas", "force_conflicts"] {
            assert!(said.contains(part), "{said}");
        }
        assert!(error.partial.is_some());
    }
    let mut release = web.release(json!({"replicas": 2, "text": "ours"}));
    release.force_conflicts = true;
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(web.drift().await, Vec::<String>::new());
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_somebody_deleted_is_missing_and_comes_back() {
    let web = Web::new("missing").await;
    web.apply(json!({})).await;
    let object = boutique_core::object::ObjectRef::new(Kind::CONFIG_MAP, web.namespace(), "web");
    let propagation = boutique_cluster::request::Propagation::Background;
    web.cluster.delete(&object, Kind::CONFIG_MAP, propagation, None).await.unwrap();
    assert_eq!(web.drift().await, [format!("ConfigMap {}/web is missing", web.namespace())]);
    web.apply(json!({})).await;
    assert_eq!(web.drift().await, Vec::<String>::new());
    web.finish().await;
}
