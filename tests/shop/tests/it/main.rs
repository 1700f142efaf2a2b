//! The shop as a whole: the real binary, one process per service, on loopback.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it leaves out")]

mod browser;
mod collector;
mod loading;
mod outages;
mod ports;
mod purchase;
mod shop;
mod starting;
mod stopping;
mod tracing;

use std::path::Path;

/// The program under test.
fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_boutique-lite"))
}
