use proptest::prelude::*;

use super::*;

fn mk_sample(millis: u64, outcome: Outcome) -> Sample {
    Sample { at: Duration::from_millis(millis), page: Page::Home, took: Duration::from_millis(7), outcome }
}

fn mk_bad() -> Outcome {
    Outcome::Bad { status: Some(500), culprit: None }
}

/// A sample each 100 ms; bad within `outages` (in ms).
fn mk_run(length: u64, outages: &[(u64, u64)]) -> Vec<Sample> {
    (0..length / 100)
        .map(|n| n * 100)
        .map(|at| {
            let bad = outages.iter().any(|(from, to)| (*from..*to).contains(&at));
            mk_sample(at, if bad { mk_bad() } else { Outcome::Good })
        })
        .collect()
}

const T0: Duration = Duration::from_secs(5);

#[test]
fn one_outage_is_measured_from_first_bad_to_the_start_of_ten_good_seconds() {
    let m = measure(&mk_run(40_000, &[(6_000, 14_000)]), T0);
    assert_eq!(m.time_to_impact(), Some(Duration::from_secs(1)));
    assert_eq!(m.time_to_recovery(), Some(Duration::from_secs(8)));
    assert_eq!(m.longest_gap, Duration::from_secs(8));
    assert_eq!(m.availability, Availability { good: 270, bad: 80 });
}

#[test]
fn good_seconds_between_two_outages_are_no_recovery() {
    let m = measure(&mk_run(40_000, &[(6_000, 8_000), (12_000, 15_000)]), T0);
    assert_eq!(m.recovered_at, Some(Duration::from_secs(15)));
    assert_eq!(m.longest_gap, Duration::from_secs(3));
}

#[test]
fn a_shop_that_is_good_for_nine_seconds_has_not_recovered() {
    let m = measure(&mk_run(17_000, &[(6_000, 8_000)]), T0);
    assert_eq!(m.recovered_at, None);
}

#[test]
fn failures_before_the_fault_are_not_its_impact() {
    let m = measure(&mk_run(30_000, &[(1_000, 2_000)]), T0);
    assert_eq!(m.impact_at, None);
    assert_eq!(m.before[&Page::Home].bad, 10);
    assert_eq!(m.availability.bad, 0);
}

#[test]
fn an_outage_that_does_not_end_has_a_gap_but_no_recovery() {
    let m = measure(&mk_run(20_000, &[(6_000, 99_000)]), T0);
    assert_eq!(m.recovered_at, None);
    assert_eq!(m.longest_gap, Duration::from_millis(13_900));
}

#[test]
fn silence_of_the_api_server_is_no_good_stretch() {
    let mut samples = mk_run(20_000, &[(6_000, 7_000)]);
    for sample in samples.iter_mut().filter(|sample| sample.at > Duration::from_secs(8)) {
        sample.outcome = Outcome::Unknown { reason: "503 from the API server".into() };
    }
    samples.push(mk_sample(20_000, Outcome::Good));
    let m = measure(&samples, T0);
    assert_eq!(m.recovered_at, None);
    assert_eq!(m.since[&Page::Home].unknown, 119);
}

#[test]
fn percentiles_are_nearest_rank() {
    let samples: Vec<Sample> =
        (1..=20).map(|n| Sample { took: Duration::from_millis(n * 10), ..mk_sample(n, Outcome::Good) }).collect();
    let latency = measure(&samples, T0).latency.before.unwrap();
    assert_eq!(latency.p50, Duration::from_millis(100));
    assert_eq!(latency.p95, Duration::from_millis(190));
}

/// Home pages each 100 ms; those due in `slow` take `millis`, the others 7 ms.
fn mk_slow_run(length: u64, slow: std::ops::Range<u64>, millis: u64) -> Vec<Sample> {
    let mut samples = mk_run(length, &[]);
    for sample in &mut samples {
        if slow.contains(&u64::try_from(sample.at.as_millis()).unwrap()) {
            sample.took = Duration::from_millis(millis);
        }
    }
    samples
}

#[test]
fn where_nothing_fails_lasting_slowness_is_the_impact() {
    let m = measure(&mk_slow_run(40_000, 7_000..17_000, 900), T0);
    assert_eq!((m.impact, m.time_to_impact()), (Some(Impact::Slowed), Some(Duration::from_secs(2))));
    assert_eq!(m.time_to_recovery(), Some(Duration::from_secs(10)));
    let home = m.latency_by_page[&Page::Home];
    let median = |latency: Option<Latency>| latency.map(|latency| latency.p50.as_millis());
    assert_eq!((median(home.before), median(home.during), median(home.after)), (Some(7), Some(900), Some(7)));
    assert_eq!(m.availability.bad, 0);
}

#[test]
fn slowness_that_passes_at_once_or_that_nobody_feels_is_no_impact() {
    assert_eq!(measure(&mk_slow_run(40_000, 7_000..7_400, 900), T0).impact, None);
    assert_eq!(measure(&mk_slow_run(40_000, 7_000..17_000, 150), T0).impact, None);
}

#[test]
fn a_failure_outweighs_slowness() {
    let mut samples = mk_slow_run(40_000, 7_000..17_000, 900);
    samples[120].outcome = mk_bad();
    let m = measure(&samples, T0);
    assert_eq!((m.impact, m.impact_at), (Some(Impact::Failed), Some(Duration::from_secs(12))));
}

#[test]
fn moments_from_elsewhere_give_the_times_to_detect_and_to_mitigate() {
    let seconds = Duration::from_secs;
    let marks = Marks::at(T0).detected_at(Some(seconds(8))).undone_at(Some(seconds(13)));
    let m = measure(&mk_run(40_000, &[(6_000, 14_000)]), marks);
    assert_eq!(m.time_to_detect(), Some(seconds(2)));
    assert_eq!(m.time_to_mitigate(), Some(seconds(5)));
    assert_eq!((m.time_to_recovery(), m.recovery_after_undo()), (Some(seconds(8)), Some(seconds(1))));
    let early = measure(&mk_run(40_000, &[(6_000, 14_000)]), marks.undone_at(Some(seconds(20))));
    assert_eq!(early.recovery_after_undo(), None, "it had recovered before");
    assert_eq!(Marks::at(T0).detected_at(Some(seconds(2))).detected_at, None, "that alert was about something else");
}

#[test]
fn as_long_as_the_fault_stands_it_is_not_after() {
    let mut samples = mk_slow_run(60_000, 5_000..30_000, 50);
    samples[60].outcome = mk_bad();
    let m = measure(&samples, Marks::at(T0).undone_at(Some(Duration::from_secs(30))));
    assert_eq!(m.latency.after.map(|latency| latency.p99), Some(Duration::from_millis(7)));
    assert_eq!(m.latency.during.map(|latency| latency.p50), Some(Duration::from_millis(50)));
}

#[test]
fn a_gameday_wants_a_whole_good_minute() {
    let samples = mk_run(60_000, &[(6_000, 14_000)]);
    assert_eq!(measure(&samples, Marks::at(T0).good_stretch(Duration::from_secs(60))).recovered_at, None);
    assert!(measure(&samples, Marks::at(T0).good_stretch(Duration::from_secs(45))).recovered_at.is_some());
}

#[test]
fn eight_seconds_without_the_shop_are_a_third_of_a_per_cent_of_a_month() {
    let budget = measure(&mk_run(45_000, &[(6_000, 14_000)]), T0).budget;
    assert_eq!(budget.spent.as_secs(), 7, "{budget:?}");
    assert!((budget.share - 8.0 / 2592.0).abs() < 1e-4, "{budget:?}");
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Good),
        2 => Just(mk_bad()),
        1 => Just(Outcome::Timeout),
        1 => Just(Outcome::Unknown { reason: "refused".into() }),
    ]
}

proptest! {
    #[test]
    fn moments_are_ordered_and_every_sample_is_counted_once(
        outcomes in prop::collection::vec(outcomes(), 0..600), injected in 0_u64..30_000,
    ) {
        let mut samples: Vec<Sample> =
            outcomes.into_iter().zip(0_u64..).map(|(outcome, n)| mk_sample(n * 50, outcome)).collect();
        let injected = Duration::from_millis(injected);
        let m = measure(&samples, injected);
        prop_assert_eq!(m.impact == Some(Impact::Failed), m.availability.bad > 0);
        prop_assert!(m.budget.spent <= m.ended_at.saturating_sub(injected));
        for latencies in m.latency_by_page.values().chain([&m.latency]) {
            let phases = [latencies.before, latencies.during, latencies.after];
            prop_assert!(phases.iter().flatten().all(|phase| phase.p50 <= phase.p95 && phase.p95 <= phase.p99));
        }
        if let Some(impact) = m.impact_at {
            prop_assert!(impact >= injected);
            prop_assert!(m.recovered_at.is_none_or(|recovered| recovered > impact && recovered <= m.ended_at));
        } else {
            prop_assert!(m.recovered_at.is_none() && m.availability.bad == 0);
        }
        let counted: u64 =
            m.before.values().chain(m.since.values()).map(|tally| tally.known() + tally.unknown).sum();
        prop_assert_eq!(counted, samples.len() as u64);
        samples.reverse();
        prop_assert_eq!(measure(&samples, injected), m);
    }

    #[test]
    fn no_failure_lies_in_the_ten_seconds_after_recovery(outages in prop::collection::vec((0_u64..40_000, 100_u64..6_000), 0..5)) {
        let outages: Vec<(u64, u64)> = outages.into_iter().map(|(from, length)| (from, from + length)).collect();
        let samples = mk_run(60_000, &outages);
        if let Some(recovered) = measure(&samples, T0).recovered_at {
            let stretch = recovered..=recovered + GOOD_STRETCH;
            prop_assert!(!samples.iter().any(|sample| stretch.contains(&sample.at) && sample.outcome.is_bad()));
        }
    }

    /// However the moments lie, times are never negative, and no sample counts in two phases.
    #[test]
    fn undoing_and_detecting_never_change_what_was_seen(
        outcomes in prop::collection::vec(outcomes(), 0..600),
        took in prop::collection::vec(1_u64..2_000, 600),
        injected in 0_u64..30_000, detected in prop::option::of(0_u64..40_000), undone in prop::option::of(0_u64..40_000),
    ) {
        let samples: Vec<Sample> = outcomes.into_iter().zip(took).zip(0_u64..)
            .map(|((outcome, took), n)| Sample { took: Duration::from_millis(took), ..mk_sample(n * 50, outcome) })
            .collect();
        let bare = Marks::at(Duration::from_millis(injected));
        let marks = bare.detected_at(detected.map(Duration::from_millis)).undone_at(undone.map(Duration::from_millis));
        let (plain, m) = (measure(&samples, bare), measure(&samples, marks));
        prop_assert_eq!(
            (m.impact_at, m.recovered_at, m.availability, m.budget, &m.since),
            (plain.impact_at, plain.recovered_at, plain.availability, plain.budget, &plain.since)
        );
        let limit = Duration::from_secs(60);
        let times = [m.time_to_detect(), m.time_to_mitigate(), m.time_to_recovery(), m.recovery_after_undo()];
        prop_assert!(times.into_iter().flatten().all(|time| time <= limit), "{times:?}");
        prop_assert!(m.undone_at.is_none_or(|undone| undone >= m.injected_at));
        if let (Some(recovered), Some(undone)) = (m.recovered_at, m.undone_at) {
            prop_assert_eq!(m.recovery_after_undo().is_some(), recovered >= undone);
        }
    }
}
