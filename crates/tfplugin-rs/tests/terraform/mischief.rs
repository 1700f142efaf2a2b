use crate::harness::Workspace;

fn thing(mischief: &str) -> Workspace {
    Workspace::corner(&format!(
        "resource \"corner_thing\" \"a\" {{\n  name = \"one\"\n  mischief = {mischief:?}\n  timeouts = {{ create = \"200ms\" }}\n}}\n"
    ))
}

#[test]
fn a_panic_is_an_error_that_says_where_and_the_next_apply_works() {
    let workspace = thing("panic");
    workspace.apply().fails().says("a mischievous panic").says("thing.rs").says("bug in the provider");
    assert_eq!(workspace.state()["resources"], serde_json::json!([]), "nothing was made, so nothing is in state");
    workspace.configure("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n}\n");
    workspace.apply().ok();
}

#[test]
fn what_exists_when_a_create_panics_is_saved_and_tainted() {
    let workspace = thing("panic_late");
    workspace.apply().fails().says("a panic after the thing was made");
    assert_eq!(workspace.instance()["status"], "tainted");
    assert_eq!(workspace.attributes()["id"], "thing/one");
    workspace.destroy().ok();
    assert!(workspace.path("things/one.deleted").exists());
}

#[test]
fn what_exists_when_a_create_fails_is_saved_and_tainted() {
    let workspace = thing("fail");
    workspace.apply().fails().says("It did not work out");
    assert_eq!(workspace.instance()["status"], "tainted");
    // Terraform gives a tainted object's private data to nobody, but it is kept.
    assert!(workspace.instance()["private"].as_str().is_some_and(|private| !private.is_empty()));
    workspace.configure("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n}\n");
    workspace.plan().changes().says("is tainted, so must be replaced");
    workspace.apply().ok();
}

#[test]
fn the_deadline_of_the_practitioner_ends_a_create() {
    let workspace = thing("late");
    workspace.apply().fails().says("Gave up: create");
    assert_eq!(workspace.instance()["status"], "tainted");
    assert_eq!(workspace.attributes()["id"], "thing/one");
}

#[test]
fn a_result_that_is_not_the_plan_is_reported_in_our_words_with_both_values() {
    let workspace = thing("wrong");
    workspace
        .apply()
        .fails()
        .says("Inconsistent result after applying corner_thing")
        .says("replicas was planned as 1, but is 77 after apply.")
        .does_not_say("Provider produced inconsistent result");
    assert_eq!(workspace.instance()["status"], "tainted");
}

#[test]
fn a_value_that_stays_unknown_is_reported_in_our_words() {
    let workspace = thing("forget");
    workspace.apply().fails().says("generation is still unknown after apply.").does_not_say("Provider returned");
    assert_eq!(workspace.instance()["status"], "tainted");
}
