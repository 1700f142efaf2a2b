//! The only module of xtask that prints: steps with their durations on stderr, results on stdout.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this module is the one that prints")]

use std::thread::{JoinHandle, spawn};

use anyhow::{Result, anyhow};
use boutique_lab::Progress;

/// Runs one step and shows its name, a spinner while it lasts, and its duration.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    step_among(&Progress::stderr(), name, work)
}

/// The same, beside other steps that are under way.
pub(crate) fn step_among<T>(progress: &Progress, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let step = progress.begin(name, None);
    let result = work()?;
    step.done();
    Ok(result)
}

/// Begins work whose steps show beside those of others.
pub(crate) fn at_once<T: Send + 'static>(
    progress: &Progress,
    work: impl FnOnce(&Progress) -> Result<T> + Send + 'static,
) -> JoinHandle<Result<T>> {
    let progress = progress.clone();
    spawn(move || work(&progress))
}

/// What [`at_once`] began, when it is done.
pub(crate) fn done<T>(work: JoinHandle<Result<T>>) -> Result<T> {
    work.join().map_err(|_| anyhow!("a build panicked"))?
}

/// A line of result on stdout.
pub(crate) fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}

/// An error with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
