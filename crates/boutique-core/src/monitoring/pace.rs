//! How fast monitoring runs: intervals, windows and holding times.
//!
//! The windows and factors are those of Google's SRE workbook, chapter "Alerting on SLOs", table 5-8. The lab's are a
//! twelfth of them, so that an hour of alerting is seen in five minutes.

use std::fmt;

use super::spec::Windows;

/// A whole number of seconds, written as Prometheus writes durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u32);

impl Span {
    /// Seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes * 60)
    }

    /// Hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self(hours * 3600)
    }

    /// Days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(days * 86_400)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, seconds) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
            let count = rest / seconds;
            rest %= seconds;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

/// One pair of windows whose errors must both burn the budget this many times too fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    /// `critical` wakes somebody, `warning` waits for the day.
    pub severity: &'static str,
    /// The window that says how much of the budget is gone.
    pub long: Span,
    /// The window that says that it still goes on.
    pub short: Span,
    /// How many times faster than the period allows.
    pub factor: f64,
}

/// Every interval, window and holding time of one [`Windows`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Between two scrapes, probes and evaluations.
    pub interval: Span,
    /// Over which rates of signals are taken.
    pub rate: Span,
    /// Pairs of windows, the fastest first.
    pub burns: [Burn; 4],
    /// Over which the growth of memory is taken.
    pub leak_window: Span,
    /// How far ahead a leak is forecast.
    pub leak_horizon: Span,
    /// How old a container is before its growth counts.
    pub leak_age: Span,
    divisor: u32,
}

const fn pair(severity: &'static str, long: u32, short: u32, factor: f64, divisor: u32) -> Burn {
    Burn {
        severity,
        long: Span(long / divisor),
        short: Span(if short < 30 * divisor { 30 } else { short / divisor }),
        factor,
    }
}

const fn burns(divisor: u32) -> [Burn; 4] {
    [
        pair("critical", 3600, 300, 14.4, divisor),
        pair("critical", 21_600, 1800, 6.0, divisor),
        pair("warning", 86_400, 7200, 3.0, divisor),
        pair("warning", 259_200, 21_600, 1.0, divisor),
    ]
}

impl Pace {
    const STANDARD: Self = Self {
        interval: Span(30),
        rate: Span::minutes(5),
        burns: burns(1),
        leak_window: Span::hours(1),
        leak_horizon: Span::hours(4),
        leak_age: Span::minutes(30),
        divisor: 1,
    };
    const LAB: Self = Self {
        interval: Span(5),
        rate: Span(30),
        burns: burns(12),
        leak_window: Span::minutes(1),
        leak_horizon: Span::minutes(5),
        leak_age: Span::minutes(1),
        divisor: 12,
    };

    /// The pace of these windows.
    #[must_use]
    pub const fn of(windows: Windows) -> Self {
        match windows {
            Windows::Standard => Self::STANDARD,
            Windows::Lab => Self::LAB,
        }
    }

    /// How long a condition holds before it alerts, given how long it would in production; never shorter than two
    /// evaluations, unless it is nothing at all.
    #[must_use]
    pub const fn hold(&self, standard: Span) -> Span {
        let scaled = standard.0 / self.divisor;
        let least = 2 * self.interval.0;
        Span(if standard.0 == 0 {
            0
        } else if scaled < least {
            least
        } else {
            scaled
        })
    }

    /// Over which rates of what containers use are taken. cAdvisor looks at them every 10 to 15 s and says when, so that
    /// asking it more often gives no more samples.
    #[must_use]
    pub const fn container_rate(&self) -> Span {
        if self.rate.0 < 60 { Span(60) } else { self.rate }
    }

    /// Every window over which the objective's errors are recorded, without repetition, the shortest first.
    #[must_use]
    pub fn windows(&self) -> Vec<Span> {
        let mut windows: Vec<Span> = self.burns.iter().flat_map(|burn| [burn.short, burn.long]).collect();
        windows.sort_unstable();
        windows.dedup();
        windows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_prometheus_does() {
        for (span, text) in
            [(Span(0), "0s"), (Span(30), "30s"), (Span(150), "2m30s"), (Span::hours(1), "1h"), (Span::days(3), "3d")]
        {
            assert_eq!(span.to_string(), text);
        }
    }

    #[test]
    fn the_windows_are_the_workbooks_and_the_labs_a_twelfth_of_them() {
        let texts = |windows| Pace::of(windows).windows().iter().map(Span::to_string).collect::<Vec<_>>();
        assert_eq!(texts(Windows::Standard), ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
        assert_eq!(texts(Windows::Lab), ["30s", "2m30s", "5m", "10m", "30m", "2h", "6h"]);
    }

    #[test]
    fn a_holding_time_shrinks_with_the_windows_but_not_below_two_evaluations() {
        let lab = Pace::of(Windows::Lab);
        assert_eq!((lab.hold(Span::minutes(15)), lab.hold(Span(60)), lab.hold(Span(0))), (Span(75), Span(10), Span(0)));
        assert_eq!(Pace::of(Windows::Standard).hold(Span::minutes(15)), Span::minutes(15));
    }
}
