//! How a page depends on a service: the strongest chain of calls that leads there.

use crate::catalogue::{Condition, Dependency, Hardness, Page, calls};
use crate::service::Service;

/// A call that a fault touches: of anybody, or of one caller only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) caller: Option<Service>,
    pub(super) callee: Service,
}

impl Target {
    pub(super) const fn all_calls_of(callee: Service) -> Self {
        Self { caller: None, callee }
    }

    fn is(self, caller: Service, callee: Service) -> bool {
        self.callee == callee && self.caller.is_none_or(|wanted| wanted == caller)
    }
}

/// How a page depends on a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) hardness: Hardness,
    pub(super) condition: Condition,
    /// From the frontend's callee to the service.
    pub(super) through: Vec<Service>,
}

impl Way {
    pub(super) fn chain(&self) -> String {
        let names: Vec<&str> = self.through.iter().map(|service| service.name()).collect();
        format!("needs {}", names.join(" → "))
    }

    /// Strongest first: a hard way before a soft one, one that is always taken before a conditional one, short ones first.
    fn weight(&self) -> (Hardness, bool, std::cmp::Reverse<usize>) {
        (self.hardness, self.condition == Condition::Always, std::cmp::Reverse(self.through.len()))
    }
}

/// The strongest way in which `page` depends on a call, if any.
pub(super) fn way(page: Page, target: Target) -> Option<Way> {
    strongest(Service::Frontend, page.spec().dependencies, target)
}

fn strongest(caller: Service, dependencies: &[Dependency], target: Target) -> Option<Way> {
    dependencies.iter().filter_map(|dependency| follow(caller, dependency, target)).max_by_key(Way::weight)
}

fn follow(caller: Service, dependency: &Dependency, target: Target) -> Option<Way> {
    let here =
        Way { hardness: dependency.hardness, condition: dependency.condition, through: vec![dependency.service] };
    if target.is(caller, dependency.service) {
        return Some(here);
    }
    let rest = strongest(dependency.service, calls(dependency.service), target)?;
    let conditional = [here.condition, rest.condition].contains(&Condition::CartNotEmpty);
    Some(Way {
        hardness: here.hardness.min(rest.hardness),
        condition: if conditional { Condition::CartNotEmpty } else { Condition::Always },
        through: here.through.into_iter().chain(rest.through).collect(),
    })
}

/// Whom a service calls, those first whose loss to this one caller fails most pages.
pub(crate) fn callees_by_harm(caller: Service) -> Vec<Service> {
    let mut callees = crate::catalogue::workload(caller).callees();
    let harm = |callee: Service| {
        let target = Target { caller: Some(caller), callee };
        let ways: Vec<Way> = Page::ALL.into_iter().filter_map(|page| way(page, target)).collect();
        let surely = |way: &&Way| way.hardness == Hardness::Hard && way.condition == Condition::Always;
        (ways.iter().filter(surely).count(), ways.iter().filter(|way| way.hardness == Hardness::Hard).count())
    };
    // Stable: of two that hurt alike, the one that is called first.
    callees.sort_by_key(|callee| std::cmp::Reverse(harm(*callee)));
    callees
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_one_caller_is_not_that_of_another() {
        let target = Target { caller: Some(Service::Checkoutservice), callee: Service::Cartservice };
        assert_eq!(way(Page::Home, target), None);
        assert_eq!(way(Page::Checkout, target).unwrap().chain(), "needs checkoutservice → cartservice");
    }

    #[test]
    fn the_callee_whose_loss_hurts_most_comes_first() {
        assert_eq!(callees_by_harm(Service::Frontend)[..2], [Service::Currencyservice, Service::Cartservice]);
        assert_eq!(callees_by_harm(Service::Cartservice), [Service::RedisCart]);
        assert_eq!(callees_by_harm(Service::Checkoutservice)[0], Service::Cartservice);
        assert_eq!(callees_by_harm(Service::Adservice), []);
    }
}
