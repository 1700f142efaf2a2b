//! Orders, and orders whose confirmation was not sent.
//!
//! checkoutservice sends the mail last and only logs when that fails: shopper and order see nothing (upstream's
//! `PlaceOrder`, v0.10.6). What can be seen is its call to emailservice: refused, or answered with an error. What cannot:
//! an emailservice that answers well and sends nothing, as upstream's own does unless it is given a mail provider, and
//! one that never answers, because then there is no order either.

use super::super::rule::Rule;
use super::super::scope::Scope;
use crate::service::Service::{self, Checkoutservice, Emailservice, Paymentservice};

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let placed = format!("clamp_min({}, 0)", well(scope, Checkoutservice));
    // Only checkoutservice calls paymentservice: its spans say that this collector would see calls for mails, too.
    let payments = counter(scope, "boutique:requests:total", Paymentservice);
    let mails = format!("({} or sum(rate({payments}[{}])) * 0)", well(scope, Emailservice), scope.rate());
    let orders = scope.recorded("boutique:orders:rate", "");
    vec![
        scope.record("boutique:orders:rate", placed, []),
        scope.record("boutique:mails_missing:rate", format!("clamp_min(sum({orders}) - {mails}, 0)"), []),
    ]
}

fn counter(scope: &Scope<'_>, name: &str, service: Service) -> String {
    scope.recorded(name, &format!(r#"source="spans",service="{service}""#))
}

/// Calls to a service that went well, per second.
fn well(scope: &Scope<'_>, service: Service) -> String {
    let rate = scope.rate();
    let sum = |name| format!("sum(rate({}[{rate}]))", counter(scope, name, service));
    format!("({} - {})", sum("boutique:requests:total"), sum("boutique:errors:total"))
}
