//! Starting programs one after another, and waiting until each does its work.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use crate::api::Api;
use crate::control_plane::lab_client;
use crate::process::{Process, Program, tail};
use crate::record::Record;

/// Starts a lab's programs and records each.
pub(crate) struct Starter<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) record: &'a mut Record,
    /// First process of the lab's namespaces, when it has its own.
    pub(crate) inside: Option<i32>,
}

impl Starter<'_> {
    /// Starts a program, inside the lab's namespaces when it has its own.
    pub(crate) fn start(&mut self, program: &Program) -> Result<Process> {
        let wrapped = self.inside.map(|init| enter(init, program));
        let logs = self.folder.join("logs");
        let process = Process::start(wrapped.as_ref().unwrap_or(program), &logs, self.folder)?;
        self.record.processes.push(process.clone());
        self.record.write(self.folder)?;
        Ok(process)
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    /// When a program of the lab ended, or the time is over: which component, the last answer and its last log lines.
    pub(crate) fn until(
        &self,
        component: &str,
        what: &str,
        limit: Duration,
        mut ready: impl FnMut() -> Result<bool>,
    ) -> Result<()> {
        let begun = Instant::now();
        loop {
            let answer = ready();
            if matches!(answer, Ok(true)) {
                return Ok(());
            }
            for process in &self.record.processes {
                if !process.is_alive() {
                    let (name, log) = (&process.name, process.log.display());
                    bail!("{name} ended while the lab waited for {what}\n  log: {log}\n{}", tail(&process.log, 8));
                }
            }
            if begun.elapsed() > limit {
                let seconds = limit.as_secs();
                let last = answer.err().map(|error| format!(" (last answer: {error:#})")).unwrap_or_default();
                let log = self.record.process(component).map(|process| process.log.clone()).unwrap_or_default();
                return Err(anyhow!(
                    "{component}: no {what} within {seconds} s{last}\n  log: {}\n{}",
                    log.display(),
                    tail(&log, 8)
                ));
            }
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// A client of the lab's API server.
    pub(crate) fn api(&self) -> Result<Api> {
        let (authority, client) = lab_client(self.folder)?;
        Api::new(self.record.network.api(), &authority, &client)
    }
}

/// The same program, run inside the namespaces of a process.
pub(crate) fn enter(init: i32, program: &Program) -> Program {
    let mut args = vec![
        format!("--target={init}"),
        "--mount".to_owned(),
        "--net".to_owned(),
        "--pid".to_owned(),
        "--".to_owned(),
        program.path.display().to_string(),
    ];
    args.extend(program.args.iter().cloned());
    Program { path: "nsenter".into(), args, ..program.clone() }
}
