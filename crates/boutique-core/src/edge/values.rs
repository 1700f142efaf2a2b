//! What a controller's chart is told: our values under the person's.

use serde_json::{Map, Value, json};

use super::controller::ControllerKind;
use super::spec::{IngressSpec, ServiceType};

/// The values for the controller's chart; an empty object for `existing`. The person's are laid over ours: objects are
/// merged, everything else is replaced, and a null stays a null, by which Helm removes a chart's own default.
#[must_use]
pub fn values(spec: &IngressSpec) -> Value {
    let mut values = ours(spec);
    merge(&mut values, &Value::Object(spec.controller.values.clone()));
    values
}

/// What of a chart's values decides the name of the IngressClass, as paths; all of them must say the same.
pub(super) const fn class_paths(kind: ControllerKind) -> &'static [&'static str] {
    match kind {
        ControllerKind::F5Nginx => &["/controller/ingressClass/name"],
        ControllerKind::IngressNginx => &["/controller/ingressClassResource/name", "/controller/ingressClass"],
        ControllerKind::Traefik => &["/ingressClass/name", "/providers/kubernetesIngress/ingressClass"],
        ControllerKind::Existing => &[],
    }
}

/// What of a chart's values decides the type of the controller's Service.
pub(super) const fn service_type_path(kind: ControllerKind) -> &'static str {
    match kind {
        ControllerKind::Traefik => "/service/spec/type",
        _ => "/controller/service/type",
    }
}

fn ours(spec: &IngressSpec) -> Value {
    let class = spec.class();
    let service_type = spec.controller.service_type.unwrap_or(ServiceType::LoadBalancer).name();
    let mut values = match spec.controller.kind {
        ControllerKind::F5Nginx => json!({
            "controller": {
                "ingressClass": {"name": class, "create": true, "setAsDefaultIngress": false},
                "service": {"type": service_type},
                // Without it no metric tells one status from another.
                "enableLatencyMetrics": true,
                "telemetryReporting": {"enable": false},
            },
            "prometheus": {"create": true, "service": {"create": true}},
        }),
        ControllerKind::IngressNginx => json!({
            "controller": {
                // The first decides the IngressClass, the second which one the controller serves.
                "ingressClassResource": {"name": class, "enabled": true, "default": false},
                "ingressClass": class,
                "service": {"type": service_type},
                "metrics": {"enabled": true},
            },
        }),
        ControllerKind::Traefik => json!({
            "global": {"checkNewVersion": false, "sendAnonymousUsage": false},
            "ingressClass": {"enabled": true, "name": class, "isDefaultClass": false},
            // Without the name Traefik serves the classes of every other Traefik of the cluster, too.
            "providers": {"kubernetesIngress": {"ingressClass": class}},
            "service": {"spec": {"type": service_type}},
            "metrics": {"prometheus": {"entryPoint": "metrics", "service": {"enabled": true}}},
            // Traefik has no timeouts per Ingress, and without these it waits for ever for a shop that hangs. They hold
            // for everything behind this controller, so the answer gets the customary minute.
            "additionalArguments": [
                "--serversTransport.forwardingTimeouts.dialTimeout=2s",
                "--serversTransport.forwardingTimeouts.responseHeaderTimeout=60s",
            ],
        }),
        ControllerKind::Existing => Value::Object(Map::new()),
    };
    if let Some(replicas) = spec.controller.replicas {
        match spec.controller.kind {
            ControllerKind::F5Nginx | ControllerKind::IngressNginx => {
                values["controller"]["replicaCount"] = replicas.into();
            }
            ControllerKind::Traefik => values["deployment"] = json!({"replicas": replicas}),
            ControllerKind::Existing => {}
        }
    }
    values
}

/// Lays values over others: objects are merged, everything else is replaced.
pub(crate) fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_spec(kind: ControllerKind, values: &Value) -> IngressSpec {
        let mut spec = IngressSpec::new("shop", "shop", "shop.local", kind);
        spec.controller.install = true;
        spec.controller.values = values.as_object().cloned().unwrap_or_default();
        spec
    }

    #[test]
    fn every_chart_is_told_the_class_under_all_its_names() {
        for kind in [ControllerKind::F5Nginx, ControllerKind::IngressNginx, ControllerKind::Traefik] {
            let mut spec = mk_spec(kind, &json!({}));
            spec.controller.class = Some("edge".to_owned());
            let values = values(&spec);
            for path in class_paths(kind) {
                assert_eq!(values.pointer(path), Some(&json!("edge")), "{kind} {path}");
            }
        }
    }

    #[test]
    fn no_controller_reports_to_its_vendor() {
        let f5 = values(&mk_spec(ControllerKind::F5Nginx, &json!({})));
        assert_eq!(f5.pointer("/controller/telemetryReporting/enable"), Some(&json!(false)));
        let traefik = values(&mk_spec(ControllerKind::Traefik, &json!({})));
        assert_eq!(traefik["global"], json!({"checkNewVersion": false, "sendAnonymousUsage": false}));
    }

    #[test]
    fn the_persons_values_lie_over_ours_and_a_null_stays() {
        let own =
            json!({"controller": {"service": {"type": "NodePort", "httpPort": {"nodePort": 30080}}, "affinity": null}});
        let spec = mk_spec(ControllerKind::F5Nginx, &own);
        let values = values(&spec);
        assert_eq!(values.pointer("/controller/service"), Some(&own["controller"]["service"]));
        assert_eq!(values.pointer("/controller/affinity"), Some(&Value::Null));
        assert_eq!(values.pointer("/controller/enableLatencyMetrics"), Some(&json!(true)));
    }

    #[test]
    fn type_and_replicas_go_where_each_chart_looks() {
        for kind in [ControllerKind::F5Nginx, ControllerKind::IngressNginx, ControllerKind::Traefik] {
            let mut spec = mk_spec(kind, &json!({}));
            spec.controller.service_type = Some(ServiceType::ClusterIp);
            spec.controller.replicas = Some(3);
            let values = values(&spec);
            assert_eq!(values.pointer(service_type_path(kind)), Some(&json!("ClusterIP")), "{kind}");
            let count = values.pointer("/controller/replicaCount").or_else(|| values.pointer("/deployment/replicas"));
            assert_eq!(count, Some(&json!(3)), "{kind}");
        }
        assert_eq!(values(&mk_spec(ControllerKind::Existing, &json!({}))), json!({}));
    }
}
