//! From what `break` measured to what the journal keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use boutique_core::gameday::journal::{AlertRecord, Ending, EventRecord, Ran, StepRecord};
use boutique_core::gameday::{SteadyState, Step, steady};
use boutique_core::measure::Measurement;
use boutique_core::monitoring::Windows;
use boutique_core::probe::Sample;

use crate::error::Exit;
use crate::verb::break_service::order::{Alerts, Fired, Outcome, Why};

pub(super) fn record(step: &Step, state: &SteadyState, outcome: &Outcome) -> StepRecord {
    let measurement = &outcome.measurement;
    let before: Vec<Sample> =
        outcome.samples.iter().filter(|sample| sample.at < measurement.injected_at).cloned().collect();
    let since = |at: Duration| since(measurement, at);
    let alerts = match &outcome.alerts {
        Alerts::NotWatched { .. } => None,
        Alerts::Watched { fired } => Some(fired.iter().map(|fired| alert(fired, measurement)).collect()),
    };
    let ran = Ran {
        id: outcome.fault.id.clone(),
        injected: outcome.fault.since,
        steady: steady(state, &before),
        requests: &outcome.requests,
        by_hand: &outcome.injection.by_hand,
        prediction: &outcome.injection.prediction,
        measurement,
        grade: &outcome.grade,
        samples: &outcome.samples,
        undone_at: measurement.undone_at,
        windows: Windows::Standard,
        alerts,
        events: outcome.lines.iter().map(|(at, text)| event(since(*at), text)).collect(),
        ending: ending(outcome),
        undone: outcome.undone.clone(),
        differences: outcome.proof.unknown.is_none().then(|| outcome.proof.differences.clone()),
    };
    StepRecord::of(step, ran)
}

fn ending(outcome: &Outcome) -> Ending {
    match (outcome.exit, outcome.stopped) {
        (Exit::NotHealed, _) => Ending::NotHealed,
        (Exit::Interrupted, _) | (_, Why::Interrupted) => Ending::Interrupted,
        _ => Ending::Recovered,
    }
}

fn alert(fired: &Fired, measurement: &Measurement) -> AlertRecord {
    let labels: BTreeMap<String, String> = fired.labels.clone();
    AlertRecord { name: fired.name.clone(), at: since(measurement, fired.at), labels }
}

/// A line of the story; its indentation belongs to the terminal.
fn event(at: f64, text: &str) -> EventRecord {
    EventRecord { at, text: text.trim().to_owned() }
}

/// Seconds since T0, to milliseconds.
fn since(measurement: &Measurement, at: Duration) -> f64 {
    ((at.as_secs_f64() - measurement.injected_at.as_secs_f64()) * 1_000.0).round() / 1_000.0
}
