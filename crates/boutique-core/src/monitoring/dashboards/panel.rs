//! Panels as data: what is drawn, how, and in which unit.

use super::query::Query;

/// How a panel draws. Only types that every Grafana brings.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Lines over time.
    Timeseries,
    /// Bars over time, for things that happen now and then.
    Events,
    /// The last value, large.
    Stat,
    /// One bar for each series' last value.
    BarGauge,
    /// What a state was, over time.
    StateTimeline(States),
    /// One line for each value of a label, one column for each query.
    Table {
        /// The label that the queries have in common.
        key: &'static str,
        /// Its heading.
        heading: &'static str,
        /// Uid of the dashboard to which its values lead, and the variable that they set.
        leads_to: Option<(String, &'static str)>,
    },
}

/// What the numbers of a state mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum States {
    /// 1 is good.
    Up,
    /// 1 is bad.
    Pressure,
    /// Between 0 and 1: how much of it is there.
    Share,
}

/// Units by Grafana's ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Requests per second.
    Requests,
    /// Whatever happens, per second.
    PerSecond,
    /// 0 to 1, shown as per cent.
    Ratio,
    Seconds,
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// A number of things, or of CPU cores.
    Count,
    /// A state or a text.
    None,
}

/// From where on a value is worrying, and bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// No value is better than another.
    Neutral,
    /// More is worse.
    Rising(f64, f64),
    /// Less is worse: bad below the first, worrying below the second.
    Falling(f64, f64),
}

/// One panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panel {
    pub(super) kind: Kind,
    pub(super) title: String,
    pub(super) unit: Unit,
    pub(super) description: String,
    pub(super) queries: Vec<Query>,
    pub(super) scale: Scale,
    pub(super) max: Option<f64>,
}

impl Kind {
    /// Grafana's id of the panel type.
    pub(super) const fn id(&self) -> &'static str {
        match self {
            Self::Timeseries | Self::Events => "timeseries",
            Self::Stat => "stat",
            Self::BarGauge => "bargauge",
            Self::StateTimeline(_) => "state-timeline",
            Self::Table { .. } => "table",
        }
    }

    /// Whether only the last value is asked for.
    pub(super) const fn is_instant(&self) -> bool {
        matches!(self, Self::Stat | Self::BarGauge | Self::Table { .. })
    }
}

impl Unit {
    /// Grafana's id.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Requests => "reqps",
            Self::PerSecond => "ops",
            Self::Ratio => "percentunit",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "binBps",
            Self::Count => "short",
            Self::None => "none",
        }
    }
}

impl Panel {
    pub(super) fn new(kind: Kind, title: &str, unit: Unit, description: impl Into<String>) -> Self {
        Self {
            kind,
            title: title.to_owned(),
            unit,
            description: description.into(),
            queries: Vec::new(),
            scale: Scale::Neutral,
            max: None,
        }
    }

    pub(super) fn query(mut self, query: Query) -> Self {
        self.queries.push(query);
        self
    }

    pub(super) const fn scale(mut self, scale: Scale) -> Self {
        self.scale = scale;
        self
    }

    pub(super) const fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// What is shown at the panel's corner: what it is, and what it means when it is empty.
    pub(super) fn help(&self) -> String {
        let mut reasons: Vec<&str> = Vec::new();
        for reason in self.queries.iter().filter_map(|query| query.may_be_empty) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        if reasons.is_empty() {
            self.description.clone()
        } else {
            format!("{}\n\nNo data: {}", self.description, reasons.join(" "))
        }
    }
}
