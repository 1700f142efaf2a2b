use std::io;

use tokio_util::sync::CancellationToken;

use super::environment::Mode;

/// Takes over the signals that a terminal sends.
///
/// Ctrl-C reaches the whole process group. Terraform then asks its plugins to stop by a call, so a plugin must not die
/// of the signal; a provider that is being debugged ends by it.
#[cfg(unix)]
pub(super) fn handle(mode: Mode, shutdown: &CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => if mode == Mode::Debug { break },
                _ = terminate.recv() => break,
            }
        }
        shutdown.cancel();
    });
    Ok(())
}

/// Takes over the signals that a terminal sends.
#[cfg(not(unix))]
pub(super) fn handle(mode: Mode, shutdown: &CancellationToken) -> io::Result<()> {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            if tokio::signal::ctrl_c().await.is_err() || mode == Mode::Debug {
                break;
            }
        }
        if mode == Mode::Debug {
            shutdown.cancel();
        }
    });
    Ok(())
}
