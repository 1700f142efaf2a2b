//! containerd, kubelet, kube-proxy and the policy enforcer: their files and command lines.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{NODE, Programs, addons, cgroup};
use crate::cache::write_atomically;
use crate::debian::Sysroot;
use crate::process::Program;
use crate::record::Record;

/// The image of every pod's sandbox.
pub(crate) const PAUSE_IMAGE: &str = "registry.k8s.io/pause:3.10.1";

const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";

/// What runs on the node beside the control plane.
pub(crate) struct Node<'a> {
    folder: &'a Path,
    network: crate::record::Network,
    cgroup: String,
    programs: &'a Programs<'a>,
    /// `PATH` and what else lets iptables and ipset run from the unpacked packages.
    env: Vec<(String, String)>,
}

impl<'a> Node<'a> {
    /// Prepares the tools that the components call.
    pub(crate) fn new(
        folder: &'a Path,
        record: &Record,
        programs: &'a Programs<'a>,
        sysroot: &Sysroot,
    ) -> Result<Self> {
        let tools = folder.join("node/tools");
        link_iptables(&tools, sysroot)?;
        let env = vec![
            ("PATH".to_owned(), sysroot.search_path(&tools)),
            ("LD_LIBRARY_PATH".to_owned(), sysroot.library_path()),
            ("XTABLES_LIBDIR".to_owned(), sysroot.libraries().join("xtables").display().to_string()),
        ];
        Ok(Self { folder, network: record.network, cgroup: cgroup::name(record), programs, env })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join("node").join(name)
    }

    fn kubeconfig(&self, name: &str) -> String {
        self.folder.join("kubeconfigs").join(name).display().to_string()
    }

    fn pki(&self, name: &str) -> String {
        crate::control_plane::pki(self.folder).join(name).display().to_string()
    }

    /// Writes the configuration files.
    pub(crate) fn write_files(&self) -> Result<()> {
        fs::create_dir_all(self.file("cni")).context("folder of the CNI configuration")?;
        let write = |name: &str, content: &Value| -> Result<()> {
            write_atomically(&self.file(name), &serde_json::to_vec_pretty(content)?)
        };
        write_atomically(&self.file("containerd.toml"), self.containerd_config().as_bytes())?;
        write("cni/10-lab.conflist", &self.cni_config())?;
        write("kubelet.json", &self.kubelet_config())?;
        write("kube-proxy.json", &self.kube_proxy_config())
    }

    fn containerd_config(&self) -> String {
        let (cni, runc) = (self.programs.cni.display(), self.programs.runc.join("runc"));
        format!(
            "\
version = 3
root = '/var/lib/containerd'
state = '/run/containerd'

[grpc]
  address = '{CONTAINERD_SOCKET}'

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '{PAUSE_IMAGE}'

[plugins.'io.containerd.cri.v1.runtime']
  # Machines may forbid a negative oom_score_adj; without this every sandbox would die there.
  restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['{cni}']
  conf_dir = '{conf}'

[plugins.'io.containerd.cri.v1.runtime'.containerd]
  default_runtime_name = 'runc'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = '{runc}'
  SystemdCgroup = false
",
            conf = self.file("cni").display(),
            runc = runc.display(),
        )
    }

    fn cni_config(&self) -> Value {
        // The controller manager gives the first /24 of the range to the first node, and there is only one.
        let pods = self.network.pods().replace("/17", "/24");
        json!({
            "cniVersion": "1.0.0",
            "name": "lab",
            "plugins": [
                {
                    "type": "ptp",
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{ "subnet": pods }]],
                        "routes": [{ "dst": "0.0.0.0/0" }],
                    },
                },
                { "type": "portmap", "capabilities": { "portMappings": true } },
            ],
        })
    }

    fn kubelet_config(&self) -> Value {
        json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": { "enabled": false },
                "webhook": { "enabled": true },
                "x509": { "clientCAFile": self.pki("ca.crt") },
            },
            "authorization": { "mode": "Webhook" },
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": format!("/{}", self.cgroup),
            "clusterDNS": [self.network.service(addons::DNS_IP).to_string()],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": format!("unix://{CONTAINERD_SOCKET}"),
            // Below the usual limits people's disks are often fuller than a cluster's.
            "evictionHard": { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%" },
            "failCgroupV1": false,
            "failSwapOn": false,
            // Images come from no registry: what is removed would not come back.
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "resolvConf": "/run/lab/resolv.conf",
            "serializeImagePulls": false,
            // Mounted ConfigMaps, such as Prometheus' rules, follow their objects in this time instead of a minute.
            "syncFrequency": "10s",
            "tlsCertFile": self.pki("kubelet.crt"),
            "tlsPrivateKeyFile": self.pki("kubelet.key"),
        })
    }

    fn kube_proxy_config(&self) -> Value {
        json!({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": { "kubeconfig": self.kubeconfig("kube-proxy") },
            "clusterCIDR": self.network.pods(),
            "hostnameOverride": NODE,
            "mode": "iptables",
            "oomScoreAdj": 0,
            // These would be settings of the whole machine.
            "conntrack": { "maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s" },
            "iptables": { "minSyncPeriod": "0s", "syncPeriod": "30s" },
        })
    }

    fn program(&self, path: PathBuf, name: &str, args: Vec<String>) -> Program {
        Program { name: name.to_owned(), path, args, env: self.env.clone() }
    }

    pub(crate) fn containerd(&self) -> Program {
        let args = vec![format!("--config={}", self.file("containerd.toml").display())];
        let mut program = self.program(self.programs.containerd.join("containerd"), "containerd", args);
        // containerd looks for its shim on PATH.
        if let Some((_, path)) = program.env.first_mut() {
            *path = format!("{}:{path}", self.programs.containerd.display());
        }
        program
    }

    pub(crate) fn kubelet(&self) -> Program {
        let args = vec![
            format!("--config={}", self.file("kubelet.json").display()),
            format!("--kubeconfig={}", self.kubeconfig("kubelet")),
            format!("--hostname-override={NODE}"),
            format!("--node-ip={}", self.network.node()),
            // For cAdvisor, which does not read the configuration's endpoint.
            format!("--containerd={CONTAINERD_SOCKET}"),
        ];
        self.program(self.programs.node.join("kubelet"), "kubelet", args)
    }

    pub(crate) fn kube_proxy(&self) -> Program {
        let args = vec![format!("--config={}", self.file("kube-proxy.json").display())];
        self.program(self.programs.node.join("kube-proxy"), "kube-proxy", args)
    }

    /// None where NetworkPolicies are not enforced.
    pub(crate) fn netpol(&self) -> Option<Program> {
        let args = vec![
            format!("--kubeconfig={}", self.kubeconfig("netpol")),
            format!("--node={NODE}"),
            format!("--service-cidr={}", self.network.services()),
            format!("--ready-file={}", self.file("netpol-ready").display()),
        ];
        Some(self.program(self.programs.netpol?.join("netpol"), "netpol", args))
    }
}

/// Links all names of iptables to the one program of the package, as the package's installation would.
fn link_iptables(tools: &Path, sysroot: &Sysroot) -> Result<()> {
    fs::create_dir_all(tools).with_context(|| format!("folder {}", tools.display()))?;
    let program = sysroot.program("xtables-nft-multi")?;
    for name in ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"] {
        let link = tools.join(name);
        std::os::unix::fs::symlink(&program, &link).with_context(|| format!("link {}", link.display()))?;
    }
    Ok(())
}
