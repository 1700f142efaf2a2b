//! Amounts of money: whole units and billionths of one currency, with carry.

use hipstershop_proto::hipstershop::Money;

const NANOS: i128 = 1_000_000_000;

/// Why amounts cannot be reckoned with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MoneyError {
    #[error("mismatching currency codes {0:?} and {1:?}")]
    Mismatch(String, String),
    #[error("one of the specified money values is invalid: units {units}, nanos {nanos}")]
    Invalid { units: i64, nanos: i32 },
    #[error("amount is too large")]
    Overflow,
}

/// An amount of a currency.
pub(crate) fn money(currency_code: &str, units: i64, nanos: i32) -> Money {
    Money { currency_code: currency_code.to_owned(), units, nanos }
}

/// The amount in billionths, if units and nanos agree in sign and nanos stay below one unit.
pub(crate) fn to_nanos(amount: &Money) -> Result<i128, MoneyError> {
    let signs_agree = amount.units == 0 || amount.nanos == 0 || (amount.units < 0) == (amount.nanos < 0);
    if !signs_agree || i128::from(amount.nanos).abs() >= NANOS {
        return Err(MoneyError::Invalid { units: amount.units, nanos: amount.nanos });
    }
    Ok(i128::from(amount.units) * NANOS + i128::from(amount.nanos))
}

/// The reverse of [`to_nanos`]. Division truncates towards zero, so both parts get the sign of the whole.
pub(crate) fn from_nanos(currency_code: &str, nanos: i128) -> Result<Money, MoneyError> {
    let units = i64::try_from(nanos / NANOS).map_err(|_| MoneyError::Overflow)?;
    let rest = i32::try_from(nanos % NANOS).map_err(|_| MoneyError::Overflow)?;
    Ok(money(currency_code, units, rest))
}

/// The sum of two amounts of the same currency.
pub(crate) fn sum(a: &Money, b: &Money) -> Result<Money, MoneyError> {
    if a.currency_code != b.currency_code {
        return Err(MoneyError::Mismatch(a.currency_code.clone(), b.currency_code.clone()));
    }
    from_nanos(&a.currency_code, to_nanos(a)? + to_nanos(b)?)
}

/// An amount taken `times` times.
pub(crate) fn multiply(amount: &Money, times: i32) -> Result<Money, MoneyError> {
    let nanos = to_nanos(amount)?.checked_mul(i128::from(times)).ok_or(MoneyError::Overflow)?;
    from_nanos(&amount.currency_code, nanos)
}

/// An amount as pages show it: sign of the currency, units and two decimals, cut and not rounded.
pub(crate) fn render(amount: &Money) -> String {
    let symbol = match amount.currency_code.as_str() {
        "USD" | "CAD" => "$",
        "EUR" => "€",
        "JPY" => "¥",
        "GBP" => "£",
        "TRY" => "₺",
        _ => "",
    };
    let minus = if amount.units < 0 || amount.nanos < 0 { "-" } else { "" };
    format!("{minus}{symbol}{}.{:02}", amount.units.unsigned_abs(), amount.nanos.unsigned_abs() / 10_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nanos_carry_into_units() {
        let total = sum(&money("USD", 19, 990_000_000), &money("USD", 8, 990_000_000)).unwrap();
        assert_eq!(total, money("USD", 28, 980_000_000));
    }

    #[test]
    fn a_negative_sum_has_one_sign() {
        let total = sum(&money("EUR", 1, 250_000_000), &money("EUR", -3, -500_000_000)).unwrap();
        assert_eq!(total, money("EUR", -2, -250_000_000));
    }

    #[test]
    fn currencies_do_not_mix() {
        assert_eq!(
            sum(&money("USD", 1, 0), &money("EUR", 1, 0)),
            Err(MoneyError::Mismatch("USD".to_owned(), "EUR".to_owned()))
        );
    }

    #[test]
    fn parts_of_opposite_sign_are_invalid() {
        assert_eq!(to_nanos(&money("USD", 1, -1)), Err(MoneyError::Invalid { units: 1, nanos: -1 }));
        assert!(to_nanos(&money("USD", 0, 1_000_000_000)).is_err());
    }

    #[test]
    fn prices_show_two_decimals() {
        assert_eq!(render(&money("USD", 19, 990_000_000)), "$19.99");
        assert_eq!(render(&money("JPY", 2700, 9_999_999)), "¥2700.00");
        assert_eq!(render(&money("GBP", 0, -500_000_000)), "-£0.50");
    }

    fn amount() -> impl Strategy<Value = Money> {
        (-1_000_000_000_000_i64..1_000_000_000_000, 0_i32..1_000_000_000)
            .prop_map(|(units, nanos)| money("USD", units, if units < 0 { -nanos } else { nanos }))
    }

    proptest! {
        #[test]
        fn billionths_and_back_is_the_same_amount(a in amount()) {
            prop_assert_eq!(from_nanos("USD", to_nanos(&a).unwrap()).unwrap(), a);
        }

        #[test]
        fn addition_commutes_and_associates(a in amount(), b in amount(), c in amount()) {
            prop_assert_eq!(sum(&a, &b), sum(&b, &a));
            prop_assert_eq!(sum(&sum(&a, &b).unwrap(), &c), sum(&a, &sum(&b, &c).unwrap()));
        }

        #[test]
        fn multiplication_is_repeated_addition(a in amount(), times in 1_i32..20) {
            let mut total = money("USD", 0, 0);
            for _ in 0..times {
                total = sum(&total, &a).unwrap();
            }
            prop_assert_eq!(multiply(&a, times).unwrap(), total);
        }

        #[test]
        fn any_answer_is_a_valid_amount(units: i64, nanos: i32, times: i32) {
            if let Ok(product) = multiply(&money("USD", units, nanos), times) {
                prop_assert!(to_nanos(&product).is_ok());
            }
        }
    }
}
