//! The collector beside a shop that traces: spans in, request metrics of every service out.

mod config;

use serde_json::{Value, json};

pub use config::config;

use super::deployment;
use crate::quantity::Quantity;
use crate::service::Service;
use crate::spec::{Amounts, Collector, Profile, Resources, StackSpec};

/// Upstream's name of the collector, and that of all its objects.
pub const COLLECTOR: &str = "opentelemetrycollector";
/// Where services send their spans, by OTLP over gRPC.
pub const SPANS_PORT: u16 = 4317;
/// Where Prometheus finds the metrics, at `/metrics`.
pub const METRICS_PORT: u16 = 8889;
/// Where the kubelet asks how it is. Not at the metrics, of which it reads only the beginning: the exporter complains of
/// every reader who leaves early.
const HEALTH_PORT: u16 = 13133;

/// The release whose components the configuration is written for.
const IMAGE: &str = "otel/opentelemetry-collector-contrib:0.157.0";
const FOLDER: &str = "/etc/opentelemetrycollector";
const FILE: &str = "config.yaml";
/// Seconds for the first start: the image is large and slow disks take their time with it.
const START_SECONDS: u32 = 120;
const MEBIBYTE: i128 = 1 << 20;

/// Whether upstream's image of a service can send spans. The others know nothing of `ENABLE_TRACING`; what they do is in
/// the spans of their callers.
#[must_use]
pub const fn traces(service: Service) -> bool {
    matches!(
        service,
        Service::Frontend
            | Service::Checkoutservice
            | Service::Productcatalogservice
            | Service::Currencyservice
            | Service::Paymentservice
            | Service::Emailservice
            | Service::Recommendationservice
    )
}

/// The variables that turn tracing on in a service.
pub(super) fn env(service: Service) -> [(&'static str, String); 3] {
    [
        ("ENABLE_TRACING", "1".to_owned()),
        ("COLLECTOR_SERVICE_ADDR", format!("{COLLECTOR}:{SPANS_PORT}")),
        // Without it most of them call themselves unknown_service.
        ("OTEL_SERVICE_NAME", service.name().to_owned()),
    ]
}

/// The image of a shop's collector.
pub(super) fn image(spec: &StackSpec) -> String {
    let own = spec.collector.as_ref().and_then(|collector| collector.image.clone());
    own.unwrap_or_else(|| match &spec.image_registry {
        Some(registry) => format!("{registry}/{IMAGE}"),
        None => IMAGE.to_owned(),
    })
}

/// Requests and limits of a shop's collector: the person's where given, else the profile's.
#[must_use]
pub fn resources(spec: &StackSpec) -> Resources {
    let amounts =
        |cpu: Option<&str>, memory: &str| Amounts { cpu: cpu.map(str::to_owned), memory: Some(memory.to_owned()) };
    let base = match spec.profile {
        // As for the services: requests that fit a laptop, no limit of CPU, the limit of memory of all profiles.
        Profile::Small => Resources { requests: amounts(Some("20m"), "64Mi"), limits: amounts(None, "256Mi") },
        Profile::Standard | Profile::Ha => {
            Resources { requests: amounts(Some("50m"), "128Mi"), limits: amounts(Some("300m"), "256Mi") }
        }
    };
    match &spec.collector {
        Some(Collector { resources, .. }) => super::settings::over(base, resources),
        None => base,
    }
}

pub(super) fn config_map(spec: &StackSpec) -> Value {
    json!({"data": {FILE: text(spec)}})
}

/// The configuration as the collector reads it.
fn text(spec: &StackSpec) -> String {
    let json = config(spec, memory_limit(spec)).to_string();
    // JSON is YAML: read as such it prints as YAML, and if it could not, it could stay as it is.
    serde_yaml_ng::from_str::<serde_yaml_ng::Value>(&json)
        .and_then(|value| serde_yaml_ng::to_string(&value))
        .unwrap_or(json)
}

/// What the kernel allows, in MiB.
fn memory_limit(spec: &StackSpec) -> i128 {
    let limit = resources(spec).limits.memory.and_then(|limit| limit.parse::<Quantity>().ok());
    limit.map_or(256, |limit| limit.ceil() / MEBIBYTE).max(1)
}

pub(super) fn service() -> Value {
    json!({"spec": {
        "type": "ClusterIP",
        "selector": {"app": COLLECTOR},
        "ports": [
            {"name": "otlp-grpc", "port": SPANS_PORT, "targetPort": SPANS_PORT},
            {"name": "metrics", "port": METRICS_PORT, "targetPort": METRICS_PORT},
        ],
    }})
}

pub(super) fn deployment(spec: &StackSpec) -> Value {
    let probe = |period: u32, failures: u32, timeout: u32| {
        json!({
            "httpGet": {"path": "/", "port": HEALTH_PORT},
            "periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": timeout,
        })
    };
    let container = json!({
        "name": COLLECTOR,
        "image": image(spec),
        "args": [format!("--config={FOLDER}/{FILE}")],
        "ports": [
            {"name": "otlp-grpc", "containerPort": SPANS_PORT},
            {"name": "metrics", "containerPort": METRICS_PORT},
        ],
        // Go's collector of garbage begins in time, and memory_limiter has to refuse spans only under a real load.
        "env": [{"name": "GOMEMLIMIT", "value": format!("{}MiB", config::share(memory_limit(spec), 80))}],
        "startupProbe": probe(1, START_SECONDS, 1),
        "readinessProbe": probe(5, 3, 2),
        "livenessProbe": probe(10, 3, 5),
        "resources": deployment::resources(&resources(spec)),
        "securityContext": deployment::container_security(),
        "volumeMounts": [{"name": "config", "mountPath": FOLDER, "readOnly": true}],
    });
    json!({"spec": {
        // Counters live in one process: two would share the spans of a service between them at random.
        "replicas": 1,
        "selector": {"matchLabels": {"app": COLLECTOR}},
        "template": {
            "metadata": {
                "labels": {"app": COLLECTOR},
                "annotations": {"boutique.dev/config-digest": super::digest::of_text(&text(spec))},
            },
            "spec": {
                "serviceAccountName": COLLECTOR,
                "automountServiceAccountToken": false,
                "securityContext": deployment::pod_security(true),
                "containers": [container],
                "volumes": [{"name": "config", "configMap": {"name": COLLECTOR}}],
            },
        },
    }})
}
