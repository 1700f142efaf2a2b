//! Whose series a rule reads and records: selectors and labels of one shop, so that two shops in one cluster do not mix.

use std::collections::BTreeMap;

pub(super) use super::blackbox::{JOURNEYS as JOURNEYS_JOB, REACHABILITY as REACHABILITY_JOB};
pub(super) use super::monitors::COLLECTOR;
use super::pace::{Pace, Span};
use super::rule::Rule;
use super::spec::MonitoringSpec;
use crate::service::Service;

/// One shop as its rules see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(super) spec: &'a MonitoringSpec,
    pub(super) pace: Pace,
}

impl<'a> Scope<'a> {
    pub(super) const fn of(spec: &'a MonitoringSpec) -> Self {
        Self { spec, pace: spec.pace() }
    }

    /// Over which rates of signals are taken.
    pub(super) const fn rate(&self) -> Span {
        self.pace.rate
    }

    /// A series of the shop's namespace, as exporters of the cluster label it.
    pub(super) fn of_namespace(&self, metric: &str, matchers: &str) -> String {
        selector(metric, &[("namespace", self.spec.shop_namespace())], matchers)
    }

    /// A series that these rules record.
    pub(super) fn recorded(&self, name: &str, matchers: &str) -> String {
        let shop = [("namespace", self.spec.shop_namespace()), ("stack", self.spec.shop_name())];
        selector(name, &shop, matchers)
    }

    /// A series of the blackbox exporter.
    pub(super) fn probed(&self, metric: &str, job: &str, matchers: &str) -> String {
        let shop = [
            ("job", job),
            ("boutique_namespace", self.spec.shop_namespace()),
            ("boutique_stack", self.spec.shop_name()),
        ];
        selector(metric, &shop, matchers)
    }

    /// 1 where a service answers its health check and 0 where it does not, by the exporter's label `boutique_service`. Who is
    /// silent for longer than a scrape waits does not answer either: the exporter's gRPC prober asks without a deadline
    /// (prober/grpc.go of blackbox_exporter 0.28), so that nothing but the failed scrape tells. An exporter that is gone
    /// tells nothing of any service.
    pub(super) fn answers(&self, matchers: &str) -> String {
        let success = self.probed("probe_success", REACHABILITY_JOB, matchers);
        let scraped = self.probed("up", REACHABILITY_JOB, matchers);
        let exporter = self.probed("up", REACHABILITY_JOB, "");
        // Multiplied, because of two metrics with the same labels only the names differ.
        format!("({success} * 1 or ({scraped} == 0 and on (job) max by (job) ({exporter}) == 1) * 1)")
    }

    /// A series of the shop's containers. The pod as a whole and the container that holds its namespaces count for nobody.
    pub(super) fn containers(&self, metric: &str) -> String {
        self.of_namespace(metric, &format!(r#"pod=~"{}",container!="",container!="POD""#, pods()))
    }

    /// A series of the shop's pods, as kube-state-metrics labels it.
    pub(super) fn pods(&self, metric: &str, matchers: &str) -> String {
        let pods = format!(r#"pod=~"{}""#, pods());
        let all = if matchers.is_empty() { pods } else { format!("{pods},{matchers}") };
        self.of_namespace(metric, &all)
    }

    /// The labels of everything that is recorded and of every alert.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let shop = [("namespace", self.spec.shop_namespace()), ("stack", self.spec.shop_name())];
        shop.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A recording rule. The shop's labels are the rule's own, so whatever the answer says about them is overwritten.
    pub(super) fn record<const N: usize>(&self, name: &str, expr: impl Into<String>, own: [(&str, &str); N]) -> Rule {
        let mut labels = self.labels();
        labels.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        Rule::Record { record: name.to_owned(), expr: expr.into(), labels }
    }
}

fn selector(metric: &str, fixed: &[(&str, &str)], matchers: &str) -> String {
    let mut all: Vec<String> = fixed.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    if !matchers.is_empty() {
        all.push(matchers.to_owned());
    }
    format!("{metric}{{{}}}", all.join(","))
}

/// Every workload whose pods are told apart, as alternatives of a regular expression.
pub(super) fn workloads() -> String {
    let names: Vec<&str> = Service::ALL.into_iter().map(Service::name).chain([COLLECTOR]).collect();
    names.join("|")
}

/// Names of pods: that of the workload, with the two words of a ReplicaSet's pod or the number of a StatefulSet's. Pods
/// have only the label `app`, which kube-state-metrics does not show unless it is asked to.
fn pods() -> String {
    format!("({})(-[a-z0-9]+)?-[a-z0-9]+", workloads())
}

/// Sets `service` by the name of the pod.
pub(super) fn service_of_pod(expr: &str) -> String {
    format!(r#"label_replace({expr}, "service", "$1", "pod", "{}")"#, pods())
}

/// Sets a label by another one, where that is not empty.
pub(super) fn renamed(expr: &str, to: &str, from: &str) -> String {
    format!(r#"label_replace({expr}, "{to}", "$1", "{from}", "(.+)")"#)
}

/// A number as it is written in PromQL, without the dust of binary fractions.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SetId;

    #[test]
    fn selectors_name_the_shop_and_its_namespace() {
        let spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "small"));
        let scope = Scope::of(&spec);
        assert_eq!(scope.of_namespace("up", ""), r#"up{namespace="shop"}"#);
        assert_eq!(
            scope.recorded("boutique:orders:rate", r#"a="b""#),
            r#"boutique:orders:rate{namespace="shop",stack="small",a="b"}"#
        );
    }

    #[test]
    fn numbers_have_no_dust() {
        for (value, text) in [(14.4, "14.4"), (1.0 - 0.999, "0.001"), (0.5, "0.5"), (0.0, "0"), (3600.0, "3600")] {
            assert_eq!(number(value), text);
        }
    }
}
