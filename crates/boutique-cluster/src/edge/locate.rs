//! Which controller serves a class, and where its Service and its pods are.

use boutique_core::{
    edge::{Controller, IngressSpec, by_class_controller, controller::release_of},
    helm::ReleaseId,
    object::Kind,
};
use serde_json::Value;

use crate::{connect::Cluster, port_forward::is_ready, request::ApiError};

/// A controller as it was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Located {
    /// What is known about this kind of controller.
    pub(crate) known: Option<&'static Controller>,
    /// Its Helm release, as far as that is known.
    pub(crate) release: Option<ReleaseId>,
    /// Whether that release is a guess: the default names of a controller that is not ours and whose class names none.
    pub(crate) guessed: bool,
    /// Its Service.
    pub(crate) service: Option<Value>,
    /// Its pods.
    pub(crate) pods: Vec<Value>,
}

/// A pod and the port on which it takes requests.
pub(crate) struct Door {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) port: u16,
}

/// Looks for the controller of an ingress: the one that the specification names or, for `existing`, the one that its class
/// leads to.
pub(crate) async fn locate(cluster: &Cluster, spec: &IngressSpec) -> Result<Located, ApiError> {
    let class = match cluster.get(Kind::INGRESS_CLASS, None, spec.class()).await {
        Err(error) if error.missing_verb().is_some() => None,
        found => found?,
    };
    let said = class.as_ref().and_then(|class| class.pointer("/spec/controller")).and_then(Value::as_str);
    let known = spec.known().or_else(|| by_class_controller(said?));
    let named = (!spec.release().is_empty() && !spec.controller_namespace().is_empty())
        .then(|| ReleaseId::new(spec.controller_namespace(), spec.release()));
    let by_class = class.as_ref().and_then(release_of).map(|(name, namespace)| ReleaseId::new(namespace, name));
    // Who does not install takes what the class says; the default names are only a guess then.
    let guessed = !spec.controller.install && by_class.is_none();
    let release = if spec.controller.install { named } else { by_class.or(named) };
    let mut located = Located { known, release, guessed, ..Located::default() };
    if let Some(known) = known {
        located.find_pods(cluster, known).await?;
        located.find_service(cluster, known).await?;
    }
    Ok(located)
}

impl Located {
    async fn find_pods(&mut self, cluster: &Cluster, known: &Controller) -> Result<(), ApiError> {
        if let Some(release) = &self.release {
            let selector = known.pod_selector(&release.name, &release.namespace);
            self.pods = visible(cluster, Kind::POD, Some(&release.namespace), &selector).await?;
        }
        if self.pods.is_empty() {
            // Installed otherwise: labels of the charts are those of the projects' plain manifests, too.
            self.pods = visible(cluster, Kind::POD, self.home(), &known.any_selector()).await?;
        }
        Ok(())
    }

    /// Where its pods must be, if that is certain: a cluster may have a second controller of the same kind, which must not
    /// be taken for the one that is gone.
    fn home(&self) -> Option<&str> {
        self.release.as_ref().filter(|_| !self.guessed).map(|release| release.namespace.as_str())
    }

    async fn find_service(&mut self, cluster: &Cluster, known: &Controller) -> Result<(), ApiError> {
        if let Some(release) = &self.release {
            let name = known.service_name(&release.name);
            self.service = match cluster.get(Kind::SERVICE, Some(&release.namespace), &name).await {
                Err(error) if error.missing_verb().is_some() => None,
                found => found?,
            };
        }
        let namespace = self.pods.first().and_then(|pod| pod.pointer("/metadata/namespace")).and_then(Value::as_str);
        if let (None, Some(namespace)) = (&self.service, namespace) {
            let services = visible(cluster, Kind::SERVICE, Some(namespace), "").await?;
            self.service = services.into_iter().find(|service| leads_to(service, &self.pods[0]));
        }
        Ok(())
    }

    /// A ready pod of the controller, and its port for HTTP or HTTPS.
    pub(crate) fn door(&self, secure: bool) -> Option<Door> {
        let pod = self.pods.iter().find(|pod| is_ready(pod))?;
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let port = target(self.service.as_ref()?, secure, pod)?;
        Some(Door { namespace: text("/metadata/namespace")?, pod: text("/metadata/name")?, port })
    }
}

async fn visible(
    cluster: &Cluster,
    kind: Kind,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Vec<Value>, ApiError> {
    match cluster.list(kind, namespace, selector).await {
        Err(error) if error.missing_verb().is_some() => Ok(Vec::new()),
        list => Ok(list?.items),
    }
}

/// Whether a Service takes plain requests and sends them to this pod.
fn leads_to(service: &Value, pod: &Value) -> bool {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    let labels = pod.pointer("/metadata/labels");
    let selects = selector.is_some_and(|selector| {
        !selector.is_empty()
            && selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    });
    selects && port(service, false).is_some()
}

/// A Service's port for HTTP or HTTPS.
fn port(service: &Value, secure: bool) -> Option<&Value> {
    let (number, names) = if secure { (443, ["https", "websecure"]) } else { (80, ["http", "web"]) };
    let ports = || service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
    ports()
        .find(|port| port["port"] == number && port["protocol"] != "UDP")
        .or_else(|| ports().find(|port| port["name"].as_str().is_some_and(|name| names.contains(&name))))
}

/// The port of a pod to which a Service sends requests: a number, or the name of a container's port.
fn target(service: &Value, secure: bool, pod: &Value) -> Option<u16> {
    let port = port(service, secure)?;
    let number = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok());
    match &port["targetPort"] {
        Value::Null => number(&port["port"]),
        Value::String(name) => {
            let containers = pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
            let mut ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
            ports.find(|port| port["name"] == name.as_str()).and_then(|port| number(&port["containerPort"]))
        }
        target => number(target),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod() -> Value {
        json!({
            "metadata": {"namespace": "edge", "name": "traefik-1", "labels": {"app.kubernetes.io/name": "traefik"}},
            "spec": {"containers": [{"ports": [{"name": "web", "containerPort": 8000}]}]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        })
    }

    fn service(target: &Value) -> Value {
        json!({"spec": {
            "selector": {"app.kubernetes.io/name": "traefik"},
            "ports": [{"name": "web", "port": 80, "targetPort": target}],
        }})
    }

    #[test]
    fn a_door_is_the_port_of_a_ready_pod_behind_the_services_port() {
        for (target, expected) in [(json!("web"), Some(8000)), (json!(8080), Some(8080)), (json!("other"), None)] {
            let located = Located { service: Some(service(&target)), pods: vec![pod()], ..Located::default() };
            assert_eq!(located.door(false).map(|door| door.port), expected, "{target}");
            assert!(located.door(true).is_none(), "no port for HTTPS");
        }
    }

    #[test]
    fn a_controller_of_a_known_release_is_looked_for_in_its_own_namespace_only() {
        let known = Located { release: Some(ReleaseId::new("edge", "door")), ..Located::default() };
        assert_eq!(known.home(), Some("edge"));
        assert_eq!(Located { guessed: true, ..known }.home(), None);
        assert_eq!(Located::default().home(), None);
    }

    #[test]
    fn a_pod_that_is_not_ready_is_no_door() {
        let mut pod = pod();
        pod["status"]["conditions"][0]["status"] = json!("False");
        let located = Located { service: Some(service(&json!("web"))), pods: vec![pod], ..Located::default() };
        assert!(located.door(false).is_none());
    }

    #[test]
    fn a_service_leads_to_a_pod_that_has_all_labels_of_its_selector() {
        assert!(leads_to(&service(&json!("web")), &pod()));
        let mut other = service(&json!("web"));
        other["spec"]["selector"] = json!({"app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "other"});
        assert!(!leads_to(&other, &pod()));
        other["spec"]["selector"] = json!({});
        assert!(!leads_to(&other, &pod()), "a Service without selector chooses no pod");
    }
}
