//! A fault as a user runs it, and a look at the shop that does not trust the program under test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::kubectl::Namespace;
use crate::project;
use crate::terraform::Said;

mod look;
mod user;

pub use look::{Look, failed_pods, residue, unhealthy};
pub use user::{Worker, worker};

/// A process of the plugin with what it says.
pub struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// One invocation of the plugin, not yet started: as whoever `kubeconfig` is, in `namespace`.
pub fn plugin(kubeconfig: &Path, namespace: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).args(["--namespace", namespace, "--kubeconfig"]).arg(kubeconfig);
    command.env_remove("KUBECONFIG").stdin(Stdio::null());
    command
}

fn program() -> PathBuf {
    project::built().bin.join("kubectl-boutique")
}

/// Starts it; what it says is read while it runs.
pub fn start(mut command: Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the plugin starts");
    let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    Running { child, stdout: read(stdout), stderr: read(stderr) }
}

fn read(mut from: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks has said what it has said.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Running {
    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the plugin is ours").is_none()
    }

    /// `kill -9`; false when it has ended already.
    pub fn kill(&mut self) -> bool {
        let runs = self.runs();
        self.child.kill().expect("the plugin is ours");
        runs
    }

    /// Waits for its end.
    pub fn end(mut self) -> Said {
        let status = self.child.wait().expect("the plugin ends");
        let said = |reader: JoinHandle<String>| reader.join().expect("it could be read");
        Said { code: status.code().unwrap_or(-1), stdout: said(self.stdout), stderr: said(self.stderr) }
    }
}

/// The newest record of a fault in a namespace, as it is written down; null while there is none.
pub fn record(namespace: &Namespace) -> Value {
    let records = namespace.list("configmaps");
    let texts = records
        .iter()
        .filter(|object| object["metadata"]["labels"]["boutique.dev/record"] == "fault")
        .filter_map(|object| object["data"]["fault.json"].as_str());
    let faults = texts.filter_map(|text| serde_json::from_str::<Value>(text).ok());
    faults.max_by_key(|fault| fault["since"].as_str().unwrap_or_default().to_owned()).unwrap_or(Value::Null)
}
