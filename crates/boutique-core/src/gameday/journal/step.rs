//! What the journal keeps of one step.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Second;
use crate::gameday::expect::Judged;

/// One fault, from the shop before it to the proof that all is as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepRecord {
    /// Counted from 1.
    pub number: usize,
    /// A line for people.
    pub title: String,
    /// What was done.
    pub fault: FaultRecord,
    /// T0 by the clock of whoever ran it; none where it never came to that.
    #[serde(default)]
    pub injected: Option<Timestamp>,
    /// The shop before.
    #[serde(default)]
    pub steady: Option<SteadyRecord>,
    /// What was predicted.
    pub prediction: PredictionRecord,
    /// The moments T1 to T4.
    #[serde(default)]
    pub moments: Moments,
    /// What happened at T1: failed, or slowed.
    #[serde(default)]
    pub impact: Option<String>,
    /// How long all had to be well for T4, in seconds.
    #[serde(default)]
    pub good_stretch: f64,
    /// Answers from T0 to the end.
    #[serde(default)]
    pub answers: Answers,
    /// What it cost of the error budget, as seconds in which every request fails.
    #[serde(default)]
    pub budget_spent: f64,
    /// Longest time in which every answer of a page was bad, in seconds.
    #[serde(default)]
    pub longest_gap: f64,
    /// The page that failed last.
    #[serde(default)]
    pub last_to_recover: Option<String>,
    /// Time to answer before, during and after.
    #[serde(default)]
    pub latency: LatencyRecord,
    /// Prediction and observation, page by page.
    #[serde(default)]
    pub pages: Vec<PageRecord>,
    /// The prediction's verdict: confirmed, inconclusive, refuted.
    #[serde(default)]
    pub verdict: Option<String>,
    /// How the measured duration compares with the predicted one.
    #[serde(default)]
    pub duration: Option<String>,
    /// What was measured, second by second.
    #[serde(default)]
    pub seconds: Vec<Second>,
    /// Alerts that fired; none where no Prometheus was there to ask.
    #[serde(default)]
    pub alerts: Option<Vec<AlertRecord>>,
    /// What the cluster did about it.
    #[serde(default)]
    pub events: Vec<EventRecord>,
    /// How it ended.
    pub ending: Ending,
    /// Why it was never done, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// How it was undone, in sentences.
    #[serde(default)]
    pub undone: Vec<String>,
    /// Differences between the shop's objects before and after; empty where there are none; absent where it was not compared.
    #[serde(default)]
    pub differences: Option<Vec<String>>,
    /// What was expected.
    #[serde(default)]
    pub expectations: Vec<Judged>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The shop serves its customers again, or always did.
    Recovered,
    /// It still fails, or something could not be put back.
    NotHealed,
    /// Stopped by Ctrl-C, and undone.
    Interrupted,
    /// Never done: a safety rule, or the API server, refused.
    Refused,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultRecord {
    /// Id of the fault's record in the cluster.
    pub id: String,
    /// Name of its kind.
    pub kind: String,
    /// What the kind does.
    pub about: String,
    /// To whom.
    pub service: String,
    /// The other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// How many pods; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// How long it lasts at most, in seconds.
    pub lasts: f64,
    /// How it is undone.
    pub undo: String,
    /// Every request that was sent to the API server for it.
    #[serde(default)]
    pub requests: Vec<RequestRecord>,
    /// Lines for a shell that undo it without this program.
    #[serde(default)]
    pub by_hand: Vec<String>,
}

/// One request to the API server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Body.
    #[serde(default)]
    pub body: Value,
}

/// The shop before a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SteadyRecord {
    /// How long was looked, in seconds.
    pub lasts: f64,
    /// What was seen.
    pub answers: Answers,
    /// All but one in twenty answers within this, in milliseconds.
    #[serde(default)]
    pub p95: Option<f64>,
    /// Why it was not good enough; none where it was.
    #[serde(default)]
    pub refused: Option<String>,
}

/// Answers, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answers {
    /// As a healthy shop answers.
    pub good: u64,
    /// Errors, wrong pages and timeouts.
    pub bad: u64,
    /// Requests that say nothing about the shop.
    #[serde(default)]
    pub unknown: u64,
}

/// What was predicted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PredictionRecord {
    /// Page by page.
    pub pages: Vec<PredictedPage>,
    /// Shortest and longest outage, in seconds.
    #[serde(default)]
    pub gap: Option<(f64, f64)>,
    /// How long the fault lasts, in seconds, if it does not heal itself.
    #[serde(default)]
    pub lasts: Option<f64>,
    /// What a shopper will notice of the fault's end.
    #[serde(default)]
    pub ending: Option<String>,
    /// Things to know that no page shows.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Alerts that will or may fire; with none of them the prediction is that nobody is told.
    #[serde(default)]
    pub alerts: Vec<PredictedAlert>,
}

/// One page's predicted future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PredictedPage {
    /// Which page.
    pub page: String,
    /// What it will do: works, degrades, slows, may fail, fails.
    pub effect: String,
    /// Why.
    pub reason: String,
}

/// An alert that should fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PredictedAlert {
    /// Its name.
    pub name: String,
    /// How long after T0 at the earliest, in seconds.
    pub after: f64,
    /// Why.
    pub reason: String,
}

/// When what happened, in seconds since T0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moments {
    /// The first request that failed.
    #[serde(default)]
    pub t1: Option<f64>,
    /// The first alert that fired.
    #[serde(default)]
    pub t2: Option<f64>,
    /// Somebody began to put things back.
    #[serde(default)]
    pub t3: Option<f64>,
    /// The first second of the good stretch.
    #[serde(default)]
    pub t4: Option<f64>,
    /// The last answer.
    #[serde(default)]
    pub ended: f64,
}

/// Time to answer in milliseconds; absent where nothing was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LatencyRecord {
    /// Before T0.
    #[serde(default)]
    pub before: Option<Percentiles>,
    /// From T0 to T4, or to the end.
    #[serde(default)]
    pub during: Option<Percentiles>,
    /// From T4 on.
    #[serde(default)]
    pub after: Option<Percentiles>,
}

/// Time to answer in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// Half of the answers within this.
    pub p50: f64,
    /// All but one in twenty within this.
    pub p95: f64,
    /// All but one in a hundred within this.
    pub p99: f64,
}

/// One page: what was said and what was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageRecord {
    /// Which page.
    pub page: String,
    /// What was predicted.
    pub effect: String,
    /// Why.
    pub reason: String,
    /// What was seen, in words.
    pub seen: String,
    /// What was seen, counted.
    pub answers: Answers,
    /// Longest time in which every answer was bad, in seconds.
    pub longest_gap: f64,
    /// How they compare.
    pub verdict: String,
}

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertRecord {
    /// Its name.
    pub name: String,
    /// When.
    pub at: f64,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Something that the cluster did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    /// When.
    pub at: f64,
    /// What.
    pub text: String,
}
