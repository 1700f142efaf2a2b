//! A shop's frontend, and a module with one `boutique_monitoring` that watches it from a namespace of its own.

use std::path::PathBuf;
use std::sync::OnceLock;

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::terraform::{Module, Said, provider_with_helm};
use boutique_acceptance::{lab, project};

/// Address of the one resource in the module.
pub(super) const ADDRESS: &str = "boutique_monitoring.shop";

/// Two namespaces and a module.
pub(super) struct Place {
    pub(super) module: Module,
    /// Where the shop is.
    pub(super) shop: Namespace,
    /// Where the monitoring is; it is not created here.
    pub(super) watch: Namespace,
}

/// The provider block, with the helm that the lab builds.
pub(super) fn provider() -> String {
    provider_with_helm(lab::sim())
}

/// The chart that the tests install: values and labels of the published one, and only what they need of it.
pub(super) fn chart() -> PathBuf {
    project::root().join("tests/acceptance/charts/monitoring")
}

const SHOP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: frontend, labels: {app: frontend}}
spec:
  selector: {matchLabels: {app: frontend}}
  template:
    metadata: {labels: {app: frontend}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: server, image: 'registry.invalid/frontend:1'}]
---
apiVersion: v1
kind: Service
metadata: {name: frontend}
spec: {selector: {app: frontend}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: cartservice}
spec: {selector: {app: cartservice}, ports: [{port: 7070}]}
";

/// The operator watches its own namespace only, and nothing takes ports of nodes: the tests of one lab are in nobody's way.
const APART: &str =
    "prometheusOperator = { namespaces = { releaseNamespace = true } }\nnodeExporter = { enabled = false }";

impl Place {
    /// A shop that nobody watches yet.
    pub(super) fn new(test: &str) -> Self {
        let shop = Namespace::new(lab::sim(), &format!("{test}-s")).create();
        shop.apply(SHOP, &[]).expect_success("kubectl apply");
        let watch = Namespace::new(lab::sim(), test);
        Self { module: Module::with_provider(&provider(), ""), shop, watch }
    }

    /// The release's name; its objects of the whole cluster begin with it.
    pub(super) fn release(&self) -> String {
        let (_, suffix) = self.watch.name.rsplit_once('-').unwrap_or_default();
        format!("w{suffix}")
    }

    /// The resource as text: further settings, of the chart and of the rest.
    pub(super) fn resource(&self, chart: &str, values: &str, settings: &str) -> String {
        let (shop, watch, release) = (&self.shop.name, &self.watch.name, self.release());
        format!(
            "resource \"boutique_monitoring\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"{watch}\"\n  stack = \
             \"{shop}/shop\"\n  chart = {{ name = {:?}, release = \"{release}\", values = {{ {APART}\n{values} }}, {chart} }}\n  \
             {settings}\n}}\n",
            self::chart()
        )
    }

    /// The same without a wait: no operator runs on simulated nodes, so nobody scrapes.
    pub(super) fn plain(&self, settings: &str) -> String {
        self.resource("", "", &format!("wait = {{ until = \"none\" }}\n  {settings}"))
    }

    /// Replaces the resource.
    pub(super) fn rewrite(&self, resource: &str) {
        self.module.rewrite_provider(&provider(), resource);
    }

    /// Replaces the resource and applies it.
    pub(super) fn apply(&self, resource: &str) -> Said {
        self.rewrite(resource);
        self.module.apply()
    }

    /// Replaces the resource, applies it, and asserts that nothing is left to do.
    pub(super) fn settle(&self, resource: &str) -> Said {
        let said = self.apply(resource).expect_success("terraform apply");
        self.module.expect_empty_plan("after an apply");
        said
    }

    /// Asserts that the next plan is an in-place update which says each of `words` in `pending`.
    pub(super) fn expect_pending(&self, words: &[&str]) {
        let plan = self.module.plan();
        assert_eq!(plan.actions(ADDRESS), ["update"], "the plan must be an update in place:\n{}", plan.said.text());
        let pending = plan.pending(ADDRESS).join("\n");
        for word in words {
            assert!(pending.contains(word), "pending does not say {word:?}:\n{pending}");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What belongs to the whole cluster does not go with a namespace.
        let release = format!("release={}", self.release());
        self.watch.cluster(&[
            "delete",
            "clusterroles,clusterrolebindings",
            "--selector",
            &release,
            "--ignore-not-found",
        ]);
    }
}

/// The operator's CRDs, as whoever installed an operator has left them there.
pub(super) fn crds() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let folder = chart().join("charts/crds/crds");
        let anywhere = Namespace::new(lab::sim(), "crds");
        let args = ["apply", "--server-side", "--force-conflicts", "-f", &folder.display().to_string()];
        anywhere.cluster(&args).expect_success("kubectl apply");
    });
}
