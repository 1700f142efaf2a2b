//! Availability with an honest bound: few probes prove little.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// z of a one-sided 95 % bound.
const Z: f64 = 1.644_853_626_951_472_2;

/// Probes below which three nines are not claimed: without a single failure the bound is 1 − 3/n.
const ENOUGH_FOR_THREE_NINES: u64 = 3_000;

/// Answers of a phase; requests that say nothing about the shop are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Availability {
    /// Good answers.
    pub good: u64,
    /// Errors, wrong pages and timeouts.
    pub bad: u64,
}

impl Availability {
    /// All answers.
    pub fn probes(self) -> u64 {
        self.good + self.bad
    }

    /// Share of good answers, absent without any.
    pub fn ratio(self) -> Option<f64> {
        (self.probes() > 0).then(|| self.good as f64 / self.probes() as f64)
    }

    /// With 95 % confidence the true availability is at least this: the rule of three where nothing failed, else the
    /// lower end of Wilson's interval.
    pub fn lower_bound(self) -> Option<f64> {
        let ratio = self.ratio()?;
        let n = self.probes() as f64;
        if self.bad == 0 {
            return Some((1.0 - 3.0 / n).max(0.0));
        }
        let centre = ratio + Z * Z / (2.0 * n);
        let spread = Z * (ratio * (1.0 - ratio) / n + Z * Z / (4.0 * n * n)).sqrt();
        Some(((centre - spread) / (1.0 + Z * Z / n)).clamp(0.0, ratio))
    }

    /// Whether the probes prove 99.9 %.
    pub fn proves_three_nines(self) -> bool {
        self.probes() >= ENOUGH_FOR_THREE_NINES && self.lower_bound().is_some_and(|bound| bound >= 0.999)
    }
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(ratio), Some(bound)) = (self.ratio(), self.lower_bound()) else {
            return f.write_str("not measured (no answer that says anything about the shop)");
        };
        write!(
            f,
            "{} of {} requests good, {} (95 % sure: at least {})",
            self.good,
            self.probes(),
            percent(ratio),
            percent(bound)
        )
    }
}

/// Rounded down, so that nothing short of all is shown as 100 %.
fn percent(share: f64) -> String {
    let places = if share > 0.99 { 2 } else { 1 };
    let scale = 10_f64.powi(places + 2);
    // Guards against 0.57 × 1000 = 569.999…
    let floored = (share * scale + 1e-9).floor() / scale * 100.0;
    format!("{floored:.*} %", usize::try_from(places).unwrap_or(1))
}

impl Serialize for Availability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Availability", 4)?;
        out.serialize_field("good", &self.good)?;
        out.serialize_field("bad", &self.bad)?;
        out.serialize_field("ratio", &self.ratio())?;
        out.serialize_field("lowerBound95", &self.lower_bound())?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_a_failure_the_rule_of_three_bounds() {
        let availability = Availability { good: 300, bad: 0 };
        assert_eq!(availability.lower_bound(), Some(0.99));
        assert_eq!(availability.to_string(), "300 of 300 requests good, 100.00 % (95 % sure: at least 99.0 %)");
    }

    #[test]
    fn three_nines_need_three_thousand_clean_probes() {
        assert!(!Availability { good: 2_999, bad: 0 }.proves_three_nines());
        assert!(Availability { good: 3_000, bad: 0 }.proves_three_nines());
        assert!(!Availability { good: 3_000, bad: 1 }.proves_three_nines());
    }

    #[test]
    fn a_single_failure_is_never_shown_as_all_good() {
        assert!(Availability { good: 99_999, bad: 1 }.to_string().contains("99.99 %"));
    }

    #[test]
    fn nothing_measured_says_so() {
        assert!(Availability::default().to_string().starts_with("not measured"));
    }

    proptest! {
        #[test]
        fn the_bound_lies_below_the_ratio_and_grows_with_evidence(good in 0_u64..5_000, bad in 0_u64..5_000) {
            prop_assume!(good + bad > 0);
            let few = Availability { good, bad };
            let many = Availability { good: good * 4, bad: bad * 4 };
            let (ratio, bound) = (few.ratio().unwrap(), few.lower_bound().unwrap());
            prop_assert!((0.0..=1.0).contains(&bound) && bound <= ratio);
            prop_assert!(many.lower_bound().unwrap() >= bound);
        }
    }
}
