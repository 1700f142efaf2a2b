//! The project's verbs, the same for people and for CI. `cargo xtask` lists them.

use std::process::ExitCode;

mod bench;
mod cli;

mod console;
mod demo;
mod layers;
mod package;
mod prove;
#[cfg(test)]
mod readme;
mod test;
mod workspace;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::error(&error);
            ExitCode::FAILURE
        }
    }
}
