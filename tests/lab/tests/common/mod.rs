//! A lab for one test, taken down when the test ends.

use std::path::Path;
use std::process::Command;

use boutique_lab::{Lab, Mode, Options, Progress, Running};

/// A lab that a test owns.
pub(crate) struct TestLab(pub(crate) Lab);

impl TestLab {
    /// The lab of that name, nothing left of an earlier run.
    pub(crate) fn fresh(name: &str) -> Self {
        let lab = Lab::named(name).unwrap();
        lab.down(&Progress::silent()).unwrap();
        Self(lab)
    }

    /// Brings it up with an audit log.
    pub(crate) fn up(&self, mode: Mode) -> Running {
        match self.0.up(mode, &Options { audit: true, ..Options::default() }, &Progress::silent()) {
            Ok(running) => running,
            Err(error) => panic!("{error:?}"),
        }
    }
}

impl Drop for TestLab {
    fn drop(&mut self) {
        if let Err(error) = self.0.down(&Progress::silent()) {
            eprintln!("lab {} could not be taken down: {error:#}", self.0.name());
        }
    }
}

/// Runs the lab's kubectl; answers whether it succeeded, and what it said.
pub(crate) fn kubectl(running: &Running, kubeconfig: &Path, args: &[&str]) -> (bool, String) {
    let answer = Command::new(&running.kubectl).args(args).env("KUBECONFIG", kubeconfig).output().unwrap();
    let said = [answer.stdout, answer.stderr].concat();
    (answer.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Ends one of a lab's processes the hard way.
pub(crate) fn kill(running: &Running, name: &str) {
    let process = running.processes.iter().find(|process| process.name == name).unwrap();
    assert!(Command::new("kill").args(["-9", &process.pid.to_string()]).status().unwrap().success());
    while process.is_alive() {
        std::thread::yield_now();
    }
}
