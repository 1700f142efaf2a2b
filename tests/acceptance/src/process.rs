//! Processes that the tests started, found by their parent and ended by id.
#![expect(unsafe_code, reason = "signals are sent by libc; every id is that of a child of this test")]

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

/// Ids of the descendants of `parent` whose command name begins with `name` (Linux cuts it to 15 bytes).
pub fn descendants_named(parent: u32, name: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut parents = vec![parent];
    while let Some(parent) = parents.pop() {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        for child in tasks(parent).iter().flat_map(|task| children_of(parent, task)).chain(ids(&children)) {
            if found.contains(&child) || parents.contains(&child) {
                continue;
            }
            parents.push(child);
            let command = fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
            if command.starts_with(name) {
                found.push(child);
            }
        }
    }
    found
}

fn tasks(process: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn children_of(process: u32, task: &str) -> Vec<u32> {
    ids(&fs::read_to_string(format!("/proc/{process}/task/{task}/children")).unwrap_or_default())
}

fn ids(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// `kill -9`; false when the process is gone already.
pub fn kill(process: u32) -> bool {
    send(process.cast_signed(), libc::SIGKILL)
}

/// Kills the providers of a terraform that was started as soon as it is the moment, and waits for terraform's end. Answers
/// whether anything was there to be killed.
pub fn kill_provider_when(mut terraform: Child, mut is_moment: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut killed = false;
    while !killed && terraform.try_wait().expect("terraform is ours").is_none() {
        assert!(Instant::now() < deadline, "the apply neither came to its end nor to the moment of its kill");
        if is_moment() {
            for provider in descendants_named(terraform.id(), "terraform-provi") {
                killed |= kill(provider);
            }
        }
        // A file cannot be waited for; this is how exactly the moment is met.
        std::thread::sleep(Duration::from_millis(1));
    }
    terraform.wait_with_output().expect("terraform ends");
    killed
}

/// What Ctrl-C does: SIGINT to the whole process group that `leader` leads.
pub fn interrupt_group(leader: u32) -> bool {
    send(-leader.cast_signed(), libc::SIGINT)
}

fn send(id: i32, signal: i32) -> bool {
    // SAFETY: kill takes two integers and touches no memory of ours.
    unsafe { libc::kill(id, signal) == 0 }
}
