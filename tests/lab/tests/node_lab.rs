//! The lab with a real node: what runs on it, and that nothing stays on the host.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends at the first surprise, and says what it leaves"
)]
#![cfg(target_os = "linux")]

mod common;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use boutique_lab::image::{busybox, redis};
use boutique_lab::{Cache, Lab, Mode, Options, Part, Progress, Running, Status, build};
use common::{TestLab, kill, kubectl};

/// A node takes both cores of a small machine; the tests of this file take turns.
static ONE_NODE: Mutex<()> = Mutex::new(());

const CLIENT_IMAGE: &str = "busybox:1.38.0@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d";

/// A Redis as upstream's manifests describe it under Pod Security *restricted*, and a pod that talks to it and sees the
/// node's files with what is mounted later, as a node exporter does.
const OBJECTS: &str = r#"
apiVersion: v1
kind: Pod
metadata: { name: redis-cart, labels: { app: redis-cart } }
spec:
  terminationGracePeriodSeconds: 1
  securityContext: { fsGroup: 1000, runAsGroup: 1000, runAsUser: 1000, runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
  containers:
  - name: redis
    image: redis:alpine
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] }, readOnlyRootFilesystem: true }
    readinessProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1 }
    volumeMounts: [{ name: data, mountPath: /data }]
  volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: v1
kind: Service
metadata: { name: redis-cart }
spec: { selector: { app: redis-cart }, ports: [{ port: 6379 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: client
    image: "CLIENT_IMAGE"
    command: [sleep, "3600"]
    volumeMounts: [{ name: node, mountPath: /node, readOnly: true, mountPropagation: HostToContainer }]
  volumes: [{ name: node, hostPath: { path: / } }]
"#;

const DENY: &str = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny }
spec: { podSelector: { matchLabels: { app: redis-cart } }, policyTypes: [Ingress] }
"#;

fn apply(running: &Running, objects: &str) {
    let mut child = Command::new(&running.kubectl)
        .args(["apply", "-f", "-"])
        .env("KUBECONFIG", &running.kubeconfig)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(objects.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// What the client pod hears from Redis by its name; empty when it hears nothing.
fn ping(running: &Running) -> String {
    let script = r"printf 'PING\r\nQUIT\r\n' | timeout 3 nc -w 2 redis-cart 6379";
    kubectl(running, &running.kubeconfig, &["exec", "client", "--", "sh", "-c", script]).1
}

fn becomes(what: &str, limit: Duration, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Everything of this host that a lab could leave behind.
fn host(lab: &str) -> Vec<(&'static str, String)> {
    let said = |program: &str, args: &[&str]| {
        let answer = Command::new(program).args(args).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).into_owned()
    };
    let groups = said("find", &["/sys/fs/cgroup", "-name", &format!("boutique-lab-{lab}")]);
    let rules = std::fs::read_to_string("/proc/net/ip_tables_names").unwrap_or_default();
    let settings =
        ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward"]
            .map(|name| std::fs::read_to_string(format!("/proc/sys/{name}")).unwrap())
            .concat();
    vec![
        ("mounts", said("sh", &["-c", "cut -d' ' -f5- /proc/self/mountinfo | grep -v -e /tmp/ || true"])),
        ("interfaces", said("sh", &["-c", "ls /sys/class/net | grep -v btq; ip -4 route | grep -v btq"])),
        ("control groups", groups),
        ("firewall tables", rules),
        ("kernel settings", settings),
        (
            "folders",
            said(
                "sh",
                &[
                    "-c",
                    "ls -d /var/lib/kubelet /var/lib/containerd /var/lib/cni /var/log/pods /run/containerd 2>/dev/null",
                ],
            ),
        ),
    ]
}

#[test]
fn pods_run_talk_and_are_fenced_on_a_real_node_that_leaves_nothing_behind() {
    let _alone = ONE_NODE.lock().unwrap_or_else(PoisonError::into_inner);
    let lab = TestLab::fresh("lab-node");
    let before = host("lab-node");
    let cache = Cache::of_user().unwrap();
    let progress = Progress::silent();
    for part in Part::REAL.iter().chain([&Part::NETPOL]) {
        build(&cache, part, &progress).unwrap();
    }

    let begun = Instant::now();
    let running = lab.up(Mode::Node);
    eprintln!("node Ready, cluster DNS running after {:?}", begun.elapsed());

    let client = CLIENT_IMAGE.replacen("busybox:1.38.0@", "docker.io/library/busybox@", 1);
    let images = [
        redis(&cache, vec!["docker.io/library/redis:alpine".to_owned()], &progress).unwrap(),
        busybox(&cache, vec![client], &progress).unwrap(),
    ];
    running.load_images(&images).unwrap();
    apply(&running, &OBJECTS.replace("CLIENT_IMAGE", CLIENT_IMAGE));
    let wait = ["wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s"];
    let (ready, said) = kubectl(&running, &running.kubeconfig, &wait);
    assert!(ready, "{said}\n{}", kubectl(&running, &running.kubeconfig, &["describe", "pods"]).1);

    // Cluster DNS, the ClusterIP, and a policy that is enforced and lifted.
    becomes("Redis answers by its name", Duration::from_secs(20), || ping(&running).contains("+PONG"));
    // Redis is no web server, and wget comes back to say so: upstream's init container waits for it.
    let fetch = ["exec", "client", "--", "timeout", "5", "wget", "-O", "-", "http://redis-cart:6379"];
    let (_, said) = kubectl(&running, &running.kubeconfig, &fetch);
    assert!(said.contains("wget: "), "{said}");

    // Kubelet names the containers of what it measures.
    let measured = ["get", "--raw", "/api/v1/nodes/lab-node/proxy/metrics/cadvisor"];
    becomes("a container's memory is measured", Duration::from_secs(60), || {
        let (_, metrics) = kubectl(&running, &running.kubeconfig, &measured);
        metrics.contains(r#"container_memory_working_set_bytes{container="redis""#)
    });

    apply(&running, DENY);
    becomes("the policy is enforced", Duration::from_secs(20), || !ping(&running).contains("+PONG"));
    kubectl(&running, &running.kubeconfig, &["delete", "networkpolicy", "deny"]);
    becomes("the policy is lifted", Duration::from_secs(20), || ping(&running).contains("+PONG"));

    // A name that no registry can be asked for fails at once.
    kubectl(&running, &running.kubeconfig, &["run", "missing", "--image=example.com/nothing:1"]);
    becomes("a missing image is said", Duration::from_secs(20), || {
        kubectl(&running, &running.kubeconfig, &["get", "pod", "missing"]).1.contains("ErrImagePull")
    });

    // A component that was killed is named; the lab starts anew.
    kill(&running, "kubelet");
    let Status::Broken(wrong) = lab.0.status().unwrap() else { panic!("a lab without kubelet is not broken") };
    assert!(wrong.iter().any(|sentence| sentence.starts_with("kubelet has ended (log ")), "{wrong:?}");
    let running = lab.up(Mode::Node);
    let folder = running.dir.clone();
    lab.0.down(&Progress::silent()).unwrap();
    assert_nothing_left(before, &folder, lab.0.name());
}

fn assert_nothing_left(before: Vec<(&'static str, String)>, folder: &Path, lab: &str) {
    for ((what, before), (_, after)) in before.into_iter().zip(host(lab)) {
        assert_eq!(before, after, "{what} of the host changed");
    }
    assert!(!folder.exists());
    let mark = format!("BOUTIQUE_LAB_DIR={}", folder.display());
    let left = std::fs::read_dir("/proc").unwrap().flatten().filter(|pid| {
        std::fs::read(pid.path().join("environ"))
            .is_ok_and(|it| it.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()))
    });
    assert_eq!(left.count(), 0, "processes of the lab still run");
}

const LAUNCHER: &str = "lab-node-launch";

/// Not a test of its own: the process that the next test kills.
#[test]
#[ignore = "run by a_launcher_that_is_killed_leaves_a_node_that_down_removes"]
fn launcher() {
    Lab::named(LAUNCHER).unwrap().up(Mode::Node, &Options::default(), &Progress::silent()).unwrap();
}

#[test]
fn a_launcher_that_is_killed_leaves_a_node_that_down_removes() {
    let _alone = ONE_NODE.lock().unwrap_or_else(PoisonError::into_inner);
    let lab = TestLab::fresh(LAUNCHER);
    for component in ["namespaces", "kubelet"] {
        let before = host(LAUNCHER);
        let mut launcher = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "launcher", "--ignored"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let log = lab.0.folder().join("logs").join(format!("{component}.log"));
        while !log.exists() {
            assert!(launcher.try_wait().unwrap().is_none(), "the launcher ended before it was killed");
            std::thread::yield_now();
        }
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        assert!(matches!(lab.0.status().unwrap(), Status::Broken(_)), "killed when {component} started");
        lab.0.down(&Progress::silent()).unwrap();
        assert_nothing_left(before, &lab.0.folder(), LAUNCHER);
    }
}
