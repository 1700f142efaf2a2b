//! Daemons that outlive the process that started them, and are still never mistaken for another.
//!
//! A process is remembered as its id *and* its start time: ids are reused, the pair is not. Every process also carries
//! the environment variable [`MARK`] with its lab's folder, so that what was started in the instant before a `kill -9`
//! of the launcher is found as well. Nothing is ever signalled by its name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// The environment variable that names the lab a process belongs to.
pub(crate) const MARK: &str = "BOUTIQUE_LAB_DIR";

/// A program to be run for a lab.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Name in messages and of the log file.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

/// A process that was started for a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// What it is, e.g. `etcd`.
    pub name: String,
    /// Its id on this machine.
    pub pid: i32,
    /// When it started, in the kernel's own words; tells it from a later process of the same id.
    pub started: String,
    /// What it wrote.
    pub log: PathBuf,
}

impl Process {
    /// Starts a program in a session of its own, output into `<logs>/<name>.log`, marked as belonging to `lab`.
    pub(crate) fn start(program: &Program, logs: &Path, lab: &Path) -> Result<Self> {
        let log = logs.join(format!("{}.log", program.name));
        let output = File::create(&log).with_context(|| format!("log {}", log.display()))?;
        let mut child = detached(&program.path)
            .args(&program.args)
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .env(MARK, lab)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("start {} ({})", program.name, program.path.display()))?;
        let pid = i32::try_from(child.id())?;
        let started = start_time(pid).unwrap_or_default();
        // Reaped as long as this process lives; afterwards init does it.
        std::thread::spawn(move || child.wait());
        Ok(Self { name: program.name.clone(), pid, started, log })
    }

    /// Whether this very process (not another of the same id) still runs. A zombie does not.
    pub fn is_alive(&self) -> bool {
        !self.started.is_empty() && start_time(self.pid).as_deref() == Some(self.started.as_str())
    }

    /// Ends it at once, and waits until it is gone.
    pub(crate) fn kill(&self) -> Result<()> {
        let begun = Instant::now();
        while self.is_alive() {
            signal(self.pid);
            if begun.elapsed() > Duration::from_secs(20) {
                bail!("{} (process {}) does not end; it is stuck in the kernel", self.name, self.pid);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// A program apart from this one's terminal, so that neither Ctrl-C nor a closed window ends it.
fn detached(program: &Path) -> Command {
    use std::os::unix::process::CommandExt as _;
    if cfg!(target_os = "linux") {
        // Replaces itself by the program: the process id stays.
        let mut command = Command::new("setsid");
        command.arg(program);
        command
    } else {
        let mut command = Command::new(program);
        command.process_group(0);
        command
    }
}

fn signal(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // An error means that it is gone already, which is what was wanted; the caller looks again.
        rustix::process::kill_process(pid, Signal::KILL).ok();
    }
}

/// Start time of a running process; `None` when there is none of that id, or only its zombie.
fn start_time(pid: i32) -> Option<String> {
    if cfg!(target_os = "linux") {
        // proc(5): after the command name in parentheses, which may hold anything, field 3 is the state and 22 the start.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ended = matches!(*fields.first()?, "Z" | "X") && !has_live_thread(pid);
        if ended { None } else { fields.get(19).map(|&start| start.to_owned()) }
    } else {
        let answer = Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
        let text = String::from_utf8(answer.stdout).ok()?;
        let (state, start) = text.trim().split_once(char::is_whitespace)?;
        (!state.starts_with('Z')).then(|| start.trim().to_owned())
    }
}

/// Whether another thread of a process still ends: until then the process holds its files and ports.
fn has_live_thread(pid: i32) -> bool {
    fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten().any(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !matches!(rest.split_whitespace().next(), Some("Z" | "X") | None))
    })
}

/// Every process id on this machine. Empty where there is no `/proc`.
pub(crate) fn all_pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Ends every process that carries the mark of this lab, recorded or not.
pub(crate) fn kill_marked(lab: &Path) -> Result<()> {
    let mark = format!("{MARK}={}", lab.display());
    let marked = || {
        all_pids().into_iter().filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        })
    };
    for pid in marked().collect::<Vec<_>>() {
        if let Some(started) = start_time(pid) {
            Process { name: "a process of this lab".to_owned(), pid, started, log: PathBuf::new() }.kill()?;
        }
    }
    Ok(())
}

/// The last lines of a log, for messages.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &all[all.len().saturating_sub(lines)..];
    last.iter().map(|line| format!("    {}\n", line.chars().take(400).collect::<String>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path) -> Process {
        let program = Program {
            name: "sleeper".to_owned(),
            path: PathBuf::from("sleep"),
            args: vec!["600".to_owned()],
            env: Vec::new(),
        };
        Process::start(&program, folder, folder).unwrap()
    }

    #[test]
    fn a_process_is_alive_until_it_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let process = sleeper(folder.path());
        assert!(process.is_alive());
        process.kill().unwrap();
        assert!(!process.is_alive());
    }

    #[test]
    fn another_process_of_the_same_id_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let ours = sleeper(folder.path());
        let other = Process { started: "1".to_owned(), ..ours.clone() };
        other.kill().unwrap();
        assert!(ours.is_alive(), "a process with another start time was killed");
        ours.kill().unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_was_started_and_never_recorded_is_found_by_its_mark() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let (forgotten, foreign) = (sleeper(folder.path()), sleeper(other.path()));
        kill_marked(folder.path()).unwrap();
        assert!(!forgotten.is_alive());
        assert!(foreign.is_alive());
        foreign.kill().unwrap();
    }

    #[test]
    fn the_tail_of_a_log_skips_empty_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x.log");
        fs::write(&log, "one\n\ntwo\nthree\n\n").unwrap();
        assert_eq!(tail(&log, 2), "    two\n    three\n");
    }
}
