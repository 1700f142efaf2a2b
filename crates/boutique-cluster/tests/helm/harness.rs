//! A release of a small chart in a namespace of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use boutique_cluster::{
    bounds::Bounds,
    connect::{Cluster, ConnectSpec},
    event::Events,
    helm::{
        self, Applied, ApplyError, ChartSource, Helm, HelmSettings, Release, ReleaseId, ReleaseReading,
        UninstallRequest, Uninstalled,
    },
    request::Propagation,
};
use boutique_core::object::{Kind, Manifest, ObjectRef};
use boutique_lab::{Lab, Mode, Options, Progress, Running};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) fn lab() -> &'static Running {
    static LAB: OnceLock<Running> = OnceLock::new();
    LAB.get_or_init(|| {
        let lab = Lab::named("test-sim").expect("the name is a good one");
        let options = Options { audit: true, ..Options::default() };
        lab.up(Mode::Sim { nodes: 3 }, &options, &Progress::stderr()).unwrap_or_else(|error| panic!("lab: {error:#}"))
    })
}

pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| boutique_lab::helm(&Progress::stderr()).unwrap_or_else(|error| panic!("helm: {error:#}")))
}

pub(crate) async fn cluster() -> Cluster {
    let spec = ConnectSpec { config_paths: vec![lab().kubeconfig.clone()], ..ConnectSpec::default() };
    Cluster::connect(&spec).await.expect("the lab's kubeconfig is good")
}

pub(crate) fn bounds() -> Bounds {
    Bounds::within(Duration::from_secs(90))
}

pub(crate) async fn helm_with(cache: &Path) -> Helm {
    helm_of(program(), cache).await
}

async fn helm_of(program: &Path, cache: &Path) -> Helm {
    let settings =
        HelmSettings { binary: Some(program.to_owned()), cache: Some(cache.to_owned()), ..HelmSettings::default() };
    Helm::find(&settings, |_| None, &bounds()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A release of a test.
pub(crate) struct Web {
    pub(crate) cluster: Cluster,
    pub(crate) helm: Helm,
    pub(crate) id: ReleaseId,
    pub(crate) folder: TempDir,
}

impl Web {
    /// A release that is not there yet, in an empty namespace, with a chart in a folder.
    pub(crate) async fn new(name: &str) -> Self {
        let web = Self::without_namespace(name).await;
        let namespace = Manifest::new(Kind::NAMESPACE, "", web.namespace(), json!({}));
        web.cluster.create(&namespace, "someone").await.expect("a namespace can be made");
        web
    }

    pub(crate) async fn without_namespace(name: &str) -> Self {
        Self::driven_by(program(), name).await
    }

    /// A release that is not there yet, driven by another helm than the usual one.
    pub(crate) async fn driven_by(program: &Path, name: &str) -> Self {
        let suffix = uuid::Uuid::new_v4().simple().to_string();
        let id = ReleaseId::new(format!("helm-{name}-{}", &suffix[..8]), "web");
        let folder = tempfile::tempdir().expect("a folder can be made");
        write_chart(&folder.path().join("web"));
        let cluster = cluster().await;
        Self { helm: helm_of(program, &folder.path().join("cache")).await, cluster, id, folder }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.id.namespace
    }

    pub(crate) fn chart(&self) -> PathBuf {
        self.folder.path().join("web")
    }

    /// Writes a file of the chart.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.chart().join(file);
        fs::create_dir_all(path.parent().expect("it is in the chart")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    pub(crate) fn release(&self, values: Value) -> Release {
        Release::new(self.id.clone(), ChartSource::Path(self.chart()), values)
    }

    pub(crate) async fn try_apply(&self, release: &Release) -> Result<Applied, Box<ApplyError>> {
        helm::apply(&self.helm, &self.cluster, release, &bounds(), &Events::none()).await
    }

    pub(crate) async fn apply(&self, values: Value) -> Applied {
        self.try_apply(&self.release(values)).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// An apply that must fail.
    pub(crate) async fn refused(&self, release: &Release) -> Box<ApplyError> {
        match self.try_apply(release).await {
            Err(error) => error,
            Ok(applied) => panic!("it was applied: {applied:?}"),
        }
    }

    pub(crate) async fn read(&self) -> Option<ReleaseReading> {
        helm::read(&self.cluster, &self.id).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn reading(&self) -> ReleaseReading {
        self.read().await.expect("the release is there")
    }

    /// Drift, as sentences.
    pub(crate) async fn drift(&self) -> Vec<String> {
        let drift = helm::drift(&self.cluster, &self.reading().await).await.unwrap_or_else(|error| panic!("{error}"));
        drift.iter().map(ToString::to_string).collect()
    }

    pub(crate) async fn uninstall(&self) -> Uninstalled {
        let request = UninstallRequest::new(self.id.clone());
        let done = helm::uninstall(&self.helm, &self.cluster, &request, &bounds(), &Events::none()).await;
        done.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn live(&self, kind: Kind, name: &str) -> Option<Value> {
        self.cluster.get(kind, Some(self.namespace()), name).await.expect("a get works")
    }

    /// A merge of single fields by the hand of somebody else.
    pub(crate) async fn patch(&self, kind: Kind, name: &str, ops: Value) {
        let object = ObjectRef::new(kind, self.namespace(), name);
        let ops = ops.as_array().expect("a list of operations").clone();
        self.cluster.json_patch(&object, kind, None, &ops, "kubectl-edit").await.unwrap_or_else(|e| panic!("{e}"));
    }

    /// Comes when the release's newest revision has this status.
    pub(crate) async fn until(&self, status: &str) {
        let wait = async {
            while self.read().await.is_none_or(|reading| reading.release.status.to_string() != status) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("it never was {status}"));
    }

    /// Comes when this object is there.
    pub(crate) async fn until_live(&self, kind: Kind, name: &str) {
        let wait = async {
            while self.live(kind, name).await.is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("there never was {name}"));
    }

    /// The helm that works on this release: an upgrade in our namespace.
    pub(crate) fn helm_process(&self) -> Option<u32> {
        let entries = fs::read_dir("/proc").ok()?.flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).find(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            words.contains(&b"upgrade".as_slice()) && words.contains(&self.namespace().as_bytes())
        })
    }

    /// Comes when no helm works on this release.
    pub(crate) async fn until_helm_is_gone(&self) {
        let wait = async {
            while self.helm_process().is_some() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.expect("helm is gone");
    }

    pub(crate) async fn finish(self) {
        let namespace = ObjectRef::new(Kind::NAMESPACE, "", self.namespace());
        self.cluster.delete(&namespace, Kind::NAMESPACE, Propagation::Background, None).await.expect("it can go");
    }
}

pub(crate) fn kill(pid: u32) {
    let status = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(status.success(), "process {pid} was there");
}

/// A chart with a workload, what goes beside one, and a hook that can be made to hang or to fail.
fn write_chart(folder: &Path) {
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: \"2.5\"\n"),
        (
            "values.yaml",
            "replicas: 1\napp: web\ntext: hello\npassword: none\nhook: none\nhookAt: pre-install,pre-upgrade\n",
        ),
        (
            "templates/web.yaml",
            r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Values.app }}}}
  template:
    metadata: {labels: {app: {{ .Values.app }}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: registry.invalid/web:1
        resources: {requests: {cpu: 1000m, memory: 0.5Gi}}
        volumeMounts: [{name: text, mountPath: /text}]
      volumes: [{name: text, configMap: {name: web, defaultMode: 0644}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {text: {{ .Values.text | quote }}}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: {{ .Values.password | quote }}}
"#,
        ),
        (
            "templates/hook.yaml",
            r#"{{- if ne .Values.hook "none" }}
apiVersion: batch/v1
kind: Job
metadata:
  name: web-hook
  annotations: {"helm.sh/hook": {{ .Values.hookAt | quote }}}
spec:
  suspend: {{ eq .Values.hook "hangs" }}
  backoffLimit: 0
  {{- if eq .Values.hook "fails" }}
  activeDeadlineSeconds: 1
  {{- end }}
  template:
    metadata: {labels: {app: hook}}
    spec:
      restartPolicy: Never
      nodeSelector: {there-is: none}
      containers: [{name: hook, image: registry.invalid/hook:1}]
{{- end }}
"#,
        ),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
}
