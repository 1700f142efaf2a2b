//! Ctrl-C in an install and in an upgrade: helm stops, the state is saved, the next apply goes on.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use boutique_acceptance::process::interrupt_group;
use boutique_acceptance::project::helm;

use super::door::{ADDRESS, Door, NAME, connection, ended, provider};

#[test]
fn an_interrupt_stops_helm_within_seconds_and_the_next_apply_goes_on() {
    let door = Door::new("interrupt");
    let mut uid = String::new();
    for phase in ["install", "upgrade"] {
        let apply = door.hang(&format!("pending-{phase}"), "extra = true", "post-install,post-upgrade");
        uid = if uid.is_empty() { door.uid("deployment", NAME) } else { uid };
        let interrupted = Instant::now();
        interrupt_group(apply.id());
        let said = ended(apply);
        let took = interrupted.elapsed();
        println!("round {phase}: took {took:?}");
        // Seconds, not the ten minutes that the apply may take; a busy machine needs some of them.
        assert!(took < Duration::from_secs(30), "terraform took {took:?} to stop:\n{}", said.text());
        assert_eq!(door.helm_at_work(), Vec::<u32>::new(), "helm has stopped when terraform has");
        said.assert_says(&["interrupted", "terraform apply"]);
        let pending = door.module.state(ADDRESS)["pending"].to_string();
        assert!(pending.contains("interrupted"), "pending says so: {pending}");
        assert!(!door.module.is_tainted(ADDRESS), "what was interrupted is not to be replaced");
        door.recover("hook = \"runs\"");
        assert_eq!(door.uid("deployment", NAME), uid, "it went on from what was there");
    }
}

#[test]
fn a_helm_that_does_not_listen_is_killed_and_the_state_is_saved_all_the_same() {
    let door = Door::new("deaf");
    // It listens to nothing as soon as it is to install something.
    let deaf = door.chart().join("deaf");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" != upgrade ]; then exec {} \"$@\"; fi\ntrap '' TERM\nwhile :; do sleep 1; done\n",
        helm().display()
    );
    door.write("deaf", &script);
    std::fs::set_permissions(&deaf, Permissions::from_mode(0o755)).expect("it can be made a program");
    let with_deaf = provider(&connection()).replace(&format!("{:?}", helm()), &format!("{deaf:?}"));
    door.module.rewrite_provider(&with_deaf, &door.resource("", "", ""));
    let apply = door.module.start(&["apply", "-auto-approve", "-no-color", "-input=false"]);
    door.await_until("helm is at work", || !door.helm_at_work().is_empty());
    interrupt_group(apply.id());
    let said = ended(apply);
    assert_eq!(door.helm_at_work(), Vec::<u32>::new(), "it was killed");
    said.assert_says(&["interrupted", "terraform apply"]);
    assert!(!door.module.state(ADDRESS).is_null(), "what exists is in the state");
    door.recover("");
}
