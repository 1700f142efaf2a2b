//! Shoppers no longer come.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{JOURNEYS_JOB, Scope};
use super::{Says, WARNING};

/// Requests per second from which on a shop counts as visited.
const VISITED: &str = "0.1";

/// Without requests there is no ratio of bad ones: an outage before the shop (DNS, an edge that hands nothing on, F5's
/// controller without upstream) reads as peace. Only where shoppers were: a shop that is opened tomorrow is no incident.
pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let shoppers = scope.recorded("boutique:shopper_requests:rate", "");
    let silent = scope.pace.hold(Span::minutes(10));
    let before = scope.pace.burns[1].long;
    let success = scope.probed("probe_success", JOURNEYS_JOB, "");
    // Journeys are taken off the frontend's requests, and a round of them may lie just within one window and just without
    // the other: a tenth of them is nobody.
    let nobody =
        format!("(0.1 * sum(count_over_time({success}[{silent}])) / {} or vector(0)) + 0.005", silent.seconds());
    let expr = format!(
        "sum(avg_over_time({shoppers}[{silent}])) < {nobody} \
         and on () sum(avg_over_time({shoppers}[{before}] offset {silent})) > {VISITED} and on () {shoppers}"
    );
    vec![scope.alert(
        "BoutiqueNoTraffic",
        WARNING,
        expr,
        Span::minutes(2),
        &Says {
            summary: "Nobody shops at SHOP any more",
            description: "The shop SHOP in NAMESPACE was visited in the last hours and now serves nothing but our own journeys.",
            command: "kubectl boutique status -n NAMESPACE",
        },
    )]
}
