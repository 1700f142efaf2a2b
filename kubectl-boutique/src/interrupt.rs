//! Being told to stop.

use tokio::sync::watch;

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

/// Counts how often somebody has asked to stop, also while nobody waits for it: one who presses Ctrl-C during a request
/// must not have to press it again.
pub(crate) struct Interrupts {
    count: watch::Receiver<u32>,
    listener: tokio::task::JoinHandle<()>,
}

impl Interrupts {
    /// Counts from now on.
    pub(crate) fn listen() -> Self {
        let (count_tx, count) = watch::channel(0);
        let listener = tokio::spawn(async move {
            loop {
                interrupted().await;
                count_tx.send_modify(|count| *count += 1);
            }
        });
        Self { count, listener }
    }

    /// Ends as soon as somebody has asked so many times.
    pub(crate) async fn times(&self, wanted: u32) {
        let mut count = self.count.clone();
        if count.wait_for(|count| *count >= wanted).await.is_err() {
            // The listener is gone, so nobody can ask any more.
            std::future::pending::<()>().await;
        }
    }

    /// How often somebody has asked.
    pub(crate) fn count(&self) -> u32 {
        *self.count.borrow()
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
