//! etcd, the API server, the controller manager and the scheduler: their files and command lines.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cache::write_atomically;
use crate::kubeconfig::Kubeconfig;
use crate::pki::{Authority, Pair, Subject, Validity, write_service_account_key};
use crate::process::Program;
use crate::record::{Network, Record};

/// What the control plane of a lab is made of.
pub(crate) struct ControlPlane<'a> {
    /// The lab's folder.
    pub(crate) folder: &'a Path,
    pub(crate) record: &'a Record,
    /// Folder of etcd's program.
    pub(crate) etcd: &'a Path,
    /// Folder of Kubernetes' programs.
    pub(crate) kubernetes: &'a Path,
}

/// A client certificate's owner: file name, user, group.
pub(crate) type Client<'a> = (&'a str, &'a str, Option<&'a str>);

/// The lab's own user, for readiness probes and its own objects; the audit log leaves it out.
pub(crate) const LAB_USER: &str = "boutique-lab";

/// Folder of certificates below a lab's folder.
pub(crate) fn pki(folder: &Path) -> PathBuf {
    folder.join("pki")
}

/// The kubeconfig that people use.
pub(crate) fn admin_kubeconfig(folder: &Path) -> PathBuf {
    folder.join("kubeconfig")
}

/// The audit log.
pub(crate) fn audit_log(folder: &Path) -> PathBuf {
    folder.join("audit.log")
}

/// Which requests the audit log holds: those of people and their programs, none of the cluster's own parts.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  userGroups: ['system:nodes', 'system:serviceaccounts']
- level: None
  users: ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler', 'system:kube-proxy', 'system:anonymous',
    'boutique-lab', 'boutique-lab:kwok', 'boutique-lab:netpol']
- level: Metadata
";

impl ControlPlane<'_> {
    fn network(&self) -> Network {
        self.record.network
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn key(&self, name: &str) -> String {
        pki(self.folder).join(name).display().to_string()
    }

    /// Makes all certificates and kubeconfigs; `clients` are those of the parts beyond the control plane.
    pub(crate) fn write_files(&self, clients: &[Client<'_>]) -> Result<()> {
        let folder = pki(self.folder);
        let kubeconfigs = self.folder.join("kubeconfigs");
        for folder in [&folder, &kubeconfigs, &self.folder.join("logs")] {
            fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
        }
        let authority = Authority::new("ca")?;
        authority.pair().write(&folder, "ca")?;
        let reached_as = [
            "localhost".to_owned(),
            "kubernetes".to_owned(),
            "kubernetes.default".to_owned(),
            "kubernetes.default.svc".to_owned(),
            "kubernetes.default.svc.cluster.local".to_owned(),
            "127.0.0.1".to_owned(),
            self.network().service(1).to_string(),
            self.network().node().to_string(),
        ];
        let server = Subject::Server { name: "kube-apiserver", reached_as: &reached_as };
        authority.issue(&server, Validity::Long)?.write(&folder, "apiserver")?;
        write_service_account_key(&folder)?;

        let front_proxy = Authority::new("front-proxy-ca")?;
        front_proxy.pair().write(&folder, "front-proxy-ca")?;
        let aggregator = Subject::Client { user: "front-proxy-client", group: None };
        front_proxy.issue(&aggregator, Validity::Long)?.write(&folder, "front-proxy-client")?;

        let to_kubelet = Subject::Client { user: "kube-apiserver-kubelet-client", group: Some("system:masters") };
        authority.issue(&to_kubelet, Validity::Long)?.write(&folder, "kubelet-client")?;
        let lab = Subject::Client { user: LAB_USER, group: Some("system:masters") };
        authority.issue(&lab, Validity::Long)?.write(&folder, "lab")?;

        let own: [Client<'_>; 2] = [
            ("controller-manager", "system:kube-controller-manager", None),
            ("scheduler", "system:kube-scheduler", None),
        ];
        for (name, user, group) in own.iter().chain(clients) {
            let client = authority.issue(&Subject::Client { user, group: *group }, Validity::Long)?;
            self.write_kubeconfig(&kubeconfigs.join(name), name, &authority, &client)?;
        }
        let admin =
            authority.issue(&Subject::Client { user: "admin", group: Some("system:masters") }, Validity::Long)?;
        self.write_kubeconfig(&admin_kubeconfig(self.folder), "admin", &authority, &admin)?;
        write_atomically(&self.folder.join("audit-policy.yaml"), AUDIT_POLICY.as_bytes())
    }

    fn write_kubeconfig(&self, path: &Path, user: &str, authority: &Authority, client: &Pair) -> Result<()> {
        let text = Kubeconfig {
            context: &format!("boutique-{}", self.record.name),
            user,
            server: &format!("https://{}", self.network().api()),
            authority: &authority.pair().certificate,
            client,
        }
        .render();
        write_atomically(path, text.as_bytes())
    }

    fn program(&self, folder: &Path, name: &str, args: Vec<String>) -> Program {
        Program { name: name.to_owned(), path: folder.join(name), args, env: Vec::new() }
    }

    fn etcd_url(&self) -> String {
        let port = if let Network::Loopback { etcd, .. } = self.network() { etcd } else { 2379 };
        format!("http://127.0.0.1:{port}")
    }

    /// etcd. Nothing in a lab must survive a power cut, so it does not wait for the disk.
    pub(crate) fn etcd(&self) -> Program {
        let port = if let Network::Loopback { etcd_peer, .. } = self.network() { etcd_peer } else { 2380 };
        let (clients, peers) = (self.etcd_url(), format!("http://127.0.0.1:{port}"));
        let args = vec![
            "--name=lab".to_owned(),
            format!("--data-dir={}", self.file("etcd")),
            "--unsafe-no-fsync".to_owned(),
            format!("--listen-client-urls={clients}"),
            format!("--advertise-client-urls={clients}"),
            format!("--listen-peer-urls={peers}"),
            format!("--initial-advertise-peer-urls={peers}"),
            format!("--initial-cluster=lab={peers}"),
            "--log-level=warn".to_owned(),
        ];
        self.program(self.etcd, "etcd", args)
    }

    /// The API server.
    pub(crate) fn api_server(&self) -> Program {
        let network = self.network();
        let api = network.api();
        let mut args = vec![
            format!("--etcd-servers={}", self.etcd_url()),
            format!("--bind-address={}", api.ip()),
            format!("--secure-port={}", api.port()),
            format!("--service-cluster-ip-range={}", network.services()),
            format!("--tls-cert-file={}", self.key("apiserver.crt")),
            format!("--tls-private-key-file={}", self.key("apiserver.key")),
            format!("--client-ca-file={}", self.key("ca.crt")),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", self.key("service-account.pub")),
            format!("--service-account-signing-key-file={}", self.key("service-account.key")),
            format!("--kubelet-client-certificate={}", self.key("kubelet-client.crt")),
            format!("--kubelet-client-key={}", self.key("kubelet-client.key")),
            format!("--kubelet-certificate-authority={}", self.key("ca.crt")),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            format!("--requestheader-client-ca-file={}", self.key("front-proxy-ca.crt")),
            "--requestheader-allowed-names=front-proxy-client".to_owned(),
            "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
            "--requestheader-group-headers=X-Remote-Group".to_owned(),
            "--requestheader-username-headers=X-Remote-User".to_owned(),
            format!("--proxy-client-cert-file={}", self.key("front-proxy-client.crt")),
            format!("--proxy-client-key-file={}", self.key("front-proxy-client.key")),
            "--profiling=false".to_owned(),
        ];
        match network {
            // Nothing reaches the API server through a ClusterIP in a simulated cluster, and loopback is no endpoint.
            Network::Loopback { .. } => args
                .extend(["--endpoint-reconciler-type=none".to_owned(), "--advertise-address=198.51.100.1".to_owned()]),
            Network::Own { .. } => args.push(format!("--advertise-address={}", network.node())),
        }
        if self.record.audit {
            args.extend([
                format!("--audit-policy-file={}", self.file("audit-policy.yaml")),
                format!("--audit-log-path={}", audit_log(self.folder).display()),
                "--audit-log-maxsize=1000".to_owned(),
                // Written at once, so that who counts requests after an answer sees them all.
                "--audit-log-mode=blocking".to_owned(),
            ]);
        }
        self.program(self.kubernetes, "kube-apiserver", args)
    }

    /// The controller manager.
    pub(crate) fn controller_manager(&self) -> Program {
        let network = self.network();
        let kubeconfig = self.file("kubeconfigs/controller-manager");
        let mut args = vec![
            format!("--kubeconfig={kubeconfig}"),
            format!("--authentication-kubeconfig={kubeconfig}"),
            format!("--authorization-kubeconfig={kubeconfig}"),
            "--secure-port=0".to_owned(),
            "--use-service-account-credentials=true".to_owned(),
            format!("--service-account-private-key-file={}", self.key("service-account.key")),
            format!("--root-ca-file={}", self.key("ca.crt")),
            format!("--cluster-signing-cert-file={}", self.key("ca.crt")),
            format!("--cluster-signing-key-file={}", self.key("ca.key")),
            "--leader-elect=false".to_owned(),
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
        ];
        if let Network::Own { .. } = network {
            args.extend([
                "--allocate-node-cidrs=true".to_owned(),
                format!("--cluster-cidr={}", network.pods()),
                "--node-cidr-mask-size=24".to_owned(),
            ]);
        }
        self.program(self.kubernetes, "kube-controller-manager", args)
    }

    /// The scheduler.
    pub(crate) fn scheduler(&self) -> Program {
        let kubeconfig = self.file("kubeconfigs/scheduler");
        let args = vec![
            format!("--kubeconfig={kubeconfig}"),
            format!("--authentication-kubeconfig={kubeconfig}"),
            format!("--authorization-kubeconfig={kubeconfig}"),
            "--secure-port=0".to_owned(),
            "--leader-elect=false".to_owned(),
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
        ];
        self.program(self.kubernetes, "kube-scheduler", args)
    }
}

/// The certificate of the lab's own user, and the authority's.
pub(crate) fn lab_client(folder: &Path) -> Result<(String, Pair)> {
    let read = |name: &str| {
        let path = pki(folder).join(name);
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    };
    Ok((read("ca.crt")?, Pair { certificate: read("lab.crt")?, key: read("lab.key")? }))
}
