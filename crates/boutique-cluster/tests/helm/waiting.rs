//! Waiting for what a release installed.

use std::time::Duration;

use boutique_cluster::{
    bounds::{Bounds, Interrupted},
    event::Events,
    helm::{self, WaitError},
};
use boutique_core::object::{Kind, Manifest};
use serde_json::json;

use crate::harness::{Web, bounds};

#[tokio::test(flavor = "multi_thread")]
async fn pods_that_cannot_be_made_end_the_wait_early_with_the_reason() {
    let web = Web::new("quota").await;
    let quota = json!({"spec": {"hard": {"pods": "0"}}});
    web.cluster.create(&Manifest::new(Kind::RESOURCE_QUOTA, web.namespace(), "pods", quota), "x").await.unwrap();
    web.apply(json!({})).await;
    let error = helm::wait(&web.cluster, &web.id, &bounds(), &Events::none()).await.unwrap_err();
    let WaitError::Failed { findings, .. } = &*error else { panic!("{error}") };
    assert!(!findings.is_empty());
    assert!(error.to_string().contains("quota"), "{error}");
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_ends_the_wait_and_one_that_hangs_is_named_when_the_time_is_over() {
    let web = Web::new("job").await;
    let job = |suspend: bool| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: setup-{suspend}}}\nspec:\n  backoffLimit: 0\n  suspend: {suspend}\n  \
             activeDeadlineSeconds: 1\n  template: {{spec: {{restartPolicy: Never, nodeSelector: {{there-is: none}}, \
             containers: [{{name: s, image: x}}]}}}}\n"
        )
    };
    web.write("templates/job.yaml", &job(true));
    web.apply(json!({})).await;
    let short = Bounds::within(Duration::from_secs(3));
    let error = helm::wait(&web.cluster, &web.id, &short, &Events::none()).await.unwrap_err();
    assert!(matches!(&*error, WaitError::Ended { by: Interrupted::Deadline, .. }), "{error}");
    assert!(error.to_string().contains("setup-true"), "{error}");
    web.write("templates/job.yaml", &job(false));
    web.apply(json!({})).await;
    let error = helm::wait(&web.cluster, &web.id, &bounds(), &Events::none()).await.unwrap_err();
    assert!(matches!(&*error, WaitError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("DeadlineExceeded"), "{error}");
    web.finish().await;
}
