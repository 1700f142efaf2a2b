//! Alerts: what somebody must look at. One file for each family, one page of docs/runbooks for each alert.
//!
//! Labels of an alert say which shop and what of it, never how much: a value that moves would make another alert of it each
//! time. How much is in the annotations.

mod budget;
mod containers;
mod memory;
mod nodes;
mod orders;
mod rollouts;
mod services;
mod traffic;
mod watching;

use std::collections::BTreeMap;

use super::pace::Span;
use super::rule::{Group, Rule};
use super::scope::Scope;
use super::spec::MonitoringSpec;

/// Where the runbooks are, unless the specification says otherwise.
pub const RUNBOOKS: &str = "https://github.com/boutique-dev/boutique/blob/main/docs/runbooks";

const CRITICAL: &str = "critical";
const WARNING: &str = "warning";

/// Every alert.
const NAMES: [&str; 18] = [
    "BoutiqueErrorBudgetBurn",
    "BoutiqueNoTraffic",
    "BoutiqueGreenButBroken",
    "BoutiqueMailsMissing",
    "BoutiqueServiceDown",
    "BoutiqueEndpointsEmpty",
    "BoutiqueReplicasMissing",
    "BoutiqueRolloutStuck",
    "BoutiqueCrashLooping",
    "BoutiqueImagePull",
    "BoutiqueOOMKilled",
    "BoutiqueMemoryLeak",
    "BoutiqueCPUThrottling",
    "BoutiqueRedisMemory",
    "BoutiqueNodeMemoryPressure",
    "BoutiqueNodeDiskPressure",
    "BoutiqueNodePIDPressure",
    "BoutiqueSignalsMissing",
];

/// Names of all alerts, in the order in which somebody who is woken should think of them. What
/// [`crate::monitoring::AlertSettings::disabled`] may name.
#[must_use]
pub fn names() -> Vec<&'static str> {
    NAMES.to_vec()
}

/// The alerts that are wanted.
#[must_use]
pub fn groups(spec: &MonitoringSpec) -> Vec<Group> {
    let scope = Scope::of(spec);
    let families = [
        ("boutique.alerts.shoppers", [budget::rules(&scope), traffic::rules(&scope), orders::rules(&scope)].concat()),
        ("boutique.alerts.services", [services::rules(&scope), rollouts::rules(&scope)].concat()),
        ("boutique.alerts.containers", [containers::rules(&scope), memory::rules(&scope)].concat()),
        ("boutique.alerts.cluster", [nodes::rules(&scope), watching::rules(&scope)].concat()),
    ];
    families
        .into_iter()
        .map(|(name, mut rules)| {
            rules.retain(|rule| !spec.alerts.disabled.contains(rule.name()));
            Group { name: name.to_owned(), interval: scope.pace.interval, rules }
        })
        .filter(|group| !group.rules.is_empty())
        .collect()
}

/// What an alert says to people. `{{ … }}` are Prometheus' templates.
struct Says<'a> {
    summary: &'a str,
    description: &'a str,
    /// What to type first.
    command: &'a str,
}

impl Scope<'_> {
    /// An alert that must hold for as long as `hold` says in production.
    fn alert(&self, name: &str, severity: &str, expr: impl Into<String>, hold: Span, says: &Says<'_>) -> Rule {
        let mut labels = self.spec.alerts.labels.clone();
        labels.extend(self.labels());
        labels.insert("severity".to_owned(), severity.to_owned());
        let base = self.spec.alerts.runbooks.as_deref().unwrap_or(RUNBOOKS).trim_end_matches('/');
        let annotations = BTreeMap::from([
            ("summary".to_owned(), self.told(says.summary)),
            ("description".to_owned(), self.told(says.description)),
            ("runbook_url".to_owned(), format!("{base}/{name}.md")),
            ("command".to_owned(), self.told(says.command)),
        ]);
        Rule::Alert {
            alert: name.to_owned(),
            expr: expr.into(),
            hold: self.pace.hold(hold),
            keep: Span(0),
            labels,
            annotations,
        }
    }

    /// With the shop's names in place of `NAMESPACE` and `SHOP`.
    fn told(&self, text: &str) -> String {
        text.replace("NAMESPACE", self.spec.shop_namespace()).replace("SHOP", self.spec.shop_name())
    }
}

#[cfg(test)]
mod tests;
