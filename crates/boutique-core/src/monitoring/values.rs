//! What the chart is told: our values under the person's.

use serde_json::{Value, json};

use super::retention::{retention, retention_size};
use super::spec::{MonitoringSpec, Platform};
use crate::edge::values::merge;

/// The values for the chart; an empty object where nothing is installed. The person's are laid over ours: objects are
/// merged, everything else is replaced, and a null stays a null, by which Helm removes a chart's own default.
#[must_use]
pub fn values(spec: &MonitoringSpec) -> Value {
    if spec.chart.existing {
        return json!({});
    }
    let mut values = ours(spec);
    merge(&mut values, &Value::Object(spec.chart.values.clone()));
    values
}

fn ours(spec: &MonitoringSpec) -> Value {
    let interval = spec.pace().interval.to_string();
    let mut prometheus = json!({
        "retention": retention(spec),
        "retentionSize": retention_size(spec),
        // What has no interval of its own, such as the chart's targets, gets that of the alerts.
        "scrapeInterval": interval,
        "evaluationInterval": interval,
        // No limit: a Prometheus that is killed at it replays its log and is killed again.
        "resources": {"requests": {"cpu": "100m", "memory": "400Mi"}},
    });
    if let Some(storage) = &spec.storage {
        let mut claim = json!({
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage.size}},
        });
        if let Some(class) = &storage.class {
            claim["storageClassName"] = class.as_str().into();
        }
        prometheus["storageSpec"] = json!({"volumeClaimTemplate": {"spec": claim}});
    }
    let mut values = json!({
        "prometheus": {"prometheusSpec": prometheus},
        "prometheusOperator": {"resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}},
        "grafana": grafana(spec),
    });
    merge(&mut values, &of_platform(spec.platform));
    values
}

/// Grafana takes its password from a Secret: the chart would draw a new one whenever it cannot look at the cluster.
fn grafana(spec: &MonitoringSpec) -> Value {
    if !spec.grafana.enabled {
        return json!({"enabled": false});
    }
    let mut grafana = json!({
        "enabled": true,
        "admin": {
            "existingSecret": spec.grafana_secret(), "userKey": GRAFANA_USER_KEY, "passwordKey": GRAFANA_PASSWORD_KEY,
        },
        "sidecar": {"dashboards": {"enabled": true, "label": DASHBOARD_LABEL, "labelValue": DASHBOARD_VALUE}},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
    });
    if let Some(version) = spec.grafana.password_version {
        // It reads the password when it starts.
        grafana["podAnnotations"] = json!({"boutique.dev/password-version": version.to_string()});
    }
    if let Some(host) = &spec.grafana.host {
        grafana["grafana.ini"] = json!({"server": {"domain": host}});
    }
    grafana
}

/// Key of the Secret with the name of Grafana's administrator.
pub const GRAFANA_USER_KEY: &str = "admin-user";
/// Key of the Secret with the password.
pub const GRAFANA_PASSWORD_KEY: &str = "admin-password";
/// Label by which Grafana's sidecar finds dashboards.
pub const DASHBOARD_LABEL: &str = "grafana_dashboard";
/// Value of that label.
pub const DASHBOARD_VALUE: &str = "1";

/// What cannot be scraped there is not: its targets would be down and its alerts red for ever.
fn of_platform(platform: Platform) -> Value {
    let off = json!({"enabled": false});
    let mut values = match platform {
        Platform::Bare => json!({}),
        Platform::Any | Platform::Kind | Platform::Gke | Platform::Eks | Platform::Aks => json!({
            "kubeControllerManager": off, "kubeScheduler": off, "kubeEtcd": off, "kubeProxy": off,
        }),
    };
    match platform {
        // A node in a container shares no mounts with its host.
        Platform::Kind => values["prometheus-node-exporter"] = json!({"hostRootFsMount": {"mountPropagation": ""}}),
        // Google's DNS is not CoreDNS.
        Platform::Gke => {
            values["coreDns"] = off;
            values["kubeDns"] = json!({"enabled": true});
        }
        Platform::Any | Platform::Eks | Platform::Aks | Platform::Bare => {}
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SetId;
    use crate::monitoring::{Storage, Windows};

    fn mk_spec() -> MonitoringSpec {
        MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"))
    }

    #[test]
    fn a_plain_monitoring_comes_to_these_values() {
        insta::assert_json_snapshot!(values(&mk_spec()));
    }

    #[test]
    fn the_persons_values_lie_over_ours() {
        let mut spec = mk_spec();
        let own = json!({"grafana": {"enabled": false}, "prometheus": {"prometheusSpec": {"retentionSize": null}}});
        spec.chart.values = own.as_object().cloned().unwrap_or_default();
        let values = values(&spec);
        assert_eq!(values["grafana"]["enabled"], false);
        assert_eq!(values["prometheus"]["prometheusSpec"]["retentionSize"], Value::Null);
        assert_eq!(values["prometheus"]["prometheusSpec"]["retention"], "31d");
    }

    #[test]
    fn only_a_control_plane_of_ones_own_is_scraped() {
        let parts = ["kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy"];
        for platform in [Platform::Any, Platform::Kind, Platform::Gke, Platform::Eks, Platform::Aks, Platform::Bare] {
            let values = values(&MonitoringSpec { platform, ..mk_spec() });
            let scraped = parts.iter().any(|part| values[part]["enabled"] != false);
            assert_eq!(scraped, platform == Platform::Bare, "{platform:?}");
        }
        let gke = values(&MonitoringSpec { platform: Platform::Gke, ..mk_spec() });
        assert_eq!((&gke["coreDns"]["enabled"], &gke["kubeDns"]["enabled"]), (&json!(false), &json!(true)));
    }

    #[test]
    fn pace_and_storage_reach_prometheus() {
        let mut spec = MonitoringSpec { windows: Windows::Lab, ..mk_spec() };
        spec.storage = Some(Storage { size: "20Gi".to_owned(), class: Some("fast".to_owned()) });
        let prometheus = &values(&spec)["prometheus"]["prometheusSpec"];
        assert_eq!((&prometheus["scrapeInterval"], &prometheus["evaluationInterval"]), (&json!("5s"), &json!("5s")));
        let claim = &prometheus["storageSpec"]["volumeClaimTemplate"]["spec"];
        assert_eq!(claim["storageClassName"], "fast");
        assert_eq!(claim["resources"]["requests"]["storage"], "20Gi");
        assert_eq!(prometheus["retentionSize"], "16384MiB");
    }

    #[test]
    fn a_new_version_of_the_password_starts_grafana_anew_and_the_password_is_nowhere() {
        let mut spec = mk_spec();
        spec.grafana.password_version = Some(2);
        let grafana = &values(&spec)["grafana"];
        assert_eq!(grafana["podAnnotations"]["boutique.dev/password-version"], "2");
        assert_eq!(grafana["admin"]["existingSecret"], "boutique-grafana-kube-prometheus-stack");
        assert!(grafana.get("adminPassword").is_none());
    }

    #[test]
    fn where_nothing_is_installed_there_are_no_values() {
        let mut spec = mk_spec();
        spec.chart.existing = true;
        assert_eq!(values(&spec), json!({}));
    }
}
