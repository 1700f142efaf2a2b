//! Applies that must not begin: each refusal names what is in the way, and the cluster stays as it was.

use boutique_cluster::applyset::{Adopt, ApplyRequest, Cause, Expected};
use boutique_core::{
    contract::{self, SetId},
    object::{Kind, Manifest, ObjectRef},
};
use serde_json::json;

use crate::harness::{Shop, cluster_as};

async fn drop_namespace(shop: &Shop) {
    let namespace = ObjectRef::new(Kind::NAMESPACE, "", shop.namespace());
    let propagation = boutique_cluster::request::Propagation::Background;
    shop.cluster.delete(&namespace, Kind::NAMESPACE, propagation, None).await.expect("a namespace can be deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tools_object_of_our_name_is_refused_unless_adopted() {
    let shop = Shop::new("adopt").await;
    let mut manifests = shop.manifests();
    manifests.retain(|manifest| manifest.kind() == Kind::DEPLOYMENT && manifest.name() == "frontend");
    let mut theirs = manifests.remove(0);
    *theirs.get_mut("/spec/replicas").unwrap() = json!(2);
    let env = theirs.get_mut("/spec/template/spec/containers/0/env").unwrap();
    env.as_array_mut().unwrap().push(json!({"name": "THEIRS", "value": "1"}));
    let created = shop.cluster.create(&theirs, "helm").await.unwrap();

    let error = shop.try_apply(shop.request()).await.unwrap_err();
    assert!(matches!(&error.cause, Cause::Foreign(objects) if objects.len() == 1), "{error}");
    let text = error.to_string();
    assert!(text.contains("/frontend exists and belongs to written by helm"), "{text}");
    assert!(text.contains("adopt"), "{text}");
    assert!(shop.versions().await.is_empty(), "nothing was written");

    let mut request = shop.request();
    request.adopt = Adopt::Always;
    shop.try_apply(request).await.unwrap();
    let live = shop.live(Kind::DEPLOYMENT, "frontend").await.unwrap();
    assert_eq!(live["metadata"]["uid"], created["metadata"]["uid"], "an adopted object is not made anew");
    assert_eq!(live["spec"]["replicas"], 1);
    assert!(!live["spec"]["template"].to_string().contains("THEIRS"), "a variable of theirs is gone");
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_on_its_way_out_is_refused() {
    let shop = Shop::new("terminating").await;
    let hold = json!({"metadata": {"finalizers": ["example.com/hold"]}});
    shop.cluster.create(&Manifest::new(Kind::CONFIG_MAP, shop.namespace(), "hold", hold), "x").await.unwrap();
    drop_namespace(&shop).await;
    let error = shop.try_apply(shop.request()).await.unwrap_err();
    assert!(matches!(&error.cause, Cause::NamespaceTerminating(namespace) if namespace == shop.namespace()), "{error}");
    assert!(error.to_string().contains("is being deleted"), "{error}");
    shop.meddle(Kind::CONFIG_MAP, "hold", "x", json!([{"op": "remove", "path": "/metadata/finalizers"}])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_namespace_is_refused_when_it_is_not_to_be_made() {
    let shop = Shop::without_namespace("nowhere").await;
    let mut request = shop.request();
    request.create_namespace = false;
    let error = shop.try_apply(request).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NamespaceMissing(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_stack_in_a_namespace_is_refused() {
    let shop = Shop::new("second").await;
    shop.apply().await;
    let mut request = shop.request();
    request.id = SetId::stack(shop.namespace(), "other");
    let error = shop.try_apply(request).await.unwrap_err();
    assert!(matches!(&error.cause, Cause::OtherStack { other, .. } if other == "shop"), "{error}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_newer_release_are_not_written_over() {
    let shop = Shop::new("newer").await;
    shop.apply().await;
    let label = format!("/metadata/labels/{}", contract::CONTRACT.replace('/', "~1"));
    let newer = json!([{"op": "replace", "path": label, "value": "2"}]);
    shop.meddle(Kind::CONFIG_MAP, "boutique-stack-shop", "boutique-provider", newer).await;
    let error = shop.try_apply(shop.request()).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Contract(_)), "{error}");
    let older = json!([{"op": "replace", "path": label, "value": "1"}]);
    shop.meddle(Kind::CONFIG_MAP, "boutique-stack-shop", "boutique-provider", older).await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lacking_verb_is_named_before_anything_is_written() {
    let mut shop = Shop::new("rbac").await;
    let user = format!("limited-{}", shop.namespace());
    let rules = json!([
        {"apiGroups": ["", "coordination.k8s.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "patch", "delete"]},
    ]);
    let role = Manifest::new(Kind::ROLE, shop.namespace(), "limited", json!({"rules": rules}));
    shop.cluster.create(&role, "x").await.unwrap();
    let binding = json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "limited"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    });
    shop.cluster.create(&Manifest::new(Kind::ROLE_BINDING, shop.namespace(), "limited", binding), "x").await.unwrap();

    let namespace = shop.namespace().to_owned();
    let limited = cluster_as(&user, ("patch", Kind::DEPLOYMENT, Some(&namespace))).await;
    let admin = std::mem::replace(&mut shop.cluster, limited);
    let error = shop.try_apply(shop.request()).await.unwrap_err();
    let Cause::Rights { missing, .. } = &error.cause else { panic!("{error}") };
    assert_eq!(*missing, [("create".to_owned(), "deployments.apps".to_owned())]);
    let text = error.to_string();
    assert!(text.contains("may not create deployments.apps in namespace rbac-"), "{text}");
    let hasty = ApplyRequest { expected: Expected::Namespace, ..shop.request() };
    let error = shop.try_apply(hasty).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Rights { .. }), "{error}");
    shop.cluster = admin;
    assert!(shop.live(Kind::LEASE, "boutique-stack-shop").await.is_none(), "the lease goes again");
    assert!(shop.versions().await.is_empty(), "nothing was written");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_is_told_with_its_object() {
    let shop = Shop::new("quota").await;
    let quota = json!({"spec": {"hard": {"count/deployments.apps": "1"}}});
    shop.cluster.create(&Manifest::new(Kind::RESOURCE_QUOTA, shop.namespace(), "small", quota), "x").await.unwrap();
    let error = shop.try_apply(shop.request()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("cannot patch Deployment") && text.contains("exceeded quota"), "{text}");
    assert!(text.contains("the next apply goes on from there"), "{text}");
    shop.remove(Kind::RESOURCE_QUOTA, "small").await;
    shop.apply().await;
    assert_eq!(shop.pending().await, Vec::<String>::new());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lacking_verb_leaves_no_namespace_behind() {
    let mut shop = Shop::without_namespace("rbac-new").await;
    let user = format!("maker-{}", shop.namespace());
    let rules = json!([{"apiGroups": [""], "resources": ["*"], "verbs": ["*"]}]);
    let subject = json!([{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]);
    create_raw(&shop, "clusterroles", json!({"kind": "ClusterRole", "metadata": {"name": user}, "rules": rules})).await;
    let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user});
    let binding =
        json!({"kind": "ClusterRoleBinding", "metadata": {"name": user}, "roleRef": reference, "subjects": subject});
    create_raw(&shop, "clusterrolebindings", binding).await;

    let limited = cluster_as(&user, ("create", Kind::NAMESPACE, None)).await;
    let admin = std::mem::replace(&mut shop.cluster, limited);
    let error = shop.try_apply(shop.request()).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Rights { .. }), "{error}");
    shop.cluster = admin;
    let namespace = shop.cluster.get(Kind::NAMESPACE, None, shop.namespace()).await.unwrap();
    assert!(namespace.is_none_or(|namespace| !namespace["metadata"]["deletionTimestamp"].is_null()));
    for plural in ["clusterroles", "clusterrolebindings"] {
        let mut request = http::Request::new(Vec::new());
        *request.method_mut() = http::Method::DELETE;
        *request.uri_mut() = format!("/apis/rbac.authorization.k8s.io/v1/{plural}/{user}").parse().unwrap();
        shop.cluster.raw(request).await.unwrap();
    }
}

async fn create_raw(shop: &Shop, plural: &str, mut object: serde_json::Value) {
    object["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
    let mut request = http::Request::new(object.to_string().into_bytes());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = format!("/apis/rbac.authorization.k8s.io/v1/{plural}").parse().expect("a good path");
    request.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    let answer = shop.cluster.raw(request).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answer.status(), 201);
}
