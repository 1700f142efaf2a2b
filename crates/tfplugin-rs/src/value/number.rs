use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use thiserror::Error;

/// A number that keeps what it was made of, so that nothing is lost on the way through the provider.
///
/// Terraform's numbers have arbitrary precision. Equality follows it: integers compare exactly, other numbers by their
/// shortest decimal text, so the float 0.1 equals the text "0.1".
#[derive(Clone, Debug)]
pub struct Number(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Int(i64),
    /// Finite or infinite, never NaN.
    Float(f64),
    Decimal(Decimal),
}

/// `0.DIGITS × 10^exponent`, digits without leading or trailing zeros; zero is no digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i32,
}

/// Why a text is not a number.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NumberError {
    /// The text is not written as a decimal number.
    #[error("{0:?} is not a decimal number")]
    Syntax(String),
    /// The number is larger or finer than any that is carried.
    #[error("number with exponent beyond ±{MAX_EXPONENT}")]
    Range,
    /// Not a number, as floating point has it.
    #[error("NaN is not a Terraform number")]
    NaN,
}

/// Bounds the text that one number can grow to.
const MAX_EXPONENT: i32 = 5_000;

/// How a number goes on the wire.
pub(crate) enum Wire<'a> {
    Int(i64),
    Float(f64),
    Text(std::borrow::Cow<'a, str>),
}

impl Number {
    /// A number from floating point.
    ///
    /// # Errors
    /// For NaN. Infinities are Terraform numbers, although they cannot be stored in state.
    pub fn from_f64(value: f64) -> Result<Self, NumberError> {
        if value.is_nan() { Err(NumberError::NaN) } else { Ok(Self(Repr::Float(value))) }
    }

    /// The number as an integer, if it is one that fits.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(value) => Some(*value),
            Repr::Float(_) | Repr::Decimal(_) => self.decimal()?.to_plain_integer()?.parse().ok(),
        }
    }

    /// The number as an unsigned integer, if it is one that fits.
    pub fn to_u64(&self) -> Option<u64> {
        match &self.0 {
            Repr::Int(value) => u64::try_from(*value).ok(),
            Repr::Float(_) | Repr::Decimal(_) => self.decimal()?.to_plain_integer()?.parse().ok(),
        }
    }

    /// The nearest floating point number; digits may be lost.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "documented: the nearest floating point number")]
            Repr::Int(value) => *value as f64,
            Repr::Float(value) => *value,
            Repr::Decimal(decimal) => decimal.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether the number is one of the two infinities.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::Float(value) if value.is_infinite())
    }

    fn decimal(&self) -> Option<Decimal> {
        match &self.0 {
            Repr::Int(value) => Some(Decimal::parse(&value.to_string()).ok()?),
            Repr::Float(value) if value.is_infinite() => None,
            // An integral float stands for exactly the integer it holds, any other for its shortest text.
            Repr::Float(value) if value.fract() == 0.0 => Decimal::parse(&format!("{value:.0}")).ok(),
            Repr::Float(value) => Decimal::parse(&format!("{value:e}")).ok(),
            Repr::Decimal(decimal) => Some(decimal.clone()),
        }
    }

    /// Chooses the wire form as Terraform does: an integer of 64 bits, else a float where that is exact, else text.
    /// Integers beyond 64 bits are text even where a float would do.
    pub(crate) fn wire(&self) -> Wire<'_> {
        if let Some(value) = self.to_i64() {
            return Wire::Int(value);
        }
        match &self.0 {
            Repr::Int(value) => Wire::Int(*value),
            Repr::Float(value) if value.is_infinite() || value.fract() != 0.0 => Wire::Float(*value),
            Repr::Float(value) => Wire::Text(format!("{value:.0}").into()),
            Repr::Decimal(decimal) => match decimal.as_exact_float() {
                Some(value) => Wire::Float(value),
                None => Wire::Text(decimal.to_string().into()),
            },
        }
    }
}

impl Decimal {
    fn parse(text: &str) -> Result<Self, NumberError> {
        let syntax = || NumberError::Syntax(text.chars().take(40).collect());
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| syntax())?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(syntax());
        }
        let significant = digits.trim_start_matches('0');
        let leading = digits.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let place = i64::from(exponent) + i64::try_from(whole.len()).map_err(|_| NumberError::Range)?
            - i64::try_from(leading).map_err(|_| NumberError::Range)?;
        let exponent = i32::try_from(place).map_err(|_| NumberError::Range)?;
        if exponent.abs() > MAX_EXPONENT || significant.len() > 2 * MAX_EXPONENT as usize {
            return Err(NumberError::Range);
        }
        Ok(Self { negative, digits: significant.to_owned(), exponent })
    }

    fn is_integer(&self) -> bool {
        self.digits.is_empty() || i32::try_from(self.digits.len()).is_ok_and(|length| length <= self.exponent)
    }

    fn to_plain_integer(&self) -> Option<String> {
        self.is_integer().then(|| self.to_string())
    }

    /// The float that is exactly this number, if there is one and the number is no integer.
    fn as_exact_float(&self) -> Option<f64> {
        if self.is_integer() {
            return None;
        }
        let float: f64 = self.to_string().parse().ok()?;
        // 1074 decimal places are enough to write any float without rounding.
        let exact = Self::parse(&format!("{float:.1074}")).ok()?;
        (exact == *self).then_some(float)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let length = i32::try_from(self.digits.len()).unwrap_or(i32::MAX);
        let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
        if self.exponent <= 0 {
            write!(f, "0.{}{}", zeros(-self.exponent), self.digits)
        } else if length <= self.exponent {
            write!(f, "{}{}", self.digits, zeros(self.exponent - length))
        } else {
            let (whole, fraction) = self.digits.split_at(usize::try_from(self.exponent).unwrap_or(0));
            write!(f, "{whole}.{fraction}")
        }
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if let Ok(value) = text.parse::<i64>() {
            return Ok(Self(Repr::Int(value)));
        }
        let decimal = Decimal::parse(text)?;
        Ok(match decimal.to_plain_integer().and_then(|text| text.parse().ok()) {
            Some(value) => Self(Repr::Int(value)),
            None => Self(Repr::Decimal(decimal)),
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0, self.decimal()) {
            (_, Some(decimal)) => decimal.fmt(f),
            (Repr::Float(value), None) => value.fmt(f),
            (Repr::Int(value), None) => value.fmt(f),
            (Repr::Decimal(decimal), None) => decimal.fmt(f),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0) {
            return a.cmp(b);
        }
        match (self.decimal(), other.decimal()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |d: &Self| {
            if d.digits.is_empty() {
                0
            } else if d.negative {
                -1
            } else {
                1
            }
        };
        let magnitude = |a: &Self, b: &Self| a.exponent.cmp(&b.exponent).then_with(|| a.digits.cmp(&b.digits));
        sign(self)
            .cmp(&sign(other))
            .then_with(|| if self.negative { magnitude(other, self) } else { magnitude(self, other) })
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.decimal() {
            Some(decimal) => decimal.hash(state),
            None => self.to_f64().to_bits().hash(state),
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(
            |_| {
                let digits = value.to_string();
                let exponent = i32::try_from(digits.len()).unwrap_or(20);
                Self(Repr::Decimal(Decimal {
                    negative: false,
                    digits: digits.trim_end_matches('0').to_owned(),
                    exponent,
                }))
            },
            Self::from,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    fn float(value: f64) -> Number {
        Number::from_f64(value).unwrap()
    }

    #[test]
    fn numbers_compare_as_terraform_compares_them() {
        assert_eq!(float(0.1), number("0.1"));
        assert_eq!(float(1.0), number("1"));
        assert_eq!(number("1.50"), float(1.5));
        assert_eq!(number("1e3"), Number::from(1000_i64));
        assert_eq!(number("-0"), number("0"));
        assert_ne!(float(1e30), number("1e30"), "an integral float is exactly the integer it holds");
        assert_ne!(number("9007199254740993"), float(9_007_199_254_740_992.0));
        assert!(number("-2.5") < number("-2.4") && number("0.09") < number("0.1") && number("9") < number("10.5"));
        assert_eq!(Number::from(u64::MAX), number("18446744073709551615"));
    }

    #[test]
    fn digits_survive() {
        let text = "3.14159265358979323846264338327950288419716939937510";
        assert_eq!(number(text).to_string(), text.trim_end_matches('0'));
        assert_eq!(number("1e30").to_string(), "1000000000000000000000000000000");
        assert_eq!(number("0.000001").to_string(), "0.000001");
        assert_eq!(number("-12.5e-3").to_string(), "-0.0125");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1x", "0x10", "1e", "NaN", "1e99999", "1 "] {
            assert!(text.parse::<Number>().is_err(), "{text:?}");
        }
        assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NaN));
    }

    #[test]
    fn conversions_to_integers_are_exact_or_none() {
        assert_eq!(number("2.0").to_i64(), Some(2));
        assert_eq!(number("2.5").to_i64(), None);
        assert_eq!(number("18446744073709551615").to_u64(), Some(u64::MAX));
        assert_eq!(number("18446744073709551615").to_i64(), None);
        assert_eq!(number("-1").to_u64(), None);
    }
}
