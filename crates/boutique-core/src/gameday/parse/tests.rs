use super::*;
use crate::service::Service;

const SMALL: &str = "\
apiVersion: boutique.dev/v1
kind: Gameday
name: small
title: A pod dies
faults:
  - fault: kill-pods
    service: cartservice
";

fn told(text: &str) -> Vec<String> {
    parse(text).unwrap_err().iter().map(Problem::to_string).collect()
}

#[test]
fn the_smallest_gameday_takes_every_default() {
    let gameday = parse(SMALL).unwrap();
    assert_eq!(gameday.steady.lasts, Duration::from_secs(60));
    assert_eq!(gameday.steady.rate, 20);
    assert_eq!(gameday.steady.pages, Page::ALL);
    let Entry::Fault(fault) = &gameday.faults[0] else { panic!("no fault") };
    assert_eq!((fault.kind.name(), fault.services.as_slice()), ("kill-pods", &[Service::Cartservice][..]));
}

#[test]
fn every_problem_is_told_at_once_with_its_line_and_a_way_out() {
    let text = "\
apiVersion: boutique.dev/v2
kind: Gameday
title: A pod dies
steadystate: {}
needs: {replicas: {atLeast: 3, atMost: 2}}
steadyState:
  pages: [home, cart]
  rate: many
  for: 10
  availability: 99.9
  p95: 1y
faults:
  - fault: kil-pods
    servce: cartservice
  - fault: kill-pods
    services: [cartservice, recomendationservice]
    count: 0
  - repeat: 0
    faults: []
  - random: 2
    fault: kill-pods
expect:
  everyStep:
    availability: {requests: 10}
    recovery: 30s
    detected: {alert: BoutiqueServiceGone, within: 2m}
    prediction: refuted
  wholeday: {}
";
    insta::assert_snapshot!(told(text).join("\n"));
}

#[test]
fn what_is_no_yaml_is_told_with_its_line() {
    let problems = told("apiVersion: boutique.dev/v1\nkind: [");
    assert!(problems[0].contains("is no YAML"), "{problems:?}");
    assert!(problems[0].starts_with("line "), "{problems:?}");
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let problems = told(&format!("{SMALL}name: other\n"));
    assert!(problems[0].contains("duplicate entry"), "{problems:?}");
}

#[test]
fn a_day_has_no_first_failure_that_could_be_detected() {
    let text = format!("{SMALL}expect: {{wholeDay: {{detected: {{alert: BoutiqueServiceDown, within: 2m}}}}}}\n");
    assert!(told(&text)[0].contains("expect it of a step"));
}

#[test]
fn repetitions_do_not_go_down_for_ever() {
    let deep = (0..6).fold("{fault: kill-pods, service: adservice}".to_owned(), |inner, _| {
        format!("{{repeat: 2, faults: [{inner}]}}")
    });
    let head = SMALL.split("faults:").next().unwrap_or_default();
    assert!(told(&format!("{head}faults: [{deep}]\n"))[0].contains("lies too deep"));
}

fn reference() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/gamedays.md")).unwrap()
}

#[test]
fn the_reference_describes_every_key_and_no_other() {
    let reference = reference();
    for (section, keys) in SECTIONS {
        let text = reference.split("\n### ").find(|text| text.lines().next() == Some(*section));
        let text = text.unwrap_or_else(|| panic!("docs/gamedays.md has no section {section}"));
        let text = text.split("\n## ").next().unwrap_or_default();
        let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
        let mut told: Vec<&str> = cells
            .flat_map(|cell| cell.split('`').step_by(2))
            .map(|key| key.trim_matches('`'))
            .filter(|key| !key.is_empty())
            .collect();
        let mut known = keys.to_vec();
        told.sort_unstable();
        known.sort_unstable();
        assert_eq!(told, known, "{section}");
    }
}

#[test]
fn the_example_of_the_reference_uses_every_key() {
    let reference = reference();
    let example = reference.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let gameday = parse(example).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(crate::gameday::plan(&gameday, None).unwrap().steps.len(), 10);
    for (section, keys) in SECTIONS {
        for key in *keys {
            let word = |c: char| !c.is_ascii_alphanumeric();
            assert!(example.split(word).any(|found| found == *key), "{section}: {key}");
        }
    }
}
