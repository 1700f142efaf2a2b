//! Where things are, and running cargo.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use crate::console;

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new("."))
}

/// The target directory that this run of cargo uses.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A cargo command in the workspace root, the same cargo that started us.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// Runs a command with the terminal as its own; an exit code other than 0 is an error that names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Runs two commands at the same time. The first has the terminal; all that the second says follows it, in the order in
/// which it was said. Either's failure is an error, and both run to their end.
pub(crate) fn run_beside(first: &mut Command, mut second: Command) -> Result<()> {
    let shown = shown(&second);
    let (mut said, saying) = std::io::pipe().context("a pipe for what the second command says")?;
    second.stdout(saying.try_clone()?).stderr(saying);
    let mut child = second.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    // The pipe ends when nobody can write into it any more, this process included.
    drop(second);
    let listener = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        said.read_to_end(&mut bytes).map(|_| bytes)
    });
    let first = run(first);
    let status = child.wait().with_context(|| format!("cannot wait for `{shown}`"))?;
    let said = listener.join().map_err(|_| anyhow!("what `{shown}` said is lost"))??;
    console::say(String::from_utf8_lossy(&said).trim_end());
    first?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Runs a command and returns what it printed on stdout; on failure the error holds the end of its stderr.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{shown}` failed ({}):\n{}", output.status, last_lines(&stderr, 30));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The last `count` lines of a text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
    format!("{name} {}", args.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn two_commands_run_at_the_same_time_and_both_must_succeed() {
        let folder = std::env::temp_dir().join(format!("xtask-beside-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // Each waits half a minute for the other's file; one after the other, the first would not see it.
        let (one, two) = (folder.join("one"), folder.join("two"));
        let meet = |mine: &Path, theirs: &Path| {
            let (mine, theirs) = (mine.display(), theirs.display());
            format!("touch {mine}; for i in $(seq 600); do [ -e {theirs} ] && exit 0; sleep 0.05; done; exit 1")
        };
        run_beside(&mut sh(&meet(&one, &two)), sh(&meet(&two, &one))).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();

        let failed = run_beside(&mut sh("true"), sh("exit 3")).unwrap_err().to_string();
        assert!(failed.contains("sh -c exit 3"), "{failed}");
        assert!(run_beside(&mut sh("exit 4"), sh("true")).is_err());
    }
}
