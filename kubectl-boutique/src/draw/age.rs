//! Spans of time as people say them.

use std::time::Duration;

/// As kubectl writes ages: `45s`, `12m`, `3h`, `5d`.
pub(crate) fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        172_800.. => format!("{}d", seconds / 86_400),
    }
}

/// With the digits that matter: `850 ms`, `4.2 s`, `73 s`.
pub(crate) fn span(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ ..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{:.0} s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_as_kubectl_writes_them() {
        let ages: Vec<String> = [5, 119, 120, 7_199, 7_200, 200_000].into_iter().map(age).collect();
        assert_eq!(ages, ["5s", "119s", "2m", "119m", "2h", "2d"]);
    }

    #[test]
    fn spans_have_the_digits_that_matter() {
        let spans: Vec<String> = [40, 4_230, 73_400].into_iter().map(|ms| span(Duration::from_millis(ms))).collect();
        assert_eq!(spans, ["40 ms", "4.2 s", "73 s"]);
    }
}
