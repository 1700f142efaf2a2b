//! Where Prometheus and Grafana are found.

use serde_json::Value;

use super::chart::{OPERATED, PROMETHEUS_PORT, prometheus_name};
use super::inputs::Inputs;
use super::spec::MonitoringSpec;

/// A Service of Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrometheusPlace {
    /// Namespace of the Service.
    pub namespace: String,
    /// Its name.
    pub service: String,
}

impl PrometheusPlace {
    /// URL within the cluster.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}.{}.svc:{PROMETHEUS_PORT}", self.service, self.namespace)
    }

    /// `namespace/name`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.service)
    }
}

/// The Prometheus of a chart that is installed; none for an existing one.
#[must_use]
pub fn installed_prometheus(spec: &MonitoringSpec) -> Option<PrometheusPlace> {
    (!spec.chart.existing)
        .then(|| PrometheusPlace { namespace: spec.namespace.clone(), service: prometheus_name(spec) })
}

/// The Service of a live Prometheus, which the operator makes.
#[must_use]
pub fn place_of(prometheus: &Value) -> Option<PrometheusPlace> {
    let namespace = prometheus.pointer("/metadata/namespace")?.as_str()?;
    // Somebody may have named one of their own for it.
    let service = prometheus.pointer("/spec/serviceName").and_then(Value::as_str).unwrap_or(OPERATED);
    Some(PrometheusPlace { namespace: namespace.to_owned(), service: service.to_owned() })
}

/// URL of Grafana for a browser; none where no host leads to it.
#[must_use]
pub fn grafana_url(spec: &MonitoringSpec, inputs: &Inputs) -> Option<String> {
    let host = spec.grafana.host.as_deref().filter(|_| spec.has_grafana())?;
    Some(inputs.edge.as_ref()?.url(host))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::SetId;

    #[test]
    fn prometheus_is_found_by_the_charts_name_or_by_the_operators_service() {
        let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        let place = installed_prometheus(&spec).expect("is installed");
        assert_eq!(place.url(), "http://kube-prometheus-stack-prometheus.monitoring.svc:9090");
        spec.chart.existing = true;
        assert_eq!(installed_prometheus(&spec), None);
        let live = json!({"metadata": {"namespace": "prom", "name": "main"}, "spec": {}});
        assert_eq!(place_of(&live).expect("has a Service").id(), "prom/prometheus-operated");
    }

    #[test]
    fn grafana_has_a_url_where_a_host_leads_to_it() {
        let mut spec = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        spec.ingress = Some("shop/shop".to_owned());
        let mut inputs = Inputs::stand_in(&spec);
        assert_eq!(grafana_url(&spec, &inputs), None);
        spec.grafana.host = Some("grafana.shop.local".to_owned());
        assert_eq!(grafana_url(&spec, &inputs).as_deref(), Some("http://grafana.shop.local"));
        if let Some(edge) = &mut inputs.edge {
            (edge.tls, edge.outside_port) = (true, Some(30_443));
        }
        assert_eq!(grafana_url(&spec, &inputs).as_deref(), Some("https://grafana.shop.local:30443"));
    }
}
