//! How many connections this process may have.

/// Files that the rest of the program may need.
const OTHERS: u64 = 192;

/// How many of so many connections may be open at the same time, after the limit was raised as far as needed and allowed;
/// none where nobody knows a limit.
#[cfg(unix)]
pub(super) fn connections(wanted: usize) -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = files(wanted);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let current = Some(limit.maximum.map_or(needed, |maximum| maximum.min(needed)));
        // macOS refuses more than a number that it does not tell; then what was allowed still is.
        let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum });
    }
    let allowed = getrlimit(Resource::Nofile).current?;
    Some(usize::try_from(allowed.saturating_sub(OTHERS)).unwrap_or(usize::MAX).clamp(1, wanted.max(1)))
}

/// How many of so many connections may be open at the same time: on this system nobody knows a limit.
#[cfg(not(unix))]
pub(super) fn connections(_wanted: usize) -> Option<usize> {
    None
}

/// Open files that so many connections take.
pub(super) fn files(connections: usize) -> u64 {
    (connections as u64).saturating_add(OTHERS)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_granted_up_to_the_systems_own_limit() {
        assert_eq!(connections(1), Some(1));
        let most = connections(usize::try_from(u32::MAX).unwrap_or(usize::MAX));
        assert!(most.is_none_or(|most| most >= 1), "{most:?}");
    }
}
