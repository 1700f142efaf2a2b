//! The shop looks well and is not: purchases fail behind ready pods, mails are not sent.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::Scope;
use super::{CRITICAL, Says, WARNING};

/// So many confirmations must be missing: an order whose mail lies just outside the window is none.
const FEWEST: u32 = 2;

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    vec![green_but_broken(scope), mails_missing(scope)]
}

/// Every probe of this application answers a constant: without redis-cart all pods stay Ready and every page fails.
fn green_but_broken(scope: &Scope<'_>) -> Rule {
    let journeys = scope.recorded("boutique:journey_success:ratio", r#"via="service""#);
    let checkouts = scope.recorded("boutique:page_errors:ratio", r#"page="checkout""#);
    let ready = scope.recorded("boutique:replicas_ready:ratio", "");
    let expr = format!("(max(1 - {journeys}) > 0.5 or max({checkouts}) > 0.5) and on () min({ready}) == 1");
    scope.alert(
        "BoutiqueGreenButBroken",
        CRITICAL,
        expr,
        Span::minutes(2),
        &Says {
            summary: "All pods of SHOP are ready and purchases fail",
            description: "{{ $value | humanizePercentage }} of the worst step of a purchase fail in the shop SHOP in NAMESPACE, \
                          while every Deployment has all its replicas ready.",
            command: "kubectl boutique buy -n NAMESPACE",
        },
    )
}

/// Counters rather than the recorded rates, and mails against orders of a moment earlier: an order and its mail may reach
/// Prometheus in two scrapes, and differences of short windows would see that twice for every order.
fn mails_missing(scope: &Scope<'_>) -> Rule {
    let window = scope.pace.hold(Span::minutes(30));
    let earlier = format!(" offset {}", scope.pace.hold(Span::minutes(1)));
    let increase = |name: &str, service: &str, offset: &str| {
        let series = scope.recorded(name, &format!(r#"source="spans",service="{service}""#));
        format!("sum(increase({series}[{window}]{offset}))")
    };
    let well = |service: &str, offset: &str| {
        let [all, bad] = ["requests", "errors"].map(|of| increase(&format!("boutique:{of}:total"), service, offset));
        format!("({all} - {bad})")
    };
    let orders = well("checkoutservice", &earlier);
    let payments = increase("boutique:requests:total", "paymentservice", "");
    let missing = format!("({orders} - ({} or {payments} * 0))", well("emailservice", ""));
    // When the collector falls silent, orders of a moment earlier leave the window last.
    let seen = scope.recorded("boutique:requests:total", r#"source="spans",service="paymentservice""#);
    let expr = format!("{missing} >= {FEWEST} and {missing} / ({orders} > 0) > 0.1 and on () {seen}");
    scope.alert(
        "BoutiqueMailsMissing",
        WARNING,
        expr,
        Span::minutes(2),
        &Says {
            summary: "Orders at SHOP are placed without a confirmation mail",
            description: "About {{ $value | humanize }} orders of the shop SHOP in NAMESPACE got no confirmation mail lately. \
                          Shoppers see nothing of it.",
            command: "kubectl logs -n NAMESPACE deployment/checkoutservice --since=30m",
        },
    )
}
