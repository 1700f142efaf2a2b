//! One step: what was done, what was predicted, what was seen.

use std::fmt::Write as _;

use super::super::terms::Terms;
use super::super::words::{detection, millis, moments, proof, span, story};
use super::figure::figure;
use super::{chip, escape};
use crate::gameday::expect::Judged;
use crate::gameday::journal::{LatencyRecord, Percentiles, PredictionRecord, StepRecord};
use crate::gameday::share::percent;

pub(super) fn step(out: &mut String, record: &StepRecord, terms: &mut Terms) {
    let number = record.number;
    let _ = writeln!(
        out,
        "<section class=\"step\" id=\"step-{number}\">\n<h2><span class=\"number\">Step {number}</span> {}</h2>\n<p class=\"lead\">{}</p>",
        escape(&record.title),
        escape(&story(record))
    );
    if record.injected.is_none() {
        out.push_str("</section>\n");
        return;
    }
    what(out, record, terms);
    out.push_str(&figure(record));
    if !record.expectations.is_empty() {
        let _ = writeln!(out, "<h3>{}</h3>", terms.text("What was *expected*"));
        expectations(out, &record.expectations);
    }
    predictions(out, record, terms);
    timeline(out, record, terms);
    latency(out, record.latency, terms);
    let _ = writeln!(out, "<h3>Afterwards</h3>\n<ul>");
    for undone in &record.undone {
        let _ = writeln!(out, "<li>{}</li>", escape(undone));
    }
    let _ = writeln!(out, "<li>{}", escape(&proof(record)));
    let differences: Vec<&String> = record.differences.iter().flatten().collect();
    if !differences.is_empty() {
        let items: String = differences.iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
        let _ = write!(out, "<ul>{items}</ul>");
    }
    let _ = writeln!(
        out,
        "</li>\n<li>{}</li>\n</ul>",
        terms.text(&format!("Would an *alert* have told anybody? {}", detection(record)))
    );
    requests(out, record);
    out.push_str("</section>\n");
}

fn what(out: &mut String, record: &StepRecord, terms: &mut Terms) {
    let fault = &record.fault;
    let pods = match fault.count {
        Some(1) => "one *pod* of ".to_owned(),
        Some(many) => format!("{many} *pods* of "),
        None => String::new(),
    };
    let peer = fault.peer.as_ref().map_or(String::new(), |peer| format!(" and {peer}"));
    let undo = fault.undo.split_once(": ").map_or(fault.undo.as_str(), |(_, sentence)| sentence);
    let mut text = format!(
        "The *fault*: <{}> ({}), on {pods}*service* <{}>{peer}. Undo: {undo}.",
        fault.kind, fault.about, fault.service
    );
    if let Some(steady) = &record.steady {
        let good = steady.answers.availability().ratio().map_or_else(|| "nothing".to_owned(), percent);
        let fast = steady.p95.map_or(String::new(), |p95| format!(", 19 of 20 within {}", millis(p95)));
        let _ = write!(
            text,
            " Before it, the *steady state*: {good} of {} requests good in {}{fast}.",
            steady.answers.known(),
            span(steady.lasts)
        );
    }
    // Names of kinds and services are set as code once everything else has been escaped.
    let text = terms.text(&text).replace("&lt;", "<code>").replace("&gt;", "</code>");
    let _ = writeln!(out, "<p>{text}</p>");
}

/// A table of expectations.
pub(super) fn expectations(out: &mut String, judged: &[Judged]) {
    out.push_str("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Expectation</th><th scope=\"col\">Result</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n");
    for Judged { expectation, met, reason } in judged {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
            escape(expectation),
            chip(&met.to_string()),
            escape(reason)
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn predictions(out: &mut String, record: &StepRecord, terms: &mut Terms) {
    let _ = writeln!(out, "<h3>{}</h3>", terms.text("*Prediction* and observation"));
    out.push_str("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Page</th><th scope=\"col\">Predicted</th><th scope=\"col\">Seen</th><th scope=\"col\">Verdict</th><th scope=\"col\">Why it was predicted</th></tr></thead>\n<tbody>\n");
    for page in &record.pages {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\" class=\"short\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&page.page),
            escape(&page.effect),
            escape(&page.seen),
            chip(&page.verdict),
            escape(&page.reason)
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
    let PredictionRecord { gap, lasts, ending, notes, .. } = &record.prediction;
    let mut lines: Vec<String> = Vec::new();
    if let Some((shortest, longest)) = gap {
        let word = record.duration.as_ref().map_or(String::new(), |word| format!(" It was {word}."));
        let predicted = match *shortest < 1.0 {
            true => format!("at most {longest:.0} s"),
            false => format!("{shortest:.0} to {longest:.0} s"),
        };
        lines.push(format!("An outage of {predicted} was predicted.{word}"));
    }
    if let Some(lasts) = lasts {
        lines.push(format!("The fault does not end by itself: it lasts {}.", span(*lasts)));
    }
    lines.extend(ending.iter().chain(notes).cloned());
    if !lines.is_empty() {
        let items: String = lines.iter().map(|line| format!("<li>{}</li>", escape(line))).collect();
        let _ = writeln!(out, "<ul class=\"notes\">{items}</ul>");
    }
}

fn timeline(out: &mut String, record: &StepRecord, terms: &mut Terms) {
    let _ = writeln!(
        out,
        "<h3>Moments</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Moment</th><th scope=\"col\" class=\"num\">After T0</th><th scope=\"col\">What happened</th></tr></thead>\n<tbody>"
    );
    for (name, at, what) in moments(record) {
        let at = at.map_or_else(|| "–".to_owned(), span);
        let what = terms.text(&what.replace("Prometheus", "*Prometheus*"));
        let _ = writeln!(out, "<tr><th scope=\"row\">{name}</th><td class=\"num\">{at}</td><td>{what}</td></tr>");
    }
    out.push_str("</tbody>\n</table></div>\n");
    if !record.events.is_empty() {
        let items: String = record
            .events
            .iter()
            .map(|event| format!("<li><span class=\"at\">{:+.1} s</span> {}</li>", event.at, escape(&event.text)))
            .collect();
        let _ = writeln!(
            out,
            "<details><summary>What the cluster did meanwhile</summary><ul class=\"events\">{items}</ul></details>"
        );
    }
}

fn latency(out: &mut String, latency: LatencyRecord, terms: &mut Terms) {
    let _ = writeln!(
        out,
        "<h3>Time to answer</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\"></th><th scope=\"col\" class=\"num\">{}</th><th scope=\"col\" class=\"num\">{}</th><th scope=\"col\" class=\"num\">{}</th></tr></thead>\n<tbody>",
        terms.text("*p50*"),
        terms.text("*p95*"),
        terms.text("*p99*")
    );
    let phases = [("before", latency.before), ("during", latency.during), ("after", latency.after)];
    for (name, phase) in phases {
        let cells = match phase {
            Some(Percentiles { p50, p95, p99 }) => [millis(p50), millis(p95), millis(p99)],
            None => ["–", "–", "–"].map(str::to_owned),
        };
        let cells: String = cells.iter().map(|cell| format!("<td class=\"num\">{cell}</td>")).collect();
        let _ = writeln!(out, "<tr><th scope=\"row\">{name}</th>{cells}</tr>");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn requests(out: &mut String, record: &StepRecord) {
    if record.fault.requests.is_empty() {
        return;
    }
    let mut text = String::new();
    for request in &record.fault.requests {
        let _ = writeln!(text, "{} {}", request.method, request.path);
        if !request.body.is_null() {
            let _ = writeln!(text, "    {}", request.body);
        }
    }
    for line in &record.fault.by_hand {
        let _ = writeln!(text, "\n# undo it by hand\n{line}");
    }
    let _ = writeln!(
        out,
        "<details><summary>Exactly what was sent to the cluster (id {})</summary><pre>{}</pre></details>",
        escape(&record.fault.id),
        escape(&text)
    );
}
