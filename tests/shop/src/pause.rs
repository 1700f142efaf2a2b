//! The container that holds a pod's namespaces: it sleeps, buries orphans and leaves when told to.

use std::process::ExitCode;

/// Waits for SIGTERM or SIGINT, reaping whatever the pod's other processes leave behind.
#[expect(
    unsafe_code,
    reason = "a runtime for three signals would cost each pod more than all the rest of this process"
)]
pub(crate) fn run() -> ExitCode {
    // SAFETY: the set is initialised by sigemptyset before anything reads it; the calls only get pointers to locals
    // that outlive them.
    unsafe {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        let mut set = set.assume_init();
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGCHLD] {
            libc::sigaddset(&raw mut set, signal);
        }
        // Blocked, a signal stays pending for sigwait also where the process is an init that has no default action.
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        loop {
            let mut signal = 0;
            libc::sigwait(&raw const set, &raw mut signal);
            if signal != libc::SIGCHLD {
                return ExitCode::SUCCESS;
            }
            while libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) > 0 {}
        }
    }
}
