use serde_json::json;

use crate::harness::Workspace;

fn thing(body: &str) -> Workspace {
    Workspace::corner(&format!("resource \"corner_thing\" \"a\" {{\nname = \"one\"\n{body}\n}}\n"))
}

#[test]
fn numbers_keep_all_their_digits() {
    for (number, stored) in [
        ("1e30", "1000000000000000000000000000000"),
        ("0.1", "0.1"),
        ("9007199254740993", "9007199254740993"),
        ("3.14159265358979323846264338327950288", "3.14159265358979323846264338327950288"),
    ] {
        let workspace = thing(&format!("size = {number}"));
        workspace.apply().ok();
        workspace.plan().ok();
        assert_eq!(workspace.attributes()["size"].to_string(), stored);
        assert_eq!(workspace.thing("one")["size"].to_string(), stored);
    }
}

#[test]
fn floats_of_the_machine_survive_where_the_model_has_them() {
    let workspace = thing("ratio = 0.1");
    workspace.apply().ok();
    workspace.plan().ok();
    assert_eq!(workspace.attributes()["ratio"].to_string(), "0.1");
}

#[test]
fn null_and_empty_collections_stay_apart() {
    let workspace = thing("labels = {}\ntags = []");
    workspace.apply().ok();
    workspace.plan().ok();
    assert_eq!(workspace.attributes()["labels"], json!({}));
    workspace.configure("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n}\n");
    workspace.plan().changes().says("- labels = {} -> null");
    workspace.apply().ok();
    workspace.plan().ok();
}

#[test]
fn a_write_only_value_reaches_the_provider_and_nothing_else() {
    let workspace = thing("password_wo = \"hunter2\"\npassword_wo_version = 1");
    workspace.apply().ok().does_not_say("hunter2");
    assert_eq!(workspace.attributes()["password_wo"], json!(null));
    assert_eq!(workspace.attributes()["password_length"], 7);
    assert!(!workspace.state().to_string().contains("hunter2"));
    // Without a new version nobody can see the change.
    let configure = |password: &str, version: i64| {
        workspace.configure(&format!(
            "resource \"corner_thing\" \"a\" {{\nname = \"one\"\npassword_wo = {password:?}\npassword_wo_version = {version}\n}}\n"
        ));
    };
    configure("longer than before", 1);
    workspace.plan().ok();
    configure("longer than before", 2);
    workspace.plan().changes().says("~ password_length = 7 -> (known after apply)");
    workspace.apply().ok();
    assert_eq!(workspace.attributes()["password_length"], 18);
}

#[test]
fn values_that_apply_decides_flow_through_every_kind_of_attribute() {
    let workspace = Workspace::corner(
        r#"
resource "terraform_data" "late" {
  input = "late"
}
resource "corner_thing" "a" {
  name     = "one"
  labels   = { (terraform_data.late.input) = terraform_data.late.output }
  tags     = ["a", terraform_data.late.output]
  anything = [terraform_data.late.output, 1]
  parts    = { leg = { weight = 1, material = terraform_data.late.output } }
  steps    = [for i in range(2) : { weight = i, shape = terraform_data.late.output }]
  rule {
    port     = 80
    protocol = terraform_data.late.output
  }
  dynamic "rule" {
    for_each = toset([terraform_data.late.output])
    content {
      port = 81
    }
  }
}
"#,
    );
    workspace.plan().changes();
    workspace.apply().ok();
    workspace.plan().ok();
    assert_eq!(workspace.attributes()["labels"], json!({"late": "late"}));
    assert_eq!(workspace.attributes()["tags"], json!(["a", "late"]));
    assert_eq!(workspace.attributes()["rule"][1]["port"], 81);
}

#[test]
fn unknown_collections_as_a_whole_stay_unknown_until_apply() {
    let workspace = Workspace::corner(
        r#"
resource "terraform_data" "late" {
  input = { leg = { weight = 1, shape = "round" } }
}
resource "corner_thing" "a" {
  name  = "one"
  parts = terraform_data.late.output
}
"#,
    );
    workspace.plan().changes();
    workspace.apply().ok();
    workspace.plan().ok();
    assert_eq!(workspace.attributes()["parts"]["leg"]["material"], "wood");
}
