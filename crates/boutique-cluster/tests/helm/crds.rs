//! CRDs that come with a chart.

use boutique_cluster::{event::Events, helm};
use boutique_core::object::{Kind, ObjectRef};
use serde_json::{Value, json};

use crate::harness::{Web, bounds};

/// A CRD whose schema is too large to be applied by a client.
fn crd(group: &str, extra: &Value, padding: usize) -> Value {
    let mut properties = json!({"size": {"type": "integer"}, "notes": {"type": "array", "items": {"type": "string"}}});
    for number in 0..padding {
        properties[format!("field{number}")] = json!({"type": "string", "description": "x".repeat(1000)});
    }
    for (name, schema) in extra.as_object().into_iter().flatten() {
        properties[name] = schema.clone();
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}}}],
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn crds_are_applied_before_their_objects_upgraded_visibly_and_kept() {
    let web = Web::new("crds").await;
    // CRDs belong to the whole cluster, so each run needs a group of its own.
    let group = format!("{}.example.com", web.namespace());
    let name = format!("widgets.{group}");
    web.write("crds/widget.json", &crd(&group, &json!({}), 300).to_string());
    web.write(
        "templates/widget.yaml",
        &format!("apiVersion: {group}/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {{size: 3, notes: [a]}}\n"),
    );
    let load = || async {
        let source = web.release(json!({})).chart;
        let chart = web.helm.chart(&source, helm::Reach::CacheOnly, &bounds()).await.unwrap();
        let crds = chart.chart.crds(&json!({})).unwrap();
        let changes = helm::crd_changes(&web.cluster, &crds).await.unwrap();
        changes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(load().await, [format!("CustomResourceDefinition {name}: new")]);
    let applied = web.apply(json!({})).await;
    assert_eq!(applied.crds.len(), 1);
    assert_eq!(load().await, Vec::<String>::new());
    assert_eq!(web.apply(json!({})).await.crds, [], "what stands is not written again");

    // Objects of kinds that nobody has heard of drift like others.
    let kind = web.cluster.find_kind(&format!("{group}/v1"), "Widget").await.unwrap().expect("it is served");
    web.patch(kind, "w", json!([{"op": "replace", "path": "/spec/size", "value": 9}])).await;
    let drift = web.drift().await;
    assert_eq!(drift.len(), 1, "{drift:?}");
    assert!(drift[0].starts_with(&format!("Widget {}/w: spec.size is 9, applied 3", web.namespace())), "{drift:?}");

    web.write("crds/widget.json", &crd(&group, &json!({"colour": {"type": "string"}}), 300).to_string());
    assert_eq!(load().await, [format!("CustomResourceDefinition {name}: the schema of v1 changes")]);
    let mut release = web.release(json!({}));
    release.force_conflicts = true;
    let applied = web.try_apply(&release).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(applied.crds.len(), 1);
    assert_eq!(web.drift().await, Vec::<String>::new());

    // A version in which objects are stored must not go.
    let mut without = crd(&group, &json!({}), 0);
    without["spec"]["versions"][0]["name"] = json!("v2");
    web.write("crds/widget.json", &without.to_string());
    let error = web.refused(&release).await.to_string();
    assert!(error.contains(&name) && error.contains("no version v1 any more"), "{error}");
    web.write("crds/widget.json", &crd(&group, &json!({}), 0).to_string());

    let done = web.uninstall().await;
    assert!(done.kept.iter().any(|kept| kept.contains(&name)), "{done:?}");
    let crd = Kind::CUSTOM_RESOURCE_DEFINITION;
    assert!(web.cluster.get(crd, None, &name).await.unwrap().is_some());
    let object = ObjectRef::new(crd, "", name);
    let propagation = boutique_cluster::request::Propagation::Background;
    web.cluster.delete(&object, crd, propagation, None).await.unwrap();
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crds_go_with_the_release_only_if_asked_for() {
    let web = Web::new("crds-go").await;
    let group = format!("{}.example.com", web.namespace());
    web.write("crds/widget.json", &crd(&group, &json!({}), 0).to_string());
    web.apply(json!({})).await;
    let mut request = helm::UninstallRequest::new(web.id.clone());
    request.delete_crds = true;
    let done = helm::uninstall(&web.helm, &web.cluster, &request, &bounds(), &Events::none()).await.unwrap();
    assert!(done.deleted.iter().any(|object| object.name == format!("widgets.{group}")), "{done:?}");
    web.finish().await;
}
