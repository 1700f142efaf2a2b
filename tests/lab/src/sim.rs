//! Labs with simulated nodes: a real control plane, and kwok in the place of kubelets.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::api::Api;
use crate::build::stages;
use crate::control_plane::ControlPlane;
use crate::process::Program;
use crate::record::{Network, Record};
use crate::start::Starter;

/// Folders of the programs that a simulated lab runs.
pub(crate) struct Programs<'a> {
    pub(crate) etcd: &'a Path,
    pub(crate) kubernetes: &'a Path,
    pub(crate) kwok: &'a Path,
}

/// Three free ports of loopback; those of an earlier life of the lab when they are free again, so that copied
/// kubeconfigs stay right.
pub(crate) fn ports(earlier: Option<Network>) -> Result<Network> {
    let free = |wanted: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, wanted));
    if let Some(Network::Loopback { api, etcd, etcd_peer }) = earlier
        && [api, etcd, etcd_peer].iter().all(|port| free(*port).is_ok())
    {
        return Ok(Network::Loopback { api, etcd, etcd_peer });
    }
    // Not from the range that outgoing connections use: a client that tries a dead server again and again could
    // otherwise get the server's port for its own end, and keep the server from coming back.
    let mut held = Vec::new();
    let start = std::process::id().wrapping_mul(7919) ^ clock();
    for step in 0..2000 {
        let port = 20_000 + u16::try_from((start.wrapping_add(step)) % 10_000)?;
        held.extend(free(port).ok().map(|listener| (port, listener)));
        if let [(api, _), (etcd, _), (etcd_peer, _)] = held.as_slice() {
            return Ok(Network::Loopback { api: *api, etcd: *etcd, etcd_peer: *etcd_peer });
        }
    }
    bail!("no three free ports between 20000 and 30000 on 127.0.0.1")
}

/// Something that differs from call to call.
fn clock() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    now.map(|now| now.subsec_micros()).unwrap_or_default()
}

/// Starts everything and waits until all nodes are Ready.
pub(crate) fn start(folder: &Path, record: &mut Record, programs: &Programs<'_>, nodes: usize) -> Result<()> {
    let plane = record.clone();
    let plane = ControlPlane { folder, record: &plane, etcd: programs.etcd, kubernetes: programs.kubernetes };
    plane.write_files(&[("kwok", "boutique-lab:kwok", Some("system:masters"))])?;

    let mut starter = Starter { folder, record, inside: None };
    starter.start(&plane.etcd())?;
    starter.start(&plane.api_server())?;
    let api = starter.api()?;
    starter.until("kube-apiserver", "readiness", Duration::from_secs(90), || Ok(api.get("/readyz")?.0 == 200))?;
    starter.start(&plane.controller_manager())?;
    starter.start(&plane.scheduler())?;
    starter.start(&kwok(folder, programs.kwok))?;
    grow(&api, 0, nodes)?;
    wait(&starter, &api, nodes)
}

/// Waits until the nodes are Ready and pods could be created.
pub(crate) fn wait(starter: &Starter<'_>, api: &Api, nodes: usize) -> Result<()> {
    let limit = Duration::from_secs(60 + u64::try_from(nodes / 10).unwrap_or(0));
    starter.until("kube-controller-manager", "default ServiceAccount", limit, || {
        Ok(api.get("/api/v1/namespaces/default/serviceaccounts/default")?.0 == 200)
    })?;
    starter.until("kwok", "Ready nodes", limit, || Ok(ready_nodes(&api.read("/api/v1/nodes")?) >= nodes))
}

fn kwok(folder: &Path, program: &Path) -> Program {
    let mut args = vec![
        format!("--kubeconfig={}", folder.join("kubeconfigs/kwok").display()),
        "--manage-all-nodes=true".to_owned(),
        "--node-lease-duration-seconds=40".to_owned(),
    ];
    args.extend(stages(program).iter().map(|stage| format!("--config={}", stage.display())));
    Program { name: "kwok".to_owned(), path: program.join("kwok"), args, env: Vec::new() }
}

/// Creates the nodes from number `have` on until there are `want`.
pub(crate) fn grow(api: &Api, have: usize, want: usize) -> Result<()> {
    for number in have..want {
        api.create("/api/v1/nodes", &node(number)).context("create a simulated node")?;
    }
    Ok(())
}

fn node(number: usize) -> Value {
    let name = format!("sim-{number}");
    let size = json!({ "cpu": "32", "memory": "256Gi", "pods": "110", "ephemeral-storage": "1Ti" });
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": format!("zone-{}", number % 3),
            },
        },
        "status": { "allocatable": size, "capacity": size },
    })
}

/// How many nodes of a list are Ready and take pods.
pub(crate) fn ready_nodes(list: &Value) -> usize {
    let is_ready = |node: &&Value| {
        let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
        let ready = conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True");
        let taints = node.pointer("/spec/taints").and_then(Value::as_array);
        let tainted = taints.into_iter().flatten().any(|it| it["key"] == "node.kubernetes.io/not-ready");
        ready && !tainted
    };
    list["items"].as_array().map_or(0, |items| items.iter().filter(is_ready).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_an_earlier_life_are_kept_when_free_and_replaced_when_busy() {
        let first = ports(None).unwrap();
        assert_eq!(ports(Some(first)).unwrap(), first);
        let _busy = TcpListener::bind(first.api()).unwrap();
        assert_ne!(ports(Some(first)).unwrap().api(), first.api());
    }

    #[test]
    fn a_node_counts_when_it_is_ready_and_no_longer_tainted() {
        let node = |status: &str, taints: Value| json!({ "status": { "conditions": [{ "type": "Ready", "status": status }] }, "spec": { "taints": taints } });
        let tainted = json!([{ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" }]);
        let list = json!({ "items": [node("True", json!([])), node("True", tainted), node("False", json!([]))] });
        assert_eq!(ready_nodes(&list), 1);
    }
}
