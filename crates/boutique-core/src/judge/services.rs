//! Services that lead nowhere.

use serde_json::Value;

use super::{Observation, condition, items, known, namespace, reference, string};
use crate::catalogue::Page;
use crate::finding::{Code, Finding, Severity};
use crate::service::Service;

/// Services without a ready endpoint. Says nothing where no EndpointSlice was observed at all.
pub(super) fn judge(observation: &Observation) -> Vec<Finding> {
    if observation.of_kind("EndpointSlice").next().is_none() {
        return Vec::new();
    }
    observation.of_kind("Service").filter_map(|service| without_endpoints(observation, service)).collect()
}

fn without_endpoints(observation: &Observation, service: &Value) -> Option<Finding> {
    let name = string(service, "/metadata/name")?;
    let app = string(service, "/spec/selector/app")?;
    let is_ready = |endpoint: &Value| endpoint["conditions"]["ready"] != false;
    let ready = observation
        .of_kind("EndpointSlice")
        .filter(|slice| string(slice, "/metadata/labels/kubernetes.io~1service-name") == Some(name))
        .flat_map(|slice| items(slice, "/endpoints"))
        .any(is_ready);
    if ready {
        return None;
    }
    let pods: Vec<&Value> = observation.of_kind("Pod").filter(|pod| pod["metadata"]["labels"]["app"] == app).collect();
    let ready_pods =
        pods.iter().filter(|pod| condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True")).count();
    let scaled_to_zero = observation
        .of_kind("Deployment")
        .any(|deployment| deployment["metadata"]["name"] == app && deployment["spec"]["replicas"] == 0);
    let namespace = namespace(service);
    let cause = match (scaled_to_zero, pods.len()) {
        (true, _) => format!("the Deployment {app} is scaled to zero"),
        (false, 0) => format!("no pod carries the label app={app}"),
        (false, count) => format!("{ready_pods} of {count} pods with the label app={app} are ready"),
    };
    let mut evidence = Vec::new();
    if let Some(lost) = known(app).map(lost_pages).filter(|lost| !lost.is_empty()) {
        evidence.push(format!("shoppers get errors on: {}", lost.join(", ")));
    }
    Some(Finding {
        code: Code::NO_ENDPOINTS,
        severity: Severity::Error,
        service: Some(app.to_owned()),
        object: reference(service),
        summary: format!("{name}: no ready pod stands behind the Service"),
        cause: vec![cause],
        evidence,
        fix: if scaled_to_zero {
            format!(
                "kubectl -n {namespace} scale deployment/{app} --replicas=1, or set services.{app}.replicas and apply"
            )
        } else {
            format!("see its pods: kubectl -n {namespace} get pods -l app={app}")
        },
        settled: false,
    })
}

/// The pages that fail without a service, straight or through another one.
fn lost_pages(service: Service) -> Vec<&'static str> {
    Page::ALL.into_iter().filter(|page| page.needs(service)).map(Page::name).collect()
}
