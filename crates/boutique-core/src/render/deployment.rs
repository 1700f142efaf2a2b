//! The Deployment of one service.

use serde_json::{Map, Value, json};

use super::probes;
use super::settings::Settings;
use crate::spec::{Amounts, Resources};

/// Kubernetes' own grace period, where upstream names none.
const DEFAULT_GRACE: u32 = 30;
/// Seconds between leaving the endpoints and SIGTERM, so that no request meets a closed door. Half of the images have
/// no shell, so the kubelet itself sleeps.
const DRAIN_SECONDS: u32 = 5;

/// Everything of a Deployment but kind and name.
pub(super) fn body(settings: &Settings) -> Value {
    let name = settings.name();
    let mut metadata = json!({"labels": {"app": name}});
    if settings.workload.istio_rewrites_probes {
        metadata["annotations"] = json!({"sidecar.istio.io/rewriteAppHTTPProbers": "true"});
    }
    let mut spec = Map::new();
    if let Some(replicas) = settings.replicas {
        spec.insert("replicas".to_owned(), replicas.into());
    }
    spec.insert("selector".to_owned(), json!({"matchLabels": {"app": name}}));
    if settings.available {
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
        spec.insert("strategy".to_owned(), strategy);
    }
    spec.insert("template".to_owned(), json!({"metadata": metadata, "spec": pod(settings)}));
    json!({"spec": spec})
}

fn pod(settings: &Settings) -> Value {
    let workload = settings.workload;
    let mut pod = Map::new();
    let mut set = |field: &str, value: Value| {
        pod.insert(field.to_owned(), value);
    };
    if workload.account {
        set("serviceAccountName", settings.name().into());
    }
    if settings.restricted {
        set("automountServiceAccountToken", false.into());
    }
    if let Some(grace) = grace(settings) {
        set("terminationGracePeriodSeconds", grace.into());
    }
    set("securityContext", pod_security(settings.restricted));
    if settings.available {
        set(
            "topologySpreadConstraints",
            json!([{
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": settings.name()}},
                // Without it a rollout counts the old pods and packs the new ones onto one node.
                "matchLabelKeys": ["pod-template-hash"],
            }]),
        );
    }
    if let Some(image) = &settings.waits_with {
        set("restartPolicy", "Always".into());
        set("initContainers", json!([frontend_check(image)]));
    }
    set("containers", json!([container(settings)]));
    if let Some((volume, _)) = workload.scratch {
        set("volumes", json!([{"name": volume, "emptyDir": {}}]));
    }
    Value::Object(pod)
}

/// Who the processes of a pod are. *restricted* asks for the profile, too.
pub(super) fn pod_security(restricted: bool) -> Value {
    let mut security = json!({"fsGroup": 1000, "runAsGroup": 1000, "runAsNonRoot": true, "runAsUser": 1000});
    if restricted {
        security["seccompProfile"] = json!({"type": "RuntimeDefault"});
    }
    security
}

fn grace(settings: &Settings) -> Option<u32> {
    let upstream = settings.workload.grace_seconds;
    // The sleep counts against the period, and what follows it shall have as long as before.
    if settings.available { Some(upstream.unwrap_or(DEFAULT_GRACE) + DRAIN_SECONDS) } else { upstream }
}

fn container(settings: &Settings) -> Value {
    let workload = settings.workload;
    let mut container = Map::new();
    let mut set = |field: &str, value: Value| {
        container.insert(field.to_owned(), value);
    };
    set("name", workload.container.into());
    set("image", settings.image.clone().into());
    if let Some(port) = workload.listen {
        let mut port = json!({"containerPort": port});
        if let Some(name) = workload.listen_name {
            port["name"] = name.into();
        }
        set("ports", json!([port]));
    }
    if !settings.env.is_empty() {
        let env: Vec<Value> = settings.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        set("env", env.into());
    }
    for (field, probe) in probes::fields(workload, settings.base_path(), settings.probing) {
        set(field, probe);
    }
    if settings.available {
        set("lifecycle", json!({"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}}));
    }
    set("resources", resources(&settings.resources));
    set("securityContext", container_security());
    if let Some((volume, path)) = workload.scratch {
        set("volumeMounts", json!([{"name": volume, "mountPath": path}]));
    }
    Value::Object(container)
}

/// What a container may not do.
pub(super) fn container_security() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "privileged": false,
        "readOnlyRootFilesystem": true,
    })
}

/// Requests and limits as a manifest has them.
pub(super) fn resources(resources: &Resources) -> Value {
    let amounts = |amounts: &Amounts| {
        let mut map = Map::new();
        for (resource, amount) in [("cpu", &amounts.cpu), ("memory", &amounts.memory)] {
            if let Some(amount) = amount {
                map.insert(resource.to_owned(), amount.clone().into());
            }
        }
        map
    };
    let mut map = Map::new();
    for (group, amounts) in [("requests", amounts(&resources.requests)), ("limits", amounts(&resources.limits))] {
        if !amounts.is_empty() {
            map.insert(group.to_owned(), amounts.into());
        }
    }
    Value::Object(map)
}

/// Upstream's way to hold the load generator back until the home page answers.
fn frontend_check(image: &str) -> Value {
    let script = "\
tries=0
while [ \"$tries\" -lt 12 ]; do
  status=$(wget -S -q -O /dev/null \"http://${FRONTEND_ADDR}\" 2>&1 | awk '/HTTP\\//{code=$2} END{print code}')
  if [ \"$status\" = 200 ]; then
    exit 0
  fi
  tries=$((tries + 1))
  echo \"frontend answered '${status}' (try ${tries} of 12)\"
  sleep 10
done
exit 1
";
    json!({
        "name": "frontend-check",
        "image": image,
        "command": ["/bin/sh", "-c", script],
        "env": [{"name": "FRONTEND_ADDR", "value": "frontend:80"}],
        "securityContext": container_security(),
    })
}
