//! What a lab remembers of itself on disk, so that any later process can find, judge and end it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::cache::write_atomically;
use crate::process::Process;

/// What kind of nodes a lab has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One real node: kubelet, containerd, pods. Linux and root.
    Node,
    /// Simulated nodes: a real API server, and pods that only say that they run.
    Sim {
        /// How many.
        nodes: usize,
    },
}

impl std::fmt::Display for Mode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Node => formatter.write_str("one real node"),
            Self::Sim { nodes: 1 } => formatter.write_str("1 simulated node"),
            Self::Sim { nodes } => write!(formatter, "{nodes} simulated nodes"),
        }
    }
}

/// The record of a lab, `lab.json` in its folder. It is written before what it names is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) audit: bool,
    /// Keys of the parts it runs on.
    pub(crate) parts: Vec<String>,
    pub(crate) network: Network,
    /// Everything that was started, in order.
    pub(crate) processes: Vec<Process>,
    /// Whether its start came to its end.
    pub(crate) complete: bool,
}

/// Where a lab listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    /// On ports of the host's loopback.
    Loopback { api: u16, etcd: u16, etcd_peer: u16 },
    /// In a network namespace, with 10.`block`.0.0/16 for itself.
    Own { block: u8 },
}

impl Network {
    /// Where the API server answers.
    pub(crate) fn api(self) -> SocketAddr {
        match self {
            Self::Loopback { api, .. } => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), api),
            Self::Own { .. } => SocketAddr::new(IpAddr::V4(self.node()), 6443),
        }
    }

    /// Address of the node, seen from the host.
    pub(crate) fn node(self) -> Ipv4Addr {
        match self {
            Self::Loopback { .. } => Ipv4Addr::LOCALHOST,
            Self::Own { block } => Ipv4Addr::new(10, block, 255, 2),
        }
    }

    /// The host's end of the wire to the node.
    pub(crate) fn host(self) -> Ipv4Addr {
        match self {
            Self::Loopback { .. } => Ipv4Addr::LOCALHOST,
            Self::Own { block } => Ipv4Addr::new(10, block, 255, 1),
        }
    }

    /// The lab's whole range, routed to the node.
    pub(crate) fn range(self) -> Option<String> {
        match self {
            Self::Loopback { .. } => None,
            Self::Own { block } => Some(format!("10.{block}.0.0/16")),
        }
    }

    /// Range of the pods.
    pub(crate) fn pods(self) -> String {
        match self {
            Self::Loopback { .. } => "10.244.0.0/16".to_owned(),
            Self::Own { block } => format!("10.{block}.0.0/17"),
        }
    }

    /// Range of the ClusterIPs.
    pub(crate) fn services(self) -> String {
        match self {
            Self::Loopback { .. } => "10.96.0.0/16".to_owned(),
            Self::Own { block } => format!("10.{block}.128.0/18"),
        }
    }

    /// A ClusterIP of the range: 1 is the API server's, 10 the cluster DNS's.
    pub(crate) fn service(self, last: u8) -> Ipv4Addr {
        match self {
            Self::Loopback { .. } => Ipv4Addr::new(10, 96, 0, last),
            Self::Own { block } => Ipv4Addr::new(10, block, 128, last),
        }
    }
}

impl Record {
    const FILE: &str = "lab.json";

    /// The record in a lab's folder; `None` when there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(Self::FILE);
        match std::fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map(Some).with_context(|| format!("lab record {}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("lab record {}", path.display())),
        }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        write_atomically(&folder.join(Self::FILE), &serde_json::to_vec_pretty(self)?)
    }

    /// The recorded process of that name.
    pub(crate) fn process(&self, name: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_writing_and_reading() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record {
            name: "demo".to_owned(),
            mode: Mode::Sim { nodes: 3 },
            audit: true,
            parts: vec!["etcd-3.6.8-00".to_owned()],
            network: Network::Own { block: 203 },
            processes: Vec::new(),
            complete: false,
        };
        assert!(Record::read(folder.path()).unwrap().is_none());
        record.write(folder.path()).unwrap();
        let again = Record::read(folder.path()).unwrap().unwrap();
        assert_eq!((again.mode, again.network, again.parts), (record.mode, record.network, record.parts));
    }

    #[test]
    fn pods_services_and_the_wire_do_not_overlap() {
        let network = Network::Own { block: 203 };
        assert_eq!(network.pods(), "10.203.0.0/17");
        assert_eq!(network.services(), "10.203.128.0/18");
        assert_eq!(network.service(10).to_string(), "10.203.128.10");
        assert_eq!(network.api().to_string(), "10.203.255.2:6443");
    }
}
