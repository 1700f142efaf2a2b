//! Our own charts of other people's programs: the tests mean something only if they know the values that users' charts know.

use boutique_acceptance::project;
use boutique_core::contract::SetId;
use boutique_core::edge::{ControllerKind, IngressSpec, values};
use boutique_core::monitoring::{self, MonitoringSpec, Storage};
use serde_json::Value;

/// The paths of all values that are no object, such as `/service/spec/type`.
fn paths(value: &Value, above: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| paths(value, &format!("{above}/{name}"), found));
        }
        _ => found.push(above.to_owned()),
    }
}

#[test]
fn the_chart_of_traefik_knows_every_value_that_the_resource_sets() {
    let mut spec = IngressSpec::new("shop", "shop", "shop.local", ControllerKind::Traefik);
    spec.controller.replicas = Some(2);
    let mut set = Vec::new();
    paths(&values(&spec), "", &mut set);
    assert!(set.contains(&"/service/spec/type".to_owned()), "{set:?}");

    let file = project::root().join("tests/acceptance/charts/traefik/values.yaml");
    let known: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let unknown: Vec<&String> = set.iter().filter(|path| known.pointer(path).is_none()).collect();

    assert!(unknown.is_empty(), "helm would take these and the chart would not look at them: {unknown:?}");
}

#[test]
fn the_chart_of_the_operator_knows_every_value_that_the_resource_sets() {
    let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
    spec.storage = Some(Storage { size: "20Gi".to_owned(), class: None });
    let mut set = Vec::new();
    paths(&monitoring::values(&spec), "", &mut set);
    assert!(set.contains(&"/prometheus/prometheusSpec/retention".to_owned()), "{set:?}");

    let file = project::root().join("tests/acceptance/charts/monitoring/values.yaml");
    let known: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    // Below an empty object anything goes.
    let is_known = |path: &str| {
        let mut at = &known;
        for step in path.trim_start_matches('/').split('/') {
            match at.get(step) {
                Some(below) => at = below,
                None => return at.as_object().is_some_and(serde_json::Map::is_empty) && *at != known,
            }
        }
        true
    };
    let unknown: Vec<&String> = set.iter().filter(|path| !is_known(path)).collect();

    assert!(unknown.is_empty(), "helm would take these and the chart would not look at them: {unknown:?}");
}
