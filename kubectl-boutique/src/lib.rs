//! kubectl plugin for Google's Online Boutique: status, purchase, failure practice.
//!
//! One file per verb under `verb/`; `output` is the only module that prints; `draw/` turns results into text without
//! printing it; `error` lists what can go wrong and with which exit code it ends.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

mod cli;
mod ctx;
mod draw;
mod duration;
mod error;
mod global;
mod interrupt;
mod output;
mod style;
mod talk;
mod verb;

use cli::{Cli, Verb};
use ctx::{Ctx, env};
use error::Error;
pub use error::Exit;
use output::Output;
use style::Look;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let exit = match verb::complete::is_completer(args.first()) {
        true => verb::complete::run(&args),
        false => run(&args),
    };
    ExitCode::from(exit.code())
}

fn run(args: &[OsString]) -> Exit {
    let Cli { global, verb } = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return output::clap_message(&error),
    };
    talk::start(global.verbosity);
    let look = Look::of(global.color, env, output::width());
    let ctx = Ctx { global, out: Output::new(look) };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&ctx, &Error::Runtime(error.to_string())),
    };
    let ended = runtime.block_on(dispatch(&ctx, verb));
    // A probe that hangs must not keep the program from ending.
    runtime.shutdown_background();
    ended.unwrap_or_else(|error| report(&ctx, &error))
}

async fn dispatch(ctx: &Ctx, verb: Verb) -> Result<Exit, Error> {
    match verb {
        Verb::Status(args) => verb::status::run(ctx, args).await,
        Verb::Buy(args) => verb::buy::run(ctx, args).await,
        Verb::Break(args) => Box::pin(verb::break_service::run(ctx, args)).await,
        Verb::Faults(args) => verb::faults::run(ctx, args).await,
        Verb::Heal(args) => Box::pin(verb::heal::run(ctx, args)).await,
        Verb::Gameday(args) => Box::pin(verb::gameday::run(ctx, args)).await,
        Verb::Completion(args) => verb::completion::run(ctx, args),
        Verb::Version(args) => verb::version::run(ctx, args).await,
    }
}

fn report(ctx: &Ctx, error: &Error) -> Exit {
    match error {
        Error::ReaderGone => {}
        // What somebody asked for is no error.
        Error::Interrupted => ctx.out.say(&error.to_string()),
        _ => ctx.out.error(error),
    }
    error.exit()
}
