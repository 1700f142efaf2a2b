//! Whether somebody was told, as predicted.

use std::time::Duration;

use serde::Serialize;

use super::{Grade, Verdict};
use crate::measure::{Measurement, seconds};
use crate::monitoring::Windows;
use crate::predict::{ExpectedAlert, Fires, Prediction};

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Its name.
    pub name: String,
    /// When, after T0.
    pub at: Duration,
}

/// One alert: what was said and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertGrade {
    /// Its name.
    pub name: String,
    /// When it was to fire at the earliest, after T0; absent for one that was not predicted.
    #[serde(serialize_with = "seconds::maybe")]
    pub expected_after: Option<Duration>,
    /// When it fired, after T0.
    #[serde(serialize_with = "seconds::maybe")]
    pub fired_after: Option<Duration>,
    /// How they compare.
    pub verdict: Verdict,
    /// The comparison in words.
    pub said: &'static str,
}

/// All alerts of a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// Alerts that had to fire, might have, or did.
    pub alerts: Vec<AlertGrade>,
    /// The worst of them; confirmed where nobody was to be told and nobody was.
    pub verdict: Verdict,
}

impl Grade {
    /// With what the alerts say, given how fast monitoring runs and which alerts fired after T0.
    #[must_use]
    pub fn detected(
        mut self,
        prediction: &Prediction,
        measurement: &Measurement,
        windows: Windows,
        seen: &[Sighting],
    ) -> Self {
        let measured = measurement.ended_at.saturating_sub(measurement.injected_at);
        let fired = |name: &str| seen.iter().filter(|one| one.name == name).map(|one| one.at).min();
        let mut alerts: Vec<AlertGrade> =
            prediction.alerts.iter().filter_map(|alert| compare(alert, windows, measured, fired(alert.name))).collect();
        for one in seen {
            let known = prediction.alerts.iter().any(|alert| alert.name == one.name);
            if !known && !alerts.iter().any(|alert| alert.name == one.name) {
                alerts.push(AlertGrade {
                    name: one.name.clone(),
                    expected_after: None,
                    fired_after: fired(&one.name),
                    verdict: Verdict::Inconclusive,
                    said: "fired, and nobody had predicted it",
                });
            }
        }
        let verdict = alerts.iter().map(|alert| alert.verdict).max().unwrap_or(Verdict::Confirmed);
        self.detection = Some(Detection { alerts, verdict });
        self
    }
}

/// One expected alert; none for one that was to stay silent and did.
fn compare(alert: &ExpectedAlert, windows: Windows, measured: Duration, fired: Option<Duration>) -> Option<AlertGrade> {
    let after = alert.after_at(windows);
    let (verdict, said) = match (alert.fires(windows), fired) {
        (Fires::Never, None) => return None,
        (Fires::Never, Some(_)) => (Verdict::Refuted, "fired, although the fault is over before it should"),
        (Fires::Surely, Some(_)) => (Verdict::Confirmed, "fired, as predicted"),
        (Fires::Surely, None) if measured < alert.latest_at(windows) => {
            (Verdict::Inconclusive, "had no time to fire: the measurement ended before")
        }
        (Fires::Surely, None) => (Verdict::Refuted, "did not fire"),
        (Fires::Perhaps, Some(_)) => (Verdict::Confirmed, "fired, as it might"),
        (Fires::Perhaps, None) => (Verdict::Confirmed, "did not fire, as it might not"),
    };
    let name = alert.name.to_owned();
    Some(AlertGrade { name, expected_after: Some(after), fired_after: fired, verdict, said })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::grade;
    use crate::measure::measure;
    use crate::predict::{Gap, Loss, predict};
    use crate::service::Service;

    fn mk_prediction(holds: u64) -> Prediction {
        let mut prediction = predict(&Loss::Nothing { service: Service::Frontend, reason: String::new() });
        let holds = Duration::from_secs(holds);
        prediction.alerts.push(ExpectedAlert {
            name: "BoutiqueServiceDown",
            after: Duration::from_secs(60),
            after_in_lab: Duration::from_secs(10),
            holds_until: Gap { shortest: holds, longest: holds },
            reason: String::new(),
        });
        prediction
    }

    fn verdict(prediction: &Prediction, windows: Windows, seen: &[(&str, u64)]) -> Verdict {
        let mut measurement = measure(&[], Duration::ZERO);
        measurement.ended_at = Duration::from_secs(120);
        let seen: Vec<Sighting> =
            seen.iter().map(|(name, at)| Sighting { name: (*name).into(), at: Duration::from_secs(*at) }).collect();
        let grade = grade(prediction, &measurement).detected(prediction, &measurement, windows, &seen);
        grade.detection.unwrap().verdict
    }

    #[test]
    fn an_alert_that_must_fire_and_does_not_refutes() {
        let prediction = mk_prediction(60);
        assert_eq!(verdict(&prediction, Windows::Lab, &[]), Verdict::Refuted);
        assert_eq!(verdict(&prediction, Windows::Lab, &[("BoutiqueServiceDown", 20)]), Verdict::Confirmed);
    }

    #[test]
    fn that_nobody_is_told_can_be_right_and_wrong() {
        let short = mk_prediction(40);
        assert_eq!(verdict(&short, Windows::Standard, &[]), Verdict::Confirmed);
        assert_eq!(verdict(&short, Windows::Standard, &[("BoutiqueServiceDown", 50)]), Verdict::Refuted);
    }

    #[test]
    fn an_alert_that_nobody_predicted_is_told_and_proves_nothing() {
        let seen = [("BoutiqueServiceDown", 20), ("BoutiqueRolloutStuck", 30)];
        assert_eq!(verdict(&mk_prediction(60), Windows::Lab, &seen), Verdict::Inconclusive);
    }
}
