//! A step as a picture: answers, pages and time to answer, second by second, with the moments T0 to T4.

use std::fmt::Write as _;

use super::super::words::{millis, span};
use super::escape;
use crate::gameday::journal::{Second, StepRecord};

const WIDTH: f64 = 860.0;
/// Room for the names of pages.
const LEFT: f64 = 92.0;
const RIGHT: f64 = 14.0;
/// Where the three plots begin, and how tall they are.
const ANSWERS: (f64, f64) = (44.0, 92.0);
const PAGES: (f64, f64) = (162.0, 17.0);
const GAP: f64 = 28.0;
const LATENCY: f64 = 84.0;
/// Lower end of the latency plot's scale, in milliseconds.
const FASTEST: f64 = 1.0;

/// From seconds since T0 to a place on the paper.
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    fn x(&self, at: f64) -> f64 {
        LEFT + (at - self.from) / (self.to - self.from) * (WIDTH - LEFT - RIGHT)
    }

    fn step(&self) -> f64 {
        let span = self.to - self.from;
        [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0]
            .into_iter()
            .find(|step| span / step <= 12.0)
            .unwrap_or(1_800.0)
    }
}

pub(super) fn figure(record: &StepRecord) -> String {
    let seconds = whole(&record.seconds);
    let (Some(first), Some(last)) = (seconds.first(), seconds.last()) else { return String::new() };
    let axis = Axis { from: first.at as f64, to: last.at as f64 + 1.0 };
    let pages: Vec<&str> = record.pages.iter().map(|page| page.page.as_str()).collect();
    let pages_end = PAGES.0 + pages.len() as f64 * PAGES.1;
    let latency_top = pages_end + GAP;
    let bottom = latency_top + LATENCY;
    let height = bottom + 40.0;
    let number = record.number;
    let mut out = format!(
        "<figure>\n<div class=\"scroll\"><svg class=\"plot\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"plot-{number} desc-{number}\"><title id=\"plot-{number}\">Step {number}, second by second</title><desc id=\"desc-{number}\">{}</desc>\n",
        escape(&described(record))
    );
    hurt(&mut out, record, &axis, bottom);
    answers(&mut out, seconds, &axis);
    for (index, page) in pages.iter().enumerate() {
        strip(&mut out, seconds, page, PAGES.0 + index as f64 * PAGES.1, &axis);
    }
    latency(&mut out, seconds, &axis, latency_top);
    time(&mut out, &axis, bottom);
    marks(&mut out, record, &axis, bottom);
    out.push_str("</svg></div>\n<figcaption><span class=\"key good\"></span> good answers <span class=\"key bad\"></span> failed <span class=\"key half\"></span> some failed <span class=\"key unknown\"></span> not asked, or says nothing about the shop <span class=\"key line\"></span> time to answer: the slower line is 19 of 20 answers, the faster half of them. Shaded: from the first failure to recovery. T0 the fault, T1 the first failure, T2 an alert, T3 undone, T4 recovered.</figcaption>\n</figure>\n");
    out
}

/// Without a first or last second of which only a part was measured: it would look as if requests were missing.
fn whole(seconds: &[Second]) -> &[Second] {
    let usual = seconds.iter().map(Second::due).max().unwrap_or_default();
    let is_part = |second: &Second| second.due() * 4 < usual * 3;
    let first = seconds.first().is_some_and(is_part);
    let last = seconds.len() > 1 && seconds.last().is_some_and(is_part);
    &seconds[usize::from(first)..seconds.len() - usize::from(last)]
}

/// The picture in words, for those who do not see it.
fn described(record: &StepRecord) -> String {
    let moment = |name: &str, at: Option<f64>| at.map(|at| format!("{name} after {}", span(at)));
    let moments = record.moments;
    let told: Vec<String> = [
        moment("first failure", moments.t1),
        moment("alert", moments.t2),
        moment("undone", moments.t3),
        moment("recovered", moments.t4),
    ]
    .into_iter()
    .flatten()
    .collect();
    let pages: Vec<String> = record.pages.iter().map(|page| format!("{}: {}", page.page, page.seen)).collect();
    let told = if told.is_empty() { "no failure".to_owned() } else { told.join(", ") };
    format!("{told}. {}.", pages.join("; "))
}

/// The time in which customers were hurt.
fn hurt(out: &mut String, record: &StepRecord, axis: &Axis, bottom: f64) {
    let Some(t1) = record.moments.t1 else { return };
    let end = record.moments.t4.unwrap_or(axis.to);
    let (x, end) = (axis.x(t1), axis.x(end));
    let top = ANSWERS.0 - 8.0;
    let _ = writeln!(
        out,
        "<rect class=\"hurt\" x=\"{x:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        (end - x).max(1.0),
        bottom - top
    );
}

fn answers(out: &mut String, seconds: &[Second], axis: &Axis) {
    let (top, height) = ANSWERS;
    let most = seconds.iter().map(Second::due).max().unwrap_or(1).max(1) as f64;
    let mut paths = [String::new(), String::new(), String::new()];
    for second in seconds {
        let (x, end) = (axis.x(second.at as f64), axis.x(second.at as f64 + 1.0));
        let width = (end - x - 0.6).max(0.4);
        let mut y = top + height;
        let counts = [second.answers.good, second.answers.bad, second.answers.unknown];
        for (path, count) in paths.iter_mut().zip(counts) {
            let tall = count as f64 / most * height;
            if count > 0 {
                let _ = write!(path, "M{x:.1} {y:.1}h{width:.2}v-{tall:.1}h-{width:.2}z");
            }
            y -= tall;
        }
    }
    for (class, path) in ["good", "bad", "unknown"].into_iter().zip(paths) {
        let _ = writeln!(out, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    frame(out, top, height);
    label(out, LEFT - 8.0, top + 9.0, "end", &format!("{most:.0}/s"));
    label(out, LEFT - 8.0, top + height, "end", "0");
    label(out, LEFT - 8.0, top + height / 2.0 + 4.0, "end", "answers");
}

/// One page: a field for each second in which it was asked for.
fn strip(out: &mut String, seconds: &[Second], page: &str, top: f64, axis: &Axis) {
    let mut paths = [String::new(), String::new(), String::new(), String::new()];
    let height = PAGES.1 - 3.0;
    for second in seconds {
        let (good, bad, unknown) = second.pages.get(page).copied().unwrap_or_default();
        let (x, end) = (axis.x(second.at as f64), axis.x(second.at as f64 + 1.0));
        let path = match (good, bad, unknown) {
            (0, 0, _) => 3,
            (0, ..) => 2,
            (_, 1.., _) => 1,
            _ => 0,
        };
        let _ = write!(paths[path], "M{x:.1} {top:.1}h{:.2}v{height}h-{0:.2}z", end - x + 0.05);
    }
    for (class, path) in ["good", "half", "bad", "unknown"].into_iter().zip(paths) {
        if !path.is_empty() {
            let _ = writeln!(out, "<path class=\"{class}\" d=\"{path}\"/>");
        }
    }
    label(out, LEFT - 8.0, top + height - 3.0, "end", page);
}

/// On a logarithmic scale: both 5 ms and 2 s can be read.
fn latency(out: &mut String, seconds: &[Second], axis: &Axis, top: f64) {
    let slowest = seconds.iter().filter_map(|second| second.p95).fold(10.0, f64::max);
    let most = 10_f64.powf(slowest.log10().ceil());
    let y = |took: f64| top + LATENCY * (1.0 - (took.max(FASTEST) / FASTEST).log10() / (most / FASTEST).log10());
    let mut tick = FASTEST;
    while tick <= most * 1.001 {
        let at = y(tick);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
            WIDTH - RIGHT
        );
        let name = if tick < 1_000.0 { format!("{tick:.0} ms") } else { millis(tick).replace(".0", "") };
        label(out, LEFT - 8.0, at + 4.0, "end", &name);
        tick *= 10.0;
    }
    for (class, of) in
        [("slow", (|second: &Second| second.p95) as fn(&Second) -> Option<f64>), ("usual", |second| second.p50)]
    {
        let mut path = String::new();
        let mut pen = 'M';
        for second in seconds {
            match of(second) {
                Some(took) => {
                    let _ = write!(path, "{pen}{:.1} {:.1}", axis.x(second.at as f64 + 0.5), y(took));
                    pen = 'L';
                }
                // Nothing was answered: a line across would invent something.
                None => pen = 'M',
            }
        }
        let _ = writeln!(out, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    frame(out, top, LATENCY);
}

fn time(out: &mut String, axis: &Axis, bottom: f64) {
    let step = axis.step();
    let mut at = (axis.from / step).ceil() * step;
    while at <= axis.to {
        let x = axis.x(at);
        let _ = writeln!(
            out,
            "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom}\" y2=\"{:.1}\"/>",
            bottom + 5.0
        );
        label(out, x, bottom + 18.0, "middle", &format!("{at:.0}"));
        at += step;
    }
    label(out, f64::midpoint(LEFT, WIDTH - RIGHT), bottom + 34.0, "middle", "seconds since the fault");
}

fn marks(out: &mut String, record: &StepRecord, axis: &Axis, bottom: f64) {
    let moments = record.moments;
    let all = [("T0", Some(0.0)), ("T1", moments.t1), ("T2", moments.t2), ("T3", moments.t3), ("T4", moments.t4)];
    // Moments that are close to each other share the room above the plot in two rows.
    let mut rows = [f64::MIN; 2];
    for (name, at) in all {
        let Some(at) = at.filter(|at| (axis.from..=axis.to).contains(at)) else { continue };
        let x = axis.x(at);
        let row = if x - rows[0] >= 22.0 { 0 } else { 1 };
        rows[row] = x;
        let y = if row == 0 { 28.0 } else { 13.0 };
        let _ =
            writeln!(out, "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom}\"/>", y + 3.0);
        let _ = writeln!(out, "<text class=\"moment\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>");
    }
}

fn frame(out: &mut String, top: f64, height: f64) {
    let _ = writeln!(
        out,
        "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/>",
        WIDTH - RIGHT,
        top + height
    );
}

fn label(out: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escape(text));
}
