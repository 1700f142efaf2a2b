//! Labs with one real node, in namespaces of their own.

mod addons;
mod cgroup;
mod components;
mod namespace;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::cache::Cache;
use crate::control_plane::ControlPlane;
use crate::debian::Sysroot;
use crate::image::{Entry, Image, write_archive};
use crate::pki::{Authority, Subject, Validity};
use crate::progress::Progress;
use crate::record::Record;
use crate::sim::ready_nodes;
use crate::start::Starter;

pub(crate) use namespace::{check, network};

/// The node's name.
pub(crate) const NODE: &str = "lab-node";

/// Folders of the programs that a lab with a real node runs.
pub(crate) struct Programs<'a> {
    pub(crate) etcd: &'a Path,
    pub(crate) kubernetes: &'a Path,
    pub(crate) node: &'a Path,
    pub(crate) containerd: &'a Path,
    pub(crate) runc: &'a Path,
    pub(crate) cni: &'a Path,
    pub(crate) coredns: &'a Path,
    pub(crate) pause: &'a Path,
    /// None where NetworkPolicies are not enforced.
    pub(crate) netpol: Option<&'a Path>,
}

/// The host's tools that the node calls, unpacked once.
pub(crate) fn tools(cache: &Cache, progress: &Progress) -> Result<Sysroot> {
    Sysroot::with(cache, &["iptables", "ipset"], progress)
}

/// Starts everything and waits until the node is Ready, and cluster DNS and network policies work.
pub(crate) fn start(cache: &Cache, folder: &Path, record: &mut Record, programs: &Programs<'_>) -> Result<()> {
    let sysroot = tools(cache, &Progress::silent())?;
    let plan = record.clone();
    let plane = ControlPlane { folder, record: &plan, etcd: programs.etcd, kubernetes: programs.kubernetes };
    plane.write_files(&[
        ("kubelet", &format!("system:node:{NODE}"), Some("system:nodes")),
        ("kube-proxy", "system:kube-proxy", None),
        ("netpol", "boutique-lab:netpol", Some("system:masters")),
    ])?;
    serving_certificate(folder, record)?;
    let node = components::Node::new(folder, record, programs, &sysroot)?;
    node.write_files()?;

    let init = namespace::open(folder, record)?;
    let mut starter = Starter { folder, record, inside: Some(init) };
    starter.start(&plane.etcd())?;
    starter.start(&plane.api_server())?;
    starter.start(&node.containerd())?;
    let api = starter.api()?;

    // The API server needs its seconds; meanwhile the node gets its images.
    let archive = folder.join("images-own.tar");
    write_archive(&own_images(programs), &archive)?;
    let containerd = || Ok(ctr(init, programs.containerd, &["version"]).is_ok());
    starter.until("containerd", "answer on its socket", Duration::from_secs(60), containerd)?;
    ctr(init, programs.containerd, &["images", "import", &archive.display().to_string()])?;
    std::fs::remove_file(&archive).context("remove the archive of the lab's own images")?;

    starter.until("kube-apiserver", "readiness", Duration::from_secs(90), || Ok(api.get("/readyz")?.0 == 200))?;
    starter.start(&plane.controller_manager())?;
    starter.start(&plane.scheduler())?;
    starter.start(&node.kubelet())?;
    starter.start(&node.kube_proxy())?;
    addons::apply(&api, plan.network)?;
    starter.until("kubelet", "registration of the node", Duration::from_secs(60), || {
        Ok(api.get(&format!("/api/v1/nodes/{NODE}"))?.0 == 200)
    })?;
    let netpol = node.netpol();
    if let Some(netpol) = &netpol {
        starter.start(netpol)?;
    }
    starter.until("kubelet", "Ready node", Duration::from_secs(90), || {
        Ok(ready_nodes(&api.read("/api/v1/nodes")?) == 1)
    })?;
    starter.until("kube-controller-manager", "default ServiceAccount", Duration::from_secs(60), || {
        Ok(api.get("/api/v1/namespaces/default/serviceaccounts/default")?.0 == 200)
    })?;
    starter.until("kubelet", "running cluster DNS (pod coredns in kube-system)", Duration::from_secs(90), || {
        let dns = api.read(addons::DNS)?;
        if dns.pointer("/status/readyReplicas").and_then(Value::as_u64) == Some(1) {
            return Ok(true);
        }
        bail!("Deployment kube-system/coredns: {}", dns["status"])
    })?;
    if netpol.is_none() {
        return Ok(());
    }
    let synchronised = folder.join("node/netpol-ready");
    starter.until("netpol", "first synchronisation", Duration::from_secs(60), || Ok(synchronised.exists()))
}

fn serving_certificate(folder: &Path, record: &Record) -> Result<()> {
    let pki = crate::control_plane::pki(folder);
    let reached_as = [NODE.to_owned(), record.network.node().to_string(), "127.0.0.1".to_owned()];
    let subject = Subject::Server { name: NODE, reached_as: &reached_as };
    Authority::read(&pki, "ca")?.issue(&subject, Validity::Long)?.write(&pki, "kubelet")
}

/// The images that the node itself needs: the sandbox and cluster DNS.
fn own_images(programs: &Programs<'_>) -> [Image; 2] {
    let image = |name: &str, program: &str, folder: &Path, user: &str| Image {
        names: vec![name.to_owned()],
        entrypoint: vec![format!("/{program}")],
        files: vec![Entry::program(format!("/{program}"), folder.join(program))],
        user: user.to_owned(),
        ..Image::default()
    };
    [
        image(components::PAUSE_IMAGE, "pause", programs.pause, "65535:65535"),
        image(&addons::dns_image(), "coredns", programs.coredns, ""),
    ]
}

/// Runs containerd's client inside the lab and answers what it says.
fn ctr(init: i32, containerd: &Path, args: &[&str]) -> Result<String> {
    let program = containerd.join("ctr");
    let program = program.display().to_string();
    // A gigabyte of images takes minutes to unpack on a busy machine.
    let mut command = vec![program.as_str(), "--namespace=k8s.io", "--timeout=600s"];
    command.extend(args);
    namespace::run(init, &command)
}

fn containerd_of(folder: &Path) -> Result<std::path::PathBuf> {
    let cache = folder.parent().and_then(Path::parent).context("a lab's folder lies in a cache")?;
    Ok(Cache::at(cache).bin().join(crate::part::Part::CONTAINERD.key()?))
}

/// Imports an archive of images.
pub(crate) fn import(folder: &Path, record: &Record, archive: &Path) -> Result<()> {
    let init = namespace::init(record)?;
    ctr(init, &containerd_of(folder)?, &["images", "import", &archive.display().to_string()])
        .map(drop)
        .with_context(|| format!("give images to lab {}", record.name))
}

/// Names of all images of the node.
pub(crate) fn images(folder: &Path, record: &Record) -> Result<Vec<String>> {
    let init = namespace::init(record)?;
    let said = ctr(init, &containerd_of(folder)?, &["images", "list", "--quiet"])?;
    Ok(said.lines().map(str::to_owned).collect())
}

/// Ends all that runs in the lab's namespaces; mounts, interfaces and firewall rules go with them.
pub(crate) fn stop(record: &Record) -> Result<()> {
    namespace::close(record)?;
    cgroup::remove(&cgroup::name(record))
}
