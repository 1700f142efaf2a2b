//! What the cluster does about a fault: pods that go, come, and become ready, as sentences.

use std::collections::{BTreeMap, BTreeSet};

use boutique_core::fault::{Change, Fault, Revert};
use boutique_core::object::Kind;
use boutique_core::service::Service;
use boutique_core::status::status;
use boutique_core::view::{ShopObjects, ShopView, Sign, WorkloadView, view};
use jiff::Timestamp;
use serde_json::Value;

/// Follows the workloads that a fault concerns.
#[derive(Debug)]
pub(super) struct Watcher {
    service: Service,
    /// Names of pods that the fault touches and that have to go.
    touched: BTreeSet<String>,
    /// Changes that have to be taken back.
    changes: Vec<Change>,
    /// Deployments that were as specified before the fault.
    stood: BTreeSet<String>,
    /// Pods by name: their service and their state in a word.
    words: BTreeMap<String, (Service, String)>,
    /// Whether stock has been taken: pods of the first look were there before the fault.
    stocked: bool,
    /// Pods that came after the fault.
    replacements: Vec<String>,
}

/// How the workloads stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pods {
    /// Pods of the target that take traffic, and how many there should be.
    pub(super) ready: u64,
    pub(super) desired: u64,
    /// Whether what the fault touched is gone, what it changed is back, and every workload is as specified again.
    pub(super) restored: bool,
}

impl Watcher {
    pub(super) fn new(service: Service, touched: impl IntoIterator<Item = String>) -> Self {
        Self {
            service,
            touched: touched.into_iter().collect(),
            changes: Vec::new(),
            stood: BTreeSet::new(),
            words: BTreeMap::new(),
            stocked: false,
            replacements: Vec::new(),
        }
    }

    /// Takes over what the record says once the fault is announced.
    pub(super) fn expect(&mut self, fault: &Fault) {
        self.touched.extend(fault.pods.iter().map(|pod| pod.name.clone()));
        self.changes.clone_from(&fault.changes);
    }

    /// Takes the newest objects; answers with what became different.
    pub(super) fn see(&mut self, objects: &ShopObjects, now: Timestamp) -> (Pods, Vec<String>) {
        let seen = view(objects, now);
        if !self.stocked {
            self.stood = objects.deployments.iter().filter(|one| status(one).is_current()).filter_map(name).collect();
        }
        let news = self.news(&seen);
        self.stocked = true;
        (self.pods(&seen, objects), news)
    }

    /// Pods that came after the fault, oldest first.
    pub(super) fn replacements(&self) -> &[String] {
        &self.replacements
    }

    fn news(&mut self, seen: &ShopView) -> Vec<String> {
        let mut news = Vec::new();
        let pods = seen.workloads.iter().flat_map(|workload| workload.pods.iter().map(|pod| (workload.service, pod)));
        let mut here = BTreeSet::new();
        for (service, pod) in pods {
            here.insert(pod.name.clone());
            let before = self.words.insert(pod.name.clone(), (service, pod.word.clone()));
            if !self.stocked || before.as_ref().is_some_and(|(_, word)| *word == pod.word) {
                continue;
            }
            if before.is_none() {
                self.replacements.push(pod.name.clone());
            }
            let note = pod.note.as_ref().filter(|_| pod.sign == Sign::Bad);
            let note = note.map_or(String::new(), |note| format!(": {note}"));
            news.push(format!("pod {} {}{note}", pod.name, pod.word));
        }
        let gone: Vec<String> = self.words.keys().filter(|name| !here.contains(*name)).cloned().collect();
        for name in gone {
            self.words.remove(&name);
            news.push(format!("pod {name} gone"));
        }
        news
    }

    fn pods(&self, seen: &ShopView, objects: &ShopObjects) -> Pods {
        let target = seen.workloads.iter().find(|workload| workload.service == self.service);
        let (ready, desired) = target.map_or((0, 0), count);
        Pods { ready, desired, restored: ready >= desired && self.is_restored(objects) }
    }

    fn is_restored(&self, objects: &ShopObjects) -> bool {
        let living = |pod: &&Value| {
            !matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Failed" | "Succeeded"))
        };
        let touched = objects.pods.iter().filter(living).filter_map(name).any(|name| self.touched.contains(&name));
        let settled = |name: &String| {
            let deployment = objects.deployments.iter().find(|one| self::name(one).as_ref() == Some(name));
            deployment.is_none_or(|deployment| status(deployment).is_current())
        };
        let changed = self.changes.iter().any(|change| {
            let live = objects.deployments.iter().find(|one| name(one).as_deref() == Some(change.object.name.as_str()));
            change.object.kind == Kind::DEPLOYMENT.kind && matches!(change.revert(live), Revert::Patch(_))
        });
        !touched && !changed && self.stood.iter().all(settled)
    }
}

/// Counted from the pods: the Deployment's own count follows a little later.
fn count(workload: &WorkloadView) -> (u64, u64) {
    let good = workload.pods.iter().filter(|pod| pod.sign == Sign::Good).count();
    (u64::try_from(good).unwrap_or_default(), workload.desired)
}

fn name(object: &Value) -> Option<String> {
    object.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use boutique_core::fault::Field;
    use boutique_core::object::ObjectRef;
    use serde_json::json;

    use super::*;

    fn mk_objects(pods: &[(&str, bool)], address: &str) -> ShopObjects {
        let pods: Vec<Value> = pods
            .iter()
            .map(|(name, ready)| {
                let ready = if *ready { "True" } else { "False" };
                json!({"kind": "Pod", "metadata": {"name": name, "labels": {"app": "cartservice"}},
                    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
            })
            .collect();
        let whole = usize::from(pods.iter().any(|pod| pod["status"]["conditions"][0]["status"] == "True"));
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "cartservice", "uid": "u1", "generation": 1, "labels": {"app": "cartservice"}},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [
                {"name": "server", "env": [{"name": "REDIS_ADDR", "value": address}]}]}}},
            "status": {"observedGeneration": 1, "replicas": whole, "updatedReplicas": whole, "readyReplicas": whole,
                "availableReplicas": whole, "conditions": [{"type": "Available", "status": "True"},
                    {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]},
        });
        ShopObjects { pods, deployments: vec![deployment], ..ShopObjects::default() }
    }

    fn see(watcher: &mut Watcher, pods: &[(&str, bool)], address: &str) -> (Pods, Vec<String>) {
        watcher.see(&mk_objects(pods, address), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_killed_pod_is_replaced_when_it_is_gone_and_its_successor_ready() {
        let mut watcher = Watcher::new(Service::Cartservice, ["old".to_owned()]);
        assert_eq!(
            see(&mut watcher, &[("old", true)], "redis"),
            (Pods { ready: 1, desired: 1, restored: false }, vec![])
        );
        let (pods, news) = see(&mut watcher, &[("old", true), ("new", false)], "redis");
        assert_eq!((pods.restored, news), (false, vec!["pod new NotReady".to_owned()]));
        let (pods, news) = see(&mut watcher, &[("new", true)], "redis");
        assert_eq!((pods.restored, news), (true, vec!["pod new Running".to_owned(), "pod old gone".to_owned()]));
        assert_eq!(watcher.replacements(), ["new"]);
    }

    #[test]
    fn a_change_that_still_stands_is_not_restored_however_ready_the_pods_are() {
        let change = Change {
            object: ObjectRef::new(Kind::DEPLOYMENT, "shop", "cartservice"),
            uid: "u1".into(),
            field: Field::Env { container: "server".into(), name: "REDIS_ADDR".into() },
            before: Some("redis".into()),
            after: Some("nowhere.invalid:1".into()),
        };
        let mut watcher = Watcher::new(Service::Cartservice, []);
        see(&mut watcher, &[("a", true)], "redis");
        watcher.changes.push(change);
        assert!(!see(&mut watcher, &[("b", true)], "nowhere.invalid:1").0.restored);
        assert!(see(&mut watcher, &[("c", true)], "redis").0.restored);
    }
}
