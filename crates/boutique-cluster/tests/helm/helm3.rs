//! The other major version. All tests of this folder can be run with it (`BOUTIQUE_HELM=…`); this one builds it by itself.

use std::sync::Arc;

use boutique_cluster::{
    event::Events,
    helm::{self, ReleaseStatus},
};
use boutique_core::object::Kind;
use boutique_lab::Progress;
use serde_json::json;

use crate::harness::{Web, bounds, kill};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds Helm 3, which takes minutes and changes rarely; run it after a change of the flags that helm gets"]
async fn helm_3_installs_repairs_recovers_and_takes_down() {
    let program = boutique_lab::helm3(&Progress::stderr()).unwrap_or_else(|error| panic!("helm: {error:#}"));
    let web = Web::driven_by(&program, "three").await;
    assert_eq!(web.helm.version().major, 3);
    let mut release = web.release(json!({}));
    release.create_namespace = true;
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));
    helm::wait(&web.cluster, &web.id, &bounds(), &Events::none()).await.unwrap_or_else(|error| panic!("{error}"));
    web.patch(Kind::CONFIG_MAP, "web", json!([{"op": "replace", "path": "/data/text", "value": "theirs"}])).await;
    assert_eq!(web.drift().await.len(), 1);
    web.apply(json!({})).await;
    assert_eq!(web.drift().await, Vec::<String>::new());

    let web = Arc::new(web);
    let applying = tokio::spawn({
        let web = Arc::clone(&web);
        async move { web.refused(&web.release(json!({"hook": "hangs"}))).await }
    });
    web.until("pending-upgrade").await;
    kill(web.helm_process().expect("helm is at work"));
    let error = applying.await.unwrap();
    assert!(error.to_string().contains("killed by signal 9"), "{error}");
    assert_eq!(web.apply(json!({})).await.status, ReleaseStatus::Deployed);
    web.uninstall().await;
    assert!(web.read().await.is_none());
}
