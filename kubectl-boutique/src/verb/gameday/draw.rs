//! Gamedays in a terminal.

use boutique_core::gameday::baseline::Comparison;
use boutique_core::gameday::journal::{Ending, Place, PredictionRecord, StepRecord};
use boutique_core::gameday::report::{Report, Summary, story, summary};
use boutique_core::gameday::{Gameday, Journal, Judged, Met, Plan, Verdict};

use super::rehearsal::{Document, Rehearsed};
use crate::ctx::Ctx;
use crate::draw::table::{Cell, Column, Give, Table};
use crate::draw::wrap::sentence;
use crate::error::Error;
use crate::output::TextFormat;
use crate::style::{BAD, FAINT, GOOD, Look, STRONG, WAITING};

/// Effects of a prediction, the worst first.
const EFFECTS: [&str; 5] = ["fails", "may fail", "slows", "degrades", "works"];

/// The result, as it is asked for.
pub(super) fn show(
    ctx: &Ctx,
    journal: &Journal,
    comparison: Option<&Comparison>,
    format: TextFormat,
) -> Result<(), Error> {
    match format {
        TextFormat::Text => ctx.out.result(&result(journal, comparison, ctx.out.look)),
        TextFormat::Json | TextFormat::Yaml => {
            ctx.out.data(&Report { journal, comparison }.json(), format == TextFormat::Yaml)
        }
    }
}

/// What is going to be done, for the one who is asked to agree.
pub(super) fn intention(gameday: &Gameday, plan: &Plan, place: &Place, look: Look) -> String {
    let mut out = format!("{}: {}\n", look.paint(STRONG, &format!("Gameday {}", gameday.name)), gameday.title);
    for step in &plan.steps {
        out.push_str(&format!("  {:>2}. {}\n", step.number, step.title));
    }
    let steps = match plan.steps.len() {
        1 => "1 step".to_owned(),
        many => format!("{many} steps"),
    };
    out.push_str(&format!(
        "{steps} on the shop in namespace {}, {} requests a second at {}, {} at least\n",
        place.namespace,
        place.rate,
        place.way,
        length(gameday, plan, place.rate)
    ));
    look.plain(&out)
}

/// How long it takes at least, roughly.
fn length(gameday: &Gameday, plan: &Plan, rate: u32) -> String {
    let steady = gameday.steady.lasts.as_secs_f64();
    let of_step = |step: &boutique_core::gameday::Step| {
        let needed = step.requests() as f64 / f64::from(rate.max(1));
        steady + needed.max(steady)
    };
    let seconds: f64 = plan.steps.iter().map(of_step).sum();
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", (seconds / 60.0).ceil()) }
}

/// A step that has just been run.
pub(super) fn step(journal: &Journal, look: Look) -> String {
    let Some(step) = journal.steps.last() else { return String::new() };
    let mut out = sentence(&story(step), 0, look);
    for judged in &step.expectations {
        out.push_str(&sentence(&expectation(judged, look), 2, look));
    }
    look.plain(out.trim_end())
}

fn expectation(Judged { expectation, met, reason }: &Judged, look: Look) -> String {
    let (glyph, style) = match met {
        Met::Met => (look.good(), GOOD),
        Met::NotMet => (look.bad(), BAD),
        Met::NotJudged => (look.waiting(), WAITING),
    };
    format!("{} {expectation}: {reason}", look.paint(style, &format!("{glyph} {met}")))
}

fn result(journal: &Journal, comparison: Option<&Comparison>, look: Look) -> String {
    let sum = summary(journal);
    let (glyph, style) = match sum.verdict {
        Verdict::Met => (look.good(), GOOD),
        Verdict::NotEnough | Verdict::Interrupted => (look.waiting(), WAITING),
        _ => (look.bad(), BAD),
    };
    let head = format!("Gameday {}:", journal.gameday.name);
    let mut out = format!("{} {}\n", look.paint(STRONG, &head), look.paint(style, &format!("{glyph} {}", sum.verdict)));
    if let Some(stopped) = &journal.stopped {
        out.push_str(&format!("{}\n", stopped.reason));
    }
    out.push('\n');
    out.push_str(&steps(journal).draw(look));
    out.push('\n');
    for (step, judged) in journal.expectations().filter(|(_, judged)| judged.met != Met::Met) {
        let step = step.map_or_else(|| "all steps".to_owned(), |step| format!("step {step}"));
        out.push_str(&sentence(&format!("{} ({step})", expectation(judged, look)), 2, look));
    }
    out.push_str(&figures(&sum));
    if let Some(comparison) = comparison {
        out.push_str(&against(comparison, look));
    }
    look.plain(&out)
}

fn steps(journal: &Journal) -> Table {
    let mut table = Table::new(vec![
        Column::right("STEP"),
        Column::left("WHAT WAS BROKEN", Give::End(16)),
        Column::right("GOOD"),
        Column::right("RECOVERY"),
        Column::left("PREDICTION", Give::Never),
        Column::left("EXPECTED", Give::Never),
    ]);
    for step in &journal.steps {
        let style = match step.verdict.as_deref() {
            Some("confirmed") => GOOD,
            Some("refuted") => BAD,
            _ => WAITING,
        };
        table.row(vec![
            Cell::new(step.number.to_string()),
            Cell::new(step.title.clone()),
            Cell::new(good(step)),
            Cell::new(recovery(step)),
            Cell::styled(step.verdict.clone().unwrap_or_else(|| "-".to_owned()), style),
            met(step),
        ]);
    }
    table
}

fn good(step: &StepRecord) -> String {
    match step.answers.availability().ratio() {
        // Rounded down: nothing short of all is shown as all.
        Some(ratio) if ratio < 1.0 => format!("{:.2} %", (ratio * 10_000.0).floor() / 100.0),
        Some(_) => "100 %".to_owned(),
        None => "-".to_owned(),
    }
}

fn recovery(step: &StepRecord) -> String {
    match (step.moments.t1, step.moments.t4) {
        (Some(t1), Some(t4)) => format!("{:.1} s", t4 - t1),
        (Some(_), None) => "not seen".to_owned(),
        (None, _) => "-".to_owned(),
    }
}

fn met(step: &StepRecord) -> Cell {
    let count = |met: Met| step.expectations.iter().filter(|judged| judged.met == met).count();
    let all = step.expectations.len();
    match (step.ending, count(Met::NotMet), count(Met::NotJudged)) {
        (Ending::NotHealed, ..) => Cell::styled("not healed", BAD),
        (Ending::Refused, ..) => Cell::styled("refused", WAITING),
        (Ending::Interrupted, ..) => Cell::styled("stopped early", WAITING),
        _ if all == 0 => Cell::new("-"),
        (_, 0, 0) => Cell::styled(format!("{all} of {all} met"), GOOD),
        (_, 0, some) => Cell::styled(format!("{some} not judged"), WAITING),
        (_, some, _) => Cell::styled(format!("{some} not met"), BAD),
    }
}

fn figures(sum: &Summary) -> String {
    let budget = format!("{:.1} s, {:.1} % of 30 days at 99.9 %", sum.budget_spent, sum.budget_share * 100.0);
    format!(
        "availability  {}\nbudget        {budget}\npredictions   {} confirmed, {} refuted, {} inconclusive\n",
        sum.answers.availability(),
        sum.confirmed,
        sum.refuted,
        sum.inconclusive
    )
}

fn against(comparison: &Comparison, look: Look) -> String {
    let mut out = match comparison.regressions.is_empty() {
        true => format!("baseline      {}\n", look.paint(GOOD, &format!("{} nothing got worse", look.good()))),
        false => format!("baseline      {}\n", look.paint(BAD, &format!("{} worse than before", look.bad()))),
    };
    for regression in &comparison.regressions {
        let step = regression.step.map_or(String::new(), |step| format!("step {step}, "));
        out.push_str(&format!("  {step}{}: {}\n", regression.of, regression.what));
    }
    for note in &comparison.notes {
        out.push_str(&look.paint(FAINT, &format!("  {note}")));
        out.push('\n');
    }
    out
}

/// A plan with predictions.
pub(super) fn plan(document: &Document, gameday: &Gameday, look: Look) -> String {
    let head = look.paint(STRONG, &format!("Gameday {}", document.gameday));
    let mut out = format!("{head}: {}\nnothing is done; seed {}\n", document.title, document.seed);
    for (title, text) in [
        ("you will see", &gameday.teaching.see),
        ("why", &gameday.teaching.why),
        ("what to change", &gameday.teaching.change),
    ] {
        if !text.is_empty() {
            out.push_str(&format!("\n{}\n", look.paint(STRONG, title)));
            out.extend(text.trim().lines().map(|line| format!("  {line}\n").replace("  \n", "\n")));
        }
    }
    let steady = &gameday.steady;
    out.push_str(&format!(
        "\n{}\n  {} s with {} good at least, {} requests a second\n",
        look.paint(STRONG, "before each step"),
        steady.lasts.as_secs(),
        steady.availability,
        document.rate
    ));
    for step in &document.steps {
        out.push_str(&rehearsed(step, look));
    }
    for unmet in &document.unmet {
        out.push_str(&format!("\n{}", look.paint(BAD, &format!("{} {unmet}", look.bad()))));
    }
    if !document.unmet.is_empty() {
        out.push('\n');
    }
    look.plain(&out)
}

fn rehearsed(step: &Rehearsed, look: Look) -> String {
    let head = look.paint(STRONG, &format!("{}. {}", step.number, step.title));
    let peer = step.peer.as_ref().map_or(String::new(), |peer| format!(" and {peer}"));
    let mut out = format!("\n{head}\n  {} of {}{peer}, {:.0} s at most\n", step.kind, step.service, step.lasts);
    if let Some(refused) = &step.refused {
        out.push_str(&format!("  {}\n", look.paint(BAD, &format!("{} refused: {refused}", look.bad()))));
    }
    if let Some(prediction) = &step.prediction {
        out.push_str(&predicted(prediction));
    }
    out.extend(step.expectations.iter().map(|expectation| format!("  expected: {expectation}\n")));
    out
}

/// Pages by what they will do, in a line each.
fn predicted(prediction: &PredictionRecord) -> String {
    let mut out = String::new();
    for effect in EFFECTS {
        let pages: Vec<&str> =
            prediction.pages.iter().filter(|page| page.effect == effect).map(|page| page.page.as_str()).collect();
        if !pages.is_empty() {
            out.push_str(&format!("  {effect}: {}\n", pages.join(", ")));
        }
    }
    if let Some((shortest, longest)) = prediction.gap {
        let gap = if shortest < 1.0 { String::new() } else { format!("{shortest:.0} to ") };
        out.push_str(&format!("  for {gap}{longest:.0} s\n"));
    }
    match prediction.alerts.as_slice() {
        [] => out.push_str("  nobody is told\n"),
        alerts => {
            let alerts = alerts.iter().map(|alert| format!("{} after {:.0} s", alert.name, alert.after));
            out.push_str(&format!("  told by: {}\n", alerts.collect::<Vec<_>>().join(", ")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use boutique_core::gameday::{baseline::compare, parse, plan as make};

    use super::*;

    const LOOK: Look = Look { color: false, unicode: true, width: Some(80) };

    /// The journal that the core's generator makes.
    fn mk_journal() -> Journal {
        Journal::read(include_str!("../../../../crates/boutique-core/tests/gameday/journal.json")).unwrap()
    }

    #[test]
    fn the_result_reads_well_in_eighty_columns() {
        let journal = mk_journal();
        let text = result(&journal, Some(&compare(&journal, &journal)), LOOK);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_plan_reads_well_in_eighty_columns() {
        let text = super::super::ready::ready("green-but-broken").unwrap();
        let gameday = parse(text).unwrap();
        let plan_made = make(&gameday, None).unwrap();
        let journal = mk_journal();
        insta::assert_snapshot!(intention(&gameday, &plan_made, &journal.place, LOOK));
    }

    #[test]
    fn a_rehearsed_step_names_pages_by_what_they_will_do() {
        let journal = mk_journal();
        let step = Rehearsed::of_record(&journal.steps[1]);
        insta::assert_snapshot!(rehearsed(&step, LOOK));
    }
}
