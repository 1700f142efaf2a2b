//! Shares as people write them: `99.9%`.

use std::fmt;

/// A share of a whole, kept in millionths so that 99.9 % is exactly that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// Everything.
    pub const ALL: Self = Self(1_000_000);

    /// Reads `99.9%` or `99.9 %`, with at most four digits behind the point.
    ///
    /// # Errors
    ///
    /// A sentence that says what is accepted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no percentage; write for example 99.9%");
        let number = text.strip_suffix('%').ok_or_else(wrong)?.trim();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 4 {
            return Err(wrong());
        }
        let whole: u32 = whole.parse().map_err(|_| wrong())?;
        let fraction: u32 = format!("{fraction:0<4}").parse().map_err(|_| wrong())?;
        let share = whole.checked_mul(10_000).and_then(|whole| whole.checked_add(fraction)).ok_or_else(wrong)?;
        if share > Self::ALL.0 {
            return Err(format!("\"{text}\" is more than everything; write at most 100%"));
        }
        Ok(Self(share))
    }

    /// Between 0 and 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ALL.0)
    }

    /// Whether `good` of `all` are at least this share; nothing of nothing is not.
    pub fn is_reached_by(self, good: u64, all: u64) -> bool {
        // In whole numbers: no rounding decides whether an objective was met.
        all > 0 && u128::from(good) * u128::from(Self::ALL.0) >= u128::from(all) * u128::from(self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 10_000, self.0 % 10_000);
        match fraction {
            0 => write!(f, "{whole} %"),
            _ => write!(f, "{whole}.{} %", format!("{fraction:04}").trim_end_matches('0')),
        }
    }
}

/// A share as people read it, rounded down, so that nothing short of all is shown as 100 %.
pub(super) fn percent(ratio: f64) -> String {
    // Guards against 0.57 × 10000 = 5699.999…
    let hundredths = (ratio * 1_000_000.0 + 1e-3).floor() / 10_000.0;
    let places = if ratio > 0.99 { 3 } else { 1 };
    let scale = 10_f64.powi(places);
    let floored = (hundredths * scale + 1e-9).floor() / scale;
    let text = format!("{floored:.*}", usize::try_from(places).unwrap_or(1));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentages_are_read_exactly() {
        assert_eq!(Share::parse("99.9%").unwrap().to_string(), "99.9 %");
        assert_eq!(Share::parse("100 %"), Ok(Share::ALL));
        assert_eq!(Share::parse("0%").unwrap().ratio(), 0.0);
        assert_eq!(Share::parse("99.9999%").unwrap().to_string(), "99.9999 %");
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for wrong in ["99.9", "%", "ninety%", "-1%", "99.%", ".9%", "99.99999%"] {
            assert!(Share::parse(wrong).unwrap_err().contains("99.9%"), "{wrong}");
        }
        assert!(Share::parse("100.1%").unwrap_err().contains("at most 100%"));
    }

    #[test]
    fn a_thousandth_decides() {
        let three_nines = Share::parse("99.9%").unwrap();
        assert!(three_nines.is_reached_by(2_997, 3_000));
        assert!(!three_nines.is_reached_by(2_996, 3_000));
        assert!(!three_nines.is_reached_by(0, 0));
    }

    #[test]
    fn a_share_short_of_all_is_never_shown_as_all() {
        assert_eq!(percent(0.999_999_9), "99.999 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.57), "57 %");
        assert_eq!(percent(0.999), "99.9 %");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(share in 0_u32..=1_000_000) {
            prop_assert_eq!(Share::parse(&Share(share).to_string()), Ok(Share(share)));
        }
    }
}
