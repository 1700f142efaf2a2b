//! Which cards are taken: Visa and Mastercard with a right check digit that have not expired.

use hipstershop_proto::hipstershop::CreditCardInfo;

/// Why a card is declined.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Declined {
    #[error("Credit card info is invalid")]
    Invalid,
    #[error("{0} is not accepted here, only VISA or MasterCard")]
    Network(&'static str),
    #[error("credit card ending {last_four} expired on {month}/{year}")]
    Expired { last_four: String, month: i32, year: i32 },
}

/// The network of an acceptable card, in the given year and month.
pub(super) fn check(card: &CreditCardInfo, year: i32, month: i32) -> Result<&'static str, Declined> {
    let digits = digits(&card.credit_card_number).ok_or(Declined::Invalid)?;
    if !luhn(&card.credit_card_number) {
        return Err(Declined::Invalid);
    }
    let network = match network(&digits) {
        Some(network @ ("visa" | "mastercard")) => network,
        Some(other) => return Err(Declined::Network(other)),
        None => return Err(Declined::Network("this card")),
    };
    let (expires_year, expires_month) = (card.credit_card_expiration_year, card.credit_card_expiration_month);
    if (year, month) > (expires_year, expires_month) {
        let last_four = last_four(&card.credit_card_number);
        return Err(Declined::Expired { last_four, month: expires_month, year: expires_year });
    }
    Ok(network)
}

/// Whether a number of 12 to 19 digits, with blanks or dashes between them, has a right check digit.
pub(crate) fn luhn(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    (12..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// The last four digits, which may be shown.
pub(super) fn last_four(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(4)..].iter().collect()
}

fn digits(number: &str) -> Option<Vec<u32>> {
    number.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_digit(10)).collect()
}

/// The network that a number belongs to, by its first digits and its length.
fn network(digits: &[u32]) -> Option<&'static str> {
    let prefix = |length: usize| digits.iter().take(length).fold(0, |number, digit| number * 10 + digit);
    match digits.len() {
        13 | 16 | 19 if prefix(1) == 4 => Some("visa"),
        16 if (51..=55).contains(&prefix(2)) || (2221..=2720).contains(&prefix(4)) => Some("mastercard"),
        15 if matches!(prefix(2), 34 | 37) => Some("amex"),
        14 if matches!(prefix(2), 36 | 38) || (300..=305).contains(&prefix(3)) => Some("diners_club"),
        16 if prefix(4) == 6011 || prefix(2) == 65 => Some("discover"),
        16 if (3528..=3589).contains(&prefix(4)) => Some("jcb"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mk_card(number: &str, year: i32, month: i32) -> CreditCardInfo {
        CreditCardInfo {
            credit_card_number: number.to_owned(),
            credit_card_cvv: 672,
            credit_card_expiration_year: year,
            credit_card_expiration_month: month,
        }
    }

    #[test]
    fn the_card_that_the_checkout_form_suggests_is_taken() {
        assert_eq!(check(&mk_card("4432-8015-6152-0454", 2030, 1), 2026, 11), Ok("visa"));
    }

    #[test]
    fn mastercards_of_both_number_ranges_are_taken() {
        for number in ["5555555555554444", "2223003122003222"] {
            assert_eq!(check(&mk_card(number, 2030, 1), 2026, 11), Ok("mastercard"));
        }
    }

    #[test]
    fn an_american_express_card_is_declined_by_name() {
        assert_eq!(check(&mk_card("378282246310005", 2030, 1), 2026, 11), Err(Declined::Network("amex")));
    }

    #[test]
    fn a_wrong_check_digit_is_declined() {
        assert_eq!(check(&mk_card("4432801561520455", 2030, 1), 2026, 11), Err(Declined::Invalid));
        assert_eq!(check(&mk_card("4432x01561520454", 2030, 1), 2026, 11), Err(Declined::Invalid));
    }

    #[test]
    fn a_card_is_good_through_its_last_month() {
        assert!(check(&mk_card("4432801561520454", 2026, 11), 2026, 11).is_ok());
        let declined = check(&mk_card("4432801561520454", 2026, 10), 2026, 11).unwrap_err();
        assert_eq!(declined.to_string(), "credit card ending 0454 expired on 10/2026");
    }

    proptest! {
        #[test]
        fn changing_one_digit_breaks_the_check(place in 0_usize..16, by in 1_u32..10) {
            let changed: String = "4432801561520454".chars().enumerate().map(|(at, c)| {
                let digit = c.to_digit(10).unwrap();
                char::from_digit(if at == place { (digit + by) % 10 } else { digit }, 10).unwrap()
            }).collect();
            prop_assert!(!luhn(&changed));
        }

        #[test]
        fn any_text_is_judged(number in ".*") {
            luhn(&number);
            last_four(&number);
        }
    }
}
