//! Alerts as Prometheus records them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

/// Labels that every series of an alert has, and that say nothing of it.
const OWN: [&str; 3] = ["__name__", "alertname", "alertstate"];

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FiringAlert {
    /// Its name, such as `BoutiqueServiceDown`.
    pub name: String,
    /// When it fired, by this machine's clock; of one that fired more than a minute before anybody looked, some later
    /// moment.
    pub at: Timestamp,
    /// When it was last seen to fire.
    pub last: Timestamp,
    /// What it says of itself: severity, service and the like.
    pub labels: BTreeMap<String, String>,
}

impl FiringAlert {
    /// Whether it fired at or after a moment, and not before.
    pub fn fired_since(&self, moment: Timestamp) -> bool {
        self.at >= moment
    }

    /// A label, where it has it.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}

/// Everything that was seen to fire.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<FiringAlert>);

impl Seen {
    /// Adds what an answer (`resultType: matrix`) says. An alert that was silent for more than two evaluations fires anew.
    pub(super) fn add(&mut self, answer: &Value, interval: SignedDuration, ahead: SignedDuration) {
        for series in answer.pointer("/data/result").and_then(Value::as_array).into_iter().flatten() {
            let Some((name, labels)) = identity(&series["metric"]) else { continue };
            let mut moments: Vec<Timestamp> = series["values"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|sample| moment(&sample[0])?.checked_sub(ahead).ok())
                .collect();
            moments.sort_unstable();
            for at in moments {
                self.note(&name, &labels, at, interval * 2);
            }
        }
    }

    fn note(&mut self, name: &str, labels: &BTreeMap<String, String>, at: Timestamp, gap: SignedDuration) {
        let known = self.0.iter_mut().rev().find(|alert| alert.name == name && alert.labels == *labels);
        match known {
            // The same sample, seen again.
            Some(known) if at <= known.last => {}
            Some(known) if at.duration_since(known.last) <= gap => known.last = at,
            _ => self.0.push(FiringAlert { name: name.to_owned(), at, last: at, labels: labels.clone() }),
        }
    }

    /// In order of time.
    pub(super) fn alerts(&self) -> Vec<FiringAlert> {
        let mut alerts = self.0.clone();
        alerts.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        alerts
    }
}

fn identity(metric: &Value) -> Option<(String, BTreeMap<String, String>)> {
    let name = metric["alertname"].as_str()?.to_owned();
    let labels = metric.as_object()?.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    Some((name, labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()))
}

/// Seconds since 1970 with a fraction, as Prometheus writes times.
pub(super) fn moment(seconds: &Value) -> Option<Timestamp> {
    let seconds = SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?;
    Timestamp::from_duration(seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INTERVAL: SignedDuration = SignedDuration::from_secs(5);

    fn mk_answer(alert: &str, service: &str, seconds: &[u32]) -> Value {
        let labels = json!({
            "__name__": "ALERTS", "alertname": alert, "alertstate": "firing", "namespace": "shop", "severity": "critical",
            "service": service,
        });
        let values: Vec<Value> = seconds.iter().map(|at| json!([1_800_000_000.25 + f64::from(*at), "1"])).collect();
        json!({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": labels, "values": values}]}})
    }

    fn mk_seen(answers: &[Value]) -> Vec<FiringAlert> {
        let mut seen = Seen::default();
        for answer in answers {
            seen.add(answer, INTERVAL, SignedDuration::ZERO);
        }
        seen.alerts()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn an_alert_fired_when_its_first_sample_was_written_however_often_it_is_seen() {
        let alerts = mk_seen(&[
            mk_answer("BoutiqueServiceDown", "cartservice", &[10]),
            mk_answer("BoutiqueServiceDown", "cartservice", &[10, 15, 20]),
        ]);
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        let alert = &alerts[0];
        assert_eq!((alert.name.as_str(), alert.at, alert.last), ("BoutiqueServiceDown", at(10_250), at(20_250)));
        assert_eq!(alert.label("service"), Some("cartservice"));
        assert_eq!(alert.label("alertname"), None);
    }

    #[test]
    fn one_that_fired_before_the_fault_is_told_apart_from_one_that_fires_again() {
        let alerts = mk_seen(&[
            mk_answer("BoutiqueServiceDown", "cartservice", &[0, 5, 10]),
            mk_answer("BoutiqueServiceDown", "cartservice", &[0, 5, 10, 40, 45]),
        ]);
        let since: Vec<bool> = alerts.iter().map(|alert| alert.fired_since(at(20_000))).collect();
        assert_eq!(since, [false, true], "{alerts:?}");
    }

    #[test]
    fn alerts_of_two_services_are_two_alerts() {
        let alerts =
            mk_seen(&[mk_answer("BoutiqueServiceDown", "b", &[10]), mk_answer("BoutiqueServiceDown", "a", &[5])]);
        let services: Vec<Option<&str>> = alerts.iter().map(|alert| alert.label("service")).collect();
        assert_eq!(services, [Some("a"), Some("b")]);
    }

    #[test]
    fn times_are_of_this_machines_clock() {
        let mut seen = Seen::default();
        seen.add(&mk_answer("A", "a", &[10]), INTERVAL, SignedDuration::from_secs(3));
        assert_eq!(seen.alerts()[0].at, at(7_250));
    }

    #[test]
    fn an_answer_of_another_shape_says_nothing() {
        for answer in [json!({}), json!({"data": {"result": [{"metric": {}, "values": [[1, "1"]]}, 7]}}), json!([])] {
            assert!(mk_seen(std::slice::from_ref(&answer)).is_empty(), "{answer}");
        }
    }
}
