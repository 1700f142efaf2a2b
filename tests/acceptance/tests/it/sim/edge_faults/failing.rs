//! Changes that fail in the middle: what exists is in state, the error names the object and the way out, and the next
//! apply goes on.

use boutique_acceptance::terraform::Said;
use serde_json::json;

use super::door::{ADDRESS, Door, NAME};

/// A plan or an apply of these values fails and says all of `words`.
fn refused(door: &Door, values: &str, words: &[&str]) -> Said {
    door.set(values);
    let said = door.module.apply().expect_failure("terraform apply");
    said.assert_says(words);
    said
}

#[test]
fn a_create_that_fails_in_a_hook_is_in_state_and_goes_on_from_there() {
    let door = Door::new("create");
    let words = ["door-hook", "post-install hook failed", "DeadlineExceeded", "terraform untaint"];
    refused(&door, "hook = \"fails\", hookAt = \"post-install\", extra = true", &words);
    let state = door.module.state(ADDRESS);
    assert_eq!(state["release"]["name"], "door", "{state}");
    assert!(door.module.is_tainted(ADDRESS), "terraform marks what failed");
    assert_eq!(door.revisions(), ["failed"]);
    let uid = door.uid("deployment", NAME);
    assert_ne!(uid, "", "the controller was made before the hook failed");

    // As the error says.
    door.module.run(&["untaint", "-no-color", ADDRESS]).expect_success("terraform untaint");
    assert_eq!(door.module.plan().actions(ADDRESS), ["update"]);
    door.recover("hook = \"runs\"");
    assert_eq!(door.uid("deployment", NAME), uid, "the next apply went on");
    assert_eq!(door.revisions().len(), 2);
    destroyed(&door);
}

#[test]
fn a_create_that_failed_may_as_well_be_replaced() {
    let door = Door::new("replace");
    refused(&door, "hook = \"fails\"", &["door-hook", "pre-install hook failed"]);
    assert_eq!(door.module.plan().actions(ADDRESS), ["delete", "create"]);
    door.recover("hook = \"runs\"");
}

#[test]
fn a_change_that_fails_names_the_object_and_what_to_do_and_is_planned_again() {
    let door = Door::new("change");
    // Too large to be applied by a client. It belongs to the whole cluster, so each run needs a group of its own.
    let group = format!("{}.example.com", door.shop.name);
    door.write("crds/widgets.json", &crd(&group).to_string());
    door.set("text = \"before\"");
    door.module.apply().expect_success("terraform apply");
    door.expect_whole("before");

    refused(&door, "txt = \"after\"", &["'txt' not allowed", "correct its name"]);
    refused(&door, "text = 7", &["text", "got number, want string"]);
    door.write("templates/extra.yaml", "a: {{ .Values.x.y.z }}\n");
    refused(&door, "text = \"after\"", &["door/templates/extra.yaml line 1", "<.Values.x.y.z>", "fix"]);
    std::fs::remove_file(door.chart().join("templates/extra.yaml")).expect("can be removed");
    let place = format!("Deployment {}/{NAME}", door.edge.name);
    refused(&door, "app = \"other\"", &[&place, "spec.selector cannot be changed", "kubectl delete"]);
    refused(&door, "hook = \"fails\"", &["door-hook", "pre-upgrade hook failed", "DeadlineExceeded"]);
    // Terraform has what is there, and plans what is not.
    let state = door.module.state(ADDRESS);
    assert_eq!(state["controller"]["values"]["text"], "before", "{state}");
    assert_eq!(door.module.plan().actions(ADDRESS), ["update"]);
    // A chart that is not there is told before anything is planned.
    let resource = door.resource("text = \"after\"", "", "").replace("boutique-door-", "no-door-");
    door.rewrite(&resource);
    let said = door.module.run(&["plan", "-no-color"]).expect_failure("terraform plan");
    said.assert_says(&["no-door-", "no such folder or archive"]);

    door.recover("hook = \"runs\"");
    let name = format!("widgets.{group}");
    door.edge.cluster(&["delete", "customresourcedefinition", &name]).expect_success("kubectl delete");
}

fn destroyed(door: &Door) {
    door.module.destroy().expect_success("terraform destroy");
    let left = door.edge.cluster(&["get", "namespace", &door.edge.name, "--ignore-not-found"]);
    assert_eq!(left.stdout, "", "the namespace goes with the controller");
    let class = door.edge.cluster(&["get", "ingressclass", &door.shop.name, "--ignore-not-found"]);
    assert_eq!(class.stdout, "", "and so does the class");
}

fn crd(group: &str) -> serde_json::Value {
    let fields: serde_json::Map<String, serde_json::Value> = (0..300)
        .map(|number| (format!("field{number}"), json!({"type": "string", "description": "x".repeat(1000)})))
        .collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}}}],
        },
    })
}
