//! The rules of monitoring, run by Prometheus itself on series that somebody could have measured: they record what they say
//! they do, fire when they must, and are silent when they must be.

mod burn;
mod containers;
mod edge;
mod memory;
mod promtool;
mod requests;
mod services;
mod shop;
mod shops;
mod slo;
mod watching;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use boutique_core::monitoring::{Windows, rule, rules};

use promtool::{Case, run};

const BOTH: [Windows; 2] = [Windows::Standard, Windows::Lab];

fn in_both(cases: impl Fn(Windows) -> Vec<Case>) -> Vec<Case> {
    BOTH.into_iter().flat_map(cases).collect()
}

/// For rules that differ in their windows' lengths alone: production's, and with `BOUTIQUE_RULES=both` the lab's, which
/// otherwise are those that run on the real node.
fn in_production(cases: impl Fn(Windows) -> Vec<Case>) -> Vec<Case> {
    if std::env::var("BOUTIQUE_RULES").is_ok_and(|paces| paces == "both") {
        return in_both(cases);
    }
    cases(Windows::Standard)
}

#[test]
fn promtool_finds_nothing_wrong_with_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    for (n, spec) in
        BOTH.into_iter().flat_map(|windows| [shop::mk_spec(windows), shop::mk_spec_with_edge(windows)]).enumerate()
    {
        let file = folder.path().join(format!("{n}.json"));
        fs::write(&file, rule::file(&rules(&spec)).to_string()).unwrap();
        let output =
            Command::new(promtool::promtool()).args(["check", "rules", "--lint-fatal"]).arg(&file).output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn requests_are_counted_whatever_counts_them() {
    run(&in_production(requests::cases));
}

#[test]
fn the_edge_is_counted_by_every_controller_and_never_beside_the_spans() {
    run(&in_production(edge::cases));
}

#[test]
fn the_objective_is_computed_on_young_idle_and_restarted_clusters() {
    run(&in_both(slo::cases));
}

#[test]
fn the_error_budget_pages_as_soon_as_the_workbook_says() {
    run(&in_both(burn::cases));
}

#[test]
fn services_that_are_gone_are_told_from_services_that_are_not_wanted() {
    run(&in_production(services::cases));
}

#[test]
fn containers_alert_for_what_happened_and_not_for_what_looks_like_it() {
    run(&in_production(containers::cases));
}

#[test]
fn leaks_are_told_from_warming_up_caches_and_restarts() {
    run(&in_both(memory::cases));
}

#[test]
fn silence_is_told_from_peace() {
    run(&in_production(watching::cases));
}

#[test]
fn two_shops_in_one_cluster_do_not_mix() {
    run(&in_production(shops::cases));
}

/// A rule that no expectation names could say anything.
#[test]
fn every_rule_is_shown_at_work_in_both_paces() {
    for windows in BOTH {
        let families: [fn(Windows) -> Vec<Case>; 9] = [
            requests::cases,
            edge::cases,
            slo::cases,
            burn::cases,
            services::cases,
            containers::cases,
            memory::cases,
            watching::cases,
            shops::cases,
        ];
        let cases: Vec<Case> = families.into_iter().flat_map(|family| family(windows)).collect();
        let shown: BTreeSet<&str> =
            cases.iter().flat_map(Case::expectations).filter_map(|one| one.shows.as_deref()).collect();
        let groups = rules(&shop::mk_spec_with_edge(windows));
        let all: BTreeSet<&str> = groups.iter().flat_map(|group| &group.rules).map(rule::Rule::name).collect();
        let missing: Vec<&&str> = all.difference(&shown).collect();
        assert!(missing.is_empty(), "{windows:?}: nothing is expected of {missing:?}");
    }
}
