//! Quantities of the Kubernetes API: `100m`, `64Mi`, `1e3`, compared by value and not by spelling.

use std::{cmp::Ordering, fmt, str::FromStr};

/// A quantity, exact to a billionth as the API server keeps it (finer parts are rounded up, away from zero).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity {
    nano: i128,
}

/// A text that is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no quantity: write a number with an optional suffix, such as 100m, 0.5, 64Mi or 2Gi")]
pub struct BadQuantity(pub String);

const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Value in whole units, rounded up as the scheduler does.
    pub fn ceil(&self) -> i128 {
        self.nano.div_euclid(NANO) + i128::from(self.nano.rem_euclid(NANO) != 0)
    }

    /// Value in thousandths (milli-CPU), rounded up.
    pub fn milli(&self) -> i128 {
        let unit = NANO / 1000;
        self.nano.div_euclid(unit) + i128::from(self.nano.rem_euclid(unit) != 0)
    }

    /// Whether the quantity is below zero, which no resource may be.
    pub fn is_negative(&self) -> bool {
        self.nano.cmp(&0) == Ordering::Less
    }
}

impl FromStr for Quantity {
    type Err = BadQuantity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| BadQuantity(text.to_owned()))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, nano) = if self.nano < 0 { ("-", -self.nano) } else { ("", self.nano) };
        match (nano % NANO, nano % (NANO / 1000), nano % 1000) {
            (0, ..) => write!(f, "{sign}{}", nano / NANO),
            (_, 0, _) => write!(f, "{sign}{}m", nano / (NANO / 1000)),
            (_, _, 0) => write!(f, "{sign}{}u", nano / 1000),
            _ => write!(f, "{sign}{nano}n"),
        }
    }
}

fn parse(text: &str) -> Option<Quantity> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    // Beyond this many digits no quantity of a cluster is meant.
    if whole.len() > 30 || fraction.len() > 18 {
        return None;
    }
    let mut mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let mut exponent = -i32::try_from(fraction.len()).ok()?;
    let mut binary = 0_u32;
    match suffix {
        "" => {}
        "n" => exponent -= 9,
        "u" => exponent -= 6,
        "m" => exponent -= 3,
        "k" => exponent += 3,
        "M" => exponent += 6,
        "G" => exponent += 9,
        "T" => exponent += 12,
        "P" => exponent += 15,
        "E" => exponent += 18,
        "Ki" => binary = 10,
        "Mi" => binary = 20,
        "Gi" => binary = 30,
        "Ti" => binary = 40,
        "Pi" => binary = 50,
        "Ei" => binary = 60,
        _ => {
            let digits = suffix.strip_prefix(['e', 'E'])?;
            let power: i32 = digits.parse().ok().filter(|power: &i32| power.abs() <= 36)?;
            exponent += power;
        }
    }
    mantissa = mantissa.checked_mul(1_i128 << binary)?;
    exponent += 9;
    let nano = if exponent >= 0 {
        mantissa.checked_mul(10_i128.checked_pow(u32::try_from(exponent).ok()?)?)?
    } else {
        match 10_i128.checked_pow(exponent.unsigned_abs()) {
            Some(divisor) => mantissa / divisor + i128::from(mantissa % divisor != 0),
            None => i128::from(mantissa != 0),
        }
    };
    Some(Quantity { nano: if negative { -nano } else { nano } })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_value_are_equal() {
        for (a, b) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1Ki", "1024"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("1.5Gi", "1536Mi"),
            (".5", "0.50"),
            ("+1", "1."),
            ("100M", "1e8"),
            ("1Ei", "1152921504606846976"),
        ] {
            assert_eq!(quantity(a), quantity(b), "{a} {b}");
        }
        assert_ne!(quantity("64Mi"), quantity("64M"));
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_examples() {
        for bad in ["", "m", "1 Gi", "64mb", "1.2.3", "--1", "1e", "1KI", "Mi", ".", "ten", "1e400"] {
            let error = bad.parse::<Quantity>().unwrap_err().to_string();
            assert!(error.contains("64Mi"), "{bad}: {error}");
        }
    }

    #[test]
    fn parts_below_a_billionth_round_up() {
        assert_eq!(quantity("0.0000000001"), quantity("1n"));
        assert_eq!(quantity("100m").ceil(), 1);
        assert_eq!(quantity("0.1").milli(), 100);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_equal(nano in -1_000_000_000_000_000_000_i128..1_000_000_000_000_000_000) {
            let quantity = Quantity { nano };
            prop_assert_eq!(quantity.to_string().parse::<Quantity>(), Ok(quantity));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<Quantity>();
        }

        #[test]
        fn order_is_that_of_the_values(a in 0_i64..1_000_000, b in 0_i64..1_000_000) {
            let (x, y) = (quantity(&format!("{a}m")), quantity(&format!("{b}e-3")));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
    }
}
