//! The labs that all tests share: brought up on first use, kept for the next run, taken down by `cargo xtask lab down`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use boutique_lab::{Cache, Identity, Lab, Mode, Options, Progress, Running, Validity, image};

use crate::kubectl::Namespace;

/// Name of the lab with simulated nodes.
pub const SIM: &str = "test-sim";
/// Name of the lab with a real node.
pub const NODE: &str = "test-node";
/// Name of the lab with a real node that runs upstream's own services.
pub const UPSTREAM: &str = "test-upstream";

fn running(lab: &'static OnceLock<Running>, name: &str, mode: Mode) -> &'static Running {
    lab.get_or_init(|| {
        let lab = Lab::named(name).expect("the name is a good one");
        let options = Options { audit: true, ..Options::default() };
        lab.up(mode, &options, &Progress::stderr()).unwrap_or_else(|error| panic!("lab {name}: {error:#}"))
    })
}

/// The lab with simulated nodes.
pub fn simulated() -> &'static Running {
    static LAB: OnceLock<Running> = OnceLock::new();
    running(&LAB, SIM, Mode::Sim { nodes: 3 })
}

/// A checkout of upstream's repository whose services take the stand-ins' place: `cargo xtask prove upstream-table` names it.
fn checkout() -> Option<PathBuf> {
    std::env::var_os("BOUTIQUE_UPSTREAM").map(PathBuf::from)
}

/// The lab with a real node, which has the images of the shop.
pub fn real() -> &'static Running {
    static LAB: OnceLock<Running> = OnceLock::new();
    static IMAGES: OnceLock<()> = OnceLock::new();
    let lab = running(&LAB, if checkout().is_some() { UPSTREAM } else { NODE }, Mode::Node);
    IMAGES.get_or_init(|| {
        load_shop(lab).unwrap_or_else(|error| panic!("images of the shop: {error:#}"));
    });
    lab
}

fn load_shop(lab: &Running) -> anyhow::Result<()> {
    let progress = Progress::stderr();
    let program = image::build_lite(&progress)?;
    let mut images = image::stand_ins(&program, image::REGISTRY, image::TAG, &progress)?;
    if let Some(checkout) = checkout() {
        let built = image::upstream(&checkout, &Cache::of_user()?, image::REGISTRY, image::TAG, &progress)?;
        images.retain(|image| !built.iter().any(|own| own.names == image.names));
        images.extend(built);
    }
    lab.load_images(&images)
}

/// Kubeconfig of the lab with simulated nodes.
pub fn sim() -> &'static Path {
    &simulated().kubeconfig
}

/// Kubeconfig of the lab with a real node.
pub fn node() -> &'static Path {
    &real().kubeconfig
}

/// Kubeconfig of a user of the simulated lab who may do nothing until a role is bound to the name.
pub fn user(name: &str) -> PathBuf {
    let identity = Identity { user: name.to_owned(), group: None, validity: Validity::Long };
    simulated().mint(name, &identity).expect("a kubeconfig can be made")
}

/// Kubeconfig of an administrator whose certificate ended in the past.
pub fn expired() -> PathBuf {
    let identity =
        Identity { user: "late".to_owned(), group: Some("system:masters".to_owned()), validity: Validity::Expired };
    simulated().mint("late", &identity).expect("a kubeconfig can be made")
}

/// Keeps the pods of a namespace of the simulated lab from ever becoming ready: the simulated kubelet's reports are refused.
pub fn hold_pods(namespace: &Namespace) {
    let name = &namespace.name;
    let policy = format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: hold-{name}}}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [UPDATE], resources: [pods/status]}}]
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}
  validations: [{{expression: 'false', message: held back by a test}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: hold-{name}}}
spec: {{policyName: hold-{name}, validationActions: [Deny]}}
"
    );
    namespace.apply(&policy, &[]).expect_success("kubectl apply");
}

/// Ends what [`hold_pods`] began; the pods are made anew.
pub fn release_pods(namespace: &Namespace) {
    let name = format!("hold-{}", namespace.name);
    for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
        namespace.cluster(&["delete", kind, &name]).expect_success("kubectl delete");
    }
    namespace.kubectl(&["delete", "pods", "--all", "--wait=false"]).expect_success("kubectl delete");
}
