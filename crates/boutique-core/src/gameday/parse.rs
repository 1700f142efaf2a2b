//! Reading a gameday's file: strictly, and with all problems at once.

use std::time::Duration;

use super::model::{Candidate, Entry, Expectation, Gameday, Needs, SteadyState, Teaching};
use super::share::Share;
use crate::catalogue::Page;
use crate::contract::is_dns_label;
use crate::fault::kind;
use crate::monitoring::alerts;

mod place;
mod reader;

pub use reader::Problem;
use reader::{Map, Node, Problems};

/// `apiVersion` of the file.
const API_VERSION: &str = "boutique.dev/v1";
/// `kind` of the file.
const KIND: &str = "Gameday";

/// Keys of the file, section by section; docs/gamedays.md describes each of them.
const GAMEDAY: &[&str] =
    &["apiVersion", "kind", "name", "title", "teaching", "needs", "seed", "steadyState", "faults", "expect"];
const TEACHING: &[&str] = &["see", "why", "change"];
const NEEDS: &[&str] = &["replicas", "monitoring"];
const REPLICAS: &[&str] = &["atLeast", "atMost"];
const STEADY: &[&str] = &["pages", "rate", "for", "availability", "p95"];
const FAULT: &[&str] =
    &["fault", "service", "services", "peer", "count", "for", "delay", "image", "gracePeriod", "title", "expect"];
const REPEAT: &[&str] = &["repeat", "faults"];
const RANDOM: &[&str] = &["random", "faults"];
const EXPECT: &[&str] = &["everyStep", "wholeDay"];
const EXPECTATION: &[&str] = &["availability", "recovery", "detected", "staysGood", "prediction"];
const AVAILABILITY: &[&str] = &["atLeast", "below", "surely", "requests"];
const RECOVERY: &[&str] = &["within"];
const DETECTED: &[&str] = &["alert", "within"];

/// Every section of the file with its keys: what a reference has to describe.
#[cfg(test)]
const SECTIONS: &[(&str, &[&str])] = &[
    ("file", GAMEDAY),
    ("teaching", TEACHING),
    ("needs", NEEDS),
    ("needs.replicas", REPLICAS),
    ("steadyState", STEADY),
    ("faults: a fault", FAULT),
    ("faults: repeat", REPEAT),
    ("faults: random", RANDOM),
    ("expect", EXPECT),
    ("expectations", EXPECTATION),
    ("availability", AVAILABILITY),
    ("recovery", RECOVERY),
    ("detected", DETECTED),
];

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
/// Requests per second beyond which one prober on one core is late.
const MOST_RATE: u64 = 2_000;
/// Levels of `repeat` and `random` within each other.
const DEEPEST: usize = 4;

/// Reads a file.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file.
pub fn parse(text: &str) -> Result<Gameday, Vec<Problem>> {
    let value = match serde_yaml_ng::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let line = error.location().map(|location| location.line());
            let (message, hint) = (format!("is no YAML: {error}"), "mind indentation and quotes".to_owned());
            return Err(vec![Problem { line, place: String::new(), message, hint }]);
        }
    };
    let problems = Problems::of(text);
    let gameday = read(&Node::root(&value, &problems));
    match (gameday, problems.into_vec()) {
        (Some(gameday), found) if found.is_empty() => Ok(gameday),
        (_, found) => Err(found),
    }
}

fn read(root: &Node<'_>) -> Option<Gameday> {
    let map = root.map(GAMEDAY)?;
    if let Some(node) = map.must("apiVersion", &format!("apiVersion: {API_VERSION}")) {
        node.one_of("version of this format that is known", &[API_VERSION]);
    }
    if let Some(node) = map.must("kind", &format!("kind: {KIND}")) {
        node.one_of("kind of file that is known here", &[KIND]);
    }
    let name = map.must("name", "name: three-nines").and_then(|node| {
        let name = node.text()?;
        if !is_dns_label(&name) {
            node.problem(
                format!("{name:?} is no name"),
                "use at most 63 of a-z, 0-9 and -, a letter or digit at both ends",
            );
        }
        Some(name)
    });
    let expect = map.get("expect").and_then(|node| node.map(EXPECT));
    let expected = |key| expect.as_ref().and_then(|map| map.get(key)).map_or_else(Vec::new, |node| expectations(&node));
    let faults = map.must("faults", "faults: [{fault: kill-pods, service: cartservice}]");
    let gameday = Gameday {
        name: name.unwrap_or_default(),
        title: map
            .must("title", "title: A pod dies and nobody notices")
            .and_then(|node| node.text())
            .unwrap_or_default(),
        teaching: map.get("teaching").and_then(|node| teaching(&node)).unwrap_or_default(),
        needs: map.get("needs").and_then(|node| needs(&node)).unwrap_or_default(),
        seed: map.get("seed").and_then(|node| node.number(0..=u64::MAX)).unwrap_or(1),
        steady: steady(map.get("steadyState").as_ref()),
        faults: faults.map_or_else(Vec::new, |node| entries(&node, 0)),
        every_step: expected("everyStep"),
        whole_day: expected("wholeDay"),
    };
    let wants_alert = |expectation: &Expectation| matches!(expectation, Expectation::Detected { .. });
    if gameday.whole_day.iter().any(wants_alert) {
        map.problem("expect.wholeDay.detected makes no sense", "a day has no first failure: expect it of a step");
    }
    Some(gameday)
}

fn teaching(node: &Node<'_>) -> Option<Teaching> {
    let map = node.map(TEACHING)?;
    let text = |key| map.get(key).and_then(|node: Node<'_>| node.text()).unwrap_or_default();
    Some(Teaching { see: text("see"), why: text("why"), change: text("change") })
}

fn needs(node: &Node<'_>) -> Option<Needs> {
    let map = node.map(NEEDS)?;
    let replicas = map.get("replicas").and_then(|node| node.map(REPLICAS));
    let count = |key| replicas.as_ref()?.get(key)?.number(1..=500);
    let (at_least, at_most) = (count("atLeast"), count("atMost"));
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
    {
        map.problem("replicas contradict each other", "atLeast must not be more than atMost");
    }
    Some(Needs { at_least, at_most, monitoring: map.get("monitoring").and_then(|node| node.flag()).unwrap_or(false) })
}

fn steady(node: Option<&Node<'_>>) -> SteadyState {
    let mut steady = SteadyState {
        pages: Page::ALL.to_vec(),
        rate: 20,
        lasts: Duration::from_secs(60),
        availability: Share::ALL,
        p95: None,
    };
    let Some(map) = node.and_then(|node| node.map(STEADY)) else { return steady };
    if let Some(pages) = map.get("pages") {
        steady.pages = pages.list("the shop's pages").iter().filter_map(Node::page).collect();
        steady.pages.sort_unstable();
        steady.pages.dedup();
    }
    if let Some(rate) = map.get("rate").and_then(|node| node.number(1..=MOST_RATE)) {
        steady.rate = u32::try_from(rate).unwrap_or(steady.rate);
    }
    if let Some(lasts) = map.get("for").and_then(|node| node.duration(5 * SECOND..=HOUR)) {
        steady.lasts = lasts;
    }
    if let Some(share) = map.get("availability").and_then(|node| node.share()) {
        steady.availability = share;
    }
    steady.p95 = map.get("p95").and_then(|node| node.duration(Duration::from_millis(1)..=60 * SECOND));
    steady
}

fn entries(node: &Node<'_>, depth: usize) -> Vec<Entry> {
    if depth > DEEPEST {
        node.problem("lies too deep", format!("nest repeat and random at most {DEEPEST} times"));
        return Vec::new();
    }
    node.list("faults").iter().filter_map(|node| entry(node, depth)).collect()
}

fn entry(node: &Node<'_>, depth: usize) -> Option<Entry> {
    // The key that says what it is also says which other keys there may be.
    let all: Vec<&str> = [FAULT, &["repeat", "random", "faults"]].concat();
    if !node.is_mapping() {
        node.map(&all)?;
    }
    let is = |key| node.has(key);
    let within =
        |map: &Map<'_>| map.must("faults", "a list of faults").map_or_else(Vec::new, |node| entries(&node, depth + 1));
    if is("repeat") {
        let map = node.map(REPEAT)?;
        let times = map.get("repeat").and_then(|node| node.number(1..=100));
        let faults = within(&map);
        return Some(Entry::Repeat { times: u32::try_from(times?).ok()?, faults });
    }
    if is("random") {
        let map = node.map(RANDOM)?;
        let draws = map.get("random").and_then(|node| node.number(1..=100));
        let faults = within(&map);
        return Some(Entry::Random { draws: u32::try_from(draws?).ok()?, faults });
    }
    fault(node).map(Entry::Fault)
}

fn fault(node: &Node<'_>) -> Option<Candidate> {
    let map = node.map(FAULT)?;
    let names: Vec<&str> = kind::ALL.iter().map(|kind| kind.name()).collect();
    let kind =
        map.must("fault", "fault: kill-pods").and_then(|node| kind::by_name(node.one_of("kind of fault", &names)?));
    let services = match (map.get("service"), map.get("services")) {
        (Some(one), None) => one.service().into_iter().collect(),
        (None, Some(many)) => many.list("services").iter().filter_map(Node::service).collect(),
        (Some(_), Some(_)) => {
            map.problem("service and services both say who", "write one of them");
            return None;
        }
        (None, None) => {
            map.problem("service is missing", "write for example service: cartservice");
            Vec::new()
        }
    };
    if let Some(kind) = kind {
        for unfit in services.iter().filter_map(|service| kind.unfit(*service)) {
            map.problem(unfit, "choose another service, or another fault");
        }
    }
    let span = |key, range| map.get(key).and_then(|node: Node<'_>| node.duration(range));
    let candidate = Candidate {
        kind: kind?,
        services,
        peer: map.get("peer").and_then(|node| node.service()),
        count: map.get("count").and_then(|node| node.number(1..=500)).and_then(|count| usize::try_from(count).ok()),
        lasts: span("for", 5 * SECOND..=HOUR).unwrap_or(Duration::from_secs(60)),
        delay: span("delay", Duration::from_millis(1)..=60 * SECOND),
        image: map.get("image").and_then(|node| node.text()),
        grace: span("gracePeriod", SECOND..=HOUR),
        title: map.get("title").and_then(|node| node.text()).unwrap_or_default(),
        expect: map.get("expect").map_or_else(Vec::new, |node| expectations(&node)),
    };
    Some(candidate)
}

fn expectations(node: &Node<'_>) -> Vec<Expectation> {
    let Some(map) = node.map(EXPECTATION) else { return Vec::new() };
    let mut found: Vec<Expectation> = Vec::new();
    found.extend(map.get("availability").and_then(|node| availability(&node)));
    found.extend(map.get("recovery").and_then(|node| {
        let within = node.map(RECOVERY)?.must("within", "within: 30s")?.duration(SECOND..=HOUR)?;
        Some(Expectation::Recovery { within })
    }));
    found.extend(map.get("detected").and_then(|node| detected(&node)));
    if let Some(node) = map.get("staysGood") {
        found.extend(node.list("the shop's pages").iter().filter_map(Node::page).map(Expectation::StaysGood));
    }
    if let Some(node) = map.get("prediction") {
        node.one_of("verdict that can be expected", &["confirmed"]);
        found.push(Expectation::Predicted);
    }
    found
}

fn availability(node: &Node<'_>) -> Option<Expectation> {
    if !node.is_mapping() {
        let at_least = node.share()?;
        return Some(Expectation::Availability { at_least: Some(at_least), below: None, surely: None, requests: 0 });
    }
    let map = node.map(AVAILABILITY)?;
    let share = |key| map.get(key).and_then(|node: Node<'_>| node.share());
    if !["atLeast", "below", "surely"].iter().any(|key| map.has(key)) {
        map.problem("says neither atLeast nor below nor surely", "write for example availability: 99.9%");
    }
    Some(Expectation::Availability {
        at_least: share("atLeast"),
        below: share("below"),
        surely: share("surely"),
        requests: map.get("requests").and_then(|node| node.number(1..=1_000_000)).unwrap_or(0),
    })
}

fn detected(node: &Node<'_>) -> Option<Expectation> {
    let map = node.map(DETECTED)?;
    let alert = map
        .must("alert", "alert: BoutiqueServiceDown")
        .and_then(|node| node.one_of("alert of boutique_monitoring", &alerts::names()));
    let within = map.must("within", "within: 2m").and_then(|node| node.duration(SECOND..=HOUR));
    Some(Expectation::Detected { alert: alert?.to_owned(), within: within? })
}

#[cfg(test)]
mod tests;
