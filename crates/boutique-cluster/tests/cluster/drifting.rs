//! What others do to a shop: seen when it is ours, passed over when it is theirs, and put right by one apply.

use boutique_cluster::applyset::Cause;
use boutique_core::{contract::FIELD_MANAGER, object::Kind};
use serde_json::json;

use crate::harness::Shop;

const CONTAINER: &str = "/spec/template/spec/containers/0";

/// The shop after an apply, with nothing pending.
async fn mk_shop(name: &str) -> Shop {
    let shop = Shop::new(name).await;
    shop.apply().await;
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop
}

async fn assert_told_and_put_right(shop: Shop, expected: &str) {
    let pending = shop.pending().await;
    assert_eq!(pending.len(), 1, "{pending:?}");
    let expected = expected.replace("NS", shop.namespace());
    assert!(pending[0].starts_with(&expected), "expected {expected}\n     got {}", pending[0]);
    shop.plan_and_apply().await;
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_scale() {
    let shop = mk_shop("scale").await;
    shop.scale("cartservice", 5).await;
    let expected = r#"Deployment NS/cartservice: spec.replicas is 5, applied 1; last written by "kubectl" (scale)"#;
    assert_told_and_put_right(shop, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_set_image() {
    let shop = mk_shop("image").await;
    let ops = json!([{"op": "replace", "path": format!("{CONTAINER}/image"), "value": "other:2"}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-set", ops).await;
    let expected = r#"Deployment NS/frontend: spec.template.spec.containers[name="server"].image is "other:2", applied "registry.invalid/frontend:v1"; last written by "kubectl-set""#;
    assert_told_and_put_right(shop, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_set_env_adds_a_variable() {
    let shop = mk_shop("env-add").await;
    let ops = json!([{"op": "add", "path": format!("{CONTAINER}/env/-"), "value": {"name": "DEBUG", "value": "1"}}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-set", ops).await;
    let expected = r#"Deployment NS/frontend: spec.template.spec.containers[name="server"].env[name="DEBUG"] was added as {"name":"DEBUG","value":"1"}; last written by "kubectl-set""#;
    assert_told_and_put_right(shop, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_set_env_changes_a_variable() {
    let shop = mk_shop("env-change").await;
    let ops = json!([{"op": "replace", "path": format!("{CONTAINER}/env/0/value"), "value": "9090"}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-set", ops).await;
    let expected = r#"Deployment NS/frontend: spec.template.spec.containers[name="server"].env[name="PORT"].value is "9090", applied "8080""#;
    assert_told_and_put_right(shop, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_set_env_removes_a_variable() {
    let shop = mk_shop("env-remove").await;
    let ops = json!([{"op": "remove", "path": format!("{CONTAINER}/env/0")}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-set", ops).await;
    let expected = r#"Deployment NS/frontend: spec.template.spec.containers[name="server"].env[name="PORT"] is absent"#;
    assert_told_and_put_right(shop, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_deployment() {
    let shop = mk_shop("gone-deploy").await;
    shop.remove(Kind::DEPLOYMENT, "cartservice").await;
    assert_told_and_put_right(shop, "Deployment NS/cartservice is missing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_service() {
    let shop = mk_shop("gone-service").await;
    shop.remove(Kind::SERVICE, "frontend").await;
    assert_told_and_put_right(shop, "Service NS/frontend is missing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_selector_of_a_service() {
    let shop = mk_shop("selector").await;
    let ops = json!([{"op": "add", "path": "/spec/selector/tier", "value": "none"}]);
    shop.meddle(Kind::SERVICE, "frontend", "kubectl-edit", ops).await;
    assert_told_and_put_right(shop, "Service NS/frontend: spec.selector is ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_port_of_a_service() {
    let shop = mk_shop("port").await;
    let ops = json!([{"op": "replace", "path": "/spec/ports/0/port", "value": 81}]);
    shop.meddle(Kind::SERVICE, "frontend", "kubectl-edit", ops).await;
    assert_renamed_and_put_right(shop, Kind::SERVICE, "/spec/ports").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_of_a_container() {
    let shop = mk_shop("container").await;
    let ops = json!([{"op": "replace", "path": format!("{CONTAINER}/name"), "value": "main"}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-edit", ops).await;
    assert_renamed_and_put_right(shop, Kind::DEPLOYMENT, "/spec/template/spec/containers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_port_of_a_container() {
    let shop = mk_shop("containerport").await;
    let ops = json!([{"op": "replace", "path": format!("{CONTAINER}/ports/0/containerPort"), "value": 81}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-edit", ops).await;
    assert_renamed_and_put_right(shop, Kind::DEPLOYMENT, &format!("{CONTAINER}/ports")).await;
}

/// An element under another merge key is one of ours that is missing and one that is too many.
async fn assert_renamed_and_put_right(shop: Shop, kind: Kind, list: &str) {
    let pending = shop.pending().await;
    assert_eq!(pending.len(), 2, "{pending:?}");
    assert!(pending[0].contains("is absent"), "{pending:?}");
    assert!(pending[1].contains("was added") && pending[1].contains("kubectl-edit"), "{pending:?}");
    shop.plan_and_apply().await;
    assert_eq!(shop.pending().await, Vec::<String>::new());
    let live = shop.live(kind, "frontend").await.expect("it is there");
    assert_eq!(live.pointer(list).and_then(|list| list.as_array()).map(Vec::len), Some(1), "{live}");
    let managers: Vec<_> = live["metadata"]["managedFields"].as_array().into_iter().flatten().collect();
    let patches = managers.iter().filter(|entry| entry["manager"] == FIELD_MANAGER && entry["operation"] == "Update");
    assert_eq!(patches.count(), 0, "our patches own nothing: {managers:?}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_somebody_set_and_set_back_is_no_conflict() {
    let shop = mk_shop("there-and-back").await;
    // We ask for 1000m, which the server keeps as 1.
    for cpu in ["2", "1"] {
        let ops = json!([{"op": "replace", "path": format!("{CONTAINER}/resources/requests/cpu"), "value": cpu}]);
        shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-set", ops).await;
    }
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.apply().await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_by_which_members_are_found() {
    let shop = mk_shop("label").await;
    let ops = json!([{"op": "remove", "path": "/metadata/labels/boutique.dev~1stack"}]);
    shop.meddle(Kind::SERVICE, "frontend", "kubectl-label", ops).await;
    assert_told_and_put_right(shop, "Service NS/frontend: metadata.labels.boutique.dev/stack is absent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_no_drift_and_is_left_alone() {
    let shop = mk_shop("foreign").await;
    let ops = json!([
        {"op": "add", "path": "/metadata/annotations/other.tool~1seen", "value": "yes"},
        {"op": "add", "path": "/spec/minReadySeconds", "value": 1},
        {"op": "add", "path": "/spec/template/metadata/annotations", "value": {"kubectl.kubernetes.io/restartedAt": "x"}},
    ]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-edit", ops).await;
    let object = shop.object(Kind::DEPLOYMENT, "frontend");
    let status = [json!({"op": "add", "path": "/status/collisionCount", "value": 3})];
    shop.cluster.json_patch(&object, Kind::DEPLOYMENT, Some("status"), &status, "other").await.unwrap();
    let colour = json!([{"op": "add", "path": "/data/shape", "value": "round"}]);
    shop.meddle(Kind::CONFIG_MAP, "settings", "kubectl-edit", colour).await;
    assert_eq!(shop.pending().await, Vec::<String>::new());

    shop.apply().await;
    let live = shop.live(Kind::DEPLOYMENT, "frontend").await.unwrap();
    assert_eq!(live["spec"]["minReadySeconds"], 1);
    assert_eq!(live["metadata"]["annotations"]["other.tool/seen"], "yes");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_that_no_plan_showed_is_a_conflict_and_nothing_is_written() {
    let mut shop = mk_shop("unplanned").await;
    shop.scale("cartservice", 5).await;
    shop.replicas.insert("frontend", 2);
    let before = shop.versions().await;
    let error = shop.try_apply(shop.request()).await.unwrap_err();
    let Cause::Conflicts(conflicts) = &error.cause else { panic!("{error}") };
    assert_eq!((conflicts[0].path.as_str(), conflicts[0].manager.as_str()), ("spec.replicas", "kubectl"));
    let text = error.to_string();
    assert!(text.contains("is 5, set by \"kubectl\", and the shop asks for 1"), "{text}");
    assert_eq!(shop.versions().await, before);

    let mut forced = shop.request();
    forced.force_conflicts = true;
    shop.try_apply(forced).await.unwrap();
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_no_plan_showed_stays_and_is_pending() {
    let shop = mk_shop("late").await;
    let ops = json!([{"op": "add", "path": format!("{CONTAINER}/env/-"), "value": {"name": "DEBUG", "value": "1"}}]);
    shop.meddle(Kind::DEPLOYMENT, "frontend", "kubectl-set", ops).await;
    shop.apply().await;
    let pending = shop.pending().await;
    assert!(pending.len() == 1 && pending[0].contains("DEBUG"), "{pending:?}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_keeps_what_it_set_even_if_the_plan_showed_it() {
    let shop = mk_shop("controller").await;
    let object = shop.object(Kind::DEPLOYMENT, "frontend");
    let ops = [json!({"op": "replace", "path": "/spec/replicas", "value": 4})];
    let scale = shop.cluster.json_patch(&object, Kind::DEPLOYMENT, Some("scale"), &ops, "kube-controller-manager");
    scale.await.unwrap();
    let mut request = shop.request();
    request.planned_drift = crate::harness::planned(&shop.read().await);
    let error = shop.try_apply(request).await.unwrap_err().to_string();
    assert!(error.contains("kube-controller-manager is a controller"), "{error}");
    shop.finish().await;
}
