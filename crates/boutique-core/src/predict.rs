//! What will happen when a service's pods are killed: which pages fail, why, and for how long.
//!
//! Read from the catalogue's graph of calls and from how the pods stop and start. Said before the fault is injected and
//! graded afterwards, so a wrong prediction is a finding about the shop, or about this file.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::catalogue::{Condition, Dependency, Hardness, Language, Page, calls, workload};
use crate::service::Service;

mod gap;

pub use gap::{Gap, Readiness};

/// What a page does while a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// As always.
    Works,
    /// Answers, but something on it is missing.
    Degrades,
    /// Some requests may fail, or none.
    MayFail,
    /// Fails.
    Fails,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Works => "works",
            Self::Degrades => "degrades",
            Self::MayFail => "may fail",
            Self::Fails => "fails",
        })
    }
}

/// The fault, with what the cluster says about its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// Whose pods.
    pub service: Service,
    /// How many pods will be killed.
    pub killed: usize,
    /// How many Ready pods stay.
    pub survivors: usize,
    /// How long a pod may take to stop (`terminationGracePeriodSeconds`, or what the caller asked for).
    pub grace: Duration,
    /// When a new pod gets traffic.
    pub readiness: Readiness,
}

/// One page's future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageImpact {
    /// Which page.
    pub page: Page,
    /// What it will do.
    pub effect: Effect,
    /// Why.
    pub reason: String,
}

/// What a fault is going to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prediction {
    /// Whose pods are killed.
    pub service: Service,
    /// Every page of the shop, in a shopper's order.
    pub pages: Vec<PageImpact>,
    /// How long the pages that fail will fail; absent where none does.
    pub gap: Option<Gap>,
    /// Things to know that no page shows.
    pub notes: Vec<String>,
}

/// Predicts a fault.
pub fn predict(kill: &Kill) -> Prediction {
    let gap = gap::gap(kill);
    let pages: Vec<PageImpact> = Page::ALL.into_iter().map(|page| impact(page, kill, gap)).collect();
    let hurts = pages.iter().any(|page| page.effect >= Effect::MayFail);
    Prediction { service: kill.service, pages, gap: hurts.then_some(gap), notes: notes(kill) }
}

fn impact(page: Page, kill: &Kill, gap: Gap) -> PageImpact {
    let said = |effect, reason| PageImpact { page, effect, reason };
    if kill.service == Service::Frontend {
        return match kill.survivors {
            0 => said(Effect::Fails, "nobody answers for the shop".into()),
            _ => said(Effect::MayFail, "requests in flight on a killed pod are lost, the other pods answer".into()),
        };
    }
    let Some(way) = way(page, kill.service) else {
        return match redirect(page, kill.service) {
            Some(next) => {
                let fails = impact(next, kill, gap).effect;
                said(Effect::Works, format!("done at once, but it leads on to {next}, which {fails}"))
            }
            None => said(Effect::Works, format!("does not use {}", kill.service)),
        };
    };
    let chain = way.chain();
    match (way.hardness, way.condition) {
        (Hardness::Soft, _) => said(Effect::Degrades, format!("{chain}: a refusal is only logged")),
        (Hardness::Hard, _) if kill.survivors > 0 => {
            said(Effect::MayFail, format!("{chain}: a retry window only, the other pods take over"))
        }
        (Hardness::Hard, _) if gap.shortest.is_zero() => said(
            Effect::MayFail,
            format!("{chain}: the old pod serves on for its grace period, maybe until the new one is ready"),
        ),
        (Hardness::Hard, Condition::CartNotEmpty) => {
            said(Effect::MayFail, format!("{chain}: fails only for a cart with something in it"))
        }
        (Hardness::Hard, Condition::Always) => said(Effect::Fails, chain),
    }
}

/// The page that a page leads on to, if that one fails without the service.
fn redirect(page: Page, service: Service) -> Option<Page> {
    page.spec().then.filter(|next| way(*next, service).is_some_and(|way| way.hardness == Hardness::Hard))
}

/// How a page depends on a service.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    hardness: Hardness,
    condition: Condition,
    /// From the frontend's callee to the service.
    through: Vec<Service>,
}

impl Way {
    fn chain(&self) -> String {
        let names: Vec<&str> = self.through.iter().map(|service| service.name()).collect();
        format!("needs {}", names.join(" → "))
    }

    /// Strongest first: a hard way before a soft one, one that is always taken before a conditional one, short ones first.
    fn weight(&self) -> (Hardness, bool, std::cmp::Reverse<usize>) {
        (self.hardness, self.condition == Condition::Always, std::cmp::Reverse(self.through.len()))
    }
}

/// The strongest way in which `page` depends on `service`, if any.
fn way(page: Page, service: Service) -> Option<Way> {
    strongest(page.spec().dependencies, service)
}

fn strongest(dependencies: &[Dependency], target: Service) -> Option<Way> {
    dependencies.iter().filter_map(|dependency| follow(dependency, target)).max_by_key(Way::weight)
}

fn follow(dependency: &Dependency, target: Service) -> Option<Way> {
    let here =
        Way { hardness: dependency.hardness, condition: dependency.condition, through: vec![dependency.service] };
    if dependency.service == target {
        return Some(here);
    }
    let rest = strongest(calls(dependency.service), target)?;
    let conditional = [here.condition, rest.condition].contains(&Condition::CartNotEmpty);
    Some(Way {
        hardness: here.hardness.min(rest.hardness),
        condition: if conditional { Condition::CartNotEmpty } else { Condition::Always },
        through: here.through.into_iter().chain(rest.through).collect(),
    })
}

fn notes(kill: &Kill) -> Vec<String> {
    let mut notes = Vec::new();
    match kill.service {
        Service::RedisCart => {
            notes.push("all carts are lost if the data lies in an emptyDir, as upstream has it".to_owned());
            notes.push("no pod but redis-cart itself will leave the Ready state".to_owned());
        }
        Service::Emailservice => notes.push("orders go through, confirmations are not sent".to_owned()),
        Service::Loadgenerator => notes.push("the simulated shoppers pause; the shop does not notice".to_owned()),
        Service::Shippingservice => {
            notes.push("an order caught between payment and shipping is charged and not shipped".to_owned());
        }
        _ => {}
    }
    if serves_on(kill.service) && kill.grace > Duration::from_secs(1) {
        let (service, grace) = (kill.service, kill.grace.as_secs());
        notes.push(format!("{service} ignores SIGTERM: the old pod serves open connections for {grace} more seconds"));
    }
    notes
}

/// Whether the process takes no notice of SIGTERM and is killed at the end of its grace period: Node.js and Python as
/// PID 1 without a handler, as upstream's images start them.
fn serves_on(service: Service) -> bool {
    matches!(workload(service).language, Language::Node | Language::Python) && service != Service::Loadgenerator
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_kill(service: Service) -> Kill {
        Kill {
            service,
            killed: 1,
            survivors: 0,
            grace: Duration::from_secs(1),
            readiness: Readiness { delay: Duration::from_secs(10), period: Duration::from_secs(10), startup: None },
        }
    }

    fn effects(kill: &Kill) -> [Effect; 5] {
        let pages = predict(kill).pages;
        std::array::from_fn(|i| pages[i].effect)
    }

    #[test]
    fn the_table_of_pages_is_upstreams() {
        use Effect::{Degrades, Fails, MayFail, Works};
        let table = [
            (Service::Frontend, [Fails; 5]),
            (Service::Currencyservice, [Fails, Fails, Works, Fails, Fails]),
            (Service::Cartservice, [Fails; 5]),
            (Service::RedisCart, [Fails; 5]),
            (Service::Productcatalogservice, [Fails, Fails, Fails, MayFail, MayFail]),
            (Service::Shippingservice, [Works, Works, Works, Fails, Fails]),
            (Service::Checkoutservice, [Works, Works, Works, Works, Fails]),
            (Service::Paymentservice, [Works, Works, Works, Works, Fails]),
            (Service::Emailservice, [Works, Works, Works, Works, Degrades]),
            (Service::Recommendationservice, [Works, Degrades, Works, Degrades, Degrades]),
            (Service::Adservice, [Degrades, Degrades, Works, Works, Works]),
            (Service::Loadgenerator, [Works; 5]),
        ];
        for (service, expected) in table {
            assert_eq!(effects(&mk_kill(service)), expected, "{service}");
        }
    }

    #[test]
    fn reasons_name_the_chain_of_calls() {
        let prediction = predict(&mk_kill(Service::RedisCart));
        assert_eq!(prediction.pages[0].reason, "needs cartservice → redis-cart");
        let prediction = predict(&mk_kill(Service::Paymentservice));
        assert_eq!(prediction.pages[4].reason, "needs checkoutservice → paymentservice");
    }

    #[test]
    fn adding_to_the_cart_leads_on_to_a_page_that_fails() {
        let prediction = predict(&mk_kill(Service::Shippingservice));
        assert_eq!(prediction.pages[2].reason, "done at once, but it leads on to view cart, which fails");
    }

    #[test]
    fn a_second_pod_leaves_a_retry_window_only() {
        let kill = Kill { survivors: 1, ..mk_kill(Service::Cartservice) };
        assert_eq!(effects(&kill), [Effect::MayFail; 5]);
        assert_eq!(effects(&Kill { survivors: 1, ..mk_kill(Service::Frontend) }), [Effect::MayFail; 5]);
    }

    #[test]
    fn a_fault_that_nobody_notices_predicts_no_gap() {
        assert_eq!(predict(&mk_kill(Service::Adservice)).gap, None);
        assert!(predict(&mk_kill(Service::Cartservice)).gap.is_some());
    }

    #[test]
    fn a_process_that_ignores_sigterm_may_outlast_the_start_of_its_successor() {
        let quick = Readiness { delay: Duration::ZERO, period: Duration::from_secs(1), startup: None };
        let kill = Kill { grace: Duration::from_secs(30), readiness: quick, ..mk_kill(Service::Currencyservice) };
        assert_eq!(effects(&kill)[0], Effect::MayFail);
        assert!(predict(&kill).notes.iter().any(|note| note.contains("ignores SIGTERM")));
    }
}
