//! The report as Markdown.

use std::fmt::Write as _;

use super::Report;
use super::summary::{Summary, summary};
use super::terms::Terms;
use super::words::{count, detection, millis, moments, proof, span, story};
use crate::gameday::baseline::Comparison;
use crate::gameday::expect::Judged;
use crate::gameday::journal::{Journal, Percentiles, StepRecord};
use crate::gameday::share::percent;

/// Heights of a sparkline.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn markdown(report: &Report<'_>) -> String {
    let journal = report.journal;
    let mut terms = Terms::new(|word, meaning| format!("**{word}** ({meaning})"), escape);
    let mut out = format!("# Gameday {}: {}\n\n", journal.gameday.name, escape(&journal.gameday.title));
    let sum = summary(journal);
    let _ = writeln!(out, "**{}**: {}\n", capital(&sum.verdict.to_string()), tally(&sum));
    if let Some(stopped) = &journal.stopped {
        let _ = writeln!(out, "It ended early: {}\n", escape(&stopped.reason));
    }
    out.push_str(&terms.text(&opening(journal)));
    out.push_str("\n\n");
    figures(&mut out, &sum, &mut terms);
    teaching(&mut out, journal);
    if let Some(comparison) = report.comparison {
        against(&mut out, comparison);
    }
    if journal.expectations().next().is_some() {
        out.push_str("## Expectations\n\n");
        out.push_str(
            &terms.text("An *expectation* that is not judged was neither met nor missed: too little was seen."),
        );
        out.push_str("\n\n");
        out.push_str("| step | expectation | result | why |\n|---|---|---|---|\n");
        for (step, judged) in journal.expectations() {
            expectation(&mut out, step, judged);
        }
        out.push('\n');
    }
    out.push_str("## Steps\n\n");
    for step in &journal.steps {
        one(&mut out, step, &mut terms);
    }
    measured(&mut out, journal, &mut terms);
    out
}

fn opening(journal: &Journal) -> String {
    let place = &journal.place;
    format!(
        "A *gameday* of *Online Boutique* in *namespace* {}, from {} to {} UTC, by {}.",
        place.namespace,
        journal.started.strftime("%Y-%m-%d %H:%M"),
        journal.ended.strftime("%H:%M"),
        place.who
    )
}

fn tally(sum: &Summary) -> String {
    let mut parts = vec![format!("{} met", sum.met)];
    for (number, word) in [(sum.not_met, "not met"), (sum.not_judged, "not judged")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    format!("{} of {} done; expectations: {}", sum.steps, count(sum.planned, "step"), parts.join(", "))
}

fn figures(out: &mut String, sum: &Summary, terms: &mut Terms) {
    let mut row = |name: &str, value: String| {
        let name = terms.text(name);
        let value = terms.text(&value);
        let _ = writeln!(out, "| {name} | {value} |");
    };
    row("figure", "value".to_owned());
    row("---", "---".to_owned());
    let availability = match (sum.availability, sum.lower_bound95) {
        (Some(ratio), Some(bound)) => {
            let known = sum.answers.known();
            format!(
                "{} of {known} requests, {} (*95 % sure*: at least {})",
                sum.answers.good,
                percent(ratio),
                percent(bound)
            )
        }
        _ => "not measured".to_owned(),
    };
    row("*availability*", availability);
    row("longest time a page failed", span(sum.longest_gap));
    row("slowest recovery", sum.slowest_recovery.map_or_else(|| "nothing had to recover".to_owned(), span));
    row(
        "*predictions*",
        format!("{} confirmed, {} refuted, {} inconclusive", sum.confirmed, sum.refuted, sum.inconclusive),
    );
    row("*error budget*", format!("{} spent, {:.1} % of 30 days'", span(sum.budget_spent), sum.budget_share * 100.0));
    out.push('\n');
}

fn teaching(out: &mut String, journal: &Journal) {
    let about = &journal.gameday;
    for (title, text) in [("What you see", &about.see), ("Why", &about.why), ("What to change", &about.change)] {
        if !text.is_empty() {
            let _ = writeln!(out, "## {title}\n\n{}\n", text.trim());
        }
    }
}

fn against(out: &mut String, comparison: &Comparison) {
    out.push_str("## Against the earlier gameday\n\n");
    if comparison.regressions.is_empty() {
        out.push_str("Nothing got worse.\n");
    }
    for regression in &comparison.regressions {
        let step = regression.step.map_or(String::new(), |step| format!("step {step}, "));
        let _ = writeln!(out, "- **worse**: {step}{}: {}", escape(&regression.of), escape(&regression.what));
    }
    for note in &comparison.notes {
        let _ = writeln!(out, "- {}", escape(note));
    }
    out.push('\n');
}

fn expectation(out: &mut String, step: Option<usize>, judged: &Judged) {
    let step = step.map_or_else(|| "all".to_owned(), |step| step.to_string());
    let Judged { expectation, met, reason } = judged;
    let _ = writeln!(out, "| {step} | {} | {met} | {} |", escape(expectation), escape(reason));
}

fn one(out: &mut String, step: &StepRecord, terms: &mut Terms) {
    let _ = writeln!(out, "### {}. {}\n", step.number, escape(&step.title));
    let _ = writeln!(out, "{}\n", escape(&story(step)));
    if step.injected.is_none() {
        return;
    }
    let fault = &step.fault;
    let text = format!(
        "The *fault*: {} ({}) of *service* {}, id {}. Undo: {}.",
        fault.kind, fault.about, fault.service, fault.id, fault.undo
    );
    let _ = writeln!(out, "{}\n", terms.text(&text));
    let _ = writeln!(out, "```\nfailed requests, second by second from T0: {}\n```\n", sparkline(step));
    out.push_str("| moment | after T0 | what |\n|---|---|---|\n");
    for (name, at, what) in moments(step) {
        let at = at.map_or_else(|| "–".to_owned(), span);
        let _ = writeln!(out, "| {name} | {at} | {} |", escape(&what));
    }
    out.push_str("\n| page | predicted | seen | verdict | why predicted |\n|---|---|---|---|---|\n");
    for page in &step.pages {
        let (reason, seen) = (escape(&page.reason), escape(&page.seen));
        let _ = writeln!(out, "| {} | {} | {seen} | {} | {reason} |", page.page, page.effect, page.verdict);
    }
    out.push('\n');
    let phase = |percentiles: Option<Percentiles>| match percentiles {
        Some(Percentiles { p50, p95, p99 }) => format!("{} / {} / {}", millis(p50), millis(p95), millis(p99)),
        None => "–".to_owned(),
    };
    let _ = writeln!(out, "- availability: {}", step.answers.availability());
    let latency = step.latency;
    let (before, during, after) = (phase(latency.before), phase(latency.during), phase(latency.after));
    let text = format!("time to answer (*p50* / *p95* / *p99*): before {before}, during {during}, after {after}");
    let _ = writeln!(out, "- {}", terms.text(&text));
    let _ = writeln!(out, "- detection: {}", escape(&detection(step)));
    for undone in &step.undone {
        let _ = writeln!(out, "- {}", escape(undone));
    }
    let _ = writeln!(out, "- {}", proof(step));
    for difference in step.differences.iter().flatten() {
        let _ = writeln!(out, "  - {}", escape(difference));
    }
    for request in &fault.requests {
        let _ = writeln!(out, "- sent: `{} {}`", request.method, request.path);
    }
    out.push('\n');
}

/// One character for each second from T0 on: how many of its requests failed.
fn sparkline(step: &StepRecord) -> String {
    let bar = |bad: u64, all: u64| {
        let index = usize::try_from((bad * 7).div_ceil(all.max(1))).unwrap_or(0).min(7);
        if all == 0 { ' ' } else { BARS[index] }
    };
    let since = step.seconds.iter().filter(|second| second.at >= 0);
    since.map(|second| bar(second.answers.bad, second.answers.known())).collect()
}

fn measured(out: &mut String, journal: &Journal, terms: &mut Terms) {
    let place = &journal.place;
    out.push_str("## How it was measured\n\n");
    let _ = writeln!(
        out,
        "Pages were asked for on a fixed timetable, {} requests a second, through {}, whether or not earlier ones had been answered.\n",
        place.rate,
        escape(&place.way)
    );
    let mut line = |name: &str, value: &str| {
        let name = terms.text(name);
        let _ = writeln!(out, "- {name}: {value}");
    };
    line("*cluster*", &format!("{} ({})", place.server, place.server_version));
    line("kubectl boutique", &place.plugin_version);
    if let Some(stack) = &place.stack {
        line("stack", stack);
    }
    if let Some(digest) = &place.stack_digest {
        line("*manifest digest*", digest);
    }
    line("*Prometheus*", place.prometheus.as_deref().unwrap_or("none found"));
    line("seed", &journal.seed.to_string());
    line("file", &format!("sha256 {}", journal.gameday.sha256));
    if let Some(raw) = &journal.raw {
        line("every request", &format!("{} ({} lines, sha256 {})", raw.file, raw.samples, raw.sha256));
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Text from elsewhere must not become a table's border, a heading, or HTML.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ").replace("  ", " ")
}
