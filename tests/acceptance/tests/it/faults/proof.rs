//! The pages that campaigns write about faults: Markdown, into the file that `BOUTIQUE_PROOF` names.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

/// Pages of the shop in the order of the reports.
const PAGES: [(&str, &str); 5] =
    [("home", "home"), ("product", "product"), ("add-to-cart", "add"), ("view-cart", "cart"), ("checkout", "checkout")];

/// Where this run's page goes; none outside campaigns.
pub(super) fn file() -> Option<PathBuf> {
    std::env::var_os("BOUTIQUE_PROOF").map(PathBuf::from)
}

/// Writes a page, where one is wanted.
pub(super) fn write(text: &str) {
    if let Some(file) = file() {
        std::fs::write(&file, text).expect("the campaign's file can be written");
    }
}

/// The matrix of faults and pages.
pub(super) struct Matrix {
    pages: String,
    times: String,
    trouble: String,
}

impl Matrix {
    pub(super) fn begin() -> Self {
        let names: Vec<&str> = PAGES.iter().map(|(_, name)| *name).collect();
        let pages =
            format!("| fault | {} | prediction |\n|---|{}---|\n", names.join(" | "), "---|".repeat(PAGES.len()));
        let times = "| fault | impact (T1) | detected (T2) | undone (T3) | well again (T4) | availability | budget of 30 days | as before | rights |\n\
                     |---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
        Self { pages, times, trouble: String::new() }
    }

    pub(super) fn row(
        &mut self,
        kind: &str,
        service: &str,
        report: &Value,
        objects: usize,
        rights: usize,
        trouble: &[String],
    ) {
        let fault = format!("{kind} of {service}");
        let cells: Vec<String> = PAGES.iter().map(|(page, _)| cell(report, page)).collect();
        let verdict = report["verdict"].as_str().unwrap_or("no report");
        let _ = writeln!(self.pages, "| {fault} | {} | {verdict} |", cells.join(" | "));
        let measured = &report["measurement"];
        let injected = measured["injectedAt"].as_f64().unwrap_or_default();
        let after = |field: &str| match measured[field].as_f64() {
            Some(at) => format!("{:.1} s", at - injected),
            None => "–".to_owned(),
        };
        let share = measured["availability"]["ratio"].as_f64();
        let share = share.map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", share * 100.0));
        let spent = measured["budget"]["share"].as_f64();
        let spent = spent.map_or_else(|| "–".to_owned(), |spent| format!("{:.2} %", spent * 100.0));
        let equal =
            if trouble.is_empty() { format!("all {objects} objects, nothing left") } else { "see below".to_owned() };
        let _ = writeln!(
            self.times,
            "| {fault} | {} | {} | {} | {} | {share} | {spent} | {equal} | {rights} |",
            after("impactAt"),
            after("detectedAt"),
            after("undoneAt"),
            after("recoveredAt"),
        );
        for line in trouble {
            let _ = writeln!(self.trouble, "- {fault}: {}", line.lines().next().unwrap_or_default());
        }
        // Written as it grows: a run that dies half-way has shown something.
        write(&self.text());
    }

    pub(super) fn end(&self) {
        write(&self.text());
    }

    fn text(&self) -> String {
        let trouble = if self.trouble.is_empty() { "none\n" } else { &self.trouble };
        format!(
            "### What was predicted → what was seen\n\n{}\n### When, counted from the injection, and what it cost\n\n{}\n### Trouble\n\n{trouble}",
            self.pages, self.times
        )
    }
}

/// What was predicted for a page and what was seen there.
fn cell(report: &Value, page: &str) -> String {
    let pages = report["pages"].as_array();
    let graded = pages.and_then(|pages| pages.iter().find(|graded| graded["page"] == page));
    let Some(graded) = graded else { return "–".to_owned() };
    let text = |field: &str| graded[field].as_str().unwrap_or_default();
    let mark = match text("verdict") {
        "confirmed" => "✓",
        "refuted" => "✗",
        _ => "?",
    };
    format!("{} → {} {mark}", text("effect").replace('-', " "), text("seen"))
}
