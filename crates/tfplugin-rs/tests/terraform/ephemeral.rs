//! Ephemeral resources. Terraform knows them from 1.10 on.

use crate::harness::Workspace;

fn workspace(token: &str) -> Workspace {
    Workspace::corner(&format!(
        r#"
ephemeral "corner_token" "a" {{
  name = "token"
  {token}
}}
resource "corner_thing" "a" {{
  name                = "one"
  password_wo         = ephemeral.corner_token.a.secret
  password_wo_version = 1
}}
"#
    ))
}

fn log(workspace: &Workspace) -> String {
    std::fs::read_to_string(workspace.path("things/token.log")).unwrap_or_default()
}

#[test]
fn a_value_is_opened_and_closed_in_each_phase_and_feeds_a_write_only_attribute() {
    let workspace = workspace("");
    workspace.apply().ok().says("It was opened.").does_not_say("hunter2");
    assert_eq!(workspace.attributes()["password_length"], "token-hunter2".len());
    assert_eq!(log(&workspace), "open\nclose\nopen\nclose\n", "once for the plan, once for the apply");
    assert!(!workspace.state().to_string().contains("hunter2"));
    workspace.plan().ok();
}

#[test]
fn a_value_that_ends_is_renewed_before_it_is_closed() {
    let workspace = workspace("mood = \"renew\"");
    workspace.apply().ok();
    let log = log(&workspace);
    assert!(log.starts_with("open\n") && log.ends_with("close\n"), "{log}");
}

#[test]
fn what_goes_wrong_is_said_where_it_is() {
    workspace("mood = \"fail\"").plan().fails().says("Not today");
    workspace("mood = \"panic\"").plan().fails().says("the token broke");
    workspace("mood = \"unknown\"").plan().fails().says("Unknown values after opening corner_token");
    workspace("").run(&["validate"]).ok();
    let nameless = workspace("");
    nameless.configure("ephemeral \"corner_token\" \"a\" {\n  name = \"\"\n}\n");
    nameless.run(&["validate", "-no-color"]).fails().says("A token has a name");
}

#[test]
fn a_value_that_depends_on_what_apply_decides_is_opened_only_then() {
    let workspace = Workspace::corner(
        r#"
resource "terraform_data" "late" {
  input = "token"
}
ephemeral "corner_token" "a" {
  name = terraform_data.late.output
}
resource "corner_thing" "a" {
  name                = "one"
  password_wo         = ephemeral.corner_token.a.secret
  password_wo_version = 1
}
"#,
    );
    workspace.plan().changes();
    assert_eq!(log(&workspace), "");
    workspace.apply().ok();
    assert_eq!(log(&workspace), "open\nclose\n");
}
