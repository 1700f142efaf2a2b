use super::*;
use crate::gameday::baseline::compare;
use crate::gameday::journal::fixture::mk_journal;

fn mk_report(journal: &Journal) -> Report<'_> {
    Report { journal, comparison: None }
}

#[test]
fn the_markdown_report_reads_well() {
    insta::assert_snapshot!(mk_report(&mk_journal()).markdown());
}

#[test]
fn the_report_for_programs_keeps_its_form() {
    let mut report = mk_report(&mk_journal()).json();
    report["steps"].as_array_mut().unwrap().truncate(2);
    insta::assert_json_snapshot!(report);
}

#[test]
fn the_page_is_made_again_to_the_last_byte() {
    let journal = mk_journal();
    let again = Journal::read(&journal.write().unwrap()).unwrap();
    assert_eq!(mk_report(&journal).html(), mk_report(&again).html());
    insta::assert_snapshot!("page", mk_report(&journal).html());
}

/// Whatever loads, runs, or leads elsewhere: a report is opened years later, offline, from a mail.
#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = mk_report(&mk_journal()).html();
    for foreign in ["<script", "<link", "<img", "<iframe", "src=", "url(", "@import", "javascript:", "onload"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let links: Vec<&str> = page.split("href=\"").skip(1).filter(|link| !link.starts_with('#')).collect();
    assert_eq!(links, [] as [&str; 0]);
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn text_from_elsewhere_never_becomes_markup() {
    let mut journal = mk_journal();
    let evil = "<script>alert(1)</script> & \"x\" | *pod*";
    journal.gameday.title = evil.into();
    journal.place.who = evil.into();
    journal.steps[0].title = evil.into();
    journal.steps[0].fault.service = evil.into();
    journal.steps[0].fault.undo = evil.into();
    journal.steps[1].pages[0].seen = evil.into();
    journal.steps[1].expectations[0].reason = evil.into();
    journal.steps[2].differences = Some(vec![evil.into()]);
    let report = mk_report(&journal);
    assert!(!report.html().contains("<script"));
    assert!(!report.markdown().contains("<script"));
}

#[test]
fn every_picture_has_a_title_and_every_table_has_headers() {
    let page = mk_report(&mk_journal()).html();
    for picture in page.split("<svg").skip(1) {
        let picture = picture.split("</svg>").next().unwrap_or_default();
        assert!(picture.contains("role=\"img\"") && picture.contains("<title"), "{picture:.200}");
    }
    for table in page.split("<table").skip(1) {
        assert!(table.split("</table>").next().is_some_and(|table| table.contains("<th scope=")), "{table:.200}");
    }
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "an id stands twice");
}

#[test]
fn words_of_kubernetes_are_explained_where_they_first_stand() {
    let page = mk_report(&mk_journal()).html();
    for word in ["namespace", "fault", "pod", "error budget", "p95", "Prediction", "Prometheus"] {
        assert_eq!(page.matches(&format!("<dfn>{word}</dfn>")).count(), 1, "{word}");
    }
}

#[test]
fn what_got_worse_stands_in_every_report() {
    let (earlier, mut now) = (mk_journal(), mk_journal());
    now.steps[1].moments.t4 = Some(80.0);
    let comparison = compare(&now, &earlier);
    let report = Report { journal: &now, comparison: Some(&comparison) };
    assert!(report.html().contains("something got worse"));
    assert!(report.markdown().contains("**worse**: step 2, "));
    assert_eq!(report.json()["comparison"]["regressions"][0]["step"], 2);
}

#[test]
fn a_gameday_that_ended_early_says_so_first() {
    use crate::gameday::journal::{Stopped, StoppedBy};
    let mut journal = mk_journal();
    journal.steps.truncate(1);
    journal.stopped = Some(Stopped { by: StoppedBy::Refusal, reason: "the shop is not healthy".into() });
    let report = mk_report(&journal);
    assert!(report.markdown().contains("**Not run to its end: refused**: 1 of 4 steps done"));
    assert!(report.html().contains("It ended early: the shop is not healthy"));
}
