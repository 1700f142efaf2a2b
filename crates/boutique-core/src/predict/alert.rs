//! Which alerts of boutique_monitoring see a fault, and how long they take.
//!
//! An alert fires when its condition has held for its holding time, so whether anybody is told depends on how long a fault
//! lasts: most faults of a minute are over before production's alerts have made up their mind.

use std::time::Duration;

use serde::Serialize;

use super::gap::comes_back;
use super::{Cut, Effect, Gap, Gone, Kill, PageImpact, Slow};
use crate::catalogue::Page;
use crate::measure::seconds;
use crate::monitoring::{Pace, Span, Windows};
use crate::service::Service;

/// Scrapes and evaluations that an alert may lag behind its condition, in intervals.
const LAG: u32 = 3;

/// An alert whose condition a fault meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpectedAlert {
    /// Its name.
    pub name: &'static str,
    /// When it fires at the earliest, after T0, at production's pace.
    #[serde(serialize_with = "seconds::span")]
    pub after: Duration,
    /// The same at the lab's pace, a twelfth of production's.
    #[serde(serialize_with = "seconds::span")]
    pub after_in_lab: Duration,
    /// How long after T0 its condition ceases to hold.
    pub holds_until: Gap,
    /// Why it fires.
    pub reason: String,
}

/// Whether an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fires {
    /// The fault is over before.
    Never,
    /// It depends on scrapes and evaluations, or on how long the shop takes to recover.
    Perhaps,
    /// Its condition holds long enough.
    Surely,
}

impl ExpectedAlert {
    /// When it fires at the earliest, after T0.
    pub fn after_at(&self, windows: Windows) -> Duration {
        match windows {
            Windows::Standard => self.after,
            Windows::Lab => self.after_in_lab,
        }
    }

    /// When it fires at the latest, after T0, if its condition holds so long.
    pub fn latest_at(&self, windows: Windows) -> Duration {
        self.after_at(windows) + Duration::from_secs(u64::from(LAG * Pace::of(windows).interval.seconds()))
    }

    /// Whether it fires within the fault at any pace.
    pub(crate) fn fires_ever(&self) -> bool {
        [Windows::Standard, Windows::Lab].into_iter().any(|windows| self.fires(windows) != Fires::Never)
    }

    /// Whether it fires within the fault, given how fast monitoring runs.
    pub fn fires(&self, windows: Windows) -> Fires {
        let after = self.after_at(windows);
        if self.holds_until.longest < after {
            Fires::Never
        } else if self.holds_until.shortest >= self.latest_at(windows) {
            Fires::Surely
        } else {
            Fires::Perhaps
        }
    }
}

/// An alert with its holding time in production, as monitoring's rules have it; a test below compares.
pub(crate) const HOLDS: &[(&str, Span)] = &[
    ("BoutiqueErrorBudgetBurn", Span(0)),
    ("BoutiqueGreenButBroken", Span::minutes(2)),
    ("BoutiqueMailsMissing", Span::minutes(2)),
    ("BoutiqueServiceDown", Span::minutes(1)),
    ("BoutiqueEndpointsEmpty", Span::minutes(2)),
    ("BoutiqueReplicasMissing", Span::minutes(15)),
    ("BoutiqueCrashLooping", Span::minutes(10)),
    ("BoutiqueOOMKilled", Span(0)),
    ("BoutiqueMemoryLeak", Span::minutes(5)),
    ("BoutiqueCPUThrottling", Span::minutes(15)),
    ("BoutiqueRedisMemory", Span::minutes(5)),
    ("BoutiqueNoTraffic", Span::minutes(2)),
];

/// An alert whose condition holds from `begins` to `holds_until` after T0.
pub(crate) fn alert(
    name: &'static str,
    begins: [Duration; 2],
    holds_until: Gap,
    reason: impl Into<String>,
) -> ExpectedAlert {
    let hold = HOLDS.iter().find(|(known, _)| *known == name).map_or(Span(0), |(_, hold)| *hold);
    let at = |windows, begin: Duration| begin + Duration::from_secs(u64::from(Pace::of(windows).hold(hold).seconds()));
    ExpectedAlert {
        name,
        after: at(Windows::Standard, begins[0]),
        after_in_lab: at(Windows::Lab, begins[1]),
        holds_until,
        reason: reason.into(),
    }
}

const AT_ONCE: [Duration; 2] = [Duration::ZERO; 2];

/// Share of the load generator's requests that ask for a page, per mille (`locustfile.py`: weights of its tasks, redirects
/// followed).
fn share(page: Page) -> u32 {
    match page {
        Page::Home => 107,
        Page::Product => 464,
        Page::AddToCart => 107,
        Page::ViewCart => 214,
        Page::Checkout => 36,
    }
}

/// The budget burns when pages fail: over the long window so many must have gone wrong that 14.4 times the budget of 99.9 %
/// is spent, which is a thousandth, so that the shares' "per mille" and the budget's cancel out. Shoppers' requests count,
/// and so do the monitoring's own journeys, one for each page in each interval; at least five have to fail.
fn burn(pages: &[PageImpact], begins: Duration, fails_until: Gap) -> Option<ExpectedAlert> {
    let failing: Vec<Page> = pages.iter().filter(|page| page.effect == Effect::Fails).map(|page| page.page).collect();
    let count = u32::try_from(failing.len()).unwrap_or_default();
    if count == 0 {
        return None;
    }
    let shoppers: u32 = failing.iter().copied().map(share).sum();
    let filled = |windows: Windows, share: u32| {
        let burn = Pace::of(windows).burns[0];
        Duration::from_secs_f64(f64::from(burn.long.seconds()) * burn.factor / f64::from(share))
    };
    let begins = [Windows::Standard, Windows::Lab].map(|windows| {
        let five = Duration::from_secs(u64::from(Pace::of(windows).interval.seconds())) * 5 / count;
        begins + filled(windows, shoppers).min(filled(windows, count * 200).max(five))
    });
    let reason =
        format!("about {} of 100 requests of shoppers fail, {count} of 5 journeys; 0.1 of 100 may", shoppers / 10);
    Some(alert("BoutiqueErrorBudgetBurn", begins, fails_until, reason))
}

pub(super) fn of_kill(kill: &Kill, pages: &[PageImpact]) -> Vec<ExpectedAlert> {
    down(kill.service, comes_back(kill.readiness))
        .into_iter()
        .chain(burn(pages, Duration::ZERO, super::gap::of_kill(kill)))
        .collect()
}

pub(super) fn of_gone(gone: &Gone, pages: &[PageImpact]) -> Vec<ExpectedAlert> {
    if gone.flaps {
        // It answers in between, and an alert that has to hold begins anew.
        return Vec::new();
    }
    down(gone.service, gone.until())
        .into_iter()
        .chain(burn(pages, gone.begins.shortest, super::gap::of_gone(gone)))
        .collect()
}

/// Alerts that look at a service whose pods are gone.
fn down(service: Service, until: Gap) -> Vec<ExpectedAlert> {
    if service == Service::Loadgenerator {
        return vec![alert("BoutiqueNoTraffic", silence(), until, "the simulated shoppers stay away")];
    }
    let mut alerts = vec![
        alert("BoutiqueServiceDown", AT_ONCE, until, format!("nobody answers behind the Service {service}")),
        alert("BoutiqueEndpointsEmpty", AT_ONCE, until, format!("the Service {service} has no ready endpoint")),
    ];
    if service == Service::Emailservice {
        alerts.push(mails_missing(AT_ONCE, until));
    }
    alerts
}

/// Orders and mails are counted by the shop's spans, so that it fires only where these are collected and somebody buys.
fn mails_missing(begins: [Duration; 2], until: Gap) -> ExpectedAlert {
    let until = Gap { shortest: Duration::ZERO, ..until };
    alert("BoutiqueMailsMissing", begins, until, "orders are placed without a confirmation")
}

/// Before anybody wonders where shoppers are, they have stayed away for a while.
fn silence() -> [Duration; 2] {
    [Windows::Standard, Windows::Lab]
        .map(|windows| Duration::from_secs(u64::from(Pace::of(windows).hold(Span::minutes(10)).seconds())))
}

pub(super) fn of_cut(cut: &Cut, pages: &[PageImpact]) -> Vec<ExpectedAlert> {
    let until = Gap { shortest: cut.lasts + cut.ends.shortest, longest: cut.lasts + cut.ends.longest };
    // While pods are replaced not everything is Ready, and that alert begins anew.
    let replaced = cut.killed.as_ref().map_or(Duration::ZERO, |kill| comes_back(kill.readiness).shortest);
    let begins = [cut.begins.shortest + replaced; 2];
    let mut alerts = Vec::new();
    if cut.caller.is_none() {
        let reason = "the monitoring's own probes do not get through either";
        alerts.push(alert("BoutiqueServiceDown", [cut.begins.shortest; 2], until, reason));
    }
    let journeys_fail = pages.iter().any(|page| page.effect == Effect::Fails);
    if journeys_fail {
        let reason = "purchases fail while every Deployment has all its replicas ready";
        alerts.push(alert("BoutiqueGreenButBroken", begins, until, reason));
    }
    if cut.callee == Service::Emailservice {
        alerts.push(mails_missing(begins, until));
    }
    alerts.extend(burn(pages, cut.begins.shortest, until));
    alerts
}

pub(super) fn of_slow(slow: &Slow, pages: &[PageImpact]) -> Vec<ExpectedAlert> {
    let until = Gap { shortest: slow.lasts + slow.ends.shortest, longest: slow.lasts + slow.ends.longest };
    let failing = burn(pages, slow.begins.shortest, until);
    failing.or_else(|| late(pages, slow.begins.shortest, until)).into_iter().collect()
}

/// 99 % of pages are promised within half a second, unless somebody promises something else: what takes longer spends that
/// budget, which is ten times that of failures.
fn late(pages: &[PageImpact], begins: Duration, until: Gap) -> Option<ExpectedAlert> {
    let is_late = |page: &&PageImpact| page.late_by.is_some_and(|late_by| late_by >= PROMISED);
    let late: u32 = pages.iter().filter(is_late).map(|page| share(page.page)).sum();
    let begins = [Windows::Standard, Windows::Lab].map(|windows| {
        let burn = Pace::of(windows).burns[0];
        begins + Duration::from_secs_f64(f64::from(burn.long.seconds()) * burn.factor * 10.0 / f64::from(late.max(1)))
    });
    let reason = format!("about {} of 100 requests of shoppers take longer than promised; 1 may", late / 10);
    (late > 0).then(|| alert("BoutiqueErrorBudgetBurn", begins, until, reason))
}

/// What [`crate::monitoring::Slo`] promises unless told otherwise.
const PROMISED: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitoring::{MonitoringSpec, Rule, alerts};

    #[test]
    fn holding_times_are_those_of_the_rules() {
        for windows in [Windows::Standard, Windows::Lab] {
            let spec = serde_json::json!({"name": "watch", "namespace": "shop", "stack": "shop", "windows": windows});
            let spec: MonitoringSpec = serde_json::from_value(spec).unwrap();
            let groups = alerts::groups(&spec);
            for (name, hold) in HOLDS {
                let rule = groups.iter().flat_map(|group| &group.rules).find(|rule| rule.name() == *name);
                let Some(Rule::Alert { hold: held, .. }) = rule else { panic!("no alert {name}") };
                assert_eq!(Pace::of(windows).hold(*hold), *held, "{name}");
            }
        }
    }

    #[test]
    fn an_alert_of_a_minute_does_not_see_half_a_minute() {
        let at = |seconds| {
            let until = Gap { shortest: Duration::from_secs(seconds), longest: Duration::from_secs(seconds) };
            alert("BoutiqueServiceDown", AT_ONCE, until, "")
        };
        assert_eq!(at(30).fires(Windows::Standard), Fires::Never);
        assert_eq!(at(70).fires(Windows::Standard), Fires::Perhaps);
        assert_eq!(at(150).fires(Windows::Standard), Fires::Surely);
        assert_eq!(at(30).fires(Windows::Lab), Fires::Surely);
    }
}
