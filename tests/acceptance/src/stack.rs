//! A `boutique_stack` of one test: its namespace, its module, and the questions that tests ask of them.

use std::path::Path;

use serde_json::Value;

use crate::kubectl::Namespace;
use crate::terraform::{Module, Said};

/// Address of the one resource in the module.
pub const ADDRESS: &str = "boutique_stack.shop";

/// A module with one stack in a namespace of its own.
pub struct Stack {
    /// The module.
    pub module: Module,
    /// The namespace that the stack is in.
    pub namespace: Namespace,
}

/// The resource as configuration text; `settings` are further attributes. The profile is `small` unless they name one.
pub fn resource(namespace: &str, settings: &str) -> String {
    let profile = if settings.contains("profile =") { "" } else { "profile = \"small\"" };
    format!(
        "resource \"boutique_stack\" \"shop\" {{\n  name = \"shop\"\n  namespace = \"{namespace}\"\n  {profile}\n  {settings}\n}}\n"
    )
}

impl Stack {
    /// A stack with further `settings`, not yet applied.
    pub fn new(kubeconfig: &Path, test: &str, settings: &str) -> Self {
        let namespace = Namespace::new(kubeconfig, test);
        let module = Module::new(kubeconfig, &resource(&namespace.name, settings));
        Self { module, namespace }
    }

    /// A stack that has been applied.
    pub fn applied(kubeconfig: &Path, test: &str, settings: &str) -> Self {
        let stack = Self::new(kubeconfig, test, settings);
        stack.module.apply().expect_success("terraform apply");
        stack
    }

    /// Replaces the further settings.
    pub fn set(&self, settings: &str) {
        self.module.rewrite(self.namespace.kubeconfig(), &resource(&self.namespace.name, settings));
    }

    /// Applies and then asserts that nothing is left to do.
    pub fn settle(&self) -> Said {
        let said = self.module.apply().expect_success("terraform apply");
        self.expect_empty_plan("after an apply");
        said
    }

    /// Asserts that the next plan holds no change.
    pub fn expect_empty_plan(&self, when: &str) {
        self.module.expect_empty_plan(when);
    }

    /// Asserts that the next plan is an in-place update which says each of `words` in `pending`.
    pub fn expect_pending(&self, words: &[&str]) {
        let plan = self.module.plan();
        assert_eq!(plan.actions(ADDRESS), ["update"], "the plan must be an update in place:\n{}", plan.said.text());
        let pending = plan.pending(ADDRESS).join("\n");
        for word in words {
            assert!(pending.contains(word), "pending does not say {word:?}:\n{pending}");
        }
    }

    /// UID and resourceVersion of every object of the shop, by `Kind/name`.
    pub fn versions(&self) -> std::collections::BTreeMap<String, (String, String)> {
        self.namespace
            .list("deployments,services,serviceaccounts,poddisruptionbudgets")
            .iter()
            .filter(|object| object["metadata"]["labels"]["boutique.dev/stack"] == "shop")
            .map(|object| {
                let name = format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]));
                (name, (text(&object["metadata"]["uid"]), text(&object["metadata"]["resourceVersion"])))
            })
            .collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
