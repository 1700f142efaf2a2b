use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::Diagnostic;
use crate::resource::{Cancel, Operation, Reason};

thread_local! {
    /// Where the last panic of this thread was, noted by the hook.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes where a panic is, for the diagnostic that is made of it.
pub(crate) fn note_panic(place: String) {
    PLACE.with_borrow_mut(|noted| *noted = Some(place));
}

/// Runs code of the provider so that a panic becomes an error.
pub(crate) async fn guarded<T>(what: &str, work: impl Future<Output = T>) -> Result<T, Diagnostic> {
    // The hook and this run on the thread that panicked, because unwinding ends within one poll.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|payload| panicked(what, payload.as_ref()))
}

/// As [`guarded`], for code that does not wait.
pub(super) fn guarded_call<T>(what: &str, work: impl FnOnce() -> T) -> Result<T, Diagnostic> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| panicked(what, payload.as_ref()))
}

fn panicked(what: &str, payload: &(dyn Any + Send)) -> Diagnostic {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "a panic without a message".to_owned());
    let place = PLACE.with_borrow_mut(Option::take).map(|place| format!(" at {place}")).unwrap_or_default();
    Diagnostic::provider_bug(
        "The provider panicked",
        format!("While it had to {what}, the provider panicked{place}: {text}"),
    )
}

/// The limits of one operation.
pub(super) struct Limits<'a> {
    pub(super) operation: Operation,
    pub(super) cancel: &'a Cancel,
    pub(super) time: Duration,
    pub(super) grace: Duration,
}

/// Runs an operation in a task of its own until it ends, or until its grace period after a cancellation is over.
///
/// The task outlives the caller: tonic drops the futures of a client that goes away, and an operation must not be cut
/// in the middle by that.
pub(super) async fn run<T: Send + 'static>(
    limits: Limits<'_>,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Diagnostic> {
    let Limits { operation, cancel, time, grace } = limits;
    // In the span of the call, so that what the author logs says which call it belongs to.
    let mut task = tokio::spawn(async move { guarded(operation.verb(), work).await }.in_current_span());
    let deadline = Instant::now() + time;
    let reason = tokio::select! {
        result = &mut task => return result.unwrap_or_else(|error| Err(lost(operation, &error))),
        reason = cancel.cancelled() => reason,
        () = tokio::time::sleep_until(deadline) => {
            cancel.cancel(Reason::Deadline);
            Reason::Deadline
        }
    };
    tracing::debug!(operation = operation.verb(), %reason, "operation should end");
    match tokio::time::timeout(grace, &mut task).await {
        Ok(result) => result.unwrap_or_else(|error| Err(lost(operation, &error))),
        Err(_) => {
            task.abort();
            Err(given_up(operation, reason, time, grace))
        }
    }
}

fn lost(operation: Operation, error: &tokio::task::JoinError) -> Diagnostic {
    Diagnostic::provider_bug(
        "The operation was lost",
        format!("The task that had to {} ended: {error}.", operation.verb()),
    )
}

fn given_up(operation: Operation, reason: Reason, time: Duration, grace: Duration) -> Diagnostic {
    let why = match reason {
        Reason::Deadline => format!("its {} are over", seconds(time)),
        Reason::Stop | Reason::HostGone => reason.to_string(),
    };
    Diagnostic::error(
        format!("Gave up: {}", operation.verb()),
        format!(
            "The provider had to {} but {why}, and it did not end within {} of being told. What was known to exist is in \
             state; run terraform apply again to go on.",
            operation.verb(),
            seconds(grace)
        ),
    )
}

fn seconds(duration: Duration) -> String {
    crate::GoDuration(duration).to_string()
}
