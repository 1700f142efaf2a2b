use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::{Dashboard, Expression, TAG, UID_LENGTH, all};
use crate::contract::SetId;
use crate::monitoring::scope::Scope;
use crate::monitoring::signals::recent_restarts;
use crate::monitoring::spec::{MonitoringSpec, Windows};

fn mk_spec(namespace: &str, shop: &str) -> MonitoringSpec {
    MonitoringSpec::new("monitoring", "shop", &SetId::stack(namespace, shop))
}

fn mk_all() -> Vec<Dashboard> {
    all(&mk_spec("shop", "shop"))
}

fn named(name: &str) -> Dashboard {
    mk_all().into_iter().find(|dashboard| dashboard.name == name).unwrap()
}

fn panels(json: &Value) -> &Vec<Value> {
    json["panels"].as_array().unwrap()
}

/// What a reviewer wants to see of a dashboard: its choices, and each panel with type, unit, thresholds and expressions.
fn summary(dashboard: &Dashboard) -> String {
    let json = dashboard.json();
    let mut text = format!("{} ({})\n", dashboard.title, dashboard.uid);
    for variable in json["templating"]["list"].as_array().unwrap() {
        writeln!(text, "${}: {}", variable["name"].as_str().unwrap(), variable["type"].as_str().unwrap()).unwrap();
    }
    for panel in panels(&json) {
        let title = panel["title"].as_str().unwrap();
        if panel["type"] == "row" {
            writeln!(text, "\n== {title}").unwrap();
            continue;
        }
        let defaults = &panel["fieldConfig"]["defaults"];
        let steps = defaults["thresholds"]["steps"].as_array().unwrap();
        let steps = steps.iter().map(|step| format!("{} from {}", step["color"].as_str().unwrap(), step["value"]));
        let steps = if steps.len() > 1 { format!(", {}", steps.collect::<Vec<_>>().join(", ")) } else { String::new() };
        writeln!(text, "{title}: {}, {}{steps}", panel["type"].as_str().unwrap(), defaults["unit"].as_str().unwrap())
            .unwrap();
        for target in panel["targets"].as_array().unwrap() {
            writeln!(text, "    {}", target["expr"].as_str().unwrap()).unwrap();
        }
    }
    writeln!(text, "\n== marks").unwrap();
    for annotation in &dashboard.annotations {
        writeln!(text, "{}\n    {}", annotation.name, annotation.expr).unwrap();
    }
    // Long, and the affair of the rules.
    let spec = mk_spec("shop", "shop");
    let restarts = recent_restarts(&Scope::of(&spec), spec.pace().container_rate());
    text.replace(&restarts, "RECENT RESTARTS")
}

#[test]
fn the_shop() {
    insta::assert_snapshot!(summary(&named("shop")));
}

#[test]
fn one_service() {
    insta::assert_snapshot!(summary(&named("service")));
}

#[test]
fn the_cluster() {
    insta::assert_snapshot!(summary(&named("cluster")));
}

#[test]
fn memory_of_pods() {
    insta::assert_snapshot!(summary(&named("memory")));
}

#[test]
fn no_panel_covers_another_or_leaves_the_grid() {
    for dashboard in mk_all() {
        let json = dashboard.json();
        let mut taken = BTreeSet::new();
        for panel in panels(&json) {
            let at = |field: &str| panel["gridPos"][field].as_u64().unwrap();
            assert!(at("w") >= 3 && at("h") >= 1 && at("x") + at("w") <= 24, "{}", panel["title"]);
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(taken.insert((x, y)), "{}: {} covers another", dashboard.name, panel["title"]);
                }
            }
        }
    }
}

#[test]
fn every_panel_has_its_own_id_and_says_what_it_shows_and_in_which_unit() {
    for dashboard in mk_all() {
        let json = dashboard.json();
        let ids: BTreeSet<u64> = panels(&json).iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), panels(&json).len());
        for panel in panels(&json).iter().filter(|panel| panel["type"] != "row") {
            let description = panel["description"].as_str().unwrap();
            assert!(description.ends_with('.') && description.len() > 4, "{}: {description}", panel["title"]);
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{}", panel["title"]);
            assert!(!panel["targets"].as_array().unwrap().is_empty(), "{}", panel["title"]);
        }
    }
}

#[test]
fn panels_are_of_types_that_every_grafana_brings() {
    let plain = ["row", "timeseries", "stat", "bargauge", "table", "state-timeline"];
    for dashboard in mk_all() {
        for panel in panels(&dashboard.json()) {
            assert!(plain.contains(&panel["type"].as_str().unwrap()), "{}", panel["type"]);
        }
    }
}

#[test]
fn titles_of_panels_are_unique_so_that_a_failing_expression_can_be_found() {
    for dashboard in mk_all() {
        let json = dashboard.json();
        let titles: Vec<&str> = panels(&json)
            .iter()
            .filter(|panel| panel["type"] != "row")
            .map(|panel| panel["title"].as_str().unwrap())
            .collect();
        let distinct: BTreeSet<&&str> = titles.iter().collect();
        let repeated: Vec<&&str> =
            distinct.iter().copied().filter(|title| titles.iter().filter(|other| other == title).count() > 1).collect();
        // Stats repeat in short what a panel below shows over time.
        assert!(repeated.iter().all(|title| REPEATED.contains(*title)), "{}: {repeated:?}", dashboard.name);
    }
}

const REPEATED: [&str; 5] = ["Requests", "Errors", "Reachable", "Budget left", "Restarts"];

#[test]
fn with_its_variables_given_no_expression_has_any_left() {
    let values = BTreeMap::from([("service", "cartservice"), ("node", ".*")]);
    for dashboard in mk_all() {
        let expressions = dashboard.expressions(&values);
        assert!(expressions.len() > 10, "{}", dashboard.name);
        for Expression { panel, expr, .. } in expressions {
            assert!(!expr.contains('$'), "{panel}: {expr}");
            for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
                assert_eq!(expr.matches(open).count(), expr.matches(close).count(), "{panel}: {expr}");
            }
        }
    }
}

#[test]
fn the_longest_name_of_a_variable_is_replaced_first() {
    let values = BTreeMap::from([("node", "n1"), ("node_pool", "p1")]);
    assert_eq!(
        super::query::substitute("a{x=\"$node_pool\",y=\"${node}\",z=\"$node\"}", &values),
        "a{x=\"p1\",y=\"n1\",z=\"n1\"}"
    );
}

#[test]
fn recorded_names_are_asked_of_this_shop_alone() {
    for dashboard in all(&mk_spec("one", "two")) {
        for Expression { panel, expr, .. } in dashboard.expressions(&BTreeMap::new()) {
            for name in ["boutique:", "ALERTS"] {
                for (at, _) in expr.match_indices(name) {
                    let (_, labels) = expr[at..].split_once('{').unwrap();
                    assert!(labels.starts_with("namespace=\"one\",stack=\"two\""), "{panel}: {expr}");
                }
            }
        }
    }
}

#[test]
fn uids_fit_and_last_and_no_two_shops_share_one() {
    let uids = |namespace: &str, shop: &str| {
        all(&mk_spec(namespace, shop)).into_iter().map(|dashboard| dashboard.uid).collect::<Vec<_>>()
    };
    assert_eq!(
        uids("shop", "shop"),
        [
            "boutique-shop-shop-shop",
            "boutique-shop-shop-service",
            "boutique-shop-shop-cluster",
            "boutique-shop-shop-memory"
        ]
    );
    let long = "a-namespace-with-a-name-as-long-as-a-name-may-be-in-kubernetes-x";
    let mut seen = BTreeSet::new();
    for (namespace, shop) in [("shop", "shop"), ("a-b", "c"), ("a", "b-c"), (long, "shop"), ("shop", long)] {
        for uid in uids(namespace, shop) {
            assert!((8..=UID_LENGTH).contains(&uid.len()), "{uid}");
            assert!(seen.insert(uid.clone()), "{uid}");
        }
    }
}

#[test]
fn the_list_of_services_leads_to_the_dashboard_of_a_service() {
    let text = named("shop").json().to_string();
    assert!(text.contains("/d/boutique-shop-shop-service?var-service=${__value.text}"), "{text}");
    assert_eq!(named("shop").json()["tags"][0], TAG);
}

#[test]
fn windows_and_range_follow_the_pace() {
    let mut spec = mk_spec("shop", "shop");
    spec.windows = Windows::Lab;
    let dashboards = all(&spec);
    let (shop, memory) = (&dashboards[0], &dashboards[3]);
    assert_eq!(shop.json()["time"]["from"], "now-30m");
    assert_eq!(shop.json()["refresh"], "5s");
    let expressions = memory.expressions(&BTreeMap::new());
    assert!(expressions.iter().any(|expression| expression.expr.contains("[1m], 300)")), "{expressions:#?}");
}

#[test]
fn only_what_the_rules_record_is_drawn() {
    let spec = mk_spec("shop", "shop");
    let rules = crate::monitoring::rules(&spec);
    let recorded: BTreeSet<&str> =
        rules.iter().flat_map(|group| &group.rules).map(crate::monitoring::Rule::name).collect();
    for dashboard in all(&spec) {
        for Expression { panel, expr, .. } in dashboard.expressions(&BTreeMap::new()) {
            for (at, _) in expr.match_indices("boutique:") {
                let (name, _) = expr[at..].split_once('{').unwrap();
                assert!(recorded.contains(name), "{panel}: nothing records {name}");
            }
        }
    }
}
