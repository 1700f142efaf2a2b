use crate::harness::Workspace;

fn thing(body: &str) -> Workspace {
    Workspace::corner(&format!("resource \"corner_thing\" \"a\" {{\n{body}\n}}\n"))
}

#[test]
fn null_for_a_required_attribute_is_an_error_with_its_place() {
    let workspace = thing("name = null");
    workspace.run(&["validate"]).fails().says("The attribute name is required").says("main.tf line");
    let workspace = thing("name = \"one\"\nparts = { leg = { weight = null } }");
    workspace.run(&["validate"]).fails().says("The attribute parts[\"leg\"].weight is required");
}

#[test]
fn a_value_for_a_computed_attribute_is_an_error() {
    thing("name = \"one\"\ngeneration = 4").run(&["validate"]).fails().says("provider decides generation");
    let workspace = thing("name = \"one\"\nparts = { leg = { weight = 1, serial = \"x\" } }");
    workspace.run(&["validate"]).fails().says("provider decides parts[\"leg\"].serial");
}

#[test]
fn values_are_checked_where_they_stand() {
    let workspace = thing("name = \"a name that is far too long\"\nreplicas = 12\nmischief = \"none\"");
    workspace
        .run(&["validate"])
        .fails()
        .says("Invalid value for name")
        .says("12 is outside of 0..=9.")
        .says("\"none\" is not one of");
    thing("name = \"one\"\nparts = { leg = { weight = -1 } }")
        .run(&["validate"])
        .fails()
        .says("A part weighs something.");
    thing("name = \"one\"\nreplicas = 1.5").run(&["validate"]).fails().says("1.5 is not a whole number");
    thing("name = \"one\"\nratio = 3.14159265358979323846")
        .run(&["validate"])
        .fails()
        .says("64 bits of floating point");
    thing("name = \"one\"\ntimeouts = { create = \"soon\" }").run(&["validate"]).fails().says("such as \"30s\"");
}

#[test]
fn deprecated_attributes_warn() {
    thing("name = \"one\"\nweight = 4").run(&["validate"]).ok().says("weight is deprecated: Use size.");
}

#[test]
fn an_unknown_provider_configuration_reaches_the_provider_as_unknown() {
    let workspace = Workspace::corner("");
    let directory = workspace.path("things");
    workspace.write(&format!(
        r#"
resource "terraform_data" "directory" {{
  input = {directory:?}
}}
provider "corner" {{
  directory = terraform_data.directory.output
}}
resource "corner_thing" "a" {{
  name = "one"
}}
"#
    ));
    workspace.plan().changes().says("The directory is not known yet.");
    workspace.apply().ok();
    assert_eq!(workspace.thing("one")["id"], "thing/one");
}
