//! Whether there is a shop to watch, and what of it can be seen.

use super::{MonitoringObservation, error, warning};
use crate::finding::{Code, Finding};

pub(super) fn judge(seen: &MonitoringObservation) -> Vec<Finding> {
    let spec = &seen.spec;
    let mut findings = Vec::new();
    if seen.has_shop == Some(false) {
        let mut finding = error(
            Code::SHOP_MISSING,
            format!("namespace {} holds no shop {:?}", spec.shop_namespace(), spec.shop_name()),
        );
        finding
            .cause
            .push("there is neither a record of a boutique_stack of that name nor a Deployment frontend".to_owned());
        finding.fix = "set stack = boutique_stack.NAME.id, so that the shop is applied first, or correct it".to_owned();
        findings.push(finding);
    } else if seen.has_shop == Some(true) && !seen.inputs.traces {
        let mut finding = warning(
            Code::SHOP_NOT_TRACED,
            format!(
                "the shop {} has no collector: its services show no rates, errors and latencies of requests",
                spec.stack
            ),
        );
        finding.cause.push("no service of the shop exposes metrics; they are made of its spans".to_owned());
        finding.fix = "set tracing = true on the stack".to_owned();
        findings.push(finding);
    }
    if let Some(ingress) = spec.ingress.as_deref().filter(|_| seen.has_ingress == Some(false)) {
        let mut finding = error(Code::INGRESS_MISSING, format!("there is no ingress {ingress}"));
        finding.cause.push("no boutique_ingress of that namespace and name has been applied".to_owned());
        finding.fix = "set ingress = boutique_ingress.NAME.id, so that it is applied first, or leave it out".to_owned();
        findings.push(finding);
    }
    if let Some(edge) = seen.inputs.edge.as_ref().filter(|edge| !edge.metrics && !edge.namespace.is_empty()) {
        let mut finding = warning(
            Code::EDGE_NOT_SCRAPED,
            format!("the controller of the ingress class {} shows no metrics", edge.class),
        );
        finding.cause.push(match edge.known() {
            Some(known) => {
                format!("its pods in namespace {} have no port {:?}", edge.namespace, known.metrics.port_name)
            }
            None => "its kind is not known, and so is what it would show".to_owned(),
        });
        finding.fix =
            "switch its metrics on, or have it installed by boutique_ingress (controller.install = true)".to_owned();
        findings.push(finding);
    }
    findings
}
