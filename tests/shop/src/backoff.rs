//! When to dial again: gRPC's connection back-off with its default parameters.

use std::time::Duration;

const BASE: f64 = 1.0;
const FACTOR: f64 = 1.6;
const JITTER: f64 = 0.2;
const LONGEST: f64 = 120.0;

/// How long one attempt to connect may take, at least.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(20);

/// The pause after a failed attempt, for the given number of failures before it and a `spread` from -1 to 1 that picks
/// the point within the jitter. The first pause is always one second.
pub(crate) fn pause(failures_before: u32, spread: f64) -> Duration {
    if failures_before == 0 {
        return Duration::from_secs_f64(BASE);
    }
    let exponent = i32::try_from(failures_before.min(64)).unwrap_or(64);
    let mean = (BASE * FACTOR.powi(exponent)).min(LONGEST);
    Duration::from_secs_f64(mean * (1.0 + JITTER * spread.clamp(-1.0, 1.0)))
}

/// The limit of an attempt: 20 seconds, or the coming pause where that is longer.
pub(crate) fn attempt_limit(pause: Duration) -> Duration {
    pause.max(SHORTEST_ATTEMPT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_grow_by_sixty_per_cent_up_to_two_minutes() {
        let seconds: Vec<f64> = (0..13).map(|n| pause(n, 0.0).as_secs_f64()).collect();
        let expected = [1.0, 1.6, 2.56, 4.096, 6.5536, 10.48576, 16.777, 26.844, 42.95, 68.719, 109.951, 120.0, 120.0];
        for (is, should) in seconds.iter().zip(expected) {
            assert!((is - should).abs() < 0.001, "{seconds:?}");
        }
    }

    #[test]
    fn an_attempt_may_take_twenty_seconds_or_the_pause_if_that_is_longer() {
        assert_eq!(attempt_limit(Duration::from_secs(1)), Duration::from_secs(20));
        assert_eq!(attempt_limit(Duration::from_secs(100)), Duration::from_secs(100));
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(failures in 1_u32..1000, spread in -1.0_f64..=1.0) {
            let mean = pause(failures, 0.0).as_secs_f64();
            let is = pause(failures, spread).as_secs_f64();
            prop_assert!(is >= mean * 0.799 && is <= mean * 1.201);
        }
    }
}
