//! A recorded gameday without a cluster: the plan is made from a file, samples come from a timetable and a little arithmetic,
//! and everything after that is what a real run goes through.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::{
    AlertRecord, Answers, Ending, EventRecord, Journal, Place, Ran, Raw, SteadyRecord, StepRecord, raw, sha256,
};
use crate::catalogue::Page;
use crate::fault::{Act, PodRef};
use crate::gameday::plan::{Step, plan};
use crate::gameday::{Day, parse};
use crate::grade::grade;
use crate::measure::{Marks, measure};
use crate::monitoring::Windows;
use crate::predict::{Gone, Kill, Loss, Readiness, predict};
use crate::probe::{Outcome, Sample, Timetable};
use crate::service::Service;

pub(in crate::gameday) const FILE: &str = "\
apiVersion: boutique.dev/v1
kind: Gameday
name: recorded
title: A pod dies, a service dies, and the shop's memory is lost
teaching:
  see: |
    With a second pod at its side, a killed pod costs nothing that a customer would notice.

    Without one, the same kill is an outage of every page that needs the service.
  why: |
    A new pod needs about twenty seconds until it answers. Somebody else has to answer meanwhile.
  change: |
    - run at least two pods of each service
    - keep the carts where the death of a pod does not lose them
steadyState: {rate: 50, for: 10s}
faults:
  - {fault: kill-pods, service: cartservice, count: 1, title: One of two pods of cartservice is killed}
  - {fault: kill-pods, service: currencyservice, title: The only pod of currencyservice is killed}
  - {fault: kill-pods, service: emailservice, title: Nobody sends confirmations}
  - fault: redis-outage
    service: redis-cart
    title: The store of the carts is gone for half a minute
    for: 30s
    expect:
      detected: {alert: BoutiqueGreenButBroken, within: 60s}
      staysGood: [home]
expect:
  everyStep:
    availability: {atLeast: 99.9%, requests: 1500}
    recovery: {within: 30s}
    prediction: confirmed
  wholeDay:
    availability: 95%
";

/// T0 of every step, since the prober's start.
const T0: Duration = Duration::from_secs(10);

/// What a step's samples look like.
struct Course {
    /// Seconds after T0 in which requests fail.
    broken: std::ops::Range<f64>,
    /// How.
    failure: Outcome,
    /// Pages that fail.
    pages: &'static [Page],
    loss: Loss,
    /// Seconds after T0.
    undone: Option<f64>,
    alerts: &'static [(&'static str, f64)],
    events: &'static [(f64, &'static str)],
    undo: &'static str,
}

pub(in crate::gameday) fn mk_journal() -> Journal {
    let gameday = parse(FILE).unwrap();
    let plan = plan(&gameday, None).unwrap();
    let mut lines = String::new();
    let mut day = Day::begin(&gameday, FILE, &plan, mk_place(), at(0));
    for step in &plan.steps {
        let record = mk_record(step, &mut lines);
        day.add(step, record);
    }
    let samples = lines.lines().count() as u64;
    day.journal(at(600), Some(Raw { file: "samples.jsonl".into(), samples, sha256: sha256(lines.as_bytes()) }))
}

fn mk_place() -> Place {
    Place {
        who: "alice@example.com".into(),
        server: "https://10.0.0.1:6443".into(),
        server_version: "v1.36.3".into(),
        namespace: "shop".into(),
        stack: Some("shop/shop".into()),
        stack_digest: Some("sha256:7d1f0c".into()),
        plugin_version: "0.1.0".into(),
        way: "http://shop.local".into(),
        rate: 50,
        replicas: BTreeMap::from([("cartservice".into(), 2), ("currencyservice".into(), 1), ("redis-cart".into(), 1)]),
        prometheus: Some("monitoring/shop".into()),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn mk_readiness(delay: u64) -> Readiness {
    Readiness { delay: Duration::from_secs(delay), period: Duration::from_secs(10), startup: None }
}

fn mk_kill(service: Service, survivors: usize) -> Loss {
    Loss::Killed(Kill { service, killed: 1, survivors, grace: Duration::from_secs(1), readiness: mk_readiness(15) })
}

const NO_FAILURE: Outcome = Outcome::Good;

fn course(step: &Step) -> Course {
    let quiet = |loss| Course {
        broken: 0.0..0.0,
        failure: NO_FAILURE,
        pages: &[],
        loss,
        undone: None,
        alerts: &[],
        events: &[(0.4, "pod a is stopping"), (2.1, "pod b was started"), (19.6, "pod b is ready")],
        undo: "healed by itself: its ReplicaSet started pod b",
    };
    match step.service {
        Service::Cartservice => quiet(mk_kill(Service::Cartservice, 1)),
        Service::Emailservice => quiet(mk_kill(Service::Emailservice, 0)),
        Service::Currencyservice => Course {
            broken: 1.2..22.7,
            failure: Outcome::Bad { status: Some(500), culprit: None },
            pages: &[Page::Home, Page::Product, Page::ViewCart, Page::Checkout],
            ..quiet(mk_kill(Service::Currencyservice, 0))
        },
        service => Course {
            broken: 0.2..47.5,
            failure: Outcome::Timeout,
            pages: &Page::ALL,
            loss: Loss::Gone(Gone::at_once(service, 0, step.lasts, Duration::from_secs(1), mk_readiness(1))),
            undone: Some(30.0),
            alerts: &[("BoutiqueGreenButBroken", 17.0), ("BoutiqueErrorBudgetBurn", 21.0)],
            events: &[(0.3, "pod a restarts"), (30.2, "pod a is stopping"), (33.9, "pod b is ready")],
            undo: "pod a was deleted; its ReplicaSet started pod b",
        },
    }
}

fn mk_record(step: &Step, lines: &mut String) -> StepRecord {
    let course = course(step);
    let samples: Vec<Sample> = (0..50 * 80).map(|n| mk_sample(n, &course)).collect();
    let since_start = |since: f64| T0 + Duration::from_secs_f64(since);
    let marks = Marks::at(T0)
        .detected_at(course.alerts.first().map(|(_, at)| since_start(*at)))
        .undone_at(course.undone.map(since_start))
        .good_stretch(T0);
    let measurement = measure(&samples, marks);
    let prediction = predict(&course.loss);
    lines.push_str(&raw(step.number, &samples, T0));
    let pod = PodRef { name: format!("{}-7c9f-a", step.service), uid: "c0ffee".into() };
    let request = Act::Delete { pod, grace: None }.request("shop").unwrap();
    let ran = Ran {
        id: format!("a1b{}", step.number),
        injected: at(60 * i64::try_from(step.number).unwrap()),
        steady: SteadyRecord {
            lasts: 10.0,
            answers: Answers { good: 500, bad: 0, unknown: 0 },
            p95: Some(21.4),
            refused: None,
        },
        requests: &[request],
        by_hand: &[],
        prediction: &prediction,
        measurement: &measurement,
        grade: &grade(&prediction, &measurement),
        samples: &samples,
        undone_at: measurement.undone_at,
        windows: Windows::Lab,
        alerts: Some(course.alerts.iter().map(mk_alert).collect()),
        events: course.events.iter().map(|(at, text)| EventRecord { at: *at, text: (*text).into() }).collect(),
        ending: Ending::Recovered,
        undone: vec![course.undo.into()],
        differences: Some(Vec::new()),
    };
    StepRecord::of(step, ran)
}

fn mk_alert((name, at): &(&str, f64)) -> AlertRecord {
    AlertRecord { name: (*name).into(), at: *at, labels: BTreeMap::from([("severity".into(), "critical".into())]) }
}

/// The `n`-th request. Answers take some milliseconds, more for pages that need more calls, and vary from one to the next.
fn mk_sample(n: u64, course: &Course) -> Sample {
    let slot = Timetable { rate: 50 }.slot(n);
    let since = slot.at.as_secs_f64() - T0.as_secs_f64();
    let fails = course.broken.contains(&since) && course.pages.contains(&slot.page);
    let page = Page::ALL.iter().position(|page| *page == slot.page).unwrap_or_default() as u64;
    let usual = Duration::from_micros(6_000 + 2_500 * page + (n * 7_919) % 9_000);
    let (outcome, took) = match (&course.failure, fails) {
        (_, false) => (Outcome::Good, usual),
        (Outcome::Timeout, true) => (Outcome::Timeout, Duration::from_secs(2)),
        (failure, true) => (failure.clone(), usual / 3),
    };
    Sample { at: slot.at, page: slot.page, took, outcome }
}

/// What the requests of the fixture look like to a reader of the journal.
#[test]
fn the_fixture_is_made_of_requests_that_would_be_sent() {
    let journal = mk_journal();
    let request = &journal.steps[0].fault.requests[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("DELETE", "/api/v1/namespaces/shop/pods/cartservice-7c9f-a")
    );
    assert_eq!(request.body["preconditions"], json!({"uid": "c0ffee"}));
}
