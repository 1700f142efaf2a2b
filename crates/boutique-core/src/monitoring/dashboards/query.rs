//! What a dashboard asks: queries, variables and annotations.

use std::collections::BTreeMap;

use super::panel::Unit;
use crate::service::Service;

/// One expression of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) expr: String,
    /// Name of its series, with labels as `{{label}}`; of a table the heading of its column.
    pub(super) legend: String,
    /// When it may rightly answer nothing.
    pub(super) may_be_empty: Option<&'static str>,
    /// Unit of its column or line where it differs from the panel's.
    pub(super) unit: Option<Unit>,
    /// Whether it is a bound that others are read against: a dashed line.
    pub(super) bound: bool,
}

/// A choice at the top of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// Which Prometheus.
    Datasource,
    /// One of a fixed list.
    One { name: &'static str, label: &'static str, options: Vec<&'static str> },
    /// Some of a fixed list, all at first.
    Some { name: &'static str, label: &'static str, options: Vec<&'static str> },
    /// Values of a label, all at first.
    Label { name: &'static str, label: &'static str, query: String },
}

/// Marks over every panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Annotation {
    pub(super) name: &'static str,
    pub(super) color: &'static str,
    pub(super) expr: String,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) tags: &'static str,
    pub(super) may_be_empty: Option<&'static str>,
}

impl Query {
    pub(super) fn new(expr: impl Into<String>, legend: &str) -> Self {
        Self { expr: expr.into(), legend: legend.to_owned(), may_be_empty: None, unit: None, bound: false }
    }

    /// That it may answer nothing, and what that means.
    pub(super) const fn empty_when(mut self, reason: &'static str) -> Self {
        self.may_be_empty = Some(reason);
        self
    }

    pub(super) const fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    pub(super) const fn bound(mut self) -> Self {
        self.bound = true;
        self
    }
}

/// Every service by name.
pub(super) fn services() -> Vec<&'static str> {
    Service::ALL.into_iter().map(Service::name).collect()
}

/// The letters by which Grafana tells a panel's queries apart.
pub(super) fn letter(index: usize) -> String {
    u8::try_from(index)
        .ok()
        .filter(|index| *index < 26)
        .map_or_else(|| format!("Q{index}"), |index| char::from(b'A' + index).to_string())
}

/// Replaces `$name` and `${name}` by values, as Grafana does before it asks. The longest name wins.
pub(super) fn substitute(expr: &str, values: &BTreeMap<&str, &str>) -> String {
    let mut text = expr.to_owned();
    for (name, value) in values.iter().rev() {
        text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    text
}
