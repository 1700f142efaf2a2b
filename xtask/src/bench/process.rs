//! Figures of a provider's process: how soon it answers, how much memory it takes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// What Terraform puts into the environment of a plugin that it starts.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// Median time from exec to the handshake line: with the host's certificate as Terraform gives it, so that the provider
/// makes one too, or without TLS.
pub(crate) fn handshake(provider: &Path, host_certificate: Option<&str>, times: usize) -> Result<Duration> {
    let mut measured = Vec::new();
    for _ in 0..times {
        let mut command = Command::new(provider);
        command.env(COOKIE.0, COOKIE.1).env("PLUGIN_PROTOCOL_VERSIONS", "5,6");
        if let Some(certificate) = host_certificate {
            command.env("PLUGIN_CLIENT_CERT", certificate);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot start {}", provider.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut line)?;
        measured.push(begun.elapsed());
        // Asked to end, it removes its socket; killed, it would leave it.
        kill_process(Pid::from_child(&child), Signal::TERM)?;
        child.wait()?;
        ensure!(line.starts_with("1|6|"), "the provider answered {line:?}");
        let tls = line.trim_end().split('|').nth(5).is_some_and(|certificate| !certificate.is_empty());
        ensure!(tls == host_certificate.is_some(), "the provider answered {line:?}");
    }
    measured.sort();
    Ok(measured[measured.len() / 2])
}

/// Runs a command to its end and answers the peak resident memory, in bytes, of any process of `provider` meanwhile.
pub(crate) fn peak_memory(command: &mut Command, provider: &Path) -> Result<u64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot start terraform")?;
    let name: String = provider.file_name().unwrap_or_default().to_string_lossy().chars().take(15).collect();
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        for process in fs::read_dir("/proc")?.flatten() {
            let status = fs::read_to_string(process.path().join("status")).unwrap_or_default();
            if status.lines().next().is_some_and(|line| line.trim_start_matches("Name:").trim() == name) {
                peak = peak.max(high_water(&status).unwrap_or(0));
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "terraform failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(peak)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
