//! A small shop in a namespace of its own, and hands of other people.

use std::{collections::BTreeMap, path::PathBuf, sync::OnceLock, time::Duration};

use boutique_cluster::{
    access::is_allowed,
    applyset::{self, Applied, ApplyError, ApplyRequest, DestroyRequest, Destroyed, SetReading},
    bounds::Bounds,
    connect::{Cluster, ConnectSpec},
    event::Events,
    lease::LeaseTiming,
};
use boutique_core::{
    contract::SetId,
    fault::Need,
    object::{Kind, Manifest, ObjectRef},
};
use boutique_lab::{Lab, Mode, Options, Progress, Running};
use serde_json::{Value, json};

pub(crate) const VERSION: &str = "0.0.0-test";

pub(crate) fn lab() -> &'static Running {
    static LAB: OnceLock<Running> = OnceLock::new();
    LAB.get_or_init(|| {
        let lab = Lab::named("test-sim").expect("the name is a good one");
        let options = Options { audit: true, ..Options::default() };
        lab.up(Mode::Sim { nodes: 3 }, &options, &Progress::stderr()).unwrap_or_else(|error| panic!("lab: {error:#}"))
    })
}

pub(crate) fn spec() -> ConnectSpec {
    ConnectSpec { config_paths: vec![lab().kubeconfig.clone()], ..ConnectSpec::default() }
}

pub(crate) async fn cluster() -> Cluster {
    Cluster::connect(&spec()).await.expect("the lab's kubeconfig is good")
}

pub(crate) async fn cluster_of(kubeconfig: PathBuf) -> Cluster {
    let spec = ConnectSpec { config_paths: vec![kubeconfig], ..ConnectSpec::default() };
    Cluster::connect(&spec).await.expect("the kubeconfig is good")
}

/// The cluster as another user sees it.
///
/// The authorizer learns of a role some time after the role was written; the user's `right` tells when it has.
pub(crate) async fn cluster_as(user: &str, right: (&'static str, Kind, Option<&str>)) -> Cluster {
    let spec = ConnectSpec { impersonate: Some(user.to_owned()), ..spec() };
    let cluster = Cluster::connect(&spec).await.expect("the lab's kubeconfig is good");
    let (verb, kind, namespace) = right;
    let need = Need { verb, group: kind.group, resource: kind.plural, purpose: "act under it", required: true };
    let known = async { while !is_allowed(&cluster, &need, namespace).await.expect("a review is answered") {} };
    tokio::time::timeout(Duration::from_secs(30), known).await.expect("the authorizer learns of the role");
    cluster
}

pub(crate) fn bounds() -> Bounds {
    Bounds::within(Duration::from_secs(180))
}

/// A lease short enough for tests.
pub(crate) const QUICK: LeaseTiming =
    LeaseTiming { duration: Duration::from_secs(5), patience: Duration::from_secs(60) };

/// A shop of a test.
pub(crate) struct Shop {
    pub(crate) cluster: Cluster,
    pub(crate) id: SetId,
    pub(crate) replicas: BTreeMap<&'static str, u32>,
}

impl Shop {
    /// A shop that is not there yet, in an empty namespace that is not its own. Deleting a namespace takes Kubernetes
    /// seconds, so only tests about that use [`Shop::without_namespace`].
    pub(crate) async fn new(name: &str) -> Self {
        let shop = Self::without_namespace(name).await;
        let namespace = Manifest::new(Kind::NAMESPACE, "", shop.namespace(), json!({}));
        shop.cluster.create(&namespace, "someone").await.expect("a namespace can be made");
        shop
    }

    /// A shop that is not there yet, in a namespace that does not exist.
    pub(crate) async fn without_namespace(name: &str) -> Self {
        let suffix = uuid::Uuid::new_v4().simple().to_string();
        let id = SetId::stack(format!("{name}-{}", &suffix[..8]), "shop");
        Self { cluster: cluster().await, id, replicas: BTreeMap::from([("frontend", 1), ("cartservice", 1)]) }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.id.namespace
    }

    pub(crate) fn manifests(&self) -> Vec<Manifest> {
        let namespace = self.namespace();
        let mut manifests = vec![Manifest::new(Kind::SERVICE_ACCOUNT, namespace, "shop", json!({}))];
        let settings = json!({"data": {"colour": "blue"}});
        manifests.push(Manifest::new(Kind::CONFIG_MAP, namespace, "settings", settings));
        for (name, replicas) in &self.replicas {
            let service = json!({"spec": {"selector": {"app": name}, "ports": [{"name": "grpc", "port": 80, "targetPort": 8080}]}});
            manifests.push(Manifest::new(Kind::SERVICE, namespace, name, service));
            let container = json!({
                "name": "server",
                "image": format!("registry.invalid/{name}:v1"),
                "ports": [{"containerPort": 8080}],
                "env": [{"name": "PORT", "value": "8080"}, {"name": "EMPTY", "value": ""}],
                "resources": {"requests": {"cpu": "1000m", "memory": "64Mi"}, "limits": {"memory": "0.125Gi"}},
            });
            let deployment = json!({"metadata": {"labels": {"app": name}}, "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"serviceAccountName": "shop", "containers": [container], "terminationGracePeriodSeconds": 0},
                },
            }});
            manifests.push(Manifest::new(Kind::DEPLOYMENT, namespace, name, deployment));
        }
        manifests
    }

    pub(crate) fn request(&self) -> ApplyRequest {
        let spec = json!({"replicas": self.replicas});
        let mut request = ApplyRequest::new(self.id.clone(), spec, self.manifests(), VERSION);
        request.lease = QUICK;
        request
    }

    pub(crate) async fn try_apply(&self, request: ApplyRequest) -> Result<Applied, Box<ApplyError>> {
        applyset::apply(&self.cluster, request, &bounds(), &Events::none()).await
    }

    pub(crate) async fn apply(&self) -> Applied {
        self.try_apply(self.request()).await.unwrap_or_else(|error| panic!("apply: {error}"))
    }

    /// Applies as the provider does after a plan: the plan has shown all drift there is.
    pub(crate) async fn plan_and_apply(&self) -> Applied {
        let mut request = self.request();
        request.planned_drift = planned(&self.read().await);
        self.try_apply(request).await.unwrap_or_else(|error| panic!("apply: {error}"))
    }

    pub(crate) async fn read(&self) -> SetReading {
        applyset::read(&self.cluster, &self.id).await.unwrap_or_else(|error| panic!("read: {error}"))
    }

    pub(crate) async fn pending(&self) -> Vec<String> {
        self.read().await.pending
    }

    pub(crate) async fn destroy(&self) -> Destroyed {
        let mut request = DestroyRequest::new(self.id.clone(), VERSION);
        request.lease = QUICK;
        applyset::destroy(&self.cluster, request, &bounds(), &Events::none())
            .await
            .unwrap_or_else(|error| panic!("destroy: {error}"))
    }

    pub(crate) fn object(&self, kind: Kind, name: &str) -> ObjectRef {
        ObjectRef::new(kind, self.namespace(), name)
    }

    pub(crate) async fn live(&self, kind: Kind, name: &str) -> Option<Value> {
        self.cluster.get(kind, Some(self.namespace()), name).await.expect("a read works")
    }

    /// What another person or tool does to an object.
    pub(crate) async fn meddle(&self, kind: Kind, name: &str, manager: &str, ops: Value) {
        let object = self.object(kind, name);
        let ops = ops.as_array().expect("operations are a list");
        self.cluster.json_patch(&object, kind, None, ops, manager).await.expect("the patch works");
    }

    /// `kubectl scale`.
    pub(crate) async fn scale(&self, name: &str, replicas: u32) {
        let object = self.object(Kind::DEPLOYMENT, name);
        let ops = [json!({"op": "replace", "path": "/spec/replicas", "value": replicas})];
        self.cluster.json_patch(&object, Kind::DEPLOYMENT, Some("scale"), &ops, "kubectl").await.expect("scale works");
    }

    pub(crate) async fn remove(&self, kind: Kind, name: &str) {
        let propagation = boutique_cluster::request::Propagation::Background;
        self.cluster.delete(&self.object(kind, name), kind, propagation, None).await.expect("the delete works");
    }

    /// Clears up after a test, without waiting for it.
    pub(crate) async fn finish(self) {
        let namespace = ObjectRef::new(Kind::NAMESPACE, "", self.namespace());
        let propagation = boutique_cluster::request::Propagation::Background;
        self.cluster.delete(&namespace, Kind::NAMESPACE, propagation, None).await.expect("a namespace can be deleted");
    }

    /// resourceVersion and UID of every object of the shop.
    pub(crate) async fn versions(&self) -> BTreeMap<String, (String, String)> {
        let mut versions = BTreeMap::new();
        for kind in [Kind::SERVICE_ACCOUNT, Kind::CONFIG_MAP, Kind::SERVICE, Kind::DEPLOYMENT] {
            let list =
                self.cluster.list(kind, Some(self.namespace()), &self.id.selector()).await.expect("a list works");
            for live in list.items {
                if live.pointer("/metadata/labels/boutique.dev~1record").is_some() {
                    continue;
                }
                let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
                // Deployments get a new version from their status; their generation tells whether they were written.
                let version = match kind {
                    Kind::DEPLOYMENT => live["metadata"]["generation"].to_string(),
                    _ => text("/metadata/resourceVersion"),
                };
                let name = format!("{kind}/{}", text("/metadata/name"));
                versions.insert(name, (version, text("/metadata/uid")));
            }
        }
        versions
    }
}

pub(crate) fn planned(reading: &SetReading) -> Vec<boutique_cluster::apply::PlannedDrift> {
    let drift = reading.drift.iter().filter(|drift| !drift.is_whole_object());
    drift
        .map(|drift| boutique_cluster::apply::PlannedDrift {
            object: drift.object.clone(),
            path: drift.path.to_string(),
        })
        .collect()
}
