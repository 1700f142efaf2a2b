//! Being told to stop.

/// Ends at the next Ctrl-C, or when the process is asked to end (SIGTERM). What came before the call does not count, so
/// a second Ctrl-C can be waited for after a first.
pub(crate) async fn interrupted() {
    let asked = async {
        #[cfg(unix)]
        if let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            term.recv().await;
            return;
        }
        std::future::pending().await
    };
    tokio::select! {
        // Without a handler the signal ends the process, which is as good.
        pressed = tokio::signal::ctrl_c() => if pressed.is_err() { std::future::pending().await },
        () = asked => {}
    }
}
