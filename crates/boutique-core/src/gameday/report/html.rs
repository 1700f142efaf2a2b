//! The report as one page for a browser. It loads nothing, runs no script, and says so itself: its Content-Security-Policy
//! would keep it from doing either.

use std::fmt::Write as _;

use super::Report;
use super::summary::{Summary, summary};
use super::terms::Terms;
use super::words::{count, span, story};
use crate::gameday::baseline::Comparison;
use crate::gameday::expect::Met;
use crate::gameday::journal::{Ending, Journal, StepRecord};
use crate::gameday::share::percent;
use crate::gameday::verdict::Verdict;

mod figure;
mod step;
mod strip;

const STYLE: &str = include_str!("html/style.css");

pub(super) fn html(report: &Report<'_>) -> String {
    let journal = report.journal;
    let sum = summary(journal);
    let mut terms = Terms::new(
        |word, meaning| format!("<dfn>{}</dfn> <span class=\"gloss\">({})</span>", escape(word), escape(meaning)),
        escape,
    );
    let title = format!("Gameday {}: {}", journal.gameday.name, sum.verdict);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(&title)
    );
    header(&mut out, journal, &sum, &mut terms);
    tiles(&mut out, &sum);
    teaching(&mut out, journal);
    if let Some(comparison) = report.comparison {
        against(&mut out, comparison);
    }
    glance(&mut out, journal, &mut terms);
    expectations(&mut out, journal, &mut terms);
    budget(&mut out, &sum, &mut terms);
    for record in &journal.steps {
        step::step(&mut out, record, &mut terms);
    }
    measured(&mut out, journal, &mut terms);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn header(out: &mut String, journal: &Journal, sum: &Summary, terms: &mut Terms) {
    let place = &journal.place;
    let (class, glyph) = match sum.verdict {
        Verdict::Met => ("ok", "✔"),
        Verdict::NotEnough | Verdict::Interrupted => ("wait", "◌"),
        _ => ("no", "✖"),
    };
    let _ = writeln!(out, "<header>\n<p class=\"kicker\">Gameday {}</p>", escape(&journal.gameday.name));
    let _ = writeln!(out, "<h1>{}</h1>", escape(&journal.gameday.title));
    let verdict = sum.verdict.to_string();
    let mut counted = vec![format!("{} met", sum.met)];
    for (number, word) in [(sum.not_met, "not met"), (sum.not_judged, "not judged")] {
        if number > 0 {
            counted.push(format!("{number} {word}"));
        }
    }
    let _ = writeln!(
        out,
        "<p class=\"verdict {class}\"><span aria-hidden=\"true\">{glyph}</span> <strong>{}</strong><span class=\"detail\">{} of {} done · {}</span></p>",
        capital(&verdict),
        sum.steps,
        count(sum.planned, "step"),
        counted.join(", ")
    );
    if let Some(stopped) = &journal.stopped {
        let _ = writeln!(out, "<p>It ended early: {}</p>", escape(&stopped.reason));
    }
    let text = format!(
        "A *gameday* of *Online Boutique* in *namespace* {}, on {} from {} to {} UTC, by {}.",
        place.namespace,
        journal.started.strftime("%-d %B %Y"),
        journal.started.strftime("%H:%M"),
        journal.ended.strftime("%H:%M"),
        place.who
    );
    let _ = writeln!(out, "<p class=\"lead\">{}</p>\n</header>", terms.text(&text));
}

fn tiles(out: &mut String, sum: &Summary) {
    out.push_str("<section aria-label=\"Key figures\">\n<dl class=\"tiles\">\n");
    let mut tile = |name: &str, value: String, more: String| {
        let (value, more) = (escape(&value), escape(&more));
        let _ = writeln!(out, "<div><dt>{name}</dt><dd><b>{value}</b><span>{more}</span></dd></div>");
    };
    let known = sum.answers.known();
    match (sum.availability, sum.lower_bound95) {
        (Some(ratio), Some(bound)) => tile(
            "Availability",
            percent(ratio),
            format!(
                "{} of {known} requests were answered the way a healthy shop answers. With 95 % confidence the true share is at least {}.",
                sum.answers.good,
                percent(bound)
            ),
        ),
        _ => tile("Availability", "–".to_owned(), "not measured".to_owned()),
    }
    tile("Longest failure of a page", span(sum.longest_gap), "without a single good answer in between".to_owned());
    match sum.slowest_recovery {
        Some(took) => tile("Slowest recovery", span(took), "from the first failure until all was well".to_owned()),
        None => tile("Slowest recovery", "–".to_owned(), "nothing had to recover".to_owned()),
    }
    let graded = sum.confirmed + sum.refuted + sum.inconclusive;
    let rest = match (sum.refuted, sum.inconclusive) {
        (0, 0) => String::new(),
        (refuted, inconclusive) => format!("; {refuted} refuted, {inconclusive} inconclusive"),
    };
    let rest = format!("what was foretold for every page, before each fault{rest}");
    tile("Predictions confirmed", format!("{} of {graded}", sum.confirmed), rest);
    out.push_str("</dl>\n</section>\n");
}

fn teaching(out: &mut String, journal: &Journal) {
    let about = &journal.gameday;
    if about.see.is_empty() && about.why.is_empty() && about.change.is_empty() {
        return;
    }
    out.push_str("<section class=\"teaching\" aria-label=\"What there is to learn\">\n");
    for (title, text) in [("What you see", &about.see), ("Why", &about.why), ("What to change", &about.change)] {
        if !text.is_empty() {
            let _ = writeln!(out, "<div><h2>{title}</h2>\n{}</div>", paragraphs(text));
        }
    }
    out.push_str("</section>\n");
}

/// Lines that begin with a dash are points of a list; empty lines part paragraphs.
fn paragraphs(text: &str) -> String {
    let mut out = String::new();
    for block in text.trim().split("\n\n") {
        let points: Vec<&str> = block.split("\n- ").collect();
        match points.as_slice() {
            [one] if !one.starts_with("- ") => {
                let _ = writeln!(out, "<p>{}</p>", escape(one));
            }
            points => {
                let point = |point: &&str| format!("<li>{}</li>", escape(point.trim_start_matches("- ")));
                let _ = writeln!(out, "<ul>{}</ul>", points.iter().map(point).collect::<String>());
            }
        }
    }
    out
}

fn against(out: &mut String, comparison: &Comparison) {
    out.push_str("<section>\n<h2>Against the earlier gameday</h2>\n");
    match comparison.regressions.is_empty() {
        true => out.push_str("<p><span class=\"chip ok\">✔ nothing got worse</span></p>\n"),
        false => out.push_str("<p><span class=\"chip no\">✖ something got worse</span></p>\n"),
    }
    let worse = comparison.regressions.iter().map(|regression| {
        let step = regression.step.map_or(String::new(), |step| format!("step {step}, "));
        format!("<li>{step}{}: <strong>{}</strong></li>\n", escape(&regression.of), escape(&regression.what))
    });
    let notes = comparison.notes.iter().map(|note| format!("<li>{}</li>\n", escape(note)));
    let items: String = worse.chain(notes).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "<ul>{items}</ul>");
    }
    out.push_str("</section>\n");
}

fn glance(out: &mut String, journal: &Journal, terms: &mut Terms) {
    out.push_str("<section>\n<h2>All steps at a glance</h2>\n");
    let lead = terms.text(
        "Each step is one *fault*. The bar is one field per second, from the moment it was accepted: the taller the red, the more requests failed.",
    );
    let _ = writeln!(
        out,
        "<p>{lead}</p>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">What was broken</th><th scope=\"col\">What customers met</th><th scope=\"col\" class=\"num\">Availability</th><th scope=\"col\" class=\"num\">Recovery</th><th scope=\"col\">Prediction</th><th scope=\"col\">Expectations</th></tr></thead>\n<tbody>"
    );
    let longest = journal.steps.iter().map(|step| step.moments.ended).fold(1.0, f64::max);
    for record in &journal.steps {
        glance_row(out, record, longest);
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn glance_row(out: &mut String, record: &StepRecord, longest: f64) {
    let recovery = match (record.moments.t1, record.moments.t4) {
        (Some(t1), Some(t4)) => span(t4 - t1),
        (Some(_), None) => "not seen".to_owned(),
        (None, _) => "–".to_owned(),
    };
    let done = record.injected.is_some();
    let availability = if done { super::words::availability(record) } else { "–".to_owned() };
    let _ = writeln!(
        out,
        "<tr><td><a href=\"#step-{0}\">{0}</a></td><th scope=\"row\">{1}</th><td>{2}</td><td class=\"num\">{3}</td><td class=\"num\">{recovery}</td><td>{4}</td><td>{5}</td></tr>",
        record.number,
        escape(&record.title),
        if done { strip::strip(record, longest) } else { escape(&story(record)) },
        availability,
        record.verdict.as_deref().map_or_else(|| "–".to_owned(), chip),
        met_chip(record),
    );
}

/// The worst of a step's expectations.
fn met_chip(record: &StepRecord) -> String {
    let count = |met: Met| record.expectations.iter().filter(|judged| judged.met == met).count();
    let all = record.expectations.len();
    if record.ending == Ending::NotHealed {
        return "<span class=\"chip no\">✖ not healed</span>".to_owned();
    }
    match (count(Met::NotMet), count(Met::NotJudged)) {
        _ if all == 0 => "–".to_owned(),
        (0, 0) => format!("<span class=\"chip ok\">✔ {all} of {all} met</span>"),
        (0, some) => format!("<span class=\"chip wait\">◌ {some} of {all} not judged</span>"),
        (some, _) => format!("<span class=\"chip no\">✖ {some} of {all} not met</span>"),
    }
}

fn expectations(out: &mut String, journal: &Journal, terms: &mut Terms) {
    if journal.whole_day.is_empty() {
        return;
    }
    let lead = terms.text("*Expectations* of all steps together; those of each step stand with it.");
    let _ = writeln!(out, "<section>\n<h2>The whole day</h2>\n<p>{lead}</p>");
    step::expectations(out, &journal.whole_day);
    out.push_str("</section>\n");
}

fn budget(out: &mut String, sum: &Summary, terms: &mut Terms) {
    let share = sum.budget_share;
    let text = format!(
        "All failures of this gameday together weigh as much as {} without a shop: {:.1} % of the *error budget*.",
        span(sum.budget_spent),
        share * 100.0
    );
    let width = (share * 860.0).clamp(if share > 0.0 { 2.0 } else { 0.0 }, 860.0);
    let _ = writeln!(
        out,
        "<section>\n<h2>What it cost</h2>\n<p>{}</p>\n<svg class=\"budget\" viewBox=\"0 0 860 18\" role=\"img\" aria-labelledby=\"budget-title\"><title id=\"budget-title\">{:.1} % of the error budget of 30 days spent</title><rect class=\"track\" x=\"0\" y=\"1\" width=\"860\" height=\"16\" rx=\"4\"/><rect class=\"bad\" x=\"0\" y=\"1\" width=\"{width:.1}\" height=\"16\" rx=\"2\"/></svg>\n</section>",
        terms.text(&text),
        share * 100.0
    );
}

fn measured(out: &mut String, journal: &Journal, terms: &mut Terms) {
    let place = &journal.place;
    let text = format!(
        "Pages were asked for on a fixed timetable, {} requests a second, through {}, whether or not earlier ones had been answered: a customer does not wait for others either. Whatever the *API server* itself could not deliver counts neither as good nor as bad.",
        place.rate, place.way
    );
    let _ = writeln!(
        out,
        "<section>\n<h2>How it was measured</h2>\n<p>{}</p>\n<div class=\"scroll\"><table class=\"facts\"><tbody>",
        terms.text(&text)
    );
    let mut row = |name: &str, value: &str| {
        let name = terms.text(name);
        let _ = writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>", escape(value));
    };
    row("*Cluster*", &format!("{}, Kubernetes {}", place.server, place.server_version));
    row("kubectl boutique", &place.plugin_version);
    if let Some(stack) = &place.stack {
        row("Stack", stack);
    }
    if let Some(digest) = &place.stack_digest {
        row("*Manifest digest*", digest);
    }
    let pods: Vec<String> = place.replicas.iter().map(|(service, ready)| format!("{service} {ready}")).collect();
    row("*Pods* at the beginning", &pods.join(", "));
    row(
        "*Prometheus*",
        place.prometheus.as_deref().unwrap_or("none of this shop was found, so nothing could raise an alert"),
    );
    row("Seed", &journal.seed.to_string());
    row("The gameday's file", &format!("sha256 {}", journal.gameday.sha256));
    if let Some(raw) = &journal.raw {
        row("Every request", &format!("{}, {} lines, sha256 {}", raw.file, raw.samples, raw.sha256));
    }
    let _ = writeln!(
        out,
        "</tbody></table></div>\n<details><summary>The gameday's file</summary><pre>{}</pre></details>\n</section>",
        escape(&journal.gameday.source)
    );
}

/// A verdict with its glyph; colour alone never says it.
fn chip(verdict: &str) -> String {
    let (class, glyph) = match verdict {
        "confirmed" | "met" => ("ok", "✔"),
        "refuted" | "not met" => ("no", "✖"),
        _ => ("wait", "◌"),
    };
    format!("<span class=\"chip {class}\">{glyph} {}</span>", escape(verdict))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    escape(&letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect::<String>()))
}

/// Text from elsewhere never becomes markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
