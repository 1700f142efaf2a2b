//! What Prometheus scrapes of the shop: its collector, and the controller of its edge.

use serde_json::json;

use super::inputs::Inputs;
use super::render::{Labelled, Renderer};
use crate::object::Kind;

/// Name of the collector's Service and pods, which the stack renders.
pub const COLLECTOR: &str = "opentelemetrycollector";
/// `job` of the edge's controller.
pub const EDGE: &str = "boutique-edge";

pub(super) fn render(to: &mut Renderer<'_>, inputs: &Inputs) {
    let spec = to.spec;
    let interval = spec.pace().interval.to_string();
    // It is there before the collector is: a shop that begins to trace is scraped at once.
    let collector = json!({"spec": {
        "namespaceSelector": {"matchNames": [spec.shop_namespace()]},
        "selector": {"matchLabels": {"app": COLLECTOR}},
        "endpoints": [{"port": "metrics", "path": "/metrics", "interval": interval}],
    }});
    to.add(Kind::SERVICE_MONITOR, &format!("{}-collector", spec.name), Labelled::Selected, collector);
    let Some((edge, known)) = inputs.edge.as_ref().and_then(|edge| Some((edge, edge.known()?))) else { return };
    if edge.namespace.is_empty() || edge.pod_labels.is_empty() {
        return;
    }
    let relabelings = json!([
        {"targetLabel": "job", "replacement": EDGE},
        // Of two shops behind one controller, each scrapes it, and each counts its own scrape only.
        {"targetLabel": "boutique_stack", "replacement": spec.stack},
    ]);
    let controller = json!({"spec": {
        "namespaceSelector": {"matchNames": [edge.namespace]},
        "selector": {"matchLabels": edge.pod_labels},
        "podMetricsEndpoints": [{
            "port": known.metrics.port_name, "path": known.metrics.path, "interval": interval,
            // Its own labels name the shop's namespace and Service, which those of the scrape would hide.
            "honorLabels": true,
            "relabelings": relabelings,
        }],
    }});
    to.add(Kind::POD_MONITOR, &format!("{}-edge", spec.name), Labelled::Selected, controller);
}
