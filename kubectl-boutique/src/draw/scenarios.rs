//! Shops in trouble, as people see them. Each folder of `tests/scenarios` holds what differs from the healthy shop:
//! objects (`metadata.gone` removes one), what the home page answers (`page.yaml`, through the Ingress `route.yaml`), and what
//! is known of the stack.

use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::path::PathBuf;

use boutique_core::judge::{Observation, judge};
use boutique_core::object::ObjectRef;
use boutique_core::view::{FrontPage, ShopObjects, ShopView, StackView, routes, view};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::findings::findings;
use super::tree::{Detail, shop};
use crate::style::Look;

const NOW: &str = "2026-08-01T10:00:00Z";

fn folder(scenario: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(scenario)
}

fn documents(scenario: &str) -> Vec<Value> {
    let text = read_to_string(folder(scenario).join("objects.yaml")).unwrap_or_default();
    let documents = serde_yaml_ng::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap());
    documents.filter(|document| !document.is_null()).collect()
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn front_page(scenario: &str) -> FrontPage {
    page_of(&serde_yaml_ng::from_str(&read_to_string(folder(scenario).join("page.yaml")).unwrap()).unwrap())
}

fn page_of(page: &Value) -> FrontPage {
    FrontPage {
        good: page["good"] == true,
        answer: field(page, "answer").into(),
        millis: page["millis"].as_u64().unwrap(),
        way: field(page, "way").into(),
        blame: page["blame"].as_str().map(str::to_owned),
    }
}

fn stack(scenario: &str) -> Option<StackView> {
    let stack: Value = serde_yaml_ng::from_str(&read_to_string(folder(scenario).join("stack.yaml")).ok()?).unwrap();
    let drift = stack["drift"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
    Some(StackView {
        name: field(&stack, "name").into(),
        revision: stack["revision"].as_u64(),
        drift: drift.collect(),
        unread: None,
    })
}

fn objects(scenario: &str) -> Vec<Value> {
    let mut objects: BTreeMap<ObjectRef, Value> = BTreeMap::new();
    for object in documents("healthy").into_iter().chain(documents(scenario)) {
        let reference = ObjectRef::of(&object).unwrap();
        match object.pointer("/metadata/gone") {
            Some(_) => objects.remove(&reference),
            None => objects.insert(reference, object),
        };
    }
    objects.into_values().collect()
}

fn seen(scenario: &str) -> (ShopView, Observation) {
    let objects = objects(scenario);
    let of = |kind: &str| -> Vec<Value> { objects.iter().filter(|object| object["kind"] == kind).cloned().collect() };
    let mut routes = routes(&of("Ingress"));
    if let Some(route) = routes.first_mut() {
        let page = folder(scenario).join("route.yaml");
        match read_to_string(&page).map(|text| serde_yaml_ng::from_str::<Value>(&text).unwrap()) {
            Ok(page) if page.get("unasked").is_some() => route.unasked = Some(field(&page, "unasked").into()),
            Ok(page) => route.front_page = Some(page_of(&page)),
            Err(_) => {}
        }
    }
    let shop = ShopObjects {
        namespace: "shop".into(),
        deployments: of("Deployment"),
        pods: of("Pod"),
        services: of("Service"),
        endpoint_slices: of("EndpointSlice"),
        faults: of("ConfigMap"),
        front_page: Some(front_page(scenario)),
        routes,
        stack: stack(scenario),
    };
    let now: Timestamp = NOW.parse().unwrap();
    let observation = Observation { objects, at: Some(now), ..Observation::default() };
    (view(&shop, now), observation)
}

fn picture(scenario: &str, detail: Detail, look: Look) -> String {
    let (view, observation) = seen(scenario);
    format!("{}{}", shop(&view, detail, look), findings(&judge(&observation), look))
}

const SCENARIOS: [&str; 10] = [
    "healthy",
    "behind-an-ingress",
    "ingress-without-address",
    "ingress-that-answers-wrongly",
    "cart-out-of-memory",
    "stack-with-drift",
    "while-a-fault-runs",
    "image-cannot-be-pulled",
    "no-way-in",
    "parts-left-out",
];

fn look(width: usize) -> Look {
    Look { color: false, unicode: true, width: Some(width) }
}

#[test]
fn every_scenario_reads_well_in_eighty_columns() {
    for scenario in SCENARIOS {
        insta::assert_snapshot!(format!("{scenario}-80"), picture(scenario, Detail::default(), look(80)));
    }
}

#[test]
fn a_wide_terminal_shows_images_and_nodes() {
    let wide = Detail { wide: true, ..Detail::default() };
    insta::assert_snapshot!("cart-out-of-memory-wide-160", picture("cart-out-of-memory", wide, look(160)));
    insta::assert_snapshot!(
        "image-cannot-be-pulled-120",
        picture("image-cannot-be-pulled", Detail::default(), look(120))
    );
}

#[test]
fn a_terminal_without_utf8_gets_ascii() {
    let look = Look { unicode: false, ..look(80) };
    let picture = picture("while-a-fault-runs", Detail::default(), look);
    assert!(picture.is_ascii(), "{picture}");
    insta::assert_snapshot!("while-a-fault-runs-ascii", picture);
}

#[test]
fn a_low_terminal_shows_the_pods_that_matter() {
    let low = Detail { troubled_pods_only: true, ..Detail::default() };
    let drawn = shop(&seen("while-a-fault-runs").0, low, look(80));
    assert!(drawn.lines().count() < 24, "{drawn}");
    insta::assert_snapshot!("while-a-fault-runs-low", drawn);
}

#[test]
fn data_has_stable_names() {
    insta::assert_json_snapshot!("cart-out-of-memory", seen("cart-out-of-memory").0);
}

#[test]
fn the_tree_never_exceeds_the_terminal() {
    for scenario in SCENARIOS {
        for width in [80, 100, 120] {
            let drawn = shop(&seen(scenario).0, Detail::default(), look(width));
            for line in drawn.lines() {
                assert!(line.chars().count() <= width, "{scenario} at {width}: {line}");
            }
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let painted = picture("cart-out-of-memory", Detail::default(), Look { color: true, ..look(120) });
    let plain = picture("cart-out-of-memory", Detail::default(), look(120));
    let mut stripped = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}
