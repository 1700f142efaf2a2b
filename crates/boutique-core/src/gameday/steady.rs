//! Whether a shop is well enough to be broken.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::expect::total;
use super::journal::{Answers, SteadyRecord, rank, sha256};
use super::model::{Needs, SteadyState};
use super::plan::Step;
use super::share::percent;
use crate::fault::Scene;
use crate::probe::{Outcome, Sample};
use crate::service::Service;

/// Judges the samples that were taken before anything was broken.
pub fn steady(state: &SteadyState, samples: &[Sample]) -> SteadyRecord {
    let samples: Vec<&Sample> = samples.iter().filter(|sample| state.pages.contains(&sample.page)).collect();
    let answers = total(samples.iter().map(|sample| match &sample.outcome {
        Outcome::Good => Answers { good: 1, ..Answers::default() },
        Outcome::Unknown { .. } => Answers { unknown: 1, ..Answers::default() },
        Outcome::Bad { .. } | Outcome::Timeout => Answers { bad: 1, ..Answers::default() },
    }));
    let mut took: Vec<Duration> =
        samples.iter().filter(|sample| sample.outcome.is_known()).map(|sample| sample.took).collect();
    took.sort_unstable();
    let p95 = rank(&took, 95);
    let lasts = samples.iter().map(|sample| sample.at).max().unwrap_or_default();
    let mut record = SteadyRecord { lasts: lasts.as_secs_f64().ceil(), answers, p95, refused: None };
    record.refused = refusal(state, &record, &samples);
    record
}

fn refusal(state: &SteadyState, record: &SteadyRecord, samples: &[&Sample]) -> Option<String> {
    let Answers { good, bad, unknown } = record.answers;
    let known = record.answers.known();
    if known == 0 || unknown > known {
        return Some(format!("the shop cannot be seen: only {known} of {} requests were answered", samples.len()));
    }
    if !state.availability.is_reached_by(good, known) {
        let first = samples.iter().find(|sample| sample.outcome.is_bad());
        let first =
            first.map_or_else(String::new, |first| format!(", first {} with {}", first.page, first.outcome.word()));
        let ratio = percent(good as f64 / known as f64);
        return Some(format!(
            "the shop is not well: {bad} of {known} requests failed{first}; {ratio} good, and {} were wanted",
            state.availability
        ));
    }
    let limit = state.p95?.as_secs_f64() * 1_000.0;
    let p95 = record.p95.filter(|p95| *p95 > limit)?;
    Some(format!("the shop is slow: 19 of 20 answers took up to {p95:.0} ms, and {limit:.0} ms were wanted"))
}

/// Ready pods of each service that there is.
pub fn ready_pods(scene: &Scene) -> BTreeMap<Service, u64> {
    let ready = |pod: &&&Value| {
        let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
        conditions.into_iter().flatten().any(|condition| {
            let text = |field: &str| condition.get(field).and_then(Value::as_str);
            (text("type"), text("status")) == (Some("Ready"), Some("True"))
        })
    };
    let count = |service| scene.living_pods(service).iter().filter(ready).count();
    Service::ALL
        .into_iter()
        .filter(|service| scene.deployment(*service).is_ok())
        .map(|service| (service, u64::try_from(count(service)).unwrap_or(u64::MAX)))
        .collect()
}

/// Why a gameday makes no sense on this shop, one sentence for each reason.
pub fn unmet(needs: &Needs, steps: &[Step], ready: &BTreeMap<Service, u64>, watched: bool) -> Vec<String> {
    let mut targets: Vec<Service> = steps.iter().map(|step| step.service).collect();
    targets.sort_unstable();
    targets.dedup();
    let mut unmet = Vec::new();
    for service in targets {
        let Some(ready) = ready.get(&service).copied() else {
            unmet.push(format!("the shop has no {service}"));
            continue;
        };
        if let Some(least) = needs.at_least.filter(|least| ready < *least) {
            unmet.push(format!("{service} has {ready} ready, and the gameday needs {least} at least"));
        }
        if let Some(most) = needs.at_most.filter(|most| ready > *most) {
            unmet.push(format!("{service} has {ready} ready, and the gameday needs {most} at most"));
        }
    }
    if needs.monitoring && !watched {
        unmet.push("the gameday needs alerts, and no Prometheus of this shop was found".to_owned());
    }
    unmet
}

/// A fingerprint of what runs: images, settings and limits of every Deployment, whoever deployed them.
pub fn shop_digest(scene: &Scene) -> String {
    let mut templates: Vec<String> = scene
        .deployments
        .iter()
        .map(|deployment| {
            let name = deployment.pointer("/metadata/name").unwrap_or(&Value::Null);
            let template = deployment.pointer("/spec/template").unwrap_or(&Value::Null);
            format!("{name} {template}\n")
        })
        .collect();
    templates.sort_unstable();
    format!("sha256:{}", sha256(templates.concat().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Page;
    use crate::gameday::share::Share;
    use crate::gameday::{parse, plan};

    fn mk_state() -> SteadyState {
        let availability = Share::parse("99%").unwrap();
        let p95 = Some(Duration::from_millis(500));
        SteadyState { pages: vec![Page::Home], rate: 20, lasts: Duration::from_secs(10), availability, p95 }
    }

    fn mk_samples(page: Page, bad: usize, took: u64) -> Vec<Sample> {
        let outcome = |n| if n < bad { Outcome::Timeout } else { Outcome::Good };
        let at = |n: usize| Duration::from_millis(u64::try_from(n).unwrap() * 50);
        (0..200).map(|n| Sample { at: at(n), page, took: Duration::from_millis(took), outcome: outcome(n) }).collect()
    }

    #[test]
    fn a_shop_that_is_well_may_be_broken() {
        let record = steady(&mk_state(), &mk_samples(Page::Home, 2, 20));
        assert_eq!((record.refused, record.lasts, record.p95), (None, 10.0, Some(20.0)));
    }

    #[test]
    fn a_shop_that_fails_or_is_slow_or_cannot_be_seen_may_not() {
        let told = |samples: &[Sample]| steady(&mk_state(), samples).refused.unwrap();
        assert!(told(&mk_samples(Page::Home, 3, 20)).contains("3 of 200 requests failed, first home with timeout"));
        assert!(told(&mk_samples(Page::Home, 0, 700)).contains("up to 700 ms, and 500 ms were wanted"));
        assert!(told(&[]).contains("cannot be seen"));
    }

    #[test]
    fn pages_that_do_not_count_are_not_looked_at() {
        let mut samples = mk_samples(Page::Home, 0, 20);
        samples.extend(mk_samples(Page::Checkout, 200, 2_000));
        assert_eq!(steady(&mk_state(), &samples).refused, None);
    }

    #[test]
    fn what_a_gameday_needs_is_told_of_each_target() {
        let file = "apiVersion: boutique.dev/v1\nkind: Gameday\nname: x\ntitle: x\nneeds: {replicas: {atLeast: 2}, monitoring: true}
faults: [{fault: kill-pods, services: [adservice, cartservice, frontend]}]";
        let gameday = parse(file).unwrap();
        let ready = BTreeMap::from([(Service::Adservice, 1), (Service::Frontend, 2)]);
        let unmet = unmet(&gameday.needs, &plan(&gameday, None).unwrap().steps, &ready, false);
        assert_eq!(unmet.len(), 3, "{unmet:?}");
        assert_eq!(unmet[0], "adservice has 1 ready, and the gameday needs 2 at least");
        assert_eq!(unmet[1], "the shop has no cartservice");
    }
}
