use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};

use crate::server::note_panic;

/// Makes panics readable for Terraform: it shows what follows a line that begins `panic: ` when the provider dies, and
/// knows nothing of Rust's own wording.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let backtrace = std::backtrace::Backtrace::capture();
        let backtrace = match backtrace.status() {
            std::backtrace::BacktraceStatus::Captured => format!("{backtrace}\n"),
            _ => String::new(),
        };
        let text = format!("panic: {}\nat {place}\n{backtrace}", message(info));
        // In one write, so that lines of other threads do not come between; nobody is left to tell when it fails.
        let _ = io::stderr().write_all(text.as_bytes());
        note_panic(place);
    }));
}

fn message<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = info.payload();
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}
