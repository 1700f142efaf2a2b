//! Durations as Go's `time.ParseDuration` reads them: `300ms`, `5.5s`, `1h15m`.

use std::time::Duration;

/// The duration, if the text is one. A negative duration sleeps as long as none.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = unsigned;
    while !rest.is_empty() || unsigned.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..number_end].parse().ok()?;
        rest = &rest[number_end..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..unit_end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        rest = &rest[unit_end..];
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
    }
    Some(if negative { Duration::ZERO } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn go_durations_are_read() {
        for (text, millis) in
            [("300ms", 300), ("5.5s", 5500), ("1h15m", 4_500_000), ("0", 0), ("+2s", 2000), ("-1s", 0), (".5s", 500)]
        {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_go_does_not_read_is_refused() {
        for text in ["", "5", "s", "5 s", "5x", "1.2.3s", "fast", "5s!", "-"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9.a-zµ]{0,12}") {
            parse(&text);
        }
    }
}
