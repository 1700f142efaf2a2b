//! What the cluster does about a fault: pods that go, come, and become ready, as sentences with a time.

use std::collections::BTreeMap;

use boutique_core::service::Service;
use boutique_core::view::{ShopView, Sign, WorkloadView};
use serde::Serialize;

/// Follows one workload through its replacement.
#[derive(Debug)]
pub(super) struct Watcher {
    service: Service,
    victims: Vec<String>,
    words: BTreeMap<String, String>,
    /// Whether stock has been taken: pods of the first look were there before the fault.
    stocked: bool,
    /// New pods that came after the fault.
    replacements: Vec<String>,
}

/// Where the replacement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Standing {
    /// Pods that take traffic, and how many there should be.
    pub(super) ready: u64,
    pub(super) desired: u64,
    /// Whether every victim is gone and as many pods as should be are ready.
    pub(super) replaced: bool,
}

impl Watcher {
    pub(super) fn new(service: Service, victims: Vec<String>) -> Self {
        Self { service, victims, words: BTreeMap::new(), stocked: false, replacements: Vec::new() }
    }

    /// Takes the newest view; answers with what became different.
    pub(super) fn see(&mut self, view: &ShopView) -> (Standing, Vec<String>) {
        let Some(workload) = view.workloads.iter().find(|workload| workload.service == self.service) else {
            return (Standing { ready: 0, desired: 0, replaced: false }, Vec::new());
        };
        let mut news = Vec::new();
        for pod in &workload.pods {
            let before = self.words.insert(pod.name.clone(), pod.word.clone());
            if before.as_deref() == Some(pod.word.as_str()) {
                continue;
            }
            if self.stocked {
                if before.is_none() {
                    self.replacements.push(pod.name.clone());
                }
                let note = pod.note.as_ref().filter(|_| pod.sign == Sign::Bad);
                news.push(format!(
                    "pod {} {}{}",
                    pod.name,
                    pod.word,
                    note.map_or(String::new(), |note| format!(": {note}"))
                ));
            }
        }
        let here = |name: &String| workload.pods.iter().any(|pod| pod.name == *name);
        let gone: Vec<String> = self.words.keys().filter(|name| !here(name)).cloned().collect();
        for name in gone {
            self.words.remove(&name);
            news.push(format!("pod {name} gone"));
        }
        self.stocked = true;
        (self.standing(workload), news)
    }

    /// New pods, oldest first.
    pub(super) fn replacements(&self) -> &[String] {
        &self.replacements
    }

    fn standing(&self, workload: &WorkloadView) -> Standing {
        let WorkloadView { desired, pods, .. } = workload;
        let gone = !pods.iter().any(|pod| self.victims.contains(&pod.name));
        let good = pods.iter().filter(|pod| pod.sign == Sign::Good).count();
        // Counted from the pods: the Deployment's own count follows a little later.
        let ready = u64::try_from(good).unwrap_or_default();
        Standing { ready, desired: *desired, replaced: gone && ready >= *desired }
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::view::{ShopObjects, view};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn mk_view(pods: &[(&str, bool)]) -> ShopView {
        let pods = pods.iter().map(|(name, ready)| {
            let ready = if *ready { "True" } else { "False" };
            json!({"kind": "Pod", "metadata": {"name": name, "labels": {"app": "cartservice"}},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
        });
        let objects = ShopObjects {
            pods: pods.collect(),
            deployments: vec![
                json!({"kind": "Deployment", "metadata": {"name": "cartservice"}, "spec": {"replicas": 1}}),
            ],
            ..ShopObjects::default()
        };
        view(&objects, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_replacement_is_complete_when_the_victim_is_gone_and_its_successor_ready() {
        let mut watcher = Watcher::new(Service::Cartservice, vec!["old".into()]);
        let other = ("other", true);
        assert_eq!(watcher.see(&mk_view(&[("old", true), other])).1, Vec::<String>::new());
        let (standing, news) = watcher.see(&mk_view(&[("old", true), ("new", false), other]));
        assert_eq!((standing.replaced, news), (false, vec!["pod new NotReady".to_owned()]));
        let (standing, news) = watcher.see(&mk_view(&[("new", true), other]));
        assert_eq!((standing.replaced, news), (true, vec!["pod new Running".to_owned(), "pod old gone".to_owned()]));
        assert_eq!(watcher.replacements(), ["new"]);
    }
}
