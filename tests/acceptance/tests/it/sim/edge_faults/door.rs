//! A `boutique_ingress` of one test, whose controller is the small chart `door`, and the questions that tests ask of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::terraform::{Module, Said};
use boutique_acceptance::{lab, project};
use boutique_lab::copy_folder;
use serde_json::Value;
use tempfile::TempDir;

/// Address of the one resource in the module.
pub(crate) const ADDRESS: &str = "boutique_ingress.door";

/// What everything that the chart makes is called.
pub(crate) const NAME: &str = "door-traefik";

/// An ingress of a test.
pub(crate) struct Door {
    pub(crate) module: Module,
    /// Namespace of the shop, which has a frontend's Service and no more.
    pub(crate) shop: Namespace,
    /// Namespace of the controller; the resource makes it.
    pub(crate) edge: Namespace,
    chart: TempDir,
}

impl Drop for Door {
    fn drop(&mut self) {
        // It belongs to no namespace.
        self.shop.cluster(&["delete", "ingressclass", &self.shop.name, "--ignore-not-found"]);
    }
}

/// The provider block, with the helm that the lab builds.
pub(crate) fn provider(connection: &str) -> String {
    let helm = project::helm();
    format!("provider \"boutique\" {{\n  {connection}\n  helm = {{ path = {helm:?} }}\n}}\n")
}

/// A connection by kubeconfig, which is that of the lab.
pub(crate) fn connection() -> String {
    format!("config_path = {:?}", lab::sim())
}

impl Door {
    /// A door that is not there yet.
    pub(crate) fn new(test: &str) -> Self {
        Self::with_variables(test, &[])
    }

    /// A door that is not there yet; every command gets these variables.
    pub(crate) fn with_variables(test: &str, variables: &[(&'static str, &'static str)]) -> Self {
        let shop = Namespace::new(lab::sim(), test).create();
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: frontend}\nspec: {selector: {app: frontend}, \
                       ports: [{port: 80}]}\n";
        shop.apply(service, &[]).expect_success("kubectl apply");
        let mut edge = Namespace::new(lab::sim(), test);
        edge.name = format!("{}-edge", shop.name);
        let chart = TempDir::with_prefix("boutique-door-").expect("a temporary folder");
        copy_folder(&project::root().join("tests/acceptance/charts/door"), chart.path())
            .expect("the chart can be copied");
        let mut module = Module::with_provider(&provider(&connection()), "");
        for (name, value) in variables {
            module = module.with_variable(name, value);
        }
        Self { module, shop, edge, chart }
    }

    /// A door that is there, with these values.
    pub(crate) fn applied(test: &str, values: &str) -> Self {
        let door = Self::new(test);
        door.set(values);
        door.module.apply().expect_success("terraform apply");
        door
    }

    /// The chart.
    pub(crate) fn chart(&self) -> &Path {
        self.chart.path()
    }

    /// Writes a file of the chart.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.chart().join(file);
        fs::create_dir_all(path.parent().expect("it is in the chart")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// The resource as text: values of the chart, as the inside of an object, and further attributes of the controller and of
    /// the resource.
    pub(crate) fn resource(&self, values: &str, controller: &str, settings: &str) -> String {
        format!(
            "resource \"boutique_ingress\" \"door\" {{\n  name = \"door\"\n  namespace = \"{shop}\"\n  \
             host = \"{shop}.local\"\n  controller = {{\n    kind = \"traefik\"\n    install = true\n    release = \"door\"\n    \
             namespace = \"{edge}\"\n    class = \"{shop}\"\n    service_type = \"ClusterIP\"\n    \
             chart = {{ name = {chart:?} }}\n    values = {{ {values} }}\n    {controller}\n  }}\n  \
             wait = {{ until = \"none\" }}\n  {settings}\n}}\n",
            shop = self.shop.name,
            edge = self.edge.name,
            chart = self.chart(),
        )
    }

    /// Replaces the values of the chart.
    pub(crate) fn set(&self, values: &str) {
        self.rewrite(&self.resource(values, "", ""));
    }

    /// Replaces the module but for the provider block.
    pub(crate) fn rewrite(&self, body: &str) {
        self.module.rewrite_provider(&provider(&connection()), body);
    }

    /// Begins an apply that hangs in a hook, and comes back when it does.
    pub(crate) fn hang(&self, status: &str, values: &str, hook_at: &str) -> Child {
        self.set(&format!("hook = \"hangs\", hookAt = \"{hook_at}\", {values}"));
        let mut apply = self.module.start(&["apply", "-auto-approve", "-no-color", "-input=false"]);
        self.await_until(&format!("a revision is {status}"), || {
            if let Some(ended) = apply.try_wait().expect("terraform is ours") {
                panic!("the apply ended instead of hanging: {ended}");
            }
            self.revisions().iter().any(|revision| revision == status)
        });
        self.await_until("the hook is there", || !self.uid("job", "door-hook").is_empty());
        apply
    }

    /// The status of every revision of the release, oldest first, as Helm's records say.
    pub(crate) fn revisions(&self) -> Vec<String> {
        let labels = "-o=jsonpath={range .items[*]}{.metadata.labels.version} {.metadata.labels.status}{\"\\n\"}{end}";
        let said = self.edge.kubectl(&["get", "secrets", "--selector=owner=helm", labels]);
        let read = |line: &str| {
            let (number, status) = line.split_once(' ')?;
            Some((number.parse::<u64>().ok()?, status.to_owned()))
        };
        let found: BTreeMap<u64, String> = said.stdout.lines().filter_map(read).collect();
        found.into_values().collect()
    }

    /// UID of an object of the controller.
    pub(crate) fn uid(&self, kind: &str, name: &str) -> String {
        self.edge.get(kind, name)["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
    }

    /// The programs that install this release.
    pub(crate) fn helm_at_work(&self) -> Vec<u32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_helm = |id: &u32| {
            let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            words.contains(&b"upgrade".as_slice()) && words.contains(&self.edge.name.as_bytes())
        };
        ids.filter(is_helm).collect()
    }

    /// Comes, after a minute at most, when something is so.
    pub(crate) fn await_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_so() {
            assert!(Instant::now() < deadline, "it never was so that {what}; revisions: {:?}", self.revisions());
            // Other tests need the processor, too, and what is asked for stays so until somebody acts.
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Asserts that the release is deployed with this text, that nothing is left of what went before, and that nothing
    /// stands in anybody's way.
    pub(crate) fn expect_whole(&self, text: &str) {
        self.module.expect_empty_plan("after all");
        let (mut revisions, mut found) = (BTreeMap::new(), BTreeMap::new());
        for object in self.edge.list("deployments,services,configmaps,secrets,jobs,leases") {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let number = text("/metadata/labels/version").parse::<u64>();
            match (text("/type").as_str(), number, text("/metadata/name").as_str()) {
                ("helm.sh/release.v1", Ok(number), _) => {
                    revisions.insert(number, text("/metadata/labels/status"));
                }
                (_, _, "kube-root-ca.crt") => {}
                (_, _, name) => {
                    found.insert(format!("{} {name}", text("/kind")), object.clone());
                }
            }
        }
        assert_eq!(revisions.last_key_value().map(|(_, status)| status.as_str()), Some("deployed"), "{revisions:?}");
        let stuck = revisions.values().any(|status| status.starts_with("pending") || status == "uninstalling");
        assert!(!stuck, "something is pending: {revisions:?}");
        let expected = [
            "ConfigMap boutique-controller-door",
            "ConfigMap boutique-release-door",
            "ConfigMap door-traefik",
            "Deployment door-traefik",
            "Lease boutique-release-door",
            "Secret door-traefik",
            "Service door-traefik",
        ];
        assert_eq!(found.keys().collect::<Vec<_>>(), expected, "nothing is orphaned and nothing is missing");
        assert_eq!(found["ConfigMap door-traefik"]["data"]["text"], text);
        for lease in [&self.shop.get("lease", "boutique-ingress-door"), &found["Lease boutique-release-door"]] {
            let holder = lease["spec"]["holderIdentity"].to_string();
            // Who was killed before it wrote anything has left it to the next who writes.
            let process = holder.split_once("process ").and_then(|(_, rest)| rest.split(' ').next());
            let lives = process.is_some_and(|process| Path::new("/proc").join(process).exists());
            assert!(!lives, "{lease} is held");
        }
        assert_eq!(self.helm_at_work(), Vec::<u32>::new());
    }

    /// The next apply, once, and then [`Self::expect_whole`].
    pub(crate) fn recover(&self, values: &str) -> Said {
        self.set(&format!("text = \"after\", {values}"));
        let said = self.module.apply().expect_success("the next apply");
        self.expect_whole("after");
        said
    }
}

/// What a terraform that was started has said, once it has ended.
pub(crate) fn ended(apply: Child) -> Said {
    let output: Output = apply.wait_with_output().expect("terraform ends");
    output.into()
}
