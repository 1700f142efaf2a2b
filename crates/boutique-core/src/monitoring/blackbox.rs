//! The blackbox exporter: journeys that a shopper makes, and whether each service is reached.
//!
//! A journey's answer counts for the objective. Reachability asks health endpoints, whose answer is a constant in this
//! shop: it says that a service is there, never that it works.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::inputs::{EdgeInputs, Inputs};
use super::render::{Labelled, Renderer};
use super::spec::{Journey, MonitoringSpec};
use crate::catalogue::{Check, Page, workload};
use crate::object::{Kind, Manifest};
use crate::purchase::{Shopper, Step};
use crate::service::Service;

/// The exporter's image.
pub const IMAGE: &str = "quay.io/prometheus/blackbox-exporter:v0.28.0";
/// Port of the exporter.
pub const PORT: u16 = 9115;
/// `job` of journeys.
pub const JOURNEYS: &str = "boutique-journeys";
/// `job` of reachability.
pub const REACHABILITY: &str = "boutique-reachability";

/// Longest that an answer may take; a shopper has left long before.
const PATIENCE: u32 = 10;
/// The year before that in which the card of a journey expires. It is no clock's, so that rendering is the same for ever.
const CARD_YEAR: i16 = 2049;
const MODULE_GRPC: &str = "grpc_health";
const MODULE_HTTP: &str = "http_health";
const MODULE_TCP: &str = "tcp_connect";
const CONFIG: &str = "blackbox.yml";

/// The way that a journey takes.
#[derive(Clone, Copy)]
enum Via<'a> {
    /// To the frontend's Service.
    Service,
    /// Through the ingress controller.
    Edge(&'a EdgeInputs),
}

impl Via<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Edge(_) => "edge",
        }
    }
}

/// Name of everything that belongs to the exporter.
pub(super) fn name(spec: &MonitoringSpec) -> String {
    format!("{}{SUFFIX}", spec.name)
}

/// What the name of the monitoring is followed by in the name of the exporter.
pub(super) const SUFFIX: &str = "-blackbox";

/// The exporter and its probes.
pub(super) fn render(to: &mut Renderer<'_>, inputs: &Inputs) {
    let spec = to.spec;
    let modules = modules(spec, inputs);
    let config = yaml(&json!({"modules": modules}));
    let name = name(spec);
    to.add(Kind::SERVICE_ACCOUNT, &name, Labelled::Plain, json!({"automountServiceAccountToken": false}));
    to.add(Kind::CONFIG_MAP, &name, Labelled::Plain, json!({"data": {CONFIG: config}}));
    let selector = selector(spec);
    let service = json!({"spec": {
        "type": "ClusterIP", "selector": selector, "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
    }});
    to.add(Kind::SERVICE, &name, Labelled::Plain, service);
    to.add(Kind::DEPLOYMENT, &name, Labelled::Plain, deployment(spec, &name, &config));
    for journey in &spec.journeys {
        for via in ways(inputs) {
            let probe = journey_probe(spec, inputs, *journey, via);
            let name = format!("{}-journey-{}-{}", spec.name, journey.name().replace('_', "-"), via.name());
            to.add(Kind::PROBE, &name, Labelled::Selected, probe);
        }
    }
    for service in probed(inputs) {
        let name = format!("{}-reach-{}", spec.name, service.name());
        if let Some(probe) = reachability_probe(spec, inputs, service) {
            to.add(Kind::PROBE, &name, Labelled::Selected, probe);
        }
    }
}

/// JSON is YAML; read as such, numbers are written as numbers, whatever serde_json keeps them as.
fn yaml(value: &Value) -> String {
    let text = value.to_string();
    let read = serde_yaml_ng::from_str::<serde_yaml_ng::Value>(&text);
    read.and_then(|value| serde_yaml_ng::to_string(&value)).unwrap_or(text)
}

fn ways(inputs: &Inputs) -> Vec<Via<'_>> {
    let edge = inputs.edge.as_ref().filter(|edge| edge.inside.is_some());
    edge.map(Via::Edge).into_iter().chain([Via::Service]).collect()
}

fn probed(inputs: &Inputs) -> Vec<Service> {
    let there = |service: &Service| inputs.services.as_ref().is_none_or(|services| services.contains(service));
    Service::ALL.into_iter().filter(there).collect()
}

fn selector(spec: &MonitoringSpec) -> Value {
    json!({"app.kubernetes.io/name": "blackbox-exporter", "app.kubernetes.io/instance": spec.name})
}

fn deployment(spec: &MonitoringSpec, name: &str, config: &str) -> Value {
    let hash: String = Sha256::digest(config).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let healthy = json!({"httpGet": {"path": "/-/healthy", "port": "http"}});
    let container = json!({
        "name": "blackbox",
        "image": spec.blackbox_image.as_deref().unwrap_or(IMAGE),
        "args": [format!("--config.file=/config/{CONFIG}")],
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": healthy,
        "livenessProbe": healthy,
        "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false, "privileged": false, "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/config", "readOnly": true}],
    });
    json!({"spec": {
        "replicas": 1,
        "selector": {"matchLabels": selector(spec)},
        "template": {
            // The exporter reads its modules when it starts.
            "metadata": {"labels": selector(spec), "annotations": {"boutique.dev/config-digest": hash}},
            "spec": {
                "serviceAccountName": name,
                "automountServiceAccountToken": false,
                "securityContext": {
                    "runAsNonRoot": true, "runAsUser": 65_534, "runAsGroup": 65_534,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [container],
                "volumes": [{"name": "config", "configMap": {"name": name}}],
            },
        },
    }})
}

/// Modules by name, in order: the text of the configuration must not differ from one rendering to the next.
fn modules(spec: &MonitoringSpec, inputs: &Inputs) -> BTreeMap<String, Value> {
    let timeout = format!("{}s", patience(spec));
    let mut modules = BTreeMap::new();
    for journey in &spec.journeys {
        for via in ways(inputs) {
            modules.insert(module_name(*journey, via), journey_module(inputs, *journey, via, &timeout));
        }
    }
    let health = json!({"prober": "http", "timeout": timeout, "http": {
        "method": "GET", "valid_status_codes": [200], "headers": {"Cookie": "shop_session-id=x-reachability-probe"},
        "follow_redirects": false, "preferred_ip_protocol": "ip4",
    }});
    let grpc = json!({"prober": "grpc", "timeout": timeout, "grpc": {"preferred_ip_protocol": "ip4"}});
    let tcp = json!({"prober": "tcp", "timeout": timeout, "tcp": {"preferred_ip_protocol": "ip4"}});
    for (name, module) in [(MODULE_HTTP, health), (MODULE_GRPC, grpc), (MODULE_TCP, tcp)] {
        modules.insert(name.to_owned(), module);
    }
    modules
}

fn module_name(journey: Journey, via: Via<'_>) -> String {
    format!("{}_{}", journey.name(), via.name())
}

/// Carts of journeys that put something in, look at it and buy it are one; who only looks has none.
fn shopper(inputs: &Inputs, journey: Journey, via: Via<'_>) -> Shopper {
    let cart = match journey {
        Journey::Home | Journey::Product => journey.name(),
        Journey::AddToCart | Journey::Cart | Journey::Checkout => Journey::Checkout.name(),
    };
    Shopper::new(format!("boutique-monitoring-{cart}-{}", via.name()), CARD_YEAR).below(&inputs.base_path)
}

fn step(inputs: &Inputs, journey: Journey, via: Via<'_>) -> Step {
    let page = match journey {
        Journey::Home => Page::Home,
        Journey::Product => Page::Product,
        Journey::AddToCart => Page::AddToCart,
        Journey::Cart => Page::ViewCart,
        Journey::Checkout => Page::Checkout,
    };
    shopper(inputs, journey, via).step(page)
}

fn journey_module(inputs: &Inputs, journey: Journey, via: Via<'_>, timeout: &str) -> Value {
    let step = step(inputs, journey, via);
    let mut headers = json!({"Cookie": shopper(inputs, journey, via).cookie()});
    let mut http = json!({
        "method": step.method.as_str(),
        "valid_status_codes": [step.expect.status],
        "follow_redirects": false,
        "preferred_ip_protocol": "ip4",
    });
    // The cart is empty or not, as the other journeys have left it.
    let text = if journey == Journey::Cart { Some("shopping cart is empty|Cart \\(") } else { step.expect.text };
    if let Some(text) = text {
        http["fail_if_body_not_matches_regexp"] = json!([text]);
    }
    if !step.form.is_empty() {
        headers["Content-Type"] = "application/x-www-form-urlencoded".into();
        http["body"] = step.body().into();
    }
    if let Via::Edge(edge) = via {
        headers["Host"] = edge.host.as_str().into();
        if edge.tls {
            // Whether browsers trust the certificate is a finding of the edge, not an error of the shop's.
            http["tls_config"] = json!({"server_name": edge.host, "insecure_skip_verify": true});
        }
    }
    http["headers"] = headers;
    json!({"prober": "http", "timeout": timeout, "http": http})
}

fn journey_probe(spec: &MonitoringSpec, inputs: &Inputs, journey: Journey, via: Via<'_>) -> Value {
    let path = step(inputs, journey, via).path;
    let root = match via {
        Via::Service => format!("http://{}.{}.svc", Service::Frontend.name(), spec.shop_namespace()),
        Via::Edge(edge) => edge.inside.as_ref().map_or_else(String::new, |inside| {
            format!("{}://{}.{}.svc:{}", edge.scheme(), inside.service, edge.namespace, inside.port)
        }),
    };
    let labels = json!({"journey": journey.name(), "via": via.name()});
    probe(spec, JOURNEYS, &module_name(journey, via), &format!("{root}{path}"), labels)
}

/// None for what listens nowhere.
fn reachability_probe(spec: &MonitoringSpec, inputs: &Inputs, service: Service) -> Option<Value> {
    let workload = workload(service);
    let port = workload.service_ports.first()?.port;
    let host = format!("{}.{}.svc:{port}", service.name(), spec.shop_namespace());
    let (module, target) = match workload.readiness.map(|probe| probe.check)? {
        Check::Grpc => (MODULE_GRPC, host),
        Check::Tcp => (MODULE_TCP, host),
        Check::Http { .. } => (MODULE_HTTP, format!("http://{host}{}/_healthz", inputs.base_path)),
    };
    Some(probe(spec, REACHABILITY, module, &target, json!({"boutique_service": service.name()})))
}

fn probe(spec: &MonitoringSpec, job: &str, module: &str, target: &str, mut labels: Value) -> Value {
    let interval = spec.pace().interval;
    labels["boutique_namespace"] = spec.shop_namespace().into();
    labels["boutique_stack"] = spec.shop_name().into();
    json!({"spec": {
        "jobName": job,
        "interval": interval.to_string(),
        "scrapeTimeout": format!("{}s", patience(spec)),
        "module": module,
        "prober": {"url": format!("{}.{}.svc:{PORT}", name(spec), spec.namespace), "path": "/probe"},
        "targets": {"staticConfig": {"static": [target], "labels": labels}},
    }})
}

/// Seconds; Prometheus refuses to wait longer than until the next scrape.
fn patience(spec: &MonitoringSpec) -> u32 {
    PATIENCE.min(spec.pace().interval.seconds())
}

/// Probes of these manifests, by name.
pub fn probes(manifests: &[Manifest]) -> impl Iterator<Item = &Manifest> {
    manifests.iter().filter(|manifest| manifest.kind() == Kind::PROBE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SetId;
    use crate::monitoring::render;

    #[test]
    fn the_exporter_reads_numbers_as_numbers() {
        let spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        let manifests = render(&spec, &Inputs::default()).unwrap();
        let config = manifests.iter().find_map(|manifest| manifest.get("/data/blackbox.yml")).unwrap();
        let config: serde_yaml_ng::Value = serde_yaml_ng::from_str(config.as_str().unwrap()).unwrap();
        let http = &config["modules"]["add_to_cart_service"]["http"];
        assert_eq!(http["valid_status_codes"][0].as_u64(), Some(302), "{http:?}");
    }
}
