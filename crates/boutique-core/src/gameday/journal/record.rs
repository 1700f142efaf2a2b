//! From a fault that was run to what the journal keeps of it.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    AlertRecord, Answers, Ending, EventRecord, FaultRecord, LatencyRecord, Moments, PageRecord, Percentiles,
    PredictedAlert, PredictedPage, PredictionRecord, RequestRecord, SteadyRecord, StepRecord, seconds,
};
use crate::fault::Request;
use crate::gameday::plan::Step;
use crate::grade::Grade;
use crate::measure::{Impact, Latency, Measurement, Tally};
use crate::monitoring::Windows;
use crate::predict::Prediction;
use crate::probe::Sample;

/// A fault that was run to its end.
#[derive(Debug)]
pub struct Ran<'a> {
    /// Id of its record.
    pub id: String,
    /// When it was injected.
    pub injected: Timestamp,
    /// The shop before.
    pub steady: SteadyRecord,
    /// Requests that were sent.
    pub requests: &'a [Request],
    /// Lines for a shell that undo it.
    pub by_hand: &'a [String],
    /// What was predicted.
    pub prediction: &'a Prediction,
    /// What was measured.
    pub measurement: &'a Measurement,
    /// How they compare.
    pub grade: &'a Grade,
    /// Every sample.
    pub samples: &'a [Sample],
    /// When it began to be undone, since the prober's start.
    pub undone_at: Option<Duration>,
    /// How fast monitoring runs; production's pace where nobody knows.
    pub windows: Windows,
    /// Alerts, if anybody could be asked for them.
    pub alerts: Option<Vec<AlertRecord>>,
    /// What the cluster did.
    pub events: Vec<EventRecord>,
    /// How it ended.
    pub ending: Ending,
    /// How it was undone.
    pub undone: Vec<String>,
    /// Differences of objects, if they were compared.
    pub differences: Option<Vec<String>>,
}

impl StepRecord {
    /// The record of a step that was run. Nothing of it has been judged yet.
    pub fn of(step: &Step, ran: Ran<'_>) -> Self {
        let Ran { measurement, grade, .. } = ran;
        let since = |at: Duration| seconds_between(measurement.injected_at, at);
        let unknown = measurement.since.values().map(|tally| tally.unknown).sum();
        let fired = ran.alerts.iter().flatten().map(|alert| alert.at).filter(|at| *at >= 0.0);
        Self {
            injected: Some(ran.injected),
            steady: Some(ran.steady),
            moments: Moments {
                t1: measurement.impact_at.map(since),
                t2: fired.min_by(f64::total_cmp),
                t3: ran.undone_at.map(since),
                t4: measurement.recovered_at.map(since),
                ended: since(measurement.ended_at),
            },
            impact: measurement.impact.map(|impact| match impact {
                Impact::Failed => "failed".to_owned(),
                Impact::Slowed => "slowed".to_owned(),
            }),
            good_stretch: measurement.good_stretch.as_secs_f64(),
            budget_spent: rounded(measurement.budget.spent.as_secs_f64()),
            answers: Answers { good: measurement.availability.good, bad: measurement.availability.bad, unknown },
            longest_gap: measurement.longest_gap.as_secs_f64(),
            last_to_recover: measurement.last_to_recover.map(|page| page.name().to_owned()),
            latency: LatencyRecord {
                before: measurement.latency.before.map(percentiles),
                during: measurement.latency.during.map(percentiles),
                after: measurement.latency.after.map(percentiles),
            },
            pages: pages(grade),
            verdict: Some(grade.verdict.to_string()),
            duration: grade.duration.map(str::to_owned),
            seconds: seconds(ran.samples, measurement.injected_at),
            alerts: ran.alerts,
            events: ran.events,
            ending: ran.ending,
            undone: ran.undone,
            differences: ran.differences,
            ..Self::empty(
                step,
                fault(step, ran.id, ran.requests, ran.by_hand),
                prediction_record(ran.prediction, ran.windows),
            )
        }
    }

    /// The record of a step that was refused.
    pub fn refused(step: &Step, steady: Option<SteadyRecord>, reason: &str) -> Self {
        let fault = fault(step, String::new(), &[], &[]);
        Self { steady, refused: Some(reason.to_owned()), ..Self::empty(step, fault, PredictionRecord::default()) }
    }

    fn empty(step: &Step, fault: FaultRecord, prediction: PredictionRecord) -> Self {
        Self {
            number: step.number,
            title: step.title.clone(),
            fault,
            injected: None,
            steady: None,
            prediction,
            moments: Moments::default(),
            impact: None,
            good_stretch: 0.0,
            answers: Answers::default(),
            budget_spent: 0.0,
            longest_gap: 0.0,
            last_to_recover: None,
            latency: LatencyRecord::default(),
            pages: Vec::new(),
            verdict: None,
            duration: None,
            seconds: Vec::new(),
            alerts: None,
            events: Vec::new(),
            ending: Ending::Refused,
            refused: None,
            undone: Vec::new(),
            differences: None,
            expectations: Vec::new(),
        }
    }
}

fn fault(step: &Step, id: String, requests: &[Request], by_hand: &[String]) -> FaultRecord {
    FaultRecord {
        id,
        kind: step.kind.name().to_owned(),
        about: step.kind.about().to_owned(),
        service: step.service.to_string(),
        peer: step.peer.map(|peer| peer.to_string()),
        count: step.count,
        lasts: step.lasts.as_secs_f64(),
        undo: step.kind.undo().to_string(),
        requests: requests
            .iter()
            .map(|request| RequestRecord {
                method: request.method.to_owned(),
                path: request.path.clone(),
                body: request.body.clone(),
            })
            .collect(),
        by_hand: by_hand.to_vec(),
    }
}

/// A prediction as the journal keeps it; also of a fault that is only planned.
pub fn prediction_record(prediction: &Prediction, windows: Windows) -> PredictionRecord {
    PredictionRecord {
        pages: prediction
            .pages
            .iter()
            .map(|impact| PredictedPage {
                page: impact.page.name().to_owned(),
                effect: impact.effect.to_string(),
                reason: impact.reason.clone(),
            })
            .collect(),
        gap: prediction.gap.map(|gap| (gap.shortest.as_secs_f64(), gap.longest.as_secs_f64())),
        lasts: prediction.lasts.map(|lasts| lasts.as_secs_f64()),
        ending: prediction.ending.clone(),
        notes: prediction.notes.clone(),
        alerts: prediction
            .told(windows)
            .into_iter()
            .map(|alert| PredictedAlert {
                name: alert.name.to_owned(),
                after: alert.after_at(windows).as_secs_f64(),
                reason: alert.reason.clone(),
            })
            .collect(),
    }
}

fn pages(grade: &Grade) -> Vec<PageRecord> {
    grade
        .pages
        .iter()
        .map(|page| PageRecord {
            page: page.predicted.page.name().to_owned(),
            effect: page.predicted.effect.to_string(),
            reason: page.predicted.reason.clone(),
            seen: page.seen.clone(),
            answers: answers(&page.observed),
            longest_gap: page.observed.longest_gap.as_secs_f64(),
            verdict: page.verdict.to_string(),
        })
        .collect()
}

fn answers(tally: &Tally) -> Answers {
    Answers { good: tally.good, bad: tally.bad, unknown: tally.unknown }
}

fn percentiles(latency: Latency) -> Percentiles {
    let millis = |duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0;
    Percentiles { p50: millis(latency.p50), p95: millis(latency.p95), p99: millis(latency.p99) }
}

fn seconds_between(from: Duration, to: Duration) -> f64 {
    rounded(to.as_secs_f64() - from.as_secs_f64())
}

/// To milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}
