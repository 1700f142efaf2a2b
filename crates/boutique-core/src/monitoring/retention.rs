//! How long samples are kept, and how much room they take.

use super::spec::MonitoringSpec;
use crate::quantity::Quantity;

const DAY: u64 = 86_400;
const MIB: i128 = 1 << 20;

/// Bytes that Prometheus uses at most where it has no volume of its own: the node's disk is not its alone.
const WITHOUT_VOLUME: i128 = 8 << 30;
/// Of a volume, what is left for samples: the write-ahead log and a compaction need the rest.
const USABLE_PER_CENT: i128 = 80;

/// Series and bytes for each sample of a small cluster with the chart's own targets: the least that was ever seen, with
/// samples that hardly change …
const LEAST: (u64, f64) = (20_000, 1.3);
/// … and what is usual.
const USUAL: (u64, f64) = (60_000, 2.0);

/// Seconds of a duration as Prometheus writes it: `15d`, `1d12h`, `2w`.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 7] =
        [("y", 365 * DAY), ("w", 7 * DAY), ("d", DAY), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0)];
    let (mut rest, mut total, mut units) = (text, 0_u64, UNITS.as_slice());
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let word = &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_lowercase()).len()];
        // Every unit once, the largest first.
        let at = units.iter().position(|(unit, _)| *unit == word)?;
        total = total.checked_add(number.checked_mul(units[at].1)?)?;
        units = &units[at + 1..];
        rest = &rest[word.len()..];
    }
    (!text.is_empty()).then_some(total)
}

/// How long samples are kept: what the person says, else a day longer than the objective's period, so that the budget is
/// that of the whole period.
#[must_use]
pub fn retention(spec: &MonitoringSpec) -> String {
    spec.retention.clone().unwrap_or_else(|| format!("{}d", spec.slo.period_days.max(0).saturating_add(1)))
}

/// The most that samples take before the oldest go, as Prometheus writes sizes. Without it a full volume ends Prometheus.
#[must_use]
pub fn retention_size(spec: &MonitoringSpec) -> String {
    let bytes = match spec.storage.as_ref().and_then(|storage| storage.size.parse::<Quantity>().ok()) {
        Some(size) => size.ceil() * USABLE_PER_CENT / 100,
        None => WITHOUT_VOLUME,
    };
    format!("{}MiB", (bytes / MIB).max(1))
}

/// Whether a volume holds the samples of the time for which they are to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does, as far as anybody can tell.
    Fits,
    /// It does with less than is usual; says the sum.
    Tight(String),
    /// It does not; says the sum.
    TooSmall(String),
}

/// Compares the retention that a person asks for with the volume that is there for it.
#[must_use]
pub fn fit(spec: &MonitoringSpec) -> Fit {
    let (Some(retention), Some(storage)) = (&spec.retention, &spec.storage) else { return Fit::Fits };
    let (Some(kept), Ok(size)) = (seconds(retention), storage.size.parse::<Quantity>()) else { return Fit::Fits };
    let interval = u64::from(spec.pace().interval.seconds());
    let room = size.ceil() * USABLE_PER_CENT / 100;
    let sum = |(series, bytes): (u64, f64)| {
        let needed = needed(series, bytes, interval, kept);
        let text = format!(
            "{series} series, a sample each {interval}s and {bytes} bytes for each come to {} in {retention}, and of {} \
             {USABLE_PER_CENT} % are there for samples: {}",
            gib(needed),
            storage.size,
            gib(room)
        );
        (needed > room).then_some(text)
    };
    match (sum(LEAST), sum(USUAL)) {
        (Some(text), _) => Fit::TooSmall(text),
        (None, Some(text)) => Fit::Tight(text),
        (None, None) => Fit::Fits,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "an estimate in bytes")]
fn needed(series: u64, bytes: f64, interval: u64, kept: u64) -> i128 {
    (series as f64 * bytes * (kept as f64 / interval.max(1) as f64)) as i128
}

#[expect(clippy::cast_precision_loss, reason = "a number to be read, with one digit")]
fn gib(bytes: i128) -> String {
    format!("{:.1} GiB", bytes as f64 / (1_u64 << 30) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::contract::SetId;
    use crate::monitoring::{Storage, Windows};

    fn mk_spec(retention: &str, size: &str) -> MonitoringSpec {
        let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        spec.retention = Some(retention.to_owned());
        spec.storage = Some(Storage { size: size.to_owned(), class: None });
        spec
    }

    #[test]
    fn durations_are_read_as_prometheus_does() {
        for (text, expected) in [
            ("10d", Some(864_000)),
            ("1d12h", Some(129_600)),
            ("2w", Some(1_209_600)),
            ("1y", Some(31_536_000)),
            ("90s", Some(90)),
            ("1s500ms", Some(1)),
            ("", None),
            ("10", None),
            ("10 d", None),
            ("12h1d", None),
            ("1d1d", None),
            ("10days", None),
            ("-1d", None),
            ("99999999999999999999y", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,12}") {
            let _ = seconds(&text);
        }
    }

    #[test]
    fn samples_are_kept_a_day_longer_than_the_budget_counts_and_never_fill_the_volume() {
        let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        assert_eq!((retention(&spec).as_str(), retention_size(&spec).as_str()), ("31d", "8192MiB"));
        spec.slo.period_days = 7;
        assert_eq!(retention(&spec), "8d");
        assert_eq!(retention_size(&mk_spec("10d", "10Gi")), "8192MiB");
    }

    #[test]
    fn a_volume_that_holds_less_is_told_with_the_sum() {
        let Fit::TooSmall(sum) = fit(&mk_spec("30d", "1Gi")) else { panic!("1Gi for a month") };
        insta::assert_snapshot!(sum, @"20000 series, a sample each 30s and 1.3 bytes for each come to 2.1 GiB in 30d, and of 1Gi 80 % are there for samples: 0.8 GiB");
        assert!(matches!(fit(&mk_spec("30d", "5Gi")), Fit::Tight(_)));
        assert_eq!(fit(&mk_spec("30d", "50Gi")), Fit::Fits);
        let lab = MonitoringSpec { windows: Windows::Lab, ..mk_spec("10d", "4Gi") };
        assert!(matches!(fit(&lab), Fit::TooSmall(_)), "a sample each five seconds");
    }
}
