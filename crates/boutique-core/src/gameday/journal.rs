//! What is kept of a gameday: enough to make every report again, without the cluster and without this build.
//!
//! The journal is a file that outlives programs. It has types of its own, whose fields are only ever added to: pages, effects
//! and verdicts are words, so that a journal of a later build can be read by an earlier one. Times are seconds since T0 of
//! their step, when the API server had accepted the fault; what came before is negative.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::expect::Judged;

mod record;
mod seconds;
mod step;

pub use record::{Ran, prediction_record};
pub(super) use seconds::rank;
pub use seconds::{Second, raw, seconds};
pub use step::{
    AlertRecord, Answers, Ending, EventRecord, FaultRecord, LatencyRecord, Moments, PageRecord, Percentiles,
    PredictedAlert, PredictedPage, PredictionRecord, RequestRecord, SteadyRecord, StepRecord,
};

/// `apiVersion` of a journal.
pub const API_VERSION: &str = "boutique.dev/v1";
/// `kind` of a journal.
pub const KIND: &str = "GamedayJournal";
/// Version of its fields. A reader takes this one and earlier ones.
pub const VERSION: u32 = 1;

/// One gameday as it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Journal {
    /// [`API_VERSION`].
    pub api_version: String,
    /// [`KIND`].
    pub kind: String,
    /// [`VERSION`].
    pub version: u32,
    /// Which gameday.
    pub gameday: About,
    /// What decided where chance decided.
    pub seed: u64,
    /// Where, with what, and by whom.
    pub place: Place,
    /// When it began.
    pub started: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
    /// Steps that were planned.
    pub planned: usize,
    /// Steps that were begun.
    pub steps: Vec<StepRecord>,
    /// What was expected of all steps together.
    #[serde(default)]
    pub whole_day: Vec<Judged>,
    /// Why it ended before its last step, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// Every single sample, in a file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
}

/// Which gameday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Short name.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// What you will see.
    #[serde(default)]
    pub see: String,
    /// Why.
    #[serde(default)]
    pub why: String,
    /// What to change.
    #[serde(default)]
    pub change: String,
    /// The whole file.
    pub source: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// Where, with what, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The user, as the API server names them.
    pub who: String,
    /// URL of the API server.
    pub server: String,
    /// Its version.
    pub server_version: String,
    /// Namespace of the shop.
    pub namespace: String,
    /// Stack of the Terraform provider, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// Fingerprint of what runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_digest: Option<String>,
    /// Version of this program.
    pub plugin_version: String,
    /// How pages were asked for.
    pub way: String,
    /// Requests per second.
    pub rate: u32,
    /// Ready pods of each service at the beginning.
    #[serde(default)]
    pub replicas: BTreeMap<String, u64>,
    /// Prometheus of this shop; none where there is none, so nobody could be alerted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<String>,
}

/// Why a gameday ended early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// What kind of stop.
    pub by: StoppedBy,
    /// In a sentence.
    pub reason: String,
}

/// What stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoppedBy {
    /// A safety rule.
    Refusal,
    /// A shop that did not heal.
    NotHealed,
    /// Ctrl-C.
    Interrupt,
    /// Something else went wrong.
    Error,
}

/// Every sample, in a file beside the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Raw {
    /// Name of the file.
    pub file: String,
    /// Samples in it.
    pub samples: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// A file that is no journal of this version or an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no journal of a gameday (version {VERSION} or earlier): {reason}; give the journal.json that `kubectl boutique gameday run` wrote"
)]
pub struct UnreadableJournal {
    /// What is wrong with it.
    pub reason: String,
}

impl Journal {
    /// Reads a journal.
    ///
    /// # Errors
    ///
    /// When it is none, or one of a later version.
    pub fn read(text: &str) -> Result<Self, UnreadableJournal> {
        let unreadable = |reason: String| UnreadableJournal { reason };
        // What it is comes first: a report given by mistake should not be answered with a missing field.
        let value: Value = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        match value.get("kind").and_then(Value::as_str) {
            Some(KIND) => {}
            Some(other) => return Err(unreadable(format!("its kind is {other}"))),
            None => return Err(unreadable("it has no kind".to_owned())),
        }
        match value.get("version").and_then(Value::as_u64) {
            Some(version) if version <= u64::from(VERSION) => {}
            Some(version) => return Err(unreadable(format!("its version is {version}, made by a newer build"))),
            None => return Err(unreadable("it has no version".to_owned())),
        }
        serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))
    }

    /// As it is written to a file.
    ///
    /// # Errors
    ///
    /// None that is known of; serde may have some.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;
