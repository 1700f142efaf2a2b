//! The real `kubectl`, as a user and as another tool would run it, in a namespace that lives as long as its test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project;
use crate::terraform::Said;

/// A namespace of one test. It is not created: applying does that. On drop it is deleted; when the test failed, its
/// state is printed first.
pub struct Namespace {
    /// Its name.
    pub name: String,
    kubeconfig: PathBuf,
}

impl Namespace {
    /// A fresh name for the test called `test`.
    pub fn new(kubeconfig: &Path, test: &str) -> Self {
        let suffix: u32 = rand::random();
        Self { name: format!("{test}-{suffix:08x}"), kubeconfig: kubeconfig.to_owned() }
    }

    /// Creates it, for tests where somebody else came first.
    pub fn create(self) -> Self {
        self.cluster(&["create", "namespace", &self.name]).expect_success("kubectl create namespace");
        self
    }

    /// The kubeconfig that reaches the cluster.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// `kubectl ARGS` in this namespace.
    pub fn kubectl(&self, args: &[&str]) -> Said {
        let mut all = vec!["--namespace", &self.name];
        all.extend_from_slice(args);
        self.cluster(&all)
    }

    /// `kubectl ARGS` without a namespace.
    pub fn cluster(&self, args: &[&str]) -> Said {
        self.command(args).output().expect("kubectl starts").into()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(project::kubectl());
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(args).env_remove("KUBECONFIG").stdin(Stdio::null());
        command
    }

    /// `kubectl boutique ARGS` in this namespace, as a user types it.
    pub fn boutique(&self, args: &[&str]) -> Said {
        let mut command = Command::new("kubectl");
        command.arg("boutique").args(args).args(["--namespace", &self.name, "--kubeconfig"]).arg(&self.kubeconfig);
        command.env("PATH", project::path()).env_remove("KUBECONFIG").stdin(Stdio::null());
        command.output().expect("kubectl starts").into()
    }

    /// `kubectl apply` of manifests given as text.
    pub fn apply(&self, manifests: &str, args: &[&str]) -> Said {
        use std::io::Write;
        let mut all = vec!["--namespace", &self.name, "apply", "-f", "-"];
        all.extend_from_slice(args);
        let mut child = self
            .command(&all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        child.stdin.take().expect("a pipe").write_all(manifests.as_bytes()).expect("kubectl reads its input");
        child.wait_with_output().expect("kubectl ends").into()
    }

    /// One object as JSON, or null when it does not exist.
    pub fn get(&self, kind: &str, name: &str) -> Value {
        let said =
            self.kubectl(&["get", kind, name, "--ignore-not-found", "--output=json"]).expect_success("kubectl get");
        if said.stdout.trim().is_empty() { Value::Null } else { parse(&said) }
    }

    /// All objects of some kinds (`deployments,services`) as JSON.
    pub fn list(&self, kinds: &str) -> Vec<Value> {
        let said = self.kubectl(&["get", kinds, "--output=json"]).expect_success("kubectl get");
        parse(&said)["items"].as_array().cloned().unwrap_or_default()
    }

    /// Waits, a minute at most, until an object (null while there is none) is as `wanted`.
    pub fn await_object(&self, kind: &str, name: &str, wanted: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !wanted(&self.get(kind, name)) {
            assert!(Instant::now() < deadline, "{kind}/{name} is not as it should be: {}", self.get(kind, name));
        }
    }

    /// Prints what a person would look at first, to the test's output.
    #[expect(clippy::print_stderr, reason = "the state of a failed test belongs into its output")]
    pub fn dump(&self) {
        let listed = self.kubectl(&["get", "all,configmaps,leases", "--output=wide"]);
        let events = self.kubectl(&["get", "events", "--sort-by=.lastTimestamp"]);
        eprintln!("--- namespace {} ---\n{}\n--- events ---\n{}", self.name, listed.text(), events.text());
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.dump();
        }
        if std::env::var_os("BOUTIQUE_KEEP_NAMESPACES").is_none() {
            self.cluster(&["delete", "namespace", &self.name, "--ignore-not-found", "--wait=false"]);
        }
    }
}

fn parse(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).expect("kubectl prints JSON")
}
