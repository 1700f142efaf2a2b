//! Cases for Prometheus' own test of rules: series that somebody could have measured, and what the rules make of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use boutique_core::monitoring::{Group, MonitoringSpec, rule, rules};
use boutique_lab::Progress;
use serde_json::{Value, json};

/// One story: what was measured, and what is expected when.
pub(super) struct Case {
    pub(super) name: String,
    /// Whose rules are evaluated; several shops share one Prometheus.
    specs: Vec<MonitoringSpec>,
    /// Groups that are evaluated; all but the budget without.
    only: Vec<&'static str>,
    /// Seconds between two samples and two evaluations.
    step: u32,
    series: BTreeMap<String, String>,
    expectations: Vec<Expectation>,
}

/// What is expected at a step.
pub(super) struct Expectation {
    step: u32,
    expr: String,
    /// In thousandths; nothing at all where there is none.
    thousandths: Option<f64>,
    /// Names of rules that this shows at work.
    pub(super) shows: Option<String>,
}

impl Case {
    pub(super) fn new(name: &str, spec: &MonitoringSpec) -> Self {
        Self {
            name: format!("{name} ({:?})", spec.windows),
            step: spec.pace().interval.seconds(),
            specs: vec![spec.clone()],
            only: Vec::new(),
            series: BTreeMap::new(),
            expectations: Vec::new(),
        }
    }

    /// Another shop in the same Prometheus.
    pub(super) fn beside(mut self, spec: &MonitoringSpec) -> Self {
        self.specs.push(spec.clone());
        self
    }

    /// Only these groups, where the others would cost time and say nothing.
    pub(super) fn only(mut self, groups: &[&'static str]) -> Self {
        self.only = groups.to_vec();
        self
    }

    pub(super) fn every(mut self, seconds: u32) -> Self {
        self.step = seconds;
        self
    }

    /// These series, in place of those of the same name and labels.
    pub(super) fn with(mut self, series: impl IntoIterator<Item = (String, Line)>) -> Self {
        self.series.extend(series.into_iter().map(|(name, line)| (name, line.text())));
        self
    }

    /// Without the series whose text has all of these parts.
    pub(super) fn without(mut self, parts: &[&str]) -> Self {
        let before = self.series.len();
        self.series.retain(|name, _| !parts.iter().all(|part| name.contains(part)));
        assert!(self.series.len() < before, "{}: no series has {parts:?}", self.name);
        self
    }

    /// Another course of the series whose text has all of these parts.
    pub(super) fn change(mut self, parts: &[&str], line: &Line) -> Self {
        let mut changed = 0;
        for (_, values) in self.series.iter_mut().filter(|(name, _)| parts.iter().all(|part| name.contains(part))) {
            *values = line.text();
            changed += 1;
        }
        assert!(changed > 0, "{}: no series has {parts:?}", self.name);
        self
    }

    fn expect(mut self, step: u32, expr: String, value: Option<f64>, shows: Option<String>) -> Self {
        let thousandths = value.map(|value| (value * 1000.0).round());
        self.expectations.push(Expectation { step, expr, thousandths, shows });
        self
    }

    /// The sum of a recorded name with these matchers, to three digits.
    pub(super) fn value(self, step: u32, name: &str, matchers: &str, value: f64) -> Self {
        let expr = format!("round(1000 * sum({name}{{{matchers}}}))");
        self.expect(step, expr, Some(value), Some(name.to_owned()))
    }

    /// The sum of a recorded name lies between two values.
    pub(super) fn between(self, step: u32, name: &str, matchers: &str, low: f64, high: f64) -> Self {
        let expr = format!("1000 * count(sum({name}{{{matchers}}}) > {low} < {high})");
        self.expect(step, expr, Some(1.0), Some(name.to_owned()))
    }

    /// No such series at all.
    pub(super) fn nothing(self, step: u32, name: &str, matchers: &str) -> Self {
        self.expect(step, format!("{name}{{{matchers}}}"), None, None)
    }

    /// An alert fires once with these labels.
    pub(super) fn fires(self, step: u32, alert: &str, matchers: &str) -> Self {
        let expr = format!("1000 * count(ALERTS{{alertname={alert:?},alertstate=\"firing\",{matchers}}})");
        self.expect(step, expr, Some(1.0), Some(alert.to_owned()))
    }

    /// An alert with these labels does not fire at that step.
    pub(super) fn silent(self, step: u32, alert: &str, matchers: &str) -> Self {
        let expr = format!("ALERTS{{alertname={alert:?},alertstate=\"firing\",{matchers}}}");
        self.expect(step, expr, None, None)
    }

    /// No alert with these labels has fired at any step up to that one.
    pub(super) fn never_fired(self, step: u32, matchers: &str) -> Self {
        let range = (step + 1) * self.step;
        let expr = format!(
            "count by (alertname, service, signal) (count_over_time(ALERTS{{alertstate=\"firing\",{matchers}}}[{range}s]))"
        );
        self.expect(step, expr, None, None)
    }

    pub(super) fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    fn groups(&self) -> Vec<Vec<Group>> {
        // Sums over thirty days at each step take longer than all else together, and no alert reads them.
        let wanted = |group: &Group| match self.only.as_slice() {
            [] => group.name != "boutique.budget",
            only => only.contains(&group.name.as_str()),
        };
        self.specs.iter().map(|spec| rules(spec).into_iter().filter(wanted).collect()).collect()
    }

    /// As a file for `promtool test rules` that reads `rules-<n>.json` beside it.
    fn file(&self) -> Value {
        let order: Vec<String> = self.groups().into_iter().flatten().map(|group| group.name).collect();
        let files: Vec<String> = (0..self.specs.len()).map(|n| format!("rules-{n}.json")).collect();
        let series: Vec<Value> =
            self.series.iter().map(|(series, values)| json!({"series": series, "values": values})).collect();
        let expected: Vec<Value> = self
            .expectations
            .iter()
            .map(|one| {
                let samples: Vec<Value> =
                    one.thousandths.iter().map(|value| json!({"labels": "{}", "value": value})).collect();
                json!({"expr": one.expr, "eval_time": format!("{}s", one.step * self.step), "exp_samples": samples})
            })
            .collect();
        let step = format!("{}s", self.step);
        json!({
            "rule_files": files,
            "evaluation_interval": step,
            // One order for all shops: groups of the same name are evaluated one after the other.
            "group_eval_order": order.iter().take(order.len() / self.specs.len()).collect::<Vec<_>>(),
            "tests": [{"name": self.name, "interval": step, "input_series": series, "promql_expr_test": expected}],
        })
    }

    /// Runs it; what promtool said if it does not hold.
    pub(super) fn run(&self) -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let write = |name: &str, content: &Value| {
            fs::write(folder.path().join(name), content.to_string()).map_err(|error| error.to_string())
        };
        for (n, groups) in self.groups().iter().enumerate() {
            write(&format!("rules-{n}.json"), &rule::file(groups))?;
        }
        write("test.json", &self.file())?;
        let output = Command::new(promtool())
            .args(["test", "rules", "test.json"])
            .current_dir(folder.path())
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "{}\n{}{}",
            self.name,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// Runs all; one error for those that do not hold.
pub(super) fn run(cases: &[Case]) {
    let failed: Vec<String> = cases.iter().filter_map(|case| case.run().err()).collect();
    assert!(failed.is_empty(), "{} of {} do not hold:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// The course of a series, one sample for each step from the first on.
#[derive(Clone)]
pub(super) struct Line {
    pieces: Vec<String>,
    last: f64,
}

impl Line {
    /// Nothing yet.
    pub(super) const fn new() -> Self {
        Self { pieces: Vec::new(), last: 0.0 }
    }

    /// One value for so many steps.
    pub(super) fn flat(value: f64, steps: u32) -> Self {
        Self::new().at(value, steps)
    }

    /// A counter that begins with zero and grows by so much at each step.
    pub(super) fn counter(by: f64, steps: u32) -> Self {
        Self::new().at(0.0, 1).by(by, steps - 1)
    }

    /// Goes to a value and stays there.
    pub(super) fn at(mut self, value: f64, steps: u32) -> Self {
        if steps > 0 {
            self.pieces.push(format!("{value}+0x{}", steps - 1));
            self.last = value;
        }
        self
    }

    /// Goes on by so much at each step.
    pub(super) fn by(mut self, by: f64, steps: u32) -> Self {
        if steps > 0 {
            let (first, sign) = (self.last + by, if by < 0.0 { '-' } else { '+' });
            self.pieces.push(format!("{first}{sign}{}x{}", by.abs(), steps - 1));
            self.last += by * f64::from(steps);
        }
        self
    }

    /// Is gone, as after a scrape that failed, for so many steps.
    pub(super) fn gone(mut self, steps: u32) -> Self {
        if steps > 0 {
            self.pieces.push("stale".to_owned());
            self = self.unborn(steps - 1);
        }
        self
    }

    /// Is not there yet.
    pub(super) fn unborn(mut self, steps: u32) -> Self {
        if steps > 0 {
            self.pieces.push(format!("_x{steps}"));
        }
        self
    }

    fn text(&self) -> String {
        self.pieces.join(" ")
    }
}

/// The program, as the lab builds it.
pub(super) fn promtool() -> PathBuf {
    static PROMTOOL: OnceLock<PathBuf> = OnceLock::new();
    PROMTOOL.get_or_init(|| boutique_lab::promtool(&Progress::stderr()).expect("promtool can be built")).clone()
}
