use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::harness::{Workspace, example};

#[test]
fn one_debugged_process_serves_command_after_command_without_tls_and_cookie() {
    let workspace = Workspace::corner("resource \"corner_thing\" \"a\" {\n  name = \"one\"\n}\n");
    let mut provider = Command::new(example("corner"))
        .arg("--debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(provider.stdout.take().unwrap()).lines();
    let value = lines.map(Result::unwrap).find_map(|line| {
        line.strip_prefix("TF_REATTACH_PROVIDERS='").and_then(|rest| rest.strip_suffix('\'')).map(str::to_owned)
    });
    let socket = value.clone().unwrap();
    let workspace = workspace.set("TF_REATTACH_PROVIDERS", value.unwrap());
    workspace.apply().ok();
    workspace.plan().ok();
    // Another configuration in the same process counts from then on.
    let elsewhere = workspace.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    workspace.write(&format!("provider \"corner\" {{\n  directory = {elsewhere:?}\n}}\nresource \"corner_thing\" \"a\" {{\n  name = \"one\"\n}}\n"));
    workspace.plan().changes().says("1 to add");
    assert!(provider.try_wait().unwrap().is_none(), "it outlives the commands");
    let status = Command::new("kill").args(["-INT", &provider.id().to_string()]).status().unwrap();
    assert!(status.success());
    assert!(provider.wait().unwrap().success());
    let path = socket.split("\"String\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(!std::path::Path::new(path).exists(), "the socket is removed");
}
