use std::collections::BTreeMap;

use super::*;
use crate::catalogue::Page;

const NOTHING: Seen<'static> = Seen {
    answers: Answers { good: 0, bad: 0, unknown: 0 },
    impact: None,
    recovery: None,
    broken: false,
    ended: 60.0,
    early: false,
    pages: &[],
    detection: Detection::Nobody,
    verdicts: [0, 0, 0],
};

fn mk_answers(good: u64, bad: u64) -> Seen<'static> {
    Seen { answers: Answers { good, bad, unknown: 0 }, ..NOTHING }
}

fn met(expectation: Expectation, seen: &Seen<'_>) -> Met {
    let judged = judge(&[expectation], seen);
    assert!(!judged[0].reason.is_empty());
    judged[0].met
}

fn mk_availability(at_least: &str, requests: u64) -> Expectation {
    Expectation::Availability { at_least: Share::parse(at_least).ok(), below: None, surely: None, requests }
}

#[test]
fn three_nines_are_not_judged_on_few_requests_unless_they_are_lost_already() {
    let three_nines = || mk_availability("99.9%", 3_000);
    assert_eq!(met(three_nines(), &mk_answers(3_000, 0)), Met::Met);
    assert_eq!(met(three_nines(), &mk_answers(2_997, 3)), Met::Met);
    assert_eq!(met(three_nines(), &mk_answers(2_996, 4)), Met::NotMet);
    assert_eq!(met(three_nines(), &mk_answers(2_000, 0)), Met::NotJudged);
    assert_eq!(met(three_nines(), &mk_answers(100, 10)), Met::NotMet);
    assert_eq!(met(three_nines(), &NOTHING), Met::NotJudged);
}

#[test]
fn confidence_is_a_demand_of_its_own() {
    let surely = Share::parse("99.9%").ok();
    let surely = || Expectation::Availability { at_least: None, below: None, surely, requests: 0 };
    assert_eq!(met(surely(), &mk_answers(3_000, 0)), Met::Met);
    assert_eq!(met(surely(), &mk_answers(2_999, 1)), Met::NotMet);
}

#[test]
fn a_contrast_expects_to_miss() {
    let below = Share::parse("99.9%").ok();
    let below = || Expectation::Availability { at_least: None, below, surely: None, requests: 0 };
    assert_eq!(met(below(), &mk_answers(900, 100)), Met::Met);
    assert_eq!(met(below(), &mk_answers(1_000, 0)), Met::NotMet);
}

#[test]
fn a_shop_that_never_failed_has_recovered_in_time() {
    let within = || Expectation::Recovery { within: Duration::from_secs(30) };
    assert_eq!(met(within(), &mk_answers(10, 0)), Met::Met);
    let failed = Seen { impact: Some(1.0), ..NOTHING };
    assert_eq!(met(within(), &Seen { recovery: Some(29.0), ..failed }), Met::Met);
    assert_eq!(met(within(), &Seen { recovery: Some(31.0), ..failed }), Met::NotMet);
    assert_eq!(met(within(), &Seen { broken: true, ..failed }), Met::NotMet);
    assert_eq!(met(within(), &Seen { broken: true, early: true, ended: 5.0, ..failed }), Met::NotJudged);
    assert_eq!(met(within(), &Seen { early: true, ..NOTHING }), Met::NotJudged);
}

#[test]
fn an_alert_counts_from_the_first_failure_and_not_from_before_the_fault() {
    let wanted = || Expectation::Detected { alert: "Burn".into(), within: Duration::from_secs(30) };
    let fired = |at| [AlertRecord { name: "Burn".into(), at, labels: BTreeMap::new() }];
    let (early, late, before) = (fired(39.0), fired(41.0), fired(-5.0));
    let seen = |alerts| Seen { impact: Some(10.0), detection: Detection::Fired(alerts), ..NOTHING };
    assert_eq!(met(wanted(), &NOTHING), Met::NotJudged);
    assert_eq!(met(wanted(), &seen(&early)), Met::Met);
    assert_eq!(met(wanted(), &seen(&late)), Met::NotMet);
    assert_eq!(met(wanted(), &seen(&before)), Met::NotMet);
    assert_eq!(met(wanted(), &Seen { ended: 20.0, ..seen(&[]) }), Met::NotJudged);
}

#[test]
fn a_page_that_must_stay_good_is_judged_on_its_own_answers() {
    let page = |page: &str, good, bad| PageRecord {
        page: page.into(),
        effect: String::new(),
        reason: String::new(),
        seen: String::new(),
        answers: Answers { good, bad, unknown: 0 },
        longest_gap: 0.0,
        verdict: String::new(),
    };
    let pages = [page("home", 50, 0), page("checkout", 3, 0), page("product", 50, 1)];
    let seen = Seen { pages: &pages, ..NOTHING };
    assert_eq!(met(Expectation::StaysGood(Page::Home), &seen), Met::Met);
    assert_eq!(met(Expectation::StaysGood(Page::Checkout), &seen), Met::NotJudged);
    assert_eq!(met(Expectation::StaysGood(Page::Product), &seen), Met::NotMet);
}

#[test]
fn one_refuted_prediction_of_a_day_is_enough() {
    let met = |verdicts| met(Expectation::Predicted, &Seen { verdicts, ..NOTHING });
    assert_eq!(met([3, 0, 0]), Met::Met);
    assert_eq!(met([3, 1, 1]), Met::NotMet);
    assert_eq!(met([3, 0, 1]), Met::NotJudged);
    assert_eq!(met([0, 0, 0]), Met::NotJudged);
}
