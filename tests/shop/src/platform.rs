//! What each language's runtime does around a service: how it answers SIGTERM, how it reports that it cannot start,
//! how its logs look and how its health service answers.

use crate::env::StartError;
use std::{future::pending, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

/// The runtime that upstream's image of a service brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Go,
    Node,
    Python,
    Java,
    Dotnet,
    Locust,
}

impl Platform {
    /// Waits for a signal that ends the process at once, dropping requests in flight, and answers its exit code.
    ///
    /// Node and Python install no handler. The kernel's default action then ends them, except that process 1 of a
    /// container has no default action: there they ignore SIGTERM and are killed when the grace period is over. Doing
    /// nothing gives exactly that. .NET drains its connections and Locust prints its table: both are the service's part
    /// ([`told`]).
    pub(crate) async fn stopped(self) -> ExitCode {
        match self {
            Platform::Node | Platform::Python | Platform::Dotnet | Platform::Locust => pending().await,
            Platform::Go => {
                let number = terminated().await;
                die_of(number);
                // Only process 1 comes here; a Go program then leaves with 2.
                ExitCode::from(2)
            }
            Platform::Java => {
                terminated().await;
                ExitCode::from(143)
            }
        }
    }

    /// The exit code of a service that could not start. Go panics (2) over a missing variable, but only logs the rest.
    pub(crate) fn exit_code(self, error: &StartError) -> ExitCode {
        match (self, error) {
            (Platform::Go, StartError::MissingVariable(_)) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }

    /// The line on stderr that names what kept the service from starting.
    pub(crate) fn last_words(self, error: &StartError) -> String {
        match self {
            Platform::Go if matches!(error, StartError::MissingVariable(_)) => format!("panic: {error}"),
            Platform::Go => format!("fatal: {error}"),
            Platform::Python | Platform::Locust => format!("Exception: {error}"),
            Platform::Node => format!("Error: {error}"),
            Platform::Java => format!("Exception in thread \"main\" {error}"),
            Platform::Dotnet => format!("Unhandled exception. {error}"),
        }
    }
}

/// Resolves when a graceful stop is asked for.
pub(crate) async fn told() {
    terminated().await;
}

/// Waits for SIGTERM or SIGINT and answers the signal's number.
async fn terminated() -> i32 {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        // Without handlers the default action remains, which ends the process as well.
        return pending().await;
    };
    tokio::select! {
        _ = term.recv() => libc::SIGTERM,
        _ = int.recv() => libc::SIGINT,
    }
}

/// Dies of a signal as if no handler had ever been installed. Returns when the process is the init of its namespace,
/// for which the kernel drops signals without a handler.
#[expect(unsafe_code, reason = "restoring a default action and raising a signal have no safe equivalent")]
fn die_of(number: i32) {
    // SAFETY: SIG_DFL is a valid disposition and both calls only take integers.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        libc::raise(number);
    }
}
