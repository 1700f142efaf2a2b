//! A shop's frontend that is ready, and a controller of kind Traefik with a class of its own, for one test.

use std::path::{Path, PathBuf};

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::terraform::{Module, Said, provider_with_helm};
use boutique_acceptance::{lab, project};

use super::server::{SecretPlace, Server, home};

/// Address of the one resource in the module.
pub(crate) const ADDRESS: &str = "boutique_ingress.edge";

/// A namespace with a shop in it, and a module.
pub(crate) struct Place {
    pub(crate) module: Module,
    pub(crate) namespace: Namespace,
    /// What answers behind the controller's Service for HTTP and for HTTPS.
    pub(crate) http: Server,
    pub(crate) https: Server,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Classes and their names belong to the whole cluster.
        self.namespace.cluster(&["delete", "ingressclass", &self.namespace.name, "--ignore-not-found"]);
    }
}

/// The provider block, with the helm that the lab builds.
pub(crate) fn provider() -> String {
    provider_with_helm(lab::sim())
}

/// A provider block with its own setting for helm.
pub(crate) fn provider_with(helm: &str) -> String {
    format!("provider \"boutique\" {{\n  config_path = {:?}\n  {helm}\n}}\n", lab::sim())
}

const SHOP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: frontend, labels: {app: frontend}}
spec:
  selector: {matchLabels: {app: frontend}}
  template:
    metadata: {labels: {app: frontend}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: server, image: 'registry.invalid/frontend:1'}]
---
apiVersion: v1
kind: Service
metadata: {name: frontend}
spec: {selector: {app: frontend}, ports: [{port: 80, targetPort: 8080}]}
";

impl Place {
    /// A shop without any way in.
    pub(crate) fn bare(test: &str) -> Self {
        Self::with_variables(test, |_| Vec::new())
    }

    /// A shop without any way in. Every command of the module gets variables, which may name files in its folder.
    pub(crate) fn with_variables(
        test: &str,
        variables: impl FnOnce(&Path) -> Vec<(&'static str, &'static str)>,
    ) -> Self {
        let namespace = Namespace::new(lab::sim(), test).create();
        namespace.apply(SHOP, &[]).expect_success("kubectl apply");
        let ready = ["rollout", "status", "deployment/frontend", "--timeout=90s"];
        namespace.kubectl(&ready).expect_success("kubectl rollout status");
        let secret = SecretPlace::of(&namespace, "edge-tls");
        let module = Module::with_provider(&provider(), "");
        let variables = variables(module.folder());
        let module = variables.into_iter().fold(module, |module, (name, value)| module.with_variable(name, value));
        let https = Server::https(move || secret.read(), home);
        Self { module, namespace, http: Server::http(home), https }
    }

    /// A shop behind a controller that others installed, whose Service is of this type.
    pub(crate) fn behind(test: &str, service: &str) -> Self {
        let place = Self::bare(test);
        place.namespace.apply(&place.controller(service), &[]).expect_success("kubectl apply");
        let ready = ["rollout", "status", "deployment/edge-traefik", "--timeout=90s"];
        place.namespace.kubectl(&ready).expect_success("kubectl rollout status");
        place
    }

    /// A shop behind a controller whose address leads to this test.
    pub(crate) fn reachable(test: &str) -> Self {
        let place = Self::behind(test, LOAD_BALANCER);
        place.give_address("{\"ip\": \"127.0.0.1\"}");
        place
    }

    fn controller(&self, service: &str) -> String {
        let Self { namespace, http, https, .. } = self;
        let name = &namespace.name;
        let labels = format!("app.kubernetes.io/name: traefik, app.kubernetes.io/instance: edge-{name}");
        let release = format!("meta.helm.sh/release-name: edge, meta.helm.sh/release-namespace: {name}");
        let (http, https) = (http.port, https.port);
        format!(
            "apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: {name}, annotations: {{{release}}}}}
spec: {{controller: traefik.io/ingress-controller}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: edge-traefik, labels: {{{labels}}}, annotations: {{{release}}}}}
spec:
  selector: {{matchLabels: {{{labels}}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: traefik
          image: registry.invalid/traefik:1
          args: [--providers.kubernetesingress.ingressclass={name}]
          ports: [{{name: web, containerPort: 8000}}, {{name: websecure, containerPort: 8443}}]
---
apiVersion: v1
kind: Service
metadata: {{name: edge-traefik}}
spec:
  {service}
  selector: {{{labels}}}
  ports: [{{name: web, port: {http}, targetPort: web}}, {{name: websecure, port: {https}, targetPort: websecure}}]
"
        )
    }

    /// Gives the controller's Service an address, as a cloud does.
    pub(crate) fn give_address(&self, address: &str) {
        let patch = format!("{{\"status\": {{\"loadBalancer\": {{\"ingress\": [{address}]}}}}}}");
        let args = ["patch", "service", "edge-traefik", "--subresource=status", "--type=merge", "--patch", &patch];
        self.namespace.kubectl(&args).expect_success("kubectl patch");
    }

    /// The resource as text, with the controller that others installed.
    pub(crate) fn resource(&self, settings: &str) -> String {
        let controller = format!("kind = \"traefik\", class = \"{}\"", self.namespace.name);
        self.resource_with(&controller, settings)
    }

    /// The resource as text, with a controller of its own words.
    pub(crate) fn resource_with(&self, controller: &str, settings: &str) -> String {
        let name = &self.namespace.name;
        format!(
            "resource \"boutique_ingress\" \"edge\" {{\n  name = \"edge\"\n  namespace = \"{name}\"\n  host = \"{name}.local\"\n  \
             controller = {{ {controller} }}\n  {settings}\n}}\n"
        )
    }

    /// Replaces the resource.
    pub(crate) fn rewrite(&self, resource: &str) {
        self.module.rewrite_provider(&provider(), resource);
    }

    /// Replaces the resource and applies it.
    pub(crate) fn apply(&self, resource: &str) -> Said {
        self.rewrite(resource);
        self.module.apply()
    }

    /// Asserts that the next plan holds no change.
    pub(crate) fn expect_empty_plan(&self, when: &str) {
        self.module.expect_empty_plan(when);
    }

    /// The Secret that holds the certificate.
    pub(crate) fn secret(&self, name: &str) -> SecretPlace {
        SecretPlace::of(&self.namespace, name)
    }
}

/// A controller's Service that waits for an address, without ports on the nodes.
pub(crate) const LOAD_BALANCER: &str = "type: LoadBalancer\n  allocateLoadBalancerNodePorts: false";

/// The chart of Traefik that the tests install.
pub(crate) fn chart() -> PathBuf {
    project::root().join("tests/acceptance/charts/traefik")
}
