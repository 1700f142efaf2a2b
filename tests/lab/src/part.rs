//! The parts of a lab: pinned programs, built from Go modules.
//!
//! Most parts are built from one module, so that every library has one version and is compiled once for all of them:
//! Kubernetes' own client, in the seven versions that these programs ask for by themselves, took longer than any of the
//! programs. The libraries of Kubernetes are those of [`KUBERNETES`]; of the others Go takes the newest that a part asks
//! for. A part may so run on other libraries than in its own releases, which is why a change of `go.mod` runs all tests.

mod monitoring;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::cut::Cut;

/// The Kubernetes version of every lab.
pub const KUBERNETES: &str = "1.36.3";

/// What the packages of our own begin with, before the module and their folder in it.
const OURS: &str = "boutique.dev/";

/// One unit of building: programs that come from one Go module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Name in messages and of the folder in the cache.
    pub name: &'static str,
    /// Version of the module, without `v`.
    pub version: &'static str,
    /// Folder below `tests/lab/go` whose go.mod pins it, alone or with other parts.
    module: &'static str,
    /// Package and the name its program gets.
    pub(crate) programs: &'static [(&'static str, &'static str)],
    /// How it is linked.
    pub(crate) linking: Linking,
}

/// How a part's programs are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linking {
    /// Go alone.
    Pure,
    /// Go alone, told which Kubernetes version it is.
    Versioned,
    /// Go alone, told its own version as Prometheus' programs are.
    Named(&'static str),
    /// With libseccomp's C code, statically: without it runc refuses every pod with a seccomp profile.
    Seccomp,
}

impl Part {
    /// The store behind the API server.
    pub const ETCD: Self = Self {
        name: "etcd",
        version: "3.6.8",
        module: "lab",
        programs: &[("go.etcd.io/etcd/server/v3", "etcd")],
        linking: Linking::Pure,
    };
    /// API server, controller manager, scheduler and kubectl.
    pub const CONTROL_PLANE: Self = Self {
        name: "kubernetes-control-plane",
        version: KUBERNETES,
        module: "lab",
        programs: &[
            ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
            ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
            ("k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"),
            ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
        ],
        linking: Linking::Versioned,
    };
    /// kubelet and kube-proxy.
    pub const NODE: Self = Self {
        name: "kubernetes-node",
        version: KUBERNETES,
        module: "lab",
        programs: &[("k8s.io/kubernetes/cmd/kubelet", "kubelet"), ("k8s.io/kubernetes/cmd/kube-proxy", "kube-proxy")],
        linking: Linking::Versioned,
    };
    /// Pretends that nodes and pods run.
    pub const KWOK: Self = Self {
        name: "kwok",
        version: "0.8.0",
        module: "lab",
        programs: &[("sigs.k8s.io/kwok/cmd/kwok", "kwok")],
        linking: Linking::Pure,
    };
    /// The container runtime, its shim and its client. A module of its own: it is written against the runtime interface of
    /// the next Kubernetes.
    pub const CONTAINERD: Self = Self {
        name: "containerd",
        version: "2.4.2",
        module: "containerd",
        programs: &[
            ("github.com/containerd/containerd/v2/cmd/containerd", "containerd"),
            ("github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", "containerd-shim-runc-v2"),
            ("github.com/containerd/containerd/v2/cmd/ctr", "ctr"),
        ],
        linking: Linking::Pure,
    };
    /// Starts containers.
    pub const RUNC: Self = Self {
        name: "runc",
        version: "1.5.2",
        module: "runc",
        programs: &[("github.com/opencontainers/runc", "runc")],
        linking: Linking::Seccomp,
    };
    /// Connects pods to the node. `ptp` rather than `bridge`: every packet is routed, so that Services and
    /// NetworkPolicies also work on kernels that do not show bridged packets to iptables.
    pub const CNI: Self = Self {
        name: "cni-plugins",
        version: "1.9.1",
        module: "lab",
        programs: &[
            ("github.com/containernetworking/plugins/plugins/main/ptp", "ptp"),
            ("github.com/containernetworking/plugins/plugins/main/loopback", "loopback"),
            ("github.com/containernetworking/plugins/plugins/ipam/host-local", "host-local"),
            ("github.com/containernetworking/plugins/plugins/meta/portmap", "portmap"),
        ],
        linking: Linking::Pure,
    };
    /// Cluster DNS; runs in a pod. Ours has only the plugins that it uses.
    pub const COREDNS: Self = Self {
        name: "coredns",
        version: "1.14.7",
        module: "lab",
        programs: &[("boutique.dev/lab/coredns", "coredns")],
        linking: Linking::Pure,
    };
    /// OpenTofu, for machines without terraform.
    pub const TOFU: Self = Self {
        name: "opentofu",
        version: "1.12.6",
        module: "tofu",
        programs: &[("github.com/opentofu/opentofu/cmd/tofu", "tofu")],
        linking: Linking::Pure,
    };
    /// An ingress controller, for labs that are asked for one: it runs in a pod. What serves an Ingress is all there;
    /// left out ([`Part::cut`]) are the sources of configuration that are no Kubernetes (Docker, ECS, Consul, Nomad, the
    /// key-value stores) and Knative, the interpreters of plugins, and the 180 DNS providers for ACME's DNS challenge.
    pub const TRAEFIK: Self = Self {
        name: "traefik",
        version: "3.6.12",
        module: "lab",
        programs: &[("github.com/traefik/traefik/v3/cmd/traefik", "traefik")],
        linking: Linking::Pure,
    };
    /// Helm, for machines without.
    pub const HELM: Self = Self {
        name: "helm",
        version: "4.3.1",
        module: "lab",
        programs: &[("helm.sh/helm/v4/cmd/helm", "helm")],
        linking: Linking::Pure,
    };
    /// Helm 3, which many still use; tried by hand.
    pub const HELM3: Self = Self {
        name: "helm3",
        version: "3.21.4",
        module: "helm3",
        programs: &[("helm.sh/helm/v3/cmd/helm", "helm")],
        linking: Linking::Pure,
    };
    /// Enforces NetworkPolicies.
    pub const NETPOL: Self = Self {
        name: "netpol",
        version: "1.6.1",
        module: "lab",
        programs: &[("boutique.dev/lab/netpol", "netpol")],
        linking: Linking::Pure,
    };
    /// The container that holds a pod's namespaces.
    pub const PAUSE: Self = Self {
        name: "pause",
        version: "1",
        module: "lab",
        programs: &[("boutique.dev/lab/pause", "pause")],
        linking: Linking::Pure,
    };

    /// What a lab with simulated nodes needs.
    pub const SIM: &[Self] = &[Self::ETCD, Self::CONTROL_PLANE, Self::KWOK];
    /// What a lab with a real node needs, and [`Part::NETPOL`] where NetworkPolicies are to be enforced.
    pub const REAL: &[Self] = &[
        Self::ETCD,
        Self::CONTROL_PLANE,
        Self::NODE,
        Self::CONTAINERD,
        Self::RUNC,
        Self::CNI,
        Self::COREDNS,
        Self::PAUSE,
    ];

    /// Every part.
    pub fn all() -> Vec<Self> {
        let rest = [Self::NETPOL, Self::KWOK, Self::HELM, Self::HELM3, Self::TOFU, Self::TRAEFIK, Self::NODE_EXPORTER];
        [Self::REAL, Self::MONITORING, &rest].concat()
    }

    /// The Go module that pins the part.
    pub(crate) fn module(&self) -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/go")).join(self.module)
    }

    /// What is left out of it; see [`crate::cut`].
    pub(crate) fn cut(&self) -> &'static [Cut] {
        if *self == Self::TRAEFIK {
            &[("github.com/go-acme/lego/v4", "lego"), ("github.com/traefik/traefik/v3", "traefik")]
        } else {
            self.monitoring_cut()
        }
    }

    /// Name of the part's folder in the cache: changes with the version and with anything of the module that it is made of.
    pub(crate) fn key(&self) -> Result<String> {
        let module = self.module();
        let mut files = Vec::new();
        for folder in self.sources(&module) {
            files_in(&folder, folder != module, &mut files)
                .with_context(|| format!("Go module {} of part {}", module.display(), self.name))?;
        }
        files.sort();
        let mut hash = Sha256::new();
        for file in &files {
            hash.update(file.strip_prefix(&module).unwrap_or(file).as_os_str().as_encoded_bytes());
            hash.update(fs::read(file).with_context(|| format!("read {}", file.display()))?);
        }
        // How it is built belongs to the key too.
        hash.update(format!("{:?}{:?}{}", self.programs, self.linking, self.tags()));
        let digest: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("{}-{}-{digest}", self.name, self.version))
    }

    /// The module's folder, and those below it that only some of its parts are made of: packages of ours, what is cut.
    fn sources(&self, module: &Path) -> Vec<PathBuf> {
        let ours = self
            .programs
            .iter()
            .filter_map(|(package, _)| package.strip_prefix(OURS)?.strip_prefix(self.module)?.strip_prefix('/'));
        let cut = (!self.cut().is_empty()).then_some("cut");
        [module.to_owned()].into_iter().chain(ours.chain(cut).map(|folder| module.join(folder))).collect()
    }
}

/// The files in a folder, and `below` it.
fn files_in(folder: &Path, below: bool, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            files.push(path);
        } else if below {
            files_in(&path, below, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_module_that_pins_its_version() {
        for part in Part::all() {
            let text = fs::read_to_string(part.module().join("go.mod")).unwrap();
            assert!(part.name == "pause" || text.contains(&format!("v{}", part.version)), "{}", part.name);
            assert!(part.key().unwrap().starts_with(&format!("{}-{}-", part.name, part.version)));
        }
    }

    #[test]
    fn a_part_s_key_changes_with_its_own_packages_only() {
        let names = |part: Part| -> Vec<String> {
            let sources = part.sources(Path::new("m"));
            sources.iter().map(|folder| folder.display().to_string()).collect()
        };
        assert_eq!(names(Part::ETCD), ["m"]);
        assert_eq!(names(Part::COREDNS), ["m", "m/coredns"]);
        assert_eq!(names(Part::TRAEFIK), ["m", "m/cut"]);
        assert_eq!(names(Part::COLLECTOR), ["m", "m/collector", "m/cut"]);
    }

    #[test]
    fn parts_of_one_module_have_different_keys() {
        assert_ne!(Part::CONTROL_PLANE.key().unwrap(), Part::NODE.key().unwrap());
    }
}
