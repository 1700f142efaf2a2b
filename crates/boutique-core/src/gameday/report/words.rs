//! Sentences about what happened, the same in every report.

use crate::gameday::journal::{Ending, StepRecord};
use crate::gameday::share::percent;

/// `850 ms`, `4.2 s`, `73 s`, `2 min 5 s`.
pub(super) fn span(seconds: f64) -> String {
    match seconds {
        _ if seconds < 0.9995 => format!("{:.0} ms", seconds * 1_000.0),
        _ if seconds < 59.95 => format!("{seconds:.1} s"),
        _ if seconds < 119.5 => format!("{seconds:.0} s"),
        _ => {
            let whole = seconds.round();
            format!("{:.0} min {:.0} s", (whole / 60.0).floor(), whole % 60.0)
        }
    }
}

/// `17 ms`, `1.2 s`.
pub(super) fn millis(millis: f64) -> String {
    if millis < 10.0 { format!("{millis:.1} ms") } else { span(millis / 1_000.0) }
}

/// A share, with the figures behind it.
pub(super) fn availability(step: &StepRecord) -> String {
    let availability = step.answers.availability();
    match availability.ratio() {
        Some(ratio) => percent(ratio),
        None => "not measured".to_owned(),
    }
}

/// What a step came to, in two or three sentences for somebody who was not there.
pub fn story(step: &StepRecord) -> String {
    if step.ending == Ending::Refused {
        return format!("Not done: {}.", step.refused.as_deref().unwrap_or("it was refused"));
    }
    let known = step.answers.known();
    let Some(t1) = step.moments.t1 else {
        let degraded: Vec<&str> =
            step.pages.iter().filter(|page| page.effect == "degrades").map(|page| page.page.as_str()).collect();
        let less = match degraded.as_slice() {
            [] => String::new(),
            pages => format!(" Something may have been missing on {}.", list(pages)),
        };
        return format!("Nobody noticed: all {known} requests were answered.{less}");
    };
    let failed: Vec<&str> =
        step.pages.iter().filter(|page| page.answers.bad > 0).map(|page| page.page.as_str()).collect();
    let what = match (step.impact.as_deref(), failed.as_slice()) {
        (Some("slowed"), _) | (_, []) => "pages became slow".to_owned(),
        (_, [one]) => format!("{one} failed"),
        (_, pages) if pages.len() == step.pages.len() => "every page failed".to_owned(),
        (_, pages) => format!("{} failed", list(pages)),
    };
    let noticed = format!("Customers noticed after {}: {what}.", span(t1));
    let end = match (step.moments.t4, step.moments.t3) {
        (Some(t4), Some(t3)) if t4 >= t3 => {
            format!(
                " The fault was undone {} after it began, and the shop was good again {} later.",
                span(t3),
                span(t4 - t3)
            )
        }
        (Some(t4), Some(_)) => {
            format!(" The shop was good again {} later, before the fault was undone.", span(t4 - t1))
        }
        (Some(t4), None) => format!(" The shop was good again {} later, by itself.", span(t4 - t1)),
        (None, _) => " It was not seen to recover.".to_owned(),
    };
    format!("{noticed}{end} {} of {known} requests failed.", step.answers.bad)
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 step`, `2 steps`.
pub(super) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The five moments that were seen, with what each means.
pub(super) fn moments(step: &StepRecord) -> Vec<(&'static str, Option<f64>, String)> {
    let moments = step.moments;
    let since = |from: Option<f64>, to: Option<f64>, what: &str| match (from, to) {
        (Some(from), Some(to)) => format!("; {what} {}", span((to - from).max(0.0))),
        _ => String::new(),
    };
    let slowed = step.impact.as_deref() == Some("slowed");
    let first = if slowed { "a page became much slower" } else { "the first request failed" };
    let t1 = match moments.t1 {
        Some(_) => format!("{first}{}", since(Some(0.0), moments.t1, "time to impact")),
        None => "no request failed".to_owned(),
    };
    let t2 = match (&step.alerts, moments.t2) {
        (None, _) => "no Prometheus of this shop was there to raise an alert".to_owned(),
        (Some(_), None) => "no alert fired: nobody would have been told".to_owned(),
        (Some(alerts), Some(t2)) => {
            let name = alerts.iter().find(|alert| alert.at >= t2).map_or("an alert", |alert| alert.name.as_str());
            format!("{name} fired{}", since(moments.t1, moments.t2, "time to detect"))
        }
    };
    let t3 = match moments.t3 {
        Some(_) => format!("the fault was undone{}", since(moments.t2, moments.t3, "time to mitigate")),
        None => "nothing had to be undone".to_owned(),
    };
    let t4 = match (moments.t1, moments.t4) {
        (None, _) => "nothing had to recover".to_owned(),
        (_, None) => format!("not seen: no {:.0} good seconds in a row", step.good_stretch),
        (_, Some(_)) => {
            format!(
                "the first of {:.0} good seconds{}",
                step.good_stretch,
                since(moments.t1, moments.t4, "time to recover")
            )
        }
    };
    vec![
        ("T0", Some(0.0), "the fault was accepted".to_owned()),
        ("T1", moments.t1, t1),
        ("T2", moments.t2, t2),
        ("T3", moments.t3, t3),
        ("T4", moments.t4, t4),
    ]
}

/// Whether all is as it was.
pub(super) fn proof(step: &StepRecord) -> String {
    match step.differences.as_deref() {
        None => "The shop's objects were not compared.".to_owned(),
        Some([]) => "Compared object by object: all is as it was before.".to_owned(),
        Some(differences) => format!("{} from before are left.", count(differences.len(), "difference")),
    }
}

/// Whether monitoring did what was predicted.
pub(super) fn detection(step: &StepRecord) -> String {
    let expected: Vec<&str> = step.prediction.alerts.iter().map(|alert| alert.name.as_str()).collect();
    let said = match expected.as_slice() {
        [] => "No alert was predicted to fire within this fault".to_owned(),
        names => format!("{} could fire, by the prediction", list(names)),
    };
    let Some(alerts) = &step.alerts else {
        return format!("{said}. Nobody watched: no Prometheus of this shop was found.");
    };
    let mut fired: Vec<&str> = alerts.iter().filter(|alert| alert.at >= 0.0).map(|alert| alert.name.as_str()).collect();
    fired.sort_unstable();
    fired.dedup();
    match fired.as_slice() {
        [] => format!("{said}; none did."),
        names => format!("{said}; {} did.", list(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_the_digits_that_matter() {
        let spans: Vec<String> = [0.04, 4.23, 73.4, 125.0, 0.9999].into_iter().map(span).collect();
        assert_eq!(spans, ["40 ms", "4.2 s", "73 s", "2 min 5 s", "1.0 s"]);
    }

    #[test]
    fn lists_read_as_people_say_them() {
        assert_eq!(list(&["home", "product", "checkout"]), "home, product and checkout");
    }
}
