//! A lab that runs: where it is, and what can be done with it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::api::Api;
use crate::cache::{Cache, write_atomically};
use crate::control_plane::{admin_kubeconfig, audit_log, lab_client, pki};
use crate::image::{Image, write_archive};
use crate::kubeconfig::Kubeconfig;
use crate::node;
use crate::part::Part;
use crate::pki::{Authority, Subject, Validity};
use crate::process::Process;
use crate::record::{Mode, Network, Record};

/// A running lab.
#[derive(Clone, Debug)]
pub struct Running {
    /// The lab's name.
    pub name: String,
    /// Its nodes.
    pub mode: Mode,
    /// Its folder; logs of the components are in `logs/`.
    pub dir: PathBuf,
    /// Kubeconfig of a cluster administrator, with one context, `boutique-<name>`.
    pub kubeconfig: PathBuf,
    /// URL of the API server.
    pub api_server: String,
    /// The audit log, if [`Options::audit`](crate::Options::audit) was set: one JSON event per line.
    pub audit_log: Option<PathBuf>,
    /// Where the node is reached from the host (Mode::Node). ClusterIPs and pods are reached directly as well.
    pub node_address: Option<IpAddr>,
    /// A kubectl of the server's version.
    pub kubectl: PathBuf,
    /// What runs on the host for it.
    pub processes: Vec<Process>,
}

/// Whom a kubeconfig stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// User name.
    pub user: String,
    /// Group; `system:masters` may do everything, `None` nothing until a role is bound to the user.
    pub group: Option<String>,
    /// When its certificate counts.
    pub validity: Validity,
}

impl Running {
    pub(crate) fn of(folder: &Path, record: &Record) -> Result<Self> {
        let bin = |part: &Part| -> Result<PathBuf> {
            // labs/<name> and bin/<part> are neighbours in the cache.
            let cache = folder.parent().and_then(Path::parent).context("a lab's folder lies in a cache")?;
            Ok(Cache::at(cache).bin().join(part.key()?))
        };
        Ok(Self {
            name: record.name.clone(),
            mode: record.mode,
            dir: folder.to_owned(),
            kubeconfig: admin_kubeconfig(folder),
            api_server: format!("https://{}", record.network.api()),
            audit_log: record.audit.then(|| audit_log(folder)),
            node_address: matches!(record.network, Network::Own { .. }).then(|| IpAddr::V4(record.network.node())),
            kubectl: bin(&Part::CONTROL_PLANE)?.join("kubectl"),
            processes: record.processes.clone(),
        })
    }

    /// A small client of the API server, as the lab's own user (left out of the audit log).
    ///
    /// # Errors
    /// When the lab's certificates cannot be read.
    pub fn api(&self) -> Result<Api> {
        let (authority, client) = lab_client(&self.dir)?;
        let address = self.api_server.trim_start_matches("https://").parse()?;
        Api::new(address, &authority, &client)
    }

    /// Writes another kubeconfig, `kubeconfigs/<file>` in the lab's folder, for a user with a client certificate.
    ///
    /// # Errors
    /// When the lab's authority cannot be read or the file not be written.
    pub fn mint(&self, file: &str, identity: &Identity) -> Result<PathBuf> {
        let authority = Authority::read(&pki(&self.dir), "ca")?;
        let subject = Subject::Client { user: &identity.user, group: identity.group.as_deref() };
        let client = authority.issue(&subject, identity.validity)?;
        let path = self.dir.join("kubeconfigs").join(file);
        let text = Kubeconfig {
            context: &format!("boutique-{}", self.name),
            user: &identity.user,
            server: &self.api_server,
            authority: &authority.pair().certificate,
            client: &client,
        }
        .render();
        write_atomically(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Gives images to the node, without any registry. Images of the same name are replaced.
    ///
    /// # Errors
    /// When a file of an image is missing, or containerd refuses it. In a simulated lab, which runs no image.
    pub fn load_images(&self, images: &[Image]) -> Result<()> {
        if self.mode != Mode::Node {
            bail!("lab {} has simulated nodes, which run no images", self.name);
        }
        let record = Record::read(&self.dir)?.with_context(|| format!("lab {} is gone", self.name))?;
        // A name of its own each time: threads of one process load images at the same time.
        let archive = tempfile::Builder::new().prefix("images-").suffix(".tar").tempfile_in(&self.dir)?;
        write_archive(images, archive.path())?;
        node::import(&self.dir, &record, archive.path())
    }

    /// Names of the images that the node has.
    ///
    /// # Errors
    /// When containerd does not answer.
    pub fn images(&self) -> Result<Vec<String>> {
        let record = Record::read(&self.dir)?.with_context(|| format!("lab {} is gone", self.name))?;
        node::images(&self.dir, &record)
    }
}
