//! What is promised.

use super::super::pace::Burn;
use super::super::rule::Rule;
use super::super::scope::{Scope, number};
use super::super::spec::Slo;

/// What is promised of some indicators.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Objective {
    /// What it is about.
    pub(in super::super) name: &'static str,
    /// Indicators that it is promised of, as alternatives of a regular expression.
    pub(in super::super) indicators: &'static str,
    per_cent: fn(&Slo) -> f64,
}

/// Requests that are answered without an error of the shop's.
pub(in super::super) const AVAILABILITY: Objective =
    Objective { name: "availability", indicators: "requests|journeys", per_cent: |slo| slo.availability };
/// Requests that are answered in time.
pub(in super::super) const LATENCY: Objective =
    Objective { name: "latency", indicators: "latency", per_cent: |slo| slo.latency };

impl Objective {
    /// Above which burn rate a pair of windows alerts: the workbook's factor, but not above what an outage of everything
    /// reaches. With 90 % promised an outage burns ten times too fast, and 14.4 would never be seen.
    pub(in super::super) fn factor(&self, slo: &Slo, burn: &Burn) -> f64 {
        let outage = 100.0 / (100.0 - (self.per_cent)(slo));
        burn.factor.min(outage * 0.9)
    }
}

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for objective in [AVAILABILITY, LATENCY] {
        let promised = number((objective.per_cent)(&scope.spec.slo) / 100.0);
        for indicator in objective.indicators.split('|') {
            rules.push(scope.record(
                "boutique:slo_objective:ratio",
                format!("vector({promised})"),
                [("sli", indicator)],
            ));
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitoring::{Pace, Windows};

    #[test]
    fn factors_are_the_workbooks_unless_even_an_outage_would_not_reach_them() {
        let burns = Pace::of(Windows::Standard).burns;
        let factors = |availability| {
            let slo = Slo { availability, ..Slo::default() };
            burns.map(|burn| number(AVAILABILITY.factor(&slo, &burn)))
        };
        assert_eq!(factors(99.9), ["14.4", "6", "3", "1"]);
        assert_eq!(factors(90.0), ["9", "6", "3", "1"]);
        assert_eq!(factors(50.0), ["1.8", "1.8", "1.8", "1"]);
    }
}
