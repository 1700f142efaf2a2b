//! What holds for every alert and every recorded series.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::{MonitoringSpec, Rule, Windows, rules};
use super::{groups, names};
use crate::contract::SetId;

fn mk_spec(windows: Windows) -> MonitoringSpec {
    let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("boutique", "small"));
    spec.ingress = Some("boutique/door".to_owned());
    spec.windows = windows;
    spec
}

fn alerts(spec: &MonitoringSpec) -> Vec<Rule> {
    groups(spec).into_iter().flat_map(|group| group.rules).collect()
}

fn runbooks() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbooks"))
}

#[test]
fn the_list_of_names_is_that_of_the_rules() {
    let listed: BTreeSet<&str> = names().into_iter().collect();
    let spec = mk_spec(Windows::Standard);
    let rules = alerts(&spec);
    let rendered: BTreeSet<&str> = rules.iter().map(Rule::name).collect();
    assert_eq!(listed, rendered);
    assert_eq!(listed.len(), names().len(), "a name is listed twice");
}

#[test]
fn an_alert_that_is_disabled_is_left_out_and_no_other() {
    let mut spec = mk_spec(Windows::Standard);
    spec.alerts.disabled.insert("BoutiqueCPUThrottling".to_owned());
    let rules = alerts(&spec);
    let left: BTreeSet<&str> = rules.iter().map(Rule::name).collect();
    assert!(!left.contains("BoutiqueCPUThrottling"));
    assert_eq!(left.len(), names().len() - 1);
    spec.alerts.disabled = names().into_iter().map(str::to_owned).collect();
    assert_eq!(groups(&spec), Vec::new());
}

#[test]
fn every_alert_says_what_it_means_where_to_read_on_and_what_to_type() {
    for rule in alerts(&mk_spec(Windows::Standard)) {
        let Rule::Alert { alert, labels, annotations, .. } = rule else { panic!("{} is no alert", rule.name()) };
        for text in ["summary", "description", "runbook_url", "command"] {
            let said = annotations.get(text).map_or("", String::as_str);
            assert!(!said.is_empty(), "{alert} has no {text}");
            assert!(!said.contains("NAMESPACE") && !said.contains("SHOP"), "{alert}: {said}");
        }
        assert!(annotations["runbook_url"].ends_with(&format!("/{alert}.md")), "{annotations:?}");
        assert!(["kubectl boutique ", "kubectl "].iter().any(|verb| annotations["command"].starts_with(verb)));
        assert!(["critical", "warning"].contains(&labels["severity"].as_str()), "{alert}: {labels:?}");
        assert_eq!((labels["namespace"].as_str(), labels["stack"].as_str()), ("boutique", "small"));
    }
}

#[test]
fn labels_of_an_alert_never_hold_a_value() {
    for rule in alerts(&mk_spec(Windows::Standard)) {
        let Rule::Alert { alert, labels, .. } = rule else { continue };
        assert!(labels.values().all(|label| !label.contains("{{")), "{alert}: {labels:?}");
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let pages: BTreeSet<String> = std::fs::read_dir(runbooks())
        .expect("the runbooks are there")
        .map(|entry| entry.expect("can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("Boutique"))
        .collect();
    let expected: BTreeSet<String> = names().into_iter().map(|name| format!("{name}.md")).collect();
    assert_eq!(pages, expected);
    for page in pages {
        let text = std::fs::read_to_string(runbooks().join(&page)).expect("can be read");
        assert!(text.starts_with(&format!("# {}\n", page.trim_end_matches(".md"))), "{page} has another title");
        for part in ["## What it means", "## How it is computed", "## Look at", "## End it"] {
            assert!(text.contains(part), "{page} lacks {part:?}");
        }
    }
}

#[test]
fn runbooks_and_annotations_name_only_verbs_that_there_are() {
    let verbs = ["status", "buy", "break"];
    let mut texts: Vec<(String, String)> = alerts(&mk_spec(Windows::Standard))
        .into_iter()
        .filter_map(|rule| match rule {
            Rule::Alert { alert, annotations, .. } => Some((alert, annotations["command"].clone())),
            Rule::Record { .. } => None,
        })
        .collect();
    texts.extend(names().into_iter().map(|name| {
        let page = runbooks().join(format!("{name}.md"));
        (name.to_owned(), std::fs::read_to_string(page).expect("can be read"))
    }));
    for (name, text) in texts {
        for after in text.split("kubectl boutique ").skip(1) {
            let verb: String = after.chars().take_while(char::is_ascii_lowercase).collect();
            assert!(verbs.contains(&verb.as_str()), "{name} names the verb {verb:?}");
        }
    }
}

#[test]
fn no_two_groups_have_the_same_name_and_no_two_rules_record_the_same_series() {
    for windows in [Windows::Standard, Windows::Lab] {
        let groups = rules(&mk_spec(windows));
        let mut seen = BTreeSet::new();
        for group in &groups {
            assert!(seen.insert(group.name.clone()), "two groups are called {}", group.name);
        }
        let mut recorded = BTreeSet::new();
        for rule in groups.into_iter().flat_map(|group| group.rules) {
            if let Rule::Record { record, labels, .. } = rule {
                assert!(recorded.insert((record.clone(), labels.clone())), "{record} {labels:?} is recorded twice");
            }
        }
    }
}

/// Without this, the rules of two shops in one cluster would read each other's series.
#[test]
fn every_selector_names_the_shop() {
    // Has no namespace; joined with the nodes of the shop's pods.
    let cluster_wide = "kube_node_status_condition{";
    for group in rules(&mk_spec(Windows::Standard)) {
        for rule in group.rules {
            let expr = rule.expr();
            for (start, _) in expr.match_indices('{') {
                let name_start = expr[..start].rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
                let selector = &expr[name_start.map_or(0, |at| at + 1)..];
                let matchers = &selector[selector.find('{').unwrap_or_default()..];
                let named = ["\"boutique\"", "\"boutique-frontend-"]
                    .iter()
                    .any(|shop| matchers.split('}').next().unwrap_or_default().contains(shop));
                let quantifier = matchers.starts_with("{5}");
                assert!(named || quantifier || selector.starts_with(cluster_wide), "{}: {selector}", rule.name());
            }
        }
    }
}

#[test]
fn labels_of_the_user_are_on_every_alert_and_displace_none_of_ours() {
    let mut spec = mk_spec(Windows::Lab);
    spec.alerts.labels = [("team", "shop"), ("severity", "none")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    spec.alerts.runbooks = Some("https://wiki.example.com/alerts/".to_owned());
    for rule in alerts(&spec) {
        let Rule::Alert { alert, labels, annotations, .. } = rule else { continue };
        assert_eq!(labels["team"], "shop", "{alert}");
        assert_ne!(labels["severity"], "none", "{alert}");
        assert_eq!(annotations["runbook_url"], format!("https://wiki.example.com/alerts/{alert}.md"));
    }
}
