use std::fs;

use serde_json::json;

use crate::harness::Workspace;

#[test]
fn the_provider_of_the_documentation_lives_through_everything() {
    let workspace = Workspace::of("tiny");
    let note = workspace.path("note.txt");
    let moved = workspace.path("moved.txt");
    let configure = |path: &std::path::Path, text: &str| {
        let resource = format!("resource \"tiny_note\" \"a\" {{\n  path = {path:?}\n  {text}\n}}\n");
        workspace.write(&format!("{resource}\noutput \"bytes\" {{\n  value = tiny_note.a.bytes\n}}\n"));
    };

    configure(&note, "text = \"hello\"");
    workspace.plan().changes().says("+ bytes = (known after apply)");
    workspace.apply().ok().says("bytes = 5");
    assert_eq!(fs::read_to_string(&note).unwrap(), "hello");
    workspace.plan().ok().says("No changes");

    configure(&note, "");
    workspace.plan().changes().says("~ text = \"hello\" -> \"empty\"").says("1 to change");
    workspace.apply().ok();
    workspace.plan().ok();

    configure(&moved, "");
    workspace.plan().changes().says("# forces replacement").says("1 to add, 0 to change, 1 to destroy");
    workspace.apply().ok();
    assert!(!note.exists() && moved.exists());

    fs::write(&moved, "drift").unwrap();
    workspace.plan().changes().says("~ text = \"drift\" -> \"empty\"");
    fs::remove_file(&moved).unwrap();
    workspace.plan().changes().says("1 to add");
    workspace.apply().ok();

    fs::remove_file(workspace.path("terraform.tfstate")).unwrap();
    workspace.run(&["import", "tiny_note.a", moved.to_str().unwrap()]).ok();
    workspace.plan().ok().says("No changes");
    workspace.destroy().ok();
    assert!(!moved.exists());
}

const FULL: &str = r#"
resource "corner_thing" "a" {
  name     = "one"
  size     = 3
  labels   = { colour = "red" }
  tags     = ["x", "y"]
  anything = { list = [1, "two"], null = null }
  parts = {
    leg  = { weight = 2, shape = "round" }
    seat = { weight = 5, material = "iron" }
  }
  steps = [{ weight = 1 }, { weight = 2 }]
  rule {
    port = 80
  }
  rule {
    port     = 53
    protocol = "udp"
  }
  timeouts = { create = "1m" }
}
"#;

#[test]
fn everything_that_a_schema_can_hold_is_created_kept_changed_and_imported() {
    let workspace = Workspace::corner(FULL);
    workspace.apply().ok().says("A thing was made.");
    workspace.plan().ok().says("No changes");
    let attributes = workspace.attributes();
    assert_eq!(attributes["parts"]["leg"]["material"], "wood");
    assert_eq!(attributes["parts"]["seat"]["serial"], "serial of seat, 1");
    assert_eq!(attributes["steps"][1]["serial"], "serial of 1, 1");
    assert_eq!(attributes["rule"][0]["protocol"], "tcp");
    assert_eq!(attributes["place"], json!({"shelf": "top", "row": 1}));
    assert_eq!(attributes["replicas"], 1);

    // A new part leaves the others, their serials and the id as they are.
    workspace.configure(&FULL.replace("seat = {", "back = { weight = 1 }\n    seat = {"));
    workspace
        .plan()
        .changes()
        .says("~ generation = 1 -> (known after apply)")
        .says("+ serial = (known after apply)")
        .says("# (2 unchanged elements hidden)")
        .does_not_say("~ id");
    workspace.apply().ok();
    assert_eq!(workspace.attributes()["parts"]["seat"]["serial"], "serial of seat, 1");
    assert_eq!(workspace.attributes()["parts"]["back"]["serial"], "serial of back, 2");
    workspace.plan().ok();

    // A change inside of a map replaces the whole.
    workspace.configure(&FULL.replace("round", "square"));
    workspace.plan().changes().says(r#"~ shape = "round" -> "square" # forces replacement"#).says("1 to destroy");
    workspace.apply().ok();
    assert_eq!(fs::read_to_string(workspace.path("things/one.deleted")).unwrap(), "uid of one");
    workspace.plan().ok();

    fs::remove_file(workspace.path("terraform.tfstate")).unwrap();
    workspace.configure(&FULL.replace("round", "square").replace("timeouts = { create = \"1m\" }", ""));
    workspace.run(&["import", "corner_thing.a", "one"]).fails().says("does not begin with \"thing/\"");
    workspace.run(&["import", "corner_thing.a", "thing/one"]).ok();
    workspace.plan().ok().says("No changes");

    workspace.destroy().ok();
    assert_eq!(fs::read_to_string(workspace.path("things/one.deleted")).unwrap(), "imported", "private data came back");
}

#[test]
fn a_delete_that_the_provider_forbids_does_not_happen() {
    let workspace = Workspace::corner(
        "resource \"corner_thing\" \"a\" {\n  name = \"one\"\n  labels = { protected = \"yes\" }\n}\n",
    );
    workspace.apply().ok();
    workspace.destroy().fails().says("Remove the label \"protected\" first.");
    assert!(workspace.path("things/one.json").exists());
    workspace.configure("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n}\n");
    workspace.apply().ok();
    workspace.destroy().ok();
}

#[test]
fn state_of_an_older_schema_is_upgraded_and_of_a_newer_one_refused() {
    let workspace = Workspace::corner("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n  replicas = 4\n}\n");
    workspace.apply().ok();
    workspace.edit_state(|state| {
        let instance = &mut state["resources"][0]["instances"][0];
        instance["schema_version"] = 0.into();
        let attributes = instance["attributes"].as_object_mut().unwrap();
        let replicas = attributes.remove("replicas").unwrap();
        attributes.insert("count_of".to_owned(), replicas);
    });
    workspace.plan().ok().says("No changes");
    workspace.edit_state(|state| state["resources"][0]["instances"][0]["schema_version"] = 9.into());
    workspace.plan().fails();
}
