//! A service answers late. How late a page gets depends on how often it asks.

use std::time::Duration;

use super::page::{self, does_not_use};
use super::way::{Target, way};
use super::{Effect, Gap, PageImpact, Prediction, alert, gap};
use crate::catalogue::Page;
use crate::service::Service;

/// How long the prober, and a shopper with it, waits for a page. What comes later counts as bad.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How long the frontend waits for an advertisement: the only deadline in the shop.
const AD_DEADLINE: Duration = Duration::from_millis(100);

/// A service that answers late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// Which.
    pub service: Service,
    /// Whose calls; none for everybody's.
    pub caller: Option<Service>,
    /// By how much each call; none where that depends on the load.
    pub by: Option<Duration>,
    /// How long it takes to come into effect.
    pub begins: Gap,
    /// For how long.
    pub lasts: Duration,
    /// How long it takes to go after that.
    pub ends: Gap,
    /// Whose pods are exchanged by a rollout at the beginning and at the end.
    pub rolled: Option<Service>,
}

pub(super) fn predict(slow: &Slow) -> Prediction {
    let mut pages: Vec<PageImpact> = Page::ALL.into_iter().map(|page| impact(page, slow)).collect();
    if let Some(service) = slow.rolled {
        page::exchange(&mut pages, service, "at both ends");
    }
    let mut prediction = Prediction::of(slow.service, pages);
    prediction.begins = Some(slow.begins);
    prediction.gap = prediction.hurts().then(|| gap::of_span(slow.begins, slow.lasts, slow.ends));
    prediction.lasts = Some(slow.lasts);
    prediction.alerts = alert::of_slow(slow, &prediction.pages);
    prediction
}

fn impact(page: Page, slow: &Slow) -> PageImpact {
    let target = Target { caller: slow.caller, callee: slow.service };
    let said = |effect, reason: String| PageImpact::new(page, effect, reason);
    if slow.service == Service::Frontend && slow.caller.is_none() {
        return match slow.by {
            Some(by) => late(page, 1, by, "every page comes through it"),
            None => said(Effect::Slows, "every page comes through it".into()),
        };
    }
    let Some(way) = way(page, target) else {
        // What it asks for and does not miss is not in the catalogue, but has to be waited for.
        return match (asked(page, target), slow.by) {
            (0, _) => said(Effect::Works, does_not_use(target)),
            (_, None) => said(Effect::Slows, format!("asks {}, which waits for CPU", slow.service)),
            (calls, Some(by)) => late(page, calls, by, &format!("asks {}", slow.service)),
        };
    };
    let chain = way.chain();
    if way.through.contains(&Service::Adservice) {
        return said(Effect::Degrades, format!("{chain}: given up after {} ms", AD_DEADLINE.as_millis()));
    }
    match slow.by {
        Some(by) => late(page, asked(page, target).max(1), by, &chain),
        None => said(Effect::Slows, format!("{chain}, which waits for CPU")),
    }
}

fn late(page: Page, calls: u32, by: Duration, chain: &str) -> PageImpact {
    let late_by = by * calls;
    let times = match calls {
        1 => format!("{chain}, once: {} s later", late_by.as_secs_f64()),
        calls => format!("{chain}, {calls} times or more: {} s later", late_by.as_secs_f64()),
    };
    let (effect, reason) = if late_by >= PATIENCE {
        (Effect::Fails, format!("{times}, and nobody waits longer than {} s", PATIENCE.as_secs()))
    } else if late_by * 10 >= PATIENCE * 8 {
        (Effect::MayFail, format!("{times}, close to the {} s that people wait", PATIENCE.as_secs()))
    } else {
        (Effect::Slows, times)
    };
    PageImpact { page, effect, late_by: Some(late_by), reason }
}

/// How often a caller asks a callee for each page, one call after the other, in a shopper's order of pages. Read from the
/// code (frontend's `handlers.go` and `rpc.go`, checkoutservice's `main.go`, cartservice's store) for an empty cart; each
/// product in it adds calls.
const ASKS: &[(Service, Service, [u32; 5])] = &[
    // The currencies, then a conversion for each of nine products or for the shipping.
    (Service::Frontend, Service::Currencyservice, [10, 2, 0, 2, 1]),
    // The product, then five recommended ones of which four are shown.
    (Service::Frontend, Service::Productcatalogservice, [1, 6, 1, 5, 5]),
    (Service::Frontend, Service::Cartservice, [1, 1, 1, 1, 0]),
    (Service::Frontend, Service::Recommendationservice, [0, 1, 0, 1, 1]),
    (Service::Frontend, Service::Shippingservice, [0, 0, 0, 1, 0]),
    (Service::Frontend, Service::Checkoutservice, [0, 0, 0, 0, 1]),
    // The cart's content, and its emptying.
    (Service::Checkoutservice, Service::Cartservice, [0, 0, 0, 0, 2]),
    (Service::Checkoutservice, Service::Currencyservice, [0, 0, 0, 0, 1]),
    // The quote, and the order.
    (Service::Checkoutservice, Service::Shippingservice, [0, 0, 0, 0, 2]),
    (Service::Checkoutservice, Service::Paymentservice, [0, 0, 0, 0, 1]),
    (Service::Checkoutservice, Service::Emailservice, [0, 0, 0, 0, 1]),
    (Service::Recommendationservice, Service::Productcatalogservice, [0, 1, 0, 1, 1]),
    // To add is to read and to write.
    (Service::Cartservice, Service::RedisCart, [1, 1, 2, 1, 2]),
];

/// How often a page asks, at least.
fn asked(page: Page, target: Target) -> u32 {
    let column = Page::ALL.iter().position(|candidate| *candidate == page).unwrap_or_default();
    ASKS.iter()
        .filter(|(caller, callee, _)| *callee == target.callee && target.caller.is_none_or(|only| only == *caller))
        .map(|(_, _, pages)| pages[column])
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::gap::Gap;

    fn mk_slow(service: Service, millis: u64) -> Slow {
        let now = Gap { shortest: Duration::ZERO, longest: Duration::ZERO };
        let by = Some(Duration::from_millis(millis));
        Slow { service, caller: None, by, begins: now, lasts: Duration::from_secs(60), ends: now, rolled: None }
    }

    #[test]
    fn a_product_page_asks_the_catalogue_seven_times() {
        let late: Vec<u64> = predict(&mk_slow(Service::Productcatalogservice, 100))
            .pages
            .iter()
            .map(|page| page.late_by.map_or(0, |late| u64::try_from(late.as_millis()).unwrap_or_default()))
            .collect();
        assert_eq!(late, [100, 700, 100, 600, 600]);
    }

    #[test]
    fn what_comes_later_than_anybody_waits_fails() {
        let effects = |millis| -> Vec<Effect> {
            predict(&mk_slow(Service::Productcatalogservice, millis)).pages.iter().map(|page| page.effect).collect()
        };
        assert_eq!(effects(200), [Effect::Slows; 5]);
        assert_eq!(effects(250)[1], Effect::MayFail);
        assert_eq!(effects(400), [Effect::Slows, Effect::Fails, Effect::Slows, Effect::Fails, Effect::Fails]);
    }

    #[test]
    fn a_slow_mail_delays_an_order_though_its_refusal_would_not() {
        let pages = predict(&mk_slow(Service::Emailservice, 100)).pages;
        assert_eq!(pages[4].effect, Effect::Slows);
        assert_eq!(predict(&mk_slow(Service::Adservice, 900)).pages[0].effect, Effect::Degrades);
    }

    #[test]
    fn every_way_of_a_page_is_counted() {
        for page in Page::ALL {
            for service in Service::ALL {
                let target = Target::all_calls_of(service);
                let counted = ASKS.iter().any(|(_, callee, pages)| {
                    *callee == service && pages[Page::ALL.iter().position(|one| *one == page).unwrap()] > 0
                });
                let exempt = matches!(service, Service::Adservice | Service::Frontend | Service::Loadgenerator);
                assert!(exempt || counted == way(page, target).is_some(), "{page}, {service}");
            }
        }
    }
}
