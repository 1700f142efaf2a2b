//! What goes wrong names the object and the way out, and no secret.

use boutique_cluster::helm::{ChartSource, ReleaseStatus, WriteOnly};
use boutique_core::object::{Kind, Manifest, ObjectRef};
use serde_json::{Value, json};

use crate::harness::Web;

async fn said(web: &Web, values: Value) -> String {
    web.refused(&web.release(values)).await.to_string()
}

fn check(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_the_chart_and_its_values_is_told_before_anything_is_installed() {
    let web = Web::new("chart").await;
    web.write("templates/extra.yaml", "{{ if .Values.broken }}a: {{ .Values.x.y.z }}{{ end }}");
    check(&said(&web, json!({"broken": true})).await, &["web/templates/extra.yaml line 1", "<.Values.x.y.z>", "fix"]);
    web.write("templates/extra.yaml", "{{ if .Values.broken }}");
    check(&said(&web, json!({})).await, &["web/templates/extra.yaml", "fix"]);
    web.write("templates/extra.yaml", r#"{{ fail (printf "the password is %s" .Values.password) }}"#);
    let mut release = web.release(json!({}));
    release.write_only = Some(WriteOnly { version: 1, values: Some(json!({"password": "hunter22"})) });
    let error = web.refused(&release).await.to_string();
    check(&error, &["the password is (sensitive)"]);
    assert!(!error.contains("hunter22"), "{error}");
    web.write("templates/extra.yaml", "");

    let schema = json!({"type": "object", "additionalProperties": false, "properties":
        {"replicas": {"type": "integer"}, "app": {}, "text": {}, "password": {}, "hook": {}, "hookAt": {}, "global": {}}});
    web.write("values.schema.json", &schema.to_string());
    check(&said(&web, json!({"replica": 1})).await, &["'replica' not allowed", "correct its name"]);
    check(&said(&web, json!({"replicas": "two"})).await, &["values.replicas", "want integer"]);
    let remote = json!({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/schema.json"}}});
    web.write("values.schema.json", &remote.to_string());
    check(&said(&web, json!({"a": 1})).await, &["http://127.0.0.1:1/schema.json", "skip_schema_validation"]);
    let mut release = web.release(json!({"a": 1}));
    release.skip_schema_validation = true;
    assert!(web.read().await.is_none(), "nothing was installed so far");
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));

    let missing = web.folder.path().join("nowhere");
    let mut release = web.release(json!({}));
    release.chart = ChartSource::Path(missing);
    check(&web.refused(&release).await.to_string(), &["nowhere", "no such folder or archive"]);
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_fails_is_told_with_what_its_job_shows_and_the_release_is_in_state() {
    let web = Web::new("hook").await;
    let error = web.refused(&web.release(json!({"hook": "fails"}))).await;
    check(&error.to_string(), &["web-hook", "pre-install hook failed", "DeadlineExceeded", "fix"]);
    assert_eq!(error.partial.map(|partial| (partial.revision, partial.status)), Some((1, ReleaseStatus::Failed)));
    let pending = web.reading().await.pending();
    assert!(pending[0].contains("revision 1") && pending[0].contains("failed"), "{pending:?}");
    web.apply(json!({})).await;
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_whose_image_does_not_come_is_not_waited_for() {
    let web = std::sync::Arc::new(Web::new("pull").await);
    let applying = tokio::spawn({
        let web = std::sync::Arc::clone(&web);
        async move { web.refused(&web.release(json!({"hook": "waits"}))).await }
    });
    web.until_live(Kind::JOB, "web-hook").await;
    // No kubelet runs here, so the test says what one would.
    let waiting = json!([{"name": "hook", "image": "registry.invalid/hook:1", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ErrImagePull", "message": "registry.invalid/hook:1: not found"}}}]);
    let told = async {
        loop {
            let pods = web.cluster.list(Kind::POD, Some(web.namespace()), "app=hook").await.unwrap().items;
            let Some(pod) = pods.first().and_then(ObjectRef::of) else { continue };
            let ops = [json!({"op": "add", "path": "/status/containerStatuses", "value": waiting})];
            if web.cluster.json_patch(&pod, Kind::POD, Some("status"), &ops, "kubelet").await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), told).await.expect("the Job makes a pod");
    let error = applying.await.unwrap();
    check(&error.to_string(), &["a hook will not succeed", "registry.invalid/hook:1", "the chart's values"]);
    assert_eq!(error.partial.as_ref().map(|partial| partial.status), Some(ReleaseStatus::Failed));
    assert_eq!(web.helm_process(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_objects_names_them_and_what_to_do() {
    let web = Web::new("objects").await;
    let theirs = Manifest::new(Kind::CONFIG_MAP, web.namespace(), "web", json!({"data": {"text": "theirs"}}));
    web.cluster.create(&theirs, "kubectl-create").await.unwrap();
    let place = format!("ConfigMap {}/web", web.namespace());
    check(&said(&web, json!({})).await, &[&place, "belongs to no Helm release", "adopt"]);
    let mut release = web.release(json!({}));
    (release.take_ownership, release.force_conflicts) = (true, true);
    web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));

    let place = format!("Deployment {}/web", web.namespace());
    check(&said(&web, json!({"app": "other"})).await, &[&place, "spec.selector cannot be changed", "kubectl delete"]);
    web.write("templates/extra.yaml", "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\n");
    check(&said(&web, json!({})).await, &["Gadget g", "no kind Gadget", "CRD"]);
    web.finish().await;
}
