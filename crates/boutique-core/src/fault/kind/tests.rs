use std::fmt::Write as _;

use super::testing::{mk_scene, mk_wish};
use super::*;
use crate::catalogue::Page;
use crate::fault::role::needs;
use crate::monitoring::Windows;
use crate::predict::{Effect, Fires};

/// What a kind says of every service, one row each, and under it what is not in the table.
fn table(kind: &dyn FaultType, replicas: u64, image: Option<&str>) -> String {
    let scene = mk_scene(replicas);
    let mut rows = String::new();
    let mut words = String::new();
    let mut known: Vec<(String, Service)> = Vec::new();
    for service in Service::ALL {
        if let Some(reason) = kind.unfit(service) {
            writeln!(rows, "{service:<22} not for it: {reason}").unwrap();
            continue;
        }
        let wish = Wish { image: image.map(str::to_owned), ..mk_wish(service) };
        match kind.inject(&scene, &wish) {
            Ok(injection) => {
                rows.push_str(&row(service, &injection.prediction));
                let said = said(&injection);
                match known.iter().find(|(other, _)| *other == said) {
                    Some((_, other)) => writeln!(words, "{service}\n  as {other}").unwrap(),
                    None => write!(words, "{service}\n{said}").unwrap(),
                }
                known.push((said, service));
            }
            Err(refusal) => writeln!(rows, "{service:<22} refused: {refusal}; {}", refusal.remedy).unwrap(),
        }
    }
    let head: String = Page::ALL.iter().map(|page| format!("{:<12}", page.name())).collect();
    format!("{:<22} {head}for\n{rows}\n{words}", kind.name())
}

fn row(service: Service, prediction: &Prediction) -> String {
    let pages: String = prediction
        .pages
        .iter()
        .map(|page| {
            let late = page.late_by.filter(|_| page.effect == Effect::Slows);
            let late = late.map(|late| format!(" {:.1}s", late.as_secs_f64())).unwrap_or_default();
            format!("{:<12}", format!("{}{late}", page.effect))
        })
        .collect();
    let gap = prediction.gap.map_or_else(|| "-".to_owned(), |gap| gap.to_string());
    format!("{service:<22} {pages}{gap}\n")
}

fn said(injection: &Injection) -> String {
    let prediction = &injection.prediction;
    let mut out = String::new();
    let mut reasons: Vec<&str> = Vec::new();
    for page in &prediction.pages {
        if !reasons.contains(&page.reason.as_str()) {
            reasons.push(&page.reason);
            writeln!(out, "  {}: {}", page.page, page.reason).unwrap();
        }
    }
    for alert in &prediction.alerts {
        let told = |windows| match alert.fires(windows) {
            Fires::Never => "never".to_owned(),
            fires => format!(
                "{} after {} s",
                if fires == Fires::Surely { "yes" } else { "perhaps" },
                alert.after_at(windows).as_secs()
            ),
        };
        let (standard, lab) = (told(Windows::Standard), told(Windows::Lab));
        writeln!(out, "  alert {}: {standard}; in the lab {lab} ({})", alert.name, alert.reason).unwrap();
    }
    if prediction.alerts.is_empty() {
        out.push_str("  nobody is told\n");
    }
    for note in &prediction.notes {
        writeln!(out, "  note: {note}").unwrap();
    }
    if let Some(ending) = &prediction.ending {
        writeln!(out, "  end: {ending}").unwrap();
    }
    out
}

#[test]
fn every_kind_says_beforehand_what_it_does_to_every_service() {
    for kind in ALL {
        insta::assert_snapshot!(kind.name(), table(*kind, 1, None));
    }
}

#[test]
fn every_kind_says_beforehand_what_two_pods_of_each_change() {
    for kind in ALL {
        insta::assert_snapshot!(format!("{}-ha", kind.name()), table(*kind, 2, None));
    }
}

#[test]
fn a_proxy_slows_every_service_that_somebody_calls() {
    insta::assert_snapshot!(table(&latency::Latency, 1, Some("toxiproxy:2.12.0")));
}

#[test]
fn every_right_is_named_with_its_purpose() {
    let mut out = String::new();
    for kind in ALL {
        let since = kind.since().map_or_else(String::new, |minor| format!(", from 1.{minor} on"));
        writeln!(out, "{} ({}){since}: {}", kind.name(), kind.undo(), kind.about()).unwrap();
        for need in needs(*kind).iter().skip(crate::fault::common_needs().len()) {
            writeln!(out, "  {need}: {}{}", need.purpose, if need.required { "" } else { " (if allowed)" }).unwrap();
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn names_are_unique_and_found() {
    for kind in ALL {
        assert_eq!(by_name(kind.name()).map(FaultType::name), Some(kind.name()));
    }
    assert_eq!(ALL.len(), 11);
}

#[test]
fn what_is_touched_can_be_undone_from_the_record_alone() {
    for (kind, service) in ALL.iter().flat_map(|kind| Service::ALL.map(|service| (kind, service))) {
        let Ok(injection) = kind.inject(&mk_scene(1), &mk_wish(service)) else { continue };
        let changed = injection.acts.iter().any(|act| matches!(act, Act::Change(_)));
        let added = injection.acts.iter().any(|act| matches!(act, Act::Add(_)));
        match kind.undo() {
            Undo::Live => assert!(!changed && !added, "{} of {service}", kind.name()),
            Undo::Added => assert!(!changed && added, "{} of {service}", kind.name()),
            Undo::Changed => assert!(changed, "{} of {service}", kind.name()),
        }
        // Whoever resizes a pod has marked it before.
        for (at, act) in injection.acts.iter().enumerate() {
            if let Act::Resize { pod, .. } = act {
                assert!(
                    injection.acts[..at]
                        .iter()
                        .any(|act| matches!(act, Act::PatchPod { pod: marked, .. } if marked == pod))
                );
            }
        }
        assert_eq!(injection.prediction.service, service, "{}", kind.name());
        assert!(kind.unfit(service).is_none() || injection.acts.is_empty() || kind.name() != "leak");
    }
}

#[test]
fn by_default_pods_are_killed_and_the_reason_says_how_many() {
    let (kind, reason) = default_for(Service::Cartservice, &mk_scene(2));
    assert_eq!(kind.name(), "kill-pods");
    assert!(reason.contains("the 2 pods of cartservice"), "{reason}");
}
