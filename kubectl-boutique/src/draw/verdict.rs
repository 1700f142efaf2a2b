//! `break` in words: what will happen, what is happening, what happened.

use std::time::Duration;

use boutique_core::grade::{Grade, Verdict};
use boutique_core::measure::{Budget, Impact, Latency, Measurement};
use boutique_core::predict::{Effect, PageImpact, Prediction};
use boutique_core::probe::Sample;

use super::age::span;
use super::table::{Cell, Column, Give, Table};
use super::wrap::{field, lines, sentence};
use crate::style::{BAD, FAINT, GOOD, Look, Mark, PLAIN, STRONG, WAITING};

/// Columns before the reasons of a prediction.
const REASON: usize = 25;

/// The prediction, page by page. Reasons that do not fit go on in the next line: they are what is to be learned.
pub(crate) fn prediction(prediction: &Prediction, look: Look) -> String {
    let mut table = Table::new(vec![
        Column::left("PAGE", Give::Never),
        Column::left("PREDICTION", Give::Never),
        Column::left("BECAUSE", Give::Never),
    ]);
    for PageImpact { page, effect, reason, .. } in &prediction.pages {
        let style = match effect {
            Effect::Fails => BAD,
            Effect::MayFail | Effect::Slows => WAITING,
            Effect::Works | Effect::Degrades => PLAIN,
        };
        let mut lines = lines(&look.plain(reason), REASON, look).into_iter();
        let first = lines.next().unwrap_or_default();
        table.row(vec![Cell::new(page.name()), Cell::styled(effect.to_string(), style), Cell::styled(first, FAINT)]);
        for line in lines {
            table.row(vec!["".into(), "".into(), Cell::styled(line, FAINT)]);
        }
    }
    let mut out = table.draw(look);
    if let Some(gap) = prediction.gap {
        let pages = if prediction.pages.iter().any(|page| page.effect == Effect::Fails) { "fail" } else { "may fail" };
        out.push_str(&format!("They {pages} for {gap}.\n"));
    }
    if let Some(ending) = &prediction.ending {
        out.push_str(&sentence(&look.plain(&format!("{}.", capital(ending))), 2, look));
    }
    out
}

/// A fragment as the beginning of a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A line of the story: how long after T0, and what.
pub(crate) fn moment(since: Duration, text: &str) -> String {
    format!("+{:>5.1} s  {text}", since.as_secs_f64())
}

/// The last second in a line.
pub(crate) fn second(samples: &[Sample], now: Duration, injected_at: Duration, standing: &str) -> String {
    let since = now.saturating_sub(Duration::from_secs(1));
    let recent = || samples.iter().filter(|sample| sample.at >= since && sample.at >= injected_at);
    let bad = recent().filter(|sample| sample.outcome.is_bad()).count();
    let known = recent().filter(|sample| sample.outcome.is_known()).count();
    let word = recent().find(|sample| sample.outcome.is_bad()).map(|sample| format!(" ({})", sample.outcome.word()));
    let pages = match known {
        0 => "no answer in the last second".to_owned(),
        known => format!("last second {bad} of {known} answers bad{}", word.unwrap_or_default()),
    };
    moment(now.saturating_sub(injected_at), &format!("{standing}, {pages}"))
}

/// A verdict while it is not all over yet.
pub(crate) fn provisional(so_far: &Grade, left: Duration, look: Look) -> String {
    let good = so_far.pages.iter().filter(|page| page.verdict == Verdict::Confirmed).count();
    let (glyph, _) = so_far.verdict.mark(look);
    let rest = match left.is_zero() {
        true => "; final when the shop has been well for a while".to_owned(),
        false => format!("; {} to go", span(left)),
    };
    format!("    so far: prediction {glyph} {} ({good} of {} pages){rest}", so_far.verdict, so_far.pages.len())
}

/// What the report is made of.
pub(crate) struct Report<'a> {
    /// Kind and service, such as `kill-pods of cartservice`.
    pub(crate) fault: String,
    pub(crate) prediction: &'a Prediction,
    pub(crate) measurement: &'a Measurement,
    pub(crate) grade: &'a Grade,
    /// Who was told, in a sentence.
    pub(crate) told: String,
    /// By whom it was healed, in a sentence.
    pub(crate) healed: String,
    /// What took longest, where it is not what people expect.
    pub(crate) hint: Option<String>,
    /// Whether all is as before, in a sentence.
    pub(crate) proof: String,
    /// What is not, one line each.
    pub(crate) differences: &'a [String],
    /// Why it ended before its time, where it did.
    pub(crate) early: Option<&'static str>,
}

/// Columns of the words on the left.
const LABEL: usize = 14;

/// The whole report.
pub(crate) fn report(report: &Report<'_>, look: Look) -> String {
    let Report { fault, prediction, measurement, grade, .. } = report;
    let (glyph, style) = grade.verdict.mark(look);
    let early = report.early.map(|why| format!(", {why}")).unwrap_or_default();
    let mut out = format!(
        "{} {}{early}\n\n",
        look.paint(STRONG, &format!("{fault}: prediction")),
        look.paint(style, &format!("{glyph} {}", grade.verdict))
    );
    out.push_str(&pages(grade).draw(look));
    out.push('\n');
    for (label, text) in moments(measurement, prediction, grade, &report.told) {
        out.push_str(&field(&label, &text, LABEL, look));
    }
    out.push('\n');
    out.push_str(&figures(measurement, look));
    out.push_str(&field("healed", &report.healed, LABEL, look));
    if let Some(hint) = &report.hint {
        out.push_str(&field("why so long", hint, LABEL, look));
    }
    out.push_str(&field("proof", &report.proof, LABEL, look));
    for difference in report.differences {
        out.push_str(&field("", difference, LABEL, look));
    }
    look.plain(&out)
}

fn pages(grade: &Grade) -> Table {
    let mut table = Table::new(vec![
        Column::left("PAGE", Give::Never),
        Column::left("PREDICTED", Give::Never),
        Column::left("OBSERVED", Give::End(14)),
        Column::left("VERDICT", Give::Never),
    ]);
    for page in &grade.pages {
        let style = match page.verdict {
            Verdict::Confirmed => GOOD,
            Verdict::Inconclusive => WAITING,
            Verdict::Refuted => BAD,
        };
        table.row(vec![
            Cell::new(page.predicted.page.name()),
            Cell::new(page.predicted.effect.to_string()),
            Cell::new(page.seen.clone()),
            Cell::styled(page.verdict.to_string(), style),
        ]);
    }
    table
}

fn moments(measurement: &Measurement, prediction: &Prediction, grade: &Grade, told: &str) -> Vec<(String, String)> {
    let since = |at: Duration| at.saturating_sub(measurement.injected_at);
    let mut lines = vec![(Some(measurement.injected_at), "T0", "fault accepted".to_owned())];
    let what = if measurement.impact == Some(Impact::Slowed) { "pages get slow" } else { "first failure" };
    let impact = match measurement.impact_at {
        Some(at) => format!("{what}: time to impact {}", span(since(at))),
        None => "no request has failed: no customer noticed".to_owned(),
    };
    lines.push((measurement.impact_at, "T1", impact));
    lines.push((measurement.detected_at, "T2", told.to_owned()));
    if measurement.undone_at.is_some() {
        lines.push((measurement.undone_at, "T3", "undone".to_owned()));
    }
    if measurement.impact_at.is_some() {
        lines.push((measurement.recovered_at, "T4", recovery(measurement, prediction, grade)));
    }
    let label = |at: Option<Duration>, mark: &str| match at {
        Some(at) => moment(since(at), mark),
        None => format!("{:>8}  {mark}", "-"),
    };
    lines.into_iter().map(|(at, mark, text)| (label(at, mark), text)).collect()
}

fn recovery(measurement: &Measurement, prediction: &Prediction, grade: &Grade) -> String {
    let Some(took) = measurement.time_to_recovery() else {
        return format!("not seen: no {} without a failure", span(measurement.good_stretch));
    };
    let after_undo = measurement.recovery_after_undo().map(|after| format!(" ({} after the undo)", span(after)));
    let compared = prediction.gap.zip(grade.duration).map(|(gap, word)| format!(", {word} ({gap})"));
    let last = measurement.last_to_recover.map(|page| format!("; last to recover: {page}"));
    format!(
        "good again: time to recovery {}{}{}{}",
        span(took),
        after_undo.unwrap_or_default(),
        compared.unwrap_or_default(),
        last.unwrap_or_default()
    )
}

fn figures(measurement: &Measurement, look: Look) -> String {
    let availability = measurement.availability;
    let measured = measurement.ended_at.saturating_sub(measurement.injected_at);
    let mut said = format!("{availability}, over {}", span(measured));
    let nearly_all = availability.ratio().is_some_and(|ratio| ratio >= 0.999);
    if nearly_all && !availability.proves_three_nines() {
        said.push_str("; too few requests to prove 99.9 %: that takes 3000 without a failure");
    }
    let mut out = field("availability", &said, LABEL, look);
    let Budget { spent, share } = measurement.budget;
    let budget = format!("{:.2} % of what 99.9 % allows in 30 days: {} of 43 minutes", share * 100.0, span(spent));
    out.push_str(&field("error budget", &budget, LABEL, look));
    out.push_str(&field("longest gap", &span(measurement.longest_gap), LABEL, look));
    let phases = [
        ("before", measurement.latency.before),
        ("during", measurement.latency.during),
        ("after", measurement.latency.after),
    ];
    let phases: Vec<String> = phases.into_iter().filter_map(|(name, latency)| Some(phase(name, latency?))).collect();
    out.push_str(&field("p50/p95/p99", &phases.join(", "), LABEL, look));
    let unknown: u64 = measurement.since.values().map(|tally| tally.unknown).sum();
    if unknown > 0 {
        let text = format!("{unknown} requests that the API server itself did not serve");
        out.push_str(&field("not counted", &text, LABEL, look));
    }
    out
}

fn phase(name: &str, latency: Latency) -> String {
    let Latency { p50, p95, p99 } = latency;
    format!("{name} {}/{}/{} ms", p50.as_millis(), p95.as_millis(), p99.as_millis())
}

#[cfg(test)]
mod tests {
    use boutique_core::catalogue::Page;
    use boutique_core::grade::grade;
    use boutique_core::measure::measure;
    use boutique_core::predict::{Kill, Loss, Readiness, predict};
    use boutique_core::probe::{Outcome, Timetable};
    use boutique_core::service::Service;

    use super::*;

    const T0: Duration = Duration::from_secs(5);

    fn mk_prediction(service: Service) -> Prediction {
        let readiness = Readiness { delay: Duration::from_secs(15), period: Duration::from_secs(10), startup: None };
        predict(&Loss::Killed(Kill { service, killed: 1, survivors: 0, grace: Duration::from_secs(5), readiness }))
    }

    /// `seconds` of probes; pages that `fails` names fail from 0.1 s after T0 until `until`.
    fn mk_samples(seconds: u64, until: u64, fails: &[Page]) -> Vec<Sample> {
        let slots = (0..seconds * 20).map(|n| Timetable::THROUGH_API_SERVER.slot(n));
        let broken = Duration::from_millis(5_100)..Duration::from_secs(until);
        slots
            .map(|slot| {
                let bad = broken.contains(&slot.at) && fails.contains(&slot.page);
                let outcome = if bad { Outcome::Bad { status: Some(500), culprit: None } } else { Outcome::Good };
                Sample { at: slot.at, page: slot.page, took: Duration::from_millis(if bad { 4 } else { 17 }), outcome }
            })
            .collect()
    }

    fn mk_report(service: Service, samples: &[Sample], healed: &str, width: usize) -> String {
        let (prediction, measurement) = (mk_prediction(service), measure(samples, T0));
        let grade = grade(&prediction, &measurement);
        let story = Report {
            fault: format!("kill-pods of {service}"),
            prediction: &prediction,
            measurement: &measurement,
            grade: &grade,
            told: "nobody was told: no Prometheus was found".into(),
            healed: healed.into(),
            hint: None,
            proof: "all 43 objects of the shop are as before".into(),
            differences: &[],
            early: None,
        };
        report(&story, Look { color: false, unicode: true, width: Some(width) })
    }

    #[test]
    fn an_outage_as_predicted() {
        let samples = mk_samples(40, 27, &Page::ALL);
        insta::assert_snapshot!(mk_report(
            Service::Cartservice,
            &samples,
            "healed by itself: its ReplicaSet started x",
            80
        ));
    }

    #[test]
    fn pages_that_should_have_worked_refute() {
        let samples = mk_samples(40, 27, &Page::ALL);
        insta::assert_snapshot!(mk_report(
            Service::Paymentservice,
            &samples,
            "healed by itself: its ReplicaSet started x",
            80
        ));
    }

    #[test]
    fn a_fault_that_nobody_notices() {
        let samples = mk_samples(30, 0, &[]);
        insta::assert_snapshot!(mk_report(
            Service::Adservice,
            &samples,
            "healed by itself: its ReplicaSet started x",
            80
        ));
    }

    #[test]
    fn an_outage_that_does_not_end() {
        let samples = mk_samples(40, 99, &[Page::Checkout]);
        insta::assert_snapshot!(mk_report(Service::Checkoutservice, &samples, "not healed: no new pod was seen", 80));
    }

    #[test]
    fn a_prediction_reads_well_in_eighty_columns() {
        let look = Look { color: false, unicode: true, width: Some(80) };
        let drawn: Vec<String> = [Service::Cartservice, Service::Currencyservice, Service::Emailservice]
            .into_iter()
            .map(|service| format!("break {service}\n{}", prediction(&mk_prediction(service), look)))
            .collect();
        insta::assert_snapshot!(drawn.join("\n"));
    }

    #[test]
    fn the_last_second_is_one_line() {
        let samples = mk_samples(8, 27, &Page::ALL);
        let line = second(&samples, Duration::from_secs(8), T0, "cartservice 0/1 ready");
        assert_eq!(line, "+  3.0 s  cartservice 0/1 ready, last second 20 of 20 answers bad (500)");
    }
}
