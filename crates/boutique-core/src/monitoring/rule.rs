//! Prometheus' rules as data.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::pace::Span;

/// Rules that are evaluated one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name, unique within its file.
    pub name: String,
    /// Between two evaluations.
    pub interval: Span,
    /// In the order of evaluation: a rule sees what those before it recorded.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Records the answer of an expression under a name.
    Record {
        /// Name of the series.
        record: String,
        /// PromQL.
        expr: String,
        /// Labels of the series beside those of the answer.
        labels: BTreeMap<String, String>,
    },
    /// Fires for every series that an expression answers.
    Alert {
        /// Name of the alert.
        alert: String,
        /// PromQL.
        expr: String,
        /// How long the expression must answer before it fires.
        hold: Span,
        /// How long it goes on firing when the expression no longer answers.
        keep: Span,
        /// Labels of the alert beside those of the answer. Never a value that changes while it fires.
        labels: BTreeMap<String, String>,
        /// Texts, with Prometheus' templates.
        annotations: BTreeMap<String, String>,
    },
}

impl Rule {
    /// A recording rule.
    #[must_use]
    pub fn record<const N: usize>(record: &str, expr: impl Into<String>, labels: [(&str, &str); N]) -> Self {
        Self::Record { record: record.to_owned(), expr: expr.into(), labels: owned(labels) }
    }

    /// The name under which it records or fires.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Record { record, .. } => record,
            Self::Alert { alert, .. } => alert,
        }
    }

    /// Its PromQL.
    #[must_use]
    pub fn expr(&self) -> &str {
        match self {
            Self::Record { expr, .. } | Self::Alert { expr, .. } => expr,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Record { record, expr, labels } => {
                let mut rule = json!({"record": record, "expr": expr});
                if !labels.is_empty() {
                    rule["labels"] = json!(labels);
                }
                rule
            }
            Self::Alert { alert, expr, hold, keep, labels, annotations } => {
                let mut rule = json!({"alert": alert, "expr": expr, "labels": labels, "annotations": annotations});
                if hold.seconds() > 0 {
                    rule["for"] = hold.to_string().into();
                }
                if keep.seconds() > 0 {
                    rule["keep_firing_for"] = keep.to_string().into();
                }
                rule
            }
        }
    }
}

impl Group {
    /// As in a rules file and in a `PrometheusRule`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(Rule::to_json).collect();
        json!({"name": self.name, "interval": self.interval.to_string(), "rules": rules})
    }
}

/// The content of a rules file, and `spec` of a `PrometheusRule`.
#[must_use]
pub fn file(groups: &[Group]) -> Value {
    json!({"groups": groups.iter().map(Group::to_json).collect::<Vec<_>>()})
}

fn owned<const N: usize>(labels: [(&str, &str); N]) -> BTreeMap<String, String> {
    labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
