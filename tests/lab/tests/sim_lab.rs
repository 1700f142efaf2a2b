//! Labs with simulated nodes, and what they survive.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends at the first surprise, and says what it leaves"
)]

mod common;

use std::net::TcpListener;
use std::process::{Command, Stdio};

use boutique_lab::{Identity, Lab, Mode, Options, Progress, Status, Validity};
use common::{TestLab, kill, kubectl};

#[test]
fn a_second_up_uses_the_running_lab_and_adds_the_nodes_that_are_missing() {
    let lab = TestLab::fresh("lab-sim-grow");
    let first = lab.up(Mode::Sim { nodes: 1 });
    let second = lab.up(Mode::Sim { nodes: 3 });
    assert_eq!(first.processes, second.processes);
    let nodes = second.api().unwrap().read("/api/v1/nodes").unwrap();
    assert_eq!(nodes["items"].as_array().unwrap().len(), 3);

    let refused = lab.0.up(Mode::Node, &Options::default(), &Progress::silent()).unwrap_err().to_string();
    assert!(refused.contains("lab down lab-sim-grow") || refused.contains("root"), "{refused}");

    // Who may do what, and that only people's requests are in the audit log.
    let mint = |file: &str, group: Option<&str>, validity| {
        let identity = Identity { user: file.to_owned(), group: group.map(str::to_owned), validity };
        second.mint(file, &identity).unwrap()
    };
    let nobody = mint("nobody", None, Validity::Long);
    let (allowed, said) = kubectl(&second, &nobody, &["get", "nodes"]);
    assert!(!allowed && said.contains("nodes is forbidden: User \"nobody\""), "{said}");
    let expired = mint("expired", Some("system:masters"), Validity::Expired);
    let (allowed, said) = kubectl(&second, &expired, &["get", "nodes"]);
    assert!(!allowed && said.contains("logged in"), "{said}");
    let (allowed, said) = kubectl(&second, &second.kubeconfig, &["get", "nodes"]);
    assert!(allowed && said.contains("sim-2"), "{said}");
    let audit = std::fs::read_to_string(second.audit_log.unwrap()).unwrap();
    let of = |user: &str| audit.lines().filter(|line| line.contains(&format!("\"username\":\"{user}\""))).count();
    assert!(of("admin") > 0 && of("nobody") > 0);
    assert_eq!(of("boutique-lab") + of("boutique-lab:kwok") + of("system:kube-scheduler"), 0);
}

#[test]
fn a_lab_whose_component_was_killed_says_which_and_starts_anew_at_the_same_address() {
    let lab = TestLab::fresh("lab-sim-kill");
    let first = lab.up(Mode::Sim { nodes: 1 });
    kill(&first, "etcd");
    let Status::Broken(wrong) = lab.0.status().unwrap() else { panic!("a lab without etcd is not broken") };
    assert!(wrong.iter().any(|sentence| sentence.starts_with("etcd has ended (log ")), "{wrong:?}");
    let error = lab.0.running().unwrap_err().to_string();
    assert!(error.contains("lab up lab-sim-kill"), "{error}");

    let second = lab.up(Mode::Sim { nodes: 1 });
    assert_eq!(second.api_server, first.api_server);

    // Next time its port is taken by somebody else meanwhile.
    kill(&second, "kube-apiserver");
    kill(&second, "etcd");
    let address = second.api_server.trim_start_matches("https://");
    let _busy = TcpListener::bind(address).unwrap();
    let third = lab.up(Mode::Sim { nodes: 1 });
    assert_ne!(third.api_server, second.api_server);
    assert!(third.api().unwrap().read("/api/v1/nodes").is_ok());
}

const LAUNCHER: &str = "lab-sim-launch";

/// Not a test of its own: the process that the next test kills.
#[test]
#[ignore = "run by the_next_up_works_after_the_launcher_was_killed_at_any_moment"]
fn launcher() {
    Lab::named(LAUNCHER).unwrap().up(Mode::Sim { nodes: 1 }, &Options::default(), &Progress::silent()).unwrap();
}

#[test]
fn the_next_up_works_after_the_launcher_was_killed_at_any_moment() {
    let lab = TestLab::fresh(LAUNCHER);
    for component in ["etcd", "kube-apiserver", "kwok"] {
        let mut launcher = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "launcher", "--ignored"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Its log is there from the moment it is started, its record a moment later.
        let log = lab.0.folder().join("logs").join(format!("{component}.log"));
        while !log.exists() {
            assert!(launcher.try_wait().unwrap().is_none(), "the launcher ended before it was killed");
            std::thread::yield_now();
        }
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        assert!(matches!(lab.0.status().unwrap(), Status::Broken(_)), "killed when {component} started");
        lab.0.down(&Progress::silent()).unwrap();
        assert!(!lab.0.folder().exists());
        assert_eq!(marked(&lab.0), 0, "killed when {component} started");
    }
    lab.up(Mode::Sim { nodes: 1 });
    assert!(marked(&lab.0) >= 5 || cfg!(not(target_os = "linux")));
    lab.0.down(&Progress::silent()).unwrap();
    assert_eq!(marked(&lab.0), 0);
    assert!(matches!(lab.0.status().unwrap(), Status::Absent));
}

/// How many processes on this machine belong to the lab.
fn marked(lab: &Lab) -> usize {
    let mark = format!("BOUTIQUE_LAB_DIR={}", lab.folder().display());
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let environments = pids.filter_map(|pid| std::fs::read(pid.path().join("environ")).ok());
    environments.filter(|it| it.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())).count()
}
