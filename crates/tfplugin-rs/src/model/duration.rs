use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// A duration in Go's syntax (`30s`, `1h30m`, `1.5h`, `250ms`), the form that every Terraform provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(pub Duration);

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum GoDurationError {
    /// The text is not written as a duration.
    #[error("it is not a duration such as \"30s\", \"10m\" or \"1h30m\"")]
    Syntax,
    /// The duration is negative.
    #[error("a negative duration makes no sense here")]
    Negative,
    /// The duration is longer than 292 years, the most that Go can hold.
    #[error("it is longer than any duration")]
    Range,
}

impl FromStr for GoDuration {
    type Err = GoDurationError;

    fn from_str(text: &str) -> Result<Self, GoDurationError> {
        use GoDurationError::{Negative, Range, Syntax};
        if text.starts_with('-') {
            return Err(Negative);
        }
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest == "0" {
            return Ok(Self(Duration::ZERO));
        }
        if rest.is_empty() {
            return Err(Syntax);
        }
        let mut total: u128 = 0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(Syntax)?;
            let (amount, tail) = rest.split_at(end);
            let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(end);
            let nanoseconds: u128 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return Err(Syntax),
            };
            let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
            if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
                return Err(Syntax);
            }
            let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| Range)? };
            // Finer than a nanosecond even of an hour does not count.
            let fraction = &fraction[..fraction.len().min(15)];
            let scale = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| Range)?);
            let part: u128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| Range)? };
            let whole = whole.checked_mul(nanoseconds).ok_or(Range)?;
            total = total.checked_add(whole).ok_or(Range)? + part * nanoseconds / scale;
            rest = tail;
        }
        let nanoseconds = i64::try_from(total).map_err(|_| Range)?;
        Ok(Self(Duration::from_nanos(nanoseconds.unsigned_abs())))
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        let nanoseconds = self.0.subsec_nanos();
        if nanoseconds > 0 {
            let fraction = format!("{nanoseconds:09}");
            write!(f, "{seconds}.{}s", fraction.trim_end_matches('0'))
        } else if seconds > 0 || (hours == 0 && minutes == 0) {
            write!(f, "{seconds}s")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_reads_them() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("250ms", 250),
            ("0", 0),
            (".5s", 500),
            ("1m0.5s", 60_500),
        ] {
            assert_eq!(text.parse::<GoDuration>().unwrap().0.as_millis(), milliseconds, "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in ["", "10", "m", "1 m", "10x", "1..5s", ".s", "s10", "9999999999h"] {
            assert!(text.parse::<GoDuration>().is_err(), "{text:?}");
        }
        assert_eq!("-1s".parse::<GoDuration>(), Err(GoDurationError::Negative));
    }

    #[test]
    fn durations_print_in_the_form_they_are_read() {
        for text in ["1h30m", "10m", "45s", "1m0.5s", "0s"] {
            assert_eq!(text.parse::<GoDuration>().unwrap().to_string(), text);
        }
    }
}
