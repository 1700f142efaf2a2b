//! Every expression of every rule and panel, as Prometheus answers it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use boutique_core::monitoring::{Rule, dashboards, rules};

use super::Watched;

/// Asserts that the operator has loaded every rule, and that everything answers.
pub(super) fn all_answer(watched: &Watched) {
    let Watched { prometheus, spec, .. } = watched;
    let groups = rules(spec);
    let wanted: Vec<&Rule> = groups.iter().flat_map(|group| &group.rules).collect();
    for service in Watched::with_requests() {
        let rate = format!("boutique:requests:rate{{service=\"{service}\",source=\"spans\"}} > 0");
        prometheus.await_answer(&rate, Duration::from_secs(120));
    }

    // A group's first evaluation comes within its interval, which for the budget is longer than for the rest.
    eventually("rules that do not work", || {
        let mut loaded = prometheus.rules();
        loaded.retain(|rule| rule["name"].as_str().is_some_and(|name| name.to_lowercase().starts_with("boutique")));
        assert_eq!(loaded.len(), wanted.len(), "rules of ours that Prometheus has loaded");
        loaded.into_iter().filter(|rule| rule["health"] != "ok").collect()
    });

    let recorded = wanted.iter().filter_map(|rule| match rule {
        Rule::Record { record, labels, .. } => Some((record, labels)),
        Rule::Alert { .. } => None,
    });
    let recorded = recorded.map(|(record, labels)| {
        // Of the edge and the spans, the objective asks the one that more requests came through, so one of both is silent.
        let labels = labels.iter().filter(|(name, _)| !record.starts_with("boutique:sli_") || *name != "source");
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value:?}")).collect();
        (record.clone(), format!("{record}{{{}}}", labels.join(",")))
    });
    answers(watched, recorded.collect());
    // Those that alert are silent on a healthy shop; that each of them can fire is shown by promtool.
    for rule in wanted.iter().filter(|rule| matches!(rule, Rule::Alert { .. })) {
        prometheus.query(rule.expr());
    }

    let values = BTreeMap::from([("service", "cartservice"), ("node", ".*")]);
    for dashboard in dashboards::all(spec) {
        let expressions = dashboard.expressions(&values).into_iter();
        let (silent, speaking): (Vec<_>, Vec<_>) = expressions.partition(|one| one.may_be_empty.is_some());
        for one in silent {
            prometheus.query(&one.expr);
        }
        let name = |panel: &str| format!("{}: {panel}", dashboard.name);
        answers(watched, speaking.into_iter().map(|one| (name(&one.panel), one.expr)).collect());
    }
}

/// Asserts that each expression answers something, once the windows are long enough.
fn answers(watched: &Watched, mut expressions: Vec<(String, String)>) {
    eventually("nothing is answered to", || {
        expressions.retain(|(_, expression)| watched.prometheus.query(expression).is_empty());
        expressions.clone()
    });
}

/// Waits until nothing is left of what stands in the way.
fn eventually<T: std::fmt::Debug>(what: &str, mut left: impl FnMut() -> Vec<T>) {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        let left = left();
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{what}: {left:#?}");
        std::thread::sleep(Duration::from_secs(2));
    }
}
