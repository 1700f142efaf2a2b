//! A node is drained: pods of several services go at once, and come back elsewhere, if there is an elsewhere.

use std::time::Duration;

use super::gone::Gone;
use super::killed::Kill;
use super::{Effect, Gap, PageImpact, Prediction, gone, killed, notes};
use crate::catalogue::Page;
use crate::service::Service;

/// A drained node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained {
    /// The service whose node it is.
    pub service: Service,
    /// What goes, by service; those whose eviction a budget forbids are not among them.
    pub evicted: Vec<Kill>,
    /// Whether another node can take them.
    pub elsewhere: bool,
    /// For how long the node takes no pods.
    pub lasts: Duration,
}

pub(super) fn predict(drained: &Drained) -> Prediction {
    let each: Vec<Prediction> = drained.evicted.iter().map(|kill| of_one(kill, drained)).collect();
    let pages = Page::ALL.into_iter().map(|page| worst(page, &each, drained)).collect();
    let mut prediction = Prediction::of(drained.service, pages);
    let gaps: Vec<Gap> = each.iter().filter_map(|one| one.gap).collect();
    prediction.gap = gaps
        .iter()
        .copied()
        .reduce(|a, b| Gap { shortest: a.shortest.max(b.shortest), longest: a.longest.max(b.longest) });
    prediction.lasts = Some(drained.lasts);
    for alert in each.iter().flat_map(|one| one.alerts.clone()) {
        prediction = prediction.alert(alert);
    }
    for kill in &drained.evicted {
        // Of many services, only what cannot be made good again.
        if matches!(kill.service, Service::RedisCart | Service::Shippingservice) {
            prediction.notes.extend(notes::of_service(kill.service).into_iter().take(1));
        }
    }
    prediction
}

fn of_one(kill: &Kill, drained: &Drained) -> Prediction {
    if drained.elsewhere {
        return killed::predict(kill);
    }
    let Kill { service, survivors, grace, readiness, .. } = kill.clone();
    gone::predict(&Gone::at_once(service, survivors, drained.lasts, grace, readiness))
}

fn worst(page: Page, each: &[Prediction], drained: &Drained) -> PageImpact {
    let here = |one: &Prediction| one.pages.iter().find(|impact| impact.page == page).cloned();
    // Of those that hurt alike, the first: services are in the order in which people know them.
    let mut worst: Option<PageImpact> = None;
    for impact in each.iter().filter_map(here) {
        if worst.as_ref().is_none_or(|known| known.effect < impact.effect) {
            worst = Some(impact);
        }
    }
    worst.filter(|worst| worst.effect > Effect::Works).unwrap_or_else(|| {
        let reason = match drained.evicted.len() {
            0 => "no pod of the shop leaves the node".to_owned(),
            _ => "uses nothing that leaves the node".to_owned(),
        };
        PageImpact::new(page, Effect::Works, reason)
    })
}
