//! What a euro is worth, roughly. A shop that sells nothing needs plausible prices, not the day's.

/// Currency code and its units per euro, in ten-thousandths.
pub(super) const RATES: [(&str, i128); 33] = [
    ("EUR", 10_000),
    ("USD", 11_000),
    ("JPY", 1_620_000),
    ("BGN", 19_558),
    ("CZK", 250_000),
    ("DKK", 74_600),
    ("GBP", 8_500),
    ("HUF", 3_950_000),
    ("PLN", 43_000),
    ("RON", 50_000),
    ("SEK", 112_000),
    ("CHF", 9_500),
    ("ISK", 1_480_000),
    ("NOK", 116_000),
    ("HRK", 75_345),
    ("RUB", 980_000),
    ("TRY", 380_000),
    ("AUD", 16_700),
    ("BRL", 60_000),
    ("CAD", 15_000),
    ("CNY", 79_000),
    ("HKD", 86_000),
    ("IDR", 177_000_000),
    ("ILS", 40_000),
    ("INR", 930_000),
    ("KRW", 15_000_000),
    ("MXN", 205_000),
    ("MYR", 48_000),
    ("NZD", 18_500),
    ("PHP", 625_000),
    ("SGD", 14_500),
    ("THB", 380_000),
    ("ZAR", 200_000),
];

/// The rate of a currency.
pub(super) fn rate(code: &str) -> Option<i128> {
    RATES.iter().find(|(known, _)| *known == code).map(|(_, rate)| *rate)
}
