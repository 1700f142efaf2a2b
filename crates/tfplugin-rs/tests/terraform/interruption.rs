use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{Run, Workspace};

/// Applies, interrupts the whole process group as a terminal does once the thing exists, and waits for the end.
fn interrupted(workspace: &Workspace) -> (Run, Duration) {
    let listener = UnixListener::bind(workspace.path("things/one.sock")).unwrap();
    let child = workspace.start_apply();
    let group = child.id();
    let (connection, _) = listener.accept().unwrap();
    let status = Command::new("kill").args(["-INT", "--", &format!("-{group}")]).status().unwrap();
    assert!(status.success());
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    drop(connection);
    (output.into(), begun.elapsed())
}

fn thing(mischief: &str) -> Workspace {
    Workspace::corner(&format!("resource \"corner_thing\" \"a\" {{\n  name = \"one\"\n  mischief = {mischief:?}\n}}\n"))
}

#[test]
fn an_interrupted_create_ends_with_its_state_saved() {
    let workspace = thing("slow");
    let (run, took) = interrupted(&workspace);
    run.fails().says("Interrupt received").says("Stopped: it was interrupted");
    assert_eq!(workspace.attributes()["id"], "thing/one");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_create_that_ignores_the_interrupt_is_answered_by_its_checkpoint() {
    let workspace = thing("stuck");
    let (run, took) = interrupted(&workspace);
    run.fails().says("Gave up: create").says("it was interrupted");
    assert_eq!(workspace.instance()["status"], "tainted");
    assert_eq!(workspace.attributes()["id"], "thing/one");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_provider_whose_terraform_was_killed_ends_what_it_does_and_itself() {
    let workspace = thing("slow");
    let listener = UnixListener::bind(workspace.path("things/one.sock")).unwrap();
    let mut child = workspace.start_apply();
    let (mut connection, _) = listener.accept().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // The other end closes when the process ends.
    connection.read_to_end(&mut Vec::new()).unwrap();
    let reason = std::fs::read_to_string(workspace.path("things/one.reason")).unwrap();
    assert_eq!(reason, "Terraform is gone");
}
