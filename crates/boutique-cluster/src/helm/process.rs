//! One run of helm: in a process group of its own, ended with us, its output kept.
//!
//! A thread of its own starts helm and sees to its end, for two reasons. On Linux helm asks to be killed when its parent
//! goes, and the kernel means the thread by that. And the one that reaps is the one that signals, so that no signal ever
//! goes to a process that has taken over the number.

use std::{
    io::{Read, Write as _},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

/// How long helm may take to end by itself when it is asked to. Helm marks the release as failed then.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Whether a helm ends when we are killed: Linux sees to it.
pub(super) const DIES_WITH_US: bool = cfg!(target_os = "linux");

/// How often the thread looks after helm.
const LOOK: Duration = Duration::from_millis(10);

/// The last bytes of each output that are kept; notes of a chart can be long, errors are at the end.
const KEPT: usize = 256 << 10;

/// What a run of helm came to.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Output {
    /// How it ended, for people: `exit status 1`, `killed by signal 9`.
    pub(super) fn ending(&self) -> String {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&self.status) {
            return format!("killed by signal {signal}");
        }
        self.status.code().map_or_else(|| "ended without a status".to_owned(), |code| format!("exit status {code}"))
    }
}

/// A helm at work. Dropped, it is stopped: politely first, by force after [`GRACE`].
pub(super) struct Running {
    stop_tx: mpsc::Sender<()>,
    done_rx: oneshot::Receiver<std::io::Result<Output>>,
}

impl Running {
    /// Starts it.
    pub(super) fn start(command: Command, stdin: Vec<u8>) -> Self {
        let (stop_tx, stop_rx) = mpsc::channel();
        let (done_tx, done_rx) = oneshot::channel();
        thread::spawn(move || {
            // Who started it may have gone away.
            drop(done_tx.send(run(command, stdin, &stop_rx)));
        });
        Self { stop_tx, done_rx }
    }

    /// Asks it to end.
    pub(super) fn stop(&self) {
        // A thread that has gone has nothing left to stop.
        let _ = self.stop_tx.send(());
    }

    /// Waits for its end.
    pub(super) async fn finished(&mut self) -> std::io::Result<Output> {
        match (&mut self.done_rx).await {
            Ok(output) => output,
            Err(_) => Err(std::io::Error::other("the thread that runs helm has gone")),
        }
    }
}

fn run(mut command: Command, stdin: Vec<u8>, stop_rx: &mpsc::Receiver<()>) -> std::io::Result<Output> {
    alone(&mut command);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // A helm that ends before it has read everything says why on its own.
        thread::spawn(move || drop(pipe.write_all(&stdin)));
    }
    let stdout = child.stdout.take().map(follow);
    let stderr = child.stderr.take().map(follow);
    let status = watch(&mut child, stop_rx)?;
    let text = |reader: Option<JoinHandle<Vec<u8>>>| {
        let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Output { status, stdout: text(stdout), stderr: text(stderr) })
}

fn watch(child: &mut Child, stop_rx: &mpsc::Receiver<()>) -> std::io::Result<ExitStatus> {
    let mut kill_at = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        match kill_at {
            Some(at) if Instant::now() >= at => {
                kill(child);
                return child.wait();
            }
            Some(_) => thread::sleep(LOOK),
            None => match stop_rx.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                // Asked to stop, or whoever waited is gone.
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    terminate(child);
                    kill_at = Some(Instant::now() + GRACE);
                }
            },
        }
    }
}

/// Reads to the end and keeps the last part.
fn follow(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 8192]);
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..count]);
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
        kept
    })
}

/// A process group of its own, so that Ctrl-C in a terminal reaches us alone, and, on Linux, death with us.
#[cfg(unix)]
#[cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "std has no safe way to ask the kernel for death with the parent")
)]
fn alone(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getpid();
        // SAFETY: runs between fork and exec; prctl, getppid and kill are async-signal-safe and nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
                // The parent may have gone before the kernel was asked.
                if rustix::process::getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(std::io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error()))
                }
            });
        }
    }
}

#[cfg(not(unix))]
fn alone(_: &mut Command) {}

/// Signals helm and all that it started, such as a credential command.
#[cfg(unix)]
fn signal(child: &Child, signal: rustix::process::Signal) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group
        && let Err(error) = rustix::process::kill_process_group(group, signal)
    {
        tracing::debug!(%error, "helm was not signalled");
    }
}

#[cfg(unix)]
fn terminate(child: &mut Child) {
    signal(child, rustix::process::Signal::TERM);
}

#[cfg(unix)]
fn kill(child: &mut Child) {
    signal(child, rustix::process::Signal::KILL);
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) {
    kill(child);
}

#[cfg(not(unix))]
fn kill(child: &mut Child) {
    if let Err(error) = child.kill() {
        tracing::debug!(%error, "helm was not killed");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_run_gives_its_outputs_and_takes_its_input() {
        let mut running = Running::start(shell("cat; echo sorry >&2; exit 3"), b"values".to_vec());
        let output = running.finished().await.unwrap();
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("values", "sorry\n"));
        assert_eq!(output.ending(), "exit status 3");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error() {
        let mut running = Running::start(Command::new("/nowhere/helm"), Vec::new());
        assert_eq!(running.finished().await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn one_that_is_stopped_may_end_by_itself() {
        let script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
        let mut running = Running::start(shell(script), Vec::new());
        tokio::time::sleep(Duration::from_millis(200)).await;
        running.stop();
        let output = running.finished().await.unwrap();
        assert_eq!((output.stdout.as_str(), output.ending().as_str()), ("ready\nbye\n", "exit status 0"));
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_any_more_ends_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let running = Running::start(shell(&format!("sleep 600 & echo $! > {}; wait", file.display())), Vec::new());
        let child = async {
            loop {
                if let Ok(pid) = std::fs::read_to_string(&file).unwrap_or_default().trim().parse::<u32>() {
                    return pid;
                }
                tokio::task::yield_now().await;
            }
        };
        let pid = tokio::time::timeout(Duration::from_secs(20), child).await.unwrap();
        drop(running);
        let gone = async {
            // A zombie of another parent has gone too.
            let alive =
                || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
            while alive() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("it is gone");
    }
}
